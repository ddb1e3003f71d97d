"""Write docs/settings.md: every setting with default, unit, range and meaning, from the code that checks them.

srclib settings --out docs/settings.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srclib_ros.artifact import write_atomic
from srclib_ros.cli.options import add_out
from srclib_ros.config import PipelineConfig, flat_fields

_HEAD = """\
# Settings

Written by `srclib settings`; do not edit. A name is a ROS parameter (`bin.size_m`) and a key of a parameter file; those
of the pipeline are options of the command line too (`--bin-size-m`). Lengths are metres, angles radians. What is
marked *restart* is read once, when the node configures; the rest can be changed while it runs, and is checked.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_out(parser, "the file to write", Path("docs/settings.md"))


def run(args: argparse.Namespace) -> int:
    write_atomic(args.out, settings_page().encode())
    return 0


def settings_page() -> str:
    """The page as Markdown."""
    from srclib_ros.ros.params import NodeConfig, ReplayConfig

    tables = (
        _table("The pipeline", PipelineConfig),
        _table("picking_node, beside those", NodeConfig),
        _table("replay_node", ReplayConfig),
    )
    return "\n".join((_HEAD, *(line for table in tables for line in table)))


def _table(heading: str, config_type: Any) -> Iterator[str]:
    yield f"## {heading}\n"
    yield "| setting | default | accepts | what |"
    yield "|---|---|---|---|"
    for name, item in flat_fields(config_type):
        what = item.metadata["help"].replace("|", "\\|") + (" (*restart*)" if item.metadata["restart"] else "")
        yield f"| `{name}` | {_shown(item.default)} | {_accepts(item.metadata)} | {what} |"
    yield ""


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        default = " ".join(map(str, default))
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default != "" else "empty"


def _accepts(meta: Any) -> str:
    if meta["choices"]:
        return ", ".join(f"`{choice}`" for choice in meta["choices"])
    unit = f" {meta['unit']}" if meta["unit"] else ""
    bounds = f"{meta['low']:g} to {meta['high']:g}{unit}" if meta["low"] is not None else unit.strip()
    count = " or ".join(map(str, meta["lengths"])) + " numbers" if meta["lengths"] else ""
    return ", ".join(filter(None, (count, bounds)))
