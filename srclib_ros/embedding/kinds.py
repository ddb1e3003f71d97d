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


def make_kind(name: str, shape: PointNetShape, classes: int, options: Mapping[str, Any]) -> EncoderKind:
    """A new encoder of a kind of `KINDS`, its weights drawn by torch's generator.

    shape: of the PointNet; the convolutional kind takes its code's length and its points. classes: training shapes,
    which the classifier tells apart. options: of the kind, see its class.
    """
    if name == CONVOLUTIONAL:
        image = HeightImageShape(dim=shape.dim, n_points=shape.n_points, frame=shape.frame)
        return Convolutional(HeightImageNet(image), **options)
    network = PointNet(shape)
    if name == CLASSIFIER:
        return Classifier(network, classes, **options)
    return KINDS[name](network, **options)
