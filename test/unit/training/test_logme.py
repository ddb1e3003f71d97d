"""LogME: features that tell the labels have more evidence than features that do not; the evidence by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.training.logme import logme

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(300, 8))
TELLING = FEATURES @ RNG.normal(size=(8, 2)) + 0.1 * RNG.normal(size=(300, 2))


def test_features_that_tell_have_more_evidence():
    assert logme(FEATURES, TELLING) > logme(RNG.normal(size=(300, 8)), TELLING) + 0.5


def test_a_turn_of_the_features_changes_nothing():
    q, _ = np.linalg.qr(RNG.normal(size=(8, 8)))
    assert logme(FEATURES @ q, TELLING) == pytest.approx(logme(FEATURES, TELLING), abs=1e-6)


def test_it_is_the_largest_evidence_of_a_bayesian_linear_model():
    """log p(y | alpha, beta) of y ~ N(0, F F^T / alpha + I / beta), maximised over a grid."""
    features, y = FEATURES[:40, :3], TELLING[:40, 0]
    f = np.column_stack([features - features.mean(axis=0), np.ones(40)])
    best = -np.inf
    for alpha in np.geomspace(0.05, 20, 40):
        for beta in np.geomspace(0.05, 300, 60):
            covariance = f @ f.T / alpha + np.eye(40) / beta
            _, log_det = np.linalg.slogdet(covariance)
            best = max(best, -0.5 * (40 * np.log(2 * np.pi) + log_det + y @ np.linalg.solve(covariance, y)))
    assert logme(features, y[:, None]) == pytest.approx(best / 40, abs=2e-3)
