"""The library that ships: whole, small, and of use."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.artifact import read_json
from srclib_ros.config import SelectionConfig
from srclib_ros.embedding.encoder import CONFIG, Encoder
from srclib_ros.embedding.local_patches import PatchShape
from srclib_ros.embedding.point_pairs import PairShape
from srclib_ros.embedding.pointnet import PointNetShape
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.sources import pooled_over
from srclib_ros.library.entry import POOLED
from srclib_ros.library.history import gain_model
from srclib_ros.library.selection import query
from srclib_ros.library.store import Library

MAX_BYTES = 20e6


@pytest.fixture(scope="module")
def library(default_library: Path) -> Library:
    return Library.open(default_library)


def test_it_is_whole_and_small(library: Library) -> None:
    assert len(library.entries) >= 40
    assert len({entry.category for entry in library.entries}) >= 10
    assert sum(path.stat().st_size for path in library.folder.rglob("*") if path.is_file()) <= MAX_BYTES


def test_at_least_three_networks_open_and_speak_of_their_parts(library: Library) -> None:
    sources = [entry for entry in library.entries if entry.model]
    assert len(sources) >= 3
    for source in sources:
        model = GraspModel.load(library.model_folder(source.name))
        assert model.object.name == source.name
        assert model.object.diameter_m == pytest.approx(source.diameter_m, rel=1e-3)


def test_it_knows_what_starts_gained_and_keeps_a_network_of_all(library: Library) -> None:
    sources = {entry.name for entry in library.entries if entry.model}
    assert gain_model(library.history, "jaw", "a new part") is not None
    assert {record["source"] for record in library.history} == {*sources, POOLED}
    assert set(pooled_over(library.pooled["jaw"])) == sources
    GraspModel.load(library.pooled["jaw"])


def test_its_encoder_stands_beside_what_training_would_put_there(library: Library) -> None:
    config = read_json(library.encoder_folder / CONFIG)
    assert config["point_pairs"] == asdict(PairShape())
    assert config["local_patches"] == asdict(PatchShape())
    assert config["n_points"] == PointNetShape().n_points
    dims = PointNetShape().dim, PairShape().dim, PatchShape().dim
    assert library.gallery.dims == library.read_queries().dims == Encoder.load(library.encoder_folder).dims == dims


def test_every_cluster_has_one_representative(library: Library) -> None:
    for cluster in set(library.clusters.tolist()) - {-1}:
        members = [entry for entry in library.entries if entry.cluster == cluster]
        assert len(members) >= 2
        assert sum(entry.is_representative for entry in members) == 1


def test_a_part_that_it_knows_is_found_by_its_views(library: Library, rng: np.random.Generator) -> None:
    pytest.importorskip("open3d")
    from srclib_ros.simulation.parts import generate_parts
    from srclib_ros.training.views import partial_clouds

    encoder = Encoder.load(library.encoder_folder)
    known = [part for part in generate_parts() if library.entry(part.name).model]
    for part in known:
        answer, _ = query(library, encoder, encoder.describe(partial_clouds(part, 10, rng)), SelectionConfig())
        assert answer.nearest.entry == part.name
        assert answer.source == part.name
