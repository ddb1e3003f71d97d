"""Builds a source library: views of each part -> embeddings -> clusters -> thresholds -> networks -> sealed folder.

Everything that takes long lies in a work folder beside the library, one whole file or sealed folder a result, so that
a build that was killed goes on where it stopped. The library is put together and sealed there and then moved to its
place in one step: a reader sees the old one, the new one or none. The same parts, encoder and seed give the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srclib_ros import __version__
from srclib_ros.artifact import MANIFEST, open_sealed, read_tensors, seal, sha256, write_json, write_tensors
from srclib_ros.embedding.encoder import Descriptors, Encoder
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, ConfigError, TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping import model as grasp_model
from srclib_ros.library.clustering import Clustering, Parts, hdbscan, part_distances
from srclib_ros.library.entry import NOISE, Entry
from srclib_ros.library.search import Gallery
from srclib_ros.library.store import ENCODER, ENTRIES, GALLERY, KIND, MODELS, SCHEMA, Library
from srclib_ros.training.calibration import calibrate
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.views import cut_one_side, full_clouds, partial_clouds

TrainModel = Callable[[PartMesh, Path], None]


@dataclass(frozen=True)
class BuildPlan:
    """What a build is made of, besides parts and encoder.

    partial_views, full_views: remembered of each part. queries: simulated of each part to set the thresholds by, half
    of them with up to `hidden_share` of their points hidden on one side. size_weight: see `search.distances`.
    networks: how many entries have a grasp network in the end, given ones included.
    """

    partial_views: int = 40
    full_views: int = 4
    queries: int = 8
    hidden_share: float = 0.3
    size_weight: float = 0.5
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
) -> Library:
    """Build the library of `parts` at `out`, replacing one that is there; returns it opened.

    models: sealed grasp model folders named as the parts they are of. train_model(part, folder): trains one and writes
    its sealed folder, itself resumable; needed when `plan.networks` asks for more than were given.
    Raises ConfigError, TrainingError or ArtifactError.
    """
    out, plan = Path(out), plan or BuildPlan()
    _check(parts, out, plan)
    work = work_folder(out)
    encoder = Encoder.load(encoder_folder)
    gallery, queries = _views(parts, encoder, plan, seed, work / "views", progress)
    clustering = hdbscan(Parts(part_distances(gallery)))
    thresholds = calibrate(gallery, _kinds(parts, clustering), queries, plan.queries, plan.size_weight)
    networks = _networks(parts, clustering, plan, models, train_model, work / MODELS, seed, progress)

    assembled = work / "assembled"
    shutil.rmtree(assembled, ignore_errors=True)
    shutil.copytree(encoder_folder, assembled / ENCODER)
    for name, folder in networks.items():
        shutil.copytree(folder, assembled / MODELS / name, ignore=shutil.ignore_patterns(".*"))
    entries = [_entry(row, part, clustering, part.name in networks, seed) for row, part in enumerate(parts)]
    write_json(assembled / ENTRIES, [entry.to_json() for entry in entries])
    write_tensors(assembled / GALLERY, {"embeddings": gallery.embeddings, "size_m": gallery.size_m})
    meta = {
        "name": out.name,
        "seed": seed,
        "code_version": __version__,
        "encoder": encoder.id,
        "size_weight": plan.size_weight,
        "views": {"partial": plan.partial_views, "full": plan.full_views},
        "clustering": {"algorithm": clustering.algorithm, **clustering.parameters},
        "thresholds": thresholds.to_json(),
        "parts": sha256("".join(mesh_hash(part) for part in parts).encode()),
    }
    seal(assembled, KIND, SCHEMA, meta)
    _swap(assembled, out, work)
    return Library.open(out)


def work_folder(out: Path) -> Path:
    """Where a build of `out` keeps its intermediate results."""
    return out.with_name(f".{out.name}.work")


def mesh_hash(part: PartMesh) -> str:
    """Tells parts apart by name, category and surface."""
    surface = part.vertices.astype("<f8").tobytes() + part.faces.astype("<i4").tobytes()
    return sha256(f"{part.name}\0{part.category}\0".encode() + surface)


def _check(parts: Sequence[PartMesh], out: Path, plan: BuildPlan) -> None:
    names = [part.name for part in parts]
    if len(parts) < 3:
        raise TrainingError(f"{len(parts)} parts: a library needs three at least to tell parts apart; add parts")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two parts are named {twice[0]!r}; rename one of the files")
    unsafe = [name for name in names if name in (".", "..") or "/" in name or "\\" in name or not name]
    if unsafe:
        raise ConfigError(f"{unsafe[0]!r} cannot be a part's name; rename the file")
    if out.exists() and not (out / MANIFEST).is_file() and any(out.iterdir()):
        raise ConfigError(f"{out}: holds something that is no library; choose another folder")
    if plan.networks > len(parts):
        raise ConfigError(f"{plan.networks} networks for {len(parts)} parts; ask for fewer")


def _views(
    parts: Sequence[PartMesh], encoder: Encoder, plan: BuildPlan, seed: int, folder: Path, progress: Progress
) -> tuple[Gallery, Descriptors]:
    """What is remembered of the parts, and queries to set thresholds by, `plan.queries` of one after another."""
    seen = [_described(part, encoder, plan, seed, folder) for part in progress(parts, total=len(parts), label="views")]
    embeddings, size_m = np.stack([part.embeddings for part in seen]), np.stack([part.size_m for part in seen])
    remembered = plan.partial_views + plan.full_views
    gallery = Gallery(embeddings[:, :remembered], size_m[:, :remembered])
    return gallery, Descriptors(embeddings[:, remembered:].reshape(-1, encoder.dim), size_m[:, remembered:].ravel())


def _kinds(parts: Sequence[PartMesh], clustering: Clustering) -> list[str]:
    """Of each part its category, else its cluster, "" when it is alone."""
    return [
        part.category or ("" if label == NOISE else f"cluster {label}")
        for part, label in zip(parts, clustering.labels, strict=True)
    ]


def _described(part: PartMesh, encoder: Encoder, plan: BuildPlan, seed: int, folder: Path) -> Descriptors:
    """Gallery views and then threshold queries of one part, from the work folder when they are there."""
    key = sha256(
        f"{mesh_hash(part)} {encoder.id} {seed} {plan.partial_views} {plan.full_views} {plan.queries} "
        f"{plan.hidden_share}".encode()
    )[:24]
    path = folder / f"{key}.safetensors"
    try:
        tensors = read_tensors(path)
        return Descriptors(tensors["embeddings"], tensors["size_m"])
    except (ArtifactMissingError, ArtifactDamagedError, KeyError):
        pass
    rng = np.random.default_rng([seed, int(mesh_hash(part)[:12], 16)])
    clouds = partial_clouds(part, plan.partial_views, rng) + full_clouds(part, plan.full_views, rng)
    for number, cloud in enumerate(partial_clouds(part, plan.queries, rng)):
        hidden = float(rng.uniform(0.0, plan.hidden_share)) if number % 2 else 0.0
        clouds.append(cut_one_side(cloud, hidden, rng))
    found = encoder.describe(clouds)
    write_tensors(path, {"embeddings": found.embeddings, "size_m": found.size_m})
    return found


def _networks(
    parts: Sequence[PartMesh],
    clustering: Clustering,
    plan: BuildPlan,
    models: Sequence[Path],
    train_model: TrainModel | None,
    folder: Path,
    seed: int,
    progress: Progress,
) -> dict[str, Path]:
    """Name of the entry -> sealed grasp model: the given ones, then trained ones up to `plan.networks`."""
    by_name = {part.name: part for part in parts}
    folders: dict[str, Path] = {}
    for model in map(Path, models):
        if model.name not in by_name:
            raise ConfigError(f"{model}: no part is named {model.name!r}; a model's folder has the name of its part")
        open_sealed(model, grasp_model.KIND, grasp_model.SCHEMA)
        folders[model.name] = model
    wanted = [
        name for name in most_useful(clustering, [part.name for part in parts], set(folders)) if name not in folders
    ][: max(plan.networks - len(folders), 0)]
    if wanted and train_model is None:
        raise ConfigError("networks are asked for, but nothing is there to train them with")
    for name in progress(wanted, total=len(wanted), label="networks"):
        target = folder / sha256(f"{seed} {mesh_hash(by_name[name])}".encode())[:12] / name
        if train_model is not None and not (target / MANIFEST).is_file():
            train_model(by_name[name], target)
        open_sealed(target, grasp_model.KIND, grasp_model.SCHEMA)
        folders[name] = target
    return folders


def most_useful(clustering: Clustering, names: Sequence[str], have: set[str]) -> list[str]:
    """Who should have a network, the most useful first: representatives of the largest clusters that have none yet,
    then those of the others, then parts in no cluster, then everyone else."""
    labels = clustering.labels
    covered = {int(labels[row]) for row, name in enumerate(names) if name in have} - {NOISE}
    medoid = set(clustering.representatives.values())

    def usefulness(row: int) -> tuple[bool, bool, int, int]:
        label = int(labels[row])
        alone = label == NOISE
        return (row not in medoid or label in covered, not alone, -int((labels == label).sum()) * (not alone), row)

    return [names[row] for row in sorted(range(len(names)), key=usefulness)]


def _entry(row: int, part: PartMesh, clustering: Clustering, has_model: bool, seed: int) -> Entry:
    label = int(clustering.labels[row])
    x, y, z = part.extents_m.tolist()
    return Entry(
        name=part.name,
        category=part.category,
        diameter_m=part.diameter_m,
        extents_m=(x, y, z),
        cluster=label,
        strength=float(clustering.strengths[row]),
        is_representative=clustering.representatives.get(label) == row,
        model=f"{MODELS}/{part.name}" if has_model else None,
        provenance=f"mesh {mesh_hash(part)[:16]}, views simulated with seed {seed}",
    )


def _swap(assembled: Path, out: Path, work: Path) -> None:
    """Move the finished library to its place."""
    old = work / "replaced"
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    assembled.rename(out)
    shutil.rmtree(old, ignore_errors=True)
