"""Drop parts into a bin in physics and film each pile with a depth camera.

PARTS is a folder of meshes (STL, OBJ, PLY, OFF; STEP with the `cad` extra). Where a manifest.csv lists them, it says
their unit; else --unit does.

  srclib parts my_parts
  srclib simulate my_parts --out my_scenes --scenes 4 --count 15
  srclib simulate my_parts --out gears --only spur_gear --same --count 20
  srclib simulate cad_files --unit mm --out my_scenes --bag my_bag
  srclib simulate my_parts --out ideal --no-noise

Each scene is a folder OUT/scene_0000 ...: depth.png (tenths of a millimetre), instances.png, and scene.json with the
camera, the bin and the true pose of every part, and the parts' meshes. `srclib plan`, `srclib score`, `srclib evaluate`
and replay_node read it. --bag writes the clouds of all scenes into one rosbag2 as well.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from srclib_ros.cli.options import add_json, add_out, add_seed, not_negative_int, positive_int, print_json, progress

if TYPE_CHECKING:
    from srclib_ros.simulation.camera import CameraNoise
    from srclib_ros.types import Camera, Cloud


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, metavar="PARTS", help="folder of meshes")
    parser.add_argument("--unit", choices=("mm", "cm", "m", "in"), help="of the meshes that no manifest.csv lists")
    add_out(parser, "folder for the scenes")
    parser.add_argument("--scenes", type=positive_int, default=1, metavar="N", help="how many piles (1)")
    parser.add_argument("--count", type=not_negative_int, default=15, metavar="N", help="parts dropped into each (15)")
    parser.add_argument("--same", action="store_true", help="one kind of part in each pile, drawn anew for each")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only parts of these names or categories")
    parser.add_argument("--bag", type=Path, metavar="FOLDER", help="write a rosbag2 (mcap) of the clouds as well")
    parser.add_argument("--topic", default="points", help="topic of the clouds in the bag (points)")
    add_seed(parser)
    add_json(parser)
    cell = parser.add_argument_group("the cell")
    cell.add_argument(
        "--bin-size", type=float, nargs=3, default=(0.36, 0.26, 0.12), metavar="M",
        help="inner length, width and wall height, m (0.36 0.26 0.12)",
    )  # fmt: skip
    cell.add_argument(
        "--camera", type=float, nargs=6, metavar=("W", "H", "FX", "FY", "CX", "CY"),
        help="image size and intrinsics, pixels (640 480 615 615 319.5 239.5)",
    )  # fmt: skip
    cell.add_argument(
        "--camera-pose", type=float, nargs=7, metavar=("X", "Y", "Z", "QX", "QY", "QZ", "QW"),
        help="of the camera's optical frame in the bin frame (drawn for each scene, about 0.75 m above the bin)",
    )  # fmt: skip
    noise = parser.add_argument_group("the camera's faults; 0 switches one off")
    noise.add_argument("--no-noise", action="store_true", help="switch all of them off that are not set below")
    for name, (metavar, help) in _FAULTS.items():
        noise.add_argument("--" + name.replace("_", "-"), type=_not_negative, metavar=metavar, help=help)


_FAULTS = {
    "axial_m_at_1m": ("M", "standard deviation of the depth at 1 m; it grows with depth squared"),
    "correlation_px": ("PX", "the depth errors of pixels this near are alike"),
    "edge_jitter_px": ("PX", "how raggedly edges are displaced"),
    "edge_dropout": ("SHARE", "of the pixels beside a depth edge that return nothing"),
    "grazing_dropout_rad": ("RAD", "no return from surfaces that the ray meets at a smaller angle"),
    "baseline_m": ("M", "distance to the second eye; what it cannot see returns nothing"),
    "quantisation_m": ("M", "step of the depth values"),
}


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from srclib_ros.captures.scene_folder import write_scene
    from srclib_ros.errors import CaptureError, MeshError
    from srclib_ros.geometry.transforms import pose7_to_matrix
    from srclib_ros.simulation.cell import simulate_scene
    from srclib_ros.simulation.parts import load_parts

    if args.bag is not None and args.bag.exists():
        raise CaptureError(f"{args.bag}: exists already; remove it or name another folder")
    stale = sorted(args.out.glob("scene_*/scene.json"))
    if stale:
        raise CaptureError(f"{args.out}: holds {len(stale)} scenes already; empty it, or choose another folder")
    parts = load_parts(args.parts, args.unit)
    if args.only:
        parts = [part for part in parts if part.name in args.only or part.category in args.only]
        if not parts:
            raise MeshError(f"{args.parts}: no part or category named {', '.join(args.only)}")
    camera, noise = _camera(args), _noise(args)
    T_bin_camera = pose7_to_matrix(args.camera_pose) if args.camera_pose else None
    clouds: list[Cloud] = []
    told = []
    for number in progress(range(args.scenes), label="physics and camera", quiet=args.json):
        rng = np.random.default_rng([args.seed, number])
        kinds = (
            np.full(args.count, rng.integers(len(parts))) if args.same else rng.integers(len(parts), size=args.count)
        )
        scene = simulate_scene(
            [parts[kind] for kind in kinds],
            bin_size_m=tuple(args.bin_size),
            camera=camera,
            noise=noise,
            rng=rng,
            T_bin_camera=T_bin_camera,
            seed=args.seed,
        )
        folder = args.out / f"scene_{number:04d}"
        cloud = dataclasses.replace(scene.cloud, stamp_ns=(number + 1) * 100_000_000)
        write_scene(folder, dataclasses.replace(scene, cloud=cloud))
        if args.bag is not None:
            clouds.append(cloud)
        told.append({"folder": str(folder), "parts": len(scene.parts), "dropped": args.count})
        if not args.json:
            print(f"{folder}: {len(scene.parts)} of {args.count} parts lie in the bin")
    if args.bag is not None:
        from srclib_ros.ros.bag import write_bag

        write_bag(args.bag, clouds, topic=args.topic)
    if args.json:
        print_json({"scenes": told, "seed": args.seed, "bag": str(args.bag) if args.bag else None})
    return 0


def _camera(args: argparse.Namespace) -> Camera | None:
    from srclib_ros.errors import ConfigError
    from srclib_ros.types import Camera

    if args.camera is None:
        return None
    width, height, *intrinsics = args.camera
    if min(width, height, intrinsics[0], intrinsics[1]) < 1 or max(width, height) > 8192:
        raise ConfigError("--camera: image size 1 to 8192 pixels, focal lengths at least 1 pixel")
    return Camera(int(width), int(height), *intrinsics)


def _noise(args: argparse.Namespace) -> CameraNoise:
    from srclib_ros.simulation.camera import CameraNoise

    base = CameraNoise.none() if args.no_noise else CameraNoise()
    return dataclasses.replace(
        base, **{name: getattr(args, name) for name in _FAULTS if getattr(args, name) is not None}
    )


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: expected a number of 0 or more")
    return value
