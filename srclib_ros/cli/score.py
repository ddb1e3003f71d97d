"""Try a planner's grasps in physics: how many come out of the pile with exactly one part, held and clear?

SCENE is a scene folder as `srclib simulate` writes it, and GRASPS a file; or SCENE is a folder of such scenes, and
GRASPS a folder with a file of the same name for each (scene_0000.json; an empty list where a planner refuses).

  srclib simulate my_parts --out my_scenes --scenes 6
  mkdir my_grasps
  for scene in my_scenes/*; do srclib plan $scene --json > my_grasps/$(basename $scene).json; done
  srclib score my_scenes my_grasps
  srclib score my_scenes/scene_0000 my_grasps/scene_0000.json --top 1 --json

A file of grasps is JSON: an object with `grasps`, or a bare list of them, best first. Each grasp is an object with
  T_bin_tcp   4 rows of 4 numbers, metres: the TCP in the bin frame (origin at the centre of the inner floor, z up); its
              z is the approach; of a jaw, its y the direction in which the fingers close, its origin between the
              fingertips; of a suction cup, its origin the middle of the lip
  width_m     between the contacts; the hand comes 3 mm wider to either side, or as wide as it opens; 0 of a cup
  score       a number (`quality` will do); told again, but the order is that of the file
  gripper     a name that grippers.yaml knows
  part        may be there: the instance_id in scene.json of the part that is meant; another one is then a failure
What `srclib plan --json` prints is taken as it is. Such an object also has `T_cloud_bin`, the bin frame that its grasps
are in, and its `part` numbers segments of the cloud, so that it is not held against them.

A grasp succeeds when the open hand gets there along a straight line of 10 cm without a collision of more than half a
millimetre, closes, lifts 15 cm, holds and shakes, and in the end holds exactly one part, clear of bin and neighbours,
not turned by more than 30 degrees nor slid by more than 10 mm since it closed. The lip of a cup has to seal on the
true surface of one part and to carry all that pulls at it meanwhile (after Dex-Net 3.0; the cup itself does not bend);
`leak` tells why it does not seal. Every grasp is tried in the pile that was filmed, come to rest again (moved_m tells
how far, mostly less than a tenth of a millimetre). Told are

  success           share of the grasps tried (--top of each scene) that succeed; success_ci95: its 95 % interval when
                    scenes are drawn anew; held: the same with parts that turned or slid in the hand, but came out
  precision_at_1    share of scenes whose first grasp succeeds; a scene without a grasp counts as failure
  precision_at_10   share of each scene's first ten that succeeds, averaged over scenes; fewer than ten count as all
                    there are, none as 0; told from --top 10 on
  coverage          share of scenes with a grasp
  failures          how often for which reason; where physics diverged nothing is said of a grasp, for or against

Exit status 1: there was no grasp to try.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import add_json, add_seed, positive_int, print_json, progress
from srclib_ros.cli.table import format_table

if TYPE_CHECKING:
    from srclib_ros.grasping.grasp_file import GraspFile, PlannedGrasp
    from srclib_ros.simulation.pile_trial import PickOutcome, PileTrial
    from srclib_ros.types import Matrix


FARTHEST_M = 1.5
OF_ANOTHER_SCENE_M = 0.05
"""A bin that was found so far from where it is was not looked for in that scene. Others may lie nearer all the same."""
MOST_TOLD = 20
"""Failed grasps that are told one by one."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scene", type=Path, metavar="SCENE", help="a scene folder, or a folder of scenes")
    parser.add_argument("grasps", type=Path, metavar="GRASPS", help="a JSON file, or a folder of them; see above")
    parser.add_argument(
        "--top", type=positive_int, default=10, metavar="K", help="try each scene's first K grasps (10)"
    )
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.captures.scene_folder import scene_folders
    from srclib_ros.grasping.grasp_file import read_grasps
    from srclib_ros.grasping.gripper import load_grippers

    grippers, folders = load_grippers(), scene_folders(args.scene)
    files = [read_grasps(path, grippers) for path in _files(args.scene, args.grasps, folders)]
    scenes, tried = [], []
    pairs = list(zip(folders, files, strict=True))
    for folder, file in progress(pairs, total=len(pairs), label="scenes", quiet=args.json):
        scene, outcomes = _try_scene(folder, file, args.top)
        scenes.append(scene)
        tried.append(outcomes)
    result = _result(scenes, tried, args)
    print_json(result) if args.json else print(_table(result))
    return 0 if result["grasps"] else 1


def _files(scene: Path, grasps: Path, folders: Sequence[Path]) -> list[Path]:
    """The file of grasps of each scene."""
    from srclib_ros.errors import CaptureError

    if (scene / "scene.json").is_file():
        if grasps.is_dir():
            raise CaptureError(f"{grasps}: a folder, but {scene} is one scene; name the file with its grasps")
        return [grasps]
    if not grasps.is_dir():
        raise CaptureError(f"{grasps}: no folder, but {scene} holds several scenes; name a folder with a file for each")
    files = [grasps / f"{folder.name}.json" for folder in folders]
    for file in files:
        if not file.is_file():
            raise CaptureError(f"{file}: not there; plan on that scene, or write [] for one without a grasp")
    return files


def _try_scene(folder: Path, file: GraspFile, top: int) -> tuple[dict[str, Any], list[PickOutcome]]:
    """What to tell of a scene, and the outcomes of its first `top` grasps."""
    from time import perf_counter

    import numpy as np

    from srclib_ros.captures.scene_folder import read_scene, scene_meshes
    from srclib_ros.errors import CaptureError
    from srclib_ros.geometry.transforms import invert
    from srclib_ros.simulation.trials import pile_trial_for

    scene = read_scene(folder)
    pile = [(mesh, part.T_bin_object) for mesh, part in zip(scene_meshes(folder), scene.parts, strict=True)]
    ids = [part.instance_id for part in scene.parts]
    T_bin_meant = None if file.T_cloud_bin is None else invert(scene.bin.T_cloud_bin) @ file.T_cloud_bin
    if T_bin_meant is not None and np.linalg.norm(T_bin_meant[:3, 3]) > OF_ANOTHER_SCENE_M:
        raise CaptureError(
            f"{file.path}: its bin frame lies {1e3 * np.linalg.norm(T_bin_meant[:3, 3]):.0f} mm from the bin of "
            f"{folder}; it was planned on another scene: name that one's file"
        )
    if file.stamp_ns not in (None, scene.cloud.stamp_ns):
        stamps = f"{file.stamp_ns} ns, {folder}'s {scene.cloud.stamp_ns}"
        print(f"{file.path}: planned on a cloud of {stamps}: is it that scene's plan?", file=sys.stderr)
    trials: dict[str, PileTrial] = {}
    outcomes, grasps = [], []
    for index, grasp in enumerate(file.grasps[:top]):
        if grasp.part is not None and grasp.part not in ids:
            raise CaptureError(
                f"{file.path}: grasps[{index}].part: {grasp.part} is no instance_id of {folder}; look at its scene.json"
            )
        if grasp.gripper.name not in trials:
            trials[grasp.gripper.name] = pile_trial_for(pile, scene.bin.size_m, grasp.gripper)
        T_bin_tcp = grasp.T_bin_tcp if T_bin_meant is None else T_bin_meant @ grasp.T_bin_tcp
        away_m = float(np.linalg.norm(T_bin_tcp[:3, 3]))
        if away_m > FARTHEST_M:
            raise CaptureError(
                f"{file.path}: grasps[{index}].T_bin_tcp: {away_m:.3g} m from the bin's floor; check that it is in "
                "metres, in the bin frame, and of this scene"
            )
        part = None if grasp.part is None else ids.index(grasp.part)
        start = perf_counter()
        outcomes.append(trials[grasp.gripper.name].run(T_bin_tcp, grasp.width_m, part))
        grasps.append(_told(grasp, outcomes[-1], ids, 1e3 * (perf_counter() - start)))
    moved_m = max((float(trial.moved_m.max(initial=0.0)) for trial in trials.values()), default=None)
    return {"name": folder.name, "offered": len(file.grasps), "moved_m": moved_m, "grasps": grasps}, outcomes


def _told(grasp: PlannedGrasp, outcome: PickOutcome, ids: Sequence[int], ms: float) -> dict[str, Any]:
    """Parts as the scene numbers them."""

    def rows(T: Matrix | None) -> list[list[float]] | None:
        return None if T is None else T.tolist()

    return {
        "score": grasp.score,
        "gripper": grasp.gripper.name,
        "success": outcome.success,
        "failure": None if outcome.failure is None else str(outcome.failure),
        "leak": None if outcome.leak is None else str(outcome.leak),
        "part": None if outcome.part is None else ids[outcome.part],
        "hit": None if outcome.hit is None else ids[outcome.hit],
        "lifted": [ids[part] for part in outcome.lifted],
        "slip_m": outcome.slip_m,
        "turn_rad": outcome.turn_rad,
        "T_tcp_planned": rows(outcome.T_tcp_planned),
        "T_tcp_closed": rows(outcome.T_tcp_closed),
        "T_tcp_held": rows(outcome.T_tcp_held),
        "ms": round(ms, 1),
    }


def _result(scenes: list[dict[str, Any]], tried: list[list[PickOutcome]], args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from srclib_ros.simulation.pick_score import failures, held, precision_at, success, success_interval

    ms = [grasp["ms"] for scene in scenes for grasp in scene["grasps"]]
    return {
        "success": success(tried),
        "success_ci95": success_interval(tried, args.seed),
        "held": held(tried),
        "precision_at_1": precision_at(tried, 1),
        "precision_at_10": precision_at(tried, 10) if args.top >= 10 else None,
        "coverage": float(np.mean([bool(scene["offered"]) for scene in scenes])),
        "failures": {str(reason): count for reason, count in failures(tried).items()},
        "scenes": len(scenes),
        "grasps": len(ms),
        "top": args.top,
        "mean_ms": round(float(np.mean(ms)), 1) if ms else None,
        "per_scene": scenes,
        **circumstances(args.seed, 1),
    }


def _table(result: dict[str, Any]) -> str:
    from srclib_ros.simulation.pile_trial import PickFailure

    rows = [_row(scene) for scene in result["per_scene"]]
    headings = ("scene", "offered", "tried", "succeed", "the first")
    low, high = result["success_ci95"] or (None, None)
    spread = "" if low is None else f" (95 %: {low:.2f} to {high:.2f})"
    lines = [
        format_table(headings, rows, set(headings[1:4])),
        f"success {_share(result['success'])}{spread} of {result['grasps']} grasps tried",
        f"held, though some turned or slid, {_share(result['held'])}",
        f"precision at 1 {_share(result['precision_at_1'])}, at 10 {_share(result['precision_at_10'])}; "
        f"coverage {_share(result['coverage'])} of {result['scenes']} scenes",
        *(f"{count:4d}  {reason}" for reason, count in result["failures"].items()),
        *_failed(result["per_scene"]),
    ]
    if result["failures"].get(PickFailure.WRONG_PART, 0) > result["grasps"] // 2:
        lines.append(
            "most were meant for another part: `part` counts the parts of scene.json, not a plan's segments; "
            "leave it out"
        )
    if result["mean_ms"] is not None:
        lines.append(f"{result['mean_ms']:.0f} ms a trial")
    return "\n".join([*lines, told(result)])


def _failed(scenes: Sequence[dict[str, Any]]) -> list[str]:
    """A line each of the first grasps that failed."""
    failed = [
        f"      {scene['name']} grasp {number}: {grasp['failure']}"
        + ("" if grasp["part"] is None else f" (part {grasp['part']})")
        for scene in scenes
        for number, grasp in enumerate(scene["grasps"], 1)
        if grasp["failure"]
    ]
    more = len(failed) - MOST_TOLD
    return failed[:MOST_TOLD] + ([f"      and {more} more, see --json"] if more > 0 else [])


def _row(scene: dict[str, Any]) -> list[str]:
    grasps = scene["grasps"]
    first = "no grasp" if not grasps else grasps[0]["failure"] or "succeeds"
    succeed = sum(grasp["success"] is True for grasp in grasps)
    return [scene["name"], str(scene["offered"]), str(len(grasps)), str(succeed), first]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
