"""A cloud and its bin in, a scene cut into instances out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.config import PipelineConfig
from srclib_ros.errors import BinNotFoundError, CloudLayoutError, CloudTooLargeError, EmptyCloudError
from srclib_ros.geometry.normals import Grid, depth_grid, grid_normals, neighbour_normals
from srclib_ros.geometry.transforms import apply, invert
from srclib_ros.segmentation.background import Background, drop_lying_in_floor, find_background, in_footprint
from srclib_ros.segmentation.joining import join_pieces, open_joiner
from srclib_ros.segmentation.organised import drop_small, grid_pieces
from srclib_ros.segmentation.unorganised import cloud_instances
from srclib_ros.types import Bin, Cloud, FloatArray, IntArray, Scene, Segment

BoolArray = npt.NDArray[np.bool_]


def segment(cloud: Cloud, bin: Bin, config: PipelineConfig) -> Scene:
    """Bring the cloud into the bin frame, take bin, floor and walls away, and cut the rest into instances.

    An empty bin gives a scene without segments. Raises EmptyCloudError (no finite point), BinNotFoundError (none in
    the bin, not even its floor), CloudTooLargeError, CloudLayoutError.
    """
    _check(cloud, config)
    with np.errstate(invalid="ignore"):
        points = apply(invert(bin.T_cloud_bin), cloud.xyz)
    if np.isinf(points).any():
        points[~np.isfinite(points).all(axis=-1)] = np.nan
    viewpoint = apply(invert(bin.T_cloud_bin), cloud.viewpoint)
    inside = in_footprint(points, bin)
    normals = np.full_like(points, np.nan)
    labels = np.zeros(points.shape[:-1], np.int32)
    completeness: FloatArray | None = None
    if inside.any():
        crop = _bounding_box(inside)
        near = points[crop]
        background = find_background(near, inside[crop], bin, viewpoint, config.bin)
        grid = depth_grid(near, viewpoint) if cloud.organised else None
        if grid is not None:
            labels[crop], normals[crop], completeness = _on_grid(near, grid, background, bin.has_walls, config)
        else:
            normals[inside] = neighbour_normals(points[inside], viewpoint)
            of_parts = normals[crop][background.parts]
            labels[crop][background.parts] = cloud_instances(near[background.parts], of_parts, config.segmentation)
            drop_lying_in_floor(labels[crop], background)
    elif not np.isfinite(points[..., 2]).any():
        raise EmptyCloudError("the cloud holds no finite points; check that the sensor sees the bin")
    else:
        raise BinNotFoundError(_away(points))
    return Scene(cloud, bin, points, normals, labels, inside, _segments(points, normals, labels, completeness))


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


def _bounding_box(mask: BoolArray) -> tuple[slice, ...]:
    """The smallest window that holds every True of a grid; of an unorganised cloud, everything."""
    if mask.ndim == 1:
        return (slice(None),)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _on_grid(
    points: FloatArray, grid: Grid, background: Background, in_a_bin: bool, config: PipelineConfig
) -> tuple[IntArray, FloatArray, FloatArray | None]:
    """Labels (H, W), 1..n, and normals (H, W, 3): pieces, less those of the floor; in a bin, joined to parts, and (n,)
    how likely each is whole.

    What joins them learnt from bins. On a table boxes that stand behind one another would become one stepped part.
    """
    normals = grid_normals(grid, config.segmentation.depth_jump)
    by_axis = np.ascontiguousarray(np.moveaxis(points, -1, 0))
    pieces = grid_pieces(by_axis, normals, grid.inverse_depth, background.parts, config.segmentation)
    labels = pieces.labels
    drop_lying_in_floor(labels, background)
    settings = config.segmentation
    if not in_a_bin or settings.join_probability == 1.0:
        drop_small(labels, settings.min_points)
        return labels, np.moveaxis(normals, 0, -1), None
    joiner = open_joiner(settings.joining)
    features = join_pieces(labels, by_axis, normals, pieces.concavity, joiner.pairs, settings)
    return labels, np.moveaxis(normals, 0, -1), joiner.segments.probability(features)


def _segments(
    points: FloatArray, normals: FloatArray, labels: IntArray, completeness: FloatArray | None
) -> tuple[Segment, ...]:
    flat_labels = labels.reshape(-1)
    labelled = np.flatnonzero(flat_labels)
    if not len(labelled):
        return ()
    order = labelled[np.argsort(flat_labels[labelled], kind="stable")]
    counts = np.bincount(flat_labels[labelled])[1:]
    likely = [None] * len(counts) if completeness is None else completeness.tolist()
    flat_points, flat_normals = points.reshape(-1, 3), normals.reshape(-1, 3)
    return tuple(
        Segment(label, indices, flat_points[indices], flat_normals[indices], whole)
        for label, (indices, whole) in enumerate(
            zip(np.split(order, np.cumsum(counts)[:-1]), likely, strict=True), start=1
        )
        if len(indices)
    )
