"""What each label of a grid looks like as a whole: its place, its widths, its outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.types import FloatArray, IntArray, Matrix

_REACH = 1.7  # standard deviations from the middle of an even spread to its end, about


@dataclass(frozen=True, eq=False)
class LabelShapes:
    """Of each label, 0 included: pixels (n,), centre (n, 3), widths (n, 3), standard deviations along the principal
    axes, least first, axis (n, 3), the longest, size (n,), all widths together, rise (n,), from the middle to the top,
    and normal (n, 3), the mean."""

    pixels: Matrix
    centre: Matrix
    widths: Matrix
    axis: Matrix
    size: Matrix
    rise: Matrix
    normal: Matrix

    @classmethod
    def of(cls, flat: IntArray, points: FloatArray, normals: FloatArray) -> LabelShapes:
        """flat: (P,) labels, at least one of them above 0; points, normals: (3, P)."""
        shown = np.flatnonzero(flat > 0)
        label = flat[shown]
        count = int(label.max()) + 1
        pixels = np.maximum(np.bincount(label, minlength=count), 1).astype(np.float64)

        def mean(values: npt.NDArray[np.floating]) -> Matrix:
            return np.bincount(label, values, count) / pixels

        seen = np.take(points, shown, axis=1)
        centre = np.stack([mean(axis) for axis in seen], axis=1)
        at = seen - centre.T.take(label, axis=1)
        scatter = np.empty((count, 3, 3))
        for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
            scatter[:, i, j] = scatter[:, j, i] = mean(at[i] * at[j])
        spread, axes = np.linalg.eigh(scatter)
        widths = np.sqrt(np.maximum(spread, 1e-12))
        normal = np.stack([mean(axis) for axis in np.nan_to_num(np.take(normals, shown, axis=1))], axis=1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        size, rise = np.linalg.norm(widths, axis=1), _REACH * np.sqrt(scatter[:, 2, 2])
        return cls(pixels, centre, widths, axes[:, :, 2], size, rise, normal)


def outline(labels: IntArray, count: int) -> Matrix:
    """(count,) how many ends of runs along rows and columns each label has."""
    width = labels.shape[1]
    flat = labels.reshape(-1)
    beside = np.flatnonzero(labels[:, 1:] != labels[:, :-1])
    left = beside + beside // max(width - 1, 1)
    above = np.flatnonzero(labels[1:] != labels[:-1])
    rim = labels[:, 0], labels[:, -1], labels[0], labels[-1]
    ends = np.concatenate([*rim, flat[left], flat[left + 1], flat[above], flat[above + width]])
    return np.bincount(ends, minlength=count).astype(np.float64)
