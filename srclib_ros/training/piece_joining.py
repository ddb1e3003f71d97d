"""Trains what joins pieces of one part, and what tells segments that are one whole part, on simulated piles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros import __version__
from srclib_ros.artifact import read_tensors, sha256, write_json, write_tensors
from srclib_ros.captures.scene_folder import RecordedScene
from srclib_ros.config import PipelineConfig
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.segmentation.completeness import FEATURES as SEGMENT_FEATURES
from srclib_ros.segmentation.evaluation import are_whole
from srclib_ros.segmentation.instances import pieces_of
from srclib_ros.segmentation.joining import PAIRS, SEGMENTS, join_pieces
from srclib_ros.segmentation.pieces import FEATURES as PAIR_FEATURES
from srclib_ros.segmentation.pieces import neighbouring_pairs
from srclib_ros.segmentation.trees import BoostedTrees
from srclib_ros.training.boosted_trees import Examples, Growth, grown
from srclib_ros.training.filmed_piles import Piles
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.progress import Progress, silent
from srclib_ros.types import IntArray, Matrix

PURE = 0.7  # of a piece's pixels show one part, or it teaches nothing
FULL_WEIGHT_PX = 150  # smaller pieces count less
LEAST_EXAMPLES = 50
AT_ONCE = 20


@dataclass(frozen=True)
class JoiningTraining:
    """piles: to learn pairs from, and as many others for whole segments. random_shapes: see `filmed_piles.Piles`."""

    random_shapes: int = 600
    piles: int = 1800
    pairs: Growth = field(default_factory=Growth)
    segments: Growth = field(default_factory=lambda: Growth(trees=200, learning_rate=0.05, leaves=16, l2=5.0))


def train_joining(
    parts: Sequence[PartMesh],
    out: Path,
    seed: int,
    training: JoiningTraining | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write the trees that `joining.PieceJoiner` loads to `out`, and what they were trained on, a JSON, beside it.

    Examples lie beside it until they are written, so a killed training goes on where it stopped. Returns
    what the JSON says. Raises TrainingError.
    """
    out, training = Path(out), training or JoiningTraining()
    work = _Work(parts, training, out.with_name(f".{out.name}.work"), seed, progress)
    of_piles = training.random_shapes, training.piles
    pairs = work.examples(PAIRS, pair_examples, _made_from(parts, seed, *of_piles))
    join = grown(pairs, seed, training.pairs)
    of_join = _made_from(parts, seed, *of_piles, training.pairs)
    segments = work.examples(SEGMENTS, partial(segment_examples, join=join), of_join)
    judge = grown(segments, seed, training.segments)
    about = {
        "pairs": len(pairs.yes),
        "of_one_part": float(pairs.yes.mean()),
        "segments": len(segments.yes),
        "whole": float(segments.yes.mean()),
        "training": asdict(training),
        "seed": seed,
        "code_version": __version__,
        "made_from": _made_from(parts, seed, training),
    }
    write_json(out.with_suffix(".json"), about)
    write_tensors(out, join.stored(PAIRS, PAIR_FEATURES) | judge.stored(SEGMENTS, SEGMENT_FEATURES))
    shutil.rmtree(work.folder, ignore_errors=True)
    return about


def pair_examples(scene: RecordedScene) -> Examples:
    """Every pair of neighbouring pieces of a filmed pile: are they of one part?"""
    pieces, crop = pieces_of(scene.cloud, scene.bin, PipelineConfig())
    pairs = neighbouring_pairs(pieces)
    if not len(pairs.labels):
        return Examples.none(len(PAIR_FEATURES))
    shown = _shown(pieces.labels, scene.instance_ids[crop], int(scene.instance_ids.max()) + 1)
    instance, pixels = shown.argmax(axis=1), shown.sum(axis=1)
    pure = (instance > 0) & (shown.max(axis=1) > PURE * pixels)
    telling = pure[pairs.labels].all(axis=1)
    first, second = pairs.labels[telling].T
    weight = np.minimum(pixels[first] / FULL_WEIGHT_PX, 1.0)
    return Examples(pairs.features[telling], instance[first] == instance[second], weight.astype(np.float32))


def segment_examples(scene: RecordedScene, join: BoostedTrees) -> Examples:
    """Every segment of a filmed pile, joined by these trees: is it the whole of what is seen of its part?"""
    pieces, crop = pieces_of(scene.cloud, scene.bin, PipelineConfig())
    features = join_pieces(pieces, join, PipelineConfig().segmentation)
    instances = int(scene.instance_ids.max()) + 1
    returned = np.bincount(scene.instance_ids[np.isfinite(scene.cloud.xyz[..., 2])], minlength=instances)
    shown = _shown(pieces.labels, scene.instance_ids[crop], instances)[1:]
    return Examples(features, are_whole(shown, returned), np.ones(len(features), np.float32))


def _shown(labels: IntArray, instance_ids: IntArray, instances: int) -> Matrix:
    """(L, I) how many pixels of each label show each instance."""
    shown = np.zeros((int(labels.max()) + 1, instances))
    np.add.at(shown, (labels.ravel(), instance_ids.ravel()), 1)
    return shown


@dataclass(frozen=True, eq=False)
class _Work:
    """Examples of as many piles as asked for, kept in `folder` block by block; each kind has piles of its own."""

    parts: Sequence[PartMesh]
    training: JoiningTraining
    folder: Path
    seed: int
    progress: Progress

    def examples(self, kind: str, of_scene: Callable[[RecordedScene], Examples], made_from: str) -> Examples:
        """made_from: names what they depend on besides the piles. Raises TrainingError."""
        starts = range(0, self.training.piles, AT_ONCE)
        blocks = []
        for start in self.progress(starts, total=len(starts), label=f"piles for {kind}"):
            path = self.folder / f"{kind}_{made_from}_{start}.safetensors"
            try:
                tensors = read_tensors(path)
            except (ArtifactMissingError, ArtifactDamagedError):
                numbers = range(start, min(start + AT_ONCE, self.training.piles))
                scenes = (self._piles.filmed(number, self._rng(kind, number)) for number in numbers)
                tensors = _concatenated([of_scene(scene) for scene in scenes if scene is not None])
                write_tensors(path, tensors)
            blocks.append(Examples(**tensors))
        examples = Examples(**_concatenated(blocks))
        name = {PAIRS: "pairs of pieces", SEGMENTS: "segments"}[kind]
        if len(examples.yes) < LEAST_EXAMPLES:
            raise TrainingError(f"{len(examples.yes)} {name} to learn from; give more parts or more piles")
        if len(np.unique(examples.yes)) < 2:
            raise TrainingError(f"all {name} to learn from are alike; give other parts or more piles")
        return examples

    @cached_property
    def _piles(self) -> Piles:
        return Piles.of(self.parts, self.training.random_shapes, self.seed)

    def _rng(self, kind: str, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, number, (PAIRS, SEGMENTS).index(kind)])


def _concatenated(examples: Sequence[Examples]) -> dict[str, npt.NDArray[Any]]:
    if not examples:
        return {"features": np.zeros((0, 0), np.float32), "yes": np.zeros(0, bool), "weight": np.zeros(0, np.float32)}
    told = [one for one in examples if len(one.yes)] or list(examples[:1])
    return {
        "features": np.concatenate([one.features for one in told]),
        "yes": np.concatenate([one.yes for one in told]),
        "weight": np.concatenate([one.weight for one in told]),
    }


def _made_from(parts: Sequence[PartMesh], seed: int, *settings: object) -> str:
    """A hash of parts and settings; constants count as of the code's version."""
    how = f"{__version__} {seed} {settings} {PipelineConfig()} {PAIR_FEATURES} {SEGMENT_FEATURES}"
    return sha256(f"{how} {[mesh_hash(part) for part in parts]}".encode())[:16]
