"""Which turns leave a part as it is, as far as a height map can tell.

The part's centroid stays where it is under each of them, so the group needs no search over translations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from srclib_ros.geometry.transforms import make_transform
from srclib_ros.types import FloatArray, Matrix

MEAN_TOLERANCE = 0.008
MAX_TOLERANCE = 0.035
"""Of the diameter: half a pixel of the height map, which is a sixteenth of the diameter."""
CONTINUOUS_STEPS = 36
MAX_ORDER = 24
_TESTED_POINTS = 1200
_GOLDEN_RAD = np.pi * (3.0 - np.sqrt(5.0))
_SAME_RAD = np.deg2rad(4.0)
SPHERE_TURNS = 144
_SETTLING_RAD = np.deg2rad(1.5)


def symmetry_group(points: FloatArray, diameter_m: float) -> Matrix:
    """(G, 4, 4) rigid turns T of the object frame under which the part cannot be told apart, the identity first.

    points: (N, 3) float32, metres, object frame, an even sample of the whole surface, 10 000 or more. Proper turns
    only: a mirror image is another part. A continuous axis is sampled in CONTINUOUS_STEPS steps.
    """
    centroid = points.mean(axis=0, dtype=np.float64)
    surface = (points - centroid) / diameter_m
    check = _Check(surface)
    axes = _candidate_axes(surface)
    continuous = [check.settled(axis, _GOLDEN_RAD) for axis in axes if check.continuous(axis)]
    if _spread(continuous):
        return _placed(_sphere_turns(), centroid)
    turns = [np.eye(3)]
    for axis in continuous[:1]:
        turns = _powers(axis, CONTINUOUS_STEPS)
        turns += _first_flip(check, axis, turns)
        return _placed(np.array(turns), centroid)
    generators = sorted((found for axis in axes for found in check.discrete(axis)), key=_angle)
    if generators:
        main = Rotation.from_matrix(generators[0]).as_rotvec()
        across = _perpendicular(main / np.linalg.norm(main))
        flips = [axis for axis in across if check.same(_turn(axis, np.pi))]
        for axis in sorted(flips, key=lambda axis: check.apart(_turn(axis, np.pi)))[:1]:
            generators.append(_turn(check.settled(axis, np.pi), np.pi))
    return _placed(_closure(generators, check), centroid)


def nearest_equivalent(R: Matrix, reference: Matrix, group: Matrix) -> Matrix:
    """Of the turns R g, (..., 3, 3) with g in `group` (G, 4, 4), the one with the least angle to `reference`."""
    turned = R[..., None, :, :] @ group[:, :3, :3]
    agreement = np.einsum("...gij,...ij->...g", turned, reference)
    return np.take_along_axis(turned, agreement.argmax(-1)[..., None, None, None], -3)[..., 0, :, :]


class _Check:
    """Distances of the turned surface to the surface itself, in diameters."""

    def __init__(self, surface: Matrix) -> None:
        self._tree = cKDTree(surface)
        self._tested = surface[:: max(1, len(surface) // _TESTED_POINTS)]
        # an even random sample is itself this far from another one
        own, _ = self._tree.query(self._tested, k=2)
        self._grain = float(own[:, 1].mean())

    def apart(self, R: Matrix) -> float:
        """Mean distance."""
        return float(self._tree.query(self._tested @ R.T)[0].mean())

    def settled(self, axis: Matrix, angle_rad: float) -> Matrix:
        """The axis near this one about which a turn by the angle fits best."""
        across = _perpendicular(axis, 2)

        def moved(by: Matrix) -> Matrix:
            near = axis + by @ across
            return near / np.linalg.norm(near)

        start = _SETTLING_RAD * np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
        found = minimize(
            lambda by: self.apart(_turn(moved(by), angle_rad)),
            np.zeros(2),
            method="Nelder-Mead",
            options={"initial_simplex": start, "xatol": 1e-3, "fatol": 1e-5, "maxfev": 60},
        )
        return moved(found.x)

    def same(self, R: Matrix, slack: float = 1.0) -> bool:
        coarse, _ = self._tree.query(self._tested[::8] @ R.T)
        if coarse.mean() > 2.0 * (MEAN_TOLERANCE + self._grain):
            return False
        distance, _ = self._tree.query(self._tested @ R.T)
        high = float(np.quantile(distance, 0.995))
        return bool(
            distance.mean() < slack * MEAN_TOLERANCE + self._grain and high < slack * MAX_TOLERANCE + self._grain
        )

    def continuous(self, axis: Matrix) -> bool:
        return all(self.same(_turn(axis, step * _GOLDEN_RAD)) for step in range(1, 8))

    def discrete(self, axis: Matrix, orders: Sequence[int] = tuple(range(MAX_ORDER, 1, -1))) -> list[Matrix]:
        """The smallest turn about an axis, in a list; none if no order holds in all its powers."""
        for order in orders:
            if all(map(self.same, _powers(axis, order)[1 : order // 2 + 1])):
                return [_turn(self.settled(axis, 2.0 * np.pi / order), 2.0 * np.pi / order)]
        return []


def _turn(axis: Matrix, angle_rad: float) -> Matrix:
    matrix: Matrix = Rotation.from_rotvec(np.asarray(axis) * angle_rad).as_matrix()
    return matrix


def _angle(turn: Matrix) -> float:
    return float(Rotation.from_matrix(turn).magnitude())


def _powers(axis: Matrix, order: int) -> list[Matrix]:
    return [_turn(axis, 2.0 * np.pi * step / order) for step in range(order)]


def _candidate_axes(surface: Matrix) -> list[Matrix]:
    """Unit axes that engineered parts are symmetric about: of inertia, of the file, and the diagonals of a cube."""
    inertia = np.linalg.eigh(surface.T @ surface)[1].T
    diagonals = np.array([[i, j, k] for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if i or j or k])
    axes: list[Matrix] = []
    for axis in np.concatenate([np.eye(3), inertia, diagonals.astype(np.float64)]):
        unit = axis / np.linalg.norm(axis)
        if all(abs(unit @ other) < np.cos(_SAME_RAD / 2) for other in axes):
            axes.append(unit)
    return axes


def _perpendicular(axis: Matrix, steps: int = 90) -> Matrix:
    """(steps, 3) unit directions across `axis`, over half a turn."""
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    first /= np.linalg.norm(first)
    angles = np.arange(steps) * np.pi / steps
    across: Matrix = np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * np.cross(axis, first)
    return across


def _first_flip(check: _Check, axis: Matrix, turns: list[Matrix]) -> list[Matrix]:
    """The turns combined with a half turn across a continuous axis, if there is one."""
    flip = _turn(_perpendicular(axis, 1)[0], np.pi)
    return [turn @ flip for turn in turns] if check.same(flip) else []


def _spread(axes: list[Matrix]) -> bool:
    return any(abs(axes[0] @ other) < np.cos(_SAME_RAD) for other in axes[1:])


def _sphere_turns() -> Matrix:
    """Turns spread over all of SO(3) (super-Fibonacci spirals, Alexa 2022), the identity first."""
    s = np.arange(SPHERE_TURNS) + 0.5
    r, R = np.sqrt(s / SPHERE_TURNS), np.sqrt(1.0 - s / SPHERE_TURNS)
    a, b = 2.0 * np.pi * s / np.sqrt(2.0), 2.0 * np.pi * s / 1.533751168755204288118041
    turns = Rotation.from_quat(np.stack([r * np.sin(a), r * np.cos(a), R * np.sin(b), R * np.cos(b)], axis=1))
    return np.concatenate([np.eye(3)[None], (turns * turns[0].inv()).as_matrix()[1:]])


def _closure(generators: list[Matrix], check: _Check) -> Matrix:
    """The group that the generators make; a generator under which products stop fitting the surface is left out."""
    group = [np.eye(3)]
    for generator in generators:
        grown = _grow(group, generator)
        if len(grown) <= 60 and all(check.same(turn, slack=1.3) for turn in grown):
            group = grown
    return np.array(group)


def _grow(group: list[Matrix], generator: Matrix) -> list[Matrix]:
    grown = list(group)
    waiting = [generator]
    while waiting and len(grown) <= 60:
        turn = waiting.pop()
        if any(np.einsum("ij,ij->", turn, other) > 1.0 + 2.0 * np.cos(_SAME_RAD) for other in grown):
            continue
        grown.append(turn)
        waiting += [turn @ other for other in grown] + [other @ turn for other in grown]
    return grown


def _placed(turns: Matrix, centroid: Matrix) -> Matrix:
    """Turns (G, 3, 3) about the centroid as transforms of the object frame."""
    return np.array([make_transform(R, centroid - R @ centroid) for R in turns])
