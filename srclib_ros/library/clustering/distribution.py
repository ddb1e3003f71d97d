"""Parts as drawn from a mixture of normal distributions."""

from __future__ import annotations

import numpy as np

from srclib_ros.library.clustering.choice import candidates, check_k, of_the_sample
from srclib_ros.library.clustering.clustering import Clustering, Parts, result
from srclib_ros.types import Matrix

BY_BIC = "the number of components with the lowest Bayesian information criterion"
_BLOCK = 4_096
_LEAST_VARIANCE = 1e-2  # of the coordinates' mean variance: a component of one part would have none


def gaussian_mixture(parts: Parts, k: int | None = None, seed: int = 0) -> Clustering:
    """Axis-aligned Gaussian mixture by expectation maximisation; a member's strength is its posterior."""
    from sklearn.mixture import GaussianMixture

    x: Matrix = parts.sample.coordinates
    least = _LEAST_VARIANCE * max(float(x.var(axis=0).mean()), 1e-12)

    def fitted(k: int) -> GaussianMixture:
        return GaussianMixture(k, covariance_type="diag", reg_covar=least, n_init=3, random_state=seed).fit(x)

    chosen = {}
    if k is None:
        tried = {k: fitted(k).bic(x) for k in [1, *candidates(len(x))]} if len(x) > 1 else {1: 0.0}
        k, chosen["k"] = min(tried, key=tried.__getitem__), of_the_sample(BY_BIC, parts)
    check_k(k, len(x), f"parts, a sample of {len(parts)}" if parts.many else "parts")
    if len(parts) < 2:
        return result(parts, np.zeros(len(parts), np.int64), "gaussian_mixture", {"k": k, "seed": seed}, chosen)
    mixture, labels, strengths = fitted(k), np.zeros(len(parts), np.int64), np.zeros(len(parts))
    for start in range(0, len(parts), _BLOCK):
        block = slice(start, start + _BLOCK)
        posterior = mixture.predict_proba(parts.coordinates[block])
        labels[block], strengths[block] = posterior.argmax(axis=1), posterior.max(axis=1)
    how = f"the mixture fitted to a sample of {len(x)} parts" if parts.many else ""
    return result(parts, labels, "gaussian_mixture", {"k": k, "seed": seed}, chosen, strengths, approximated=how)
