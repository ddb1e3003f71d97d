"""Point pairs that stand beside a small network, along directions drawn at random."""

from __future__ import annotations

import numpy as np

from srclib_ros.embedding.beside import Beside
from srclib_ros.embedding.discriminants import Discriminants
from srclib_ros.embedding.point_pairs import LENGTH, LENGTH_M, PairEmbedding, PairShape

SHAPE = PairShape(points=32, partners=8, dim=5, dim_m=4, weight=0.25, weight_m=0.5)


def pairs_beside() -> Beside:
    rng = np.random.default_rng(0)
    free, metric = (
        Discriminants(np.zeros(length, np.float32), rng.standard_normal((length, dim)).astype(np.float32))
        for length, dim in ((LENGTH, SHAPE.dim), (LENGTH_M, SHAPE.dim_m))
    )
    return Beside(PairEmbedding(SHAPE, free, metric))
