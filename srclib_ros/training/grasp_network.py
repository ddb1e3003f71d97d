"""From a mesh to a sealed grasp model: simulate piles, train the network on them, measure it on others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros import __version__
from srclib_ros.artifact import MANIFEST, open_sealed, read_json, seal, sha256, write_atomic, write_json
from srclib_ros.errors import TrainingError
from srclib_ros.geometry.closing import closed
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import CONFIG, KIND, ONNX, SCHEMA, GraspModel
from srclib_ros.grasping.network import GridNetwork
from srclib_ros.grasping.object_model import FILE, describe, save_object
from srclib_ros.training.candidate_trials import candidates_that_hold
from srclib_ros.training.curve_picture import draw_curve
from srclib_ros.training.fit_grasp_network import Fitted, fit_grasp_network, onnx_bytes
from srclib_ros.training.grasp_evaluation import evaluate
from srclib_ros.training.grasp_labels import LABELS
from srclib_ros.training.grasp_scenes import GraspScene, SceneSource
from srclib_ros.training.grasp_schedule import GraspSchedule
from srclib_ros.training.grasp_stream import SceneStream
from srclib_ros.training.grasp_watch import GraspWatch
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.start import MODES, ZERO_SHOT, ChooseStart, Start, fell_behind
from srclib_ros.types import Matrix

STEPS_PER_MINUTE = 600
"""What one core of a small machine manages. Steps are counted, not minutes: the same seed gives the same network."""
MINUTES, SCENES = 9.0, 648
MINUTES_FROM_SOURCE, SCENES_FROM_SOURCE = 1.5, 144
VALIDATION_SCENES = 24
CURVE, SCENES_FOLDER = "curve.png", "scenes"
FIRST_VALIDATION_SCENE = 100_008  # the first of a bin


@dataclass(frozen=True)
class Starting:
    """How a training is to begin. choose: what to start from, of the part and some scenes of it. asked: for the record.
    mode: of `start.MODES`. minutes, scenes: of a training that begins from a source. slow: loss by step of slow
    networks from scratch; a start that falls behind them is given up for scratch.
    """

    choose: ChooseStart
    asked: str
    mode: str
    minutes: float
    scenes: int
    slow: Mapping[int, float] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Of a training that begins from a source; zero-shot takes none."""
        return 0 if self.mode == ZERO_SHOT else steps_in(self.minutes)


def steps_in(minutes: float) -> int:
    """Optimiser steps, one at least."""
    return max(1, round(minutes * STEPS_PER_MINUTE))


def train_grasp_model(
    mesh: PartMesh,
    distractors: Sequence[PartMesh],
    gripper: Gripper,
    out: Path,
    *,
    minutes: float = MINUTES,
    scenes: int = SCENES,
    validation_scenes: int = VALIDATION_SCENES,
    seed: int = 0,
    cache: Path | None = None,
    starting: Starting | None = None,
    progress: Progress = silent,
) -> Path:
    """Train the grasp network of one part; returns `out`, a sealed model folder named in its config after the part.

    distractors: parts of other categories that lie among its copies in half of the bins. minutes: of training from
    scratch at most, in steps of STEPS_PER_MINUTE; scenes are simulated on another core meanwhile. cache: folder of
    scenes, checkpoint and a picture of the curve, beside `out` when None; kept, so that a killed training goes on, and
    a longer one starts with its scenes there. starting: from which source to begin; None: from scratch. A folder that
    holds the outcome already is left as it is; one that holds another is refused. Raises MeshError for a mesh that
    encloses no volume, TrainingError, SimulationError, GripperError, ArtifactError.
    """
    out = Path(out)
    mesh = closed(mesh)
    schedule = GraspSchedule(steps=steps_in(minutes))
    training = {"seed": seed, "scenes": scenes, "labels": LABELS, **dataclasses.asdict(schedule)}
    training["frozen"] = list(schedule.frozen)
    if starting is not None:
        training["start"] = f"{starting.asked} {starting.mode} {starting.minutes} {starting.scenes}"
    training["mesh"] = mesh_hash(mesh)
    if (out / MANIFEST).is_file():
        _check_same(out, mesh, gripper, training)
        return out
    if out.exists() and {path.name for path in out.iterdir()} - {ONNX, FILE, CONFIG}:
        raise TrainingError(f"{out}: holds something that is no grasp model; choose another folder")
    cache = Path(cache) if cache is not None else cache_of(out)
    part = describe(mesh, gripper, np.random.default_rng(seed), choose=partial(candidates_that_hold, progress=progress))
    if not len(part.candidates):
        raise TrainingError(
            f"{mesh.name}: none of its grasp candidates holds in {gripper.name}, and a network would have nothing to "
            "rate; name another gripper, or check the mesh's unit"
        )
    source = SceneSource(mesh, part, distractors, gripper, cache / SCENES_FOLDER, seed)
    held_out = source.scenes(validation_scenes, FIRST_VALIDATION_SCENE, progress)
    start = None if starting is None else starting.choose(part, held_out)
    began: dict[str, Any] | None = None
    fitted: Fitted | None = None
    if starting is not None and start is not None:
        fitted = _from_source(start, starting, source, held_out, seed, cache, progress)
        began = {"source": start.source, "mode": starting.mode, "scenes": starting.scenes, "known": dict(start.known)}
        began |= {"expected_gain": start.expected_gain, "given_up": fitted.gave_up}
    if start is not None and fitted is not None and not fitted.gave_up:
        part = start.part
    else:
        checkpoint = cache / f"{source.identity}_{scenes}_{validation_scenes}_{schedule.steps}.safetensors"
        with SceneStream(source, scenes) as stream:
            watch = GraspWatch(part, held_out, schedule.side_px)
            fitted = fit_grasp_network(part, stream, watch, schedule, seed, checkpoint, progress)
    draw_curve(fitted.curve, part.name, cache / CURVE)
    onnx = onnx_bytes(fitted.network)
    model = GraspModel(part, GridNetwork(onnx, len(part.candidates), threads=1))
    validation = evaluate(model, held_out)

    write_atomic(out / ONNX, onnx)
    save_object(out, part)
    config = {
        "name": part.name,
        "category": part.category,
        "gripper": gripper.name,
        "diameter_m": part.diameter_m,
        "candidates": len(part.candidates),
        "symmetries": len(part.symmetry),
        "training": training | {"began": began, "losses": fitted.losses, "steps_done": fitted.steps},
        "curve": {name: fitted.curve[:, column].tolist() for column, name in enumerate(("step", "loss", "found"))},
        "validation": {"seed": seed, **dataclasses.asdict(validation)},
    }
    write_json(out / CONFIG, config)
    seal(out, KIND, SCHEMA, {"code_version": __version__, "seed": seed})
    return out


def curve_of(out: Path) -> Path:
    """Where the picture of the training's progress lies, if it was not given a cache of its own."""
    return cache_of(out) / CURVE


def cache_of(out: Path) -> Path:
    """Where scenes, checkpoint and curve of the model `out` lie, if it was not given a cache of its own."""
    return out.with_name(f".{out.name}.training")


def _from_source(
    start: Start,
    starting: Starting,
    source: SceneSource,
    held_out: Sequence[GraspScene],
    seed: int,
    cache: Path,
    progress: Progress,
) -> Fitted:
    schedule = GraspSchedule(steps=starting.steps, frozen=MODES[starting.mode])
    begins = sha256(start.part.R_canonical_object.tobytes() + onnx_bytes(start.network))[:8]
    checkpoint = cache / f"{source.identity}_{begins}_{starting.mode}_{starting.scenes}_{starting.steps}.safetensors"
    watch = GraspWatch(start.part, held_out, schedule.side_px)

    def hopeless(curve: Matrix) -> bool:
        return fell_behind(curve, starting.slow)

    with SceneStream(source, starting.scenes) as stream:
        return fit_grasp_network(
            start.part, stream, watch, schedule, seed, checkpoint, progress, start.network, hopeless
        )


def _check_same(out: Path, mesh: PartMesh, gripper: Gripper, training: dict[str, Any]) -> None:
    """Raise TrainingError unless the sealed folder `out` is of this part, this gripper and this training."""
    open_sealed(out, KIND, SCHEMA)
    config = read_json(out / CONFIG)
    held = {name: config.get("training", {}).get(name) for name in training}
    if (config.get("name"), config.get("gripper")) != (mesh.name, gripper.name) or held != training:
        raise TrainingError(
            f"{out}: holds a model of {config.get('name')!r} for {config.get('gripper')!r}, trained as {held}; asked "
            f"for is {mesh.name!r} for {gripper.name!r} as {training}; remove the folder, or choose another"
        )
