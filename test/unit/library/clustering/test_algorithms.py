"""Every algorithm on the same parts: three clear groups on a line, one part far from all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from srclib_ros.cli.cluster_options import ALGORITHM_NAMES as NAMES
from srclib_ros.errors import ConfigError
from srclib_ros.library.clustering import ALGORITHMS, Parts
from srclib_ros.library.clustering.centroid import k_medoids, partition_around_medoids
from srclib_ros.library.clustering.choice import candidates, silhouette
from srclib_ros.library.clustering.density import dbscan, hdbscan
from srclib_ros.library.clustering.hierarchical import agglomerative, divisive, split_widest
from srclib_ros.library.clustering.scores import scores
from srclib_ros.library.entry import NOISE

POSITIONS = np.array([0.0, 1.0, 2.1, 50.0, 51.0, 52.5, 90.0, 91.0, 91.5])
GROUPS = [0, 0, 0, 1, 1, 1, 2, 2, 2]
CATEGORIES = ["a"] * 3 + ["b"] * 3 + ["c"] * 3


def on_a_line(positions: np.ndarray) -> Parts:
    return Parts(np.abs(positions[:, None] - positions[None, :]))


@pytest.mark.parametrize("name", NAMES)
def test_clear_groups_are_found_without_being_told_how_many(name: str) -> None:
    found = ALGORITHMS[name](on_a_line(POSITIONS))
    assert found.labels.tolist() == GROUPS
    assert found.algorithm == name
    assert found.representatives == {0: 1, 1: 4, 2: 7}
    assert (found.strengths > 0).all()
    assert (found.strengths <= 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_coordinates_serve_as_well_as_distances(name: str) -> None:
    assert ALGORITHMS[name](Parts(coordinates=POSITIONS[:, None])).labels.tolist() == GROUPS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_parts_are_no_error(name: str, count: int) -> None:
    found = ALGORITHMS[name](on_a_line(POSITIONS[:count]))
    assert len(found.labels) == len(found.strengths) == count


@pytest.mark.parametrize("name", NAMES)
def test_equal_parts_are_no_error(name: str) -> None:
    assert len(ALGORITHMS[name](Parts(np.zeros((6, 6)))).labels) == 6


@pytest.mark.parametrize("name", ["k_means", "k_medoids", "agglomerative", "divisive", "gaussian_mixture"])
def test_the_number_of_clusters_can_be_given(name: str) -> None:
    found = ALGORITHMS[name](on_a_line(POSITIONS), k=2)
    assert len(found.representatives) == 2
    assert not found.chosen
    with pytest.raises(ConfigError, match="10 clusters of 9 parts"):
        ALGORITHMS[name](on_a_line(POSITIONS), k=10)


@pytest.mark.parametrize("found", [dbscan, hdbscan])
def test_a_part_far_from_all_is_noise(found: object) -> None:
    result = ALGORITHMS[found.__name__](on_a_line(np.r_[POSITIONS, 500.0]))  # type: ignore[attr-defined]
    assert result.labels[-1] == NOISE
    assert result.strengths[-1] == 0


def test_dbscan_says_how_it_found_its_reach() -> None:
    found = dbscan(on_a_line(POSITIONS))
    assert "silhouette" in found.chosen["eps"]
    assert found.parameters["eps"] == 1.5
    assert not dbscan(on_a_line(POSITIONS), eps=2.0).chosen


def test_a_part_by_itself_and_noise_count_as_nothing() -> None:
    parts = on_a_line(np.array([0.0, 1.0, 10.0]))
    pair = (1 - 1 / 10 + 1 - 1 / 9) / 3
    assert silhouette(parts.distance, np.array([0, 0, NOISE])) == pytest.approx(pair)
    assert silhouette(parts.distance, np.array([0, 0, 1])) == pytest.approx(pair)
    assert silhouette(parts.distance, np.zeros(3, np.int64)) == -np.inf


def test_medoids_are_the_best_of_all_choices(rng: np.random.Generator) -> None:
    """Against every choice of 3 of 12, on ten sets of points."""
    for _ in range(10):
        parts = Parts(coordinates=rng.normal(size=(12, 2)))
        least = min(parts.distance[:, rows].min(axis=1).sum() for rows in combinations(range(12), 3))
        rows = partition_around_medoids(parts.distance, 3)
        assert len(set(rows.tolist())) == 3
        assert parts.distance[:, rows].min(axis=1).sum() <= 1.05 * least


def test_a_medoid_of_the_exchange_is_the_representative() -> None:
    parts = on_a_line(POSITIONS)
    assert sorted(partition_around_medoids(parts.distance, 3)) == sorted(k_medoids(parts, 3).representatives.values())


def test_the_widest_cluster_is_split_at_its_gap() -> None:
    """DIANA by hand: 91.5 is farthest from the rest on average, and draws 90 and 91 after it, then the middle ones."""
    distance = on_a_line(np.array([0.0, 1.0, 10.0])).distance
    assert split_widest(distance, np.zeros(3, np.int64)).tolist() == [0, 0, 1]  # type: ignore[union-attr]
    assert split_widest(np.zeros((2, 2)), np.zeros(2, np.int64)) is None


def test_splitting_goes_on_within_what_was_split() -> None:
    coarse, fine = (divisive(on_a_line(POSITIONS), k).labels for k in (2, 4))
    assert all(len(set(coarse[fine == label].tolist())) == 1 for label in set(fine.tolist()))


def test_the_dendrogram_holds_every_merge() -> None:
    found = agglomerative(on_a_line(POSITIONS))
    assert found.tree is not None
    assert found.tree.shape == (len(POSITIONS) - 1, 4)
    assert (np.diff(found.tree[:, 2]) >= 0).all()
    with pytest.raises(ConfigError, match="average, complete, single"):
        agglomerative(on_a_line(POSITIONS), linkage="ward")


def test_numbers_of_clusters_that_are_tried_grow_apart() -> None:
    assert candidates(9) == [2, 3, 4]
    assert candidates(3) == []
    assert len(candidates(100_000)) <= 60


def test_a_perfect_clustering_scores_so() -> None:
    parts = on_a_line(POSITIONS)
    figures = scores(parts, hdbscan(parts), CATEGORIES)
    assert figures["ari"] == figures["nmi"] == 1
    assert figures["clusters"] == 3
    assert figures["noise"] == 0
    assert figures["silhouette"] is not None
    assert figures["silhouette"] > 0.9
    assert figures["dbcv"] is not None
    assert figures["dbcv"] > 0.5


def test_what_is_not_defined_is_none() -> None:
    parts = on_a_line(POSITIONS)
    one = scores(parts, k_medoids(parts, 1), CATEGORIES)
    assert one["silhouette"] is one["dbcv"] is None
    each = scores(parts, k_medoids(parts, 9), CATEGORIES)
    assert each["silhouette"] is each["dbcv"] is None


def test_parts_without_a_category_do_not_count_as_one_kind() -> None:
    parts = on_a_line(POSITIONS)
    found = hdbscan(parts)
    assert scores(parts, found, [""] * len(POSITIONS))["ari"] is None
    some = [category if row % 3 else "" for row, category in enumerate(CATEGORIES)]
    assert scores(parts, found, some)["ari"] == 1
