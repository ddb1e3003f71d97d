"""The whole way, in about a minute: parts in a bin, the ROS 2 node, a table of picks, pictures.

Drops generated parts into a bin in physics: some that the library knows, siblings of other sizes that it has
never seen, and strangers that resemble nothing in it. A depth camera with a real one's faults films each pile into a
rosbag2. Then picking_node and replay_node start as processes of their own and talk over ROS 2; what the node
publishes is printed and drawn.

  srclib demo
  srclib demo --scenes 2 --count 15 --seed 3 --out out/other

Under --out: the bag, scene folders, plan_<n>.json as published, scene_<n>.png. To watch it in RViz as well, see the
README. Exit status 1: no grasp was published.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import add_json, add_library, add_out, add_seed, positive_int, print_json, progress

if TYPE_CHECKING:
    import numpy as np

    from srclib_ros.captures.scene_folder import RecordedScene
    from srclib_ros.geometry.mesh import PartMesh
    from srclib_ros.library.store import Library
    from srclib_ros.types import Cloud, Scene

ANSWER_TIMEOUT_S = 60.0
EVERY_PART = 1000
"""A person wants to see what becomes of each part; a cell need not wait for that."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_library(parser)
    add_out(parser, "folder for the bag, plans and pictures", Path("out/demo"))
    parser.add_argument("--scenes", type=positive_int, default=6, metavar="N", help="how many piles (6)")
    parser.add_argument("--count", type=positive_int, default=10, metavar="N", help="parts in each pile (10)")
    add_seed(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from srclib_ros.library.store import Library

    library = Library.open(args.library)
    scenes = _film(library, args, np.random.default_rng(args.seed))
    clouds = [replace(scene.cloud, stamp_ns=(index + 1) * 10**9) for index, scene in enumerate(scenes)]
    plans, poses = _plan_over_ros(args, clouds, scenes[0])
    answers = [
        _Answer(index, scene, plans[cloud.stamp_ns], poses.get(cloud.stamp_ns, 0))
        for index, (scene, cloud) in enumerate(zip(scenes, clouds, strict=True), start=1)
        if cloud.stamp_ns in plans
    ]
    summary = _summary(answers, len(scenes))
    if args.json:
        print_json(summary | {"plans": [answer.plan for answer in answers]})
    for answer in progress(answers, label="drawing", quiet=args.json):
        _tell(answer, args)
    if not args.json:
        _print_summary(summary, args.out)
    return 0 if summary["grasps"] else 1


@dataclass(frozen=True, eq=False)
class _Answer:
    """A filmed scene, the plan that the node published for it, and how many poses came in grasp_poses."""

    index: int
    scene: RecordedScene
    plan: Mapping[str, Any]
    poses: int


def choose_parts(library: Library, count: int, rng: np.random.Generator) -> list[PartMesh]:
    """`count` parts for one pile: half known to the library and with a network, the rest their siblings and strangers.

    A pile of 1 or 2 has room for a known part, then a sibling.
    """
    from srclib_ros.simulation.parts.catalogue import STRANGERS, generate_parts

    known, held_out = generate_parts(split="library"), generate_parts(split="held_out")
    with_network = {entry.name for entry in library.entries if entry.model is not None}
    categories = {entry.category for entry in library.entries if entry.model is not None}
    sources = [part for part in known if part.name in with_network] or known
    strangers = [part for part in held_out if part.category in STRANGERS]
    siblings = [part for part in held_out if part.category in categories] or held_out
    many_strangers = max(1, count // 5)
    many_siblings = max(1, count // 4)
    chosen = [sources[i % len(sources)] for i in rng.permutation(max(count, len(sources)))]
    chosen = chosen[: max(1, count - many_strangers - many_siblings)]
    chosen += [siblings[i] for i in rng.integers(len(siblings), size=many_siblings)]
    chosen += [strangers[i] for i in rng.integers(len(strangers), size=many_strangers)]
    return [chosen[i] for i in rng.permutation(count)]


def _film(library: Library, args: argparse.Namespace, rng: np.random.Generator) -> list[RecordedScene]:
    from srclib_ros.captures.scene_folder import write_scene
    from srclib_ros.simulation.cell import hang_camera, simulate_scene

    T_bin_camera = hang_camera(rng)
    scenes = []
    for index in progress(range(1, args.scenes + 1), label="physics and camera", quiet=args.json):
        parts = choose_parts(library, args.count, rng)
        scene = simulate_scene(parts, rng=rng, T_bin_camera=T_bin_camera, seed=args.seed)
        write_scene(args.out / "scenes" / f"scene_{index}", scene)
        scenes.append(scene)
    return scenes


def _plan_over_ros(
    args: argparse.Namespace, clouds: Sequence[Cloud], scene: RecordedScene
) -> tuple[dict[int, dict[str, Any]], dict[int, int]]:
    """Plans, and numbers of poses, as published, by the stamp of the cloud."""
    import shutil

    from srclib_ros.geometry.transforms import matrix_to_pose7
    from srclib_ros.ros.bag import write_bag
    from srclib_ros.ros.listener import PlanListener
    from srclib_ros.ros.runner import NodeProcess, ros_arguments

    bag, log_path = args.out / "bag", args.out / "nodes.log"
    args.out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(bag, ignore_errors=True)
    write_bag(bag, clouds, topic="points")
    settings = {
        "library": str(args.library.resolve()),
        "bin.pose": tuple(matrix_to_pose7(scene.bin.T_cloud_bin)),
        "bin.size_m": scene.bin.size_m,
        "max_age_s": 0.0,
        "grasp.enough_parts": EVERY_PART,
        "grasp.max_parts": EVERY_PART,
    }
    namespace = f"/demo_{os.getpid()}"
    replay = {"path": str(bag.resolve()), "rate_hz": 1.0, "loop": True}
    wanted = {cloud.stamp_ns for cloud in clouds}
    with (
        log_path.open("w") as log,
        PlanListener(namespace) as listener,
        NodeProcess("picking_node", ros_arguments(settings, {"__ns": namespace}), output=log) as picking,
        NodeProcess("replay_node", ros_arguments(replay, {"__ns": namespace}), output=log) as replaying,
    ):
        listener.listen(lambda: wanted <= set(listener.plans), (picking, replaying), ANSWER_TIMEOUT_S)
        listener.listen(lambda: wanted <= set(listener.poses), (picking, replaying), 2.0)
    return listener.plans, listener.poses


def _tell(answer: _Answer, args: argparse.Namespace) -> None:
    """Print the picks of one scene, store its plan, draw it."""
    from srclib_ros.artifact import write_json
    from srclib_ros.cli.table import pick_table, plan_summary

    write_json(args.out / f"plan_{answer.index}.json", answer.plan)
    if answer.plan["verdict"] == "error":
        if not args.json:
            print(f"\nscene {answer.index}: {answer.plan['error']}: {answer.plan['why']}")
        return
    scene = _segmented(answer)
    if not args.json:
        print(f"\nscene {answer.index}, through ROS: {answer.poses} grasp poses")
        print(pick_table(answer.plan, _true_names(answer.scene, scene)))
        print(plan_summary(answer.plan))
    _draw(answer, scene, args.out / f"scene_{answer.index}.png")


def _segmented(answer: _Answer) -> Scene:
    """The scene as the node cut it: the same code on the same cloud."""
    from srclib_ros.config import PipelineConfig, override
    from srclib_ros.segmentation.bin import locate_bin
    from srclib_ros.segmentation.instances import segment

    config = override(PipelineConfig(), {"bin.size_m": answer.scene.bin.size_m})
    located = locate_bin(answer.scene.cloud, config.bin, answer.scene.bin.T_cloud_bin)
    return segment(answer.scene.cloud, located, config)


def _draw(answer: _Answer, scene: Scene, path: Path) -> None:
    from srclib_ros.grasping.gripper import load_gripper
    from srclib_ros.rendering.plan_picture import save_plan_picture
    from srclib_ros.rendering.recorded_plan import plan_of_record

    gripper = answer.plan["grasps"][0]["gripper"] if answer.plan["grasps"] else "jaw"
    save_plan_picture(path, plan_of_record(answer.plan, scene), load_gripper(gripper), title=f"scene {answer.index}")


def _true_names(recorded: RecordedScene, scene: Scene) -> dict[int, str]:
    """{segment: name of the part that most of its points are of}."""
    import numpy as np

    names = {part.instance_id: part.name for part in recorded.parts}
    ids = recorded.instance_ids.reshape(-1)
    most = {part.label: int(np.bincount(ids[part.indices]).argmax()) for part in scene.segments}
    return {label: names.get(instance, "floor") for label, instance in most.items()}


def _summary(answers: Sequence[_Answer], scenes: int) -> dict[str, Any]:
    grasps = [grasp for answer in answers for grasp in answer.plan["grasps"]]
    parts = [part for answer in answers for part in answer.plan["parts"]]
    return {
        "scenes": scenes,
        "answered": len(answers),
        "parts": len(parts),
        "grasps": sum(answer.poses for answer in answers),
        "sources": sorted({grasp["source"] for grasp in grasps if grasp["source"] is not None}),
        "refused_parts": sum(part["source"] is None and not part["doubtful"] for part in parts),
        "doubtful": sum(bool(part["doubtful"]) for part in parts),
        "model_free_grasps": sum(grasp["source"] is None for grasp in grasps),
    }


def _print_summary(summary: Mapping[str, Any], out: Path) -> None:
    print(
        f"\n{summary['answered']} of {summary['scenes']} scenes answered over ROS: {summary['grasps']} grasps for "
        f"{summary['parts']} parts\nnetworks that answered: {', '.join(summary['sources']) or 'none'} "
        f"({summary['grasps'] - summary['model_free_grasps']} grasps); the model-free planner gave the other "
        f"{summary['model_free_grasps']}\n"
        f"without a suitable source: {summary['refused_parts']}; likely not one whole part, so that none is sought: "
        f"{summary['doubtful']}\n"
        f"pictures: {out}/scene_*.png, what the nodes said: {out}/nodes.log"
    )
