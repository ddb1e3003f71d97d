"""Point Cloud Library files (PCD 0.7): ascii, binary, and binary_compressed, decoded here in full.

Format: https://pointclouds.org/documentation/tutorials/pcd_file_format.html; LZF: liblzf's lzf_d.c.
"""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from srclib_ros.errors import CaptureError, CloudFieldError, CloudTooLargeError

MAX_POINTS = 20_000_000
MAX_FILE_BYTES = 64 * MAX_POINTS
"""Of a stored cloud: room for MAX_POINTS with 16 floats each."""
_MAX_HEADER_BYTES = 16_384
_MAX_NUMBERS_A_POINT = 4096
_KINDS = {"F": "f", "I": "i", "U": "u"}


@dataclass(frozen=True, eq=False)
class PcdCloud:
    """fields: name to (N,) array, or (N, COUNT). viewpoint: (7,) x y z qw qx qy qz as the file has it."""

    fields: dict[str, npt.NDArray[Any]]
    width: int
    height: int
    viewpoint: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Header:
    names: list[str]
    types: list[npt.DTypeLike]
    counts: list[int]
    width: int
    height: int
    viewpoint: npt.NDArray[np.float64]
    encoding: str
    data_offset: int


def read_pcd(path: Path) -> PcdCloud:
    """Every field of a PCD file, in file order.

    Raises CaptureError (not a whole PCD file), CloudFieldError (no x, y, z), CloudTooLargeError.
    """
    data = read_cloud_bytes(path)
    header = _parse_header(path, data)
    body = memoryview(data)[header.data_offset :]
    n = header.width * header.height
    if n > MAX_POINTS:
        raise CloudTooLargeError(f"{path}: {n} points, more than {MAX_POINTS}; crop or downsample it first")
    if header.encoding == "ascii":
        fields = _read_ascii(path, header, body)
    elif header.encoding == "binary":
        fields = _read_binary(path, header, body)
    else:
        fields = _read_compressed(path, header, body)
    return PcdCloud(fields, header.width, header.height, header.viewpoint)


def read_cloud_bytes(path: Path) -> bytes:
    """The whole file. Raises CaptureError, and CloudTooLargeError, before it is read, beyond MAX_FILE_BYTES."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CloudTooLargeError(f"{path}: {size} bytes, more than {MAX_FILE_BYTES}; crop or downsample it first")
        return path.read_bytes()
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def _parse_header(path: Path, data: bytes) -> _Header:
    entries: dict[str, list[str]] = {}
    offset = 0
    while "DATA" not in entries:
        end = data.find(b"\n", offset, _MAX_HEADER_BYTES)
        if end < 0:
            raise CaptureError(f"{path}: no PCD header (its DATA line is missing); is this a PCD file?")
        words = data[offset:end].decode("ascii", errors="replace").split()
        if words and not words[0].startswith("#"):
            entries[words[0].upper()] = words[1:]
        offset = end + 1
    try:
        names = entries["FIELDS"]
        sizes = [int(word) for word in entries["SIZE"]]
        types = [np.dtype(f"<{_KINDS[kind]}{size}") for kind, size in zip(entries["TYPE"], sizes, strict=True)]
        counts = [int(word) for word in entries.get("COUNT", ["1"] * len(names))]
        width, height = int(entries["WIDTH"][0]), int(entries["HEIGHT"][0])
        viewpoint = np.array([float(word) for word in entries.get("VIEWPOINT", ["0", "0", "0", "1", "0", "0", "0"])])
        encoding = entries["DATA"][0].lower()
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise CaptureError(
            f"{path}: its PCD header is incomplete or contradictory ({error!r}); export it again"
        ) from error
    if not len(names) == len(types) == len(counts) or min(counts, default=0) < 1 or width < 0 or height < 0:
        raise CaptureError(f"{path}: FIELDS, SIZE, TYPE and COUNT of its PCD header disagree; export it again")
    if sum(counts) > _MAX_NUMBERS_A_POINT:
        raise CaptureError(
            f"{path}: COUNT announces {sum(counts)} numbers a point, more than {_MAX_NUMBERS_A_POINT}; "
            "export it with fewer fields"
        )
    if encoding not in ("ascii", "binary", "binary_compressed") or viewpoint.shape != (7,):
        raise CaptureError(f"{path}: DATA {encoding!r} or VIEWPOINT is not as PCD 0.7 has it; export it again")
    if not np.isfinite(viewpoint).all():
        raise CaptureError(f"{path}: its VIEWPOINT is not finite; set it to 0 0 0 1 0 0 0 where it is not known")
    for axis in "xyz":
        if axis not in names or np.dtype(types[names.index(axis)]).kind != "f" or counts[names.index(axis)] != 1:
            raise CloudFieldError(f"{path}: field {axis!r} is missing or no float; it has {', '.join(names) or 'none'}")
    return _Header(names, list(types), counts, width, height, viewpoint, encoding, offset)


def _read_ascii(path: Path, header: _Header, body: memoryview) -> dict[str, npt.NDArray[Any]]:
    n, columns = header.width * header.height, sum(header.counts)
    try:
        values = (
            np.loadtxt(io.BytesIO(body), dtype=np.float64, ndmin=2, max_rows=max(n, 1)) if n else np.empty((0, columns))
        )
    except ValueError as error:
        raise CaptureError(f"{path}: a line of its points cannot be read ({error}); export it again") from error
    if values.shape != (n, columns):
        raise CaptureError(f"{path}: announces {n} points of {columns} numbers, holds {values.shape}; export it again")
    fields, column = {}, 0
    for name, dtype, count in zip(header.names, header.types, header.counts, strict=True):
        block = values[:, column : column + count]
        fields[name] = (block[:, 0] if count == 1 else block).astype(dtype)
        column += count
    return fields


def _read_binary(path: Path, header: _Header, body: memoryview) -> dict[str, npt.NDArray[Any]]:
    n = header.width * header.height
    # Padding fields share the name "_", so positions serve as names here.
    layout = [
        (f"f{i}", dtype) if count == 1 else (f"f{i}", dtype, (count,))
        for i, (dtype, count) in enumerate(zip(header.types, header.counts, strict=True))
    ]
    record = np.dtype(layout)
    if len(body) < n * record.itemsize:
        raise CaptureError(
            f"{path}: truncated: {n * record.itemsize} bytes of points announced, {len(body)} there; copy it again"
        )
    points = np.frombuffer(body, dtype=record, count=n)
    return {name: np.ascontiguousarray(points[f"f{i}"]) for i, name in enumerate(header.names)}


def _read_compressed(path: Path, header: _Header, body: memoryview) -> dict[str, npt.NDArray[Any]]:
    n = header.width * header.height
    sizes = [np.dtype(t).itemsize * count * n for t, count in zip(header.types, header.counts, strict=True)]
    if len(body) < 8:
        raise CaptureError(f"{path}: truncated before its compressed points; copy it again")
    packed, unpacked = struct.unpack_from("<II", body)
    if unpacked != sum(sizes) or len(body) < 8 + packed:
        raise CaptureError(f"{path}: truncated: its compressed points are not what the header announces; copy it again")
    try:
        plain = lzf_decompress(bytes(body[8 : 8 + packed]), unpacked)
    except (IndexError, ValueError) as error:
        raise CaptureError(f"{path}: its compressed points are damaged; copy it again") from error
    fields, offset = {}, 0
    for name, dtype, count, size in zip(header.names, header.types, header.counts, sizes, strict=True):
        column = np.frombuffer(plain, dtype=dtype, count=size // np.dtype(dtype).itemsize, offset=offset)
        fields[name] = column if count == 1 else column.reshape(n, count)
        offset += size
    return fields


def lzf_decompress(packed: bytes, size: int) -> bytes:
    """`size` bytes out of an LZF block: literal runs (control < 32) and back references (length, distance).

    Raises ValueError or IndexError when the block is damaged.
    """
    plain = bytearray()
    position, end = 0, len(packed)
    while position < end:
        control = packed[position]
        position += 1
        if control < 32:
            plain += packed[position : position + control + 1]
            position += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += packed[position]
            position += 1
        length += 2
        distance = ((control & 31) << 8 | packed[position]) + 1
        position += 1
        start = len(plain) - distance
        if start < 0 or len(plain) + length > size:
            raise ValueError("back reference outside the block")
        if distance >= length:
            plain += plain[start : start + length]
        else:
            plain += (plain[start:] * math.ceil(length / distance))[:length]
    if len(plain) != size:
        raise ValueError(f"expected {size} bytes, got {len(plain)}")
    return bytes(plain)
