"""From the CAD of a new part to a grasp network that is measured, kept as a folder or as an entry of a source library.

Where it becomes an entry, the network is trained in a folder beside the library, so that a killed onboarding goes on
when it is asked for again, and the library is locked for seconds only.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from srclib_ros.artifact import read_json
from srclib_ros.config import PipelineConfig
from srclib_ros.errors import ConfigError
from srclib_ros.geometry.closing import closed, filled_share
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import CONFIG, GraspModel
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.sources import sources_for
from srclib_ros.library.entry import AUTO, POOLED, SCRATCH
from srclib_ros.library.history import ENOUGH, Record
from srclib_ros.library.store import Library
from srclib_ros.training.grasp_network import (
    MINUTES,
    MINUTES_FROM_SOURCE,
    SCENES,
    SCENES_FOLDER,
    SCENES_FROM_SOURCE,
    Starting,
    cache_of,
    curve_of,
    steps_in,
    train_grasp_model,
)
from srclib_ros.training.grasp_scenes import GraspScene, SceneSource
from srclib_ros.training.library_build import check_names
from srclib_ros.training.library_change import add_parts
from srclib_ros.training.library_folder import entry_of
from srclib_ros.training.pose_evaluation import PoseFigures, pose_figures, try_model
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.retrieval.near_duplicates import near_duplicates
from srclib_ros.training.source_pairs import SourcePairs
from srclib_ros.training.start import ZERO_SHOT, Start, choose_start, slow_losses
from srclib_ros.training.true_gain import SCENES as GAIN_SCENES
from srclib_ros.training.true_gain import judged_in, true_gain

Announce = Callable[[Start | None, int], None]
"""Takes what a training will start from, None for scratch, and how many steps it takes at most, before it begins."""
MEASURED_ON = 2_000_000
"""Beside the seed, that of the piles that a network is measured in; no pile that one learns from has it."""


@dataclass(frozen=True)
class Onboarded:
    """model: the sealed grasp model in `folder`, the library's own where the part became an entry.

    seconds: from the mesh to the saved model; what was there of an interrupted onboarding is not counted. filled: share
    of the surface that closed an open mesh. steps: of the optimiser, in all. curve: a picture of its progress, where it
    is still there. source: what its network began as, None from scratch; expected_gain: what that had promised, None
    where the library has no experience; given_up: a source that was begun with and fell behind scratch. true_gain:
    what the source, or the one given up, gained over scratch, None where that was not asked for.
    """

    model: GraspModel
    folder: Path
    seconds: float
    filled: float
    steps: int
    curve: Path | None
    source: str | None
    expected_gain: float | None
    given_up: str | None
    true_gain: float | None


@dataclass(frozen=True)
class Wish:
    """How a part is to be onboarded. start: a source's name, `POOLED`, `AUTO` or `SCRATCH`. mode: of `start.MODES`.
    minutes, scenes: of training, see `train_grasp_model`; None: as many as it takes from scratch, or from a source.
    with_scratch: measure what the start gains over scratch."""

    start: str = AUTO
    mode: str = "all"
    minutes: float | None = None
    scenes: int | None = None
    seed: int = 0
    with_scratch: bool = False


def onboard(
    mesh: PartMesh,
    distractors: Sequence[PartMesh],
    gripper: Gripper,
    library: Path,
    out: Path | None,
    wish: Wish | None = None,
    *,
    experience: Sequence[Record] = (),
    announce: Announce = lambda start, steps: None,
    progress: Progress = silent,
) -> Onboarded:
    """Train the part's grasp network into `out`, or into the library, to which the part is added unless it is there.

    experience: of another library, by which gains are foretold where this one has little of its own. announce: is told
    what the library chose, once, unless scratch was wished for. Raises MeshError
    for a mesh that encloses no volume, ConfigError for a name that the library has for another part or with a network,
    or for a start that is no source, and what training and adding raise.
    """
    began, wish = time.monotonic(), wish or Wish()
    check_names([mesh.name])
    new = [] if out is not None or _known(library, mesh) else [mesh]
    starting = (
        None if wish.start == SCRATCH else _starting(mesh, gripper, library, wish, experience, announce, progress)
    )
    twins = near_duplicates(distractors, [mesh], wish.seed)
    kept = library.resolve().with_name(f".{library.resolve().name}.onboarding")
    work = kept / mesh.name
    folder = out or work / mesh.name
    whole = closed(mesh)
    others = [other for other, twin in zip(distractors, twins, strict=True) if not twin]
    train_grasp_model(
        whole,
        others,
        gripper,
        folder,
        minutes=wish.minutes or MINUTES,
        scenes=wish.scenes or SCENES,
        seed=wish.seed,
        starting=starting,
        progress=progress,
    )
    training = read_json(folder / CONFIG)["training"]
    start = training.get("began") or {}
    given_up = bool(start.get("given_up"))
    trained = time.monotonic()
    gained = (
        _gained(whole, others, gripper, library, folder, wish.seed, progress) if wish.with_scratch and start else None
    )
    measured_s = time.monotonic() - trained
    curve = curve_of(folder)
    if out is None:
        if curve.is_file():
            curve = curve.replace(kept / f"{mesh.name}.png")
        folder = add_parts(library, new, [folder], [gained] if gained else []).model_folder(mesh.name)
        shutil.rmtree(work)
    return Onboarded(
        GraspModel.load(folder),
        folder,
        time.monotonic() - began - measured_s,
        filled_share(mesh, whole),
        int(training["steps_done"]),
        curve if curve.is_file() else None,
        None if given_up else start.get("source"),
        start.get("expected_gain"),
        start["source"] if given_up else None,
        float(gained["gain"]) if gained else None,
    )


def measured(mesh: PartMesh, model: GraspModel, gripper: Gripper, piles: int, seed: int) -> PoseFigures:
    """In new piles of the part alone. Raises SimulationError."""
    rng = np.random.default_rng((seed, MEASURED_ON))
    return pose_figures(try_model(closed(mesh), model, gripper, piles, rng, PipelineConfig()))


def _starting(
    mesh: PartMesh,
    gripper: Gripper,
    folder: Path,
    wish: Wish,
    experience: Sequence[Record],
    announce: Announce,
    progress: Progress,
) -> Starting:
    library = Library.open(folder)
    sources = sources_for(library, gripper.name)
    pooled = library.pooled.get(gripper.name) if sources and wish.mode != ZERO_SHOT else None
    if wish.start == POOLED and pooled is None:
        raise ConfigError(
            f"{folder} has no network of all its sources for {gripper.name} (`srclib library {folder} pool` makes "
            f"one), or it was asked for as it is, and it has not learnt what grasps are worth; no --mode {ZERO_SHOT}"
        )
    if wish.start not in (AUTO, POOLED, *sources):
        raise ConfigError(f"{wish.start!r} is no source of {folder} for {gripper.name}: {', '.join(sources) or 'none'}")
    own = [record for record in library.history if record["gripper"] == gripper.name]
    history = library.history if len(own) >= ENOUGH else tuple(experience)

    def choose(part: ObjectModel, scenes: Sequence[GraspScene]) -> Start | None:
        pairs = SourcePairs(library, mesh, part, gripper, scenes, wish.seed, pooled)
        start = choose_start(pairs, history, gripper.name, mesh.name, wish.start, progress)
        announce(start, steps_in(wish.minutes or MINUTES) if start is None else starting.steps)
        return start

    starting = Starting(
        choose,
        wish.start,
        wish.mode,
        wish.minutes or MINUTES_FROM_SOURCE,
        wish.scenes or SCENES_FROM_SOURCE,
        slow_losses(library, gripper),
    )
    return starting


def _gained(
    mesh: PartMesh,
    distractors: Sequence[PartMesh],
    gripper: Gripper,
    library: Path,
    folder: Path,
    seed: int,
    progress: Progress,
) -> Record:
    """What the source that the network in `folder` began as has gained, on the scenes that it was trained on."""
    began = read_json(folder / CONFIG)["training"]["began"]
    part = replace(GraspModel.load(folder).object, R_canonical_object=np.eye(3))
    source = SceneSource(mesh, part, distractors, gripper, cache_of(folder) / SCENES_FOLDER, seed)
    scenes = source.scenes(GAIN_SCENES, progress=progress)
    opened = Library.open(library)
    pairs = SourcePairs(opened, mesh, part, gripper, scenes, seed, opened.pooled.get(gripper.name))
    gain = true_gain(part, pairs.start(began["source"]), scenes, judged_in(mesh, seed), seed, progress)
    return {**began["known"], "target": mesh.name, "gripper": gripper.name, "gain": gain, "of": "onboard"}


def _known(library: Path, mesh: PartMesh) -> bool:
    """Whether the part is an entry already, without a network. Raises ConfigError where it cannot become one."""
    if not os.access(library.resolve().parent, os.W_OK):
        raise ConfigError(f"{library}: cannot be written beside; name another with --library, or a folder with --out")
    entries = {entry.name: entry for entry in Library.open(library, verify=False).entries}
    if mesh.name not in entries:
        return False
    entry = entries[mesh.name]
    if entry.model is not None:
        raise ConfigError(
            f"{library} has a network for {mesh.name!r} already; `srclib library {library} remove {mesh.name}` first, "
            "or name the folder of another with --out"
        )
    if entry.provenance.split(",")[0] != entry_of(mesh, 0).provenance.split(",")[0]:
        raise ConfigError(
            f"{library} has another part, or another category, as {mesh.name!r}; give this one --name and --category"
        )
    return True
