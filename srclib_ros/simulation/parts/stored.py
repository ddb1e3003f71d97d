"""Folders of part meshes with their manifest.csv."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np

from srclib_ros.artifact import write_atomic
from srclib_ros.errors import MeshError
from srclib_ros.geometry.mesh import CAD_SUFFIXES, SUFFIXES, UNITS_M, PartMesh, load_mesh

MANIFEST = "manifest.csv"
COLUMNS = (
    "file",
    "set",
    "category",
    "unit_to_m",
    "extent_x_mm",
    "extent_y_mm",
    "extent_z_mm",
    "faces",
    "watertight",
    "licence",
)  # fmt: skip


def write_parts(folder: Path, parts: Sequence[PartMesh], set_name: str = "generated") -> Path:
    """Write each part as binary STL in millimetres under folder/<category>/, and last the manifest, whose path returns.

    Raises MeshError when two parts share a name, or when meshes lie there that the manifest would not list.
    """
    if len({(part.category, part.name) for part in parts}) < len(parts):
        raise MeshError("two parts of one category share a name; name them apart")
    written = {folder / f"{part.category or 'parts'}/{part.name}.stl" for part in parts}
    strange = sorted(set(_meshes(folder)) - written)
    if strange:
        raise MeshError(f"{folder} holds other meshes, {strange[0].name} for one; choose another folder or empty it")
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for part in parts:
        name = f"{part.category or 'parts'}/{part.name}.stl"
        write_atomic(folder / name, _binary_stl(part))
        extents = [f"{1e3 * extent:.2f}" for extent in part.extents_m]
        row = [name, set_name, part.category, "0.001", *extents, len(part.faces), int(part.watertight), "Apache-2.0"]
        writer.writerow(row)
    write_atomic(folder / MANIFEST, table.getvalue().encode())
    return folder / MANIFEST


def _meshes(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES + CAD_SUFFIXES)


def load_parts(folder: Path | str, unit: str | None = None) -> list[PartMesh]:
    """All meshes below a folder (STL, OBJ, PLY, OFF, STEP), sorted by path.

    A manifest.csv in the folder, or the nearest above it, says the unit and category of the files it lists, and
    overrides `unit`. Without one, the folder that a mesh lies in is its category, and `unit` is required.
    Raises MeshError.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MeshError(f"{folder}: no such folder; check the path, or make parts to try with `srclib parts FOLDER`")
    files = _meshes(folder)
    if not files:
        raise MeshError(f"{folder}: holds no mesh ({', '.join(SUFFIXES + CAD_SUFFIXES)})")
    manifest = _nearest_manifest(folder)
    rows = _rows(manifest) if manifest else {}
    parts = []
    for path in files:
        row = rows.get(path.resolve())
        if row is None and unit is None:
            where = f"{manifest} does not list it" if manifest else f"there is no {MANIFEST}"
            raise MeshError(f"{path}: its unit is unknown, as {where}; pass --unit ({', '.join(UNITS_M)})")
        below = path.relative_to(folder).parts[:-1]
        category = row["category"] if row else (below[0] if below else "")
        parts.append(load_mesh(path, _unit(manifest, row) if row else str(unit), category=category))
    return _names_apart(parts, files, folder)


def load_part(
    path: Path | str, unit: str | None = None, name: str | None = None, category: str | None = None
) -> PartMesh:
    """One mesh. The nearest manifest.csv above it, where that lists it, says its unit, whatever `unit` is, and its
    category unless one is given; elsewhere `unit` is required. Raises MeshError."""
    path = Path(path)
    if not path.is_file():
        raise MeshError(f"{path}: not there; check the path")
    manifest, row = _listed(path)
    of_manifest = row["category"] if row else ""
    chosen = of_manifest if category is None else category
    known = _unit(manifest, row) if row else unit
    if known is None:
        raise MeshError(f"{path}: a mesh file does not tell its unit; add --unit ({', '.join(UNITS_M)})")
    return load_mesh(path, known, name, chosen)


def unit_of_manifest(path: Path) -> str | None:
    """What the nearest manifest.csv above a mesh says of its unit; None where none lists it. Raises MeshError."""
    manifest, row = _listed(path)
    return _unit(manifest, row) if row else None


def _listed(path: Path) -> tuple[Path | None, dict[str, str] | None]:
    manifest = _nearest_manifest(path.parent)
    return manifest, _rows(manifest).get(path.resolve()) if manifest else None


def _nearest_manifest(folder: Path) -> Path | None:
    for place in (folder.resolve(), *folder.resolve().parents):
        if (place / MANIFEST).is_file():
            return place / MANIFEST
    return None


def _rows(manifest: Path) -> dict[Path, dict[str, str]]:
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = {"file", "category", "unit_to_m"} - set(reader.fieldnames or ())
            if missing:
                raise MeshError(f"{manifest}: lacks the column {sorted(missing)[0]}; its columns are {list(COLUMNS)}")
            return {(manifest.parent / row["file"]).resolve(): row for row in reader}
    except (csv.Error, UnicodeDecodeError) as error:
        raise MeshError(f"{manifest}: not a table of commas ({error}); write it again") from error


def _unit(manifest: Path | None, row: dict[str, str]) -> str:
    for unit, to_m in UNITS_M.items():
        try:
            if math.isclose(float(row["unit_to_m"]), to_m, rel_tol=1e-6):
                return unit
        except (TypeError, ValueError):
            break
    known = ", ".join(f"{to_m:g} ({unit})" for unit, to_m in UNITS_M.items())
    raise MeshError(f"{manifest}: unit_to_m {row['unit_to_m']!r} of {row['file']}; known: {known}")


def _names_apart(parts: list[PartMesh], files: list[Path], folder: Path) -> list[PartMesh]:
    """Parts whose names occur twice are named by their path below the folder instead."""
    names = [part.name for part in parts]
    apart = []
    for part, path in zip(parts, files, strict=True):
        name = part.name
        if names.count(name) > 1:
            name = "__".join(path.relative_to(folder).with_suffix("").parts)
        apart.append(PartMesh(name, part.category, part.vertices, part.faces))
    return apart


def _binary_stl(part: PartMesh) -> bytes:
    corners = (part.vertices * 1e3).astype("<f4")[part.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    facets = np.zeros(len(corners), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    facets["normal"] = normals / np.where(lengths > 0.0, lengths, 1.0)
    facets["corners"] = corners
    return part.name.encode("ascii", "replace")[:80].ljust(80) + np.uint32(len(corners)).tobytes() + facets.tobytes()
