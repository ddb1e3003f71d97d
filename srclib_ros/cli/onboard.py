"""From the CAD of a new part to a grasp network: one command.

The mesh is checked (closed where it is open, or refused with the reason), its symmetries and grasp candidates are
found, each candidate is tried in physics, piles are simulated by one core while the network trains on another (or on a
GPU where there is one), and the network is measured in piles that it has not seen. It stops early when the piles that
it is watched on show no more progress. More minutes and more scenes give better poses.

The network starts as that of the library's source that promises most: of those nearest in looks, for this gripper, and
of the network of all of them (`srclib library LIB pool`), each is tried on some scenes of the part. The gain is
foretold from what starts have gained before, where a library has such a history, and
where none promises anything it starts from scratch; without a history it starts from the source whose network errs
least. A start that falls behind what slow networks from scratch know by then is given up for scratch. --start names a
source, or scratch; --mode says which of its layers learn on.
--with-scratch measures what the start has gained: the area under its curve of average precision over 450 steps, less
that from random weights.

The part becomes an entry of the library, with its network; with --out it becomes a grasp model of its own instead,
which `srclib build --models` and, with its mesh, `srclib library LIB add MESHES --models` take. An interrupted
onboarding goes on where it stopped when the same command is given again.

  srclib onboard bolt.stl --unit mm --library my_library
  srclib onboard bolt.stl --unit mm --out trained/bolt
  srclib onboard bolt.stl --unit mm --out trained/bolt --gripper jaw_small --distractors my_parts
  srclib onboard bolt.stl --unit mm --out trained/bolt --start scratch
"""

from __future__ import annotations

import argparse
import os
import sys
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import (
    DEFAULT_LIBRARY,
    add_json,
    add_library,
    add_seed,
    not_negative_int,
    part_of,
    positive_int,
    print_json,
    progress,
)

if TYPE_CHECKING:
    from srclib_ros.geometry.mesh import PartMesh
    from srclib_ros.training.onboarding import Onboarded
    from srclib_ros.training.pose_evaluation import PoseFigures
    from srclib_ros.training.start import Start

WEAK = 0.85
"""Average precision, or share of first grasps that succeed: half of the parts measured have more of either."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mesh", type=Path, metavar="MESH", help="the part: STL, OBJ, PLY (STEP)")
    parser.add_argument("--unit", choices=("mm", "cm", "m", "in"), help="of a mesh that no manifest.csv lists")
    parser.add_argument("--gripper", default="jaw", metavar="NAME", help="one of grippers.yaml (jaw)")
    add_library(parser)
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="folder of the grasp model; the library stays as it is"
    )
    parser.add_argument("--name", help="the part's name (that of --out, else the mesh's file)")
    parser.add_argument(
        "--category", help="its category; distractors of the same one are left out (that of the manifest.csv above it)"
    )
    parser.add_argument(
        "--start",
        default="auto",
        metavar="NAME",
        help="a source of the library, pooled, scratch, or auto: what promises most (auto)",
    )
    parser.add_argument(
        "--mode",
        choices=("all", "late", "features", "zero_shot"),
        default="all",
        help="what of a source's network learns on: all, its later half, the head alone, or nothing (all)",
    )
    parser.add_argument(
        "--with-scratch",
        action="store_true",
        help="measure what the start gains over random weights, by two short trainings more (some minutes); remembered "
        "where the part becomes an entry",
    )
    parser.add_argument(
        "--distractors",
        type=Path,
        metavar="PARTS",
        help="folder of other parts, in the same unit, that lie among it in half of the bins (generated ones)",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="X",
        help="of training on one core, at most (9 from scratch, 1.5 from a source)",
    )
    parser.add_argument(
        "--scenes",
        type=positive_int,
        metavar="N",
        help="to train on, three of each filmed pile (648 from scratch, 144 from a source)",
    )
    parser.add_argument("--piles", type=not_negative_int, default=10, metavar="N", help="to measure it in (10)")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.errors import ConfigError, MeshError
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.library.history import read_history
    from srclib_ros.simulation.parts import generate_parts, load_parts
    from srclib_ros.training.onboarding import Wish, measured, onboard

    gripper = load_gripper(args.gripper)
    name = args.name or (args.out.resolve().name if args.out else args.mesh.stem)
    if args.mode != "all" and args.start == "scratch":
        raise ConfigError(
            "--mode says what of a source's network learns on, and scratch is none; leave one of them out"
        )
    if args.with_scratch and (args.start == "scratch" or args.mode != "all"):
        raise ConfigError("--with-scratch measures what training on from a source gains; no --start scratch, no --mode")
    if args.minutes is not None and not args.minutes > 0.0:
        raise ConfigError(f"--minutes {args.minutes}: training takes some; to use a network as it is: --mode zero_shot")
    mesh = part_of(args.mesh, args.unit, name, args.category)
    if args.category and not (args.out and args.start == "scratch"):
        _doubt_category(mesh, args.library)
    distractors = load_parts(args.distractors, args.unit) if args.distractors else generate_parts()
    try:
        done = onboard(
            mesh,
            distractors,
            gripper,
            args.library,
            args.out,
            Wish(args.start, args.mode, args.minutes, args.scenes, args.seed, args.with_scratch),
            experience=read_history(DEFAULT_LIBRARY),
            announce=partial(_announce, name, args.json),
            progress=partial(progress, quiet=args.json),
        )
    except MeshError as error:
        raise MeshError(f"{args.mesh}: {error}") from error
    except KeyboardInterrupt:
        print("what was simulated and learnt so far is kept; the same command goes on from there", file=sys.stderr)
        raise
    figures = measured(mesh, done.model, gripper, args.piles, args.seed) if args.piles else None
    print_json(_record(done, figures)) if args.json else _tell(args, done, figures)
    return 0


def _announce(name: str, quiet: bool, start: Start | None, steps: int) -> None:
    """On stderr, before anything is trained."""
    if quiet:
        return
    if start is None:
        plan = f"train from scratch, about {steps} steps: no source promises a gain"
    elif not steps:
        plan = f"take the network of {start.source} as it is{_promised(start.expected_gain)}"
    else:
        plan = f"fine-tune from {start.source}{_promised(start.expected_gain)}, about {steps} steps"
    print(f"{name}: {plan}", file=sys.stderr, flush=True)


def _doubt_category(mesh: PartMesh, library: Path) -> None:
    """Say so where the library knows no such category, but one that is written nearly so."""
    from srclib_ros.library.store import Library

    known = sorted({entry.category for entry in Library.open(library, verify=False).entries})
    near = get_close_matches(mesh.category, known, 1) if mesh.category not in known else []
    if near:
        print(
            f"{mesh.name}: category {mesh.category!r} is new; if {near[0]!r} is meant, stop and say so", file=sys.stderr
        )


def _record(done: Onboarded, figures: PoseFigures | None) -> dict[str, Any]:
    from srclib_ros.grasping.symmetry_axes import symmetry_axes

    part = done.model.object
    return {
        "name": part.name,
        "model": str(done.folder),
        "seconds": round(done.seconds, 1),
        "steps": done.steps,
        "closed_share": round(done.filled, 4),
        "curve": done.curve and str(done.curve),
        "source": done.source,
        "given_up": done.given_up,
        "expected_gain": done.expected_gain,
        "true_gain": done.true_gain,
        "ap": figures and figures.ap,
        "grasp_top1_success": figures and figures.grasp_top1_success,
        "diameter_m": part.diameter_m,
        "symmetries": len(part.symmetry),
        "symmetry_axes": [
            {"axis": axis.direction.tolist(), "order": axis.order} for axis in symmetry_axes(part.symmetry)
        ],
        "candidates": len(part.candidates),
        "gripper": part.candidates.gripper,
    }


def _tell(args: argparse.Namespace, done: Onboarded, figures: PoseFigures | None) -> None:
    from srclib_ros.grasping.symmetry_axes import symmetry_text

    part = done.model.object
    if done.filled:
        print(
            f"{part.name}: the mesh was open; what closes it is {done.filled:.0%} of its surface now, and the network "
            "learnt that: look whether the part is so"
        )
    print(
        f"{part.name}: {1e3 * part.diameter_m:.1f} mm across, {symmetry_text(part.symmetry)}; {len(part.candidates)} "
        f"grasps of {part.candidates.gripper} that hold\n"
        f"{_began(done)}; {done.seconds:.0f} s from CAD to network\n"
        f"{done.folder}" + ("" if args.out else f": now a source of {args.library}")
    )
    if done.curve:
        print(f"how it learnt: {os.path.relpath(done.curve)}")
    if args.out and done.curve:
        print(
            f"its scenes lie in {os.path.relpath(done.curve.parent)}: remove them; or, for a longer training, remove "
            f"{os.path.relpath(done.folder)} and give the command again with more --minutes"
        )
    if args.with_scratch and done.true_gain is None:
        print("no source was started from, and there was no gain to measure")
    if figures is not None:
        turned = figures.rotation_median_deg
        print(
            f"in {args.piles} piles that it was not trained on, {figures.instances} parts to find: AP "
            f"{_share(figures.ap)}, rotation error {'-' if turned is None else f'{turned:.1f}'} degrees (median), "
            f"first grasp succeeds in {_share(figures.grasp_top1_success)}"
        )
        if any(value is not None and value < WEAK for value in (figures.ap, figures.grasp_top1_success)):
            more = "--start scratch, nine minutes," if done.source is not None and done.steps else "more --minutes"
            more = more if done.steps else "learning on from it, without --mode zero_shot,"
            print(f"below {WEAK:g} is weak: {more} may give more")


def _began(done: Onboarded) -> str:
    if done.source is None:
        given_up = "" if done.given_up is None else f" after {done.given_up} had fallen behind{_gained(done)}"
        return f"trained from scratch{given_up}, {done.steps} steps"
    gain = _promised(done.expected_gain) + _gained(done)
    if not done.steps:
        return f"the network of {done.source} as it is{gain}"
    return f"fine-tuned from {done.source}{gain}, {done.steps} steps"


def _promised(gain: float | None) -> str:
    return "" if gain is None else f", expected gain {gain:+.2f}"


def _gained(done: Onboarded) -> str:
    return "" if done.true_gain is None else f", true gain {done.true_gain:+.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
