"""From clouds of any length to what the encoder's network reads: fixed count, canonical frame, unit size.

The canonical frame is the cloud's own principal axes, so a rotated part gives the same input; the four proper
sign choices that remain are pooled inside the network (`shape_network.POSE_SIGNS`). The frame as given is there to
compare with: a network that reads it has to learn rotation from examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.errors import CloudError, EmptyCloudError
from srclib_ros.types import FloatArray

MIN_POINTS = 4
PRINCIPAL, AS_GIVEN = "principal", "as_given"


@dataclass(frozen=True, eq=False)
class CanonicalClouds:
    """points: (B, N, 3) float32, in the frame asked for, mean 0, mean squared norm 1. order: of each cloud all its
    points (M,) as they lie along its longest axis, see `evenly`.

    size_m: (B,) float32, what normalising took away: root mean square distance of the points to their centroid.
    It shrinks with the visible share, so it is compared with other views only, never with a CAD's diameter.
    """

    points: FloatArray
    size_m: FloatArray
    order: list[npt.NDArray[np.int64]]


def canonicalise(clouds: Sequence[FloatArray], n_points: int, frame: str = PRINCIPAL) -> CanonicalClouds:
    """Each cloud, bare (M, 3) or oriented (M, 6), in its principal frame, longest axis first, of `n_points` points.

    frame: `PRINCIPAL`, or `AS_GIVEN`, which leaves the cloud's axes. Points are thinned or repeated; their order does
    not matter. Raises EmptyCloudError, CloudError.
    """
    points = np.empty((len(clouds), n_points, 3), np.float32)
    size_m = np.empty(len(clouds), np.float32)
    order = []
    for at, cloud in enumerate(clouds):
        points[at], size_m[at], along = _canonical(_checked(cloud)[:, :3], n_points, frame)
        order.append(along)
    return CanonicalClouds(points, size_m, order)


def evenly(order: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """(count,) of the elements of `order` (M,), spread evenly over it; repeats when there are too few."""
    return order[((np.arange(count) + 0.5) * (len(order) / count)).astype(np.int64)]


def _canonical(cloud: FloatArray, n_points: int, frame: str) -> tuple[FloatArray, float, npt.NDArray[np.int64]]:
    centred = cloud - cloud[0]  # before the mean, so that float32 is exact enough however far the camera is
    centred -= np.full(len(cloud), 1.0 / len(cloud), np.float32) @ centred
    scatter = (centred.T @ centred).astype(np.float64)
    size_m = float(np.sqrt(np.trace(scatter) / len(centred)))
    if not size_m > 0.0:
        raise CloudError("all points of the cloud coincide; it shows no shape")
    _, axes = np.linalg.eigh(scatter)
    axes = axes[:, ::-1].astype(np.float32)  # longest first
    axes[:, 2] *= np.sign(np.linalg.det(axes))
    order = np.argsort(centred @ axes[:, 0])
    rows = evenly(order, n_points)
    points = centred[rows] if frame == AS_GIVEN else centred[rows] @ axes
    return points / np.float32(size_m), size_m, order


def _checked(cloud: FloatArray) -> FloatArray:
    """The cloud as float32. Raises EmptyCloudError, CloudError."""
    cloud = np.asarray(cloud, np.float32)
    if cloud.ndim != 2 or cloud.shape[1] not in (3, 6):
        raise CloudError(f"points: expected (N, 3) or, with normals, (N, 6) float, got {cloud.shape}")
    if not len(cloud):
        raise EmptyCloudError("the cloud holds no points; nothing to encode")
    if len(cloud) < MIN_POINTS:
        raise CloudError(f"points: at least {MIN_POINTS} are needed to see a shape, got {len(cloud)}")
    if not np.isfinite(cloud[:, :3]).all():
        raise CloudError("points: must be finite; drop the NaN points first")
    return cloud
