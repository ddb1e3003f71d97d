"""Meshes of parts as named tensors, each distinct part once:

part            (N,) int32, which mesh each part has
vertices_0 ...  (V, 3) float64, metres, object frame
faces_0 ...     (F, 3) int32

Vertices are kept to the last bit: rounded to float32, some parts are cut into other convex pieces than those that came
to rest, which bulge by 2 mm where a bolt's head meets its shank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.mesh import PartMesh

Tensors = dict[str, npt.NDArray[Any]]


def tensors_of(parts: Sequence[PartMesh]) -> Tensors:
    """Parts are alike when they are the same object."""
    distinct: dict[int, int] = {}
    tensors: Tensors = {}
    for part in parts:
        number = distinct.setdefault(id(part), len(distinct))
        if f"faces_{number}" not in tensors:
            tensors[f"vertices_{number}"] = part.vertices.astype(np.float64)
            tensors[f"faces_{number}"] = part.faces.astype(np.int32)
    return {"part": np.array([distinct[id(part)] for part in parts], np.int32), **tensors}


def meshes_of(tensors: Mapping[str, npt.NDArray[Any]], told: Sequence[tuple[str, str]]) -> list[PartMesh]:
    """The parts again, with their names and categories as `told`; the same object where they are alike.

    Raises ValueError, saying which tensor is wrong.
    """
    which = tensors.get("part")
    if which is None or which.shape != (len(told),) or which.dtype != np.int32:
        raise ValueError(f"part: expected ({len(told)},) int32, one for each part")
    meshes: dict[int, PartMesh] = {}
    for number, (name, category) in zip(which.tolist(), told, strict=True):
        if number not in meshes:
            meshes[number] = PartMesh(name, category, *_surface(tensors, number))
    return [meshes[number] for number in which.tolist()]


def _surface(tensors: Mapping[str, npt.NDArray[Any]], number: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    names = f"vertices_{number}", f"faces_{number}"
    for name, kind in zip(names, (np.float64, np.int32), strict=True):
        values = tensors.get(name)
        if values is None or values.ndim != 2 or values.shape[1] != 3 or values.dtype != kind:
            raise ValueError(f"{name}: expected (N, 3) {np.dtype(kind).name}")
    vertices, faces = (tensors[name] for name in names)
    if not np.isfinite(vertices).all():
        raise ValueError(f"{names[0]}: not finite")
    if not len(faces) or faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError(f"{names[1]}: names vertices that do not exist, or holds no triangles")
    return vertices, faces
