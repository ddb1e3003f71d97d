"""A small software renderer: shaded points on a depth buffer, with soft edges and see-through overlays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from srclib_ros.rendering.view import View
from srclib_ros.types import FloatArray, Matrix

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
        self._rgb, self._depth = self._splat(points_bin, rgb, spacing_m, self._rgb, self._depth)

    def overlay(self, points_bin: Matrix, rgb: FloatArray, spacing_m: float, hidden: float) -> None:
        """As `draw`, but what lies behind the picture so far shines through it with opacity `hidden`."""
        blank = np.full(self._shape, np.inf, np.float32)
        layer, depth = self._splat(points_bin, rgb, spacing_m, np.zeros_like(self._rgb), blank)
        alpha = np.where(depth <= self._depth, 1.0, hidden) * np.isfinite(depth)
        self._rgb += alpha[..., None].astype(np.float32) * (layer - self._rgb)
        self._depth = np.where(alpha == 1.0, depth, self._depth)

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

    def _splat(
        self, points_bin: Matrix | FloatArray, rgb: FloatArray, spacing_m: float, image: FloatArray, depths: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        pixels, depth = self.view.project(np.asarray(points_bin, np.float64))
        pixels = pixels * _SUPERSAMPLING
        radius = 0.55 * spacing_m * self.view.focal_px * _SUPERSAMPLING / np.median(depth) if len(depth) else 0.0
        far_first = np.argsort(-depth)
        far_first = far_first[depth[far_first] > 0]
        columns, rows = np.floor(pixels[far_first]).astype(np.int32).T
        z, colours = depth[far_first].astype(np.float32), rgb[far_first]
        height, width = self._shape
        image, depths = image.copy().reshape(-1, 3), depths.copy().reshape(-1)
        for dx, dy in _disc(radius):
            seen = (columns + dx >= 0) & (columns + dx < width) & (rows + dy >= 0) & (rows + dy < height)
            place = (rows[seen] + dy) * width + columns[seen] + dx
            nearer = z[seen] < depths[place]
            place = place[nearer]
            depths[place] = z[seen][nearer]
            image[place] = colours[seen][nearer]
        return image.reshape(*self._shape, 3), depths.reshape(self._shape)


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
