"""Build a source library from a folder of meshes.

Each part is filmed from many sides by a simulated depth camera, the encoder turns the views into embeddings, parts
that look alike are grouped, and thresholds for "this very part" and "a useful source" are set from simulated queries.
With --networks N the representatives of the largest groups get a grasp network each (minutes of one core a part).

  srclib build my_parts --unit mm --out my_library                    the encoder that ships, no networks: minutes
  srclib build my_parts --unit mm --out my_library --networks 3       and three grasp networks
  srclib build my_parts --unit mm --out my_library --models trained/bolt trained/nut
                                                                      networks that are there already
  srclib build my_parts --unit mm --out my_library --encoder train    an encoder of its own: half an hour
  srclib build my_parts --unit mm --out my_library --jobs 8           eight parts at once
  srclib build my_parts --unit mm --out my_library --backend dask --address 10.0.0.7:8786
                                                                      on the workers of a dask cluster, which need
                                                                      srclib_ros and no common file system

A build that was interrupted goes on where it stopped when the same command is given again; its intermediate results lie
in .LIB.work beside the library. The same parts, encoder and seed give the same library.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from srclib_ros.cli.options import DEFAULT_LIBRARY, add_jobs, add_json, add_out, add_seed, jobs_of, print_json, progress
from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from srclib_ros.geometry.mesh import PartMesh
    from srclib_ros.training.part_networks import TrainModel

TRAIN = "train"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, metavar="PARTS", help="folder of meshes: STL, OBJ, PLY (STEP)")
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins"
    )
    add_out(parser, "folder of the library; one that is there is replaced when the new one is complete")
    parser.add_argument(
        "--encoder",
        default=str(DEFAULT_LIBRARY / "encoder"),
        metavar="DIR",
        help="sealed encoder folder (the one that ships), or the word 'train'",
    )
    parser.add_argument(
        "--models",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="grasp models, each in a folder named as its part",
    )
    parser.add_argument(
        "--networks", type=int, default=0, metavar="N", help="grasp networks in all; missing ones are trained (0)"
    )
    parser.add_argument("--gripper", default="jaw", metavar="NAME", help="that trained networks grasp with (jaw)")
    add_seed(parser)
    add_jobs(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.cli.library import summary
    from srclib_ros.library.entry import told_by_category
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.library_build import BuildPlan, build_library
    from srclib_ros.training.library_folder import work_folder

    if args.networks < 0:
        raise ConfigError(f"--networks {args.networks}: a number of 0 or more")
    jobs = jobs_of(args)
    parts = load_parts(args.parts, args.unit)
    bar = partial(progress, quiet=args.json)
    encoder = Path(args.encoder)
    if args.encoder == TRAIN:
        from srclib_ros.training.encoder import train_encoder

        encoder = work_folder(args.out) / "encoder"
        train_encoder(parts, encoder, args.seed, progress=bar)
    library = build_library(
        parts,
        encoder,
        args.out,
        args.seed,
        BuildPlan(networks=max(args.networks, len(args.models))),
        args.models,
        _trainer(parts, args.gripper, args.seed) if args.networks > len(args.models) else None,
        bar,
        jobs,
        trained_as=_trained_as(parts, args.gripper),
    )
    if args.json:
        print_json(summary(library))
    else:
        networks = int(library.with_model.sum())
        print(f"{args.out}: {len(library.entries)} parts, {networks} with a network, version {library.version}")
        if not told_by_category(library.entries):
            print(
                "no two categories: suitability was set by the clusters themselves; a folder for each family gives them"
            )
    return 0


def _trained_as(parts: Sequence[PartMesh], gripper: str) -> str:
    """What a network of one of the parts depends on besides its own mesh and the seed."""
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.training.part_views import mesh_hash

    return f"{load_gripper(gripper)} among {[mesh_hash(part) for part in parts]}"


def _trainer(parts: Sequence[PartMesh], gripper: str, seed: int) -> TrainModel:
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.training.grasp_network import train_grasp_model

    jaws = load_gripper(gripper)

    def train(part: PartMesh, folder: Path) -> None:
        others = [other for other in parts if other.category != part.category]
        train_grasp_model(part, others, jaws, folder, seed=seed)

    return train
