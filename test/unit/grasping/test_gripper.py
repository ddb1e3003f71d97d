"""Grippers from YAML, and their boxes by arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from srclib_ros.errors import GripperError
from srclib_ros.grasping.gripper import as_cup, as_jaw, load_gripper, load_grippers

JAW = {
    "kind": "jaw",
    "stroke_m": 0.08,
    "finger_width_m": 0.02,
    "finger_thickness_m": 0.01,
    "finger_depth_m": 0.06,
    "pad_height_m": 0.02,
    "palm_size_m": [0.05, 0.12, 0.04],
    "force_n": 40.0,
    "friction": 1.0,
}


CUP = {
    "kind": "suction",
    "radius_m": 0.01,
    "bellows_m": 0.01,
    "lip_gap_m": 0.001,
    "lip_tilt_rad": 0.26,
    "vacuum_pa": 60_000,
    "friction": 0.5,
    "tube_radius_m": 0.006,
    "tube_length_m": 0.1,
    "holder_size_m": [0.06, 0.06, 0.06],
}


def write(path: Path, described: Mapping[str, object] = JAW, **changes: object) -> Path:
    path.write_text(yaml.safe_dump({"mine": {**described, **changes}}), encoding="utf-8")
    return path


def test_the_package_brings_jaws_and_cups() -> None:
    grippers = load_grippers()
    assert {name: gripper.kind for name, gripper in grippers.items()} == {
        "jaw": "jaw", "jaw_small": "jaw", "suction": "suction", "suction_small": "suction"
    }  # fmt: skip
    assert {name: gripper.name for name, gripper in grippers.items()} == {name: name for name in grippers}
    assert grippers["jaw_small"].stroke_m < grippers["jaw"].stroke_m
    assert load_gripper("jaw") == grippers["jaw"]


def test_boxes_of_the_open_gripper(tmp_path: Path) -> None:
    gripper = load_gripper("mine", write(tmp_path / "g.yaml"))
    boxes = gripper.boxes_tcp(0.03, sweep_m=0.1)
    np.testing.assert_allclose(boxes[0], [[-0.01, -0.025, -0.16], [0.01, -0.015, 0]])
    np.testing.assert_allclose(boxes[1], [[-0.01, 0.015, -0.16], [0.01, 0.025, 0]])
    np.testing.assert_allclose(boxes[2], [[-0.025, -0.06, -0.2], [0.025, 0.06, -0.06]])
    np.testing.assert_allclose(gripper.boxes_tcp([0.01, 0.03])[1, :2], gripper.boxes_tcp(0.03)[:2])
    assert gripper.friction_angle_rad == pytest.approx(np.pi / 4)


def test_the_opening_never_exceeds_the_stroke(tmp_path: Path) -> None:
    gripper = load_gripper("mine", write(tmp_path / "g.yaml"))
    np.testing.assert_allclose(gripper.opening_m([0.02, 0.079], 0.002), [0.024, 0.08])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "claw"}, "jaw"),
        ({"stroke_m": -1.0}, "stroke_m"),
        ({"force_n": "strong"}, "force_n"),
        ({"friction": float("nan")}, "friction"),
        ({"palm_size_m": [1.0, 2.0]}, "palm_size_m"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_description_names_its_field(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(GripperError, match=told):
        load_grippers(write(tmp_path / "g.yaml", **changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stroke_m": 0.08}, "stroke_m"),
        ({"radius_m": 0}, "radius_m"),
        ({"vacuum_pa": -1.0}, "vacuum_pa"),
        ({"lip_tilt_rad": 2.0}, "lip_tilt_rad"),
        ({"holder_size_m": 0.06}, "holder_size_m"),
        ({"holder_size_m": [0.06, 0.06, True]}, "holder_size_m"),
        ({"kind": "jaw"}, "finger_width_m"),
        ({"kind": ["suction"]}, "kind"),
    ],
)
def test_fields_are_checked_by_kind(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(GripperError, match=rf"g\.yaml: mine: .*{told}"):
        load_grippers(write(tmp_path / "g.yaml", CUP, **changes))


def test_a_cup_of_a_file(tmp_path: Path) -> None:
    cup = as_cup(load_gripper("mine", write(tmp_path / "g.yaml", CUP)), "this test")
    assert cup.force_n == pytest.approx(18.85, abs=0.01)
    assert cup.holder_size_m == (0.06, 0.06, 0.06)


def test_who_needs_another_kind_says_so(tmp_path: Path) -> None:
    jaw, cup = load_gripper("jaw"), load_gripper("suction")
    assert as_jaw(jaw, "this test") is jaw and as_cup(cup, "this test") is cup
    with pytest.raises(GripperError, match="suction: this test needs a jaw"):
        as_jaw(cup, "this test")
    with pytest.raises(GripperError, match="jaw: this test needs a suction cup"):
        as_cup(jaw, "this test")


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "mine: 3"])
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "g.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GripperError, match=r"g\.yaml"):
        load_grippers(path)


def test_an_unknown_gripper_lists_the_known_ones() -> None:
    with pytest.raises(GripperError, match="jaw_small"):
        load_gripper("hand")
    with pytest.raises(GripperError, match="nowhere"):
        load_grippers(Path("nowhere.yaml"))
