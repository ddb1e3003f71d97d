from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.library.clustering import Parts, clustering
from srclib_ros.reporting.apart import apart


def test_with_and_without_a_matrix(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    x = rng.normal(size=(6, 3))
    expected = np.linalg.norm(x - x[2], axis=1)
    np.testing.assert_allclose(apart(Parts(Parts(coordinates=x).distance), 2), expected, rtol=1e-6)
    monkeypatch.setattr(clustering, "MANY", 5)
    many = Parts(coordinates=x)
    assert many.many
    np.testing.assert_allclose(apart(many, 2), expected, rtol=1e-6)
    some = np.array([5, 0])
    np.testing.assert_array_equal(apart(many, 2, some), apart(many, 2)[some])
    few = Parts(np.abs(x[:, :1] - x[:, 0]))
    np.testing.assert_array_equal(apart(few, 2, some), apart(few, 2)[some])
