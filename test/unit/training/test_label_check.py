"""Labels against trials in a pile."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from support.grasp_parts import boxes

from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.grasping.object_model import describe
from srclib_ros.training.label_check import TriedLabels, label_figures, try_labels


def test_figures_by_hand() -> None:
    tried = TriedLabels([0.0, 0.0, 0.3, 0.6, 1.0, 1.0], [False, False, True, True, True, False], [None] * 6, ["a"] * 6)
    found = label_figures(tried)
    assert found.trials == 6
    assert found.agreement.same == pytest.approx(4 / 6)
    assert found.auroc == pytest.approx((2 + 2 + 2 + 0.0 + 0.0 + 0.5) / 9)
    assert [row[2:] for row in found.success_by_label] == [(2, 0.0), (0, None), (1, 1.0), (1, 1.0), (2, 0.5)]


def test_nothing_tried_says_nothing() -> None:
    found = label_figures(TriedLabels())
    assert (found.trials, found.auroc, found.agreement.kappa) == (0, None, None)


@pytest.mark.parametrize("name", ["jaw", "suction"])
def test_blocks_in_a_pile_come_out_where_the_label_says_so(name, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("srclib_ros.simulation.cell.COPIES", (3, 3))
    block, gripper, tried = boxes(((0, 0, 0), (0.06, 0.03, 0.03))), load_gripper(name), TriedLabels()
    part = describe(block, gripper, np.random.default_rng(0), 12)
    try_labels(block, part, gripper, 1, 6, np.random.default_rng(1), tried)
    label, succeeded = np.array(tried.label), np.array(tried.succeeded)
    assert 3 <= len(label) <= 6
    assert succeeded[label >= 0.5].mean() > succeeded[label < 0.5].mean() + 0.3
