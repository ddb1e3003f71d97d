"""A STEP file (AP214) of a box, written by hand, as no CAD kernel is needed for that."""

from __future__ import annotations

import itertools
from collections.abc import Iterable


class _Entities:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, *values: str) -> str:
        """Add NAME('',values); a name that brings its own brackets stands as it is. Returns its reference."""
        text = name if "(" in name else f"{name}({','.join((_NO_NAME, *values))})"
        self.lines.append(f"#{len(self.lines) + 1}={text};")
        return f"#{len(self.lines)}"


_NO_NAME = "''"


def step_box(x: float, y: float, z: float) -> str:
    """The text of a STEP file in millimetres: a box with one corner at the origin."""
    entities = _Entities()
    add = entities.add
    size = (x, y, z)

    def point(values: tuple[float, ...]) -> str:
        return add("CARTESIAN_POINT", _several(map(str, map(float, values))))

    def direction(values: tuple[float, ...]) -> str:
        return add("DIRECTION", _several(map(str, map(float, values))))

    corners = list(itertools.product((0, 1), repeat=3))
    places = {corner: tuple(c * s for c, s in zip(corner, size, strict=True)) for corner in corners}
    vertices = {corner: add("VERTEX_POINT", point(places[corner])) for corner in corners}
    edges = {}
    for start in corners:
        for axis in range(3):
            if start[axis] == 0:
                end = tuple(1 if i == axis else c for i, c in enumerate(start))
                along = tuple(float(i == axis) for i in range(3))
                line = add("LINE", point(places[start]), add("VECTOR", direction(along), "1.0"))
                edges[start, end] = add("EDGE_CURVE", vertices[start], vertices[end], line, ".T.")
    faces = []
    for axis, side in itertools.product(range(3), (0, 1)):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        loop = []
        for a, b in ((0, 0), (1, 0), (1, 1), (0, 1)):
            corner = [0, 0, 0]
            corner[axis], corner[u], corner[v] = side, a, b
            loop.append(tuple(corner))
        if side == 0:
            loop.reverse()
        oriented = []
        for start, end in itertools.pairwise([*loop, loop[0]]):
            forward = (start, end) in edges
            edge = edges[(start, end) if forward else (end, start)]
            oriented.append(add("ORIENTED_EDGE", "*", "*", edge, ".T." if forward else ".F."))
        bound = add("FACE_OUTER_BOUND", add("EDGE_LOOP", _several(oriented)), ".T.")
        normal = tuple(float(i == axis) * (2 * side - 1) for i in range(3))
        reference = tuple(float(i == u) for i in range(3))
        frame = add("AXIS2_PLACEMENT_3D", point(places[loop[0]]), direction(normal), direction(reference))
        faces.append(add("ADVANCED_FACE", _several([bound]), add("PLANE", frame), ".T."))
    solid = add("MANIFOLD_SOLID_BREP", add("CLOSED_SHELL", _several(faces)))
    length = add("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))")
    angle = add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
    solid_angle = add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
    accuracy = add(f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-07),{length},'','')")
    context = add(
        f"(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT(({accuracy}))"
        f"GLOBAL_UNIT_ASSIGNED_CONTEXT(({length},{angle},{solid_angle}))REPRESENTATION_CONTEXT('',''))"
    )
    shape = add("ADVANCED_BREP_SHAPE_REPRESENTATION", _several([solid]), context)
    application = add("APPLICATION_CONTEXT('automotive_design')")
    setting = add("PRODUCT_CONTEXT", application, "'mechanical'")
    product = add("PRODUCT", "'box'", "''", _several([setting]))
    formation = add("PRODUCT_DEFINITION_FORMATION", "''", product)
    design = add("PRODUCT_DEFINITION_CONTEXT", application, "'design'")
    definition = add("PRODUCT_DEFINITION", "''", formation, design)
    shown = add("PRODUCT_DEFINITION_SHAPE", "''", definition)
    add(f"SHAPE_DEFINITION_REPRESENTATION({shown},{shape})")
    header = (
        "HEADER;FILE_DESCRIPTION((''),'2;1');FILE_NAME('box','','','','','','');FILE_SCHEMA(('AUTOMOTIVE_DESIGN'));"
    )
    return "\n".join(["ISO-10303-21;", header, "ENDSEC;", "DATA;", *entities.lines, "ENDSEC;", "END-ISO-10303-21;", ""])


def _several(values: Iterable[str]) -> str:
    return f"({','.join(values)})"
