"""Antipodal grasps of a part by a jaw, from its mesh: within the stroke, clear of the part.

Contact pairs are sampled on the surface and kept where stroke and friction cone allow them and the jaw's body does not
hit the part. Antipodal after Nguyen 1988 (two soft contacts close in force when the line between them lies in both
friction cones). The quality is geometric: friction margin x clearance x support x centring.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

from srclib_ros.geometry.grasp_frame import tcp_pose
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.point_grid import BoxHits, PointGrid
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.grasping.own_surface import OWN_CLEARANCE_M, chunks, dense_surface, own_clearance
from srclib_ros.types import FloatArray, Matrix

PAIRS = 300
APPROACHES = 12
INSERTIONS = (0.25, 0.5, 0.9)
"""How far the fingertips reach past the contacts, in pad heights."""
SPARED_M = (0.001, 0.003)
"""Or they stop so far before the part's far side, so that a flat part can be taken where it lies on the floor."""
SHALLOWEST_M = 0.0005
CONTACT_BAND_M = 0.0005
ROUGH_POINTS = 1_500
"""So many surface points are enough to drop the bulk of the approaches that run into the part."""
MEASURED = 1_500
"""Of the approaches left after that, at most so many are measured."""


def antipodal_candidates(mesh: PartMesh, jaw: Jaw, rng: np.random.Generator) -> tuple[Matrix, Matrix, Matrix]:
    """T_object_tcp (M, 4, 4), width_m (M,) and quality (M,) in [0, 1] of all that were found, in no order."""
    surface, normals = dense_surface(mesh, rng)
    near, far = _antipodal_pairs(mesh, jaw, surface, normals, rng)
    T, width = _approaches(near, far, mesh.vertices, jaw)
    T = T[~_hits_part(surface[:ROUGH_POINTS], T, width, jaw)]
    T = T[np.sort(rng.permutation(len(T))[:MEASURED])]
    grid = PointGrid(surface, cell_m=0.004)
    T, width, contact = _close(grid, normals, T, jaw)
    holds = (contact > 0) & (width <= jaw.stroke_m - 2 * OWN_CLEARANCE_M)
    T, width, contact = T[holds], width[holds], contact[holds]
    clearance = own_clearance(grid, T, width, jaw, mesh.diameter_m)
    quality = contact * np.clip(clearance / OWN_CLEARANCE_M, 0, 1)
    quality *= _centring(T, surface.mean(axis=0), mesh.diameter_m)
    free = clearance > 0
    return T[free], width[free], quality[free]


def _antipodal_pairs(
    mesh: PartMesh, jaw: Jaw, surface: FloatArray, normals: FloatArray, rng: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Contact pairs (P, 3) each: rays into the part, within the friction cone, to every face they leave through."""
    import open3d

    start = rng.choice(len(surface), min(8 * PAIRS, len(surface)), replace=False)
    inward = -normals[start].astype(np.float64)
    lean = np.tan(jaw.friction_angle_rad * np.sqrt(rng.random(len(start))) * rng.integers(0, 2, len(start)))
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
    widest = jaw.stroke_m - 2 * OWN_CLEARANCE_M
    good = (distance > 5e-4) & (distance < widest) & (cosine > np.cos(jaw.friction_angle_rad))
    ray, distance = ray[good], distance[good]
    near = surface[start[ray]].astype(np.float64)
    far = near + distance[:, None] * direction[ray]
    kept = np.sort(rng.permutation(len(near))[:PAIRS])
    return near[kept], far[kept]


def _approaches(near: Matrix, far: Matrix, vertices: Matrix, jaw: Jaw) -> tuple[Matrix, Matrix]:
    """TCP frames (M, 4, 4) around each closing axis at each insertion, and the contacts' distance (M,)."""
    width = np.linalg.norm(far - near, axis=1)
    closing = (far - near) / width[:, None]
    # Measured from the part's own axes, so that plane parts get approaches square to their faces.
    u = np.cross(closing, np.eye(3)[np.argmin(np.abs(closing), axis=1)])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(closing, u)
    angle = 2 * np.pi * np.arange(APPROACHES) / APPROACHES
    approach = np.cos(angle)[:, None] * u[:, None] + np.sin(angle)[:, None] * v[:, None]
    middle = (near + far) / 2
    beyond = _support(vertices, approach) - np.einsum("pai,pi->pa", approach, middle)
    deep = np.broadcast_to(jaw.pad_height_m * np.array(INSERTIONS), (*beyond.shape, len(INSERTIONS)))
    insertion = np.concatenate([deep, beyond[..., None] - np.array(SPARED_M)], axis=2)
    fits = (insertion > SHALLOWEST_M) & (insertion < jaw.pad_height_m * max(INSERTIONS) + 1e-9)
    origin = middle[:, None, None] + insertion[..., None] * approach[:, :, None]
    T = tcp_pose(origin, approach[:, :, None], closing[:, None, None])
    return T[fits], np.broadcast_to(width[:, None, None], fits.shape)[fits]


def _support(vertices: Matrix, direction: Matrix) -> Matrix:
    """(...) how far the part reaches along each direction (..., 3)."""
    corners = vertices[ConvexHull(vertices).vertices]
    reach: Matrix = (direction @ corners.T).max(axis=-1)
    return reach


def _hits_part(points: FloatArray, T: Matrix, width: Matrix, jaw: Jaw) -> npt.NDArray[np.bool_]:
    """(M,) whether any of the points (N, 3) lies in the fingers or the palm on their way."""
    hits = np.zeros(len(T), np.bool_)
    half_x, half_y = jaw.finger_width_m / 2, jaw.palm_size_m[1] / 2
    for part in chunks(len(T)):
        R, t = T[part, :3, :3].astype(np.float32), T[part, :3, 3].astype(np.float32)
        x, y, z = np.moveaxis(np.matmul(points, R) - np.matmul(t[:, None], R), 2, 0)
        x, y = np.abs(x), np.abs(y)
        inner = (jaw.opening_m(width[part], OWN_CLEARANCE_M) / 2)[:, None].astype(np.float32)
        finger = (x < half_x) & (y > inner) & (y < inner + jaw.finger_thickness_m) & (z < 0)
        palm = (x < jaw.palm_size_m[0] / 2) & (y < half_y) & (z < -jaw.finger_depth_m)
        hits[part] = (finger | palm).any(axis=1)
    return hits


def _close(grid: PointGrid, normals: FloatArray, T: Matrix, jaw: Jaw) -> tuple[Matrix, Matrix, Matrix]:
    """Close the pads on what lies between them: (T centred on it, width (M,), contact quality (M,) in [0, 1])."""
    T, width, contact = T.copy(), np.zeros(len(T)), np.zeros(len(T))
    for part in chunks(len(T)):
        count = len(T[part])
        between = np.broadcast_to(jaw.closing_box_tcp(jaw.stroke_m, jaw.pad_height_m), (count, 2, 3))
        hits = grid.inside(T[part], between)
        y = hits.local[:, 1]
        top, bottom = -hits.minimum(-y, count, jaw.stroke_m), hits.minimum(y, count, jaw.stroke_m)
        facing = (normals[hits.point] * T[part, :3, 1][hits.box]).sum(axis=1)
        for_top, for_bottom = y > top[hits.box] - CONTACT_BAND_M, y < bottom[hits.box] + CONTACT_BAND_M
        contact[part] = np.minimum(
            _pad_contact(hits.where(for_top), facing[for_top], count, jaw),
            _pad_contact(hits.where(for_bottom), -facing[for_bottom], count, jaw),
        )
        T[part, :3, 3] += ((top + bottom) / 2)[:, None] * T[part, :3, 1]
        width[part] = np.maximum(top - bottom, 0)
    return T, width, contact


def _pad_contact(touching: BoxHits, cosine: FloatArray, count: int, jaw: Jaw) -> Matrix:
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
    support = 0.3 + 0.7 * np.sqrt(np.clip(patch / jaw.pad_height_m, 0, 1))
    return np.where(points > 0, np.clip(1 - mean_slope / jaw.friction, 0, 1) * support, 0)


def _centring(T: Matrix, centre: npt.ArrayLike, diameter_m: float) -> Matrix:
    """(M,) from 1, where the closing axis runs through the centre of the surface, to 0.5 half a diameter away."""
    offset = np.asarray(centre) - T[:, :3, 3]
    along = (offset * T[:, :3, 1]).sum(axis=1)
    away = np.sqrt(np.maximum((offset**2).sum(axis=1) - along**2, 0))
    return 1 - 0.5 * np.clip(away / (0.5 * diameter_m), 0, 1)
