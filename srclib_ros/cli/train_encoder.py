"""Train the shape encoder alone, on the meshes of a folder, stretched copies of them and endless random shapes.

The encoder turns a cloud of points, seen from one side and partly hidden, into a vector that is near the vectors of
the same part from other sides. An interrupted training goes on where it stopped when the same command is given again.

  srclib train-encoder my_parts --unit mm --out my_encoder --seed 0
  srclib build my_parts --unit mm --out my_library --encoder my_encoder

Kinds (--kind):
  siamese_supervised   Siamese network, supervised contrastive loss over all pairs of a batch: what ships
  siamese_contrastive  Siamese network, contrastive loss of pairs (--margin)
  siamese_triplet      Siamese network, triplet loss (--margin, --metric, --mining)
  classifier           cross-entropy over the training shapes, its penultimate layer as embedding
  undercomplete        PointNet autoencoder, Chamfer loss (or --reconstruction sinkhorn: earth mover's distance)
  sparse               with a penalty on the code (--penalty l1 or l2, --weight)
  dropout              with some of the code silenced (--rate)
  denoising            draws the clean cloud from a spoilt one
  contractive          with a penalty on the encoder's Jacobian (--weight)
  variational          a distribution of codes (--weight of the divergence)
  convolutional        convolutions over the height image instead of a PointNet

  srclib train-encoder my_parts --unit mm --out e --kind siamese_triplet --mining semi_hard --metric cosine

On a GPU, which is taken where there is one, large batches cost nothing; nearly so the network that ships was trained:

  srclib train-encoder parts --unit mm --out e --random-shapes 8000 --steps 8500 --batch 256 8 --point-widths 32 64 192
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import add_json, add_out, add_seed, positive_int, print_json, progress
from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from srclib_ros.training.encoder import EncoderTraining

AUTOENCODERS = ("undercomplete", "sparse", "dropout", "denoising", "contractive", "variational")
NAMES = (
    "siamese_supervised",
    "siamese_contrastive",
    "siamese_triplet",
    "classifier",
    *AUTOENCODERS,
    "convolutional",
)
TAKES = {
    "margin": ("siamese_contrastive", "siamese_triplet"),
    "metric": ("siamese_triplet",),
    "mining": ("siamese_triplet",),
    "temperature": ("siamese_supervised",),
    "reconstruction": AUTOENCODERS,
    "penalty": ("sparse",),
    "weight": ("sparse", "contractive", "variational"),
    "rate": ("dropout",),
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, metavar="PARTS", help="folder of meshes: STL, OBJ, PLY (STEP)")
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins"
    )
    add_out(parser, "folder of the encoder")
    parser.add_argument("--kind", choices=NAMES, default=NAMES[0], help=f"what to train, see above ({NAMES[0]})")
    parser.add_argument("--margin", type=float, metavar="M", help="of the contrastive (1.0) or triplet loss (0.2)")
    parser.add_argument("--metric", choices=("euclidean", "cosine"), help="of the triplet loss (euclidean)")
    parser.add_argument(
        "--mining",
        choices=("batch_hard", "semi_hard", "batch_all", "offline"),
        help="which triplets: of the minibatch, or hard ones of the whole set, found between steps (batch_hard)",
    )
    parser.add_argument("--temperature", type=float, metavar="T", help="of the supervised contrastive loss (0.07)")
    parser.add_argument("--reconstruction", choices=("chamfer", "sinkhorn"), help="distance of clouds (chamfer)")
    parser.add_argument("--penalty", choices=("l1", "l2"), help="on a sparse code (l1)")
    parser.add_argument("--weight", type=float, metavar="W", help="of the kind's penalty (0.001)")
    parser.add_argument("--rate", type=float, metavar="R", help="share of the code that dropout silences (0.3)")
    parser.add_argument(
        "--positives", choices=("part", "family"), default="part", help="views of the same part, or of siblings (part)"
    )
    parser.add_argument(
        "--anchor", choices=("view", "full"), default="view", help="any view, or always the whole CAD surface (view)"
    )
    parser.add_argument(
        "--frame",
        choices=("principal", "as_given"),
        default="principal",
        help="clouds in their principal axes, or turned at random in training (principal)",
    )
    parser.add_argument(
        "--normals", action="store_true", help="points with normals and curvature, not bare coordinates"
    )
    for name, weight, what in (
        ("--pair-weight", 0.2, "point pairs have beside the network; 0, no pairs, metric ones neither"),
        ("--patch-weight", 0.2, "local patches have; 0, none"),
    ):
        parser.add_argument(
            name, type=float, default=weight, metavar="W", help=f"share of the cosine that {what} ({weight})"
        )
    parser.add_argument("--dim", type=positive_int, metavar="D", help="length of the network's embedding")
    parser.add_argument(
        "--point-widths", type=positive_int, nargs="+", metavar="W", help="of the layers that points share (48 96 192)"
    )
    parser.add_argument(
        "--batch",
        type=positive_int,
        nargs=2,
        metavar=("SHAPES", "VIEWS"),
        help="shapes of a step, and views of each (24 4)",
    )
    parser.add_argument(
        "--random-shapes", type=positive_int, metavar="N", help="made up and learnt from, beside the parts (1000)"
    )
    parser.add_argument("--steps", type=positive_int, metavar="N", help="optimiser steps (a good encoder's)")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.embedding.encoder import encoder_id
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.encoder import train_encoder

    training = training_of(args)
    parts = load_parts(args.parts, args.unit)
    manifest = train_encoder(parts, args.out, args.seed, training, progress=partial(progress, quiet=args.json))
    if args.json:
        print_json({"encoder": encoder_id(args.out), **manifest})
    else:
        print(f"{args.out}: encoder {encoder_id(args.out)}, loss {manifest['loss']:.3f} on {manifest['shapes']} shapes")
    return 0


def training_of(args: argparse.Namespace) -> EncoderTraining:
    """What the command line asks for. Raises ConfigError for an option that the kind does not have."""
    from dataclasses import replace

    from srclib_ros.embedding.local_patches import PatchShape
    from srclib_ros.embedding.point_pairs import PairShape
    from srclib_ros.training.encoder import EncoderTraining

    options: dict[str, Any] = {name: getattr(args, name) for name in TAKES if getattr(args, name) is not None}
    for name, value in options.items():
        if args.kind not in TAKES[name]:
            raise ConfigError(f"--{name} is for {', '.join(TAKES[name])}, not for {args.kind}")
        if isinstance(value, float) and not (0.0 < value < 1.0 if name == "rate" else 0.0 < value < 1e3):
            raise ConfigError(f"--{name} {value} is out of range; it is above 0{' and below 1' * (name == 'rate')}")
    if args.mining == "offline" and (args.positives, args.anchor) != ("part", "view"):
        raise ConfigError("--mining offline makes its own batches: leave --positives and --anchor as they are")
    if args.normals and args.kind == "convolutional":
        raise ConfigError("--normals are for a PointNet; the convolutional kind reads a height image")
    beside = args.pair_weight, args.patch_weight
    if not (min(beside) >= 0.0 and sum(beside) < 1.0):
        raise ConfigError(
            f"--pair-weight {args.pair_weight}, --patch-weight {args.patch_weight}: out of range; each is 0 or more, "
            "and both together are below 1"
        )
    pairs = PairShape(weight=args.pair_weight) if args.pair_weight else None
    patches = PatchShape(weight=args.patch_weight) if args.patch_weight else None
    training = EncoderTraining(kind=args.kind, options=options, point_pairs=pairs, local_patches=patches)
    schedule, shape = training.schedule, replace(training.shape, frame=args.frame)
    schedule = replace(schedule, batches=replace(schedule.batches, grouping=args.positives, anchor=args.anchor))
    if args.steps is not None:
        schedule = replace(schedule, steps=args.steps)
    if args.batch is not None:
        parts, views = args.batch
        schedule = replace(schedule, batches=replace(schedule.batches, parts=parts, views=views))
    if args.random_shapes is not None:
        training = replace(training, random_shapes=args.random_shapes)
    if args.normals:
        shape = replace(shape, neighbours=20)
    if args.point_widths is not None:
        shape = replace(shape, point_widths=tuple(args.point_widths))
    if args.dim is not None:
        shape = replace(shape, dim=args.dim)
    return replace(training, schedule=schedule, shape=shape)
