"""Train the grasp network of one part alone: candidates made, piles simulated, a network trained on them and measured.

The folder written is a sealed grasp model: object, candidates, symmetries, network. `srclib build --models` takes it
into a library. An interrupted training goes on where it stopped when the same command is given again. Piles are
simulated by one core while the network trains on another, or on a GPU where there is one; it stops early when the piles
that it is watched on show no more progress. More minutes and more scenes give better poses.

  srclib train-network bolt.stl --unit mm --out trained/bolt
  srclib train-network bolt.stl --unit mm --out trained/bolt --distractors my_parts
  srclib build my_parts --unit mm --out my_library --models trained/bolt
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from srclib_ros.cli.options import add_json, add_out, add_seed, print_json, progress


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mesh", type=Path, metavar="MESH", help="the part: STL, OBJ, PLY (STEP)")
    parser.add_argument("--unit", choices=("mm", "cm", "m", "in"), required=True, help="of the mesh's lengths")
    add_out(parser, "folder of the grasp model; the part's name unless --name is given")
    parser.add_argument("--name", default=None, help="the part's name (the folder's)")
    parser.add_argument("--category", default="", help="its category; distractors of the same one are left out")
    parser.add_argument(
        "--distractors",
        type=Path,
        default=None,
        metavar="PARTS",
        help="folder of other parts, in the same unit, that lie among it in half of the bins (generated ones)",
    )
    parser.add_argument("--gripper", default="jaw", help="name of a gripper in grippers.yaml (jaw)")
    parser.add_argument(
        "--minutes", type=float, default=10.0, metavar="X", help="of training on one core, at most (10)"
    )
    parser.add_argument(
        "--scenes", type=int, default=216, metavar="N", help="filmed piles to train on, three of each (216)"
    )
    parser.add_argument(
        "--cache", type=Path, default=None, metavar="DIR", help="where scenes are kept (a hidden folder beside PATH)"
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.artifact import read_json
    from srclib_ros.geometry.mesh import load_mesh
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.grasping.model import CONFIG
    from srclib_ros.simulation.parts import generate_parts, load_parts
    from srclib_ros.training.grasp_network import train_grasp_model

    gripper = load_gripper(args.gripper)
    mesh = load_mesh(args.mesh, args.unit, args.name or args.out.resolve().name, args.category)
    folder = train_grasp_model(
        mesh,
        load_parts(args.distractors, args.unit) if args.distractors else generate_parts(),
        gripper,
        args.out,
        minutes=args.minutes,
        scenes=args.scenes,
        seed=args.seed,
        cache=args.cache,
        progress=partial(progress, quiet=args.json),
    )
    config = read_json(folder / CONFIG)
    if args.json:
        print_json(config)
        return 0
    scenes, found = config["validation"]["scenes"], config["validation"]["model"]
    print(
        f"{folder}: {config['name']}, {config['candidates']} grasp candidates, {config['symmetries']} symmetries\n"
        f"on {found['instances']} instances in {scenes} other scenes, cut by the truth: recall {found['recall']:.2f}, "
        f"precision {found['precision']:.2f}, rotation error {found['rotation_error_deg']:.1f} degrees (median)"
    )
    return 0
