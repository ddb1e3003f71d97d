"""`srclib bench library` on a small made-up library."""

from __future__ import annotations

import json

import numpy as np
import pytest

from srclib_ros.cli.bench_library import OF_A_GROUP, made_up_library
from srclib_ros.cli.main import main

pytest.importorskip("sklearn")


def test_the_json_keeps_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "library", "--entries", "100", "--queries", "5", "--algorithm", "k_medoids", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["query"]["top1_recall"] == told["query"]["top5_recall"] == 1
    assert not told["query"]["two_stage"]
    assert 0 < told["query"]["median_ms"] <= told["query"]["p95_ms"]
    assert {"seconds", "cpu_seconds", "peak_MiB", "approximated", "scores"} <= set(told["clustering"]["k_medoids"])


def test_a_made_up_library_is_the_same_again_and_its_groups_lie_together() -> None:
    made, again = made_up_library(200, 5, 1), made_up_library(200, 5, 1)
    np.testing.assert_array_equal(made.gallery.embeddings, again.gallery.embeddings)
    np.testing.assert_allclose(np.linalg.norm(made.gallery.embeddings, axis=2), 1, rtol=1e-5)
    assert made.groups.max() < 200 // OF_A_GROUP
    mean = made.gallery.embeddings.mean(axis=1)
    same = made.groups[:, None] == made.groups
    cosine = mean @ mean.T
    assert cosine[same].mean() > cosine[~same].mean() + 0.3
