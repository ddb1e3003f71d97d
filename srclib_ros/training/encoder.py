"""Trains a shape encoder of any kind on the views of parts, of stretched copies of them and of random shapes.

P x K batches of views that are cut on one side as neighbours in a bin hide them. Rotation needs no augmentation
beyond the views' own: the network's input is in its principal frame, and what that leaves open is pooled by the
network.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from srclib_ros import __version__
from srclib_ros.artifact import open_sealed, read_tensors, write_tensors
from srclib_ros.embedding.encoder import KIND, SCHEMA
from srclib_ros.embedding.kinds import make_kind, make_network
from srclib_ros.embedding.local_patches import PatchShape
from srclib_ros.embedding.point_pairs import PairShape
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.embedding.siamese.triplet import OFFLINE
from srclib_ros.errors import ArtifactDamagedError, ArtifactError, ArtifactMissingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.encoder_folder import write_encoder
from srclib_ros.training.fit_beside import check_beside, fit_beside
from srclib_ros.training.fit_encoder import Schedule, fit
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.shapes import RANDOM, random_shapes, stretched
from srclib_ros.training.views import ViewCounts, ViewSet, simulate_views
from srclib_ros.types import FloatArray

AT_ONCE = 50  # shapes whose views are stored together


@dataclass(frozen=True)
class EncoderTraining:
    """What an encoder is trained on and how; with the parts and the seed it decides every weight.

    kind: a name of `embedding.kinds.KINDS`, with its own `options`. random_shapes: beside the parts. siblings:
    stretched copies of each part. views: of each shape. stored_points: kept of each view. imbalance: exponent a of a
    power law, the n-th shape (in random order) has n^-a of the views that the first has; 0, all have as many.
    point_pairs, local_patches: beside the network's embedding; None, without.
    """

    kind: str = "siamese_supervised"
    options: Mapping[str, Any] = field(default_factory=dict)
    random_shapes: int = 1000
    siblings: int = 2
    views: ViewCounts = field(default_factory=ViewCounts)
    stored_points: int = 512
    imbalance: float = 0.0
    schedule: Schedule = field(default_factory=Schedule)
    shape: PointNetShape = field(default_factory=PointNetShape)
    point_pairs: PairShape | None = field(default_factory=PairShape)
    local_patches: PatchShape | None = field(default_factory=PatchShape)


def train_encoder(
    parts: Sequence[PartMesh],
    out: Path,
    seed: int,
    training: EncoderTraining | None = None,
    progress: Progress = silent,
    views_folder: Path | None = None,
) -> dict[str, Any]:
    """Train on `parts`, stretched copies of them and random shapes; write the sealed encoder folder `out`.

    Intermediate results lie beside it until it is done, so a killed training goes on where it stopped; one that is
    done is not done again. views_folder:
    where the simulated views are kept instead, for several trainings to share. Returns the manifest. Raises
    TrainingError.
    """
    out, training = Path(out), training or EncoderTraining()
    shapes = training_shapes(parts, training, seed)
    check_beside(training.point_pairs, training.local_patches, len(shapes))
    settings = asdict(training)
    made_from = _key(shapes, seed, settings, [shape.category for shape in shapes])
    done = _manifest_of(out, made_from)
    work = out.with_name(f".{out.name}.work")
    if done is not None:
        shutil.rmtree(work, ignore_errors=True)
        return done
    views = _views(shapes, training, seed, views_folder or work, progress)
    checkpoint = work / f"checkpoint_{made_from}.safetensors"
    torch.manual_seed(seed)
    kind = make_kind(training.kind, make_network(training.kind, training.shape), views.parts, training.options)
    mine_offline = training.options.get("mining") == OFFLINE
    loss = fit(kind, views, training.schedule, seed, checkpoint, progress, mine_offline)
    meta = {"seed": seed, "shapes": len(shapes), "training": settings, "made_from": made_from, "loss": loss}
    beside = fit_beside(training.point_pairs, training.local_patches, views, seed, progress)
    write_encoder(out, kind.network, meta, kind, beside)
    shutil.rmtree(work, ignore_errors=True)
    return open_sealed(out, KIND, SCHEMA)


def _manifest_of(out: Path, made_from: str) -> dict[str, Any] | None:
    """The manifest of the whole encoder in `out` that was made from the same."""
    try:
        manifest = open_sealed(out, KIND, SCHEMA)
    except ArtifactError:
        return None
    return manifest if manifest.get("made_from") == made_from else None


def training_shapes(parts: Sequence[PartMesh], training: EncoderTraining, seed: int) -> list[PartMesh]:
    """The parts, their stretched copies, and random shapes."""
    rng = np.random.default_rng(seed)
    copies = [stretched(part, f"{part.name}_{i}", rng) for part in parts for i in range(training.siblings)]
    return [*parts, *copies, *random_shapes(training.random_shapes, rng)]


def _views(shapes: Sequence[PartMesh], training: EncoderTraining, seed: int, work: Path, progress: Progress) -> ViewSet:
    """Views of all shapes, block by block from the work folder or simulated into it."""
    starts = range(0, len(shapes), AT_ONCE)
    blocks: list[FloatArray] = []
    for start in progress(starts, total=len(starts), label="views"):
        block = shapes[start : start + AT_ONCE]
        made_from = _key(block, seed, start, asdict(training.views), training.stored_points, "with normals")
        path = work / f"views_{made_from}.safetensors"
        try:
            points = read_tensors(path)["points"]
        except (ArtifactMissingError, ArtifactDamagedError, KeyError):
            rng = np.random.default_rng([seed, start])
            points = simulate_views(block, training.views, training.stored_points, rng)
            write_tensors(path, {"points": points})
        blocks.append(points)
    _, families = np.unique([shape.category for shape in shapes], return_inverse=True)
    alone = np.array([shape.category in ("", RANDOM) for shape in shapes])
    families[alone] = families.max() + 1 + np.arange(alone.sum())
    return ViewSet(
        np.concatenate(blocks),
        training.views.each,
        training.views.full,
        families.astype(np.int64),
        _available(len(shapes), training, seed) if training.imbalance else None,
    )


def _available(shapes: int, training: EncoderTraining, seed: int) -> npt.NDArray[np.int64]:
    """How many views each shape has in an imbalanced training set."""
    rank = 1 + np.random.default_rng([seed, shapes]).permutation(shapes)
    return np.maximum(2, np.rint(training.views.each * rank**-training.imbalance)).astype(np.int64)


def _key(shapes: Sequence[PartMesh], *settings: Any) -> str:
    """Names an intermediate result after everything that it was made from."""
    made_from = hashlib.sha256(repr((__version__, settings)).encode())
    for shape in shapes:
        made_from.update(shape.vertices.astype("<f8").tobytes())
        made_from.update(shape.faces.astype("<i4").tobytes())
    return made_from.hexdigest()[:20]
