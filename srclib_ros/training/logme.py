"""How well a network's features would serve another task, without training on it."""

from __future__ import annotations

import numpy as np

from srclib_ros.types import Matrix

ITERATIONS = 20


def logme(features: Matrix, labels: Matrix) -> float:
    """LogME (You et al., ICML 2021, algorithm 2): the largest log evidence, per example, of a Bayesian linear model
    from features (N, D) to labels (N, M), averaged over the M."""
    f = np.asarray(features, np.float64)
    f = np.column_stack([f - f.mean(axis=0), np.full(len(f), 1.0)])
    u, s, vt = np.linalg.svd(f, full_matrices=False)
    del vt
    return float(np.mean([_evidence(s**2, u.T @ y, y, f.shape) for y in np.asarray(labels, np.float64).T]))


def _evidence(sigma: Matrix, projected: Matrix, y: Matrix, shape: tuple[int, int]) -> float:
    """sigma: (R,) eigenvalues of F^T F. projected: (R,) of the labels onto the left singular vectors."""
    n, d = shape
    outside = float(y @ y - projected @ projected)
    alpha = beta = 1.0
    for _ in range(ITERATIONS):
        t = alpha / beta
        weight = float((sigma * projected**2 / (t + sigma) ** 2).sum())
        residual = float((projected**2 * t**2 / (t + sigma) ** 2).sum()) + max(outside, 0.0)
        gamma = float((sigma / (sigma + t)).sum())
        alpha = gamma / (weight + 1e-12)
        beta = (n - gamma) / (residual + 1e-12)
    t = alpha / beta
    weight = float((sigma * projected**2 / (t + sigma) ** 2).sum())
    residual = float((projected**2 * t**2 / (t + sigma) ** 2).sum()) + max(outside, 0.0)
    log_det = float(np.log(alpha + beta * sigma).sum()) + (d - len(sigma)) * np.log(alpha)
    energy = beta * residual + alpha * weight
    return float(n * np.log(beta) + d * np.log(alpha) - n * np.log(2 * np.pi) - energy - log_det) / (2 * n)
