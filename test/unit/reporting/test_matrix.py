from __future__ import annotations

import base64

import numpy as np

from srclib_ros.reporting.matrix import matrix_data


def test_the_distances_come_back_in_the_order_of_the_leaves(rng: np.random.Generator) -> None:
    half = rng.random((5, 5))
    distance = np.triu(half, 1) + np.triu(half, 1).T
    order = [3, 0, 4, 1, 2]
    data = matrix_data(distance, order, rows=[10, 11, 12, 13, 14])
    assert data["order"] == [13, 10, 14, 11, 12]
    shares = np.frombuffer(base64.b64decode(data["values"]), "<u2") / 65535
    told = np.array([distance[order[i], order[j]] for i in range(5) for j in range(i + 1, 5)])
    np.testing.assert_allclose(shares * data["most"], told, atol=1e-4)


def test_no_distance_at_all() -> None:
    data = matrix_data(np.zeros((3, 3)), [0, 1, 2], [0, 1, 2])
    assert data["most"] == 0.0
    assert base64.b64decode(data["values"]) == bytes(6)
