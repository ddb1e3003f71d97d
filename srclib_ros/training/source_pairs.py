"""A target beside the sources that a library has for its gripper: what is known of each before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.embedding.encoder import Encoder
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.model import GraspModel
from srclib_ros.grasping.object_model import ObjectModel
from srclib_ros.grasping.sources import sources_for
from srclib_ros.library.entry import POOLED
from srclib_ros.library.search import distances
from srclib_ros.library.store import Library
from srclib_ros.library.votes import vote
from srclib_ros.training.grasp_scenes import GraspScene
from srclib_ros.training.grasp_schedule import GraspSchedule
from srclib_ros.training.grasp_watch import GraspWatch
from srclib_ros.training.transferability import label_evidence
from srclib_ros.training.views import full_clouds, partial_clouds
from srclib_ros.training.warm_start import WarmStart, stored_weights, warm_start
from srclib_ros.types import FloatArray

VIEWS = 20


class SourcePairs:
    """looked_at: scenes of the target that the sources' networks are tried on. seed: of the target's views. pooled: the
    network of all sources, where it may be a start."""

    def __init__(
        self,
        library: Library,
        mesh: PartMesh,
        part: ObjectModel,
        gripper: Gripper,
        looked_at: Sequence[GraspScene],
        seed: int,
        pooled: Path | None = None,
    ) -> None:
        self._library, self._mesh, self._part, self._gripper = library, mesh, part, gripper
        self._looked_at, self._seed = looked_at, seed
        self.pooled = pooled
        self._starts: dict[str, WarmStart] = {}

    @cached_property
    def distances(self) -> dict[str, float]:
        """Source -> how far the target lies from it as the library sees them, its views voting; the nearest first. A
        source whose network grasps with another gripper is none."""
        names = sources_for(self._library, self._gripper.name)
        if not names:
            return {}
        rng = np.random.default_rng(self._seed)
        encoder = Encoder.load(self._library.encoder_folder, threads=1)
        clouds: list[FloatArray] = partial_clouds(self._mesh, VIEWS, rng) + full_clouds(self._mesh, 1, rng)
        far = distances(self._library.gallery, encoder.describe(clouds), self._library.size_weight)
        voted = vote(far, np.ones(len(far)))
        found = {name: float(voted[self._library.index(name)]) for name in names}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def start(self, source: str) -> WarmStart:
        """The target's network as this source's, or as `POOLED`."""
        if source not in self._starts:
            pooled = self.pooled if source == POOLED else None
            folder = pooled or self._library.model_folder(source)
            model, weights = GraspModel.load(folder, threads=1), stored_weights(folder)
            side_px = GraspSchedule().side_px
            self._starts[source] = warm_start(model, weights, self._part, self._gripper, self._looked_at, side_px)
        return self._starts[source]

    def known(self, source: str) -> dict[str, Any]:
        """What `expected_gain.known_of` takes, with the source's name; `POOLED` is as near as the nearest source."""
        start, side_px = self.start(source), GraspSchedule().side_px
        entry = self._library.entry(next(iter(self.distances)) if source == POOLED else source)
        loss, found = GraspWatch(start.part, self._looked_at, side_px).look(start.network.eval())
        return {
            "source": source,
            "distance": self.distances[entry.name],
            "same_category": bool(entry.category) and entry.category == self._mesh.category,
            "size_ratio": self._mesh.diameter_m / entry.diameter_m,
            "apart": start.registration.apart,
            "loss": loss,
            "found": found,
            "logme": label_evidence(start.network, start.part, self._looked_at, side_px),
        }
