"""`srclib evaluate retrieval`: is a part found again by its shape among all others of a folder?"""

from __future__ import annotations

import argparse
import platform
from functools import partial
from pathlib import Path
from typing import Any

from srclib_ros.cli.options import DEFAULT_LIBRARY, add_json, add_seed, print_json, progress

DESCRIPTION = """\
Every part of a folder of meshes becomes an entry that remembers 44 simulated views. Queries, each kind 20 a part:
full (the whole surface, turned anyhow), partial (one view by the depth camera), occluded (that view less the 30 % of
its points on one side). Reported with metric size, without it (scale_free), and by three principal extents alone.

  srclib evaluate retrieval --parts my_parts --unit mm --json
  srclib evaluate retrieval --parts my_parts --unit mm --extent-mm 20 200 --limit 50
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", type=Path, required=True, metavar="DIR", help="folder of meshes")
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins"
    )
    parser.add_argument(
        "--library", type=Path, default=DEFAULT_LIBRARY, metavar="DIR", help="whose encoder and weight of size to use"
    )
    parser.add_argument("--extent-mm", type=float, nargs=2, metavar=("LOW", "HIGH"), help="only parts this long")
    parser.add_argument("--queries", type=int, default=20, metavar="N", help="of each kind a part (20)")
    parser.add_argument("--limit", type=int, default=None, metavar="N", help="the first N parts only")
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="write the JSON here as well")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.artifact import write_json

    result = _measure(args)
    if args.out is not None:
        write_json(args.out, result)
    if args.json:
        print_json(result)
        return 0
    print(f"{result['parts']} parts, {result['full']['queries']} queries of each kind; top-1 / top-5")
    print(f"{'query':<10}  {'with size':>11}  {'scale-free':>11}  {'size only':>11}")
    for kind in ("full", "partial", "occluded"):
        columns = (result[kind], result[kind]["scale_free"], result["baselines"]["size_only"][kind])
        print(f"{kind:<10}  " + "  ".join(f"{column['top1']:.2f} / {column['top5']:.2f}" for column in columns))
    print(f"encoding 15 partial views: {result['encode_15_ms']:.1f} ms on {result['threads']} threads")
    return 0


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from srclib_ros import __version__
    from srclib_ros.embedding.encoder import Encoder
    from srclib_ros.errors import MeshError
    from srclib_ros.library.store import Library
    from srclib_ros.simulation.parts import load_parts
    from srclib_ros.training.retrieval import evaluate_retrieval, retrieval_task

    library = Library.open(args.library)
    encoder = Encoder.load(library.encoder_folder)
    parts = load_parts(args.parts, args.unit)
    if args.extent_mm:
        low_m, high_m = (value * 1e-3 for value in args.extent_mm)
        parts = [part for part in parts if low_m <= part.extents_m.max() <= high_m]
    parts = parts[: args.limit]
    if len(parts) < 2:
        raise MeshError(f"{args.parts}: {len(parts)} parts to tell apart, at least 2 are needed")
    bar = partial(progress, quiet=args.json)
    task = retrieval_task(parts, args.seed, queries_each=args.queries, progress=bar)
    figures = evaluate_retrieval(encoder, task, library.size_weight)
    return {
        "parts": len(parts),
        "views_remembered": len(task.gallery[0]),
        **{kind: {name: value for name, value in row.items() if name != "size_only"} for kind, row in figures.items()},
        "baselines": {"size_only": {kind: row["size_only"] for kind, row in figures.items()}},
        "encode_15_ms": _encode_ms(encoder, task.queries["partial"].clouds[:15]),
        "encoder": encoder.id,
        "size_weight": library.size_weight,
        "threads": 2,
        "seed": args.seed,
        "version": __version__,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }


def _encode_ms(encoder: Any, clouds: list[Any]) -> float:
    """Median of 50 runs after 5 warm-ups."""
    from time import perf_counter

    import numpy as np

    times = []
    for _ in range(55):
        start = perf_counter()
        encoder.encode(clouds)
        times.append(1e3 * (perf_counter() - start))
    return float(np.median(times[5:]))
