from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.clustered_library import clustered_library

from srclib_ros.library.clustering import Parts
from srclib_ros.reporting import answering as module
from srclib_ros.reporting.answering import answering


def test_itself_else_the_nearest_of_its_cluster_that_has_a_network(tmp_path: Path) -> None:
    library = clustered_library(tmp_path, [0, 0, 0, 1, 1, -1, -1], networks={0, 2, 5})
    on_a_line = np.array([0.0, 3.0, 4.0, 3.1, 3.2, 9.0, 9.1])
    parts = Parts(np.abs(on_a_line[:, None] - on_a_line))
    assert answering(library, parts) == [0, 2, 2, None, None, 5, None]


def test_only_what_could_answer_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = clustered_library(tmp_path, [0, 0, 0, 1, 1, -1, -1], networks={0, 2, 5})
    measured: list[tuple[int, list[int]]] = []

    def measure(_: Parts, row: int, others: np.ndarray) -> np.ndarray:
        measured.append((row, others.tolist()))
        return np.zeros(len(others))

    monkeypatch.setattr(module, "apart", measure)
    answering(library, Parts(np.zeros((7, 7))))
    assert measured == [(1, [0, 2])]
