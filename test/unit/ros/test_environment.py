from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree

import pytest

from srclib_ros.ros.environment import prepare_environment, profile_variables, share_folder

CLOUD_BYTES = 640 * 480 * 12


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "AMENT_PREFIX_PATH"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.usefixtures("bare")
def test_the_profile_is_set_before_rclpy_starts() -> None:
    prepare_environment()
    for name in profile_variables():
        assert os.environ[name] == str(share_folder() / "config" / "fastdds.xml")


def test_what_the_user_has_set_stays(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("FASTDDS_DEFAULT_PROFILES_FILE", "mine.xml")
    prepare_environment()
    assert os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] == "mine.xml"


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("7.1.6", ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")),
        ("9.1.2", ("FASTDDS_DEFAULT_PROFILES_FILE",)),
    ],
)
def test_jazzy_reads_the_old_name_and_kilted_warns_of_it(
    monkeypatch: pytest.MonkeyPatch, version: str, names: tuple[str, ...]
) -> None:
    monkeypatch.setattr("srclib_ros.ros.environment.version", lambda _: version)
    assert profile_variables() == names


def test_a_large_cloud_fits_the_shared_memory_segment() -> None:
    tree = ElementTree.parse(share_folder() / "config" / "fastdds.xml")
    space = {"dds": "http://www.eprosima.com"}
    sizes = [int(item.text or 0) for item in tree.iterfind(".//dds:segment_size", space)]
    assert sizes and min(sizes) >= 8 * CLOUD_BYTES
    assert [item.text for item in tree.iterfind(".//dds:useBuiltinTransports", space)] == ["false"]
