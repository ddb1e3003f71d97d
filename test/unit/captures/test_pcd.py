import os
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.captures.pcd import MAX_FILE_BYTES, lzf_decompress, read_pcd
from srclib_ros.errors import CaptureError, CloudFieldError, CloudTooLargeError

from .pcd_files import header, write_pcd


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
def test_each_encoding_gives_the_points_back(tmp_path: Path, encoding: str, rng: np.random.Generator) -> None:
    xyz = rng.normal(size=(4, 6, 3)).astype(np.float32)
    xyz[1, 2] = np.nan
    labels = rng.integers(0, 30, (4, 6))
    write_pcd(tmp_path / "a.pcd", xyz, labels, encoding)
    pcd = read_pcd(tmp_path / "a.pcd")
    assert (pcd.height, pcd.width) == (4, 6)
    np.testing.assert_allclose(np.column_stack([pcd.fields[a] for a in "xyz"]), xyz.reshape(-1, 3), rtol=1e-6)
    np.testing.assert_array_equal(pcd.fields["label"], labels.ravel())
    np.testing.assert_array_equal(pcd.viewpoint[:3], (0.5, 0, 1))


def test_lzf_back_references_worked_out_by_hand() -> None:
    # "ab", then 4 bytes from 2 back: abab ab; then a long reference, 9 bytes from 1 back.
    assert lzf_decompress(bytes((1, 97, 98, 2 << 5, 1)), 6) == b"ababab"
    assert lzf_decompress(bytes((0, 97, 7 << 5, 0, 0)), 10) == b"a" * 10


@pytest.mark.parametrize(
    "block", [bytes((2 << 5, 5)), bytes((5, 97)), bytes((0, 97, 7 << 5, 200, 0)), bytes((7 << 5,))]
)
def test_damaged_lzf_is_noticed(block: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        lzf_decompress(block, 10)


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
@pytest.mark.parametrize("kept", [0.3, 0.97])
def test_a_truncated_file_is_a_named_error(tmp_path: Path, encoding: str, kept: float) -> None:
    path = tmp_path / "a.pcd"
    write_pcd(path, np.ones((4, 6, 3), np.float32), np.ones((4, 6), int), encoding)
    data = path.read_bytes()
    start = len(header(6, 4, encoding))
    path.write_bytes(data[: start + int(kept * (len(data) - start))])
    with pytest.raises(CaptureError):
        read_pcd(path)


def test_wrong_headers_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pcd"
    with pytest.raises(CaptureError, match="cannot be read"):
        read_pcd(tmp_path / "missing.pcd")
    path.write_bytes(b"solid cube\n" * 10)
    with pytest.raises(CaptureError, match="header"):
        read_pcd(path)
    path.write_bytes(header(2, 1, "binary", "x y label", "F F U") + bytes(24))
    with pytest.raises(CloudFieldError, match="'z'"):
        read_pcd(path)
    path.write_bytes(header(2, 1, "binary", "x y z label", "F I F U") + bytes(32))
    with pytest.raises(CloudFieldError, match="'y'"):
        read_pcd(path)
    path.write_bytes(header(100_000, 1000, "binary"))
    with pytest.raises(CloudTooLargeError):
        read_pcd(path)


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
@pytest.mark.parametrize(
    ("line", "other", "named"),
    [
        (b"COUNT 1 1 1 1", b"COUNT 1 1 1 10000000000", "COUNT"),
        (b"VIEWPOINT 0.5", b"VIEWPOINT nan", "VIEWPOINT"),
        (b"VIEWPOINT 0.5", b"VIEWPOINT inf", "VIEWPOINT"),
    ],
)
def test_impossible_header_values_are_named(
    tmp_path: Path, encoding: str, line: bytes, other: bytes, named: str
) -> None:
    path = tmp_path / "a.pcd"
    write_pcd(path, np.ones((4, 6, 3), np.float32), np.ones((4, 6), int), encoding)
    path.write_bytes(path.read_bytes().replace(line, other))
    with pytest.raises(CaptureError, match=named):
        read_pcd(path)


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pcd"
    path.write_bytes(header(2, 1, "binary"))
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(CloudTooLargeError, match="bytes"):
        read_pcd(path)
