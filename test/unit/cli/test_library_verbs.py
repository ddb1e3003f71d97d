"""`srclib build`, `library` and `query` on a folder of small meshes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.small_library import at_degrees, record_of, write_small_library

from srclib_ros.cli.library import entry_record
from srclib_ros.cli.main import main
from srclib_ros.library.entry import Entry
from srclib_ros.library.search import Gallery
from srclib_ros.library.store import GALLERY, Library

torch = pytest.importorskip("torch")
trimesh = pytest.importorskip("trimesh")
pytest.importorskip("open3d")

BOXES_MM = {
    "bar": ((40, 10, 10), (60, 15, 14)),
    "plate": ((40, 40, 6), (60, 58, 9)),
    "cube": ((30, 30, 30), (45, 44, 42)),
}


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two boxes in each of three folders, in millimetres."""
    folder = tmp_path_factory.mktemp("meshes")
    for category, boxes in BOXES_MM.items():
        (folder / category).mkdir()
        for extents in boxes:
            trimesh.creation.box(extents).export(folder / category / f"{category}_{extents[0]}.stl")
    return folder


@pytest.fixture(scope="module")
def library(meshes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the command, with a small untrained encoder."""
    from srclib_ros.embedding.pointnet import PointNet, PointNetShape
    from srclib_ros.training.encoder_folder import write_encoder

    torch.manual_seed(0)
    shape = PointNetShape(point_widths=(8, 16), head_width=16, dim=8, n_points=64)
    folder = tmp_path_factory.mktemp("library")
    write_encoder(folder / "encoder", PointNet(shape).eval(), {})
    command = [
        "build",
        str(meshes),
        "--unit",
        "mm",
        "--out",
        str(folder / "boxes"),
        "--encoder",
        str(folder / "encoder"),
    ]
    assert main(command) == 0
    return folder / "boxes"


def test_list_names_every_part(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", str(library), "list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{category}_{box[0]}" in shown for category, boxes in BOXES_MM.items() for box in boxes)
    assert main(["library", str(library), "list", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["entries"]) == 6
    assert set(answer["thresholds"]) == set(answer["thresholds_of_whole"]) == {"identity", "suitability"}


def test_show_names_what_resembles_a_part(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", str(library), "show", "bar_40", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["diameter_m"] == pytest.approx(np.linalg.norm([0.04, 0.01, 0.01]))
    assert "bar_40" not in [other["name"] for other in answer["resembling"]]
    assert main(["library", str(library), "show", "gear"]) == 2
    assert "bar_40" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["library", str(library), "show"])


def test_who_resembles_a_part_is_told_by_all_views(tmp_path: Path) -> None:
    """Two parts seen alike, but one mostly from the front and one from the back, so that their mean views differ."""
    front, back, side = at_degrees(0.0, 180.0, 60.0)
    views = np.stack([[front] * 9 + [back], [front] + [back] * 9, *[[side] * 10] * 60]).astype(np.float32)
    gallery = Gallery(views, np.full(views.shape[:2], 0.02, np.float32))
    entries = tuple(Entry.from_json(record_of(f"part_{row}", 0, 0.04, False), "by hand") for row in range(62))
    small = Library.open(write_small_library(tmp_path / "small"))
    library = Library(tmp_path, small.manifest, "", entries, gallery)
    assert entry_record(library, "part_0")["resembling"][0] == {"name": "part_1", "distance": 0.0}


def test_verify_finds_the_changed_file(library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    assert main(["library", str(library), "verify"]) == 0
    copy = Path(shutil.copytree(library, tmp_path / "copy"))
    data = bytearray((copy / GALLERY).read_bytes())
    data[-1] ^= 1
    (copy / GALLERY).write_bytes(data)
    capsys.readouterr()
    assert main(["library", str(copy), "verify"]) == 2
    assert "ArtifactDamagedError" in capsys.readouterr().err


def test_a_size_far_from_the_librarys_is_remarked(
    library: Path, meshes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = str(meshes / "bar" / "bar_40.stl")
    main(["query", str(library), bar, "--unit", "mm", "--json"])
    assert json.loads(capsys.readouterr().out)["remark"] is None
    main(["query", str(library), bar, "--unit", "in"])
    assert "check --unit" in capsys.readouterr().out.splitlines()[-1]


def test_query_with_a_mesh_and_with_a_cloud(
    library: Path, meshes: Path, tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["query", str(library), str(meshes / "bar" / "bar_40.stl"), "--unit", "mm", "--top", "3", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["neighbours"]) == 3
    assert answer["source"] is None, "no entry has a network"
    assert status == 1
    assert {"verdict", "similarity", "false_accept", "false_reject"} <= set(answer["identity"])
    assert answer["identity"]["verdict"]
    assert answer["suitability"]["similar"]
    assert not answer["suitability"]["verdict"]
    cloud = (rng.random((500, 3)) * [0.04, 0.01, 0.01]).astype(np.float32)
    np.savez(tmp_path / "bar.npz", xyz=cloud)
    assert main(["query", str(library), str(tmp_path / "bar.npz")]) == 1
    assert "source: none" in capsys.readouterr().out


def test_a_mesh_without_a_unit_is_refused(library: Path, meshes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(library), str(meshes / "bar" / "bar_40.stl")]) == 2
    assert "--unit" in capsys.readouterr().err


def test_a_cloud_that_is_no_part_is_refused(library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = np.random.default_rng(0).random((200, 3)).astype(np.float32)
    for name, xyz, cure in (
        ("millimetres", points * 60.0, "clouds are in metres"),
        ("few", points[:5] * 0.06, "points; a part shows its shape"),
    ):
        np.savez(tmp_path / f"{name}.npz", xyz=xyz)
        assert main(["query", str(library), str(tmp_path / f"{name}.npz")]) == 2
        assert cure in capsys.readouterr().err
    np.savez(tmp_path / "cloud.npz", xyz=points * 0.06)
    assert main(["query", str(library), str(tmp_path / "cloud.npz"), "--unit", "mm"]) == 2
    assert "--unit is for meshes" in capsys.readouterr().err
    assert main(["query", str(library), str(tmp_path)]) == 2
    assert "name one mesh" in capsys.readouterr().err


def test_suitability_says_where_it_was_asked_to_begin(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = np.random.default_rng(0).random((200, 3)).astype(np.float32)
    np.savez(tmp_path / "cloud.npz", xyz=points * 0.06)
    main(["query", str(library), str(tmp_path / "cloud.npz"), "--min-similarity", "0.999"])
    assert "(asked for from 0.999 on)" in capsys.readouterr().out


def test_the_unit_of_a_manifest_goes_before_the_option_and_says_so(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from srclib_ros.simulation.parts import generate_parts, write_parts

    (part,) = [part for part in generate_parts() if part.name == "washer_m16"]
    write_parts(tmp_path, [part])
    answers = []
    for option in ([], ["--unit", "mm"], ["--unit", "in"]):
        main(["query", str(library), str(tmp_path / "washer" / "washer_m16.stl"), *option, "--json"])
        said = capsys.readouterr()
        answers.append(json.loads(said.out))
        assert ("says mm, which is taken" in said.err) == ("in" in option)
    assert answers[0] == answers[1] == answers[2]


def test_a_folder_is_no_part(library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(library), str(tmp_path), "--unit", "mm"]) == 2
    assert "name one mesh" in capsys.readouterr().err
