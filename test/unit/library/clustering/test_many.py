"""Every algorithm on more parts than a distance matrix is made for: clear groups are found all the same."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.cli.cluster_options import ALGORITHM_NAMES
from srclib_ros.errors import ConfigError
from srclib_ros.library.clustering import ALGORITHMS, Parts, hierarchical, many, parts_of
from srclib_ros.library.clustering import clustering as clustering_module
from srclib_ros.library.clustering.clustering import mean_views, medoids, nearness, part_distances
from srclib_ros.library.clustering.many import drawn, medoids_of, members_of, nearest_two, nearness_of
from srclib_ros.library.clustering.scores import scores
from srclib_ros.library.entry import NOISE
from srclib_ros.library.packing import packed
from srclib_ros.library.search import Gallery

pytest.importorskip("sklearn")
pytest.importorskip("hdbscan")

GROUPS = np.arange(240) % 4


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 100 parts were too many for a matrix."""
    monkeypatch.setattr(clustering_module, "MANY", 100)
    monkeypatch.setattr(clustering_module, "SAMPLED", 60)
    monkeypatch.setattr(hierarchical, "REPRESENTATIVES", 30)


@pytest.fixture
def coordinates(rng: np.random.Generator) -> np.ndarray:
    """Four groups far apart, in 20 dimensions."""
    centres = 10 * np.eye(20)[:4]
    return centres[GROUPS] + 0.1 * rng.standard_normal((240, 20))


@pytest.mark.parametrize("name", ALGORITHM_NAMES)
def test_clear_groups_are_found_and_what_was_approximated_is_said(
    name: str, coordinates: np.ndarray, few_are_many: None
) -> None:
    parts = Parts(coordinates=coordinates, approximated="one vector")
    given = {"dbscan": {"eps": 3.0}, "hdbscan": {"min_cluster_size": 30}}.get(name, {})
    found = ALGORITHMS[name](parts, **given)
    assert found.labels.tolist() == GROUPS.tolist()
    assert found.approximated.startswith("one vector; ")
    assert set(found.representatives) == {0, 1, 2, 3}
    assert all(GROUPS[row] == cluster for cluster, row in found.representatives.items())
    assert ((found.strengths >= 0) & (found.strengths <= 1)).all()
    assert found.strengths.mean() > 0.5
    again = ALGORITHMS[name](parts, **given)
    np.testing.assert_array_equal(again.strengths, found.strengths)
    figures = scores(parts, found, GROUPS.astype(str).tolist())
    assert figures["ari"] == 1
    assert figures["dbcv"] is None
    if found.tree is not None and found.leaves is not None:
        assert len(found.leaves) == len(found.tree) + 1


def test_a_reach_is_found_from_the_tree(coordinates: np.ndarray, few_are_many: None) -> None:
    found = ALGORITHMS["dbscan"](Parts(coordinates=coordinates))
    assert "of a sample of 60 parts" in found.chosen["eps"]
    member = found.labels != NOISE
    assert member.mean() > 0.5


def test_distances_between_many_are_refused(coordinates: np.ndarray, few_are_many: None) -> None:
    with pytest.raises(MemoryError, match="240 parts"):
        _ = Parts(coordinates=coordinates).distance


def test_by_blocks_as_by_the_whole_matrix(coordinates: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "_BLOCK", 7)
    labels = np.where(np.arange(240) % 9 == 0, NOISE, GROUPS).astype(np.int64)
    distance = Parts(coordinates=coordinates).distance
    assert medoids_of(coordinates, labels) == medoids(distance, labels)
    member = labels != NOISE
    ours = nearness_of(coordinates, labels, medoids(distance, labels))
    np.testing.assert_allclose(ours[member], nearness(distance, labels)[member], atol=1e-3)
    own, near, second = nearest_two(coordinates, coordinates[:5])
    np.testing.assert_array_equal(own, distance[:, :5].argmin(axis=1))
    np.testing.assert_allclose(np.stack([near, second], 1), np.sort(distance[:, :5], axis=1)[:, :2], atol=2e-2)


def test_members_are_grouped_in_the_order_of_their_rows() -> None:
    found = members_of(np.array([1, 0, -1, 1, -1, 1]))
    assert {cluster: rows.tolist() for cluster, rows in found.items()} == {-1: [2, 4], 0: [1], 1: [0, 3, 5]}
    assert members_of(np.zeros(0, np.int64)) == {}


def test_a_cluster_too_large_takes_the_member_nearest_to_its_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "LARGEST_EXACT_MEDOID", 3)
    line = np.float64([[0], [1], [2], [7]])
    assert medoids_of(line, np.zeros(4, np.int64)) == {0: 2}  # mean 2.5; the exact medoid is 1 or 2


def test_a_library_of_many_is_clustered_by_mean_views(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = rng.standard_normal((5, 1, 8)).astype(np.float32)
    x /= np.linalg.norm(x, axis=2, keepdims=True)
    gallery = Gallery(x, np.ones((5, 1), np.float32))
    exact = part_distances(gallery)
    np.testing.assert_allclose(Parts(coordinates=mean_views(gallery)).distance, exact, atol=1e-6)
    large = Gallery(packed(gallery.embeddings), gallery.size_m)
    np.testing.assert_allclose(Parts(coordinates=mean_views(large)).distance, exact, atol=1e-4)
    assert not parts_of(gallery).approximated
    monkeypatch.setattr(clustering_module, "MANY", 3)
    assert "mean of its views" in parts_of(gallery).approximated


def test_the_same_rows_are_drawn_again() -> None:
    first, again, other = (drawn(100, 10, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()
    assert drawn(5, 10, np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]


def test_the_seed_decides_what_stands_in_for_many(rng: np.random.Generator, few_are_many: None) -> None:
    coordinates = rng.standard_normal((240, 20))
    for name in ("k_medoids", "agglomerative", "divisive"):
        first, again, other = (ALGORITHMS[name](Parts(coordinates=coordinates), k=8, seed=seed) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first.labels, again.labels)
        assert first.labels.tolist() != other.labels.tolist()
        assert other.parameters["seed"] == 1
    samples = [Parts(coordinates=coordinates, seed=seed).sampled_rows.tolist() for seed in (0, 1)]
    assert samples[0] != samples[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("k_medoids", "241 clusters of 240 parts"),
        ("divisive", "representatives of 240 parts"),
        ("gaussian_mixture", "241 clusters of 60 parts, a sample of 240"),
    ],
)
def test_too_many_clusters_are_told_by_what_is_clustered(
    coordinates: np.ndarray, few_are_many: None, name: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        ALGORITHMS[name](Parts(coordinates=coordinates), k=241)
