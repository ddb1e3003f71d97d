"""Grasp candidates of a part from its mesh: antipodal, within the stroke, clear of the part, few and diverse.

The way of Kleeberger et al. (arXiv 2104.11660) for automatic grasp poses: sample antipodal contact pairs
on the surface, keep those that the stroke and the friction cone allow and at which the gripper's body does
not hit the part, and choose a small diverse set. Antipodal after Nguyen 1988 (two soft contacts close in force
when the line between them lies in both friction cones); equal grasps of symmetric parts are counted once.
The quality is geometric: friction margin x clearance x support x centring.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from srclib_ros.errors import GripperError
from srclib_ros.geometry.grasp_frame import FLIP, tcp_pose
from srclib_ros.geometry.mesh import PartMesh, sample_surface
from srclib_ros.geometry.point_grid import BoxHits, PointGrid, box_distance
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.types import FloatArray, Matrix

PAIRS = 300
APPROACHES = 12
INSERTIONS = (0.25, 0.5, 0.9)
"""How far the fingertips reach past the contacts, in pad heights."""
OWN_CLEARANCE_M = 0.003
"""Free space to either side of the part that counts as ample: opening on approach and full marks for clearance."""
CONTACT_BAND_M = 0.0005
SURFACE_PITCH_M = 0.0013
ROUGH_POINTS = 1_500
"""So many surface points are enough to drop the bulk of the approaches that run into the part."""
MEASURED = 1_500
"""Of the approaches left after that, at most so many are measured."""
SAME_GRASP = 0.06
"""Candidates nearer to each other than this share of the diameter are one grasp."""


@dataclass(frozen=True, eq=False)
class GraspCandidates:
    """K grasps of one part by one gripper, best first.

    T_object_tcp: (K, 4, 4) float64. width_m: (K,) between the contacts. quality: (K,) in [0, 1].
    symmetry: (G, 4, 4) rigid motions that leave the part as it is; each candidate stands for all its images
    `symmetry[g] @ T_object_tcp[k]`, and for their flips.
    """

    T_object_tcp: Matrix
    width_m: Matrix
    quality: Matrix
    gripper: str
    symmetry: Matrix = field(default_factory=lambda: np.eye(4)[None])

    def __len__(self) -> int:
        return len(self.width_m)


def generate_candidates(
    mesh: PartMesh,
    gripper: Gripper,
    rng: np.random.Generator,
    k: int = 48,
    symmetry: Matrix | None = None,
) -> GraspCandidates:
    """At most `k` diverse grasps of a mesh, best first; fewer, or none, where the gripper fits fewer.

    symmetry: (G, 4, 4) the part's symmetry group in the object frame, None for the identity alone.
    Raises GripperError for a gripper that is no jaw. Same seed, same candidates.
    """
    if gripper.kind != "jaw":
        raise GripperError(f"{gripper.name}: antipodal candidates need a jaw, this is a {gripper.kind}")
    group = np.eye(4)[None] if symmetry is None else np.asarray(symmetry, np.float64)
    surface, normals = _dense_surface(mesh, rng)
    near, far = _antipodal_pairs(mesh, gripper, surface, normals, rng)
    T, width = _approaches(near, far, gripper)
    T = T[~_hits_part(surface[:ROUGH_POINTS], T, width, gripper)]
    T = T[np.sort(rng.permutation(len(T))[:MEASURED])]
    grid = PointGrid(surface, cell_m=0.004)
    T, width, contact = _close(grid, normals, T, gripper)
    holds = (contact > 0) & (width <= gripper.stroke_m - 2 * OWN_CLEARANCE_M)
    T, width, contact = T[holds], width[holds], contact[holds]
    clearance = _own_clearance(grid, T, width, gripper, mesh.diameter_m)
    quality = contact * np.clip(clearance / OWN_CLEARANCE_M, 0, 1)
    quality *= _centring(T, surface.mean(axis=0), mesh.diameter_m)
    T, width, quality = T[clearance > 0], width[clearance > 0], quality[clearance > 0]
    chosen = _diverse(T, quality, group, k, mesh.diameter_m)
    chosen = chosen[np.argsort(-quality[chosen], kind="stable")]
    return GraspCandidates(T[chosen], width[chosen], quality[chosen], gripper.name, group)


def _dense_surface(mesh: PartMesh, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Surface points some 1.3 mm apart, and normals."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    return sample_surface(mesh, int(np.clip(area / SURFACE_PITCH_M**2, 4_000, 20_000)), rng)


def _antipodal_pairs(
    mesh: PartMesh, gripper: Gripper, surface: FloatArray, normals: FloatArray, rng: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Contact pairs (P, 3) each: rays into the part, within the friction cone, to every face they leave through."""
    import open3d

    start = rng.choice(len(surface), min(8 * PAIRS, len(surface)), replace=False)
    inward = -normals[start].astype(np.float64)
    lean = np.tan(gripper.friction_angle_rad * np.sqrt(rng.random(len(start))) * rng.integers(0, 2, len(start)))
    across = np.cross(inward, rng.standard_normal(inward.shape))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    direction = inward + lean[:, None] * across
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)

    scene = open3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))
    rays = np.concatenate([surface[start], direction], axis=1).astype(np.float32)
    found = scene.list_intersections(open3d.core.Tensor(rays))
    ray, distance = found["ray_ids"].numpy().astype(np.int64), found["t_hit"].numpy().astype(np.float64)
    triangle = mesh.vertices[mesh.faces[found["primitive_ids"].numpy()]]
    outward = np.cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-30
    cosine = (outward * direction[ray]).sum(axis=1)
    widest = gripper.stroke_m - 2 * OWN_CLEARANCE_M
    good = (distance > 5e-4) & (distance < widest) & (cosine > np.cos(gripper.friction_angle_rad))
    ray, distance = ray[good], distance[good]
    near = surface[start[ray]].astype(np.float64)
    far = near + distance[:, None] * direction[ray]
    kept = np.sort(rng.permutation(len(near))[:PAIRS])
    return near[kept], far[kept]


def _approaches(near: Matrix, far: Matrix, gripper: Gripper) -> tuple[Matrix, Matrix]:
    """TCP frames (M, 4, 4) around each closing axis at each insertion, and the contacts' distance (M,)."""
    width = np.linalg.norm(far - near, axis=1)
    closing = (far - near) / width[:, None]
    # Measured from the part's own axes, so that plane parts get approaches square to their faces.
    u = np.cross(closing, np.eye(3)[np.argmin(np.abs(closing), axis=1)])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(closing, u)
    angle = 2 * np.pi * np.arange(APPROACHES) / APPROACHES
    approach = np.cos(angle)[:, None] * u[:, None] + np.sin(angle)[:, None] * v[:, None]
    insertion = gripper.pad_height_m * np.array(INSERTIONS)
    origin = ((near + far) / 2)[:, None, None] + insertion[:, None] * approach[:, :, None]
    T = tcp_pose(origin, approach[:, :, None], closing[:, None, None])
    return T.reshape(-1, 4, 4), np.repeat(width, APPROACHES * len(INSERTIONS))


def _hits_part(points: FloatArray, T: Matrix, width: Matrix, gripper: Gripper) -> npt.NDArray[np.bool_]:
    """(M,) whether any of the points (N, 3) lies in the fingers or the palm on their way."""
    hits = np.zeros(len(T), np.bool_)
    half_x, half_y = gripper.finger_width_m / 2, gripper.palm_size_m[1] / 2
    for part in _chunks(len(T)):
        R, t = T[part, :3, :3].astype(np.float32), T[part, :3, 3].astype(np.float32)
        x, y, z = np.moveaxis(np.matmul(points, R) - np.matmul(t[:, None], R), 2, 0)
        x, y = np.abs(x), np.abs(y)
        inner = (gripper.opening_m(width[part], OWN_CLEARANCE_M) / 2)[:, None].astype(np.float32)
        finger = (x < half_x) & (y > inner) & (y < inner + gripper.finger_thickness_m) & (z < 0)
        palm = (x < gripper.palm_size_m[0] / 2) & (y < half_y) & (z < -gripper.finger_depth_m)
        hits[part] = (finger | palm).any(axis=1)
    return hits


def _close(grid: PointGrid, normals: FloatArray, T: Matrix, gripper: Gripper) -> tuple[Matrix, Matrix, Matrix]:
    """Close the pads on what lies between them: (T centred on it, width (M,), contact quality (M,) in [0, 1])."""
    T, width, contact = T.copy(), np.zeros(len(T)), np.zeros(len(T))
    for part in _chunks(len(T)):
        count = len(T[part])
        between = np.broadcast_to(gripper.closing_box_tcp(gripper.stroke_m, gripper.pad_height_m), (count, 2, 3))
        hits = grid.inside(T[part], between)
        y = hits.local[:, 1]
        top, bottom = -hits.minimum(-y, count, gripper.stroke_m), hits.minimum(y, count, gripper.stroke_m)
        facing = (normals[hits.point] * T[part, :3, 1][hits.box]).sum(axis=1)
        for_top, for_bottom = y > top[hits.box] - CONTACT_BAND_M, y < bottom[hits.box] + CONTACT_BAND_M
        contact[part] = np.minimum(
            _pad_contact(hits.where(for_top), facing[for_top], count, gripper),
            _pad_contact(hits.where(for_bottom), -facing[for_bottom], count, gripper),
        )
        T[part, :3, 3] += ((top + bottom) / 2)[:, None] * T[part, :3, 1]
        width[part] = np.maximum(top - bottom, 0)
    return T, width, contact


def _pad_contact(touching: BoxHits, cosine: FloatArray, count: int, gripper: Gripper) -> Matrix:
    """(count,) friction margin x support, in [0, 1], of one pad from the surface points that it touches.

    cosine: (P,) between each point's normal and the direction out of the part towards the pad. The margin is 1 where
    all normals face the pad and 0 where their mean tangent reaches the friction coefficient. The support
    grows with the longest side of the patch touched, up to the pad's height.
    """
    seen = cosine > 0.2
    touching, cosine = touching.where(seen), cosine[seen]
    slope = np.sqrt(np.clip(1 - cosine**2, 0, 1)) / cosine
    points = np.bincount(touching.box, minlength=count)
    mean_slope = np.bincount(touching.box, slope, minlength=count) / np.maximum(points, 1)
    patch = np.zeros(count)
    for coordinate in (touching.local[:, 0], touching.local[:, 2]):
        extent = -touching.minimum(coordinate, count, np.inf) - touching.minimum(-coordinate, count, np.inf)
        patch = np.maximum(patch, np.where(points > 0, extent, 0))
    support = 0.3 + 0.7 * np.sqrt(np.clip(patch / gripper.pad_height_m, 0, 1))
    return np.where(points > 0, np.clip(1 - mean_slope / gripper.friction, 0, 1) * support, 0)


def _own_clearance(grid: PointGrid, T: Matrix, width: Matrix, gripper: Gripper, sweep_m: float) -> Matrix:
    """(M,) metres between the part and the open gripper on its whole straight approach; at most OWN_CLEARANCE_M."""
    nearest = np.full(len(T), OWN_CLEARANCE_M)
    for part in _chunks(len(T)):
        boxes = gripper.boxes_tcp(gripper.opening_m(width[part], OWN_CLEARANCE_M), sweep_m)
        for body in range(boxes.shape[1]):
            hits = grid.inside(T[part], boxes[:, body], OWN_CLEARANCE_M)
            distance = box_distance(hits.local, boxes[hits.box, body])
            nearest[part] = np.minimum(nearest[part], hits.minimum(distance, len(boxes), OWN_CLEARANCE_M))
    return nearest


def _centring(T: Matrix, centre: npt.ArrayLike, diameter_m: float) -> Matrix:
    """(M,) from 1, where the closing axis runs through the centre of the surface, to 0.5 half a diameter away."""
    offset = np.asarray(centre) - T[:, :3, 3]
    along = (offset * T[:, :3, 1]).sum(axis=1)
    away = np.sqrt(np.maximum((offset**2).sum(axis=1) - along**2, 0))
    return 1 - 0.5 * np.clip(away / (0.5 * diameter_m), 0, 1)


def grasp_coordinates(T: Matrix, diameter_m: float) -> Matrix:
    """(..., 9) coordinates in which Euclidean distance compares grasps: metres, rotation scaled by diameter / 4.

    A grasp and its flip differ in the sign of the last three.
    """
    lever = diameter_m / 4
    return np.concatenate([T[..., :3, 3], lever * T[..., :3, 2], lever * T[..., :3, 1]], axis=-1)


def _diverse(T: Matrix, quality: Matrix, group: Matrix, k: int, diameter_m: float) -> npt.NDArray[np.int64]:
    """Indices of at most k grasps: the best, then again and again the one far from all chosen ones and good."""
    chosen: list[int] = []
    if len(T) == 0:
        return np.zeros(0, np.int64)
    points = grasp_coordinates(T, diameter_m)
    distance = np.full(len(T), np.inf)
    pick = int(np.argmax(quality))
    while len(chosen) < k:
        chosen.append(pick)
        images = group @ T[pick]
        images = np.concatenate([images, images @ FLIP])
        distance = np.minimum(distance, _nearest(points, grasp_coordinates(images, diameter_m)))
        worth = np.where(distance > SAME_GRASP * diameter_m, distance * np.sqrt(quality), 0)
        pick = int(np.argmax(worth))
        if worth[pick] <= 0:
            break
    return np.array(chosen)


def _nearest(points: Matrix, images: Matrix) -> Matrix:
    """(M,) distance from each point (M, D) to the nearest image (I, D)."""
    squared = (points**2).sum(axis=1)[:, None] + (images**2).sum(axis=1) - 2 * points @ images.T
    return np.sqrt(np.maximum(squared.min(axis=1), 0))


def _chunks(count: int, size: int = 256) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]
