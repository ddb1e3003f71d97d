"""Where the bin, or the table, is: from a pose, or found as the cloud's dominant plane."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_closing
from scipy.ndimage import label as connected_components

from srclib_ros.config import BinConfig
from srclib_ros.errors import BinNotFoundError, EmptyCloudError
from srclib_ros.geometry.plane import dominant_plane
from srclib_ros.geometry.transforms import is_rigid, make_transform, pose7_to_matrix
from srclib_ros.types import Bin, Cloud, FloatArray, Matrix

_MIN_SHARE = 0.05
_TOLERANCE_SHARE_OF_RANGE = 0.006
_SAMPLE = 60_000
_RASTER = 120


def locate_bin(
    cloud: Cloud, config: BinConfig, T_cloud_bin: Matrix | None = None, rng: np.random.Generator | None = None
) -> Bin:
    """The bin in the cloud's frame.

    T_cloud_bin (4, 4) wins; else `config.pose`, taken to be in the cloud's frame; else the dominant plane of the
    cloud, whose seen extent is then the region looked at (no walls, `config.size_m` not used).
    rng: draws the plane's hypotheses; the same seed finds the same plane (default: seed 0).
    Raises BinNotFoundError, EmptyCloudError, ConfigError.
    """
    if T_cloud_bin is None and config.pose:
        T_cloud_bin = pose7_to_matrix(config.pose)
    if T_cloud_bin is None:
        return _find_plane(cloud, rng or np.random.default_rng(0))
    if not is_rigid(T_cloud_bin):
        raise BinNotFoundError("the bin's pose is no rigid transform: expected a (4, 4) rotation and translation")
    length, width, height = config.size_m
    return Bin(np.asarray(T_cloud_bin, np.float64), (length, width, height if config.mode == "bin" else 0.0))


def _find_plane(cloud: Cloud, rng: np.random.Generator) -> Bin:
    points = _finite_sample(cloud.xyz)
    distance_m = float(np.median(np.linalg.norm(points - cloud.viewpoint.astype(np.float32), axis=1)))
    plane = dominant_plane(points, max(0.003, _TOLERANCE_SHARE_OF_RANGE * distance_m), rng)
    if plane is None or plane.share < _MIN_SHARE:
        share = 0.0 if plane is None else plane.share
        raise BinNotFoundError(
            f"no supporting plane: the largest holds {share:.0%} of the points; set bin.pose and bin.size_m"
        )
    towards_sensor = plane.normal @ cloud.viewpoint + plane.offset_m >= 0.0
    z = plane.normal if towards_sensor else -plane.normal
    on_plane = points[plane.inliers].astype(np.float64)
    middle = on_plane.mean(axis=0)
    middle -= (middle @ z + (plane.offset_m if towards_sensor else -plane.offset_m)) * z
    across = _any_across(on_plane - middle, z)
    axes = np.column_stack((across, np.cross(z, across)))
    angle, low, high = _tightest_rectangle(_largest_patch((on_plane - middle) @ axes))
    in_plane = axes @ np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    R = np.column_stack((in_plane, z))
    length, width = high - low
    return Bin(make_transform(R, middle + in_plane @ ((low + high) / 2)), (float(length), float(width), 0.0))


def _finite_sample(xyz: FloatArray) -> FloatArray:
    """Every n-th finite point, at most some `_SAMPLE` of them. Raises EmptyCloudError."""
    flat = xyz.reshape(-1, 3)
    points = flat[np.isfinite(flat).all(axis=1)]
    if len(points) == 0:
        raise EmptyCloudError("the cloud holds no finite points; check that the sensor sees the bin")
    return points[:: -(-len(points) // _SAMPLE)]


def _any_across(centred: Matrix, z: Matrix) -> Matrix:
    """Unit vector across z along which the points spread most, its sign set by their skewness: it turns with them."""
    flat = centred - np.outer(centred @ z, z)
    axis: Matrix = np.linalg.eigh(flat.T @ flat)[1][:, -1]
    axis = axis - (axis @ z) * z
    axis /= np.linalg.norm(axis)
    return axis if ((flat @ axis) ** 3).sum() >= 0 else -axis


def _largest_patch(xy: Matrix) -> Matrix:
    """Of points (N, 2) those of the largest connected patch; a bin's floor, and not its neighbour's as well."""
    low = xy.min(axis=0)
    pitch = max(float((xy.max(axis=0) - low).max()) / _RASTER, 1e-6)
    cell = ((xy - low) / pitch).astype(np.intp)
    seen = np.zeros(cell.max(axis=0) + 1, bool)
    seen[cell[:, 0], cell[:, 1]] = True
    patches = connected_components(binary_closing(np.pad(seen, 2), iterations=2)[2:-2, 2:-2] | seen)[0]
    patch = patches[cell[:, 0], cell[:, 1]]
    return xy[patch == np.bincount(patch).argmax()]


def _tightest_rectangle(xy: Matrix) -> tuple[float, Matrix, Matrix]:
    """(angle, low, high): the rectangle of least area around almost all points (N, 2), longer side first.

    low, high: (2,), its corners after turning the points by -angle. Ragged ends of 0.5 % are left out.
    """
    best = (np.inf, 0.0, np.zeros(2), np.zeros(2))
    for angle in np.radians(np.arange(90)):
        turned = xy @ np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
        low, high = np.quantile(turned[:: max(1, len(turned) // 4000)], (0.005, 0.995), axis=0)
        area = float(np.prod(high - low))
        if area < best[0]:
            best = (area, float(angle), low, high)
    _, angle, low, high = best
    if high[0] - low[0] < high[1] - low[1]:
        return angle + np.pi / 2, np.array((low[1], -high[0])), np.array((high[1], -low[0]))
    return angle, low, high
