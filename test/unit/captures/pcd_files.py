"""PCD files written by hand, as the Point Cloud Library would."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def header(width: int, height: int, encoding: str, fields: str = "x y z label", types: str = "F F F U") -> bytes:
    count = len(fields.split())
    return (
        "# .PCD v0.7\nVERSION 0.7\n"
        f"FIELDS {fields}\nSIZE {' '.join(['4'] * count)}\nTYPE {types}\nCOUNT {' '.join(['1'] * count)}\n"
        f"WIDTH {width}\nHEIGHT {height}\nVIEWPOINT 0.5 0 1 1 0 0 0\nPOINTS {width * height}\nDATA {encoding}\n"
    ).encode()


def write_pcd(path: Path, xyz: np.ndarray, labels: np.ndarray, encoding: str) -> None:
    """xyz: (H, W, 3) float32. labels: (H, W). encoding: ascii, binary or binary_compressed."""
    height, width = labels.shape
    records = np.zeros(labels.size, [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("label", "<u4")])
    for i, axis in enumerate("xyz"):
        records[axis] = xyz[..., i].ravel()
    records["label"] = labels.ravel()
    if encoding == "ascii":
        body = "\n".join(f"{r['x']} {r['y']} {r['z']} {r['label']}" for r in records).encode() + b"\n"
    elif encoding == "binary":
        body = records.tobytes()
    else:
        plain = b"".join(records[name].tobytes() for name in ("x", "y", "z", "label"))
        packed = lzf_literals(plain)
        body = struct.pack("<II", len(packed), len(plain)) + packed
    path.write_bytes(header(width, height, encoding) + body)


def lzf_literals(plain: bytes) -> bytes:
    """A valid LZF block that repeats nothing: runs of at most 32 literal bytes."""
    return b"".join(bytes((len(run) - 1,)) + run for run in (plain[i : i + 32] for i in range(0, len(plain), 32)))
