"""List, show or verify what a source library holds.

srclib library my_library list            one line a part: cluster, size, network
srclib library my_library show NAME       everything about one part, and what resembles it
srclib library my_library verify          hash every file; exit status 2 and the cure when one is not as it was
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import add_json, print_json
from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from srclib_ros.library.store import Library

RESEMBLING = 5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", type=Path, metavar="LIB", help="folder of a source library")
    parser.add_argument("action", choices=("list", "show", "verify"), help="what to do with it")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the entry to show")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.library.store import Library

    if (args.action == "show") != (args.name is not None):
        raise ConfigError("`show` takes the name of one entry, the other actions take none")
    library = Library.open(args.library, verify=args.action == "verify")
    if args.action == "show":
        record = entry_record(library, args.name)
        print_json(record) if args.json else _print_record(record)
        return 0
    if args.action == "verify":
        _verify_models(library)
    if args.json:
        print_json(summary(library))
    elif args.action == "verify":
        print(f"{args.library}: whole; {len(library.manifest['files'])} files as they were sealed")
    else:
        _print_list(library)
    return 0


def summary(library: Library) -> dict[str, Any]:
    """The library as JSON: identity, thresholds and one record an entry."""
    keys = ("seed", "code_version", "encoder", "size_weight", "views", "clustering", "thresholds")
    return {
        "name": library.name,
        "version": library.version,
        **{key: library.manifest.get(key) for key in keys},
        "entries": [entry.to_json() for entry in library.entries],
    }


def entry_record(library: Library, name: str) -> dict[str, Any]:
    """One entry as JSON, with the entries that resemble it in shape, nearest first."""
    from srclib_ros.library.clustering import part_distances

    row = library.index(name)
    distance = part_distances(library.gallery)[row]
    nearest = [index for index in distance.argsort(kind="stable") if index != row][:RESEMBLING]
    return library.entries[row].to_json() | {
        "resembling": [{"name": library.entries[i].name, "distance": round(float(distance[i]), 4)} for i in nearest]
    }


def _verify_models(library: Library) -> None:
    from srclib_ros.artifact import open_sealed
    from srclib_ros.embedding.encoder import Encoder
    from srclib_ros.grasping.model import KIND, SCHEMA

    Encoder.load(library.encoder_folder)
    for entry in library.entries:
        if entry.model is not None:
            open_sealed(library.model_folder(entry.name), KIND, SCHEMA)


def _print_list(library: Library) -> None:
    print(f"{library.name}  version {library.version}  encoder {library.encoder_id}")
    width = max(len(entry.name) for entry in library.entries)
    print(f"{'part':<{width}}  {'cluster':>7}  {'strength':>8}  {'diameter mm':>11}  network")
    for entry in sorted(library.entries, key=lambda entry: (entry.cluster < 0, entry.cluster, entry.name)):
        cluster = ("*" if entry.is_representative else "") + (str(entry.cluster) if entry.cluster >= 0 else "none")
        print(
            f"{entry.name:<{width}}  {cluster:>7}  {entry.strength:8.2f}  {entry.diameter_m * 1e3:11.1f}  "
            f"{'yes' if entry.model else ''}"
        )
    print("* representative of its cluster")


def _print_record(record: dict[str, Any]) -> None:
    for key, value in record.items():
        if key == "resembling":
            value = ", ".join(f"{item['name']} ({item['distance']:.3f})" for item in value)
        print(f"{key:<18} {value}")
