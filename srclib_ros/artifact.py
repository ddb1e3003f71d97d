"""Files that can be trusted: written whole or not at all, hashed, bounded, and never outside their folder.

Only JSON, safetensors and ONNX are stored; nothing is unpickled.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from srclib_ros.errors import ArtifactDamagedError, ArtifactMissingError, ArtifactSchemaError, UnsafePathError

MANIFEST = "manifest.json"
MAX_FILE_BYTES = 512 * 2**20
MAX_TENSOR_BYTES = 8 * 2**30
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def write_atomic(path: Path, data: bytes) -> None:
    """Write through a temporary file, fsync and rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


def write_tensors(path: Path, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    write_atomic(path, save_safetensors({name: np.ascontiguousarray(value) for name, value in tensors.items()}))


def resolve_inside(folder: Path, name: str) -> Path:
    """`folder / name`, refused when it leads outside `folder` (.., absolute, symbolic links)."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UnsafePathError(f"{folder}: file name {name!r} points outside the folder; rebuild or replace it")
    return path


def read_bytes(path: Path, at_most: int = MAX_FILE_BYTES) -> bytes:
    try:
        if path.stat().st_size > at_most:
            raise ArtifactDamagedError(f"{path}: larger than {at_most >> 20} MiB; this is no file of ours")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise ArtifactMissingError(
            f"{path}: not there, so the folder is none that srclib wrote; check the path, or build it again"
        ) from error


def read_json(path: Path) -> Any:
    try:
        return json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise ArtifactDamagedError(f"{path}: not valid JSON ({error}); build it again") from error


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        return load_safetensors(read_bytes(path, MAX_TENSOR_BYTES))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:  # the latter for kinds that numpy lacks
        raise ArtifactDamagedError(f"{path}: not a whole safetensors file ({error}); build it again") from error


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_of_file(path: Path) -> str:
    """sha256 of a file of any size. Raises ArtifactMissingError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactMissingError(f"{path}: cannot be read ({error.strerror}); build the folder again") from error


def seal(folder: Path, kind: str, schema: int, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest, last of all: the hash of every file below `folder`, and what `meta` says.

    A folder without a manifest is unfinished and is never loaded.
    """
    files = {
        str(path.relative_to(folder)): hash_of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST and not path.name.startswith(".")
    }
    manifest = {"kind": kind, "schema": schema, "files": files, **meta}
    write_json(folder / MANIFEST, manifest)
    return manifest


def open_sealed(folder: Path, kind: str, schema: int, verify: bool = True) -> dict[str, Any]:
    """Read and check the manifest of `folder`; with `verify`, the hash of every file as well.

    Raises ArtifactMissingError, ArtifactSchemaError, ArtifactDamagedError or UnsafePathError.
    """
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ArtifactDamagedError(f"{folder}: its {MANIFEST} is not one of ours; build it again")
    found = manifest.get("schema")
    if manifest.get("kind") != kind or found != schema:
        if manifest.get("kind") != kind:
            cure = "give a folder of that kind"
        elif isinstance(found, int) and found > schema:
            cure = "a newer srclib_ros wrote it: update this one"
        else:
            cure = "build it again"
        raise ArtifactSchemaError(
            f"{folder}: holds {manifest.get('kind')!r} of schema {found!r}, "
            f"this version reads {kind!r} of schema {schema}; {cure}"
        )
    for name, digest in manifest["files"].items():
        path = resolve_inside(folder, name)
        if not path.is_file():
            raise ArtifactMissingError(f"{path}: named in the manifest but not there; build the folder again")
        if verify and hash_of_file(path) != digest:
            raise ArtifactDamagedError(f"{path}: its hash differs from the manifest; build the folder again")
    return manifest


def put_in_place(assembled: Path, place: Path) -> None:
    """Make the finished folder `assembled` the folder at `place`, of the same file system, whatever lies there.

    Everything is on the disk before it is seen, and the two names are exchanged in one step: after a kill or a power
    cut the old folder lies there, or the new one. A file system that cannot exchange names needs two steps; a kill
    between them leaves the old folder beside `assembled`, and `recover` brings it back.
    """
    place = place.resolve()
    for path in sorted(assembled.rglob("*")):
        _sync(path)
    _sync(assembled)
    replaced = _replaced(assembled)
    shutil.rmtree(replaced, ignore_errors=True)
    if not place.exists():
        assembled.rename(place)
    elif _exchange(assembled, place):
        replaced = assembled
    else:
        place.rename(replaced)
        assembled.rename(place)
    _sync(place.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def recover(assembled: Path, place: Path) -> None:
    """Bring back what a `put_in_place` that was killed between two steps took away from `place`."""
    place, replaced = place.resolve(), _replaced(assembled)
    if replaced.exists() and not place.exists():
        replaced.rename(place)


def _replaced(assembled: Path) -> Path:
    return assembled.with_name(f"{assembled.name}.replaced")


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names at once by Linux's renameat2; False where the system or the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    failure = ctypes.get_errno()
    if failure in (errno.EINVAL, errno.ENOSYS, errno.EXDEV):
        return False
    raise OSError(failure, os.strerror(failure), str(other))


def _sync(path: Path) -> None:
    """Have the disk hold a file or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
