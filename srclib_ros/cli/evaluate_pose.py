"""`srclib evaluate pose`: are the poses of grasp networks right in piles, and do their first grasps succeed?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import (
    DEFAULT_LIBRARY,
    add_json,
    add_seed,
    add_unit,
    positive_int,
    print_json,
    progress,
)
from srclib_ros.cli.table import format_table

if TYPE_CHECKING:
    from srclib_ros.geometry.mesh import PartMesh
    from srclib_ros.grasping.object_model import ObjectModel

MODEL_FREE = ("jaw", "suction")
PILES_SEED = 4_000_000  # beside the seed; no pile that a network learns from has it
SAME_EXTENT = 0.005  # of the diameter
DESCRIPTION = """\
Drop piles of every part of a folder that has a grasp network, film them with the camera's noise on, cut them as the
cell does, and find the parts with their network. Told are, as means over parts: the average precision of the poses
(symmetry-aware distance below 10 % of the diameter; instances more than half hidden count neither for nor against),
the share of the instances found within 5 % (ADD-S), the median rotation error, and the share of piles whose first
grasp succeeds in physics (none offered counts as failure where one would have succeeded), with the share of piles in
which one was offered; and in the same piles the first grasps of planners that know no part, antipodal for a jaw,
by suction for a cup.

A network is looked for by the part's name: in --models, a folder of folders as `srclib onboard --out` writes them, or
else in the library. Parts without one are named, and left out.

  srclib onboard bolt.stl --unit mm --out trained/bolt
  srclib evaluate pose --parts my_parts --unit mm --models trained --piles 20
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", type=Path, required=True, metavar="DIR", help="folder of meshes")
    add_unit(parser)
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of grasp models named as the parts")
    parser.add_argument("--library", type=Path, default=DEFAULT_LIBRARY, metavar="LIB", help="(the one that ships)")
    parser.add_argument("--piles", type=positive_int, default=20, metavar="N", help="of each part (20)")
    parser.add_argument("--limit", type=positive_int, metavar="N", help="the first N parts that have a network only")
    parser.add_argument(
        "--model-free",
        nargs="*",
        default=MODEL_FREE,
        metavar="GRIPPER",
        help="to plan for without a network, too (jaw suction)",
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    import numpy as np

    from srclib_ros.config import PipelineConfig
    from srclib_ros.errors import ConfigError, SimulationError
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.grasping.model import GraspModel
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.pose_evaluation import pose_figures, try_model

    parts = load_parts(args.parts, args.unit)
    folders = _models(args)
    asked = [part for part in parts if part.name in folders][: args.limit]
    if not asked:
        raise ConfigError(
            f"{args.parts}: none of its {len(parts)} parts has a network in {args.models or args.library}; train one "
            "with `srclib onboard`, or name --models"
        )
    model_free = [load_gripper(name) for name in args.model_free]
    objects: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for part in progress(asked, total=len(asked), label="parts", quiet=args.json):
        model = GraspModel.load(folders[part.name])
        gripper = load_gripper(model.object.candidates.gripper)
        _check_same(part, model.object, folders[part.name])
        rng = np.random.default_rng([args.seed, PILES_SEED + parts.index(part)])
        try:
            tally = try_model(part, model, gripper, args.piles, rng, PipelineConfig(), model_free)
        except SimulationError as error:
            failed[part.name] = str(error)
            continue
        first = tally.first.outcomes
        failures = [str(outcome.failure) for outcome in first if outcome is not None and outcome.failure]
        objects[part.name] = {
            **asdict(pose_figures(tally)),
            "piles": args.piles - tally.piles_failed,
            "piles_failed": tally.piles_failed,
            "failures": {reason: failures.count(reason) for reason in sorted(set(failures))},
        }
    names = ("ap", "adds_05", "rotation_median_deg", "grasp_top1_success", "coverage")
    result: dict[str, Any] = {
        **{name: _mean([found[name] for found in objects.values()]) for name in names},
        "model_free_top1_success": {
            name: _mean([found["model_free_top1_success"][name] for found in objects.values()])
            for name in args.model_free
        },
        "objects": objects,
        "without_physics": failed,
        "without_a_network": sorted(part.name for part in parts if part.name not in folders),
        **circumstances(args.seed, 2),
    }
    print_json(result) if args.json else print(_table(result))
    return 0


def _check_same(mesh: PartMesh, part: ObjectModel, folder: Path) -> None:
    """Raises ConfigError for a network that is of another part than the mesh of its name."""
    import numpy as np

    from srclib_ros.errors import ConfigError

    here, there = (
        np.stack([vertices.min(axis=0), vertices.max(axis=0)]) for vertices in (mesh.vertices, part.vertices)
    )
    if np.abs(here - there).max() > SAME_EXTENT * mesh.diameter_m:
        raise ConfigError(
            f"{folder}: its part is another mesh than {mesh.name}: {1e3 * part.diameter_m:.1f} mm across there, "
            f"{1e3 * mesh.diameter_m:.1f} mm here; check --unit, or train a network for this one"
        )


def _models(args: argparse.Namespace) -> dict[str, Path]:
    """Name of the part -> its sealed grasp model."""
    from srclib_ros.artifact import MANIFEST
    from srclib_ros.library.store import Library

    if args.models is not None:
        return {path.parent.name: path.parent for path in sorted(args.models.glob(f"*/{MANIFEST}"))}
    library = Library.open(args.library)
    return {entry.name: library.model_folder(entry.name) for entry in library.entries if entry.model is not None}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _table(result: dict[str, Any]) -> str:
    def row(name: str, found: dict[str, Any]) -> list[str]:
        turn = found["rotation_median_deg"]
        shares = [_share(found[key]) for key in ("ap", "adds_05")]
        grasps = [_share(found[key]) for key in ("grasp_top1_success", "coverage")]
        instances = str(found["instances"]) if "instances" in found else ""
        model_free = [_share(success) for success in found["model_free_top1_success"].values()]
        return [name, instances, *shares, "-" if turn is None else f"{turn:.1f}", *grasps, *model_free]

    headings = ["part", "instances", "AP", "ADD-S < 5 %", "rotation deg", "first grasp", "piles with one"]
    headings += [f"{name} without a network" for name in result["model_free_top1_success"]]
    rows = [row(name, found) for name, found in result["objects"].items()] + [row("mean", result)]
    lines = [format_table(headings, rows, set(headings[1:]))]
    lines += [f"{name}: left out, {why}" for name, why in result["without_physics"].items()]
    return "\n".join([*lines, told(result)])
