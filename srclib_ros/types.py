"""The named values that cross module borders.

Lengths in metres, angles in radians, float32 clouds. Frames, inner labels touch
(`T_bin_tcp = T_bin_object @ T_object_tcp`):

- ``cloud``   the frame the points arrive in: a camera's optical frame, or any other.
- ``bin``     origin at the centre of the bin's floor (or on the supporting plane), z up.
- ``object``  the canonical frame of a part's mesh: origin at the centre of its bounding box.
- ``tcp``     midway between the fingertips, z approach, y closing axis, right-handed; of a suction cup, the middle of
              the lip, z approach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Camera:
    """Pinhole intrinsics of a rectified image; pixel centres lie at whole numbers."""

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float


@dataclass(frozen=True, eq=False)
class Cloud:
    """One capture.

    xyz: (H, W, 3) organised or (N, 3) float32, metres, cloud frame, NaN where nothing returned.
    viewpoint: (3,) float64, the sensor's position in the cloud frame.
    """

    xyz: FloatArray
    frame_id: str = "camera"
    stamp_ns: int = 0
    viewpoint: Matrix = field(default_factory=lambda: np.zeros(3))

    @property
    def organised(self) -> bool:
        return self.xyz.ndim == 3


@dataclass(frozen=True, eq=False)
class Bin:
    """The bin, or the plane, that parts lie in, located in a cloud's frame.

    T_cloud_bin: (4, 4) float64. size_m: inner length (x), width (y), height of the walls (z);
    on a plane x and y bound the region looked at and z is 0, as there are no walls.
    """

    T_cloud_bin: Matrix
    size_m: tuple[float, float, float]

    @property
    def has_walls(self) -> bool:
        return self.size_m[2] > 0.0


@dataclass(frozen=True, eq=False)
class Segment:
    """One visible instance.

    label: >= 1, its value in `Scene.labels`. indices: (N,) int64 into the flattened cloud.
    points_bin, normals_bin: (N, 3) float32; normals are unit, towards the sensor, NaN where unknown.
    completeness: probability that it is one whole part: all that is seen of it, and little else. None where that is
    not judged: without known walls, in an unorganised cloud, or where pieces are not joined.
    """

    label: int
    indices: npt.NDArray[np.int64]
    points_bin: FloatArray
    normals_bin: FloatArray
    completeness: float | None = None

    @property
    def centroid_bin(self) -> FloatArray:
        return self.points_bin.mean(axis=0)


@dataclass(frozen=True, eq=False)
class Scene:
    """A cloud brought into the bin frame and cut into instances.

    points_bin, normals_bin: shaped as the cloud's xyz, float32, NaN where unknown.
    labels: the cloud's shape less its last axis, int32; 0 is everything that is no part.
    inside: bool, same shape as labels: finite points within the bin's footprint, floor included;
    what a gripper can hit besides the walls.
    """

    cloud: Cloud
    bin: Bin
    points_bin: FloatArray
    normals_bin: FloatArray
    labels: IntArray
    inside: npt.NDArray[np.bool_]
    segments: tuple[Segment, ...]

    @cached_property
    def inside_index(self) -> npt.NDArray[np.int64]:
        """(M,) indices into the flattened cloud of the points `inside`."""
        return np.flatnonzero(self.inside)

    @cached_property
    def inside_points_bin(self) -> FloatArray:
        """(3, M) float32, contiguous coordinates of the points `inside`."""
        return np.ascontiguousarray(self.points_bin.reshape(-1, 3)[self.inside_index].T)

    @property
    def viewpoint_bin(self) -> Matrix:
        R, t = self.bin.T_cloud_bin[:3, :3], self.bin.T_cloud_bin[:3, 3]
        return R.T @ (self.cloud.viewpoint - t)


@dataclass(frozen=True)
class Neighbour:
    """A library entry beside a query. similarity is in [0, 1] and is not a probability."""

    entry: str
    cluster: int
    similarity: float
    distance: float


@dataclass(frozen=True)
class Match:
    """What the library answers for one segment.

    identity: this very part is in the library. suitable: the library holds a useful source.
    source: the entry whose network is used, None when refused. scale: target size over source size. completeness:
    of the segment. doubtful: it is likely a piece of a part, or several parts taken together; alone it gets no source,
    and where segments vote it has no vote.
    """

    segment: int
    neighbours: tuple[Neighbour, ...]
    source: str | None
    scale: float
    identity: bool
    suitable: bool
    why: str
    expected_gain: float | None = None
    completeness: float | None = None
    doubtful: bool = False

    @property
    def nearest(self) -> Neighbour:
        return self.neighbours[0]

    @property
    def stands_in(self) -> bool:
        """Whether the source is another part than the nearest entry, or of another size than what is seen."""
        return self.source is not None and (self.source != self.nearest.entry or self.scale != 1.0)


@dataclass(frozen=True, eq=False)
class ObjectPose:
    """One instance of a source object found in the scene by its network.

    T_bin_object: (4, 4), a rigid transform; the object's points are first multiplied by `scale`.
    score: presence, visibility: visible share, both in [0, 1].
    grasp_quality: (K,) float32 in [0, 1], one for each grasp candidate of the object model.
    fit_m: mean distance of the segment's points to the posed surface, NaN when not refined.
    """

    segment: int
    source: str
    T_bin_object: Matrix
    scale: float
    score: float
    visibility: float
    grasp_quality: FloatArray
    fit_m: float = float("nan")


@dataclass(frozen=True, eq=False)
class Grasp:
    """One grasp of one gripper. width_m: opening at contact; a jaw opens wider to approach, of a suction cup it is 0.

    part: label of the segment. source: library entry it came from, or None (model-free).
    T_bin_pregrasp: where the straight approach along the TCP's z begins.
    """

    T_bin_tcp: Matrix
    T_bin_pregrasp: Matrix
    width_m: float
    quality: float
    gripper: str
    part: int
    source: str | None
    candidate: int = -1
    grasp_id: str = ""


class RejectReason(StrEnum):
    """Why a grasp is not offered."""

    TOO_WIDE = "wider than the gripper opens"
    TILT = "approach tilted beyond max_tilt_rad"
    OUTSIDE = "outside the workspace"
    HITS_BIN = "gripper hits the bin"
    HITS_SCENE = "gripper hits other points"
    HIDDEN = "fingers would enter space that another part hides"
    MISSES = "would close on nothing, or on another part"
    LOW_QUALITY = "quality below min_quality"
    FAILED_BEFORE = "failed before at this place"


class Verdict(StrEnum):
    """The answer as a whole; no grasp is an answer too, and has its reason."""

    GRASPS = "grasps"
    EMPTY_BIN = "empty bin"
    NOTHING_GRASPABLE = "nothing graspable"
    NO_SUITABLE_SOURCE = "no suitable source"


@dataclass(frozen=True, eq=False)
class RejectedGrasp:
    grasp: Grasp
    reason: RejectReason


@dataclass(frozen=True, eq=False)
class GraspPlan:
    """The whole answer to one cloud: grasps best first, and what became of everything else.

    poses: the object poses behind the grasps. passed_over: labels of the parts without a grasp of a
    network that the model-free planner did not look at, as enough others have a good one. stages_ms: wall time of each
    stage, in order.
    """

    scene: Scene
    matches: tuple[Match, ...]
    poses: tuple[ObjectPose, ...]
    grasps: tuple[Grasp, ...]
    rejected: tuple[RejectedGrasp, ...]
    verdict: Verdict
    why: str
    stages_ms: Mapping[str, float]
    passed_over: frozenset[int] = frozenset()
