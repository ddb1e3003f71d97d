"""Train the shape encoder alone, on the meshes of a folder, stretched copies of them and endless random shapes.

The encoder turns a cloud of points, seen from one side and partly hidden, into a vector that is near the vectors of
the same part from other sides. About half an hour on one core; an interrupted training goes on where it stopped when
the same command is given again.

  srclib train-encoder my_parts --unit mm --out my_encoder --seed 0
  srclib build my_parts --unit mm --out my_library --encoder my_encoder
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from srclib_ros.cli.options import add_json, add_out, add_seed, print_json, progress


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, metavar="PARTS", help="folder of meshes: STL, OBJ, PLY (STEP)")
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins"
    )
    add_out(parser, "folder of the encoder")
    parser.add_argument("--steps", type=int, default=None, metavar="N", help="optimiser steps (a good encoder's)")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.embedding.encoder import encoder_id
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.encoder import EncoderTraining, train_encoder
    from srclib_ros.training.fit_encoder import Schedule

    parts = load_parts(args.parts, args.unit)
    training = EncoderTraining() if args.steps is None else EncoderTraining(schedule=Schedule(steps=args.steps))
    manifest = train_encoder(parts, args.out, args.seed, training, progress=partial(progress, quiet=args.json))
    if args.json:
        print_json({"encoder": encoder_id(args.out), **manifest})
    else:
        print(f"{args.out}: encoder {encoder_id(args.out)}, loss {manifest['loss']:.3f} on {manifest['shapes']} shapes")
    return 0
