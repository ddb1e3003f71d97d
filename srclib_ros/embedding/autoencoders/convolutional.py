"""Convolutional autoencoder on the height image (Masci et al., ICANN 2011)."""

from __future__ import annotations

from torch import Tensor, nn

from srclib_ros.embedding.encoder_kind import Batch, EncoderKind
from srclib_ros.embedding.height_image import HeightImageNet, height_image
from srclib_ros.embedding.shape_network import ShapeNetwork


class Convolutional(EncoderKind):
    """Draws height and occupancy again; the mean squared error is taken in all four poses and the nearest counts."""

    def __init__(self, network: ShapeNetwork) -> None:
        super().__init__(network)
        if not isinstance(network, HeightImageNet):
            raise TypeError("the convolutional autoencoder draws what a HeightImageNet reads")
        self.pixels = network.shape.pixels
        channels = network.shape.channels[::-1]
        self._start = (channels[0], *[self.pixels // 2 ** len(channels)] * 2)
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(channels, (*channels[1:], 2), strict=True):
            layers += [nn.ReLU(), nn.ConvTranspose2d(fan_in, fan_out, 4, stride=2, padding=1)]
        self.spread = nn.Linear(network.dim, channels[0] * self._start[1] ** 2)
        self.decoder = nn.Sequential(*layers)

    def loss(self, batch: Batch) -> Tensor:
        decoded = self.decoder(self.spread(self.network.code(batch.clouds)).view(-1, *self._start))
        poses = self.network.in_all_poses(batch.clouds)
        images = height_image(poses.flatten(0, 1), self.pixels).view(len(decoded), -1, 2, self.pixels, self.pixels)
        return (images - decoded.unsqueeze(1)).square().mean(dim=(2, 3, 4)).amin(dim=1).mean()
