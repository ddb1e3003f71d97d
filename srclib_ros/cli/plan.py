"""Plan grasps on one capture and print them: the best of each part first, then the others.

FILE is a scene folder (`srclib simulate`), a PCD, PLY or NPZ cloud, or a 16-bit depth image with its intrinsics:

  srclib plan my_scenes/scene_0000 --out picture.png
  srclib plan table.pcd --bin-mode plane                    the table is found; no pose is needed
  srclib plan depth.png --intrinsics K.txt --camera-pose T_base_camera.txt --depth-scale 0.0001 \\
      --bin-pose 0.6 0 0.05 0 0 0 1 --bin-size-m 0.4 0.3 0.1 --json

Poses are of the bin's floor, z up, in the cloud's frame (the base frame, where --camera-pose is given).
--json prints grasps (T_bin_tcp as rows, metres), parts, rejected (reason to count) and the verdict.
Exit status 1: no grasp, and the verdict says why.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.options import add_json, add_library, add_settings, print_json, settings_of

if TYPE_CHECKING:
    from srclib_ros.config import PipelineConfig
    from srclib_ros.types import Bin


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a capture; see above")
    add_library(parser)
    parser.add_argument("--intrinsics", type=Path, metavar="FILE", help="of a depth image: 3x3 text, or JSON")
    parser.add_argument(
        "--depth-scale", type=float, metavar="M", help="metres per unit of a depth image (0.001 for whole numbers)"
    )
    parser.add_argument("--camera-pose", type=Path, metavar="FILE", help="T_base_camera as text; moves the cloud there")
    parser.add_argument("--out", type=Path, metavar="PICTURE.png", help="draw the plan")
    add_json(parser)
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    from srclib_ros.captures.cloud_io import load_capture
    from srclib_ros.cli.table import pick_table, plan_summary
    from srclib_ros.pipeline import open_pipeline
    from srclib_ros.plan_json import plan_to_json

    config = settings_of(args)
    capture = load_capture(
        args.file, intrinsics=args.intrinsics, depth_scale=args.depth_scale, camera_pose=args.camera_pose
    )
    T_cloud_bin = None
    if capture.bin is not None and not config.bin.pose:
        T_cloud_bin = capture.bin.T_cloud_bin
        config = with_bin_of_capture(config, capture.bin, vars(args))
    pipeline = open_pipeline(args.library, config)
    plan = pipeline.plan(capture.cloud, T_cloud_bin)
    if args.out is not None:
        from srclib_ros.rendering.plan_picture import save_plan_picture

        save_plan_picture(args.out, plan, pipeline.gripper, title=args.file.name)
    told = plan_to_json(plan)
    if args.json:
        print_json(told)
    else:
        print(pick_table(told))
        print(plan_summary(told))
        if args.out is not None:
            print(f"picture: {args.out}")
    return 0 if plan.grasps else 1


def with_bin_of_capture(config: PipelineConfig, bin: Bin, given: Container[str]) -> PipelineConfig:
    """`bin.mode` and `bin.size_m` as the capture has them, each unless it is among the `given` names."""
    of_capture: dict[str, Any] = {"mode": "bin" if bin.has_walls else "plane", "size_m": bin.size_m}
    changes = {name: value for name, value in of_capture.items() if f"bin.{name}" not in given}
    return dataclasses.replace(config, bin=dataclasses.replace(config.bin, **changes))
