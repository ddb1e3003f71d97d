"""What a library remembers of a part, and the queries that thresholds are set by: simulated views, embedded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srclib_ros.artifact import MANIFEST, read_tensors, resolve_inside, sha256, write_atomic, write_tensors
from srclib_ros.embedding.encoder import Descriptors, Encoder, encoder_id
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.search import Gallery
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.progress import Progress
from srclib_ros.training.views import cut_one_side, full_clouds, partial_clouds

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class ViewPlan:
    """Views of each part.

    partial_views, full_views: remembered. queries: simulated to set the thresholds by, half of them with up to
    `hidden_share` of their points hidden on one side.
    """

    partial_views: int = 80
    full_views: int = 4
    queries: int = 8
    hidden_share: float = 0.3


def see_parts(
    parts: Sequence[PartMesh],
    encoder_folder: Path,
    plan: ViewPlan,
    seed: int,
    cache: Path,
    jobs: Jobs,
    progress: Progress,
) -> tuple[Gallery, Gallery]:
    """What is remembered of the parts, (E, V), and their queries, (E, Q).

    cache: folder of a file a part, written as each is done; those that are there are taken from it.
    """
    files = folder_files(encoder_folder)
    places = [cache / f"{_key(part, encoder_id(encoder_folder), plan, seed)}.safetensors" for part in parts]
    seen = [_kept(place) for place in places]
    missing = [row for row, kept in enumerate(seen) if kept is None]
    tasks = [(parts[row], files, plan, seed) for row in missing]
    for index, found in jobs.each(describe_part, tasks, progress, "views"):
        row = missing[index]
        write_tensors(places[row], vars(found) | {"dims": np.array(found.dims, np.int32)})
        seen[row] = found
    remembered = plan.partial_views + plan.full_views
    described = Descriptors.concatenated([part for part in seen if part is not None])
    every = Gallery.of(described, remembered + plan.queries)
    return every[:, :remembered], every[:, remembered:]


def describe_part(part: PartMesh, encoder_files: Files, plan: ViewPlan, seed: int) -> Descriptors:
    """The views to remember and then the queries of one part; the same wherever it runs."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), encoder_files)
        encoder = Encoder.load(Path(folder), threads=1)
    rng = np.random.default_rng([seed, int(mesh_hash(part)[:12], 16)])
    clouds = partial_clouds(part, plan.partial_views, rng) + full_clouds(part, plan.full_views, rng)
    for number, cloud in enumerate(partial_clouds(part, plan.queries, rng)):
        hidden = float(rng.uniform(0.0, plan.hidden_share)) if number % 2 else 0.0
        clouds.append(cut_one_side(cloud, hidden, rng))
    return encoder.describe(clouds)


def mesh_hash(part: PartMesh) -> str:
    """Tells parts apart by name, category and surface."""
    surface = part.vertices.astype("<f8").tobytes() + part.faces.astype("<i4").tobytes()
    return sha256(f"{part.name}\0{part.category}\0".encode() + surface)


def folder_files(folder: Path) -> Files:
    """Name -> bytes of each file of a sealed folder, to send it where its path is not known."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def write_files(folder: Path, files: Files) -> None:
    """The counterpart of `folder_files`; the manifest last, so that half a folder is none. Raises UnsafePathError."""
    for name in sorted(files, key=lambda name: name == MANIFEST):
        write_atomic(resolve_inside(folder, name), files[name])


def _key(part: PartMesh, encoder: str, plan: ViewPlan, seed: int) -> str:
    counts = f"{plan.partial_views} {plan.full_views} {plan.queries} {plan.hidden_share}"
    return sha256(f"{mesh_hash(part)} {encoder} {seed} {counts}".encode())[:24]


def _kept(place: Path) -> Descriptors | None:
    try:
        tensors = read_tensors(place)
        dims = tuple(tensors["dims"].tolist())
        return Descriptors(tensors["embeddings"], tensors["size_m"], tensors["metric"], dims)
    except (ArtifactMissingError, ArtifactDamagedError, KeyError):
        return None
