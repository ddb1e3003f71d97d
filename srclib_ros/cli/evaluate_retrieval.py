"""`srclib evaluate retrieval`: is a part found again by its shape among all others of a folder?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import (
    DEFAULT_LIBRARY,
    add_extent,
    add_json,
    add_seed,
    add_unit,
    parts_of_extent,
    positive_int,
    print_json,
    progress,
)
from srclib_ros.cli.retrieval_table import report

if TYPE_CHECKING:
    from srclib_ros.geometry.mesh import PartMesh
    from srclib_ros.training.descriptors import Describer
    from srclib_ros.training.retrieval import RetrievalTask
    from srclib_ros.types import FloatArray

BASELINES = ("size_only", "ppf_histogram", "fpfh_bow", "d2", "untrained_pointnet")
THREADS = 2
WARM_UPS, FRAMES = 5, 50

DESCRIPTION = """\
Every part of a folder of meshes becomes an entry that remembers 84 simulated views. Queries, each kind 20 a part:
full (the whole surface, turned anyhow), partial (one view by the depth camera), occluded (that view less the 30 % of
its points on one side); and segmented: parts of 20 to 200 mm are dropped into mixed piles, filmed and cut apart by the
pipeline's own segmentation. A segment is a query for the part that at least half of its pixels show; segments of the
bin and of no one part are counted apart, and so are those that the segmentation itself doubts to be one whole part: the
cell does not ask about them. segmented_all has them too; segmented_whole are those that are one whole
part: 80 % of what the camera saw of it, and at most 20 % else.

Reported with metric size and without (scale_free), and with parts merged that the camera's noise hides the difference
of (merged). category: is the nearest other part of the same category? identity: is this very part in the library?
suitability: does the library hold one of its category? Means come with a 95 % interval, drawn over parts.

Beside the encoder stand descriptors that nobody trained, on the same clouds: three lengths (size_only), point pair
features (ppf_histogram), a bag of FPFH words (fpfh_bow), pair distances (d2), the network before training
(untrained_pointnet). How much size counts is fitted to the gallery for each of them.

Encoders of this project are trained on the library parts that it generates (`srclib parts`). What lies nearer to one
of them than 2 % of its diameter, on average once laid onto it, is left out and named, unless --keep-near-duplicates.

  srclib evaluate retrieval --parts my_parts --unit mm --json
  srclib evaluate retrieval --parts my_parts --unit mm --extent-mm 20 200 --limit 50
  srclib evaluate retrieval --parts my_parts --unit mm --encoder my_encoder --baselines ppf_histogram
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", type=Path, required=True, metavar="DIR", help="folder of meshes")
    add_unit(parser)
    parser.add_argument(
        "--library", type=Path, default=DEFAULT_LIBRARY, metavar="DIR", help="whose encoder and weight of size to use"
    )
    parser.add_argument("--encoder", type=Path, metavar="DIR", help="an encoder's folder, instead of the library's own")
    parser.add_argument(
        "--size-weight", type=_not_negative, metavar="X", help="how much the ratio of sizes counts (as in the library)"
    )
    parser.add_argument(
        "--baselines", nargs="+", default=["all"], metavar="NAME", help=f"all, none, or of {', '.join(BASELINES)} (all)"
    )
    parser.add_argument("--no-piles", action="store_true", help="leave the segmented queries out")
    add_extent(parser)
    parser.add_argument(
        "--keep-near-duplicates",
        action="store_true",
        help="keep parts that are all but equal to a library part that this project generates, see above",
    )
    parser.add_argument("--queries", type=positive_int, default=20, metavar="N", help="of each kind a part (20)")
    parser.add_argument("--limit", type=positive_int, default=None, metavar="N", help="the first N parts only")
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="write the JSON here as well")
    add_seed(parser)
    add_json(parser)


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: expected a number of 0 or more")
    return value


def run(args: argparse.Namespace) -> int:
    from srclib_ros.artifact import write_json

    result = _measure(args)
    if args.out is not None:
        write_json(args.out, result)
    if args.json:
        print_json(result)
    else:
        print(report(result))
    return 0


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    from srclib_ros.cli.circumstances import circumstances
    from srclib_ros.embedding.encoder import Encoder
    from srclib_ros.library.search import fitting_size_weight
    from srclib_ros.library.store import Library
    from srclib_ros.simulation.parts import generate_parts
    from srclib_ros.training.descriptors import BASELINES as MAKERS
    from srclib_ros.training.retrieval import evaluate_retrieval, retrieval_task

    names = _baselines(args.baselines)
    library = Library.open(args.library)
    encoder = Encoder.load(args.encoder or library.encoder_folder, THREADS)
    weight = args.size_weight
    if weight is None:
        weight = library.size_weight if args.encoder is None else fitting_size_weight(encoder.dim_m)
    parts = _parts(args)
    bar = partial(progress, quiet=args.json)
    task = retrieval_task(
        parts,
        args.seed,
        queries_each=args.queries,
        segmented=not args.no_piles,
        known=() if args.keep_near_duplicates else generate_parts(0, "library"),
        progress=bar,
    )
    asked = _evenly(task.queries["partial"].clouds, 15)
    baselines = {}
    for name in bar(names, total=len(names), label="baselines"):
        baseline = MAKERS[name](task.remembered, args.seed)
        baselines[name] = evaluate_retrieval(baseline, task) | _encode_ms(baseline, asked)
    return {
        **_about(parts, task),
        "near_duplicates": None if args.keep_near_duplicates else task.near_duplicates,
        "queries_each": args.queries,
        **evaluate_retrieval(encoder, task, weight),
        **_encode_ms(encoder, asked),
        "encoder": encoder.id,
        "baselines": baselines,
        **circumstances(args.seed, THREADS),
    }


def _baselines(asked: Sequence[str]) -> list[str]:
    from srclib_ros.errors import ConfigError

    if list(asked) in (["all"], ["none"]):
        return list(BASELINES) if asked[0] == "all" else []
    unknown = [name for name in asked if name not in BASELINES]
    if unknown:
        raise ConfigError(f"--baselines: unknown {unknown[0]!r}; known: all, none, {', '.join(BASELINES)}")
    return [name for name in BASELINES if name in asked]


def _parts(args: argparse.Namespace) -> list[PartMesh]:
    from srclib_ros.errors import MeshError
    from srclib_ros.simulation.parts import load_parts

    parts = parts_of_extent(load_parts(args.parts, args.unit), args.extent_mm)[: args.limit]
    if len(parts) < 2:
        raise MeshError(
            f"{args.parts}: {len(parts)} parts to tell apart, at least 2 are needed; "
            "give another folder, or widen --extent-mm and --limit"
        )
    return parts


def _about(parts: Sequence[PartMesh], task: RetrievalTask) -> dict[str, Any]:
    """Counts: parts, what was merged, and what the meshes and the piles would not do."""
    from dataclasses import asdict

    from srclib_ros.training.views import FULL_NOISE_M

    twins = {"with_size": task.twins, "scale_free": task.twins_scale_free}
    return {
        "parts": len(task.names),
        "views_remembered": len(task.gallery[0]),
        "meshes": {"not_watertight": sum(not part.watertight for part in parts), "unseen": task.unseen},
        "merging": {
            "noise_m": FULL_NOISE_M,
            **{
                name: {
                    "groups": found.groups,
                    "parts_merged": found.parts_merged,
                    "pairs_registered": found.candidates,
                    "pairs_alike": found.pairs,
                    "merged": found.named(task.names),
                }
                for name, found in twins.items()
            },
        },
        "piles": None if task.piles is None else asdict(task.piles),
    }


def _evenly(clouds: Sequence[FloatArray], count: int) -> list[FloatArray]:
    """`count` of the clouds, from first to last; repeated when there are fewer."""
    return [clouds[index * len(clouds) // count] for index in range(count)]


def _encode_ms(encoder: Describer, clouds: Sequence[FloatArray]) -> dict[str, float]:
    """Median and 95th percentile of the time that 15 clouds take."""
    from time import perf_counter

    import numpy as np

    times = []
    for _ in range(WARM_UPS + FRAMES):
        start = perf_counter()
        encoder.describe(clouds)
        times.append(1e3 * (perf_counter() - start))
    median, p95 = np.percentile(times[WARM_UPS:], (50, 95))
    return {"encode_15_ms": float(median), "encode_15_p95_ms": float(p95)}
