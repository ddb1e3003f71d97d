"""Trains one target's network from any start, always on the same scenes and measured in the same piles.

objects/   the target's object model: symmetries, candidates that hold
scenes/    what its networks learn from
rows/      one JSON a run; what is there is not run again
pairs/     one JSON a target, of what is known of each source before anything is trained
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srclib_ros import __version__
from srclib_ros.artifact import read_bytes, read_json, sha256, write_json
from srclib_ros.errors import ArtifactError
from srclib_ros.experiments.transfer.targets import Target
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import ONNX
from srclib_ros.grasping.object_model import ObjectModel, describe, load_object, save_object
from srclib_ros.grasping.sources import sources_for
from srclib_ros.library.entry import POOLED, SCRATCH
from srclib_ros.library.history import FILE as HISTORY
from srclib_ros.library.store import Library
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.training.candidate_trials import candidates_that_hold
from srclib_ros.training.grasp_scenes import SceneSource
from srclib_ros.training.part_piles import PartPile
from srclib_ros.training.part_views import mesh_hash
from srclib_ros.training.source_pairs import SourcePairs
from srclib_ros.training.true_gain import BUDGET, SCENES, judged_in, learning_curve

VERSION = 3
LOOKED_AT = 24


@dataclass(frozen=True)
class Run:
    """start: name of a source, `SCRATCH` or `POOLED`. mode: which layers learn, of `MODES`."""

    start: str
    seed: int = 0
    steps: int = BUDGET
    scenes: int = SCENES
    mode: str = "all"

    @property
    def name(self) -> str:
        return f"{self.start}_{self.seed}_{self.steps}_{self.scenes}_{self.mode}"


class TargetBench:
    """seed: of scenes, piles and candidates. pooled: sealed network of all sources."""

    def __init__(self, target: Target, library: Library, gripper: Gripper, out: Path, seed: int, pooled: Path) -> None:
        self.target, self._library, self._gripper = target, library, gripper
        self._out, self._seed, self._pooled = out, seed, pooled
        self._key = sha256(f"{VERSION} {__version__} {mesh_hash(target.mesh)} {gripper} {seed}".encode())[:12]
        self._seen_by = _version_but_for_outcomes(library)
        self.sources = sources_for(library, gripper.name)

    def row(self, run: Run) -> dict[str, Any]:
        """curve: [step, average precision] of every look; steps and seconds of the run beside it."""
        network = "" if run.start == SCRATCH else sha256(read_bytes(self._folder(run.start) / ONNX))[:8]
        path = self._out / "rows" / self.target.mesh.name / f"{run.name}_{self._key}{network}.json"
        try:
            return dict(read_json(path))
        except ArtifactError:
            row = self._run(run)
            write_json(path, row)
            return row

    def pairs(self) -> list[dict[str, Any]]:
        """What is known of each source before anything is trained on the target."""
        path = self._out / "pairs" / f"{self.target.mesh.name}_{self._key}{self._seen_by}.json"
        try:
            return list(read_json(path))
        except ArtifactError:
            pairs = [self._pairs.known(source) for source in self.sources]
            write_json(path, pairs)
            return pairs

    def pooled(self) -> dict[str, Any]:
        """The same of the network of all sources."""
        network = sha256(read_bytes(self._pooled / ONNX))[:8]
        path = self._out / "pairs" / f"{self.target.mesh.name}_{self._key}{self._seen_by}_{network}.json"
        try:
            return dict(read_json(path))
        except ArtifactError:
            pair = self._pairs.known(POOLED)
            write_json(path, pair)
            return pair

    def _run(self, run: Run) -> dict[str, Any]:
        torch.set_num_threads(1)
        began = time.perf_counter()
        start = None if run.start == SCRATCH else self._pairs.start(run.start)
        part, network = (self.part, None) if start is None else (start.part, start.network)
        scenes = self._scenes.scenes(run.scenes)
        curve = learning_curve(part, scenes, self._piles, run.seed, network, run.steps, run.mode)
        return {"target": self.target.mesh.name, **asdict(run), "curve": curve, "seconds": time.perf_counter() - began}

    @cached_property
    def part(self) -> ObjectModel:
        mesh = self.target.mesh
        folder = self._out / "objects" / f"{mesh.name}_{self._key}"
        try:
            return load_object(
                folder / "object.safetensors", mesh.name, mesh.category, mesh.diameter_m, self._gripper.name
            )
        except ArtifactError:
            part = describe(mesh, self._gripper, np.random.default_rng(self._seed), choose=candidates_that_hold)
            save_object(folder, part)
            return part

    @cached_property
    def _scenes(self) -> SceneSource:
        return SceneSource(
            self.target.mesh, self.part, generate_parts(), self._gripper, self._out / "scenes", self._seed
        )

    @cached_property
    def _piles(self) -> list[PartPile]:
        return judged_in(self.target.mesh, self._seed)

    @cached_property
    def _pairs(self) -> SourcePairs:
        looked_at = self._scenes.scenes(LOOKED_AT)
        mesh, part = self.target.mesh, self.part
        return SourcePairs(self._library, mesh, part, self._gripper, looked_at, self._seed, self._pooled)

    def _folder(self, name: str) -> Path:
        return self._pooled if name == POOLED else self._library.model_folder(name)


def _version_but_for_outcomes(library: Library) -> str:
    """Of all that is known of a pair before training: the outcomes of an experiment, given to the library, leave that
    as it is."""
    files = library.manifest["files"].items()
    kept = sorted((name, digest) for name, digest in files if name != HISTORY and not name.startswith(f"{POOLED}/"))
    return sha256(f"{kept} {library.size_weight}".encode())[:16]
