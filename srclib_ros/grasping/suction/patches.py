"""What lies under a cup's lip, from the points of one view: how flat, how whole, how far from the next edge.

The counterpart of `seal` where there is no mesh: a smooth surface (a plane and its curvature) is fitted to what the lip
would cover, and the rest is counted: places where nothing was seen, lines of sight that end deeper, points that stand
higher or belong to something else. What is not seen is no surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srclib_ros.geometry.grasp_frame import least_turned, tcp_pose
from srclib_ros.geometry.point_grid import BoxHits, PointGrid
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.grasping.suction.seal import LIP
from srclib_ros.types import FloatArray, Matrix

EDGE_M = 0.0015
"""The surface is to reach so far beyond the lip."""
ROOM_M = 0.004
"""Room from the lip to the next edge from which on more is no better."""
SECTORS = 16
RANGE_OF_NORMALS = 3.53
"""Expected range of SECTORS independent normal values, in standard deviations."""
LIP_FROM = 0.75
"""Radii: between here and beyond the edge the lip is looked for in SECTORS places, within it in six and the middle."""
SPARSE = 0.4
"""A place with less than this share of the points that it should hold has a hole."""
OUTLIERS = 2
"""So many points deeper, higher or of something else are a hole, a step or an obstacle; fewer are noise."""
OFF_SPREADS = 3.0
"""Points are off the surface from the lip's gap and so many standard deviations of the depth on."""
ALIKE = 3.0
"""Neighbouring pixels err together: so many count as one."""
MOST_NOISE_M = 0.0008
"""What spreads more is no noise, but a surface that is not even. In so much noise a step of 2 mm is not seen."""
BAND_M = 0.004
MIN_POINTS = 12
HALF_FULL = 0.6
"""A cup with less than this share of the points that its disc should hold is looked at no further."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Under M cups.

    T_bin_tcp: (M, 4, 4) square to the surface, the lip on it. whole: (M,) whether surface was seen under all of the
    lip and within it, and nothing off it. gap_m: (M,) unevenness under the lip, less what the sensor's noise makes.
    slope_rad: (M,) of the surface at the lip. room_m: (M,) from the lip to the nearest point off the surface, up to
    ROOM_M. points: (M,) number of the part's points under the cup.
    """

    T_bin_tcp: Matrix
    whole: npt.NDArray[np.bool_]
    gap_m: Matrix
    slope_rad: Matrix
    room_m: Matrix
    points: npt.NDArray[np.int64]


class View:
    """One part and what was seen around it.

    points_bin: (N, 3) float32, metres, bin frame, finite. is_part: (N,) bool. viewpoint_bin: (3,) the sensor.
    density_m2: of the part's points for each square metre that is level.
    """

    def __init__(
        self, points_bin: FloatArray, is_part: npt.NDArray[np.bool_], viewpoint_bin: Matrix, density_m2: float
    ) -> None:
        self.points_bin, self.is_part = points_bin, is_part
        self.viewpoint_bin, self.density_m2 = viewpoint_bin, density_m2
        self.grid = PointGrid(points_bin, cell_m=0.004)


def measure_patches(origin_bin: FloatArray, normal_bin: FloatArray, view: View, cup: SuctionCup) -> Patches:
    """What lies under cups set down at `origin_bin` (M, 3) against `normal_bin` (M, 3), each moved square onto it.

    Cups that come to lie over the part's edge are left out.
    """
    approach = -normal_bin.astype(np.float64)
    T = tcp_pose(origin_bin.astype(np.float64), approach, np.eye(3)[np.argmin(np.abs(approach), axis=1)])
    for _ in range(2):
        hits, own = _below(T, view, cup)
        full = _filled(hits, own, T, view, cup) > HALF_FULL
        surface, _ = _fit(hits, own, len(T), 3)
        T = _square_onto(T[full], surface[full])
    hits, own = _below(T, view, cup)
    surface, points = _fit(hits, own, len(T), 6)
    x, y, z = hits.local.astype(np.float64).T
    rest = z - (_terms(x, y, 6) * surface[hits.box]).sum(axis=1)
    radius, count = np.hypot(x, y), len(T)
    near = own & (radius < cup.radius_m + EDGE_M)
    noise_m = _noise(rest[near], hits.box[near], count)
    uneven = _unevenness(rest[near], x[near], y[near], hits.box[near], noise_m, cup)
    off = ~own | (np.abs(rest) > (cup.lip_gap_m + OFF_SPREADS * noise_m)[hits.box])
    room = _room(radius[off], hits.box[off], count, cup)
    holes = _sparse(x, y, radius, near & ~off, hits.box, count, view.density_m2 * np.abs(T[:, 2, 2]), cup)
    whole = (points >= MIN_POINTS) & ~holes & (room > EDGE_M)
    index = np.flatnonzero(whole)
    room[index] = np.minimum(room[index], _room(*_looked_through(T[index], view, cup), len(index), cup))
    T[:, :3, 3] += (surface[:, 0] + (surface[:, 3] + surface[:, 5]) / 2 * cup.radius_m**2)[:, None] * T[:, :3, 2]
    return Patches(
        T_bin_tcp=T,
        whole=whole & (room > EDGE_M),
        gap_m=_curvature_gap(surface, cup) + uneven,
        slope_rad=np.arctan(cup.radius_m * np.abs(_principal_curvatures(surface)).max(axis=1)),
        room_m=room,
        points=np.bincount(hits.box[near], minlength=count),
    )


def _below(T: Matrix, view: View, cup: SuctionCup) -> tuple[BoxHits, npt.NDArray[np.bool_]]:
    """Points around each cup's axis, from where the bellows begin to as far below the lip, and which are the part's."""
    half = cup.radius_m + ROOM_M
    corner = np.array((half, half, cup.bellows_m))
    hits = view.grid.inside(T, np.broadcast_to(np.stack([-corner, corner]), (len(T), 2, 3)))
    return hits, view.is_part[hits.point]


def _filled(hits: BoxHits, own: npt.NDArray[np.bool_], T: Matrix, view: View, cup: SuctionCup) -> Matrix:
    """(M,) points of the part on each lip's disc, over those that it should hold."""
    local = hits.local
    on_disc = own & (local[:, 0] ** 2 + local[:, 1] ** 2 < cup.radius_m**2) & (np.abs(local[:, 2]) < BAND_M)
    expected = np.pi * cup.radius_m**2 * view.density_m2 * np.abs(T[:, 2, 2])
    return np.bincount(hits.box[on_disc], minlength=len(T)) / np.maximum(expected, 1)


def _terms(x: Matrix, y: Matrix, count: int) -> Matrix:
    """(P, count) of 1, x, y, x^2, xy, y^2."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y][:count], axis=1)


def _fit(hits: BoxHits, own: npt.NDArray[np.bool_], count: int, terms: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """(M, 6) coefficients of z by least squares on the part's points near the lip's plane, and how many they are.

    Points far from the axis count: the box is little larger than the cup.
    """
    use = own & (np.abs(hits.local[:, 2]) < BAND_M)
    x, y, z = hits.local[use].astype(np.float64).T
    box = hits.box[use]
    A = _terms(x, y, terms)
    scale = np.array((1.0, 100.0, 100.0, 1e4, 1e4, 1e4))[:terms]  # centimetres, so that the equations are well set
    A *= scale
    equations = np.empty((count, terms, terms))
    for i, j in zip(*np.triu_indices(terms), strict=True):
        equations[:, i, j] = equations[:, j, i] = np.bincount(box, A[:, i] * A[:, j], count)
    equations += 1e-6 * np.eye(terms)
    right = np.stack([np.bincount(box, A[:, i] * z, count) for i in range(terms)], axis=1)
    surface = np.zeros((count, 6))
    surface[:, :terms] = np.linalg.solve(equations, right[..., None])[..., 0] * scale
    return surface, np.bincount(box, minlength=count)


def _square_onto(T: Matrix, surface: Matrix) -> Matrix:
    """The cups moved along their axis onto the plane fitted below them, and turned square to it."""
    z = np.column_stack([-surface[:, 1], -surface[:, 2], np.ones(len(T))])
    approach = np.einsum("mij,mj->mi", T[:, :3, :3], z)
    origin = T[:, :3, 3] + surface[:, :1] * T[:, :3, 2]
    return least_turned(tcp_pose(origin, approach, T[:, :3, 1]))


def _principal_curvatures(surface: Matrix) -> Matrix:
    """(M, 2) 1 / m, of the fitted surfaces where they are level."""
    middle, apart = surface[:, 3] + surface[:, 5], np.hypot(surface[:, 3] - surface[:, 5], surface[:, 4])
    return np.stack([middle - apart, middle + apart], axis=1)


def _curvature_gap(surface: Matrix, cup: SuctionCup) -> Matrix:
    """(M,) how much lower the surface is at one place of the lip than at another, of its curvature.

    Around the lip, and from its inner edge to its outer one.
    """
    low, high = _principal_curvatures(surface).T
    return ((high - low) + np.abs(high + low) / 2 * (1 - LIP[0] ** 2)) / 2 * cup.radius_m**2


def _noise(rest: Matrix, box: npt.NDArray[np.int64], count: int) -> Matrix:
    """(M,) standard deviation of the points from the surface, at most a sensor's."""
    held = np.clip(rest, -2 * MOST_NOISE_M, 2 * MOST_NOISE_M)
    spread = np.sqrt(np.bincount(box, held**2, count) / np.maximum(np.bincount(box, minlength=count), 1))
    return np.minimum(spread, MOST_NOISE_M)


def _unevenness(
    rest: Matrix, x: Matrix, y: Matrix, box: npt.NDArray[np.int64], noise_m: Matrix, cup: SuctionCup
) -> Matrix:
    """(M,) between the highest and the lowest sector of a lip, less what noise makes of as many sectors.

    rest: (P,) distances of points from the fitted surface, x, y: (P,) where they lie, box: (P,) under which cup.
    """
    count = len(noise_m)
    use = (np.hypot(x, y) > LIP_FROM * cup.radius_m) & (np.abs(rest) < BAND_M)
    place = box[use] * SECTORS + _sector(x[use], y[use], SECTORS)
    points = np.bincount(place, minlength=count * SECTORS).reshape(count, SECTORS)
    height = np.bincount(place, rest[use], count * SECTORS).reshape(count, SECTORS) / np.maximum(points, 1)
    error = noise_m / np.sqrt(np.maximum(np.median(points, axis=1) / ALIKE, 1))
    return np.maximum(np.ptp(height, axis=1) - RANGE_OF_NORMALS * error, 0)


def _looked_through(T: Matrix, view: View, cup: SuctionCup) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Lines of sight that go through the plane of a lip and end deeper than the bellows reach, ordered by cup.

    Distance (P,) from the axis at which each goes through it, up to ROOM_M beyond the lip, and its cup (P,).
    """
    sight = view.points_bin - view.viewpoint_bin.astype(np.float32)
    away, owner = [np.zeros(0)], [np.zeros(0, np.int64)]
    for row, frame in enumerate(T.astype(np.float32)):
        eye = (view.viewpoint_bin.astype(np.float32) - frame[:3, 3]) @ frame[:3, :3]
        local = sight @ frame[:3, :3]
        deep = np.flatnonzero(eye[2] + local[:, 2] > cup.bellows_m)
        through = eye[:2] - eye[2] / local[deep, 2:] * local[deep, :2]
        radius = np.hypot(through[:, 0], through[:, 1])
        radius = radius[radius < cup.radius_m + ROOM_M]
        away.append(radius.astype(np.float64))
        owner.append(np.full(len(radius), row))
    return np.concatenate(away), np.concatenate(owner)


def _room(radius: Matrix, box: npt.NDArray[np.int64], count: int, cup: SuctionCup) -> Matrix:
    """(M,) from the lip out to the point off the surface that is one too many, counted from the axis; to ROOM_M.

    radius: (P,) of the points off the surface, box: (P,) the cup of each.
    """
    order = np.lexsort((radius, box))
    place = np.arange(len(box)) - np.searchsorted(box[order], box[order])
    worst = order[place == OUTLIERS - 1]
    room = np.full(count, ROOM_M)
    room[box[worst]] = np.minimum(radius[worst] - cup.radius_m, ROOM_M)
    return room


def _sparse(
    x: Matrix,
    y: Matrix,
    radius: Matrix,
    seen: npt.NDArray[np.bool_],
    box: npt.NDArray[np.int64],
    count: int,
    density_m2: Matrix,
    cup: SuctionCup,
) -> npt.NDArray[np.bool_]:
    """(M,) whether a sector of the lip, or of its rim, or a place within it, holds too few of the part's points.

    The rim is looked at alone: gaps narrower than a few pixels often show as nothing but lost points right beside it.
    """
    r, lip = cup.radius_m, LIP_FROM * cup.radius_m
    rim = (r - EDGE_M / 3, r + EDGE_M, SECTORS * 3 // 4)
    rings = ((0.0, lip / 2, 1), (lip / 2, lip, 6), (lip, r + EDGE_M, SECTORS), rim)
    sparse = np.zeros(count, np.bool_)
    for low, high, sectors in rings:
        use = seen & (radius >= low) & (radius < high)
        place = box[use] * sectors + _sector(x[use], y[use], sectors)
        points = np.bincount(place, minlength=count * sectors).reshape(count, sectors)
        expected = np.pi * (high**2 - low**2) / sectors * density_m2
        sparse |= (points < np.maximum(SPARSE * expected, 1)[:, None]).any(axis=1)
    return sparse


def _sector(x: Matrix, y: Matrix, count: int) -> npt.NDArray[np.int64]:
    return (np.floor(np.arctan2(y, x) / (2 * np.pi) * count).astype(np.int64)) % count
