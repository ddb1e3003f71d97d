"""Write one HTML page about a source library: map, clusters, trees, distances, scores, experiments.

The page is one file that needs no network. A library stores no meshes; name the folder that it was built from by
--parts, and every part has its picture.

  srclib report my_library --out report.html --parts my_parts --unit mm
  srclib report my_library --out report.html --experiments out/experiments
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from srclib_ros.cli.options import add_json, add_out, add_seed, print_json, progress
from srclib_ros.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", type=Path, metavar="LIB", help="folder of a source library")
    add_out(parser, "the HTML file to write")
    parser.add_argument("--parts", type=Path, metavar="DIR", help="the meshes that the library was built from")
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins"
    )
    parser.add_argument(
        "--experiments", type=Path, metavar="DIR", help="results of experiments, to be shown as tables (summary.json)"
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.artifact import write_atomic
    from srclib_ros.library.store import Library
    from srclib_ros.reporting.experiments import read_experiments
    from srclib_ros.reporting.page import report
    from srclib_ros.simulation.parts import load_parts

    if args.out.is_dir():
        raise ConfigError(f"{args.out}: is a folder; --out names the HTML file to write")
    library = Library.open(args.library)
    parts = None if args.parts is None else load_parts(args.parts, args.unit)
    experiments = [] if args.experiments is None else read_experiments(args.experiments)
    made = report(library, args.seed, parts, experiments, partial(progress, quiet=args.json))
    write_atomic(args.out, made.html)
    if args.json:
        record = {"page": str(args.out), "bytes": len(made.html), "parts": len(library.entries)}
        print_json(record | {"thumbnails": made.thumbnails, "remarks": list(made.remarks)})
        return 0
    for remark in made.remarks:
        print(remark, file=sys.stderr)
    size_mb = len(made.html) / 1e6
    print(f"{args.out}: {len(library.entries)} parts, {made.thumbnails} with a picture, {size_mb:.1f} MB")
    return 0
