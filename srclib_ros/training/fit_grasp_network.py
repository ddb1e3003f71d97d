"""The optimiser's loop of a grasp network: resumable, and the same after a kill as without one."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from srclib_ros.errors import TrainingError
from srclib_ros.grasping.network import CHANNELS
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.training.grasp_learner import GraspLearner
from srclib_ros.training.grasp_loss import GraspLoss
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_schedule import GraspSchedule
from srclib_ros.training.grasp_targets import Example, make_example
from srclib_ros.training.grid_net import GridNet
from srclib_ros.training.progress import Progress, silent
from srclib_ros.types import Matrix

LOSS_OVER = 50  # last steps that the reported losses are averaged over


class Scenes(Protocol):
    """What a training draws from: a list, or a `grasp_stream.SceneStream`."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int, /) -> GraspScene: ...


class Watch(Protocol):
    """How far a network is: its loss, and another figure, where it is in evaluation mode."""

    def look(self, network: GridNet, /) -> tuple[float, float]: ...


@dataclass(frozen=True, eq=False)
class Fitted:
    """network: averaged, in evaluation mode, on the CPU. losses: its training's terms, averaged over the last steps.

    curve: (E, 3) of every look: step, loss, and the watch's other figure. steps: done in all. gave_up: whether it was
    stopped as hopeless.
    """

    network: GridNet
    losses: dict[str, float]
    curve: Matrix
    steps: int
    gave_up: bool = False


def fit_grasp_network(
    part: ObjectModel,
    scenes: Scenes,
    watch: Watch,
    schedule: GraspSchedule,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress = silent,
    start: GridNet | None = None,
    hopeless: Callable[[Matrix], bool] = lambda curve: False,
) -> Fitted:
    """Train on a GPU where there is one, until the steps are done or the watch sees no more progress.

    start: what to train on from, None for random weights; looked at before the first step. hopeless: whether to stop
    for good, of the curve after each look. checkpoint: file written at every look, and gone on from when it is there.
    Raises TrainingError.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    network = copy.deepcopy(start) if start is not None else GridNet(len(part.candidates))
    learner = GraspLearner(network.to(device, memory_format=torch.channels_last), schedule)
    curve = np.zeros((0, 3))
    if checkpoint is not None and checkpoint.is_file():
        curve = learner.load(checkpoint)
    elif start is not None:
        curve = np.array([[0, *watch.look(learner.averaged)]])
    first = int(curve[-1, 0]) if len(curve) else 0
    done_with = _no_better(curve, schedule.patience) or (len(curve) > 0 and hopeless(curve))
    steps = range(first, first if done_with else schedule.steps)
    loss_of = GraspLoss(part, device)
    last: list[dict[str, Tensor]] = []

    def drawn(step: int) -> list[Example]:
        rng = np.random.default_rng((seed, step))
        chosen = rng.integers(schedule.scenes_at(step, len(scenes)), size=schedule.maps)
        return [make_example(scenes[index], part, schedule.side_px, rng) for index in chosen]

    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(drawn, first) if len(steps) else None
        label = f"{part.name}: network" + (f", on from step {first}" if first else "")
        for step in progress(steps, total=len(steps), label=label):
            assert coming is not None
            examples = coming.result()
            coming = ahead.submit(drawn, step + 1) if step + 1 < steps.stop else None
            maps = torch.from_numpy(np.stack([example.maps for example in examples]))
            terms = loss_of(learner.network(maps.to(device, memory_format=torch.channels_last)), examples)
            loss = torch.stack(list(terms.values())).sum()
            learner.step(step, loss)
            last = [*last[-LOSS_OVER + 1 :], {name: term.detach() for name, term in terms.items()}]
            if (step + 1) % schedule.evaluate_every == 0 or step + 1 == schedule.steps:
                if not torch.isfinite(loss):
                    raise TrainingError(f"{part.name}: the loss is no longer finite; lower the learning rate")
                curve = np.concatenate([curve, [[step + 1, *watch.look(learner.averaged)]]])
                if checkpoint is not None:
                    learner.save(checkpoint, curve)
                if _no_better(curve, schedule.patience) or hopeless(curve):
                    break
    names = {name for terms in last for name in terms}
    losses = {name: float(np.mean([float(terms[name]) for terms in last if name in terms])) for name in sorted(names)}
    done = int(curve[-1, 0]) if len(curve) else first
    return Fitted(learner.averaged.cpu(), losses, curve, done, bool(len(curve)) and hopeless(curve))


def _no_better(curve: Matrix, patience: int) -> bool:
    """Whether none of the last `patience` looks is better than all before them."""
    return len(curve) > patience and bool(curve[:-patience, 1].min() <= curve[-patience:, 1].min())


def onnx_bytes(network: GridNet) -> bytes:
    """The network as ONNX, batch normalisation folded: `maps` (1, CHANNELS, H, W) in, `cells` out, H and W free.

    Its weights are stored at half precision, and computed with at single.
    """
    folded = copy.deepcopy(network).eval().to(memory_format=torch.contiguous_format)
    _fold(folded)
    buffer = io.BytesIO()
    torch.onnx.export(
        folded,
        (torch.zeros(1, CHANNELS, 32, 48),),
        buffer,
        dynamo=False,
        input_names=["maps"],
        output_names=["cells"],
        dynamic_axes={"maps": {2: "height", 3: "width"}, "cells": {2: "rows", 3: "columns"}},
        opset_version=17,
    )
    return _halved(buffer.getvalue())


def _halved(network: bytes) -> bytes:
    """The same network with large weights as float16, each behind a cast that a session does once, when it opens."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_model_from_string(network)
    graph = model.graph
    large = [
        weight for weight in graph.initializer if weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) >= 256
    ]
    casts = []
    for weight in large:
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{weight.name}.half")
        casts.append(helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
        graph.initializer.remove(weight)
        graph.initializer.append(half)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    halved: bytes = model.SerializeToString()
    return halved


def _fold(module: nn.Module) -> None:
    """Fold every normalisation into the convolution before it, in place."""
    for child in module.modules():
        if not isinstance(child, nn.Sequential):
            continue
        for index in range(len(child) - 1):
            conv, norm = child[index], child[index + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                child[index] = nn.utils.fuse_conv_bn_eval(conv, norm)
                child[index + 1] = nn.Identity()
