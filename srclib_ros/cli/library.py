"""What a source library holds and lacks; add to it, remove from it, cluster it anew.

srclib library my_library list            one line a part: cluster, size, network
srclib library my_library show NAME       everything about one part, and what resembles it
srclib library my_library verify          hash every file; exit status 2 and the cure when one is not as it was
srclib library my_library gaps            what to train a network for, what to add, what could go
srclib library my_library add new_parts --unit mm
                                          seen as the library's own parts were, with its encoder
srclib library my_library add --models trained/bolt
                                          a network for the entry that the folder is named as
srclib library my_library add --history out/transfer
                                          what starts have gained, by which `onboard` foretells the next
srclib library my_library pool               one network of all that have one: what a part starts from that is like none
srclib library my_library remove bolt_8 nut_8
srclib library my_library recluster --algorithm agglomerative --k 12

After add, remove and recluster the clusters, their representatives and the thresholds are those of what is there now.
The library is replaced in one step: a kill at any moment leaves the old one or the new one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli import library_change, library_gaps
from srclib_ros.cli.options import add_json, print_json

if TYPE_CHECKING:
    from srclib_ros.library.store import Library

RESEMBLING = 5


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", type=Path, metavar="LIB", help="folder of a source library")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, action, summary in (("list", _list, "one line a part"), ("verify", _verify, "hash every file")):
        plain = actions.add_parser(name, help=summary)
        plain.set_defaults(action=action)
        add_json(plain)
    show = actions.add_parser("show", help="everything about one part")
    show.add_argument("name", metavar="NAME", help="the entry to show")
    show.set_defaults(action=_show)
    add_json(show)
    library_gaps.configure(actions)
    library_change.configure(actions)


def run(args: argparse.Namespace) -> int:
    status: int = args.action(args)
    return status


def summary(library: Library) -> dict[str, Any]:
    """The library as JSON: identity, thresholds and one record an entry."""
    from srclib_ros.grasping.sources import pooled_over
    from srclib_ros.library.store import OF_VIEW, OF_WHOLE

    keys = ("seed", "code_version", "encoder", "size_weight", "views", "clustering", OF_VIEW, OF_WHOLE)
    return {
        "name": library.name,
        "version": library.version,
        **{key: library.manifest.get(key) for key in keys},
        "entries": [entry.to_json() for entry in library.entries],
        "pooled": {gripper: pooled_over(folder) for gripper, folder in library.pooled.items()},
        "history": len(library.history),
    }


def entry_record(library: Library, name: str) -> dict[str, Any]:
    """One entry as JSON, with the entries that resemble it in shape, nearest first."""
    from srclib_ros.library.clustering.clustering import distances_of_one
    from srclib_ros.library.search import nearest_rows

    row = library.index(name)
    distance = distances_of_one(library.gallery, row)
    nearest = [other for other in nearest_rows(distance, RESEMBLING + 1) if other != row][:RESEMBLING]
    return library.entries[row].to_json() | {
        "resembling": [
            {"name": library.entries[other].name, "distance": round(float(distance[other]), 4)} for other in nearest
        ]
    }


def _list(args: argparse.Namespace) -> int:
    from srclib_ros.library.store import Library

    library = Library.open(args.library, verify=False)
    print_json(summary(library)) if args.json else _print_list(library)
    return 0


def _show(args: argparse.Namespace) -> int:
    from srclib_ros.library.store import Library

    record = entry_record(Library.open(args.library, verify=False), args.name)
    print_json(record) if args.json else _print_record(record)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from srclib_ros.artifact import open_sealed
    from srclib_ros.embedding.encoder import Encoder
    from srclib_ros.grasping.model import KIND, SCHEMA
    from srclib_ros.library.store import Library

    library = Library.open(args.library)
    library.read_queries()
    Encoder.load(library.encoder_folder)
    for entry in library.entries:
        if entry.model is not None:
            open_sealed(library.model_folder(entry.name), KIND, SCHEMA)
    if args.json:
        print_json({"whole": True, "files": len(library.manifest["files"]), "version": library.version})
    else:
        print(f"{args.library}: whole; {len(library.manifest['files'])} files as they were sealed")
    return 0


def _print_list(library: Library) -> None:
    from srclib_ros.grasping.sources import pooled_over, sources_for

    print(f"{library.folder}, built as {library.name}: version {library.version}, encoder {library.encoder_id}")
    width = max(len(entry.name) for entry in library.entries)
    print(f"{'part':<{width}}  {'cluster':>7}  {'strength':>8}  {'diameter mm':>11}  network")
    for entry in sorted(library.entries, key=lambda entry: (entry.cluster < 0, entry.cluster, entry.name)):
        cluster = ("*" if entry.is_representative else "") + (str(entry.cluster) if entry.cluster >= 0 else "none")
        print(
            f"{entry.name:<{width}}  {cluster:>7}  {entry.strength:8.2f}  {entry.diameter_m * 1e3:11.1f}  "
            f"{'yes' if entry.model else ''}"
        )
    print("* representative of its cluster")
    for gripper, folder in library.pooled.items():
        known, of = set(sources_for(library, gripper)), set(pooled_over(folder))
        come, gone = len(known - of), len(of - known)
        print(f"pooled: one network for {gripper} of {len(of)} of these; {come} have come and {gone} have gone since")
    if library.history:
        print(f"history: {len(library.history)} starts whose gain is known")


def _print_record(record: dict[str, Any]) -> None:
    for key, value in record.items():
        if key == "resembling":
            value = ", ".join(f"{item['name']} (distance {item['distance']:.3f})" for item in value)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif value is None:
            value = "none"
        elif key == "diameter_m":
            key, value = "diameter", f"{1e3 * value:.1f} mm"
        elif key == "extents_m":
            key, value = "extents", " x ".join(f"{1e3 * length:.1f}" for length in value) + " mm"
        elif key == "strength":
            value = f"{value:.2f}"
        print(f"{key:<18} {value}")
