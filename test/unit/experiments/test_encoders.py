"""The experiments small enough to watch: what is done is not done again, and the tables say what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("open3d")

from srclib_ros.artifact import read_json
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.experiments import closer_looks, encoder_bench, encoders
from srclib_ros.experiments.clustering import experiment_clustering, stability
from srclib_ros.experiments.encoder_bench import spoilt
from srclib_ros.experiments.encoders import Plan, best_encoders, compare_encoders, experiment_encoders
from srclib_ros.experiments.variants import variants
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.oriented import points_of
from srclib_ros.library.search import Gallery
from srclib_ros.training.batches import Batches
from srclib_ros.training.descriptors import BASELINES
from srclib_ros.training.encoder import EncoderTraining
from srclib_ros.training.fit_encoder import Schedule
from srclib_ros.training.retrieval import RetrievalTask, retrieval_task
from srclib_ros.training.shapes import random_shapes
from srclib_ros.training.views import ViewCounts

TINY = EncoderTraining(
    random_shapes=4,
    siblings=0,
    views=ViewCounts(2, 1, 1),
    stored_points=24,
    schedule=Schedule(steps=2, batches=Batches(parts=3, views=2, points=16)),
    shape=PointNetShape((8,), neighbours=4, pair_widths=(8,), pairs=1, head_width=8, dim=4, n_points=16),
    point_pairs=None,
    local_patches=None,
)
FEW = ("siamese, supervised contrastive", "classifier, cross-entropy", "autoencoder, variational")


@pytest.fixture(scope="module")
def parts() -> list[PartMesh]:
    shapes = random_shapes(6, np.random.default_rng(3))
    return [replace(shape, category=f"kind {row // 2}") for row, shape in enumerate(shapes)]


@pytest.fixture(scope="module")
def task(parts: list[PartMesh]) -> RetrievalTask:
    return retrieval_task(parts, 0, partial=4, full=1, queries_each=2, segmented=False)


@pytest.fixture(scope="module")
def out(task: RetrievalTask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment on three kinds, two seeds of the best two, and the closer looks."""
    folder = tmp_path_factory.mktemp("encoders")
    with pytest.MonkeyPatch.context() as patch:
        of_few(patch)
        experiment_encoders(task, [], folder, Plan(TINY, seeds=(0, 1), best=2))
    return folder


def of_few(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(encoders, "variants", lambda base: {name: variants(base)[name] for name in FEW})
    patch.setattr(closer_looks, "DIMS", (3,))


def test_every_kind_has_a_variant() -> None:
    from srclib_ros.embedding.kinds import KINDS

    assert {training.kind for training in variants(TINY).values()} == set(KINDS)


def test_rows_seeds_and_closer_looks(out: Path) -> None:
    summary = read_json(out / "summary.json")
    kinds, by_hand, *looks = summary["tables"]
    assert [row["descriptor"] for row in by_hand["rows"]].count("ppf_histogram") == 1
    assert sorted(row["encoder"] for row in kinds["rows"]) == sorted(FEW)
    assert sorted(row["seeds"] for row in kinds["rows"]) == [1, 2, 2]
    assert [row["score"] for row in kinds["rows"]] == sorted((row["score"] for row in kinds["rows"]), reverse=True)
    assert [look["title"] for look in looks] == [
        "Length of the embedding",
        "Class imbalance in the training set",
        "Worse queries",
    ]
    assert {row["dim"] for row in looks[0]["rows"]} == {3, 4}
    for name in ("encoders.png", "variational_again.png", "variational_new.png", "summary.md"):
        assert (out / name).stat().st_size > 100


def test_what_is_done_is_not_done_again(out: Path, task: RetrievalTask, monkeypatch: pytest.MonkeyPatch) -> None:
    of_few(monkeypatch)

    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(encoder_bench, "train_encoder", never)
    monkeypatch.setattr(encoder_bench, "evaluate_retrieval", never)
    before = read_json(out / "summary.json")
    assert experiment_encoders(task, [], out, Plan(TINY, seeds=(0, 1), best=2))["rows"] == before["rows"]


def test_other_parts_are_measured_anew(
    out: Path, parts: list[PartMesh], task: RetrievalTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same folder: the encoders are there, the figures are not."""
    of_few(monkeypatch)
    other = retrieval_task(parts[:4], 0, partial=4, full=1, queries_each=3, segmented=False)
    before = len(list((out / "rows").glob("*.json"))), len(list((out / "encoders").iterdir()))
    summary = experiment_encoders(other, [], out, Plan(TINY, seeds=(0,), best=1, closer_looks=False))
    assert summary["parts"] == 4
    assert len(list((out / "rows").glob("*.json"))) == before[0] + len(FEW) + len(BASELINES)
    assert len(list((out / "encoders").iterdir())) == before[1]
    experiment_encoders(task, [], out, Plan(TINY, seeds=(0, 1), best=2))


def test_encoders_are_measured_as_they_are(
    out: Path, task: RetrievalTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the figures of the experiment that trained them, and once."""
    given = best_encoders(out, 2)
    summary = compare_encoders(task, given, tmp_path)
    as_they_are, by_hand, worse = summary["tables"]
    trained = {row["encoder"]: row for row in read_json(out / "summary.json")["rows"] if row["seed"] == 0}
    for row in as_they_are["rows"]:
        assert row["partial free"] == trained[row["encoder"]]["partial free"]
    assert len(by_hand["rows"]) == len(BASELINES)
    assert {row["encoder"] for row in worse["rows"]} == set(given)
    monkeypatch.setattr(encoder_bench, "evaluate_retrieval", None)
    assert compare_encoders(task, given, tmp_path) == summary


def test_worse_queries_are_noisier_or_fewer_points(task: RetrievalTask) -> None:
    clouds = task.queries["full"].clouds
    fewer = spoilt(task, 0.0, 0.5).queries["full"].clouds
    assert np.mean([len(cloud) for cloud in fewer]) == pytest.approx(0.5 * len(clouds[0]), rel=0.1)
    noisier = spoilt(task, 0.1, 0.0).queries["full"].clouds
    points = points_of(clouds[0])
    radius = np.sqrt(points.var(axis=0).sum())
    assert (noisier[0] - points).std() == pytest.approx(0.1 * radius, rel=0.2)


def test_clusterings_on_the_best_encoders(out: Path, parts: list[PartMesh], tmp_path: Path) -> None:
    found = best_encoders(out, 2)
    assert len(found) == 2
    summary = experiment_clustering(parts, found, tmp_path)
    assert {row["algorithm"] for row in summary["rows"]} >= {"hdbscan", "dbscan", "k_means", "k_medoids"}
    assert all(-1.0 <= row["stability"] <= 1.0 for row in summary["rows"])
    assert experiment_clustering(parts, found, tmp_path) == summary


def test_stability_is_that_of_the_clusters_not_of_the_noise() -> None:
    """Six parts, eight views each. Views that are all alike: two clusters, the same from any views."""
    angles = np.deg2rad([0.0, 2.0, 4.0, 90.0, 92.0, 94.0])
    alike = np.repeat(np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, None], 8, axis=1).astype(np.float32)
    size_m = np.ones((6, 8), np.float32)
    assert stability(Gallery(alike, size_m), "k_means", 0) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    anyhow = rng.standard_normal((30, 8, 16)).astype(np.float32)
    anyhow /= np.linalg.norm(anyhow, axis=2, keepdims=True)
    assert stability(Gallery(anyhow, np.ones((30, 8), np.float32)), "hdbscan", 0) < 0.5


def test_a_folder_that_is_no_experiment_is_named(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(ArtifactDamagedError, match="run it again"):
        best_encoders(tmp_path)
