"""Make parametric industrial parts: bolts, nuts, shafts, gears, brackets, pipes, housings and more, as meshes.

Each part becomes a binary STL in millimetres under OUT/<family>/, and OUT/manifest.csv lists them with category, unit,
extents, number of faces and whether they are watertight. `srclib simulate` and `srclib build` read such a folder.

  srclib parts my_parts
  srclib parts my_strangers --split held_out
  srclib parts my_variants --seed 7

The library split is meant to be learnt from. The held_out split holds other sizes of the same families, and three
families (hook, fan, wing_nut) that the library has nothing like. Seed 0 gives the nominal sizes; any other seed
varies every length by up to 4 %.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from srclib_ros.cli.options import add_json, add_seed, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="OUT", help="folder for the meshes and their manifest.csv")
    parser.add_argument(
        "--split", choices=("library", "held_out"), default="library", help="parts to learn from, or to test on"
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.simulation.parts import generate_parts, write_parts

    parts = generate_parts(args.seed, args.split)
    manifest = write_parts(args.folder, parts)
    families = sorted({part.category for part in parts})
    if args.json:
        print_json(
            {
                "manifest": str(manifest),
                "seed": args.seed,
                "split": args.split,
                "families": families,
                "parts": [{"name": part.name, "category": part.category} for part in parts],
            }
        )
    else:
        print(f"{len(parts)} parts of {len(families)} families: {manifest}")
    return 0
