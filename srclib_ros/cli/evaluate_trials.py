"""`srclib evaluate trials`: can the labels of grasp trials be trusted?"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import add_json, add_seed, add_unit, positive_int, print_json, progress
from srclib_ros.cli.table import format_table

DESCRIPTION = """\
Try grasps of every part of a folder in MuJoCo, whose labels networks learn from, and in PyBullet, each grasp with
another closing force, from 0.8 to 8 times the least that carries the part (friction 0.3). Told are the share of grasps
of which both say the same, and Cohen's kappa, for `stable` (slip below 2 mm, turn below 5 degrees), for the grasps of
which seven nudged trials say the same, for merely lifted, and of MuJoCo with itself: at half the time step, and with
the hand 0.5 mm and 1 degree elsewhere. Labels are trusted from a kappa of .85 on, of unanimous ones if at least 75 % of
the grasps are. Needs PyBullet (pip install pybullet==3.2.7; Python 3.11).

  srclib parts my_parts
  srclib evaluate trials --parts my_parts --unit mm --grasps 16 --seed 0
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", type=Path, required=True, metavar="DIR", help="folder of meshes")
    add_unit(parser)
    parser.add_argument("--gripper", default="jaw", metavar="NAME", help="whose shape is used (jaw)")
    parser.add_argument("--grasps", type=positive_int, default=16, metavar="N", help="of each part (16)")
    parser.add_argument("--limit", type=positive_int, metavar="N", help="the first N parts only")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    import numpy as np

    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.simulation.agreement import Trials, agreements, try_grasps
    from srclib_ros.simulation.parts import load_parts

    gripper = load_gripper(args.gripper)
    parts = load_parts(args.parts, args.unit)[: args.limit]
    trials = Trials()
    bar = partial(progress, quiet=args.json)
    without = 0
    for index, part in enumerate(bar(parts, total=len(parts), label="parts")):
        without += not try_grasps(part, gripper, args.grasps, np.random.default_rng([args.seed, index]), trials)
    found = agreements(trials)
    result: dict[str, Any] = {
        "parts": len(parts),
        "parts_without_a_grasp": without,
        "grasps": len(trials.mujoco),
        "stable": float(np.mean(trials.mujoco)) if trials.mujoco else None,
        "agreement": {name: asdict(one) for name, one in found.items()},
        **circumstances(args.seed, 1),
    }
    print_json(result) if args.json else print(_table(result))
    return 0


def _table(result: dict[str, Any]) -> str:
    rows = [
        [name, str(one["grasps"]), f"{one['kept']:.2f}", f"{one['same']:.2f}",
         "-" if one["kappa"] is None else f"{one['kappa']:.2f}"]
        for name, one in result["agreement"].items()
    ]  # fmt: skip
    headings = ("", "grasps", "kept", "same", "kappa")
    table = format_table(headings, rows, set(headings[1:]))
    return f"{result['grasps']} grasps of {result['parts']} parts\n{table}\n{told(result)}"
