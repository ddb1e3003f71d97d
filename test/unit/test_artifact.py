from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srclib_ros import artifact
from srclib_ros.errors import (
    ArtifactDamagedError,
    ArtifactError,
    ArtifactMissingError,
    ArtifactSchemaError,
    UnsafePathError,
)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "thing"
    artifact.write_json(folder / "config.json", {"a": 1})
    artifact.write_tensors(folder / "sub" / "w.safetensors", {"w": np.arange(6, dtype=np.float32).reshape(2, 3).T})
    artifact.seal(folder, "thing", 1, {"seed": 3})
    return folder


def test_what_was_written_is_read(sealed: Path) -> None:
    manifest = artifact.open_sealed(sealed, "thing", 1)
    assert manifest["seed"] == 3
    assert set(manifest["files"]) == {"config.json", "sub/w.safetensors"}
    tensors = artifact.read_tensors(sealed / "sub" / "w.safetensors")
    np.testing.assert_array_equal(tensors["w"], np.arange(6, dtype=np.float32).reshape(2, 3).T)


def test_a_folder_without_manifest_is_unfinished(sealed: Path) -> None:
    (sealed / artifact.MANIFEST).unlink()
    with pytest.raises(ArtifactMissingError):
        artifact.open_sealed(sealed, "thing", 1)


def test_a_changed_byte_is_found(sealed: Path) -> None:
    (sealed / "config.json").write_text('{"a": 2}')
    with pytest.raises(ArtifactDamagedError, match="hash"):
        artifact.open_sealed(sealed, "thing", 1)
    artifact.open_sealed(sealed, "thing", 1, verify=False)


def test_a_missing_file_is_named(sealed: Path) -> None:
    (sealed / "config.json").unlink()
    with pytest.raises(ArtifactMissingError, match=r"config\.json"):
        artifact.open_sealed(sealed, "thing", 1)


@pytest.mark.parametrize(("kind", "schema"), [("other", 1), ("thing", 2)])
def test_another_kind_or_schema_is_refused(sealed: Path, kind: str, schema: int) -> None:
    with pytest.raises(ArtifactSchemaError):
        artifact.open_sealed(sealed, kind, schema)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "sub/../../secret"])
def test_a_name_that_leads_outside_is_refused(sealed: Path, name: str) -> None:
    manifest = json.loads((sealed / artifact.MANIFEST).read_text())
    manifest["files"][name] = "0"
    (sealed / artifact.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(UnsafePathError):
        artifact.open_sealed(sealed, "thing", 1)


def test_a_link_that_leads_outside_is_refused(sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (sealed / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(UnsafePathError):
        artifact.resolve_inside(sealed, "link")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"files": 3}', b"\xff\xfe", b"[" * 100_000])
def test_any_broken_manifest_is_a_named_error(sealed: Path, content: bytes) -> None:
    (sealed / artifact.MANIFEST).write_bytes(content)
    with pytest.raises(ArtifactError):
        artifact.open_sealed(sealed, "thing", 1)


def test_truncated_tensors_are_a_named_error(sealed: Path) -> None:
    path = sealed / "sub" / "w.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ArtifactDamagedError, match="safetensors"):
        artifact.read_tensors(path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    artifact.write_json(path, 1)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(artifact.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        artifact.write_json(path, 2)
    assert artifact.read_json(path) == 1
    assert list(tmp_path.iterdir()) == [path]


def folder_saying(place: Path, word: str) -> Path:
    place.mkdir(parents=True)
    (place / "word").write_text(word)
    return place


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(artifact, "_exchange", lambda *_: False)
    for word in ("first", "second"):
        artifact.put_in_place(folder_saying(tmp_path / "work" / "assembled", word), tmp_path / "place")
        assert (tmp_path / "place" / "word").read_text() == word
        assert list((tmp_path / "work").iterdir()) == []


def test_a_link_stays_one(tmp_path: Path) -> None:
    folder_saying(tmp_path / "place", "old")
    (tmp_path / "link").symlink_to(tmp_path / "place")
    artifact.put_in_place(folder_saying(tmp_path / "assembled", "new"), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "place" / "word").read_text() == "new"


def test_a_kill_between_two_steps_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where names cannot be exchanged: the old folder is away, the new one not yet there."""
    place, assembled = folder_saying(tmp_path / "place", "old"), folder_saying(tmp_path / "assembled", "new")
    rename = Path.rename

    def killed(path: Path, to: Path) -> Path:
        if path == assembled:
            raise KeyboardInterrupt
        return rename(path, to)

    monkeypatch.setattr(artifact, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        artifact.put_in_place(assembled, place)
    assert not place.exists()
    monkeypatch.undo()
    artifact.recover(assembled, place)
    assert (place / "word").read_text() == "old"
    artifact.recover(assembled, place)
    assert (place / "word").read_text() == "old"


def test_what_is_brought_back_goes_where_a_link_leads(tmp_path: Path) -> None:
    folder_saying(tmp_path / "assembled.replaced", "old")
    (tmp_path / "link").symlink_to(tmp_path / "place")
    artifact.recover(tmp_path / "assembled", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "place" / "word").read_text() == "old"
