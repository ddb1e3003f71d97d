"""A cloud and its bin in, a scene cut into instances out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.config import PipelineConfig, SegmentationConfig
from srclib_ros.errors import BinNotFoundError, CloudLayoutError, CloudTooLargeError, EmptyCloudError
from srclib_ros.geometry.normals import Grid, depth_grid, grid_normals, neighbour_normals
from srclib_ros.geometry.transforms import apply, invert
from srclib_ros.segmentation.background import Background, drop_lying_in_floor, find_background, in_footprint
from srclib_ros.segmentation.joining import join_pieces, open_joiner
from srclib_ros.segmentation.organised import Pieces, drop_small, give_sides, grid_pieces
from srclib_ros.segmentation.unorganised import cloud_instances
from srclib_ros.types import Bin, Cloud, FloatArray, IntArray, Matrix, Scene, Segment

BoolArray = npt.NDArray[np.bool_]
Window = tuple[slice, ...]


def segment(cloud: Cloud, bin: Bin, config: PipelineConfig) -> Scene:
    """Bring the cloud into the bin frame, take bin, floor and walls away, and cut the rest into instances.

    An empty bin gives a scene without segments. Raises EmptyCloudError (no finite point), BinNotFoundError (none in
    the bin, not even its floor), CloudTooLargeError, CloudLayoutError.
    """
    _check(cloud, config)
    seen = _seen(cloud, bin, config)
    crop, background, settings = seen.crop, seen.background, config.segmentation
    normals = np.full_like(seen.points, np.nan)
    labels = np.zeros(seen.inside.shape, np.int32)
    completeness: FloatArray | None = None
    if seen.grid is not None:
        pieces = _pieces(seen.near, seen.grid, background, settings)
        completeness = _joined(pieces, bin.has_walls, settings)
        labels[crop], normals[crop] = pieces.labels, np.moveaxis(pieces.normals, 0, -1)
    else:
        normals[seen.inside] = neighbour_normals(seen.points[seen.inside], seen.viewpoint)
        of_parts = seen.near[background.parts], normals[crop][background.parts]
        labels[crop][background.parts] = cloud_instances(*of_parts, settings)
        drop_lying_in_floor(labels[crop], background)
    segments = _segments(seen.points, normals, labels, completeness)
    return Scene(cloud, bin, seen.points, normals, labels, seen.inside, segments)


def pieces_of(cloud: Cloud, bin: Bin, config: PipelineConfig) -> tuple[Pieces, Window]:
    """What an organised cloud is cut into before its pieces are joined, and the window of its grid that they are of:
    what joining learns from. Raises as `segment`."""
    _check(cloud, config)
    seen = _seen(cloud, bin, config)
    if seen.grid is None:
        raise CloudLayoutError("cloud: no pinhole camera saw this grid; there are no pieces to learn from")
    return _pieces(seen.near, seen.grid, seen.background, config.segmentation), seen.crop


@dataclass(frozen=True, eq=False)
class _Seen:
    """A cloud in the bin frame. points: shaped as it, NaN where nothing is. inside: which lie in the footprint. crop:
    the window that holds these. near: its points, one coordinate after another in memory. background, grid: of the
    window; None: no grid."""

    points: FloatArray
    viewpoint: Matrix
    inside: BoolArray
    crop: Window
    near: FloatArray
    background: Background
    grid: Grid | None


def _seen(cloud: Cloud, bin: Bin, config: PipelineConfig) -> _Seen:
    with np.errstate(invalid="ignore"):
        points = apply(invert(bin.T_cloud_bin), cloud.xyz)
    if np.isinf(points).any():
        points[~np.isfinite(points).all(axis=-1)] = np.nan
    viewpoint = apply(invert(bin.T_cloud_bin), cloud.viewpoint)
    inside = in_footprint(points, bin)
    if not inside.any():
        if not np.isfinite(points[..., 2]).any():
            raise EmptyCloudError("the cloud holds no finite points; check that the sensor sees the bin")
        raise BinNotFoundError(_away(points))
    crop = _bounding_box(inside)
    near = _by_axis(points[crop])
    background = find_background(near, inside[crop], bin, viewpoint, config.bin)
    grid = depth_grid(near, viewpoint) if cloud.organised else None
    return _Seen(points, viewpoint, inside, crop, near, background, grid)


def _check(cloud: Cloud, config: PipelineConfig) -> None:
    xyz = cloud.xyz
    if xyz.ndim not in (2, 3) or xyz.shape[-1] != 3 or xyz.dtype != np.float32:
        raise CloudLayoutError(f"cloud: expected (H, W, 3) or (N, 3) float32, got {xyz.shape} {xyz.dtype}")
    if xyz.size == 0:
        raise EmptyCloudError("the cloud holds no points; check that the sensor is on")
    if xyz.size // 3 > config.segmentation.max_points:
        raise CloudTooLargeError(
            f"{xyz.size // 3} points, more than segmentation.max_points = {config.segmentation.max_points}; "
            "crop or downsample the cloud, or raise the setting"
        )


def _away(points_bin: FloatArray) -> str:
    """What to say when all points lie elsewhere."""
    x, y, z = np.nanmedian(points_bin.reshape(-1, 3), axis=0)
    return (
        f"no point lies where the bin is said to be, not even its floor; from its floor's centre they lie about "
        f"{x:.2f} {y:.2f} {z:.2f} m away: check bin.pose, the camera's pose, and the scale of the depth"
    )


def _by_axis(points: FloatArray) -> FloatArray:
    """The same points (..., 3), all x before all y before all z in memory, where they are quicker to reckon with."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(points, -1, 0)), 0, -1)


def _bounding_box(mask: BoolArray) -> Window:
    """The smallest window that holds every True of a grid; of an unorganised cloud, everything."""
    if mask.ndim == 1:
        return (slice(None),)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _pieces(points: FloatArray, grid: Grid, background: Background, settings: SegmentationConfig) -> Pieces:
    """points: (H, W, 3), bin frame."""
    normals = grid_normals(grid, settings.depth_jump)
    pieces = grid_pieces(
        np.moveaxis(points, -1, 0), normals, grid.inverse_depth, background.parts, background.sides, settings
    )
    drop_lying_in_floor(pieces.labels, background)
    return pieces


def _joined(pieces: Pieces, in_a_bin: bool, settings: SegmentationConfig) -> FloatArray | None:
    """Make the pieces parts, in place, 1..n: in a bin they are joined, and (n,) how likely each is whole is returned.

    What joins them learnt from bins. On a table boxes that stand behind one another would become one stepped part.
    """
    if not in_a_bin or settings.join_probability == 1.0:
        drop_small(pieces.labels, settings.min_points)
        give_sides(pieces)
        return None
    joiner = open_joiner(settings.joining)
    return joiner.segments.probability(join_pieces(pieces, joiner.pairs, settings))


def _segments(
    points: FloatArray, normals: FloatArray, labels: IntArray, completeness: FloatArray | None
) -> tuple[Segment, ...]:
    flat_labels = labels.reshape(-1)
    labelled = np.flatnonzero(flat_labels > 0)
    if not len(labelled):
        return ()
    order = labelled[np.argsort(flat_labels[labelled], kind="stable")]
    counts = np.bincount(flat_labels[labelled])[1:]
    likely = [None] * len(counts) if completeness is None else completeness.tolist()
    flat_points, flat_normals = points.reshape(-1, 3), normals.reshape(-1, 3)
    return tuple(
        Segment(label, indices, flat_points.take(indices, axis=0), flat_normals.take(indices, axis=0), whole)
        for label, (indices, whole) in enumerate(
            zip(np.split(order, np.cumsum(counts)[:-1]), likely, strict=True), start=1
        )
        if len(indices)
    )
