"""Libraries changed: the same bytes as built so, and the old one whenever it goes wrong."""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.box_parts import PLAN, box, boxes, files_of, write_model, write_tiny_encoder

from srclib_ros.artifact import MANIFEST, seal
from srclib_ros.embedding.encoder import Encoder
from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, ConfigError, LibraryBusyError
from srclib_ros.library import search
from srclib_ros.library.clustering.record import clustering_given, clustering_record
from srclib_ros.library.store import KIND, SCHEMA, Library
from srclib_ros.training import library_folder
from srclib_ros.training.library_build import build_library
from srclib_ros.training.library_change import add_parts, add_pooled, recluster, remove_entries
from srclib_ros.training.library_folder import work_folder

pytest.importorskip("torch")
pytest.importorskip("trimesh")
pytest.importorskip("open3d")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def three(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three boxes of the four; plate_40 has a network."""
    folder = tmp_path_factory.mktemp("three") / "lib"
    write_model(boxes()[2], folder.parent / "plate_40")
    return build_library(boxes()[:3], encoder, folder, 0, PLAN, [folder.parent / "plate_40"]).folder


@pytest.fixture
def library(three: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(three, tmp_path / "lib"))


def test_added_to_or_built_at_once_it_is_the_same(library: Path, encoder: Path, tmp_path: Path) -> None:
    whole = build_library(boxes(), encoder, tmp_path / "whole" / "lib", 0, PLAN, [library / "models" / "plate_40"])
    added = add_parts(library, boxes()[3:])
    assert files_of(library) == files_of(whole.folder)
    assert added.gallery.dims == whole.gallery.dims == added.gallery[1:].dims == Encoder.load(encoder).dims != ()


def test_added_to_or_built_at_once_a_large_one_is_the_same(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clusters and thresholds come from views in 16 bits in both."""
    monkeypatch.setattr(search, "EXACT_UP_TO", 3)
    five = (*boxes(), box("cube", "cube", 0.03, 0.03, 0.03))
    grown = build_library(five[:4], encoder, tmp_path / "grown" / "lib", 0, PLAN).folder
    whole = build_library(five, encoder, tmp_path / "whole" / "lib", 0, PLAN)
    assert whole.gallery.embeddings.dtype == np.int16
    add_parts(grown, five[4:])
    assert files_of(grown) == files_of(whole.folder)


def test_what_was_added_can_be_removed_again(library: Path, three: Path) -> None:
    add_parts(library, boxes()[3:])
    assert files_of(library) != files_of(three)
    remove_entries(library, ["plate_60"])
    assert files_of(library) == files_of(three)


def test_an_entry_goes_with_its_network_and_clusters_are_made_anew(library: Path) -> None:
    add_parts(library, boxes()[3:])
    left = remove_entries(library, ["plate_40"])
    assert [entry.name for entry in left.entries] == ["bar_40", "bar_60", "plate_60"]
    assert not (library / "models").exists()
    for cluster in set(left.clusters.tolist()) - {-1}:
        assert sum(entry.is_representative for entry in left.entries if entry.cluster == cluster) == 1


def test_two_entries_are_no_library(library: Path) -> None:
    before = files_of(library)
    with pytest.raises(ConfigError, match="2 of 3 entries would be left"):
        remove_entries(library, ["bar_40"])
    with pytest.raises(ArtifactMissingError, match="no entry 'gear'"):
        remove_entries(library, ["gear"])
    assert files_of(library) == before


def test_a_network_is_added_to_an_entry_that_is_there(library: Path, tmp_path: Path) -> None:
    write_model(boxes()[0], tmp_path / "bar_40")
    assert add_parts(library, [], [tmp_path / "bar_40"]).with_model.tolist() == [True, False, True]
    write_model(boxes()[0], tmp_path / "gear")
    with pytest.raises(ConfigError, match="no part is named 'gear'"):
        add_parts(library, [], [tmp_path / "gear"])


def test_names_that_are_there_or_occur_twice_are_refused(library: Path) -> None:
    with pytest.raises(ConfigError, match="has an entry 'bar_40' already"):
        add_parts(library, boxes()[:1])
    twins = [box("cube", "cube", 0.03, 0.03, 0.03)] * 2
    with pytest.raises(ConfigError, match="two parts are named 'cube'"):
        add_parts(library, twins)


def test_clusters_by_another_algorithm_are_kept_to_later(library: Path) -> None:
    found = recluster(library, "k_means", {"k": 3})
    assert sorted(found.clusters.tolist()) == [0, 1, 2]
    grown = add_parts(library, boxes()[3:])
    assert grown.manifest["clustering"]["algorithm"] == "k_means"
    assert len(set(grown.clusters.tolist())) == 3
    assert recluster(library, "agglomerative", {}).manifest["clustering"]["chosen"]["k"]


def test_what_was_found_from_the_data_is_found_again() -> None:
    from srclib_ros.library.clustering import Parts
    from srclib_ros.library.clustering.centroid import k_means

    parts = Parts(coordinates=np.float64([[0], [1], [10], [11], [20], [21]]))
    assert clustering_given(clustering_record(k_means(parts, seed=3)), "") == ("k_means", {"seed": 3})
    assert clustering_given(clustering_record(k_means(parts, k=2)), "") == ("k_means", {"k": 2, "seed": 0})


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "hdbscan",
        {},
        {"algorithm": "ward"},
        {"algorithm": ["hdbscan"]},
        {"algorithm": "hdbscan", "min_cluster_size": "two"},
        {"algorithm": "hdbscan", "k": 2},
        {"algorithm": "k_means", "k": 2, "chosen": 3},
    ],
)
def test_a_damaged_record_of_the_clustering_is_named_with_its_cure(library: Path, record: object) -> None:
    manifest = json.loads((library / MANIFEST).read_text()) | {"clustering": record}
    seal(library, KIND, SCHEMA, {k: v for k, v in manifest.items() if k not in ("kind", "schema", "files")})
    with pytest.raises(ArtifactDamagedError, match="recluster"):
        add_parts(library, boxes()[3:])
    recluster(library, "hdbscan", {})
    add_parts(library, boxes()[3:])


@pytest.mark.parametrize("step", ["write_json", "write_tensors", "seal", "put_in_place"])
def test_a_change_that_dies_leaves_the_old_library(library: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    before = files_of(library)
    monkeypatch.setattr(library_folder, step, killed)
    with pytest.raises(KeyboardInterrupt):
        add_parts(library, boxes()[3:])
    assert files_of(library) == before
    Library.open(library)
    monkeypatch.undo()
    assert len(add_parts(library, boxes()[3:]).entries) == 4


def test_two_at_once_are_refused(library: Path) -> None:
    work_folder(library).mkdir()
    with (work_folder(library) / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LibraryBusyError, match="another process"):
            recluster(library, "hdbscan", {})


def test_a_library_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError):
        remove_entries(tmp_path / "typo", ["bar_40"])
    assert not list(tmp_path.iterdir())


def test_what_came_true_is_remembered_through_every_change(library: Path) -> None:
    known = {"distance": 0.1, "apart": 0.1, "loss": 1.0, "found": 0.5, "logme": 0.0, "size_ratio": 1.0}
    record = {"target": "bolt", "source": "plate_40", "gripper": "jaw", "gain": 0.2, "same_category": False, **known}
    assert Library.open(library).history == ()
    assert add_parts(library, [], history=[record]).history == (record,)
    assert add_parts(library, boxes()[3:]).history == (record,)
    assert remove_entries(library, ["bar_40"]).history == (record,)
    assert add_parts(library, [], history=[record | {"gain": -0.1}]).history[0]["gain"] == -0.1


def test_the_network_of_all_sources_stays_through_other_changes(library: Path, tmp_path: Path) -> None:
    write_model(boxes()[0], tmp_path / "of_all")
    assert Library.open(library).pooled == {}
    kept = add_pooled(library, "jaw", tmp_path / "of_all").pooled["jaw"]
    assert files_of(kept) == files_of(tmp_path / "of_all")
    add_parts(library, boxes()[3:])
    assert list(remove_entries(library, ["plate_60"]).pooled) == ["jaw"]
    assert remove_entries(add_parts(library, boxes()[3:]).folder, ["plate_40"]).pooled == {}
    with pytest.raises(ArtifactMissingError):
        add_pooled(library, "jaw", tmp_path / "nothing")


@pytest.mark.parametrize("name", ["pooled", "scratch", "auto"])
def test_no_entry_is_called_as_a_start_is(library: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is what a start is called"):
        add_parts(library, [box(name, "bar", 0.04, 0.01, 0.01)])
