"""The pipeline behind the node: opened, exchanged and asked under one lock."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from srclib_ros.artifact import MANIFEST, read_bytes, read_json, sha256
from srclib_ros.config import PipelineConfig
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.library.store import Library
from srclib_ros.pipeline import PickPipeline, open_pipeline
from srclib_ros.types import Cloud, GraspPlan, Matrix

DEFAULT_LIBRARY = Path(__file__).resolve().parents[1] / "default_library"


class Planner:
    """A pipeline that can be reloaded and reconfigured while another thread plans with it."""

    def __init__(self, library: str, config: PipelineConfig) -> None:
        """Open the library in the folder `library`, the shipped one when empty. Raises ArtifactError."""
        self._lock = threading.Lock()
        self._pipeline = _open(library, config)
        self._networks: dict[str, dict[str, Any]] = {}

    @property
    def library(self) -> Library:
        return self._pipeline.library

    @property
    def gripper(self) -> Gripper:
        return self._pipeline.gripper

    @property
    def clearance_m(self) -> float:
        """Free space that the open gripper keeps to each side of the part."""
        return self._pipeline.config.grasp.clearance_m

    def plan(self, cloud: Cloud, config: PipelineConfig, T_cloud_bin: Matrix | None) -> GraspPlan:
        """Grasps under `config`, which may have changed since the last cloud."""
        with self._lock:
            if config != self._pipeline.config:
                self._pipeline = self._pipeline.with_config(config)
            return self._pipeline.plan(cloud, T_cloud_bin)

    def reload(self, library: str, config: PipelineConfig) -> None:
        """Open the library beside the one in use, then exchange the two. Raises ArtifactError, and nothing changes."""
        fresh = _open(library, config)
        with self._lock:
            fresh.take_failures_of(self._pipeline)
            self._pipeline = fresh
            self._networks = {}

    def remember_failure(self, grasp_id: str) -> bool:
        """False when the last plan offered no such grasp."""
        with self._lock:
            return self._pipeline.remember_failure(grasp_id)

    def network(self, source: str) -> dict[str, Any]:
        """Version and hash of a source's network, from its manifest. Raises ArtifactError."""
        networks, library = self._networks, self.library
        if source not in networks:
            path = library.model_folder(source) / MANIFEST
            networks[source] = {"version": read_json(path).get("code_version"), "hash": sha256(read_bytes(path))[:16]}
        return networks[source]


def _open(library: str, config: PipelineConfig) -> PickPipeline:
    return open_pipeline(Path(library).expanduser() if library else DEFAULT_LIBRARY, config)
