"""The encoder's own network before any training: what its canonical frame and its architecture give by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.errors import MissingDependencyError
from srclib_ros.types import FloatArray


class UntrainedPointNet:
    """`embedding.pointnet.PointNet` with the weights it is born with. Raises MissingDependencyError without torch."""

    def __init__(self, seed: int) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingDependencyError(
                "an untrained PointNet needs torch; pip install 'srclib-ros[train]', or leave it out of --baselines"
            ) from error
        from srclib_ros.embedding.pointnet import PointNet, PointNetShape

        self._torch = torch
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._network = PointNet(PointNetShape()).eval()

    def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
        """embeddings (B, D) unit rows; size_m (B,) as the encoder's."""
        canonical = canonicalise(clouds, self._network.shape.n_points)
        with self._torch.no_grad():
            embeddings = self._network(self._torch.from_numpy(canonical.points)).numpy()
        return Descriptors(embeddings, canonical.size_m)
