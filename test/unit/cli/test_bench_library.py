"""`srclib bench library` on a small made-up library."""

from __future__ import annotations

import json

import numpy as np
import pytest

from srclib_ros.cli.bench_library import OF_A_GROUP, made_up_library
from srclib_ros.cli.main import main
from srclib_ros.library import search

pytest.importorskip("sklearn")


def test_the_json_keeps_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "library", "--entries", "100", "--queries", "5", "--algorithm", "k_medoids", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert 0 < told["query"]["median_ms"] <= told["query"]["p95_ms"]
    assert {"seconds", "cpu_seconds", "peak_MiB", "approximated", "scores"} <= set(told["clustering"]["k_medoids"])


def test_what_two_stages_miss_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "library", "--entries", "400", "--queries", "20", "--no-clustering", "--json"]
    monkeypatch.setattr(search, "EXACT_UP_TO", 100)
    recalls = []
    for refined in (100, 1):
        monkeypatch.setattr(search, "REFINED", refined)
        assert main(command) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["clustering"] == {}
        assert told["query"]["two_stage"]
        assert told["query"]["measured_exactly"] == refined
        recalls.append((told["query"]["top1_recall"], told["query"]["top5_recall"]))
    assert recalls[0] == (1, 1)
    assert recalls[1][1] < 1, "one measured exactly cannot put five in order"


def test_a_query_has_a_size_of_its_own() -> None:
    made = made_up_library(50, 20, 1)
    assert not np.isin(made.queries.size_m, made.gallery.size_m).any()


def test_no_algorithm_is_refused() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "library", "--algorithm"])
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "library", "--algorithm", "k_means", "--no-clustering"])


def test_a_made_up_library_is_the_same_again_and_its_groups_lie_together() -> None:
    made, again = made_up_library(200, 5, 1), made_up_library(200, 5, 1)
    np.testing.assert_array_equal(made.gallery.embeddings, again.gallery.embeddings)
    np.testing.assert_allclose(np.linalg.norm(made.gallery.embeddings, axis=2), 1, rtol=1e-5)
    assert made.groups.max() < 200 // OF_A_GROUP
    mean = made.gallery.embeddings.mean(axis=1)
    same = made.groups[:, None] == made.groups
    cosine = mean @ mean.T
    assert cosine[same].mean() > cosine[~same].mean() + 0.3
