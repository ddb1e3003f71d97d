"""A depth camera over meshes: what it would measure, and how it fails.

A structured-light or stereo camera sees a point only where both its eyes do (shadows beside parts), loses edges
and grazing surfaces, and errs with the square of the distance, in patches rather than pixel by pixel
(Khoshelham and Elberink 2012 for the square; Barron and Malik 2013 for the jitter along edges).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.spatial.transform import Rotation
from scipy.special import ndtri

from srclib_ros.config import SegmentationConfig
from srclib_ros.errors import SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.normals import depth_normals
from srclib_ros.geometry.oriented import oriented
from srclib_ros.geometry.pinhole import pixel_rays
from srclib_ros.types import Camera, FloatArray, IntArray, Matrix

DEPTH_JUMP = SegmentationConfig().depth_jump
EDGE_STEP = 0.012  # a depth step between neighbours is an edge from this share of the depth on
SHADOW_GAP_M = 0.0015  # a surface this close along the second eye's ray is the surface itself


@dataclass(frozen=True)
class CameraNoise:
    """The camera's faults; 0 switches one off, `none()` all of them.

    axial_m_at_1m: standard deviation along the optical axis at 1 m, growing with depth squared.
    correlation_px: the errors of pixels this near are alike.
    edge_jitter_px: edges are displaced by about this much, raggedly.
    edge_dropout: share of the pixels beside a depth edge that return nothing, lost in patches.
    grazing_dropout_rad: no return where the ray is nearer than this to the surface's tangent plane.
    baseline_m: distance to the second eye (to the right); what it cannot see returns nothing.
    quantisation_m: step of the depth values.
    """

    axial_m_at_1m: float = 0.0012
    correlation_px: float = 1.2
    edge_jitter_px: float = 0.6
    edge_dropout: float = 0.35
    grazing_dropout_rad: float = 0.15
    baseline_m: float = 0.05
    quantisation_m: float = 0.0001

    @classmethod
    def none(cls) -> CameraNoise:
        """A camera without faults."""
        return cls(**{field.name: 0.0 for field in dataclasses.fields(cls)})


@dataclass(frozen=True, eq=False)
class Depth:
    """What a capture gives, all (H, W).

    depth_m: float32 along the optical axis, 0 where nothing returned. ids: int32, the 1-based number of the mesh
    that the clean ray meets, 0 for none, also where the depth was lost. clean_depth_m: float32 without faults.
    """

    depth_m: FloatArray
    ids: IntArray
    clean_depth_m: FloatArray


def default_camera() -> Camera:
    """640x480 with the field of view of a RealSense depth camera."""
    return Camera(640, 480, 615.0, 615.0, 319.5, 239.5)


class Renderer:
    """Meshes placed in a world, ready to be filmed from anywhere.

    meshes: (vertices (V, 3) metres, faces (F, 3)) each. T_world_mesh: (4, 4) for each.
    """

    def __init__(
        self,
        meshes: Sequence[tuple[Matrix, IntArray]],
        T_world_mesh: Sequence[Matrix],
        threads: int = 0,
    ) -> None:
        import open3d as o3d

        self._tensor = o3d.core.Tensor
        self._threads = threads
        self._scene: Any = o3d.t.geometry.RaycastingScene(nthreads=threads)
        self._hits_nothing = int(self._scene.INVALID_ID)
        for (vertices, faces), T in zip(meshes, T_world_mesh, strict=True):
            placed = (vertices @ T[:3, :3].T + T[:3, 3]).astype(np.float32)
            self._scene.add_triangles(
                self._tensor(np.ascontiguousarray(placed)), self._tensor(np.ascontiguousarray(faces, np.uint32))
            )

    def capture(self, camera: Camera, T_world_camera: Matrix, noise: CameraNoise, rng: np.random.Generator) -> Depth:
        """Film once. T_world_camera: (4, 4), optical frame: x right, y down, z forward.

        With `CameraNoise.none()`, depth_m is clean_depth_m.
        """
        R, origin = T_world_camera[:3, :3].astype(np.float32), T_world_camera[:3, 3].astype(np.float32)
        rays = pixel_rays(camera)
        directions = rays @ R.T
        hit = self._scene.cast_rays(self._tensor(_join(origin, directions)), nthreads=self._threads)
        depth = hit["t_hit"].numpy()
        seen = np.isfinite(depth)
        clean = np.where(seen, depth, np.float32(0.0))
        geometry = hit["geometry_ids"].numpy()
        ids = np.where(geometry == self._hits_nothing, 0, geometry.astype(np.int64) + 1).astype(np.int32)

        lost = ~seen
        if noise.grazing_dropout_rad > 0.0:
            cosine = np.abs(np.einsum("hwi,hwi->hw", directions, hit["primitive_normals"].numpy()))
            lost |= cosine < np.sin(noise.grazing_dropout_rad) * np.linalg.norm(rays, axis=-1)
        if noise.baseline_m > 0.0:
            lost |= self._shadow(origin, directions, clean, seen, R @ np.array([noise.baseline_m, 0, 0], np.float32))
        measured = _disturb(clean, lost, noise, rng)
        return Depth(measured, ids, clean)

    def _shadow(
        self,
        origin: FloatArray,
        directions: FloatArray,
        clean: FloatArray,
        seen: npt.NDArray[np.bool_],
        offset: FloatArray,
    ) -> npt.NDArray[np.bool_]:
        """Which seen points the second eye, at origin + offset, cannot see."""
        points = origin + directions[seen] * clean[seen][:, None]
        eye = origin + offset
        to_eye = eye - points
        distance = np.linalg.norm(to_eye, axis=1, keepdims=True)
        to_eye /= np.maximum(distance, 1e-9)
        rays = self._tensor(np.concatenate([points, to_eye], axis=1))
        shadow = np.zeros(clean.shape, bool)
        shadow[seen] = self._scene.test_occlusions(
            rays, tnear=SHADOW_GAP_M, tfar=float(distance.max(initial=1.0)), nthreads=self._threads
        ).numpy()
        return shadow


class ViewSampler:
    """Partial views of one part as the camera would see it, from uniformly random directions.

    Keeps the part's raycasting scene, so that thousands of views cost little more than their rays.
    """

    NEAREST_M, FARTHEST_M = 0.5, 0.9  # where cameras hang over bins

    def __init__(self, mesh: PartMesh, focal_px: float = 615.0, around: Sequence[tuple[PartMesh, Matrix]] = ()) -> None:
        """around: other parts, (mesh, T_object_mesh) each, that may hide some of this one."""
        self._mesh = mesh
        self._focal_px = focal_px
        scene = [(mesh, np.eye(4)), *around]
        self._renderer = Renderer([(m.vertices, m.faces) for m, _ in scene], [T for _, T in scene], threads=1)

    def capture(
        self, rng: np.random.Generator, pixels: int = 64, noise: CameraNoise | None = None
    ) -> tuple[Depth, Camera, Matrix]:
        """One view: the depth image, its camera, and T_camera_object (4, 4).

        The direction is drawn uniformly, no view is rejected for what it shows. The distance is drawn as cameras
        hang over bins, but at most such that the part's diameter spans `pixels` pixels.
        """
        diameter = self._mesh.diameter_m
        distance = min(rng.uniform(self.NEAREST_M, self.FARTHEST_M), self._focal_px * diameter / pixels)
        distance = max(distance, 1.2 * diameter)
        side = int(np.ceil(1.15 * self._focal_px * diameter / (distance - diameter / 2.0))) + 4
        centre = (side - 1) / 2.0
        camera = Camera(side, side, self._focal_px, self._focal_px, centre, centre)
        T_camera_object = np.eye(4)
        T_camera_object[:3, :3] = Rotation.random(rng=rng).as_matrix()
        T_camera_object[2, 3] = distance
        T_object_camera = np.eye(4)
        T_object_camera[:3, :3] = T_camera_object[:3, :3].T
        T_object_camera[:3, 3] = -T_camera_object[:3, :3].T @ T_camera_object[:3, 3]
        depth = self._renderer.capture(camera, T_object_camera, CameraNoise() if noise is None else noise, rng)
        return depth, camera, T_camera_object

    def cloud(self, rng: np.random.Generator, pixels: int = 64, noise: CameraNoise | None = None) -> FloatArray:
        """(N, 6) float32, metres, camera frame: points and the normals that the depth image gives them, NaN where it
        gives none; drawn again only while fewer than 8 points return.

        Raises SimulationError when a hundred views in a row return too little.
        """
        for _ in range(100):
            depth, camera, _ = self.capture(rng, pixels, noise)
            seen = (depth.depth_m > 0.0) & (depth.ids <= 1)  # ragged edges spill over into the background
            if np.count_nonzero(seen) >= 8:
                points = pixel_rays(camera)[seen] * depth.depth_m[seen][:, None]
                return oriented(points, depth_normals(depth.depth_m, camera, DEPTH_JUMP)[seen])
        raise SimulationError(f"{self._mesh.name}: the camera sees nothing of it; weaken the camera's faults")


def partial_view(
    mesh: PartMesh, rng: np.random.Generator, pixels: int = 64, noise: CameraNoise | None = None
) -> FloatArray:
    """One `ViewSampler.cloud` of a mesh that is not needed again. `noise` None: the default faults."""
    return ViewSampler(mesh).cloud(rng, pixels, noise)


def _join(origin: FloatArray, directions: FloatArray) -> FloatArray:
    rays = np.empty((*directions.shape[:-1], 6), np.float32)
    rays[..., :3], rays[..., 3:] = origin, directions
    return rays


def _disturb(
    clean: FloatArray, lost: npt.NDArray[np.bool_], noise: CameraNoise, rng: np.random.Generator
) -> FloatArray:
    """The measured depth image: jitter along edges, axial error, lost pixels, quantisation."""
    depth = clean
    if noise.edge_jitter_px > 0.0 or noise.edge_dropout > 0.0:
        edge = _edges(clean)
        lost = lost.copy()
        if noise.edge_jitter_px > 0.0:
            rows, columns = np.nonzero(edge)
            shift = np.rint(rng.normal(0.0, noise.edge_jitter_px, (2, len(rows)))).astype(np.int64)
            source = (
                np.clip(rows + shift[0], 0, clean.shape[0] - 1),
                np.clip(columns + shift[1], 0, clean.shape[1] - 1),
            )
            depth = clean.copy()
            depth[rows, columns] = clean[source]
            lost[rows, columns] = lost[source] | (clean[source] == 0.0)
        if noise.edge_dropout > 0.0:
            patches = _smooth_normal(clean.shape, noise.correlation_px, rng)
            lost |= edge & (patches < ndtri(noise.edge_dropout))
    if noise.axial_m_at_1m > 0.0:
        depth = depth + noise.axial_m_at_1m * depth**2 * _smooth_normal(depth.shape, noise.correlation_px, rng)
    if noise.quantisation_m > 0.0:
        depth = np.rint(depth / noise.quantisation_m) * noise.quantisation_m
    return np.where(lost, 0.0, depth).astype(np.float32)


def _edges(depth: FloatArray) -> npt.NDArray[np.bool_]:
    """Pixels beside a step in depth, the empty background included; a steep smooth slope is no step."""
    bend = np.zeros_like(depth)
    bend[:, 1:-1] = np.abs(depth[:, 2:] + depth[:, :-2] - 2.0 * depth[:, 1:-1])
    bend[1:-1] = np.maximum(bend[1:-1], np.abs(depth[2:] + depth[:-2] - 2.0 * depth[1:-1]))
    return maximum_filter(bend > EDGE_STEP * np.maximum(depth, 1e-6), 2)


def _smooth_normal(shape: tuple[int, ...], correlation_px: float, rng: np.random.Generator) -> FloatArray:
    """Standard normal noise whose neighbouring values are alike."""
    white = rng.standard_normal(shape, dtype=np.float32)
    if correlation_px <= 0.0:
        return white
    # a normalised Gaussian of standard deviation s leaves the variance 1 / (4 pi s^2)
    smooth = gaussian_filter(white, correlation_px, mode="reflect", truncate=3.0)
    return smooth * np.float32(max(1.0, 2.0 * np.sqrt(np.pi) * correlation_px))
