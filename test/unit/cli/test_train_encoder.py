"""What the command line asks for is what is trained, and an option of another kind is refused."""

from __future__ import annotations

import argparse

import pytest

pytest.importorskip("torch")

from srclib_ros.cli import train_encoder
from srclib_ros.cli.main import main
from srclib_ros.embedding.kinds import KINDS, make_kind, make_network
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.errors import ConfigError
from srclib_ros.training.encoder import EncoderTraining


def parsed(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    train_encoder.configure(parser)
    return parser.parse_args(["parts", "--out", "e", *options])


def test_every_kind_can_be_asked_for() -> None:
    assert set(train_encoder.NAMES) == set(KINDS)
    assert all(kind in KINDS for kinds in train_encoder.TAKES.values() for kind in kinds)


@pytest.mark.parametrize("option", train_encoder.TAKES)
def test_every_option_is_one_of_its_kinds(option: str) -> None:
    values = {"metric": "cosine", "mining": "semi_hard", "reconstruction": "sinkhorn", "penalty": "l2"}
    for kind in train_encoder.TAKES[option]:
        training = train_encoder.training_of(parsed("--kind", kind, f"--{option}", values.get(option, "0.5")))
        network = make_network(kind, PointNetShape((8,), head_width=8, dim=4, n_points=16))
        make_kind(training.kind, network, 3, training.options)


def test_an_option_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="--mining is for siamese_triplet, not for siamese_supervised"):
        train_encoder.training_of(parsed("--mining", "offline"))
    offline = ("--kind", "siamese_triplet", "--mining", "offline")
    with pytest.raises(ConfigError, match="makes its own batches"):
        train_encoder.training_of(parsed(*offline, "--anchor", "full"))
    with pytest.raises(ConfigError, match="height image"):
        train_encoder.training_of(parsed("--kind", "convolutional", "--normals"))
    with pytest.raises(ConfigError, match="above 0 and below 1"):
        train_encoder.training_of(parsed("--kind", "dropout", "--rate", "1.5"))


def test_how_batches_and_network_are_made() -> None:
    training = train_encoder.training_of(
        parsed("--positives", "family", "--anchor", "full", "--frame", "as_given", "--dim", "8", "--steps", "7")
    )
    assert training.schedule.steps == 7
    assert (training.schedule.batches.grouping, training.schedule.batches.anchor) == ("family", "full")
    assert (training.shape.frame, training.shape.dim) == ("as_given", 8)
    large = train_encoder.training_of(parsed("--batch", "256", "8", "--point-widths", "32", "64", "192"))
    assert (large.schedule.batches.parts, large.schedule.batches.views) == (256, 8)
    assert large.shape.point_widths == (32, 64, 192)


def test_an_experiment_refuses_what_it_cannot_use(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    given = "--out", "o", "--encoders", "e", "--steps", "9"
    assert main(["experiment", "encoders", "--parts", f"{tmp_path}", *given]) == 2
    assert "as they are" in capsys.readouterr().err


def test_pairs_and_patches_stand_beside_the_network_unless_they_weigh_nothing() -> None:
    usual, default = train_encoder.training_of(parsed()), EncoderTraining()
    assert (usual.point_pairs, usual.local_patches) == (default.point_pairs, default.local_patches)
    training = train_encoder.training_of(parsed("--pair-weight", "0.5", "--patch-weight", "0.2"))
    assert training.point_pairs is not None
    assert training.local_patches is not None
    assert (training.point_pairs.weight, training.local_patches.weight) == (0.5, 0.2)
    assert train_encoder.training_of(parsed("--pair-weight", "0")).point_pairs is None
    assert train_encoder.training_of(parsed("--patch-weight", "0")).local_patches is None
    for option, weight in (("pair", "1"), ("pair", "-0.1"), ("patch", "0.8"), ("patch", "-1"), ("pair", "nan")):
        with pytest.raises(ConfigError, match="--pair-weight"):
            train_encoder.training_of(parsed(f"--{option}-weight", weight))
    assert train_encoder.training_of(parsed("--random-shapes", "7")).random_shapes == 7
