"""Grasp candidates in a hurry: few are found, few are tried, in one pile."""

from __future__ import annotations

import pytest


def few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("srclib_ros.training.candidate_trials.POOL", 30)
    monkeypatch.setattr("srclib_ros.training.candidate_trials.TRIED", 10)
    monkeypatch.setattr("srclib_ros.training.resting.PILES", 1)
