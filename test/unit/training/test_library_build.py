"""Libraries built small: the same again, gone on with after a kill, never half there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from support.box_parts import PLAN, box, boxes, files_of, write_model, write_tiny_encoder

from srclib_ros.artifact import MANIFEST, write_json
from srclib_ros.cli.build import _trained_as
from srclib_ros.errors import ArtifactDamagedError, ConfigError, TrainingError, UnsafePathError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.clustering import Clustering
from srclib_ros.library.store import Library
from srclib_ros.training import part_networks, part_views
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.library_build import BuildPlan, build_library, check_names
from srclib_ros.training.library_folder import work_folder
from srclib_ros.training.part_networks import most_useful
from srclib_ros.training.part_views import write_files

pytest.importorskip("torch")
pytest.importorskip("trimesh")
pytest.importorskip("open3d")

PARTS = boxes()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


def test_entries_views_and_networks(encoder: Path, tmp_path: Path) -> None:
    library = build_library(PARTS, encoder, tmp_path / "out", 0, BuildPlan(PLAN.views, networks=2), (), write_model)
    assert [entry.name for entry in library.entries] == [part.name for part in PARTS]
    assert library.gallery.embeddings.shape == (4, 5, 8 + 5)
    assert library.with_model.sum() == 2
    for entry in library.entries:
        assert entry.diameter_m == pytest.approx(np.linalg.norm(entry.extents_m))
        if entry.model:
            assert (library.model_folder(entry.name) / "config.json").is_file()
    assert library.thresholds.identity.queries > 0


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(encoder: Path, tmp_path: Path) -> None:
    first, again, other = (tmp_path / where / "lib" for where in "abc")
    build_library(PARTS, encoder, first, 3, PLAN)
    build_library(PARTS, encoder, again, 3, PLAN)
    build_library(PARTS, encoder, other, 4, PLAN)
    assert files_of(first) == files_of(again)
    assert files_of(first)["gallery.safetensors"] != files_of(other)["gallery.safetensors"]


def test_views_of_a_part_do_not_depend_on_the_others(encoder: Path, tmp_path: Path) -> None:
    whole = build_library(PARTS, encoder, tmp_path / "whole", 0, PLAN)
    three = build_library(PARTS[1:], encoder, tmp_path / "three", 0, PLAN)
    np.testing.assert_array_equal(whole.gallery.embeddings[1:], three.gallery.embeddings)


def test_a_killed_build_goes_on_where_it_stopped(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, trained = tmp_path / "lib", []

    def killed_at_the_second(part: PartMesh, folder: Path) -> None:
        if trained:
            write_json(folder / "config.json", {})  # half a model: not sealed
            raise KeyboardInterrupt
        trained.append(part.name)
        write_model(part, folder)

    plan = BuildPlan(PLAN.views, networks=2)
    with pytest.raises(KeyboardInterrupt):
        build_library(PARTS, encoder, out, 0, plan, (), killed_at_the_second)
    assert not out.exists()
    assert (work_folder(out) / "views").is_dir()

    def not_again(*_: object) -> None:
        raise AssertionError("the views were simulated already")

    monkeypatch.setattr(part_views, "partial_clouds", not_again)
    second: list[str] = []
    resumed = build_library(
        PARTS, encoder, out, 0, plan, (), lambda part, folder: (second.append(part.name), write_model(part, folder))[1]
    )
    assert len(second) == 1
    assert second != trained
    monkeypatch.undo()
    build_library(PARTS, encoder, tmp_path / "other" / "lib", 0, plan, (), write_model)
    assert files_of(resumed.folder) == files_of(tmp_path / "other" / "lib")


def test_a_truncated_intermediate_result_is_made_again(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "lib"
    before = files_of(build_library(PARTS, encoder, out, 0, PLAN).folder)
    for path in (work_folder(out) / "views").iterdir():
        path.write_bytes(path.read_bytes()[:-5])
    assert files_of(build_library(PARTS, encoder, out, 0, PLAN).folder) == before


def build_counting(encoder: Path, out: Path, trained_as: str) -> list[str]:
    """Names of the parts whose networks were trained for it."""
    trained: list[str] = []

    def train(part: PartMesh, folder: Path) -> None:
        assert not folder.exists()
        trained.append(part.name)
        write_model(part, folder)

    build_library(PARTS, encoder, out, 0, BuildPlan(PLAN.views, networks=1), (), train, trained_as=trained_as)
    return trained


def test_networks_are_kept_for_what_they_were_trained_for(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "lib"
    assert len(build_counting(encoder, out, "narrow jaw")) == 1
    assert build_counting(encoder, out, "narrow jaw") == []
    assert len(build_counting(encoder, out, "wide jaw")) == 1
    monkeypatch.setattr(part_networks, "__version__", "another")
    assert len(build_counting(encoder, out, "narrow jaw")) == 1


def test_another_gripper_or_another_distractor_is_another_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from srclib_ros.grasping import gripper

    here = _trained_as(PARTS, "jaw")
    assert here == _trained_as(PARTS, "jaw")
    assert here != _trained_as(PARTS[1:], "jaw")
    wider = replace(gripper.load_gripper("jaw"), stroke_m=0.2)
    monkeypatch.setattr(gripper, "load_gripper", lambda _: wider)
    assert here != _trained_as(PARTS, "jaw")


@pytest.mark.parametrize("damage", ["{", '{"kind": "other"}', None])
def test_a_damaged_network_is_trained_again(encoder: Path, tmp_path: Path, damage: str | None) -> None:
    out = tmp_path / "lib"
    build_counting(encoder, out, "")
    [manifest] = (work_folder(out) / "models").rglob(MANIFEST)
    if damage is None:
        (manifest.parent / "config.json").write_text("{}")
    else:
        manifest.write_text(damage)
    assert build_counting(encoder, out, "") == [manifest.parent.name]


def test_files_sent_from_elsewhere_are_sealed_last_and_stay_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(part_views, "write_atomic", lambda path, _: written.append(path.name))
    write_files(tmp_path / "model", {MANIFEST: b"{}", "a.json": b"1", "z.json": b"2"})
    assert written == ["a.json", "z.json", MANIFEST]
    with pytest.raises(UnsafePathError):
        write_files(tmp_path / "model", {"../../outside": b""})


def test_a_damaged_encoder_is_refused_though_every_view_is_there(encoder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(encoder, tmp_path / "encoder"))
    build_library(PARTS, copy, tmp_path / "lib", 0, PLAN)
    onnx = next(copy.glob("*.onnx"))
    onnx.write_bytes(onnx.read_bytes()[:-1])
    with pytest.raises(ArtifactDamagedError, match="encoder"):
        build_library(PARTS, copy, tmp_path / "lib", 0, PLAN)


def test_networks_are_not_trained_in_threads(encoder: Path, tmp_path: Path) -> None:
    out, in_threads = tmp_path / "lib", Jobs("threading", 2)
    with pytest.raises(ConfigError, match="--backend loky"):
        build_library(PARTS, encoder, out, 0, BuildPlan(PLAN.views, networks=1), (), write_model, jobs=in_threads)
    assert not work_folder(out).exists()
    build_library(PARTS, encoder, out, 0, PLAN, jobs=in_threads)


def test_a_library_that_is_there_is_replaced_whole(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "lib"
    build_library(PARTS, encoder, out, 0, BuildPlan(PLAN.views, networks=1), (), write_model)
    build_library(PARTS, encoder, out, 1, PLAN)
    assert not (out / "models").exists()
    assert Library.open(out).manifest["seed"] == 1


def test_given_models_are_taken(encoder: Path, tmp_path: Path) -> None:
    given = tmp_path / "trained" / "plate_40"
    write_model(PARTS[2], given)
    library = build_library(PARTS, encoder, tmp_path / "lib", 0, PLAN, [given])
    assert [entry.name for entry in library.entries if entry.model] == ["plate_40"]
    stray = tmp_path / "trained" / "gear"
    write_model(PARTS[2], stray)
    with pytest.raises(ConfigError, match="no part is named 'gear'"):
        build_library(PARTS, encoder, tmp_path / "lib", 0, PLAN, [stray])


def test_what_cannot_be_built_is_refused_before_any_work(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "lib"
    with pytest.raises(TrainingError, match="three"):
        build_library(PARTS[:2], encoder, out, 0, PLAN)
    with pytest.raises(ConfigError, match="'bar_40'"):
        build_library([*PARTS, PARTS[0]], encoder, out, 0, PLAN)
    with pytest.raises(ConfigError, match="cannot be a part's name"):
        build_library([*PARTS, box("../up", "bar", 0.04, 0.02, 0.01)], encoder, out, 0, PLAN)
    with pytest.raises(ConfigError, match="ask for fewer"):
        build_library(PARTS, encoder, out, 0, BuildPlan(networks=9), (), write_model)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="no library"):
        build_library(PARTS, encoder, tmp_path / "mine", 0, PLAN)
    assert not work_folder(out).exists()
    assert (tmp_path / "mine" / "thesis.txt").is_file()
    assert not (tmp_path / "mine" / MANIFEST).exists()


def test_names_of_a_large_library_are_checked_at_once() -> None:
    names = [f"part_{number}" for number in range(30_000)]
    begun = time.process_time()
    check_names(names)
    assert time.process_time() - begun < 1.0


def test_networks_go_to_representatives_of_large_clusters_first() -> None:
    clustering = Clustering(
        labels=np.array([0, 0, 1, 1, 1, -1]),
        strengths=np.ones(6, np.float32),
        representatives={0: 1, 1: 3},
        algorithm="by hand",
        parameters={},
    )
    names = list("abcdef")
    assert most_useful(clustering, names, set()) == ["d", "b", "f", "c", "e", "a"]
    assert most_useful(clustering, names, {"c"})[0] == "b"
