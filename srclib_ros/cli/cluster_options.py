"""How to cluster: the options that `srclib cluster` and `srclib library LIB recluster` share."""

from __future__ import annotations

import argparse
from typing import Any

from srclib_ros.cli.options import positive_int, seed
from srclib_ros.errors import ConfigError

ALGORITHM_NAMES = ("hdbscan", "dbscan", "k_means", "k_medoids", "agglomerative", "divisive", "gaussian_mixture")
TAKES = {
    "k": {"k_means", "k_medoids", "agglomerative", "divisive", "gaussian_mixture"},
    "eps": {"dbscan"},
    "min_samples": {"dbscan", "hdbscan"},
    "min_cluster_size": {"hdbscan"},
    "linkage": {"agglomerative"},
    "seed": {"k_means", "k_medoids", "agglomerative", "divisive", "gaussian_mixture"},
}


def add_clustering(parser: argparse.ArgumentParser, *more_algorithms: str) -> None:
    """`--algorithm` and the parameters of each; what is not given is found from the data."""
    parser.add_argument(
        "--algorithm", choices=(*ALGORITHM_NAMES, *more_algorithms), default="hdbscan", help="how to cluster (hdbscan)"
    )
    parser.add_argument("--k", type=positive_int, metavar="N", help="so many clusters; found from the data without")
    parser.add_argument("--eps", type=float, metavar="D", help="reach of DBSCAN's neighbourhood; found from the data")
    parser.add_argument("--min-samples", type=positive_int, metavar="N", help="parts that make a dense place")
    parser.add_argument("--min-cluster-size", type=positive_int, metavar="N", help="smallest cluster of HDBSCAN (2)")
    parser.add_argument("--linkage", choices=("average", "complete", "single"), help="what agglomerative merges by")
    parser.add_argument("--seed", type=seed, metavar="N", help="of what is drawn at random (0)")


def clustering_of(args: argparse.Namespace) -> dict[str, Any]:
    """The parameters that were given. Raises ConfigError for one that the algorithm does not take."""
    given = {name: getattr(args, name) for name in TAKES if getattr(args, name) is not None}
    for name in given:
        if args.algorithm not in TAKES[name]:
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option} is for {', '.join(sorted(TAKES[name]))}, not for {args.algorithm}")
    if args.eps is not None and not args.eps > 0:
        raise ConfigError(f"--eps is a distance above 0, not {args.eps}")
    if args.min_cluster_size == 1:
        raise ConfigError("--min-cluster-size is 2 or more: a part by itself is noise")
    return given
