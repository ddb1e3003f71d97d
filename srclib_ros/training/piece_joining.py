"""Trains what joins pieces of one part: gradient boosted trees over neighbouring segments of simulated piles."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros import __version__
from srclib_ros.artifact import read_tensors, sha256, write_json, write_tensors
from srclib_ros.config import PipelineConfig
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, SimulationError, TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.transforms import look_at
from srclib_ros.segmentation.instances import segment
from srclib_ros.segmentation.joining import FEATURES_HASH
from srclib_ros.segmentation.organised import concave_fold
from srclib_ros.segmentation.pieces import FEATURES, GAP_PX, neighbouring_pairs
from srclib_ros.simulation.camera import CameraNoise
from srclib_ros.simulation.cell import BIN_SIZE_M, film
from srclib_ros.simulation.falling import falling
from srclib_ros.simulation.pile import BinPhysics
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.shapes import random_shapes, simple_shapes
from srclib_ros.types import FloatArray, Matrix

PURE = 0.7  # of a piece's pixels show one part, or it teaches nothing
WHOLE_WEIGHT_PX = 150  # smaller pieces count less
FILL = (0.3, 1.2)  # squared diameters of a pile over the floor's area
PILE = (3, 14)
LEAST_PAIRS = 50
HEIGHT_M, STEEP_RAD, SLANT_RAD = (0.55, 1.0), 0.15, 0.8
NOISE = (0.7, 2.5)  # times the camera's own
AT_ONCE = 20
NODES = 31


@dataclass(frozen=True)
class JoiningTraining:
    """piles: a third of parts, a third of random shapes, a third of simple ones, which have no pieces; half of each
    are of one kind. random_shapes: of how many, and half as many simple ones. trees: of up to 16 leaves each."""

    random_shapes: int = 300
    piles: int = 900
    trees: int = 120
    learning_rate: float = 0.06


@dataclass(frozen=True, eq=False)
class Examples:
    """features: (M, F). same: (M,) bool, pieces of one part. weight: (M,)."""

    features: FloatArray
    same: npt.NDArray[np.bool_]
    weight: FloatArray


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
    examples = _all_examples(parts, out.with_name(f".{out.name}.work"), seed, training, progress)
    if len(examples.same) < LEAST_PAIRS or len(np.unique(examples.same)) < 2:
        raise TrainingError(f"{len(examples.same)} pairs of pieces to learn from; give more parts or more piles")
    about = {
        "pairs": len(examples.same),
        "of_one_part": float(examples.same.mean()),
        "training": asdict(training),
        "seed": seed,
        "code_version": __version__,
        "made_from": _made_from(parts, seed, training),
    }
    write_json(out.with_suffix(".json"), about)
    write_tensors(out, grown_trees(examples, seed, training))
    shutil.rmtree(out.with_name(f".{out.name}.work"), ignore_errors=True)
    return about


def grown_trees(examples: Examples, seed: int, training: JoiningTraining) -> dict[str, npt.NDArray[Any]]:
    """The tensors of a `joining.PieceJoiner`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    grown: Any = HistGradientBoostingClassifier(
        max_iter=training.trees,
        learning_rate=training.learning_rate,
        max_leaf_nodes=(NODES + 1) // 2,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    grown.fit(examples.features, examples.same, sample_weight=examples.weight)
    shape = training.trees, NODES
    feature, threshold, value = np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    left, right = (np.tile(np.arange(NODES, dtype=np.int32), (training.trees, 1)) for _ in range(2))
    for tree, (predictor,) in enumerate(grown._predictors):  # scikit-learn shows its trees nowhere else
        nodes = predictor.nodes
        inner = np.flatnonzero(nodes["is_leaf"] == 0)
        feature[tree, inner] = nodes["feature_idx"][inner]
        # features are float32, so a threshold that rounds down keeps every pair on its side
        threshold[tree, inner] = _rounded_down(nodes["num_threshold"][inner])
        left[tree, inner], right[tree, inner] = nodes["left"][inner], nodes["right"][inner]
        value[tree, : len(nodes)] = np.where(nodes["is_leaf"], nodes["value"], 0.0)
    start = np.asarray(grown._baseline_prediction, np.float32).reshape(1)
    names = np.frombuffer(FEATURES_HASH, np.uint8)
    return {
        "features": names,
        "feature": feature,
        "threshold": threshold,
        "left": left,
        "right": right,
        "value": value,
        "start": start,
    }


def pile_examples(bodies: Sequence[tuple[PartMesh, PartMesh]], single: bool, rng: np.random.Generator) -> Examples:
    """Pairs of pieces of one pile. bodies: what is filmed, and what falls in its place. single: all of one kind."""
    chosen = [int(rng.integers(len(bodies)))] * PILE[1] if single else rng.integers(len(bodies), size=PILE[1]).tolist()
    room = rng.uniform(*FILL) * BIN_SIZE_M[0] * BIN_SIZE_M[1]
    filled = np.cumsum([bodies[index][0].diameter_m ** 2 for index in chosen])
    chosen = chosen[: int(np.clip(np.searchsorted(filled, room), *PILE))]
    try:
        placed = BinPhysics([bodies[index][1] for index in chosen], BIN_SIZE_M).drop(rng)
    except SimulationError:
        return _nothing()
    lying = [(bodies[chosen[number]][0], T_bin_object) for number, T_bin_object in placed]
    noise = replace(CameraNoise(), axial_m_at_1m=CameraNoise().axial_m_at_1m * rng.uniform(*NOISE))
    filmed = film(lying, T_bin_camera=_camera(rng), noise=noise, rng=rng)
    config = PipelineConfig()
    in_pieces = replace(config, segmentation=replace(config.segmentation, join_probability=1.0, min_points=10))
    scene = segment(filmed.cloud, filmed.bin, in_pieces)
    points, normals = (np.ascontiguousarray(np.moveaxis(of, -1, 0)) for of in (scene.points_bin, scene.normals_bin))
    pairs = neighbouring_pairs(scene.labels, points, normals, concave_fold(points, normals))
    if not len(pairs.labels):
        return _nothing()
    shown = np.zeros((int(scene.labels.max()) + 1, int(filmed.instance_ids.max()) + 1))
    np.add.at(shown, (scene.labels.ravel(), filmed.instance_ids.ravel()), 1)
    instance, pixels = shown.argmax(axis=1), shown.sum(axis=1)
    pure = (instance > 0) & (shown.max(axis=1) > PURE * pixels)
    telling = pure[pairs.labels].all(axis=1)
    first, second = pairs.labels[telling].T
    weight = np.minimum(pixels[first] / WHOLE_WEIGHT_PX, 1.0)
    return Examples(pairs.features[telling], instance[first] == instance[second], weight.astype(np.float32))


def _made_from(parts: Sequence[PartMesh], seed: int, training: JoiningTraining) -> str:
    """Names the examples after everything that they are made from."""
    how = f"{__version__} {seed} {training} {FEATURES} {GAP_PX} {PipelineConfig().segmentation}"
    return sha256(f"{how} {[mesh_hash(part) for part in parts]}".encode())[:16]


def _camera(rng: np.random.Generator) -> Matrix:
    """T_bin_camera above the bin, or of one in three aslant, as above a table."""
    height_m, azimuth_rad = rng.uniform(*HEIGHT_M), rng.uniform(0.0, 2.0 * np.pi)
    tilt_rad = rng.uniform(0.0, STEEP_RAD if rng.random() < 2 / 3 else SLANT_RAD)
    away_m = height_m * np.tan(tilt_rad)
    at = (away_m * np.cos(azimuth_rad), away_m * np.sin(azimuth_rad), height_m)
    return look_at(at, (0.0, 0.0, 0.03), up=(0.0, 1.0, 0.0))


def _all_examples(
    parts: Sequence[PartMesh], work: Path, seed: int, training: JoiningTraining, progress: Progress
) -> Examples:
    rng = np.random.default_rng(seed)
    shapes, simple = random_shapes(training.random_shapes, rng), simple_shapes(max(1, training.random_shapes // 2), rng)
    made_from = _made_from(parts, seed, training)
    falling: list[list[tuple[PartMesh, PartMesh]]] = []
    blocks: list[Examples] = []
    for start in progress(range(0, training.piles, AT_ONCE), total=-(-training.piles // AT_ONCE), label="piles"):
        path = work / f"{made_from}_{start}.safetensors"
        try:
            tensors = read_tensors(path)
        except (ArtifactMissingError, ArtifactDamagedError):
            falling = falling or [_falling(parts), _falling(shapes), _falling(simple)]
            piles = range(start, min(start + AT_ONCE, training.piles))
            tensors = _joined(
                [pile_examples(falling[pile % 3], pile % 2 > 0, np.random.default_rng([seed, pile])) for pile in piles]
            )
            write_tensors(path, tensors)
        blocks.append(Examples(**tensors))
    return Examples(**_joined(blocks))


def _joined(examples: Sequence[Examples]) -> dict[str, npt.NDArray[Any]]:
    return {
        "features": np.concatenate([one.features for one in examples]),
        "same": np.concatenate([one.same for one in examples]),
        "weight": np.concatenate([one.weight for one in examples]),
    }


def _falling(parts: Sequence[PartMesh]) -> list[tuple[PartMesh, PartMesh]]:
    bodies = falling(parts).bodies
    if not bodies:
        raise TrainingError("none of the parts can fall into the bin; give parts of 20 to 200 mm")
    return [(parts[row], body) for row, body in bodies.items()]


def _nothing() -> Examples:
    return Examples(np.zeros((0, len(FEATURES)), np.float32), np.zeros(0, bool), np.zeros(0, np.float32))


def _rounded_down(values: npt.NDArray[np.float64]) -> FloatArray:
    single = values.astype(np.float32)
    return np.where(single > values, np.nextafter(single, np.float32(-np.inf)), single)
