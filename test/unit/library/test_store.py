"""Libraries that can be trusted open; every other one is refused by name, with the cure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.small_library import write_small_library

from srclib_ros.artifact import MANIFEST, seal, sha256, write_json, write_tensors
from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    ArtifactSchemaError,
    EncoderMismatchError,
    UnsafePathError,
)
from srclib_ros.library import search
from srclib_ros.library.store import ENCODER, ENTRIES, GALLERY, KIND, SCHEMA, Library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_library(tmp_path / "small")


def reseal(folder: Path, **changes: Any) -> None:
    """Seal again as it is, so that only what a file says is wrong and not its hash."""
    manifest = json.loads((folder / MANIFEST).read_text())
    meta = {key: value for key, value in manifest.items() if key not in ("kind", "schema", "files")}
    seal(folder, changes.pop("kind", KIND), changes.pop("schema", SCHEMA), meta | changes)


def change_entries(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    records = json.loads((folder / ENTRIES).read_text())
    change(records)
    write_json(folder / ENTRIES, records)
    reseal(folder)


def test_a_whole_library_opens(folder: Path) -> None:
    library = Library.open(folder)
    assert library.name == "small"
    assert len(library.entries) == 5
    assert library.entry("ring").cluster == 1
    assert library.with_model.tolist() == [True, False, False, False, False]
    assert library.gallery.embeddings.shape == (5, 1, 2)
    assert library.model_folder("bolt_m8") == folder / "models" / "bolt_m8"
    assert library.encoder_folder == folder / ENCODER
    assert library.thresholds.suitability.similarity == 0.8


def test_a_large_one_that_was_verified_is_ready_to_search(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXACT_UP_TO", 3)
    gallery = Library.open(folder).gallery
    monkeypatch.setattr(search, "CoarseIndex", None)  # it would be made no more
    asked = Descriptors(np.float32([[1, 0]]), np.float32([0.01]))
    assert search.distances(gallery, asked, 0.0).argmin() == 0


def test_its_version_changes_with_any_file(folder: Path) -> None:
    before = Library.open(folder).version
    change_entries(folder, lambda records: records[0].update(provenance="another"))
    assert Library.open(folder).version != before


def test_an_unknown_entry_or_one_without_a_network_lists_what_there_is(folder: Path) -> None:
    library = Library.open(folder)
    with pytest.raises(ArtifactMissingError, match="bolt_m16"):
        library.entry("screw")
    with pytest.raises(ArtifactMissingError, match="have one: bolt_m8"):
        library.model_folder("ring")


def test_a_missing_folder_or_file(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissingError):
        Library.open(tmp_path / "nowhere")
    (folder / GALLERY).unlink()
    with pytest.raises(ArtifactMissingError, match=GALLERY):
        Library.open(folder)


@pytest.mark.parametrize("name", [ENTRIES, GALLERY, MANIFEST, f"{ENCODER}/config.json"])
def test_a_truncated_file(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ArtifactDamagedError, match="build"):
        Library.open(folder)


def test_a_truncated_gallery_is_noticed_without_hashing(folder: Path) -> None:
    path = folder / GALLERY
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ArtifactDamagedError):
        Library.open(folder, verify=False)


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        ({"schema": 99}, "update this one"),
        ({"schema": 1}, "build it again"),
        ({"kind": "encoder"}, "give a folder of that kind"),
    ],
)
def test_another_schema_or_kind(folder: Path, changes: dict[str, Any], cure: str) -> None:
    reseal(folder, **changes)
    with pytest.raises(ArtifactSchemaError, match=cure):
        Library.open(folder)


def test_an_encoder_that_the_embeddings_are_not_of(folder: Path) -> None:
    seal(folder / ENCODER, "encoder", 1, {"seed": 1})
    reseal(folder)
    with pytest.raises(EncoderMismatchError, match="srclib build --encoder"):
        Library.open(folder)


@pytest.mark.parametrize("model", ["../outside", "/etc", "models/../../outside"])
def test_a_model_outside_the_folder(folder: Path, model: str) -> None:
    change_entries(folder, lambda records: records[0].update(model=model))
    with pytest.raises(UnsafePathError):
        Library.open(folder)


def test_a_file_outside_the_folder_in_the_manifest(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["../secret"] = sha256(b"")
    write_json(folder / MANIFEST, manifest)
    with pytest.raises(UnsafePathError):
        Library.open(folder)


def test_a_model_that_is_not_there(folder: Path) -> None:
    change_entries(folder, lambda records: records[1].update(model="models/bolt_m16"))
    with pytest.raises(ArtifactMissingError, match="bolt_m16"):
        Library.open(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda records: records[0].pop("cluster"),
        lambda records: records[0].update(diameter_m="wide"),
        lambda records: records[0].update(name=7),
        lambda records: records[0].update(name="ring"),
        lambda records: records.clear(),
        lambda records: records.pop(),
    ],
    ids=["field missing", "no number", "no name", "name twice", "none", "fewer than the gallery"],
)
def test_entries_that_say_nonsense(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    change_entries(folder, change)
    with pytest.raises(ArtifactDamagedError, match="build the library again"):
        Library.open(folder)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"embeddings": np.zeros((5, 2), np.float32)},
        {"embeddings": np.full((5, 1, 2), np.nan, np.float32)},
        {"embeddings": np.full((5, 1, 2), 1.01, np.float32)},
        {"size_m": np.zeros((5, 1), np.float32)},
        {"metric": np.zeros((5, 2, 3), np.float32)},
        {"metric": np.zeros((5, 3), np.float32)},
        {"metric": np.full((5, 1, 3), np.inf, np.float32)},
        {"dims": np.int32([1, 2])},
        {"dims": np.int32([3, -1])},
        {"dims": np.float32([1.0, 1.0])},
    ],
    ids=[
        "empty",
        "wrong shape",
        "not finite",
        "longer than 1",
        "no size",
        "metric of more views",
        "metric of entries",
        "metric not finite",
        "descriptors longer than an embedding",
        "a descriptor shorter than nothing",
        "dims that are none",
    ],
)
def test_a_gallery_that_is_none(folder: Path, tensors: dict[str, Any]) -> None:
    good = {
        "embeddings": np.ones((5, 1, 2), np.float32),
        "size_m": np.ones((5, 1), np.float32),
        "metric": np.zeros((5, 1, 3), np.float32),
        "dims": np.zeros(0, np.int32),
    }
    write_tensors(folder / GALLERY, good | tensors if tensors else {"nothing": np.zeros(1, np.float32)})
    reseal(folder)
    with pytest.raises(ArtifactDamagedError, match="build the library again"):
        Library.open(folder)


@pytest.mark.parametrize(
    "changes", [{"thresholds": {}}, {"thresholds": []}, {"size_weight": "much"}, {"size_weight": -1.0}]
)
def test_a_manifest_that_lacks_what_selection_needs(folder: Path, changes: dict[str, Any]) -> None:
    reseal(folder, **changes)
    with pytest.raises(ArtifactDamagedError, match="build the library again"):
        Library.open(folder)
