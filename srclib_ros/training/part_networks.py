"""Which entries of a library get a grasp network, and the training of those that are missing."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from srclib_ros import __version__
from srclib_ros.artifact import open_sealed, sha256
from srclib_ros.errors import ArtifactError, ConfigError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.grasping import model as grasp_model
from srclib_ros.library.clustering import Clustering
from srclib_ros.library.entry import NOISE
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.part_views import Files, folder_files, mesh_hash, write_files
from srclib_ros.training.progress import Progress

TrainModel = Callable[[PartMesh, Path], None]


def given_networks(models: Sequence[Path], names: Sequence[str]) -> dict[str, Path]:
    """Name of the entry -> its sealed grasp model, of folders that are named as entries."""
    folders: dict[str, Path] = {}
    for model in map(Path, models):
        if model.name not in names:
            raise ConfigError(
                f"{model}: no part is named {model.name!r}; add its mesh, named so, in the same call: "
                f"srclib library LIB add MESHES --unit mm --models {model}"
            )
        open_sealed(model, grasp_model.KIND, grasp_model.SCHEMA)
        folders[model.name] = model
    return folders


def train_networks(
    parts: Sequence[PartMesh],
    train_model: TrainModel,
    trained_as: str,
    folder: Path,
    seed: int,
    jobs: Jobs,
    progress: Progress,
) -> dict[str, Path]:
    """Name -> sealed grasp model of each of the parts, below `folder`; whole ones that are there are not trained again.

    trained_as: tells what `train_model` makes apart from what it would make for another gripper or among other parts.
    """
    how = f"{__version__} {trained_as} {seed}"
    targets = [folder / sha256(f"{how} {mesh_hash(part)}".encode())[:12] / part.name for part in parts]
    missing = [row for row, target in enumerate(targets) if not _whole(target)]
    for row in missing:
        shutil.rmtree(targets[row], ignore_errors=True)
    if jobs.far_away:
        tasks = [(train_model, parts[row]) for row in missing]
        for index, files in jobs.each(_train_elsewhere, tasks, progress, "networks"):
            write_files(targets[missing[index]], files)
    else:
        here = [(parts[row], targets[row]) for row in missing]
        for _ in jobs.each(train_model, here, progress, "networks"):
            pass
    for target in targets:
        open_sealed(target, grasp_model.KIND, grasp_model.SCHEMA)
    return {part.name: target for part, target in zip(parts, targets, strict=True)}


def most_useful(clustering: Clustering, names: Sequence[str], have: set[str]) -> list[str]:
    """Who should have a network, the most useful first: representatives of the largest clusters that have none yet,
    then those of the others, then parts in no cluster, then everyone else."""
    labels = clustering.labels
    sizes = Counter(labels.tolist())
    covered = {int(labels[row]) for row, name in enumerate(names) if name in have} - {NOISE}
    medoid = set(clustering.representatives.values())

    def usefulness(row: int) -> tuple[bool, bool, int, int]:
        label = int(labels[row])
        alone = label == NOISE
        return (row not in medoid or label in covered, not alone, -sizes[label] * (not alone), row)

    return [names[row] for row in sorted(range(len(names)), key=usefulness)]


def _train_elsewhere(train_model: TrainModel, part: PartMesh) -> Files:
    """On a worker that may not see our folders: trained in one of its own, and sent back whole."""
    with tempfile.TemporaryDirectory() as folder:
        train_model(part, Path(folder) / part.name)
        return folder_files(Path(folder) / part.name)


def _whole(folder: Path) -> bool:
    try:
        open_sealed(folder, grasp_model.KIND, grasp_model.SCHEMA)
    except ArtifactError:
        return False
    return True
