"""Cluster the parts of a source library anew, and say how good the clusters are; the library is not changed
(`srclib library LIB recluster` changes it).

srclib cluster my_library                                as it is built: HDBSCAN
srclib cluster my_library --algorithm k_medoids          the number of clusters found from the data
srclib cluster my_library --algorithm agglomerative --k 12 --json
srclib cluster my_library --algorithm all                every algorithm, a line each
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.cluster_options import ALGORITHM_NAMES, add_clustering, clustering_of
from srclib_ros.cli.options import add_json, print_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from srclib_ros.library.clustering import Clustering
    from srclib_ros.library.store import Library

EVERY = "all"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", type=Path, metavar="LIB", help="folder of a source library")
    add_clustering(parser, EVERY)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.library.clustering import parts_of
    from srclib_ros.library.store import Library

    given = clustering_of(args)
    library = Library.open(args.library)
    parts = parts_of(library.gallery, args.seed or 0)
    records = [
        _record(library, parts, name, given)
        for name in (ALGORITHM_NAMES if args.algorithm == EVERY else (args.algorithm,))
    ]
    if args.json:
        print_json(records if args.algorithm == EVERY else records[0])
    elif args.algorithm == EVERY:
        _print_table(records)
    else:
        _print(records[0])
    return 0


def _record(library: Library, parts: Any, algorithm: str, given: dict[str, Any]) -> dict[str, Any]:
    from srclib_ros.library.clustering import ALGORITHMS
    from srclib_ros.library.clustering.many import members_of
    from srclib_ros.library.clustering.scores import scores

    found = ALGORITHMS[algorithm](parts, **given)
    members = members_of(found.labels)
    return {
        "algorithm": found.algorithm,
        "parameters": dict(found.parameters),
        "chosen": dict(found.chosen),
        "approximated": found.approximated,
        "scores": scores(parts, found, [entry.category for entry in library.entries]),
        "clusters": [
            {
                "cluster": cluster,
                "representative": library.entries[row].name,
                "members": _members(library, found, members[cluster]),
            }
            for cluster, row in sorted(found.representatives.items())
        ],
        "noise": [entry.name for entry, label in zip(library.entries, found.labels, strict=True) if label < 0],
        "tree": None if found.tree is None else found.tree.tolist(),
        "leaves": None if found.leaves is None else [library.entries[row].name for row in found.leaves],
    }


def _members(library: Library, found: Clustering, rows: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Strongest first."""
    strongest = rows[(-found.strengths[rows]).argsort(kind="stable")]
    return [{"name": library.entries[row].name, "strength": round(float(found.strengths[row]), 4)} for row in strongest]


def _settings(record: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in record.items()
    )


def _print(record: dict[str, Any]) -> None:
    print(f"{record['algorithm']}: {_settings(record['parameters'])}")
    for name, how in record["chosen"].items():
        print(f"  {name}: {how}")
    if record["approximated"]:
        print(f"  approximated: {record['approximated']}")
    for item in record["clusters"]:
        others = [f"{member['name']} ({member['strength']:.2f})" for member in item["members"]]
        print(f"{item['cluster']:>4}  {item['representative']:<26} {', '.join(others)}")
    if record["noise"]:
        print(f"none  {', '.join(record['noise'])}")
    print(", ".join(f"{name} {_figure(value)}" for name, value in record["scores"].items()))


def _print_table(records: list[dict[str, Any]]) -> None:
    names = list(records[0]["scores"])
    print(f"{'algorithm':<18}" + "".join(f"{name:>12}" for name in names) + "  parameters")
    for record in records:
        figures = "".join(f"{_figure(record['scores'][name]):>12}" for name in names)
        print(f"{record['algorithm']:<18}{figures}  {_settings(record['parameters'])}")


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
