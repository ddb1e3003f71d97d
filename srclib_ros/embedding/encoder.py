"""The shape encoder as the running cell uses it: ONNX, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.artifact import MANIFEST, open_sealed, read_bytes, read_json, read_tensors, resolve_inside, sha256
from srclib_ros.embedding.point_pairs import LENGTH, MOST_POINTS, PairEmbedding, PairShape
from srclib_ros.embedding.preprocess import AS_GIVEN, PRINCIPAL, canonicalise
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.inference import open_session
from srclib_ros.types import FloatArray

KIND = "encoder"
SCHEMA = 1
CONFIG, ONNX, WEIGHTS, PAIRS = "config.json", "encoder.onnx", "weights.safetensors", "pairs.safetensors"
PAIR_SETTINGS = "point_pairs"
AT_ONCE = 64
"""Clouds: what they are worked out with grows with their number."""


@dataclass(frozen=True, eq=False)
class Descriptors:
    """Shape and size of some clouds, apart. embeddings: (B, D) float32, unit rows, free of scale.

    size_m: (B,) float32, observed size, see `preprocess.CanonicalClouds`.
    """

    embeddings: FloatArray
    size_m: FloatArray


class Encoder:
    """Clouds to unit vectors: alike in shape, near in angle; rotation and scale do not matter."""

    def __init__(
        self,
        onnx_bytes: bytes,
        encoder_id: str,
        dim: int,
        n_points: int,
        threads: int = 2,
        frame: str = PRINCIPAL,
        pairs: PairEmbedding | None = None,
    ) -> None:
        """dim: of the network's embedding. pairs: joined to it."""
        self.id = encoder_id
        self.dim = dim + (pairs.shape.dim if pairs else 0)
        self.n_points = n_points
        self.frame = frame
        self._pairs = pairs
        # The network and the pairs leave the interpreter's lock, so that one runs while the other does.
        self._aside = ThreadPoolExecutor(1, "encoder") if pairs and threads > 1 else None
        self._session = open_session(onnx_bytes, threads)
        self._input = self._session.get_inputs()[0].name

    @classmethod
    def load(cls, folder: Path, threads: int = 2) -> Encoder:
        """Open a sealed encoder folder, every hash checked. Raises ArtifactError."""
        folder = Path(folder)
        open_sealed(folder, KIND, SCHEMA)
        config = read_json(resolve_inside(folder, CONFIG))
        try:
            dim, n_points = int(config["dim"]), int(config["n_points"])
            frame = {PRINCIPAL: PRINCIPAL, AS_GIVEN: AS_GIVEN}[config.get("frame", PRINCIPAL)]
        except (TypeError, KeyError, ValueError) as error:
            raise ArtifactDamagedError(f"{folder / CONFIG}: lacks dim or n_points; train the encoder again") from error
        pairs = _read_pairs(folder, config) if PAIR_SETTINGS in config else None
        return cls(read_bytes(resolve_inside(folder, ONNX)), encoder_id(folder), dim, n_points, threads, frame, pairs)

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """Embeddings and observed sizes of clouds, bare (N, 3) or oriented (N, 6), float32, metres, any frame, points
        finite.

        Raises EmptyCloudError or CloudError for a cloud that shows no shape.
        """
        if not len(clouds):
            return Descriptors(np.zeros((0, self.dim), np.float32), np.zeros(0, np.float32))
        if len(clouds) > AT_ONCE:
            blocks = [self.describe(clouds[start : start + AT_ONCE]) for start in range(0, len(clouds), AT_ONCE)]
            return Descriptors(*map(np.concatenate, zip(*((b.embeddings, b.size_m) for b in blocks), strict=True)))
        canonical = canonicalise(clouds, self.n_points, self.frame)
        if self._pairs is None:
            return Descriptors(self._run(canonical.points), canonical.size_m)
        running = self._aside.submit(self._run, canonical.points) if self._aside else None
        of_pairs = self._pairs.describe(clouds, canonical)
        of_network = running.result() if running else self._run(canonical.points)
        return Descriptors(self._pairs.joined(of_network, of_pairs), canonical.size_m)

    def _run(self, points: FloatArray) -> FloatArray:
        embeddings: FloatArray = self._session.run(None, {self._input: points})[0]
        return embeddings

    def encode(self, clouds: Sequence[FloatArray]) -> FloatArray:
        """(B, D) float32 unit rows, one for each cloud; see `describe`."""
        return self.describe(clouds).embeddings


def _read_pairs(folder: Path, config: Mapping[str, Any]) -> PairEmbedding:
    """What an encoder's folder says of point pairs. Raises ArtifactDamagedError."""
    try:
        told = PairShape(**config[PAIR_SETTINGS])
        shape = PairShape(int(told.points), int(told.dim), float(told.weight))
        tensors = read_tensors(resolve_inside(folder, PAIRS))
        mean, axes = (tensors[name].astype(np.float32) for name in ("mean", "axes"))
    except (TypeError, KeyError, ValueError) as error:
        raise ArtifactDamagedError(f"{folder}: its point pairs do not fit ({error}); train it again") from error
    fit = mean.shape == (LENGTH,) and axes.shape == (LENGTH, shape.dim) and np.isfinite(mean).all()
    if not (fit and np.isfinite(axes).all() and 2 <= shape.points <= MOST_POINTS and 0.0 <= shape.weight <= 1.0):
        raise ArtifactDamagedError(f"{folder}: its point pairs do not fit; train it again")
    return PairEmbedding(shape, mean, axes)


def encoder_id(folder: Path) -> str:
    """What a library remembers its encoder by: a hash over the folder's manifest, and so over its every file."""
    return sha256(read_bytes(Path(folder) / MANIFEST))[:16]
