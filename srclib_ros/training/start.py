"""What a target's network starts from: a source that promises a gain, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srclib_ros.artifact import read_json, resolve_inside
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import CONFIG
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.sources import sources_for
from srclib_ros.library.entry import AUTO, POOLED
from srclib_ros.library.history import Record, gain_model
from srclib_ros.library.store import Library
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.source_pairs import SourcePairs
from srclib_ros.types import Matrix

ASKED = 6
"""Of the sources nearest as the library sees them, so many are tried on the target before one is chosen, and the
network of all of them, where there is one."""
SLOW = 0.9
ZERO_SHOT = "zero_shot"
MODES: dict[str, tuple[str, ...]] = {
    "all": (),
    "late": ("stem", "trunk.0", "trunk.1", "trunk.2"),
    "features": ("stem", "trunk"),
    ZERO_SHOT: (),
}
"""Way of learning on from a source -> parts of its network that stay as they are: none, the early half, all that comes
before the head; zero-shot nothing is learnt at all."""


@dataclass(frozen=True, eq=False)
class Start:
    """part: the target in the source's canonical frame. network: answers for it as the source's does. expected_gain:
    what the library's experience promises, None where it has none. known: of the pair, before training."""

    source: str
    part: ObjectModel
    network: GridNet
    expected_gain: float | None
    known: Mapping[str, Any]


ChooseStart = Callable[[ObjectModel, Sequence[GraspScene]], Start | None]


def choose_start(
    pairs: SourcePairs,
    history: Sequence[Record],
    gripper: str,
    target: str,
    wanted: str,
    progress: Progress = silent,
) -> Start | None:
    """wanted: the name of a source of `pairs`, `POOLED`, or `AUTO`: the one that promises most, none where none
    promises anything; where nothing is known of gains, the one whose network errs least on the target as it is."""
    names = [wanted]
    if wanted == AUTO:
        names = list(pairs.distances)[:ASKED] + ([POOLED] if pairs.pooled else [])
    asked = [pairs.known(name) for name in progress(names, total=len(names), label=f"{target}: sources tried")]
    if not asked:
        return None
    model = gain_model(history, gripper, target)
    promised = [None if model is None else model.expected(pair) for pair in asked]
    worth = [-pair["loss"] if gain is None else gain for pair, gain in zip(asked, promised, strict=True)]
    best = int(np.argmax(worth))
    gain = promised[best]
    if wanted == AUTO and gain is not None and gain <= 0.0:
        return None
    found = pairs.start(names[best])
    return Start(names[best], found.part, found.network, gain, asked[best])


def slow_losses(library: Library, gripper: Gripper) -> dict[int, float]:
    """Step -> the loss that SLOW of the library's networks for this gripper had at most there, of those that began from
    scratch: what a start is held against."""
    losses: dict[int, list[float]] = {}
    for name in sources_for(library, gripper.name):
        config = read_json(resolve_inside(library.model_folder(name), CONFIG))
        began, curve = config.get("training", {}).get("began"), config.get("curve")
        if curve and (began is None or began["given_up"]):
            for step, loss in zip(curve["step"], curve["loss"], strict=True):
                losses.setdefault(int(step), []).append(float(loss))
    return {step: float(np.quantile(found, SLOW)) for step, found in losses.items()}


def fell_behind(curve: Matrix, slow: Mapping[int, float]) -> bool:
    """Whether the last look of a curve (E, 3) has a larger loss than slow networks from scratch have there."""
    step, loss = int(curve[-1, 0]), float(curve[-1, 1])
    return step in slow and loss > slow[step]
