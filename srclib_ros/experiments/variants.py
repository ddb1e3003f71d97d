"""The encoders that are compared: each kind as it is described, and the choices within the kinds."""

from __future__ import annotations

from dataclasses import replace

from srclib_ros.embedding.local_patches import PatchShape
from srclib_ros.embedding.point_pairs import PairShape
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.embedding.preprocess import AS_GIVEN
from srclib_ros.training.encoder import EncoderTraining

SUPERVISED = "siamese, supervised contrastive"
BESIDE_PAIRS = "the same, beside point pairs along their discriminants"
ALONE = PairShape(partners=16, weight=0.25)
"""Point pairs that no patches stand beside: more of them, with a larger share."""
BESIDE_BOTH = "the same, beside point pairs and local patches"
VARIATIONAL = "autoencoder, variational"


def variants(base: EncoderTraining) -> dict[str, EncoderTraining]:
    """Name of the row -> its training, all with the steps, data and network of `base`."""
    normals = replace(base.shape, neighbours=20)
    pairs = replace(normals, pair_widths=(32, 64, 128), pairs=3)
    batches = base.schedule.batches

    def kind(name: str, **options: str | float) -> EncoderTraining:
        return replace(base, kind=name, options=options)

    def supervised(shape: PointNetShape = base.shape, grouping: str = "part", anchor: str = "view") -> EncoderTraining:
        schedule = replace(base.schedule, batches=replace(batches, grouping=grouping, anchor=anchor))
        return replace(base, kind="siamese_supervised", options={}, shape=shape, schedule=schedule)

    any_positive = kind("siamese_supervised", positives="any")
    twice = replace(batches, repeats=2)
    return {
        SUPERVISED: supervised(),
        BESIDE_PAIRS: replace(supervised(), point_pairs=ALONE),
        BESIDE_BOTH: replace(supervised(), point_pairs=PairShape(), local_patches=PatchShape()),
        "the same, random rotation, no canonical frame": supervised(replace(base.shape, frame=AS_GIVEN)),
        "the same, normals in the network": supervised(normals),
        "the same, normals and learnt point pairs": supervised(pairs),
        "the same, any positive is enough": replace(any_positive, schedule=replace(base.schedule, batches=twice)),
        "the same, anchor the full CAD": supervised(anchor="full"),
        "the same, positives of the family": supervised(grouping="family"),
        "siamese, contrastive": kind("siamese_contrastive"),
        "siamese, triplet, batch hard": kind("siamese_triplet", mining="batch_hard"),
        "siamese, triplet, semi-hard": kind("siamese_triplet", mining="semi_hard"),
        "siamese, triplet, batch all": kind("siamese_triplet", mining="batch_all"),
        "siamese, triplet, offline hard": kind("siamese_triplet", mining="offline"),
        "siamese, triplet, cosine, batch hard": kind("siamese_triplet", mining="batch_hard", metric="cosine"),
        "classifier, cross-entropy": kind("classifier"),
        "autoencoder, undercomplete, Chamfer": kind("undercomplete"),
        "autoencoder, undercomplete, Sinkhorn": kind("undercomplete", reconstruction="sinkhorn"),
        "autoencoder, sparse, L1": kind("sparse", penalty="l1"),
        "autoencoder, sparse, L2": kind("sparse", penalty="l2"),
        "autoencoder, dropout": kind("dropout"),
        "autoencoder, denoising": kind("denoising"),
        "autoencoder, contractive": kind("contractive"),
        VARIATIONAL: kind("variational"),
        "autoencoder, convolutional": kind("convolutional"),
    }
