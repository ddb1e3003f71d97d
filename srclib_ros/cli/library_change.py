"""`srclib library LIB add|remove|recluster|pool`."""

from __future__ import annotations

import argparse
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.cluster_options import add_clustering, clustering_of
from srclib_ros.cli.options import add_jobs, add_json, add_seed, jobs_of, print_json, progress
from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from srclib_ros.library.store import Library


def configure(actions: argparse._SubParsersAction[Any]) -> None:
    add = actions.add_parser("add", help="meshes as entries, and networks")
    add.add_argument("parts", type=Path, nargs="?", metavar="PARTS", help="folder of meshes: STL, OBJ, PLY (STEP)")
    add.add_argument("--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins")
    add.add_argument(
        "--models",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="grasp models, each in a folder named as its entry; one that is there is replaced",
    )
    add.add_argument(
        "--history",
        type=Path,
        metavar="DIR",
        help="output of `srclib experiment transfer`: what its entries gained targets, by which gains are foretold",
    )
    add.set_defaults(action=_add)
    add_jobs(add)
    remove = actions.add_parser("remove", help="entries and their networks")
    remove.add_argument("names", nargs="+", metavar="NAME", help="the entries to remove")
    remove.set_defaults(action=_remove)
    recluster = actions.add_parser("recluster", help="clusters anew; later changes use the same algorithm")
    add_clustering(recluster)
    recluster.set_defaults(action=_recluster)
    pool = actions.add_parser("pool", help="train one network on the scenes of all that have one: half an hour")
    pool.add_argument("--gripper", default="jaw", metavar="NAME", help="that these networks grasp with (jaw)")
    add_seed(pool)
    pool.set_defaults(action=_pool)
    for parser in (add, remove, recluster, pool):
        add_json(parser)


def _add(args: argparse.Namespace) -> int:
    from srclib_ros.library.history import read_history
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.library_change import add_parts

    if args.parts is None and not args.models and not args.history:
        raise ConfigError("nothing to add: name a folder of meshes, --models, or --history")
    history = () if args.history is None else read_history(args.history)
    if args.history is not None and not history:
        raise ConfigError(f"{args.history}: holds no history; name the output of `srclib experiment transfer`")
    parts = [] if args.parts is None else load_parts(args.parts, args.unit)
    bar = partial(progress, quiet=args.json)
    library = add_parts(args.library, parts, args.models, history, progress=bar, jobs=jobs_of(args))
    return _tell(args, library, f"{len(parts)} parts and {len(args.models)} networks added")


def _remove(args: argparse.Namespace) -> int:
    from srclib_ros.training.library_change import remove_entries

    library = remove_entries(args.library, args.names)
    return _tell(args, library, f"{len(set(args.names))} parts removed")


def _recluster(args: argparse.Namespace) -> int:
    from srclib_ros.training.library_change import recluster

    given = clustering_of(args)
    library = recluster(args.library, args.algorithm, given)
    return _tell(args, library, f"clustered by {args.algorithm}")


def _pool(args: argparse.Namespace) -> int:
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.library.store import Library
    from srclib_ros.training.library_change import add_pooled
    from srclib_ros.training.pooled import train_pooled

    gripper = load_gripper(args.gripper)
    work = args.library.resolve().with_name(f".{args.library.resolve().name}.pooling_{gripper.name}")
    bar = partial(progress, quiet=args.json)
    model = train_pooled(Library.open(args.library), gripper, work, args.seed, bar)
    library = add_pooled(args.library, gripper.name, model)
    shutil.rmtree(work)
    return _tell(args, library, f"one network of all that grasp with {gripper.name}")


def _tell(args: argparse.Namespace, library: Library, done: str) -> int:
    from srclib_ros.cli.library import summary

    if args.json:
        print_json(summary(library))
        return 0
    clusters = len(set(library.clusters.tolist()) - {-1})
    print(
        f"{args.library}: {done}; {len(library.entries)} parts in {clusters} clusters, "
        f"{int(library.with_model.sum())} with a network, thresholds set again, version {library.version}"
    )
    return 0
