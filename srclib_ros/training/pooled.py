"""One network trained on the scenes of all sources of a library: what a start is worth that nobody chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from srclib_ros import __version__
from srclib_ros.artifact import MANIFEST, hash_of_file, seal, sha256, write_atomic, write_json
from srclib_ros.errors import ConfigError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import CONFIG, KIND, ONNX, SCHEMA, GraspModel
from srclib_ros.grasping.network import FIRST_QUALITY
from srclib_ros.grasping.object_model import FILE, ObjectModel, save_object
from srclib_ros.grasping.registration import register
from srclib_ros.grasping.sources import sources_for
from srclib_ros.library.store import Library
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.training.fit_grasp_network import onnx_bytes
from srclib_ros.training.grasp_learner import GraspLearner
from srclib_ros.training.grasp_loss import GraspLoss
from srclib_ros.training.grasp_scenes import GraspScene, SceneSource
from srclib_ros.training.grasp_schedule import GraspSchedule
from srclib_ros.training.grasp_targets import make_example
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval.near_duplicates import near_duplicates

SCENES_EACH = 54
STEPS = 6000
SCENES_FOLDER = "pooled_scenes"


def train_pooled(
    library: Library, gripper: Gripper, folder: Path, seed: int, progress: Progress = silent, steps: int = STEPS
) -> Path:
    """The sealed model, below `folder`, of this library's sources for this gripper; one that is there is left. Its
    object is one of the sources', in whose canonical frame all the others are turned.

    Each step learns from scenes of one source, in turn: as many steps in all as one source's own network takes. Raises
    ConfigError where the library has no source for the gripper.
    """
    names = sources_for(library, gripper.name)
    if not names:
        raise ConfigError(f"{library.folder}: has no network for {gripper.name}; train some with `srclib onboard`")
    objects = [hash_of_file(library.model_folder(name) / FILE) for name in names]
    key = sha256(f"{objects} {gripper} {seed} {steps} {SCENES_EACH} {__version__}".encode())[:12]
    out = folder / f"pooled_{key}"
    if (out / MANIFEST).is_file():
        return out
    parts = [GraspModel.load(library.model_folder(name), 1).object for name in names]
    parts.sort(key=lambda part: -len(part.candidates))
    parts = [replace(part, R_canonical_object=register(part, parts[0]).R_source_target) for part in parts]
    sources = [_source(part, gripper, folder / SCENES_FOLDER, seed) for part in parts]
    scenes = [source.scenes(SCENES_EACH) for source in progress(sources, total=len(sources), label="pooled: scenes")]
    checkpoint = folder / f"pooled_{key}.safetensors"
    network = _fit(parts, scenes, GraspSchedule(steps=steps), seed, checkpoint, progress)
    save_object(out, parts[0])
    write_atomic(out / ONNX, onnx_bytes(network))
    config = {
        "name": "pooled",
        "category": "",
        "gripper": gripper.name,
        "diameter_m": parts[0].diameter_m,
        "training": {"steps": steps, "scenes_each": SCENES_EACH, "sources": [part.name for part in parts]},
    }
    write_json(out / CONFIG, config)
    seal(out, KIND, SCHEMA, {"code_version": __version__, "seed": seed})
    return out


def _source(part: ObjectModel, gripper: Gripper, cache: Path, seed: int) -> SceneSource:
    mesh = PartMesh(part.name, part.category, part.vertices.astype(np.float64), part.faces)
    others = generate_parts()
    twins = near_duplicates(others, [mesh], seed)
    distractors = [other for other, twin in zip(others, twins, strict=True) if not twin]
    return SceneSource(mesh, part, distractors, gripper, cache, seed)


def _fit(
    parts: Sequence[ObjectModel],
    scenes: Sequence[Sequence[GraspScene]],
    schedule: GraspSchedule,
    seed: int,
    checkpoint: Path,
    progress: Progress,
) -> GridNet:
    """What the candidates of one part are worth says nothing of another's, and is not learnt."""
    torch.manual_seed(seed)
    learner = GraspLearner(GridNet(len(parts[0].candidates)), schedule)
    losses = [GraspLoss(part) for part in parts]
    first = int(learner.load(checkpoint)[0]) if checkpoint.is_file() else 0
    steps = range(first, schedule.steps)
    for step in progress(steps, total=len(steps), label="pooled: network"):
        rng = np.random.default_rng((seed, step))
        turn = step % len(parts)
        chosen = rng.integers(len(scenes[turn]), size=schedule.maps)
        examples = [make_example(scenes[turn][index], parts[turn], schedule.side_px, rng) for index in chosen]
        cells = learner.network(torch.from_numpy(np.stack([example.maps for example in examples])))
        terms = losses[turn](cells[:, : FIRST_QUALITY + len(parts[turn].candidates)], examples)
        learner.step(step, torch.stack([term for name, term in terms.items() if name != "quality"]).sum())
        if (step + 1) % schedule.evaluate_every == 0:
            learner.save(checkpoint, np.array([step + 1]))
    return learner.averaged
