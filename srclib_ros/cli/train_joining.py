"""Train what joins the pieces that a part is cut into: a bolt's head and shank, a gear and its hub.

Piles of the parts of a folder and of random shapes, mixed ones and ones of a single kind, are filmed and cut into
pieces; gradient boosted trees learn from the simulation which neighbouring pieces are of one part, and, on other
piles, which of the joined segments are one whole part. An interrupted training goes on where it stopped
when the same command is given again; some twenty minutes on one core.

  srclib parts my_parts
  srclib train-joining my_parts --unit mm --out joining.safetensors
  srclib evaluate segmentation my_scenes --segmentation-joining joining.safetensors
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from srclib_ros.cli.options import add_json, add_out, add_seed, add_unit, positive_int, print_json, progress


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, metavar="PARTS", help="folder of meshes: STL, OBJ, PLY (STEP)")
    add_unit(parser)
    add_out(parser, "file of the trees, .safetensors")
    parser.add_argument("--piles", type=positive_int, metavar="N", help="to learn from, twice over (1800)")
    parser.add_argument("--random-shapes", type=positive_int, metavar="N", help="that fall beside the parts (600)")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.piece_joining import JoiningTraining, train_joining

    training = JoiningTraining()
    if args.piles is not None:
        training = replace(training, piles=args.piles)
    if args.random_shapes is not None:
        training = replace(training, random_shapes=args.random_shapes)
    parts = load_parts(args.parts, args.unit)
    about = train_joining(parts, args.out, args.seed, training, partial(progress, quiet=args.json))
    if args.json:
        print_json(about)
    else:
        print(
            f"{args.out}: learnt from {about['pairs']} pairs of pieces, {about['of_one_part']:.0%} of them of one "
            f"part, and from {about['segments']} segments, {about['whole']:.0%} of them whole"
        )
    return 0
