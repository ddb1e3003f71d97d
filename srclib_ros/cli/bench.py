"""Measure how long a plan takes, or what a large library costs.

  srclib bench latency --json             whole and by stage, cold and warm, and through ROS with its losses
  srclib bench latency --no-ros           the pipeline alone
  srclib bench network                    one forward pass of a grasp network, on a GPU too where there is one
  srclib bench library --entries 100000   a query, what the search misses, and each way of clustering: time and memory

Cold: everything on a new frame, bins of mixed parts. Warm: a bin of one kind of part, whose source is held and voted
again every so many frames (selection.bin_content single). 640x480 pixels, parts dropped in physics, the camera's
noise on. Through ROS: from the publishing of the cloud at 10 Hz to the arrival of grasp_poses, the node in a process
of its own. Start it through ./run: the thread settings made there decide the speed.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import (
    add_json,
    add_library,
    add_seed,
    not_negative_int,
    positive_int,
    print_json,
    progress,
)

if TYPE_CHECKING:
    import numpy as np

    from srclib_ros.captures.scene_folder import RecordedScene
    from srclib_ros.config import PipelineConfig
    from srclib_ros.library.store import Library
    from srclib_ros.types import Matrix


@dataclass(frozen=True)
class _Frame:
    """What is kept of a plan: its clouds would fill the memory, and fresh memory is slow."""

    stages_ms: Mapping[str, float]
    segments: int
    grasps: int


def configure(parser: argparse.ArgumentParser) -> None:
    from srclib_ros.cli import bench_library, bench_network

    what = parser.add_subparsers(metavar="WHAT", required=True, help="latency, network or library")
    latency = what.add_parser("latency", help="of a plan, by stage and through ROS")
    _configure_latency(latency)
    latency.set_defaults(measure=_run_latency)
    network = what.add_parser("network", help="one forward pass of a grasp network")
    bench_network.configure(network)
    network.set_defaults(measure=bench_network.run)
    library = what.add_parser("library", help="a library of so many made-up entries: queries and clustering")
    bench_library.configure(library)
    library.set_defaults(measure=bench_library.run)


def run(args: argparse.Namespace) -> int:
    status: int = args.measure(args)
    return status


def _configure_latency(parser: argparse.ArgumentParser) -> None:
    add_library(parser)
    parser.add_argument("--parts", type=positive_int, default=15, metavar="N", help="parts dropped into each bin (15)")
    parser.add_argument("--threads", type=positive_int, default=2, metavar="N", help="threads of the networks (2)")
    parser.add_argument("--frames", type=positive_int, default=50, metavar="N", help="frames that count (50)")
    parser.add_argument("--warm-up", type=not_negative_int, default=5, metavar="N", help="frames before those (5)")
    parser.add_argument("--scenes", type=positive_int, default=5, metavar="N", help="different bins, taken in turn (5)")
    parser.add_argument("--rate", type=float, default=10.0, metavar="HZ", help="clouds a second through ROS (10)")
    parser.add_argument("--no-ros", action="store_true", help="leave the measurement through ROS out")
    add_seed(parser)
    add_json(parser)


def _run_latency(args: argparse.Namespace) -> int:
    import numpy as np

    from srclib_ros.config import PipelineConfig, override
    from srclib_ros.library.store import Library
    from srclib_ros.simulation.cell import BIN_SIZE_M, hang_camera

    rng = np.random.default_rng(args.seed)
    library = Library.open(args.library)
    T_bin_camera = hang_camera(rng)
    mixed = _bins(library, args, T_bin_camera, rng, single=False)
    single = _bins(library, args, T_bin_camera, rng, single=True)
    config = override(PipelineConfig(), {"threads": args.threads, "bin.size_m": BIN_SIZE_M})
    cold = _measure(args, config, mixed, "cold")
    warm = _measure(args, override(config, {"selection.bin_content": "single"}), single, "warm")
    report = {
        "pipeline": {
            name: _times([sum(frame.stages_ms.values()) for frame in frames])
            for name, frames in (("cold", cold), ("warm", warm))
        },
        "stages": _stage_times(cold),
        "stages_warm": _stage_times(warm),
        "parts": args.parts,
        "segments": {"cold": _mean(frame.segments for frame in cold), "warm": _mean(frame.segments for frame in warm)},
        "grasps": {"cold": _mean(frame.grasps for frame in cold), "warm": _mean(frame.grasps for frame in warm)},
        "frames": args.frames,
        "library": {"name": library.name, "version": library.version},
        **circumstances(args.seed, args.threads),
    }
    if not args.no_ros:
        report["ros"] = _through_ros(args, mixed)
    if args.json:
        print_json(report)
    else:
        _print(report)
    return 0


def _bins(
    library: Library, args: argparse.Namespace, T_bin_camera: Matrix, rng: np.random.Generator, single: bool
) -> list[RecordedScene]:
    """Filmed bins: of parts drawn from the library's generated ones, or each of one part that has a network."""
    from srclib_ros.simulation.cell import simulate_scene
    from srclib_ros.simulation.parts.catalogue import generate_parts

    known = generate_parts(split="library")
    with_network = {entry.name for entry in library.entries if entry.model is not None}
    sources = [part for part in known if part.name in with_network] or known
    scenes = []
    for index in progress(range(args.scenes), label="single" if single else "mixed", quiet=args.json):
        if single:
            parts = [sources[index % len(sources)]] * args.parts
        else:
            parts = [known[i] for i in rng.integers(len(known), size=args.parts)]
        scenes.append(simulate_scene(parts, rng=rng, T_bin_camera=T_bin_camera, seed=args.seed))
    return scenes


def _measure(
    args: argparse.Namespace, config: PipelineConfig, scenes: Sequence[RecordedScene], label: str
) -> list[_Frame]:
    """The frames that count. Cold takes the bins in turn; warm stays with one for its share of the frames."""
    from srclib_ros.pipeline import open_pipeline

    pipeline = open_pipeline(args.library, config)
    measured = []
    frames = range(args.warm_up + args.frames)
    for frame in progress(frames, label=label, quiet=args.json):
        place = frame % len(scenes) if label == "cold" else frame * len(scenes) // len(frames)
        plan = pipeline.plan(scenes[place].cloud, scenes[place].bin.T_cloud_bin)
        measured.append(_Frame(plan.stages_ms, len(plan.scene.segments), len(plan.grasps)))
    return measured[args.warm_up :]


def _through_ros(args: argparse.Namespace, scenes: Sequence[RecordedScene]) -> dict[str, Any]:
    from srclib_ros.geometry.transforms import matrix_to_pose7
    from srclib_ros.ros.latency import measure_latency

    parameters = {
        "library": str(args.library.resolve()),
        "bin.pose": tuple(matrix_to_pose7(scenes[0].bin.T_cloud_bin)),
        "bin.size_m": scenes[0].bin.size_m,
        "threads": args.threads,
    }
    clouds = [scene.cloud for scene in scenes]
    return measure_latency(clouds, parameters, rate_hz=args.rate, count=args.frames, warm_up=args.warm_up)


def _times(values_ms: Sequence[float]) -> dict[str, float]:
    import numpy as np

    return {
        "median_ms": round(float(np.median(values_ms)), 2),
        "p95_ms": round(float(np.percentile(values_ms, 95)), 2),
    }


def _stage_times(frames: Sequence[_Frame]) -> dict[str, dict[str, float]]:
    return {name: _times([frame.stages_ms[name] for frame in frames]) for name in frames[0].stages_ms}


def _mean(counts: Iterable[int]) -> float:
    return round(statistics.fmean(counts), 1)


def _print(report: Mapping[str, Any]) -> None:
    from srclib_ros.cli.table import format_table

    rows = [[f"pipeline, {name}", *_cells(times)] for name, times in report["pipeline"].items()]
    rows += [[f"  {name}", *_cells(times)] for name, times in report["stages"].items()]
    if "ros" in report:
        ros = report["ros"]
        rows.append([f"ros, {ros['lost']} of {ros['sent']} lost", *_cells(ros)])
    print(format_table(("what", "median ms", "p95 ms"), rows, {"median ms", "p95 ms"}))
    print(f"{report['parts']} parts dropped, {report['frames']} frames; {told(report)}")


def _cells(times: Mapping[str, Any]) -> list[str]:
    return ["-" if times[key] is None else f"{times[key]:.1f}" for key in ("median_ms", "p95_ms")]
