"""Trees grown on piles small enough to watch: the same as scikit-learn's, the same again, the same after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("mujoco")
pytest.importorskip("open3d")

from srclib_ros.captures.scene_folder import RecordedScene
from srclib_ros.errors import TrainingError
from srclib_ros.segmentation.joining import PieceJoiner
from srclib_ros.segmentation.trees import BoostedTrees
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.training import piece_joining
from srclib_ros.training.boosted_trees import Examples, Growth, grown
from srclib_ros.training.piece_joining import JoiningTraining, train_joining

FEW = JoiningTraining(random_shapes=6, piles=8, pairs=Growth(trees=4), segments=Growth(trees=3, leaves=5))


def test_the_trees_judge_as_scikit_learns(rng: np.random.Generator) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    features = rng.standard_normal((400, 9)).astype(np.float32)
    yes = features[:, 3] * features[:, 7] + 0.3 * rng.standard_normal(400) > 0.0
    trees = grown(Examples(features, yes, np.ones(400, np.float32)), 0, Growth(trees=20))
    reference = HistGradientBoostingClassifier(
        max_iter=20, learning_rate=0.06, max_leaf_nodes=16, l2_regularization=1.0, early_stopping=False, random_state=0
    ).fit(features, yes)
    asked = rng.standard_normal((200, 9)).astype(np.float32)
    np.testing.assert_allclose(trees.probability(asked), reference.predict_proba(asked)[:, 1], atol=1e-5)


def test_the_same_seed_gives_the_same_file_also_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_joining, "AT_ONCE", 4)
    monkeypatch.setattr(piece_joining, "LEAST_EXAMPLES", 5)
    parts = [part for part in generate_parts() if part.name in ("hex_bolt_m12x50", "gear_40", "l_bracket_60x40")]
    about = train_joining(parts, tmp_path / "a.safetensors", 1, FEW)
    assert about["pairs"] > 5
    assert about["segments"] > 5
    PieceJoiner.load(tmp_path / "a.safetensors")

    real, calls = piece_joining.segment_examples, []

    def killed(scene: RecordedScene, join: BoostedTrees) -> Examples:
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return real(scene, join)

    monkeypatch.setattr(piece_joining, "segment_examples", killed)
    with pytest.raises(KeyboardInterrupt):
        train_joining(parts, tmp_path / "b.safetensors", 1, FEW)
    assert not (tmp_path / "b.safetensors").exists()
    calls.clear()
    train_joining(parts, tmp_path / "b.safetensors", 1, FEW)
    assert len(calls) == 4
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_too_little_to_learn_from_is_refused(tmp_path: Path) -> None:
    parts = [part for part in generate_parts() if part.name == "pin_20x35"]
    with pytest.raises(TrainingError, match="pairs of pieces to learn from; give more parts or more piles"):
        train_joining(parts, tmp_path / "a.safetensors", 0, JoiningTraining(random_shapes=3, piles=2))


def test_examples_that_are_all_alike_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_joining, "LEAST_EXAMPLES", 5)
    monkeypatch.setattr(piece_joining, "are_whole", lambda shown, returned: np.ones(len(shown), bool))
    parts = [part for part in generate_parts() if part.name in ("hex_bolt_m12x50", "gear_40", "l_bracket_60x40")]
    with pytest.raises(TrainingError, match="all segments to learn from are alike"):
        train_joining(parts, tmp_path / "a.safetensors", 1, FEW)
