"""The shape encoder as the running cell uses it: ONNX, no torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from srclib_ros.artifact import MANIFEST, open_sealed, read_bytes, read_json, resolve_inside, sha256
from srclib_ros.embedding.beside import Beside, joined, read_beside
from srclib_ros.embedding.preprocess import AS_GIVEN, PRINCIPAL, canonicalise
from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.inference import open_session
from srclib_ros.types import FloatArray

KIND = "encoder"
SCHEMA = 1
CONFIG, ONNX, WEIGHTS = "config.json", "encoder.onnx", "weights.safetensors"
AT_ONCE, SHARE = 64, 3
"""Clouds: what they are worked out with grows with their number; and so many go through the network together."""


@dataclass(frozen=True, eq=False)
class Descriptors:
    """Shape and size of some clouds, apart. embeddings: (B, D) float32, unit rows, free of scale.

    size_m: (B,) float32, observed size, see `preprocess.CanonicalClouds`. metric: (B, M) float32, what knows shape and
    size together, see `point_pairs.PairEmbedding`; M is 0 for a describer that has no such. dims: of the descriptors
    that an embedding is joined of, adding up to D; none, it is of one piece.
    """

    embeddings: FloatArray
    size_m: FloatArray
    metric: FloatArray = None  # type: ignore[assignment]  # there is none: M is 0
    dims: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.metric is None:
            object.__setattr__(self, "metric", np.zeros((*self.size_m.shape, 0), np.float32))

    def __len__(self) -> int:
        return len(self.size_m)

    def __getitem__(self, rows: Sequence[int] | npt.NDArray[np.int64] | slice) -> Descriptors:
        """Those of some clouds."""
        return Descriptors(self.embeddings[rows], self.size_m[rows], self.metric[rows], self.dims)

    @classmethod
    def concatenated(cls, some: Sequence[Descriptors]) -> Descriptors:
        embeddings, size_m, metric = zip(*((one.embeddings, one.size_m, one.metric) for one in some), strict=True)
        return cls(np.concatenate(embeddings), np.concatenate(size_m), np.concatenate(metric), some[0].dims)


class Encoder:
    """Clouds to unit vectors: alike in shape, near in angle; rotation and scale do not matter. What is metric stands
    beside them."""

    def __init__(
        self,
        onnx_bytes: bytes,
        encoder_id: str,
        dim: int,
        n_points: int,
        threads: int = 2,
        frame: str = PRINCIPAL,
        beside: Beside | None = None,
    ) -> None:
        """dim: of the network's embedding. beside: what is joined to it."""
        self.id = encoder_id
        self.dims = (dim, *beside.dims) if beside else ()
        self.dim = dim + (beside.dim if beside else 0)
        self.dim_m = beside.dim_m if beside else 0
        self.n_points = n_points
        self.frame = frame
        self._beside = beside
        # The network and numpy leave the interpreter's lock, so that one runs while the other does, a core each; which
        # comes to its end first takes what the network has left.
        self._aside = ThreadPoolExecutor(1, "encoder") if beside and threads > 1 else None
        self._session = open_session(onnx_bytes, threads - 1 if self._aside else threads)
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
        onnx = read_bytes(resolve_inside(folder, ONNX))
        return cls(onnx, encoder_id(folder), dim, n_points, threads, frame, read_beside(folder, config))

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """Embeddings and observed sizes of clouds, bare (N, 3) or oriented (N, 6), float32, metres, any frame, points
        finite.

        Raises EmptyCloudError or CloudError for a cloud that shows no shape.
        """
        if not len(clouds):
            embeddings, size_m, metric = (np.zeros(size, np.float32) for size in ((0, self.dim), 0, (0, self.dim_m)))
            return Descriptors(embeddings, size_m, metric, self.dims)
        if len(clouds) > AT_ONCE:
            starts = range(0, len(clouds), AT_ONCE)
            return Descriptors.concatenated([self.describe(clouds[start : start + AT_ONCE]) for start in starts])
        canonical = canonicalise(clouds, self.n_points, self.frame)
        if self._beside is None:
            return Descriptors(self._run(canonical.points), canonical.size_m)
        of_network = np.empty((len(clouds), self.dims[0]), np.float32)
        left = deque(slice(start, start + SHARE) for start in range(0, len(clouds), SHARE))
        running = self._aside.submit(self._run_shares, canonical.points, left, of_network) if self._aside else None
        beside, metric = self._beside.describe(clouds, canonical)
        self._run_shares(canonical.points, left, of_network)
        if running:
            running.result()
        return Descriptors(joined(of_network, beside), canonical.size_m, metric, self.dims)

    def _run_shares(self, points: FloatArray, left: deque[slice], found: FloatArray) -> None:
        """Take shares of the clouds until none is left, in as many threads as come; each writes its rows of `found`."""
        while left:
            try:
                rows = left.popleft()
            except IndexError:  # another thread took the last
                return
            found[rows] = self._run(points[rows])

    def _run(self, points: FloatArray) -> FloatArray:
        embeddings: FloatArray = self._session.run(None, {self._input: points})[0]
        return embeddings

    def encode(self, clouds: Sequence[FloatArray]) -> FloatArray:
        """(B, D) float32 unit rows, one for each cloud; see `describe`."""
        return self.describe(clouds).embeddings


def encoder_id(folder: Path) -> str:
    """What a library remembers its encoder by: a hash over the folder's manifest, and so over its every file."""
    return sha256(read_bytes(Path(folder) / MANIFEST))[:16]
