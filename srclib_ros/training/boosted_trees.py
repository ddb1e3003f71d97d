"""Grows the trees that `segmentation.trees` runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.segmentation.trees import BoostedTrees
from srclib_ros.types import FloatArray


@dataclass(frozen=True)
class Growth:
    """trees: how many, of up to `leaves` leaves each. l2: of the leaves' values."""

    trees: int = 120
    learning_rate: float = 0.06
    leaves: int = 16
    l2: float = 1.0


@dataclass(frozen=True, eq=False)
class Examples:
    """features: (M, F) float32. yes: (M,) bool. weight: (M,) float32."""

    features: FloatArray
    yes: npt.NDArray[np.bool_]
    weight: FloatArray

    @classmethod
    def none(cls, features: int) -> Examples:
        return cls(np.zeros((0, features), np.float32), np.zeros(0, bool), np.zeros(0, np.float32))


def grown(examples: Examples, seed: int, growth: Growth) -> BoostedTrees:
    """scikit-learn's histogram gradient boosting, its nodes copied out."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model: Any = HistGradientBoostingClassifier(
        max_iter=growth.trees,
        learning_rate=growth.learning_rate,
        max_leaf_nodes=growth.leaves,
        l2_regularization=growth.l2,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(examples.features, examples.yes, sample_weight=examples.weight)
    nodes_each = 2 * growth.leaves - 1
    shape = growth.trees, nodes_each
    feature, threshold, value = np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    left, right = (np.tile(np.arange(nodes_each, dtype=np.int32), (growth.trees, 1)) for _ in range(2))
    for tree, (predictor,) in enumerate(model._predictors):  # scikit-learn shows its trees nowhere else
        nodes = predictor.nodes
        inner = np.flatnonzero(nodes["is_leaf"] == 0)
        feature[tree, inner] = nodes["feature_idx"][inner]
        # features are float32, so a threshold that rounds down keeps every row on its side
        threshold[tree, inner] = _rounded_down(nodes["num_threshold"][inner])
        left[tree, inner], right[tree, inner] = nodes["left"][inner], nodes["right"][inner]
        value[tree, : len(nodes)] = np.where(nodes["is_leaf"], nodes["value"], 0.0)
    start = np.float32(np.asarray(model._baseline_prediction).item())
    return BoostedTrees(feature, threshold, left, right, value, float(start))


def _rounded_down(values: npt.NDArray[np.float64]) -> FloatArray:
    single = values.astype(np.float32)
    return np.where(single > values, np.nextafter(single, np.float32(-np.inf)), single)
