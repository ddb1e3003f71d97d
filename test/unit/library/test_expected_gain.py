"""Gains foretold: a made-up law is found again, and the target asked about is not looked at."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.library.expected_gain import KNOWN, GainModel, known_of

RNG = np.random.default_rng(0)


def pair(distance: float, loss: float = 1.0, **more):
    return {
        "source": "bolt",
        "distance": distance,
        "apart": float(RNG.random()),
        "loss": loss,
        "found": 0.0,
        "logme": 0.0,
        "same_category": False,
        "size_ratio": 1.0,
        **more,
    }


def test_what_is_known_of_a_pair():
    known = dict(zip(KNOWN, known_of(pair(0.4, loss=np.e, size_ratio=0.5, same_category=True)), strict=True))
    assert known["distance"] == 0.4 and known["log_loss"] == pytest.approx(1.0) and known["same_category"] == 1.0
    assert known["log_size"] == pytest.approx(np.log(2.0))
    assert known_of(pair(0.4, size_ratio=2.0))[KNOWN.index("log_size")] == pytest.approx(np.log(2.0))


def test_the_network_of_all_sources_is_told_from_a_source():
    assert [known_of(pair(0.4) | {"source": name})[KNOWN.index("pooled")] for name in ("bolt", "pooled")] == [0.0, 1.0]


def test_a_law_is_found_again():
    distances = np.linspace(0.0, 1.0, 60)
    pairs = [pair(float(d), target=f"t{row}", gain=0.5 - 0.8 * d) for row, d in enumerate(distances)]
    model = GainModel.fit(pairs)
    assert model.expected(pair(0.0)) == pytest.approx(0.5, abs=0.06)
    assert model.expected(pair(1.0)) == pytest.approx(-0.3, abs=0.06)


def test_what_never_varies_says_nothing():
    pairs = [pair(float(d), found=0.3, target="t", gain=d) for d in np.linspace(0.0, 1.0, 20)]
    model = GainModel.fit(pairs)
    assert model.expected(pair(0.5, found=0.9)) == pytest.approx(model.expected(pair(0.5, found=0.3)), abs=0.05)


def test_a_target_that_gains_from_anything_does_not_speak_for_its_sources():
    """One far from all of the library gains most, being hard from scratch; of each target the nearer gains more."""
    pairs = [
        pair(base + d, target=f"t{row}", gain=3.0 * base - d)
        for row, base in enumerate((0.1, 0.3, 0.5))
        for d in np.linspace(0.0, 0.3, 16)
    ]
    model = GainModel.fit(pairs)
    assert model.expected(pair(0.2)) > model.expected(pair(0.4))
