"""What retrieval is measured on: remembered views of each part, and queries by kind.

Full: the whole surface, turned anyhow. Partial: one view by the depth camera from any direction. Occluded: that view
less the 30 % of its points on one random side. Segmented: cut out of simulated piles by the pipeline's segmentation,
less the doubtful ones, about which the cell does not ask. `segmented_all` has them too; `segmented_whole` are
those of all that are truly whole, so that what the segmentation tears is told from what is not recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from srclib_ros import __version__
from srclib_ros.artifact import sha256
from srclib_ros.errors import MeshError, SimulationError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.simulation.camera import ViewSampler
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval.near_duplicates import near_duplicates
from srclib_ros.training.retrieval.pile_queries import PileCounts, cut_by, segments_of_piles
from srclib_ros.training.retrieval.twins import Twins, indistinguishable
from srclib_ros.training.views import cut_one_side, full_clouds, partial_clouds
from srclib_ros.types import FloatArray

HIDDEN_SHARE = 0.3
QUERY_PIXELS = 64


@dataclass(frozen=True, eq=False)
class Queries:
    """Clouds of one kind, and of each the index of the part that it shows."""

    clouds: list[FloatArray]
    part: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RetrievalTask:
    """gallery: the remembered clouds of each part, equally many of each, `partial` views first. queries: by kind.

    categories: of each part, "" for none. twins, twins_scale_free: which parts cannot be told apart at the camera's
    noise, as they are and made equally large. piles: how the segmented queries came about, None: not asked for.
    identity: a hash of all that the task was made from, to key results by; a task whose queries are replaced needs
    another. unseen, near_duplicates: names of parts that were left out, as the camera sees nothing of them, or as they
    are all but equal to training parts.
    """

    gallery: list[list[FloatArray]]
    partial: int
    queries: dict[str, Queries]
    names: list[str]
    categories: list[str]
    twins: Twins
    twins_scale_free: Twins
    piles: PileCounts | None
    seed: int
    identity: str
    unseen: list[str] = field(default_factory=list)
    near_duplicates: list[str] = field(default_factory=list)

    @property
    def remembered(self) -> list[FloatArray]:
        """All clouds of the gallery, one part's after another's."""
        return [cloud for clouds in self.gallery for cloud in clouds]


def retrieval_task(
    parts: Sequence[PartMesh],
    seed: int,
    *,
    partial: int = 80,
    full: int = 4,
    queries_each: int = 20,
    segmented: bool = True,
    known: Sequence[PartMesh] = (),
    progress: Progress = silent,
) -> RetrievalTask:
    """Simulate a gallery of `partial` + `full` views of each part, and `queries_each` queries of each kind a part.

    segmented: drop piles as well, each part `queries_each` times; how many segments come of it, the piles decide.
    known: training parts; what is all but equal to one of them is left out. Raises MeshError when fewer than two parts
    are left or can be seen, MissingDependencyError when piles need MuJoCo and it lacks.
    """
    repeated = near_duplicates(parts, known, seed, progress=progress)
    asked_of = [part for part, leave_out in zip(parts, repeated, strict=True) if not leave_out]
    if repeated.any() and len(asked_of) < 2:
        raise MeshError(
            f"{repeated.sum()} of {len(parts)} parts are near-duplicates of training parts, and at least 2 others are "
            "needed; give parts that nothing was trained on (`srclib parts --split held_out` makes some); "
            "`srclib evaluate retrieval --keep-near-duplicates` keeps these"
        )
    gallery: list[list[FloatArray]] = []
    kinds: dict[str, list[FloatArray]] = {"full": [], "partial": [], "occluded": []}
    kept: list[PartMesh] = []
    unseen: list[str] = []
    for index, part in enumerate(progress(asked_of, total=len(asked_of), label="views")):
        rng = np.random.default_rng([seed, index])
        try:
            views = partial_clouds(part, partial, rng) + full_clouds(part, full, rng)
            sampler = ViewSampler(part)
            asked = [sampler.cloud(rng, pixels=QUERY_PIXELS) for _ in range(queries_each)]
        except SimulationError:
            unseen.append(part.name)
            continue
        kept.append(part)
        gallery.append(views)
        kinds["full"] += full_clouds(part, queries_each, rng)
        kinds["partial"] += asked
        kinds["occluded"] += [cut_one_side(cloud, HIDDEN_SHARE, rng) for cloud in asked]
    if len(kept) < 2:
        raise MeshError(f"{len(kept)} parts that the camera can see, at least 2 are needed to tell them apart")
    truth = np.repeat(np.arange(len(kept)), queries_each)
    queries = {kind: Queries(clouds, truth) for kind, clouds in kinds.items()}
    piles = None
    if segmented:
        found = segments_of_piles(kept, seed, drops_each=queries_each, progress=progress)
        piles = found.counts
        everything = np.ones(len(found.part), bool)
        for kind, chosen in (
            ("segmented", found.asked),
            ("segmented_all", everything),
            ("segmented_whole", found.whole),
        ):
            if chosen.any():
                clouds = [cloud for cloud, is_chosen in zip(found.clouds, chosen, strict=True) if is_chosen]
                queries[kind] = Queries(clouds, found.part[chosen])
    return RetrievalTask(
        gallery=gallery,
        partial=partial,
        queries=queries,
        names=[part.name for part in kept],
        categories=[part.category for part in kept],
        twins=indistinguishable(kept, seed, progress=progress),
        twins_scale_free=indistinguishable(kept, seed, scale_free=True, progress=progress),
        piles=piles,
        seed=seed,
        identity=_identity(asked_of, (__version__, seed, partial, full, queries_each, segmented and cut_by())),
        unseen=unseen,
        near_duplicates=[part.name for part, leave_out in zip(parts, repeated, strict=True) if leave_out],
    )


def _identity(parts: Sequence[PartMesh], settings: tuple[object, ...]) -> str:
    return sha256(repr((settings, [mesh_hash(part) for part in parts])).encode())[:16]
