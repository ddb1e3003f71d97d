"""Options that several verbs share, so that they are spelt and explained once."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from srclib_ros.config import PipelineConfig, flat_fields, override
from srclib_ros.errors import ConfigError

if TYPE_CHECKING:
    from srclib_ros.geometry.mesh import PartMesh
    from srclib_ros.training.jobs import Jobs

Item = TypeVar("Item")

LOG_EVERY_S = 20.0
DEFAULT_LIBRARY = Path(__file__).resolve().parent.parent / "default_library"


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else")


def add_seed(parser: argparse.ArgumentParser, default: int = 0) -> None:
    parser.add_argument("--seed", type=seed, default=default, help=f"the same seed gives the same result ({default})")


def add_out(parser: argparse.ArgumentParser, help: str, default: Path | None = None) -> None:
    """`--out PATH`; required unless there is a default."""
    shown = help if default is None else f"{help} ({default})"
    parser.add_argument("--out", type=Path, default=default, required=default is None, metavar="PATH", help=shown)


def add_library(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--library", type=Path, default=DEFAULT_LIBRARY, metavar="DIR", help="a source library (the one that ships)"
    )


def add_unit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unit", choices=("mm", "cm", "m", "in"), help="of the meshes; a manifest.csv beside them wins"
    )


def part_of(mesh: Path, unit: str | None, name: str | None = None, category: str | None = None) -> PartMesh:
    """The part of one mesh file; says so on stderr where a manifest.csv knows another unit than `unit`, and wins.

    Raises MeshError.
    """
    from srclib_ros.simulation.parts import load_part, unit_of_manifest

    part = load_part(mesh, unit, name, category)
    listed = unit_of_manifest(mesh)
    if unit is not None and listed not in (None, unit):
        print(f"{mesh}: --unit {unit}, but the manifest.csv above it says {listed}, which is taken", file=sys.stderr)
    return part


def add_extent(parser: argparse.ArgumentParser) -> None:
    """Which parts of a folder to take, by length; `parts_of_extent` reads it."""
    parser.add_argument("--extent-mm", type=float, nargs=2, metavar=("LOW", "HIGH"), help="only parts this long")


def parts_of_extent(parts: Sequence[PartMesh], extent_mm: Sequence[float] | None) -> list[PartMesh]:
    """The parts whose bounding box's longest edge lies from `extent_mm[0]` to `extent_mm[1]`; None: all.

    Raises ConfigError when the first is the larger.
    """
    if extent_mm is None:
        return list(parts)
    low_mm, high_mm = extent_mm
    if not low_mm <= high_mm:
        raise ConfigError(f"--extent-mm {low_mm:g} {high_mm:g}: expected LOW before HIGH; swap them")
    return [part for part in parts if low_mm <= 1e3 * part.extents_m.max() <= high_mm]


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Where the work on single parts is done; `jobs_of` reads it."""
    group = parser.add_argument_group("where the work on single parts is done (joblib)")
    group.add_argument(
        "--backend",
        choices=("sequential", "loky", "threading", "dask"),
        help="one after another, in processes, in threads, or on a dask cluster (loky with --jobs, else sequential)",
    )
    group.add_argument("--jobs", type=positive_int, default=1, metavar="N", help="at once, on this machine (1)")
    group.add_argument(
        "--address",
        default="",
        metavar="HOST:PORT",
        help="of the dask scheduler; it runs what it is sent, so trust its network",
    )


def jobs_of(args: argparse.Namespace) -> Jobs:
    """Raises ConfigError for options that do not go together."""
    from srclib_ros.training.jobs import Jobs

    return Jobs(args.backend or ("loky" if args.jobs > 1 else "sequential"), args.jobs, args.address)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """One option for each setting of the pipeline: `bin.size_m` is `--bin-size-m`."""
    group = parser.add_argument_group("settings of the pipeline (docs/settings.md)")
    for name, item in flat_fields(PipelineConfig):
        default: Any = item.default
        kind = type(default)
        unit = f", {item.metadata['unit']}" if item.metadata["unit"] else ""
        shown = " ".join(map(str, default)) if kind is tuple else default
        group.add_argument(
            "--" + name.replace(".", "-").replace("_", "-"),
            dest=name,
            default=argparse.SUPPRESS,
            type=float if kind is tuple else kind,
            nargs="*" if kind is tuple else None,
            metavar=_metavar(item),
            help=f"{item.metadata['help']} ({shown or 'empty'}{unit})".replace("%", "%%"),
        )


def settings_of(args: argparse.Namespace, base: PipelineConfig | None = None) -> PipelineConfig:
    """The pipeline's config with what the command line changes. Raises ConfigError."""
    names = {name for name, _ in flat_fields(PipelineConfig)}
    return override(base or PipelineConfig(), {name: value for name, value in vars(args).items() if name in names})


def positive_int(text: str) -> int:
    """For `type=`: a whole number of 1 or more."""
    return _whole_number(text, 1)


def not_negative_int(text: str) -> int:
    """For `type=`: a whole number of 0 or more."""
    return _whole_number(text, 0)


def seed(text: str) -> int:
    """For `type=`: a whole number of 0 or more that every generator takes, below 2^32."""
    value = _whole_number(text, 0)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"{text}: expected a seed below 2^32")
    return value


def print_json(value: Any) -> None:
    """One JSON object on stdout; NaN and infinity are refused."""
    print(json.dumps(value, indent=1, allow_nan=False))


def progress(
    iterable: Iterable[Item], total: int | None = None, label: str = "", quiet: bool = False
) -> Iterable[Item]:
    """`iterable` with its progress on stderr, unless `quiet` (--json).

    A bar on a terminal; in a log file a line every `LOG_EVERY_S`, and none where it is done sooner.
    """
    from tqdm import tqdm

    if sys.stderr.isatty() or quiet:
        bar: Iterable[Item] = tqdm(iterable, total=total, desc=label, file=sys.stderr, disable=quiet, leave=False)
        return bar
    return _logged(iterable, total, label)


def _logged(iterable: Iterable[Item], total: int | None, label: str) -> Iterator[Item]:
    last = time.monotonic()
    for done, item in enumerate(iterable):
        if time.monotonic() - last >= LOG_EVERY_S:
            last = time.monotonic()
            print(f"{label}: {done} of {total}" if total else f"{label}: {done}", file=sys.stderr, flush=True)
        yield item


def _whole_number(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number of {least} or more")
    return value


def _metavar(item: dataclasses.Field[Any]) -> str:
    choices = item.metadata["choices"]
    if choices:
        return "{" + ",".join(choices) + "}"
    return {float: "X", int: "N", tuple: "X", str: "NAME"}[type(item.default)]
