"""Points of a PLY file (ascii, binary_little_endian, binary_big_endian): the scalar properties of its vertices."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.captures.pcd import MAX_POINTS, read_cloud_bytes
from srclib_ros.errors import CaptureError, CloudFieldError, CloudTooLargeError

_MAX_HEADER_BYTES = 65_536
_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
}
_ORDERS = {"ascii": "<", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class _Header:
    encoding: str
    count: int
    record: np.dtype[Any]
    data_offset: int


def read_ply(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Property name to (N,) array, native byte order, of the element `vertex`.

    Raises CaptureError (not a whole PLY file), CloudFieldError (no x, y, z), CloudTooLargeError.
    """
    data = read_cloud_bytes(path)
    header = _parse_header(path, data)
    body = memoryview(data)[header.data_offset :]
    if header.encoding == "ascii":
        points = _read_ascii(path, header, body)
    else:
        size = header.count * header.record.itemsize
        if len(body) < size:
            raise CaptureError(f"{path}: truncated: {size} bytes of points announced, {len(body)} there; copy it again")
        points = np.frombuffer(body, dtype=header.record, count=header.count)
    names = header.record.names or ()
    return {name: points[name].astype(header.record[name].newbyteorder("=")) for name in names}


def _parse_header(path: Path, data: bytes) -> _Header:
    end = data.find(b"end_header", 0, _MAX_HEADER_BYTES)
    newline = data.find(b"\n", end)
    if not data.startswith(b"ply") or end < 0 or newline < 0:
        raise CaptureError(f"{path}: no PLY header; is this a PLY file?")
    lines = [line.split() for line in data[:end].decode("ascii", errors="replace").splitlines()]
    try:
        encoding = next(words[1] for words in lines if words[:1] == ["format"])
        order = _ORDERS[encoding]
        elements = [(i, words) for i, words in enumerate(lines) if words[:1] == ["element"]]
        first, words = elements[0]
        if words[1] != "vertex":
            raise CaptureError(
                f"{path}: its first element is {words[1]!r}, not vertex; export it with the points first"
            )
        count = int(words[2])
        last = elements[1][0] if len(elements) > 1 else len(lines)
        properties = [words for words in lines[first:last] if words[:1] == ["property"]]
        record = np.dtype([(words[2], order + _TYPES[words[1]]) for words in properties])
    except (StopIteration, IndexError, KeyError, ValueError) as error:
        raise CaptureError(
            f"{path}: its PLY header is incomplete or holds lists of points ({error!r}); export it again"
        ) from error
    if count < 0:
        raise CaptureError(f"{path}: its PLY header announces {count} points; export it again")
    for axis in "xyz":
        if axis not in (record.names or ()) or record[axis].kind != "f":
            raise CloudFieldError(
                f"{path}: property {axis!r} is missing or no float; it has {', '.join(record.names or ())}"
            )
    if count > MAX_POINTS:
        raise CloudTooLargeError(f"{path}: {count} points, more than {MAX_POINTS}; crop or downsample it first")
    return _Header(encoding, count, record, newline + 1)


def _read_ascii(path: Path, header: _Header, body: memoryview) -> npt.NDArray[Any]:
    points = np.zeros(header.count, dtype=header.record)
    names = header.record.names or ()
    try:
        values = (
            np.loadtxt(io.BytesIO(body), ndmin=2, max_rows=header.count) if header.count else np.empty((0, len(names)))
        )
    except ValueError as error:
        raise CaptureError(f"{path}: a line of its points cannot be read ({error}); export it again") from error
    if values.shape != (header.count, len(names)):
        raise CaptureError(f"{path}: announces {header.count} points, holds {values.shape[0]}; copy it again")
    for i, name in enumerate(names):
        points[name] = values[:, i]
    return points
