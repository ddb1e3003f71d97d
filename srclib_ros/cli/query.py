"""Ask a source library which of its parts a mesh or a cloud resembles, and which network would be used for it.

A mesh is filmed from many sides and the views vote; a cloud of one part (PCD, PLY, NPZ; the part alone, no bin) is
asked as it is. Two verdicts, never mixed up: identity (this very part is in the library) and suitability (the library
holds a useful source, one of the part's category), each with the rates at which it was wrong, of meshes or of single
views, when the library was built. A mesh is the very part where it is as like the nearest entry as that entry's own
views are.

  srclib query my_library bolt.stl --unit mm
  srclib query my_library segment.pcd --top 10 --json

exit status: 0 there is a suitable source; 1 there is none.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import add_json, add_seed, part_of, print_json
from srclib_ros.errors import CloudError, ConfigError

if TYPE_CHECKING:
    from srclib_ros.embedding.encoder import Descriptors
    from srclib_ros.library.search import Gallery
    from srclib_ros.library.store import Library
    from srclib_ros.library.thresholds import Thresholds
    from srclib_ros.types import FloatArray, Match

MESH_SUFFIXES = (".stl", ".obj", ".off", ".step", ".stp")
VIEWS_OF_A_MESH = 20
MIN_POINTS = 30
FAR = 3.0  # times larger or smaller than everything in the library
MIN_EXTENT_M, MAX_EXTENT_M = 0.002, 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", type=Path, metavar="LIB", help="folder of a source library")
    parser.add_argument("file", type=Path, metavar="FILE", help="mesh (STL, OBJ, PLY, STEP) or cloud (PCD, PLY, NPZ)")
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of a mesh that no manifest.csv lists; clouds are in metres"
    )
    parser.add_argument("--top", type=int, default=5, metavar="K", help="how many entries to name (5)")
    parser.add_argument(
        "--min-similarity",
        type=float,
        default=-1.0,
        metavar="S",
        help="suitable from here on (the library's threshold)",
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.config import SelectionConfig, override
    from srclib_ros.embedding.encoder import Encoder
    from srclib_ros.library.selection import query
    from srclib_ros.library.store import Library

    config = override(SelectionConfig(), {"neighbours": args.top, "min_similarity": args.min_similarity})
    library = Library.open(args.library)
    encoder = Encoder.load(library.encoder_folder)
    found = encoder.describe(_clouds(args.file, args.unit, args.seed))
    answer, thresholds = query(library, encoder, found, config)
    record = answer_record(library, answer, thresholds, args.min_similarity) | {
        "views": len(found),
        "remark": size_remark(library.gallery, found),
    }
    print_json(record) if args.json else _print(library, record)
    return 0 if answer.suitable else 1


def size_remark(gallery: Gallery, found: Descriptors) -> str | None:
    """What to say of a part that is far larger or smaller than everything in the library."""
    import numpy as np

    seen_mm = 1e3 * float(np.median(found.size_m))
    low_mm, high_mm = 1e3 * float(gallery.size_m.min()), 1e3 * float(gallery.size_m.max())
    if low_mm / FAR <= seen_mm <= high_mm * FAR:
        return None
    return (
        f"its points lie {seen_mm:.3g} mm from their middle (root mean square), those of the library's parts "
        f"{low_mm:.3g} to {high_mm:.3g} mm: check --unit, or the cloud's scale"
    )


def answer_record(
    library: Library, answer: Match, thresholds: Thresholds, min_similarity: float = -1.0
) -> dict[str, Any]:
    """The answer as JSON: neighbours, the network to use, and both verdicts with their rates.

    min_similarity: where the caller wanted suitability to begin; negative, where the library's threshold lies.
    """
    from srclib_ros.library.entry import told_by_category

    least = thresholds.suitability.similarity if min_similarity < 0.0 else min_similarity
    similar = answer.nearest.similarity >= least
    return {
        "library": {"name": library.name, "version": library.version, "entries": len(library.entries)},
        "neighbours": [
            asdict(neighbour) | {"network": library.entry(neighbour.entry).model is not None}
            for neighbour in answer.neighbours
        ],
        "source": answer.source,
        "scale": answer.scale,
        "identity": {"verdict": answer.identity, **asdict(thresholds.identity)},
        "suitability": {"verdict": answer.suitable, "similar": similar, **asdict(thresholds.suitability)},
        "useful": f"of the same {'category' if told_by_category(library.entries) else 'cluster'}",
        "asked_from": None if min_similarity < 0.0 else min_similarity,
        "why": answer.why,
    }


def _clouds(file: Path, unit: str | None, seed: int) -> list[FloatArray]:
    """Views of the file's part: many of a mesh, one of a cloud."""
    import numpy as np

    if file.is_dir():
        raise ConfigError(f"{file}: a folder; name one mesh (STL, OBJ, PLY, STEP) or one cloud (PCD, PLY, NPZ)")
    if file.suffix.lower() in MESH_SUFFIXES or (file.suffix.lower() == ".ply" and _has_faces(file)):
        from srclib_ros.training.views import partial_clouds

        return partial_clouds(part_of(file, unit), VIEWS_OF_A_MESH, np.random.default_rng(seed))
    from srclib_ros.captures.cloud_io import CLOUD_SUFFIXES, load_capture

    if not file.exists() or file.suffix.lower() not in CLOUD_SUFFIXES:
        known = "no such file" if not file.exists() else "neither a mesh nor a cloud"
        raise ConfigError(f"{file}: {known}; name one mesh (STL, OBJ, PLY, STEP) or one cloud (PCD, PLY, NPZ)")
    if unit is not None and file.suffix.lower() in CLOUD_SUFFIXES:
        raise ConfigError(f"{file}: clouds are in metres, and --unit is for meshes; scale the cloud and leave it out")
    xyz = load_capture(file).cloud.xyz.reshape(-1, 3)
    cloud = xyz[np.isfinite(xyz).all(axis=1)]
    if len(cloud) < MIN_POINTS:
        raise CloudError(f"{file}: {len(cloud)} points; a part shows its shape from {MIN_POINTS} on")
    extent_m = float(np.ptp(cloud, axis=0).max())
    if not MIN_EXTENT_M < extent_m < MAX_EXTENT_M:
        raise CloudError(f"{file}: {extent_m:.4g} m across is no part in a bin; clouds are in metres, the part alone")
    return [cloud]


def _has_faces(ply: Path) -> bool:
    try:
        with ply.open("rb") as file:
            header = file.read(65536).split(b"end_header")[0]
    except OSError as error:
        raise ConfigError(f"{ply}: cannot be read ({error.strerror}); check the path") from error
    return any(line.split()[:2] == [b"element", b"face"] and line.split()[-1] != b"0" for line in header.splitlines())


def _print(library: Library, record: dict[str, Any]) -> None:
    width = max(len(neighbour["entry"]) for neighbour in record["neighbours"])
    print(f"{'entry':<{width}}  similarity  distance  cluster  network")
    for neighbour in record["neighbours"]:
        cluster = neighbour["cluster"] if neighbour["cluster"] >= 0 else "none"
        network = "yes" if neighbour["network"] else ""
        print(
            f"{neighbour['entry']:<{width}}  {neighbour['similarity']:10.3f}  {neighbour['distance']:8.3f}  "
            f"{cluster:>7}  {network}"
        )
    of = "single views" if record["views"] == 1 else "meshes of its own parts"
    for name in ("identity", "suitability"):
        verdict = record[name]
        said = f"{name}: {'yes' if verdict['verdict'] else 'no'}"
        if name == "identity" and verdict["verdict"]:
            said += f", {record['neighbours'][0]['entry']}"
        if verdict.get("similar") and not verdict["verdict"]:
            said += ", for want of a network"
        if name == "suitability" and record["asked_from"] is not None:
            print(f"{said} (asked for from {record['asked_from']:g} on)")
            continue
        print(
            f"{said} (from {verdict['similarity']:.3f} on; of {of} wrongly yes {verdict['false_accept']:.0%}, "
            f"wrongly no {verdict['false_reject']:.0%} when it was set)"
        )
    if record["useful"] == "of the same cluster":
        print("the parts of this library have no two categories: useful is a part of the same cluster")
    scale = "" if record["scale"] == 1.0 else f" at {record['scale']:.2f} times its size"
    print(f"source: {record['source'] or 'none'}{scale}; {record['why']}")
    if record["remark"] is not None:
        print(record["remark"])
