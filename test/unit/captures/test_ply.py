import os
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.captures.pcd import MAX_FILE_BYTES
from srclib_ros.captures.ply import read_ply
from srclib_ros.errors import CaptureError, CloudFieldError, CloudTooLargeError

_HEADER = (
    "ply\nformat {} 1.0\nelement vertex 2\nproperty {} x\nproperty float y\nproperty float z\nproperty uchar label\n"
)


@pytest.mark.parametrize("order", ["<", ">"])
def test_binary_points(tmp_path: Path, order: str) -> None:
    name = "binary_little_endian" if order == "<" else "binary_big_endian"
    points = np.array(
        [(1, 2, 3, 4), (5, 6, 7, 8)], [("x", order + "f8"), ("y", order + "f4"), ("z", order + "f4"), ("l", "u1")]
    )
    path = tmp_path / "a.ply"
    path.write_bytes(_HEADER.format(name, "double").encode() + b"end_header\n" + points.tobytes())
    fields = read_ply(path)
    np.testing.assert_array_equal(fields["x"], (1, 5))
    np.testing.assert_array_equal(fields["label"], (4, 8))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CaptureError, match="truncated"):
        read_ply(path)


def test_ascii_points_before_faces(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    text = _HEADER.format("ascii", "float") + "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    path.write_text(text + "1 2 3 4\n5 6 7 8\n3 0 1 0\n")
    np.testing.assert_array_equal(read_ply(path)["z"], (3, 7))


def test_wrong_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(b"nonsense")
    with pytest.raises(CaptureError, match="header"):
        read_ply(path)
    path.write_text(_HEADER.format("ascii", "int") + "end_header\n1 2 3 4\n5 6 7 8\n")
    with pytest.raises(CloudFieldError, match="'x'"):
        read_ply(path)
    path.write_text(_HEADER.format("ascii", "quaternion") + "end_header\n")
    with pytest.raises(CaptureError, match="incomplete"):
        read_ply(path)


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian"])
def test_a_negative_count_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.ply"
    path.write_text(_HEADER.format(encoding, "float").replace("vertex 2", "vertex -5") + "end_header\n")
    with pytest.raises(CaptureError, match="-5 points"):
        read_ply(path)


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_text(_HEADER.format("ascii", "float") + "end_header\n")
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(CloudTooLargeError, match="bytes"):
        read_ply(path)
