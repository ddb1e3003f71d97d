"""`srclib library LIB gaps`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import add_json, positive_int, print_json

if TYPE_CHECKING:
    from srclib_ros.library.coverage import Coverage, Far


def configure(actions: argparse._SubParsersAction[Any]) -> None:
    gaps = actions.add_parser("gaps", help="what to train a network for, what to add, what could go")
    gaps.add_argument("--top", type=positive_int, default=10, metavar="N", help="lines of each table (10)")
    gaps.set_defaults(action=_gaps)
    add_json(gaps)


def _gaps(args: argparse.Namespace) -> int:
    from srclib_ros.library.coverage import coverage
    from srclib_ros.library.store import Library

    library = Library.open(args.library, verify=False)
    found = coverage(library)
    if args.json:
        print_json({"library": {"name": library.name, "version": library.version}, **asdict(found)})
    else:
        _print(found, args.top)
    return 0


def _print(found: Coverage, top: int) -> None:
    entries = sum(len(item.entries) for item in found.unanswered)
    _table(
        f"no network answers for {entries} entries; a network of",
        ("entry", "would serve", "cluster", "also"),
        [
            [
                item.train,
                str(len(item.entries)),
                "none" if item.cluster is None else str(item.cluster),
                _shortened([name for name in item.entries if name != item.train]),
            ]
            for item in found.unanswered
        ],
        top,
    )
    reach = f"{found.reach:.3f}, as far as a useful source lies by its shape"
    _table(f"no network within {reach}", ("entry", "nearest network", "distance"), _far(found.far_from_networks), top)
    _table(f"no other entry within {reach}", ("entry", "nearest entry", "distance"), _far(found.thin), top)
    _table(
        "as near to each other by shape, size not counted, as views of one part are",
        ("entry", "and", "distance", "size ratio", "could go", "because"),
        [
            [
                twins.one,
                twins.other,
                f"{twins.distance:.3f}",
                f"{twins.size_ratio:.2f}",
                twins.could_go or "-",
                twins.why,
            ]
            for twins in found.twins
        ],
        top,
    )
    if found.approximated:
        print(found.approximated)


def _far(found: tuple[Far, ...]) -> list[list[str]]:
    return [
        [item.entry, item.nearest or "none", "-" if item.distance is None else f"{item.distance:.3f}"] for item in found
    ]


def _shortened(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _table(title: str, headings: tuple[str, ...], rows: list[list[str]], top: int) -> None:
    from srclib_ros.cli.table import format_table

    print(f"{title}: {len(rows) or 'none'}")
    if rows:
        print(format_table(headings, rows[:top], {"would serve", "cluster", "distance", "size ratio"}))
        if len(rows) > top:
            print(f"... and {len(rows) - top} more; --top {len(rows)} shows them")
    print()
