"""A pipeline whose behaviour a test can set: it stands in for the real one in the node tests.

One segment of everything above the floor, one grasp on it. The library is a folder with a `manifest.json`
that says `name`, `version`, and how long a plan takes (`plan_s`).
"""

from __future__ import annotations

import json
import sys
import time
import types
from dataclasses import replace
from pathlib import Path

import numpy as np

from srclib_ros.config import PipelineConfig
from srclib_ros.errors import ArtifactMissingError
from srclib_ros.geometry.transforms import make_transform
from srclib_ros.grasping.gripper import load_grippers
from srclib_ros.segmentation.bin import locate_bin
from srclib_ros.types import Cloud, Grasp, GraspPlan, Match, Matrix, Neighbour, Scene, Segment, Verdict

DOWN = np.diag((1.0, -1.0, -1.0))


class FakeLibrary:
    def __init__(self, folder: Path) -> None:
        try:
            self.manifest = json.loads((folder / "manifest.json").read_text())
        except OSError as error:
            raise ArtifactMissingError(f"{folder}: not there; check the path, or build it again") from error
        self.folder = folder
        self.name, self.version = self.manifest["name"], self.manifest["version"]

    def model_folder(self, source: str) -> Path:
        return self.folder


class FakePipeline:
    def __init__(self, library: FakeLibrary, config: PipelineConfig) -> None:
        self.library, self.config = library, config
        self.gripper = load_grippers()["jaw"]
        self.failed: set[str] = set()

    def with_config(self, config: PipelineConfig) -> FakePipeline:
        other = FakePipeline(self.library, config)
        other.take_failures_of(self)
        return other

    def take_failures_of(self, other: FakePipeline) -> None:
        self.failed = other.failed

    def remember_failure(self, grasp_id: str) -> bool:
        self.failed.add(grasp_id)
        return grasp_id.startswith("grasp-")

    def plan(self, cloud: Cloud, T_cloud_bin: Matrix | None = None) -> GraspPlan:
        time.sleep(self.library.manifest.get("plan_s", 0.0))
        bin = locate_bin(cloud, self.config.bin, T_cloud_bin)
        R, t = bin.T_cloud_bin[:3, :3], bin.T_cloud_bin[:3, 3]
        points_bin = ((cloud.xyz - t) @ R).astype(np.float32)
        inside = np.asarray(np.isfinite(points_bin).all(axis=-1))
        labels = np.where(inside & (points_bin[..., 2] > 0.01), 1, 0).astype(np.int32)
        indices = np.flatnonzero(labels)
        if not len(indices):
            scene = Scene(cloud, bin, points_bin, points_bin, labels, inside, ())
            return GraspPlan(scene, (), (), (), (), Verdict.EMPTY_BIN, "no part stands out", {"segment": 0.1})
        points = points_bin.reshape(-1, 3)[indices]
        part = Segment(1, indices, points, np.tile(np.array((0, 0, 1), np.float32), (len(points), 1)))
        scene = Scene(cloud, bin, points_bin, points_bin, labels, inside, (part,))
        match = Match(1, (Neighbour("hex_bolt_m8x40", 3, 0.9, 0.1),), "hex_bolt_m8x40", 1.0, True, True, "near")
        T_bin_tcp = make_transform(DOWN, part.centroid_bin.astype(np.float64))
        above = make_transform(DOWN, T_bin_tcp[:3, 3] + np.array((0, 0, self.config.grasp.pregrasp_m)))
        grasp = Grasp(T_bin_tcp, above, 0.02, 0.8, "jaw", 1, "hex_bolt_m8x40", 0, "grasp-0")
        grasps = tuple(replace(grasp, grasp_id=name) for name in ("grasp-0", "grasp-1") if name not in self.failed)
        return GraspPlan(scene, (match,), (), grasps, (), Verdict.GRASPS, "", {"segment": 0.1, "network": 0.2})


def open_pipeline(folder: Path, config: PipelineConfig) -> FakePipeline:
    return FakePipeline(FakeLibrary(folder), config)


def install() -> None:
    """Take the real pipeline's place in this process."""
    module = types.ModuleType("srclib_ros.pipeline")
    module.PickPipeline, module.open_pipeline = FakePipeline, open_pipeline  # type: ignore[attr-defined]
    store = types.ModuleType("srclib_ros.library.store")
    store.Library = FakeLibrary  # type: ignore[attr-defined]
    sys.modules |= {module.__name__: module, store.__name__: store}


if __name__ == "__main__":
    install()
    from srclib_ros.ros.picking_node import main

    sys.exit(main())
