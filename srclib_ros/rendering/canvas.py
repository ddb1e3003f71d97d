"""A small software renderer: shaded points on a depth buffer, with soft edges and see-through overlays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from srclib_ros.rendering.view import View
from srclib_ros.types import FloatArray, IntArray, Matrix

_SUPERSAMPLING = 2
_LIGHT = np.array([-0.35, -0.45, 0.82])
_AMBIENT, _DIFFUSE = 0.42, 0.66


class Canvas:
    """Draws into an image of `view`'s size; nearer points win."""

    def __init__(self, view: View, background: tuple[float, float, float]) -> None:
        self.view = view
        self._shape = (view.height_px * _SUPERSAMPLING, view.width_px * _SUPERSAMPLING)
        self._rgb = np.full((*self._shape, 3), background, np.float32)
        self._depth = np.full(self._shape, np.inf, np.float32)

    def draw(self, points_bin: Matrix | FloatArray, rgb: FloatArray, spacing_m: float) -> None:
        """Opaque points (N, 3) of colour (N, 3) in [0, 1], each as large as `spacing_m` looks from the view."""
        _splat(self._project(points_bin, spacing_m), rgb, self._rgb, self._depth)

    def overlay(self, points_bin: Matrix, rgb: FloatArray, spacing_m: float, shown: float, hidden: float) -> None:
        """As `draw`, with opacity `shown`, and `hidden` for what lies behind the picture so far."""
        points = self._project(points_bin, spacing_m)
        window, points = points.cut_out(self._depth.shape)
        behind, image = self._depth[window], self._rgb[window]
        layer, depth = np.zeros_like(image), np.full_like(behind, np.inf)
        _splat(points, rgb, layer, depth)
        alpha = np.where(depth <= behind, shown, hidden) * np.isfinite(depth)
        image += alpha[..., None].astype(np.float32) * (layer - image)
        np.minimum(behind, depth, out=behind)

    def shade_edges(self, strength: float = 60.0) -> None:
        """Eye-dome lighting (Boucheny 2009): darkens what lies behind its neighbours."""
        log_depth = np.log(np.where(np.isfinite(self._depth), self._depth, np.nanmax(_finite(self._depth))))
        sunk = np.zeros(self._shape, np.float32)
        for step in (2, 5):
            padded = np.pad(log_depth, step, mode="edge")
            for row, column in ((0, step), (2 * step, step), (step, 0), (step, 2 * step)):
                neighbour = padded[row : row + self._shape[0], column : column + self._shape[1]]
                sunk += np.clip(log_depth - neighbour, 0.0, 0.012)
        self._rgb *= np.exp(-strength * sunk / 8)[..., None]

    def image(self) -> npt.NDArray[np.float32]:
        """(height, width, 3) in [0, 1]."""
        s = _SUPERSAMPLING
        height, width = self.view.height_px, self.view.width_px
        return np.clip(self._rgb.reshape(height, s, width, s, 3).mean(axis=(1, 3)), 0.0, 1.0)

    def coverage(self) -> npt.NDArray[np.float32]:
        """(height, width) share of each pixel that something was drawn on."""
        s = _SUPERSAMPLING
        height, width = self.view.height_px, self.view.width_px
        shares: npt.NDArray[np.float32] = np.isfinite(self._depth).reshape(height, s, width, s).mean((1, 3), np.float32)
        return shares

    def _project(self, points_bin: Matrix | FloatArray, spacing_m: float) -> _Splats:
        pixels, depth = self.view.project(np.asarray(points_bin, np.float64))
        columns, rows = np.floor(pixels * _SUPERSAMPLING).astype(np.int32).T
        middle_m = float(np.median(depth)) if len(depth) else 1.0
        radius_px = 0.55 * spacing_m * self.view.focal_px * _SUPERSAMPLING / middle_m
        return _Splats(rows, columns, depth.astype(np.float32), radius_px)


@dataclass(frozen=True, eq=False)
class _Splats:
    """Discs of one radius at pixels, with their depths."""

    rows: IntArray
    columns: IntArray
    depth: FloatArray
    radius_px: float

    def cut_out(self, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], _Splats]:
        """The window of an image of `shape` that the discs touch, and the discs counted from its corner."""
        reach = int(self.radius_px) + 1
        rows = slice(*np.clip((self.rows.min() - reach, self.rows.max() + reach + 1), 0, shape[0]))
        columns = slice(*np.clip((self.columns.min() - reach, self.columns.max() + reach + 1), 0, shape[1]))
        moved = replace(self, rows=self.rows - rows.start, columns=self.columns - columns.start)
        return (rows, columns), moved


def _splat(splats: _Splats, rgb: FloatArray, image: FloatArray, depths: FloatArray) -> None:
    """Draw into `image` (H, W, 3) and `depths` (H, W), in place, where nearer than what is there."""
    far_first = np.argsort(-splats.depth)
    far_first = far_first[splats.depth[far_first] > 0]
    rows, columns, z = splats.rows[far_first], splats.columns[far_first], splats.depth[far_first]
    colours = rgb[far_first]
    height, width = depths.shape
    for dx, dy in _disc(splats.radius_px):
        row, column = rows + dy, columns + dx
        seen = np.flatnonzero((column >= 0) & (column < width) & (row >= 0) & (row < height))
        seen = seen[z[seen] < depths[row[seen], column[seen]]]
        depths[row[seen], column[seen]] = z[seen]
        image[row[seen], column[seen]] = colours[seen]


def lambert(normals_bin: Matrix | FloatArray) -> FloatArray:
    """Brightness (N, 1) of surfaces with normals (N, 3), lit from above; unknown normals look half lit."""
    light = _LIGHT / np.linalg.norm(_LIGHT)
    facing = np.nan_to_num(np.asarray(normals_bin, np.float32) @ light.astype(np.float32), nan=0.5)
    shaded: FloatArray = (_AMBIENT + _DIFFUSE * np.clip(facing, 0.0, 1.0))[:, None].astype(np.float32)
    return shaded


def _disc(radius_px: float) -> Iterator[tuple[int, int]]:
    reach = min(int(np.ceil(radius_px)), 12)
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            if dx * dx + dy * dy <= max(radius_px, 0.5) ** 2:
                yield dx, dy


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan) if np.isfinite(values).any() else np.ones_like(values)
