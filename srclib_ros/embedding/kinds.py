"""Every kind of encoder by the name that the command line knows it by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srclib_ros.embedding.autoencoders.contractive import Contractive
from srclib_ros.embedding.autoencoders.convolutional import Convolutional
from srclib_ros.embedding.autoencoders.denoising import Denoising
from srclib_ros.embedding.autoencoders.dropout import Dropout
from srclib_ros.embedding.autoencoders.sparse import Sparse
from srclib_ros.embedding.autoencoders.undercomplete import Undercomplete
from srclib_ros.embedding.autoencoders.variational import Variational
from srclib_ros.embedding.classifier import Classifier
from srclib_ros.embedding.encoder_kind import EncoderKind
from srclib_ros.embedding.height_image import HeightImageNet, HeightImageShape
from srclib_ros.embedding.pointnet import PointNet, PointNetShape
from srclib_ros.embedding.shape_network import ShapeNetwork
from srclib_ros.embedding.siamese.contrastive import ContrastiveSiamese
from srclib_ros.embedding.siamese.supervised_contrastive import SupervisedContrastiveSiamese
from srclib_ros.embedding.siamese.triplet import TripletSiamese

CONVOLUTIONAL, CLASSIFIER = "convolutional", "classifier"
KINDS: dict[str, type[EncoderKind]] = {
    "undercomplete": Undercomplete,
    "sparse": Sparse,
    "dropout": Dropout,
    "denoising": Denoising,
    "contractive": Contractive,
    "variational": Variational,
    CONVOLUTIONAL: Convolutional,
    "siamese_contrastive": ContrastiveSiamese,
    "siamese_triplet": TripletSiamese,
    "siamese_supervised": SupervisedContrastiveSiamese,
    CLASSIFIER: Classifier,
}


def make_network(kind: str, shape: PointNetShape) -> ShapeNetwork:
    """A new network of the architecture that the kind reads clouds with, its weights drawn by torch's generator.

    The convolutional kind takes the code's length, the points and the frame of `shape`.
    """
    if kind == CONVOLUTIONAL:
        return HeightImageNet(HeightImageShape(dim=shape.dim, n_points=shape.n_points, frame=shape.frame))
    return PointNet(shape)


def make_kind(kind: str, network: ShapeNetwork, classes: int, options: Mapping[str, Any]) -> EncoderKind:
    """A kind of `KINDS` around its network, see `make_network`.

    classes: training shapes, which the classifier tells apart. options: of the kind, see its class.
    """
    if kind == CLASSIFIER:
        return Classifier(network, classes, **options)
    return KINDS[kind](network, **options)
