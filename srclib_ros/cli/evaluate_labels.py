"""`srclib evaluate labels`: do the labels that grasp networks learn from tell what happens in a pile?"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import add_json, add_seed, add_unit, positive_int, print_json, progress
from srclib_ros.cli.table import format_table

DESCRIPTION = """\
Drop piles of every part of a folder, label the grasp candidates of the instances that are seen, as for a network's
training (robustness in trials of the part alone, times the clearance on the way in), and try some of them in the pile,
half of them labelled .5 or more. Told are how often grasps of each label succeed, Cohen's kappa of "labelled .5 or
more" with success, and the AUROC of the label.

  srclib parts my_parts
  srclib evaluate labels --parts my_parts --unit mm --seed 0
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", type=Path, required=True, metavar="DIR", help="folder of meshes")
    add_unit(parser)
    parser.add_argument("--gripper", default="jaw", metavar="NAME", help="a gripper in grippers.yaml (jaw)")
    parser.add_argument("--piles", type=positive_int, default=2, metavar="N", help="of each part (2)")
    parser.add_argument("--grasps", type=positive_int, default=8, metavar="N", help="tried in each pile (8)")
    parser.add_argument("--limit", type=positive_int, metavar="N", help="the first N parts only")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from collections import Counter
    from dataclasses import asdict

    import numpy as np

    from srclib_ros.errors import SimulationError
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.grasping.object_model import describe
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.candidate_trials import candidates_that_hold
    from srclib_ros.training.label_check import TriedLabels, label_figures, try_labels

    gripper = load_gripper(args.gripper)
    parts = load_parts(args.parts, args.unit)[: args.limit]
    tried = TriedLabels()
    without, failed = [], []
    bar = partial(progress, quiet=args.json)
    for index, mesh in enumerate(bar(parts, total=len(parts), label="parts")):
        rng = np.random.default_rng([args.seed, index])
        try:
            part = describe(mesh, gripper, rng, choose=candidates_that_hold)
            try_labels(mesh, part, gripper, args.piles, args.grasps, rng, tried)
        except SimulationError:
            failed.append(mesh.name)
            continue
        if not len(part.candidates):
            without.append(mesh.name)
    good = [failure for label, failure in zip(tried.label, tried.failure, strict=True) if label >= 0.5 and failure]
    result: dict[str, Any] = {
        "parts": len(parts),
        "parts_without_a_grasp": without,
        "parts_without_physics": failed,
        **asdict(label_figures(tried)),
        "failures_labelled_good": dict(Counter(good).most_common()),
        **circumstances(args.seed, 1),
    }
    print_json(result) if args.json else print(_table(result))
    return 0


def _table(result: dict[str, Any]) -> str:
    rows = [
        [f"{low:.2f} to {high:.2f}" if high > 1e-6 else "0", str(trials), "-" if share is None else f"{share:.2f}"]
        for low, high, trials, share in result["success_by_label"]
    ]
    one = result["agreement"]
    kappa = "-" if one["kappa"] is None else f"{one['kappa']:.2f}"
    area = "-" if result["auroc"] is None else f"{result['auroc']:.2f}"
    lines = [
        f"{result['trials']} grasps in piles of one kind each, of {result['parts']} kinds of parts",
        format_table(("label", "trials", "succeed"), rows, {"trials", "succeed"}),
        f"labelled .5 or more and success: alike {one['same']:.2f}, kappa {kappa}; AUROC {area}",
        *(f"{count:4d}  {reason}" for reason, count in result["failures_labelled_good"].items()),
    ]
    return "\n".join([*lines, told(result)])
