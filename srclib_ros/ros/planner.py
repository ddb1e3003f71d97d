"""The pipeline behind the node: opened, exchanged and asked under one lock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srclib_ros.artifact import MANIFEST, read_bytes, read_json, sha256
from srclib_ros.config import PipelineConfig
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.library.store import Library
from srclib_ros.pipeline import PickPipeline, open_pipeline
from srclib_ros.types import Cloud, GraspPlan, Matrix

DEFAULT_LIBRARY = Path(__file__).resolve().parents[1] / "default_library"


@dataclass(frozen=True)
class NetworkId:
    """A grasp network as its manifest names it. version: of the code that trained it. hash: of the manifest."""

    version: str | None
    hash: str


@dataclass(frozen=True)
class Provenance:
    """What a plan was made with; it holds when the library is exchanged afterwards.

    networks: of each source that the plan uses. clearance_m: free space kept around the gripper.
    """

    library_name: str
    library_version: str
    networks: Mapping[str, NetworkId]
    gripper: Gripper
    clearance_m: float


class Planner:
    """A pipeline that can be reloaded and reconfigured while another thread plans with it."""

    def __init__(self, library: str, config: PipelineConfig) -> None:
        """Open the library in the folder `library`, the shipped one when empty. Raises ArtifactError."""
        self._lock = threading.Lock()
        self._pipeline = _open(library, config)
        self._networks: dict[str, NetworkId] = {}

    @property
    def library(self) -> Library:
        return self._pipeline.library

    def plan(self, cloud: Cloud, config: PipelineConfig, T_cloud_bin: Matrix | None) -> tuple[GraspPlan, Provenance]:
        """Grasps under `config`, which may have changed since the last cloud, and what they were made with."""
        with self._lock:
            if config != self._pipeline.config:
                self._pipeline = self._pipeline.with_config(config)
            plan = self._pipeline.plan(cloud, T_cloud_bin)
            return plan, self._provenance(plan)

    def reload(self, library: str, config: PipelineConfig) -> None:
        """Open the library beside the one in use, then exchange the two. Raises ArtifactError, and nothing changes."""
        fresh = _open(library, config)
        with self._lock:
            fresh.take_failures_of(self._pipeline)
            self._pipeline, self._networks = fresh, {}

    def remember_failure(self, grasp_id: str) -> bool:
        """False when no such grasp was offered lately."""
        with self._lock:
            return self._pipeline.remember_failure(grasp_id)

    def _provenance(self, plan: GraspPlan) -> Provenance:
        """Under the lock. Raises ArtifactError."""
        library, pipeline = self._pipeline.library, self._pipeline
        sources = {match.source for match in plan.matches if match.source is not None}
        for source in sources - self._networks.keys():
            self._networks[source] = _network_id(library.model_folder(source) / MANIFEST)
        networks = {source: self._networks[source] for source in sorted(sources)}
        return Provenance(library.name, library.version, networks, pipeline.gripper, pipeline.config.grasp.clearance_m)


def _network_id(manifest: Path) -> NetworkId:
    return NetworkId(read_json(manifest).get("code_version"), sha256(read_bytes(manifest))[:16])


def _open(library: str, config: PipelineConfig) -> PickPipeline:
    return open_pipeline(Path(library).expanduser() if library else DEFAULT_LIBRARY, config)
