"""A bin-picking cell in simulation: parts dropped into a bin, filmed from above by a depth camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from srclib_ros.captures.scene_folder import PlacedPart, RecordedScene, record
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import apply, invert, look_at
from srclib_ros.simulation.camera import CameraNoise, Depth, Renderer, default_camera
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.types import Camera, IntArray, Matrix

BIN_SIZE_M = (0.36, 0.26, 0.12)
FILL = 1.2  # squared diameters of the copies in a pile, summed, over the area of the bin's floor
COPIES = (3, 12)
CAMERA_HEIGHT_M = 0.75
CAMERA_TILT_RAD = 0.12  # at most
SHEET_M = 0.004  # thickness of the bin's floor and walls
TABLE_M = 1.5  # edge of the table beneath the bin


def copies_in_bin(part: PartMesh) -> int:
    """How many of a part make a pile in the bin of `BIN_SIZE_M`: some layers of large ones, not too many small ones."""
    return int(np.clip(FILL * BIN_SIZE_M[0] * BIN_SIZE_M[1] / part.diameter_m**2, *COPIES))


def simulate_scene(
    parts: Sequence[PartMesh],
    *,
    bin_size_m: tuple[float, float, float] = BIN_SIZE_M,
    camera: Camera | None = None,
    noise: CameraNoise | None = None,
    rng: np.random.Generator,
    T_bin_camera: Matrix | None = None,
    seed: int = 0,
) -> RecordedScene:
    """Drop `parts` (repeats allowed) into a bin and film them; parts that left the bin are not in the scene.

    camera, noise: None takes the defaults. T_bin_camera: None hangs the camera as `hang_camera` does.
    seed: what `rng` was made from, noted in the scene. Raises SimulationError.
    """
    placed = BinPhysics(parts, bin_size_m).drop(rng)
    return film(
        [(parts[index], T_bin_object) for index, T_bin_object in placed],
        bin_size_m=bin_size_m,
        camera=camera,
        noise=noise,
        rng=rng,
        T_bin_camera=T_bin_camera,
        seed=seed,
    )


def film(
    placed: Sequence[tuple[PartMesh, Matrix]],
    *,
    bin_size_m: tuple[float, float, float] = BIN_SIZE_M,
    camera: Camera | None = None,
    noise: CameraNoise | None = None,
    rng: np.random.Generator,
    T_bin_camera: Matrix | None = None,
    seed: int = 0,
) -> RecordedScene:
    """Film parts that lie at known poses, (part, T_bin_object) each, in a bin on a table. See `simulate_scene`."""
    camera = camera or default_camera()
    T_bin_camera = hang_camera(rng) if T_bin_camera is None else T_bin_camera
    bin_vertices, bin_faces = bin_mesh(bin_size_m)
    meshes = [(part.vertices, part.faces) for part, _ in placed] + [(bin_vertices, bin_faces)]
    renderer = Renderer(meshes, [T for _, T in placed] + [np.eye(4)])
    depth = renderer.capture(camera, T_bin_camera, CameraNoise() if noise is None else noise, rng)
    ids = np.where(depth.ids <= len(placed), depth.ids, 0).astype(np.int32)
    parts = tuple(
        PlacedPart(part.name, number, T, _visible_share(part, T, number, depth, camera, T_bin_camera), part.category)
        for number, (part, T) in enumerate(placed, start=1)
    )
    scene = record(depth.depth_m, ids, camera, T_bin_camera, bin_size_m, parts, seed)
    return replace(scene, meshes=tuple(part for part, _ in placed))


def hang_camera(rng: np.random.Generator) -> Matrix:
    """T_bin_camera of a camera some 0.75 m above the floor's centre, looking down at a slight random slant."""
    height = CAMERA_HEIGHT_M * rng.uniform(0.95, 1.05)
    tilt, azimuth = CAMERA_TILT_RAD * rng.random(), rng.uniform(0.0, 2.0 * np.pi)
    away = height * np.tan(tilt)
    return look_at((away * np.cos(azimuth), away * np.sin(azimuth), height), (0.0, 0.0, 0.03), up=(0.0, 1.0, 0.0))


def bin_mesh(bin_size_m: tuple[float, float, float]) -> tuple[Matrix, IntArray]:
    """The bin as the camera sees it, sheet floor and walls, on a table: (V, 3) metres, bin frame, and (F, 3)."""
    x, y, height = bin_size_m
    outer_x, outer_y = x + 2.0 * SHEET_M, y + 2.0 * SHEET_M
    middle = (height - SHEET_M) / 2.0
    boxes = [
        ((outer_x, outer_y, SHEET_M), (0.0, 0.0, -SHEET_M / 2.0)),
        ((TABLE_M, TABLE_M, SHEET_M), (0.0, 0.0, -1.5 * SHEET_M)),
    ]
    for side in (-1.0, 1.0):
        boxes.append(((SHEET_M, outer_y, height + SHEET_M), (side * (x + SHEET_M) / 2.0, 0.0, middle)))
        boxes.append(((outer_x, SHEET_M, height + SHEET_M), (0.0, side * (y + SHEET_M) / 2.0, middle)))
    corners = np.array([(i, j, k) for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (-0.5, 0.5)])
    vertices = np.concatenate([corners * size + np.asarray(at) for size, at in boxes])
    faces = np.concatenate([_BOX_FACES + 8 * i for i in range(len(boxes))])
    return vertices, faces.astype(np.int32)


_BOX_FACES = np.array(
    [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
     (1, 5, 7), (1, 7, 3)]
)  # fmt: skip


def _visible_share(
    part: PartMesh, T_bin_object: Matrix, number: int, depth: Depth, camera: Camera, T_bin_camera: Matrix
) -> float:
    """Pixels that see the part, over those that would see it if it were alone, both without faults."""
    seen = int(np.count_nonzero(depth.ids == number))
    in_camera = apply(invert(T_bin_camera) @ T_bin_object, part.vertices)
    if in_camera[:, 2].min() <= 0.0:
        return 0.0
    u = camera.fx_px * in_camera[:, 0] / in_camera[:, 2] + camera.cx_px
    v = camera.fy_px * in_camera[:, 1] / in_camera[:, 2] + camera.cy_px
    left, top = int(np.floor(u.min())), int(np.floor(v.min()))
    width, height = int(np.ceil(u.max())) - left + 1, int(np.ceil(v.max())) - top + 1
    window = Camera(width, height, camera.fx_px, camera.fy_px, camera.cx_px - left, camera.cy_px - top)
    alone = Renderer([(part.vertices, part.faces)], [T_bin_object], threads=1)
    rng = np.random.default_rng(0)  # drawn from by no fault that is on
    covered = np.count_nonzero(alone.capture(window, T_bin_camera, CameraNoise.none(), rng).ids)
    return float(min(1.0, seen / covered)) if covered else 0.0
