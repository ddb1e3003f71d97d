"""A training small enough to watch: the same again, and the same after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import read_tensors
from srclib_ros.embedding.encoder import WEIGHTS, Encoder
from srclib_ros.embedding.preprocess import canonicalise
from srclib_ros.errors import TrainingError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.oriented import points_of
from srclib_ros.training.batches import Batches
from srclib_ros.training.shapes import random_shapes, stretched
from srclib_ros.training.views import ViewCounts, ViewSet, crowded_clouds, cut_one_side, full_clouds, partial_clouds
from srclib_ros.types import FloatArray

torch = pytest.importorskip("torch")
pytest.importorskip("open3d")

from srclib_ros.embedding.encoder_kind import EncoderKind
from srclib_ros.embedding.kinds import make_kind, make_network
from srclib_ros.embedding.local_patches import PatchShape
from srclib_ros.embedding.point_pairs import PairShape
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.training import encoder, fit_encoder, offline_mining
from srclib_ros.training.encoder import EncoderTraining, train_encoder
from srclib_ros.training.fit_encoder import Schedule, fit

TINY = PointNetShape((8, 16), neighbours=5, pair_widths=(8,), pairs=2, head_width=12, dim=6, n_points=32)
BATCHES = Batches(parts=3, views=2, points=16)


@pytest.fixture(scope="module")
def shapes() -> list[PartMesh]:
    return random_shapes(6, np.random.default_rng(1))


@pytest.fixture
def views(rng: np.random.Generator) -> ViewSet:
    """Four shapes, three views each: bricks of differing proportions."""
    bricks = [(rng.random((3, 40, 3)) * edges).astype(np.float32) for edges in rng.uniform(0.01, 0.05, (4, 3))]
    return ViewSet(np.concatenate(bricks), 3)


def untrained(name: str = "siamese_supervised", **options: object) -> EncoderKind:
    torch.manual_seed(0)
    return make_kind(name, make_network(name, TINY), 4, options)


def weights_of(folder: Path) -> dict[str, FloatArray]:
    return read_tensors(folder / WEIGHTS)


def test_the_same_seed_trains_the_same_encoder(shapes: list[PartMesh], tmp_path: Path) -> None:
    training = EncoderTraining(
        random_shapes=3,
        siblings=1,
        views=ViewCounts(2, 1, 1),
        stored_points=32,
        schedule=Schedule(steps=3, batches=BATCHES),
        shape=TINY,
        point_pairs=PairShape(16, 4, 2, 2),
        local_patches=PatchShape(16, 4, 2, 2, 2),
    )
    first = train_encoder(shapes[:2], tmp_path / "a" / "encoder", 5, training)
    again = train_encoder(shapes[:2], tmp_path / "b" / "encoder", 5, training)
    assert first == again
    assert first["shapes"] == 2 + 2 * 1 + 3
    assert train_encoder(shapes[:2], tmp_path / "a" / "encoder", 5, training) == first
    assert not list((tmp_path / "a").glob(".*"))
    trained = Encoder.load(tmp_path / "a" / "encoder")
    assert trained.encode(partial_clouds(shapes[3], 2, np.random.default_rng(0))).shape == (2, 6 + 2 + 2)


@pytest.mark.parametrize("mining", ["batch_hard", "offline"])
def test_a_killed_training_ends_as_one_that_was_not(
    views: ViewSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mining: str
) -> None:
    monkeypatch.setattr(fit_encoder, "SAVE_EVERY", 2)
    schedule = Schedule(steps=6, batches=BATCHES)
    offline = mining == "offline"
    if offline:
        monkeypatch.setattr(offline_mining, "HARDEST", 3)
    whole, resumed = (untrained("siamese_triplet", mining=mining) for _ in range(2))
    loss = fit(whole, views, schedule, 0, mine_offline=offline)
    checkpoint = tmp_path / "checkpoint.safetensors"

    def killed_after_five(iterable: object, total: int | None = None, label: str = "") -> object:
        for done, item in enumerate(iterable):  # type: ignore[var-annotated, arg-type]
            if done == 5:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        fit(untrained("siamese_triplet", mining=mining), views, schedule, 0, checkpoint, killed_after_five, offline)  # type: ignore[arg-type]
    loss_resumed = fit(resumed, views, schedule, 0, checkpoint, mine_offline=offline)
    assert loss_resumed == pytest.approx(loss)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)


def test_training_pulls_views_of_one_shape_together(views: ViewSet) -> None:
    schedule = Schedule(steps=80, learning_rate=0.01, batches=Batches(parts=4, views=3, points=32))
    kind = untrained()
    fit(kind, views, schedule, 0)
    with torch.no_grad():
        embeddings = kind.network(torch.from_numpy(canonicalise(list(views.points), 32).points)).numpy()
    cosine = embeddings @ embeddings.T
    same = np.repeat(np.arange(4), 3)[:, None] == np.repeat(np.arange(4), 3)
    assert cosine[same].mean() > cosine[~same].mean() + 0.3


def test_too_few_shapes_are_refused(views: ViewSet) -> None:
    with pytest.raises(TrainingError, match="add parts"):
        fit(untrained(), views, Schedule(steps=1, batches=Batches(parts=9)), 0)


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    schedule = Schedule(steps=100, learning_rate=1.0)
    rates = [schedule.rate_at(step) for step in range(100)]
    assert int(np.argmax(rates)) == 9
    assert rates[9] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)


def test_a_batch_is_p_parts_with_k_views_each(views: ViewSet, rng: np.random.Generator) -> None:
    clouds, labels = BATCHES.draw(views, rng)
    assert clouds.shape == (6, 16, 3)
    assert labels[::2].tolist() == labels[1::2].tolist()
    assert len(set(labels.tolist())) == 3
    np.testing.assert_allclose((clouds**2).sum(axis=2).mean(axis=1), 1.0, atol=0.3)


def test_an_anchor_is_the_whole_surface(views: ViewSet, rng: np.random.Generator) -> None:
    """The last view of each shape is its full one: a single point here, so that it can be told."""
    points = views.points.copy()
    points[2::3] = np.linspace(0.0, 0.1, 40, dtype=np.float32)[None, :, None] * np.float32([1.0, 0.0, 0.0])
    with_full = ViewSet(points, 3, full=1)
    batches = Batches(parts=4, views=2, points=16, anchor="full", crop_probability=0.0, jitter=0.0)
    clouds, _ = batches.draw(with_full, rng)
    thickness = clouds[:, :, 1:].std(axis=(1, 2))
    assert (thickness[::2] < 1e-5).all()
    assert (thickness[1::2] > 1e-3).all()
    with pytest.raises(TrainingError, match="full"):
        batches.check(views)


def test_siblings_are_positives_where_asked(views: ViewSet, rng: np.random.Generator) -> None:
    families = ViewSet(views.points, 3, families=np.array([0, 0, 1, 1]))
    batches = Batches(parts=2, views=6, points=16, grouping="family")
    clouds, labels = batches.draw(families, rng)
    assert len(clouds) == 12
    assert sorted(set(labels.tolist())) == [0, 1]
    with pytest.raises(TrainingError, match="families"):
        Batches(parts=3, grouping="family").check(families)


def test_a_view_stands_in_a_batch_as_often_as_asked(views: ViewSet, rng: np.random.Generator) -> None:
    batches = Batches(parts=4, views=4, points=16, repeats=2, crop_probability=0.0, jitter=0.0)
    clouds, _ = batches.draw(views, rng)
    for of_part in clouds.reshape(4, 4, -1):
        assert len(np.unique(of_part.round(5), axis=0)) == 2


def test_batches_of_any_views_see_rare_shapes_rarely(views: ViewSet, rng: np.random.Generator) -> None:
    few = ViewSet(views.points, 3, available=np.array([3, 3, 1, 1]))
    assert [len(rows) for rows in few.telling] == [3, 3, 1, 1]
    batches = Batches(parts=2, views=1, points=16, sampling="views")
    labels = np.concatenate([batches.draw(few, rng)[1] for _ in range(200)])
    assert (labels < 2).mean() == pytest.approx(6 / 8, abs=0.08)


def test_an_imbalanced_training_set_follows_the_power_law() -> None:
    training = EncoderTraining(imbalance=1.0)
    available = encoder._available(10, training, 0)
    assert sorted(available, reverse=True)[:3] == [28, 14, 9]
    assert min(available) >= 2


def test_views_that_show_next_to_nothing_are_left_out(views: ViewSet) -> None:
    points = views.points.copy()
    points[4] = points[4].mean(axis=0) + 0.1 * (points[4] - points[4].mean(axis=0))
    assert ViewSet(points, 3).telling[1].tolist() == [3, 5]
    assert ViewSet(points, 3).telling[0].tolist() == [0, 1, 2]


def test_one_side_is_cut(rng: np.random.Generator) -> None:
    cloud = rng.standard_normal((1000, 3)).astype(np.float32)
    cut = cut_one_side(cloud, 0.3, rng)
    assert len(cut) == pytest.approx(700, abs=1)
    assert np.linalg.norm(cut[:, :2].mean(axis=0)) > 0.2
    assert len(cut_one_side(cloud, 0.0, rng)) == 1000


def test_clouds_of_a_part_have_its_size(shapes: list[PartMesh], rng: np.random.Generator) -> None:
    part = shapes[0]
    for cloud in (*partial_clouds(part, 2, rng), *full_clouds(part, 2, rng), *crowded_clouds(part, shapes, 2, rng)):
        assert cloud.dtype == np.float32
        points = points_of(cloud)
        spread = np.linalg.norm(points - points.mean(axis=0), axis=1).max()
        assert 0.05 * part.diameter_m < spread < 0.9 * part.diameter_m + 0.02


def test_random_shapes_are_parts_of_bin_picking_size(shapes: list[PartMesh], rng: np.random.Generator) -> None:
    assert len({shape.name for shape in shapes}) == 6
    assert all(0.01 < shape.diameter_m < 0.2 for shape in shapes)
    sibling = stretched(shapes[0], "sibling", rng)
    ratio = sibling.extents_m / shapes[0].extents_m
    assert ((ratio > 0.64) & (ratio < 1.51)).all()
    assert np.ptp(ratio) > 0.0
