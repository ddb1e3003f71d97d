"""Compare encoders, clusterings, or starts of a network, on parts that nothing was trained on. Interrupted, it goes on
where it stopped.

  srclib experiment encoders --parts my_parts --unit mm --out out/encoders
  srclib experiment encoders --parts my_parts --unit mm --out out/ships --encoders srclib_ros/default_library/encoder
  srclib experiment clustering --parts my_parts --unit mm --out out/clustering --encoders out/encoders
  srclib experiment transfer --parts my_parts --unit mm --out out/transfer --jobs 2
  srclib experiment transfer --parts my_parts --unit mm --out out/transfer --row hook_85 scratch 0

Encoders are trained on generated parts and random shapes, every kind alike, and measured by retrieval on --parts:
hours on two cores, a row every few minutes. --steps makes it shorter; every row says how long it was trained. Tables,
pictures and the trained encoders lie in --out; `srclib report LIB --experiments DIR` shows them.

Transfer draws targets from --parts, four whose category has a network in the library and four whose has none, and
trains each from random weights, from every source of the library, and from one network of all of them: half a day on
two cores. --row prints one run alone, and makes it where it is not there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.circumstances import circumstances
from srclib_ros.cli.options import (
    DEFAULT_LIBRARY,
    add_extent,
    add_jobs,
    add_json,
    add_out,
    add_seed,
    add_unit,
    jobs_of,
    parts_of_extent,
    positive_int,
    print_json,
    progress,
)
from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from srclib_ros.geometry.mesh import PartMesh

ENCODERS, CLUSTERING, TRANSFER = "encoders", "clustering", "transfer"
SEEDS, QUERIES = 3, 20
THREADS = 2  # that an encoder runs on when it is measured


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("experiment", choices=(ENCODERS, CLUSTERING, TRANSFER), help="what to compare")
    parser.add_argument("--parts", type=Path, required=True, metavar="DIR", help="folder of meshes to measure on")
    add_unit(parser)
    add_extent(parser)
    parser.add_argument("--limit", type=positive_int, metavar="N", help="the first N parts only")
    add_out(parser, "folder of rows, tables and pictures")
    parser.add_argument("--steps", type=positive_int, metavar="N", help="encoders: optimiser steps of each")
    parser.add_argument("--seeds", type=positive_int, default=None, metavar="N", help="encoders: of the best five (3)")
    parser.add_argument(
        "--queries", type=positive_int, default=None, metavar="N", help="encoders: of each kind a part (20)"
    )
    parser.add_argument(
        "--encoders",
        type=Path,
        action="append",
        default=None,
        metavar="DIR",
        help="an encoder folder, or the output of `experiment encoders` that trained some, of which the best five; may "
        "be given again. encoders: measured as they are, and none is trained; clustering, transfer: (the encoder that "
        "ships)",
    )
    parser.add_argument(
        "--library", type=Path, metavar="DIR", help="transfer: whose networks are the sources (the one that ships)"
    )
    parser.add_argument("--gripper", metavar="NAME", help="transfer: that its networks grasp with (jaw)")
    parser.add_argument(
        "--row",
        nargs=3,
        metavar=("TARGET", "START", "SEED"),
        help="transfer: one run alone; START: a source, scratch or pooled",
    )
    add_jobs(parser)
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.simulation.parts import load_parts

    if args.encoders and (args.steps or args.seeds):
        raise ConfigError("--steps and --seeds are for encoders that are trained; those of --encoders are as they are")
    if args.experiment != ENCODERS and (args.steps or args.seeds or args.queries):
        raise ConfigError("--steps, --seeds and --queries are for the experiment on encoders; leave them out")
    if args.experiment != TRANSFER and (args.library or args.gripper or args.row):
        raise ConfigError("--library, --gripper and --row are for the experiment on transfer; leave them out")
    parts = parts_of_extent(load_parts(args.parts, args.unit), args.extent_mm)[: args.limit]
    if len(parts) < 3:
        raise ConfigError(f"{args.parts}: {len(parts)} parts; an experiment needs three to tell apart")
    experiments = {ENCODERS: _encoders, CLUSTERING: _clustering, TRANSFER: _transfer}
    summary = experiments[args.experiment](args, parts)
    if args.row:
        print_json(summary)
        return 0
    if args.json:
        print_json(summary)
    else:
        print((args.out / "summary.md").read_text())
    return 0


def _encoders(args: argparse.Namespace, parts: list[PartMesh]) -> dict[str, Any]:
    from srclib_ros.embedding.encoder import Encoder
    from srclib_ros.experiments.encoders import Plan, compare_encoders, experiment_encoders
    from srclib_ros.simulation.parts import generate_parts
    from srclib_ros.training.retrieval import retrieval_task

    bar = partial(progress, quiet=args.json)
    given = _encoder_folders(args.encoders or ())
    if given and (args.out / "encoders").is_dir():
        raise ConfigError(f"{args.out}: holds an experiment that trained encoders; give --encoders another --out")
    for folder in given.values():
        Encoder.load(folder)
    plan = Plan(seeds=tuple(range(args.seed, args.seed + (args.seeds or SEEDS))))
    if args.steps is not None:
        plan = replace(plan, base=replace(plan.base, schedule=replace(plan.base.schedule, steps=args.steps)))
    known = generate_parts(0, "library")
    task = retrieval_task(parts, args.seed, queries_each=args.queries or QUERIES, known=known, progress=bar)
    about = circumstances(args.seed, threads=THREADS)
    if given:
        return compare_encoders(task, given, args.out, about, bar)
    return experiment_encoders(task, known, args.out, plan, about, bar)


def _clustering(args: argparse.Namespace, parts: list[PartMesh]) -> dict[str, Any]:
    from srclib_ros.experiments.clustering import experiment_clustering

    encoders = _encoder_folders(args.encoders or [DEFAULT_LIBRARY / "encoder"])
    return experiment_clustering(
        parts, encoders, args.out, args.seed, circumstances(args.seed, THREADS), partial(progress, quiet=args.json)
    )


def _encoder_folders(given: Sequence[Path]) -> dict[str, Path]:
    """Name -> sealed encoder, of encoder folders and of outputs of the experiment on encoders."""
    from srclib_ros.experiments.encoders import best_encoders

    encoders: dict[str, Path] = {}
    for folder in given:
        found = best_encoders(folder) if (folder / "encoders").is_dir() else {folder.name: folder}
        encoders |= {f"{name} ({folder})" if name in encoders else name: place for name, place in found.items()}
    return encoders


def _transfer(args: argparse.Namespace, parts: list[PartMesh]) -> dict[str, Any]:
    from srclib_ros.experiments.transfer.bench import Run
    from srclib_ros.experiments.transfer.experiment import Experiment
    from srclib_ros.experiments.transfer.selection import selection_tables
    from srclib_ros.experiments.transfer.summary import write_transfer
    from srclib_ros.experiments.transfer.targets import draw_targets
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.grasping.sources import pooled_over, sources_for
    from srclib_ros.library.entry import POOLED
    from srclib_ros.library.store import Library
    from srclib_ros.simulation.parts import generate_parts
    from srclib_ros.training.pooled import train_pooled
    from srclib_ros.training.retrieval.near_duplicates import near_duplicates

    bar = partial(progress, quiet=args.json)
    library = Library.open(args.library or DEFAULT_LIBRARY)
    gripper = load_gripper(args.gripper or "jaw")
    known = {entry.name for entry in library.entries}
    of_library = [part for part in generate_parts() if part.name in known]
    twins = near_duplicates(parts, of_library, args.seed, progress=bar)
    targets = draw_targets([part for part, twin in zip(parts, twins, strict=True) if not twin], library, args.seed)

    def pooled() -> Path:
        kept = library.pooled.get(gripper.name)
        if kept is not None and set(pooled_over(kept)) == set(sources_for(library, gripper.name)):
            return kept
        return train_pooled(library, gripper, args.out, args.seed, bar)

    if args.row:
        target, start, seed = args.row
        network = pooled() if start == POOLED else args.out
        experiment = Experiment(targets, library.folder, network, gripper, args.out, args.seed)
        if not seed.isdigit():
            raise ConfigError(f"--row {target} {start} {seed}: expected a whole number as the seed")
        return experiment.row(target, Run(start, int(seed)))
    experiment = Experiment(targets, library.folder, pooled(), gripper, args.out, args.seed)
    results = experiment.run(jobs_of(args), bar)
    encoders = _encoder_folders([library.encoder_folder, *(args.encoders or [])])
    more = selection_tables(results, of_library, encoders, bar)
    return write_transfer(results, args.out, circumstances(args.seed, threads=1), more)
