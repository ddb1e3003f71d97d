"""What a large library costs: a query, what the search in two stages misses, and every way of clustering.

The entries are made up: unit vectors about group centres, each entry with a few aspects that its views scatter about,
seven tenths of the scatter in 16 dimensions, as it is in the library that ships. A query is one more view of an entry
drawn at random; its time runs from the embedding to the answer, the encoder left out.

Algorithms that need a number of clusters look for it on a sample, so it is at most half of the sample's size and far
below the number of made-up groups: each cluster holds several whole groups, and the ARI with them is low for that.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.cluster_options import ALGORITHM_NAMES
from srclib_ros.cli.options import add_json, add_seed, positive_int, print_json, progress

if TYPE_CHECKING:
    import numpy as np

    from srclib_ros.embedding.encoder import Descriptors
    from srclib_ros.library.search import Gallery
    from srclib_ros.types import FloatArray

DIMS, METRIC_DIM, VIEWS, ASPECTS = (96, 64, 64), 64, 84, 4
DIM = sum(DIMS)
LENGTHS = (0.6**0.5, 0.2**0.5, 0.2**0.5, 0.39)  # of the descriptors' rows and the metric one, as in what ships
OF_A_GROUP = 20
SCATTER_DIMENSIONS = 16
GROUP_SCATTER, ASPECT_SCATTER, VIEW_SCATTER, NOISE_SCATTER = 0.5, 0.5, 0.2, 0.49
_BLOCK = 2_000
WARM_UPS = 5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--entries", type=positive_int, default=100_000, metavar="N", help="in the library (100000)")
    parser.add_argument("--queries", type=positive_int, default=50, metavar="N", help="queries that count (50)")
    clustering = parser.add_mutually_exclusive_group()
    clustering.add_argument(
        "--algorithm", nargs="+", default=ALGORITHM_NAMES, choices=ALGORITHM_NAMES, help="to cluster by (all)"
    )
    clustering.add_argument(
        "--no-clustering", dest="algorithm", action="store_const", const=(), help="queries alone are measured"
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.library.clustering.clustering import mean_views

    made = made_up_library(args.entries, args.queries, args.seed)
    gallery = made.gallery
    coordinates = mean_views(gallery)
    report = {
        "entries": args.entries,
        "views": VIEWS,
        "dimensions": DIM + METRIC_DIM,
        "made_up": f"groups of {OF_A_GROUP}, {ASPECTS} aspects an entry, seed {args.seed}",
        "gallery_MiB": round(sum(held.nbytes for held in (gallery.embeddings, gallery.size_m, gallery.metric)) / 2**20),
        "query": query_figures(made),
    }
    del gallery, made.gallery
    report["clustering"] = {
        name: clustering_figures(name, coordinates, made.groups)
        for name in progress(args.algorithm, label="clustering", quiet=args.json)
    }
    print_json(report) if args.json else _print(report)
    return 0


@dataclass
class MadeUp:
    """gallery: (E, V, D). groups: (E,) that the entries were drawn about. queries: Q."""

    gallery: Gallery
    groups: np.ndarray
    queries: Descriptors


def made_up_library(entries: int, queries: int, seed: int) -> MadeUp:
    """The same seed gives the same library."""
    import numpy as np

    from srclib_ros.embedding.encoder import Descriptors
    from srclib_ros.library.packing import packed
    from srclib_ros.library.search import EXACT_UP_TO, Gallery

    rng = np.random.default_rng(seed)
    dim = DIM + METRIC_DIM
    axes = np.linalg.qr(rng.standard_normal((dim, SCATTER_DIMENSIONS)))[0].T.astype(np.float32)
    groups = rng.integers(max(entries // OF_A_GROUP, 1), size=entries)
    centres = _scattered(rng, axes, groups.max() + 1)
    parts = centres[groups] + GROUP_SCATTER * _scattered(rng, axes, entries)
    size_m = np.exp(rng.normal(np.log(0.03), 0.4, (entries, 1)) + rng.normal(0, 0.1, (entries, VIEWS + 1)))
    size_m = size_m.astype(np.float32)
    asked = rng.integers(entries, size=queries)
    stored = np.int16 if entries > EXACT_UP_TO else np.float32
    embeddings, metric = (np.empty((entries, VIEWS, part), stored) for part in (DIM, METRIC_DIM))
    found = np.empty((queries, dim), np.float32)
    for start in range(0, entries, _BLOCK):
        block = parts[start : start + _BLOCK]
        aspects = block[:, None] + ASPECT_SCATTER * _scattered(rng, axes, len(block), ASPECTS)
        of_views = aspects[:, np.arange(VIEWS + 1) % ASPECTS] + VIEW_SCATTER * _scattered(
            rng, axes, len(block), VIEWS + 1
        )
        of_views += NOISE_SCATTER / np.sqrt(dim) * rng.standard_normal(of_views.shape, np.float32)
        for length, some in zip(LENGTHS, np.split(of_views, np.cumsum(DIMS), axis=2), strict=True):
            some *= length / np.linalg.norm(some, axis=2, keepdims=True)
        views = of_views[:, :VIEWS]
        kept = packed(views) if entries > EXACT_UP_TO else views
        embeddings[start : start + _BLOCK], metric[start : start + _BLOCK] = kept[..., :DIM], kept[..., DIM:]
        here = (asked >= start) & (asked < start + _BLOCK)
        found[here] = of_views[asked[here] - start, VIEWS]
    gallery = Gallery(embeddings, np.ascontiguousarray(size_m[:, :VIEWS]), metric, DIMS)
    return MadeUp(gallery, groups, Descriptors(found[:, :DIM], size_m[asked, VIEWS], found[:, DIM:]))


def query_figures(made: MadeUp) -> dict[str, Any]:
    """Milliseconds of a query, and how many of the exact search's nearest 1 and 5 it finds."""
    import numpy as np

    from srclib_ros.config import SelectionConfig
    from srclib_ros.library.search import EXACT_UP_TO, REFINED, SIZE_WEIGHT, distances, exact_distances, nearest_rows
    from srclib_ros.library.selection import match
    from srclib_ros.library.votes import vote

    library, config = _library_of(made.gallery), SelectionConfig()
    begun = time.perf_counter()
    made.gallery.coarse(SIZE_WEIGHT)
    index_s = time.perf_counter() - begun
    asked = [made.queries[row : row + 1] for row in range(len(made.queries))]
    took_ms, cpu_ms, rows = [], [], []
    for query in [*(WARM_UPS * asked)[:WARM_UPS], *asked]:
        begun, begun_cpu = time.perf_counter(), time.process_time()
        to_entries = vote(distances(made.gallery, query, SIZE_WEIGHT), np.ones(1))
        match(library, to_entries, config, library.thresholds)
        took_ms.append(1e3 * (time.perf_counter() - begun))
        cpu_ms.append(1e3 * (time.process_time() - begun_cpu))
        rows.append(nearest_rows(to_entries, 5))
    blocks = [
        exact_distances(made.gallery[slice(start, start + _BLOCK)], made.queries, SIZE_WEIGHT)
        for start in range(0, len(made.gallery), _BLOCK)
    ]
    truth = [nearest_rows(row, 5) for row in np.concatenate(blocks, axis=1)]
    pairs = list(zip(rows[WARM_UPS:], truth, strict=True))
    return {
        "median_ms": round(float(np.median(took_ms[WARM_UPS:])), 2),
        "p95_ms": round(float(np.percentile(took_ms[WARM_UPS:], 95)), 2),
        "median_cpu_ms": round(float(np.median(cpu_ms[WARM_UPS:])), 2),
        "top1_recall": float(np.mean([found[0] == exact[0] for found, exact in pairs])),
        "top5_recall": float(np.mean([len(np.intersect1d(found, exact)) / len(exact) for found, exact in pairs])),
        "queries": len(asked),
        "two_stage": len(made.gallery) > EXACT_UP_TO,
        "measured_exactly": min(REFINED, len(made.gallery)),
        "index_s": round(index_s, 1),
    }


def clustering_figures(algorithm: str, coordinates: Any, groups: Any) -> dict[str, Any]:
    """Seconds, and the peak memory of a process that does nothing else."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "parts.npz", coordinates=coordinates, groups=groups)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            return alone.submit(_cluster, Path(folder) / "parts.npz", algorithm).result()


def _cluster(file: Path, algorithm: str) -> dict[str, Any]:
    import numpy as np

    from srclib_ros.library.clustering import ALGORITHMS, Parts
    from srclib_ros.library.clustering.scores import scores

    held = np.load(file)
    parts = Parts(coordinates=held["coordinates"])
    begun, begun_cpu = time.perf_counter(), time.process_time()
    found = ALGORITHMS[algorithm](parts)
    took_s, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
    peak_mib = _peak_kib() / 1024
    return {
        "seconds": round(took_s, 1),
        "cpu_seconds": round(cpu_s, 1),
        "peak_MiB": round(peak_mib),
        "parameters": dict(found.parameters),
        "chosen": dict(found.chosen),
        "approximated": found.approximated,
        "scores": scores(parts, found, held["groups"].tolist()),
    }


def _peak_kib() -> int:
    """Of this process since it began; getrusage would count what its parent held when it was started."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def _scattered(rng: np.random.Generator, axes: FloatArray, *shape: int) -> FloatArray:
    """Random vectors of about unit length, within the axes."""
    import numpy as np

    drawn: FloatArray = rng.standard_normal((*shape, len(axes)), np.float32) @ axes / np.float32(np.sqrt(len(axes)))
    return drawn


def _library_of(gallery: Gallery) -> Any:
    """The gallery as a library in memory; every tenth entry has a network."""
    from srclib_ros.library.entry import Entry
    from srclib_ros.library.search import SIZE_WEIGHT
    from srclib_ros.library.store import Library

    entries = tuple(
        Entry(f"part_{row}", "", 0.05, (0.05, 0.03, 0.02), row // OF_A_GROUP, 1.0, row % 10 == 0,
              f"models/part_{row}" if row % 10 == 0 else None, "made up")
        for row in range(len(gallery))
    )  # fmt: skip
    rates = {"similarity": 0.8, "false_accept": 0.1, "false_reject": 0.1, "auroc": 0.9, "queries": 1}
    thresholds = {"identity": rates, "suitability": rates}
    manifest = {"size_weight": SIZE_WEIGHT, "thresholds": thresholds, "thresholds_of_whole": thresholds}
    return Library(Path("made_up"), manifest, "made up", entries, gallery)


def _print(report: dict[str, Any]) -> None:
    from srclib_ros.cli.table import format_table

    query = report["query"]
    print(
        f"{report['entries']} made-up entries of {report['views']} views, {report['gallery_MiB']} MiB\n"
        f"query: median {query['median_ms']} ms, p95 {query['p95_ms']} ms over {query['queries']}; "
        f"recall of the nearest {query['top1_recall']:.2f}, of five {query['top5_recall']:.2f}; "
        f"{'two stages' if query['two_stage'] else 'exact'}"
    )
    if not report["clustering"]:
        return
    headings = ("algorithm", "s", "peak MiB", "clusters", "noise", "ari", "approximated")
    rows = [
        [
            name,
            f"{figures['seconds']:.1f}",
            str(figures["peak_MiB"]),
            str(figures["scores"]["clusters"]),
            f"{figures['scores']['noise']:.2f}",
            f"{figures['scores']['ari']:.2f}",
            figures["approximated"],
        ]
        for name, figures in report["clustering"].items()
    ]
    print(format_table(headings, rows, {"s", "peak MiB", "clusters", "noise", "ari"}))
