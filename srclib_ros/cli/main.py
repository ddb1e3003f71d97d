"""`srclib`: one verb a job. Each verb's module is imported only when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from srclib_ros import __version__
from srclib_ros.errors import MissingDependencyError, SrclibError

VERBS: dict[str, tuple[str, str]] = {
    "parts": ("srclib_ros.cli.parts", "make parametric industrial parts, as meshes with a manifest"),
    "simulate": ("srclib_ros.cli.simulate", "drop parts into a bin in physics and film them with a depth camera"),
    "build": ("srclib_ros.cli.build", "build a source library: encoder, clusters, grasp networks"),
    "train-encoder": ("srclib_ros.cli.train_encoder", "train the shape encoder alone"),
    "onboard": ("srclib_ros.cli.onboard", "from the CAD of a new part to its grasp network, and into a library"),
    "train-joining": ("srclib_ros.cli.train_joining", "train what joins the pieces that a part is cut into"),
    "library": ("srclib_ros.cli.library", "what a source library holds and lacks; add, remove, recluster"),
    "cluster": (
        "srclib_ros.cli.cluster",
        "cluster a library's parts by any algorithm, and say how good the clusters are",
    ),
    "report": ("srclib_ros.cli.report", "write one HTML page about a library: map, clusters, trees, scores"),
    "query": ("srclib_ros.cli.query", "ask a source library which of its parts a mesh or a cloud resembles"),
    "plan": ("srclib_ros.cli.plan", "plan grasps on one capture: JSON and a picture"),
    "score": ("srclib_ros.cli.score", "try a planner's grasps on simulated scenes in physics"),
    "evaluate": ("srclib_ros.cli.evaluate", "measure how good a stage is, on labelled captures"),
    "experiment": ("srclib_ros.cli.experiment", "compare encoders, or clusterings, on parts never trained on"),
    "bench": ("srclib_ros.cli.bench", "measure how long a plan takes, by stage and through ROS"),
    "demo": ("srclib_ros.cli.demo", "the whole way: parts in a bin, the ROS 2 node, a table of picks, pictures"),
    "settings": ("srclib_ros.cli.settings", "write docs/settings.md: every setting with its unit and range"),
}

_TUTORIAL = """\
A source library remembers parts by their shape and keeps a grasp network for some of them. A part that the
cell has never seen starts with the network of the part that it resembles most.

To see it work:
  srclib demo --out out/demo                    physics, camera, ROS 2 node, picks

Step by step:
  srclib parts my_parts --seed 0                meshes to play with; or take a folder of your own
  srclib simulate my_parts --unit mm --out my_scenes --scenes 4 --count 15
  srclib plan my_scenes/scene_0000 --out picture.png
                                                grasps with the library that ships; pass --library for yours
  srclib plan my_scenes/scene_0000 --json > grasps.json
  srclib score my_scenes/scene_0000 grasps.json  would they hold? of any planner, in physics
  srclib build my_parts --unit mm --out my_library --networks 3
  srclib onboard bolt.stl --unit mm --library my_library
  srclib library my_library list
  srclib library my_library gaps
  srclib cluster my_library --algorithm all
  srclib report my_library --parts my_parts --out report.html
  srclib query my_library my_parts/bearing_block/bearing_block_60.stl --unit mm
  srclib evaluate segmentation my_scenes --json
  srclib bench latency --json

verbs (each has its own --help):
{verbs}

exit status: 0 done; 1 done, but the answer is no (no grasp, nothing suitable); 2 a wrong command line or a named
error, printed as one line "ErrorName: what was found and what cures it"; 130 interrupted.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the returned number is the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _top_parser()
    if not arguments:
        parser.print_help()
        return 0
    verb = parser.parse_args(arguments[:1]).verb
    try:
        return run_verb(verb, arguments[1:])
    except SrclibError as error:
        print(f"{error.name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run_verb(verb: str, arguments: Sequence[str]) -> int:
    """Parse `arguments` by the verb's own parser and run it. Raises SrclibError, SystemExit on a wrong command line."""
    module_name, summary = VERBS[verb]
    module = import_module(module_name)
    parser = argparse.ArgumentParser(
        prog=f"srclib {verb}",
        description=module.__doc__ or summary,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    parsed = parser.parse_args(arguments)
    try:
        status: int = module.run(parsed)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "srclib_ros":
            raise
        raise MissingDependencyError(
            f"{error.name} is not installed; `pip install '.[{_extra(error.name)}]'`"
        ) from error
    return status


def _extra(module: str) -> str:
    """The extra of setup.py that brings a module."""
    top = module.split(".")[0]
    if top in ("torch", "sklearn", "hdbscan", "onnx", "joblib"):
        return "train"
    if top in ("dask", "distributed"):
        return "cluster"
    if top in ("mujoco", "open3d", "trimesh", "manifold3d", "coacd"):
        return "sim"
    return "pictures" if top in ("matplotlib", "PIL") else "ros"


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:<{width}}  {summary}" for name, (_, summary) in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="srclib",
        usage="srclib VERB ... [--help]",
        description="Bin picking that starts a new part with the grasp network of the part it resembles most.",
        epilog=_TUTORIAL.format(verbs=verbs),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"srclib_ros {__version__}")
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help="what to do; see below")
    return parser


if __name__ == "__main__":
    sys.exit(main())
