"""Builds a source library: views of each part -> embeddings -> clusters -> networks -> thresholds -> sealed folder.

Everything that takes long lies in a work folder beside the library, one whole file or sealed folder a result, so that
a build that was killed goes on where it stopped. The same parts, encoder and seed give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from srclib_ros.artifact import MANIFEST, open_sealed
from srclib_ros.embedding import encoder
from srclib_ros.errors import ConfigError, TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.clustering import Clustering
from srclib_ros.library.entry import AUTO, POOLED, SCRATCH
from srclib_ros.library.search import fitting_size_weight
from srclib_ros.library.store import MODELS, Library
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.library_folder import LEAST_ENTRIES, Contents, entry_of, working_on, write_library
from srclib_ros.training.part_networks import TrainModel, given_networks, most_useful, train_networks
from srclib_ros.training.part_views import ViewPlan, see_parts
from srclib_ros.training.progress import Progress, silent

ALGORITHM = "hdbscan"


@dataclass(frozen=True)
class BuildPlan:
    """What a build is made of, besides parts and encoder.

    size_weight: see `search.distances`, None: what suits the encoder. networks: how many entries have a grasp network
    in the end, given ones included.
    """

    views: ViewPlan = field(default_factory=ViewPlan)
    size_weight: float | None = None
    networks: int = 0


def build_library(
    parts: Sequence[PartMesh],
    encoder_folder: Path,
    out: Path,
    seed: int,
    plan: BuildPlan | None = None,
    models: Sequence[Path] = (),
    train_model: TrainModel | None = None,
    progress: Progress = silent,
    jobs: Jobs | None = None,
    *,
    trained_as: str = "",
) -> Library:
    """Build the library of `parts` at `out`, replacing one that is there; returns it opened.

    models: sealed grasp model folders named as the parts they are of. train_model(part, folder): trains one and writes
    its sealed folder, itself resumable; needed when `plan.networks` asks for more than were given. jobs: where the
    work on single parts is done; one after another, here, when None. trained_as: names all else that `train_model`'s
    networks depend on (gripper, parts that lie among others); networks of a build that was named otherwise are left.
    Raises ConfigError, TrainingError, ComputeClusterError or ArtifactError.
    """
    out, plan, jobs = Path(out), plan or BuildPlan(), jobs or Jobs()
    _check(parts, out, plan)
    if jobs.in_threads and plan.networks > len(models):
        raise ConfigError(
            "networks cannot be trained in threads, which share torch's random numbers; give --backend loky instead"
        )
    open_sealed(encoder_folder, encoder.KIND, encoder.SCHEMA)
    with working_on(out) as work:
        gallery, queries = see_parts(parts, encoder_folder, plan.views, seed, work / "views", jobs, progress)
        contents = Contents(
            name=out.name,
            seed=seed,
            encoder_folder=encoder_folder,
            entries=tuple(entry_of(part, seed) for part in parts),
            gallery=gallery,
            queries=queries,
            networks=given_networks(models, [part.name for part in parts]),
            plan=plan.views,
            size_weight=fitting_size_weight(gallery.metric.shape[2]) if plan.size_weight is None else plan.size_weight,
        )
        clustering = contents.clustered(ALGORITHM, {})
        wanted = _without_network(parts, clustering, contents, plan.networks)
        if wanted and train_model is None:
            raise ConfigError("networks are asked for, but nothing is there to train them with")
        if wanted and train_model is not None:
            trained = train_networks(wanted, train_model, trained_as, work / MODELS, seed, jobs, progress)
            contents = contents.with_networks(trained)
        return write_library(contents, clustering, out, work)


def check_names(names: Sequence[str]) -> None:
    """Raises ConfigError for a name that occurs twice, or that cannot be a folder's."""
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ConfigError(f"two parts are named {twice[0]!r}; rename one of the files")
    unsafe = [name for name in names if name in (".", "..") or "/" in name or "\\" in name or not name]
    if unsafe:
        raise ConfigError(f"{unsafe[0]!r} cannot be a part's name; rename the file")
    taken = sorted({AUTO, SCRATCH, POOLED} & set(names))
    if taken:
        raise ConfigError(f"{taken[0]!r} is what a start is called that is no part's; rename the file, or give --name")


def _check(parts: Sequence[PartMesh], out: Path, plan: BuildPlan) -> None:
    if len(parts) < LEAST_ENTRIES:
        raise TrainingError(f"{len(parts)} parts: a library needs three at least to tell parts apart; add parts")
    check_names([part.name for part in parts])
    if out.exists() and not (out / MANIFEST).is_file() and any(out.iterdir()):
        raise ConfigError(f"{out}: holds something that is no library; choose another folder")
    if plan.networks > len(parts):
        raise ConfigError(f"{plan.networks} networks for {len(parts)} parts; ask for fewer")


def _without_network(
    parts: Sequence[PartMesh], clustering: Clustering, contents: Contents, networks: int
) -> list[PartMesh]:
    """Whose networks are to be trained, so that there are `networks` in all."""
    have = set(contents.networks)
    by_name = {part.name: part for part in parts}
    ranked = most_useful(clustering, list(by_name), have)
    return [by_name[name] for name in ranked if name not in have][: max(networks - len(have), 0)]
