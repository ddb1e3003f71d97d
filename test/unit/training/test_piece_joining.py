"""Trees grown on piles small enough to watch: the same as scikit-learn's, the same again, the same after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("mujoco")
pytest.importorskip("open3d")

from srclib_ros.errors import TrainingError
from srclib_ros.segmentation.joining import PieceJoiner
from srclib_ros.segmentation.pieces import FEATURES
from srclib_ros.simulation.parts import generate_parts
from srclib_ros.training import piece_joining
from srclib_ros.training.piece_joining import Examples, JoiningTraining, grown_trees, train_joining

FEW = JoiningTraining(random_shapes=6, piles=8, trees=4)


def test_the_trees_judge_as_scikit_learns(rng: np.random.Generator, tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    from srclib_ros.artifact import write_tensors

    features = rng.standard_normal((400, len(FEATURES))).astype(np.float32)
    same = features[:, 3] * features[:, 7] + 0.3 * rng.standard_normal(400) > 0.0
    training = JoiningTraining(trees=20)
    tensors = grown_trees(Examples(features, same, np.ones(400, np.float32)), 0, training)
    write_tensors(tmp_path / "trees.safetensors", tensors)
    reference = HistGradientBoostingClassifier(
        max_iter=20, learning_rate=0.06, max_leaf_nodes=16, l2_regularization=1.0, early_stopping=False, random_state=0
    ).fit(features, same)
    asked = rng.standard_normal((200, len(FEATURES))).astype(np.float32)
    found = PieceJoiner.load(tmp_path / "trees.safetensors").probability(asked)
    np.testing.assert_allclose(found, reference.predict_proba(asked)[:, 1], atol=1e-5)


def test_the_same_seed_gives_the_same_file_also_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_joining, "AT_ONCE", 4)
    monkeypatch.setattr(piece_joining, "LEAST_PAIRS", 5)
    parts = [part for part in generate_parts() if part.name in ("hex_bolt_m12x50", "gear_40", "l_bracket_60x40")]
    about = train_joining(parts, tmp_path / "a.safetensors", 1, FEW)
    assert about["pairs"] > 5

    real, calls = piece_joining.pile_examples, []

    def killed(*args: object) -> Examples:
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(piece_joining, "pile_examples", killed)
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
    with pytest.raises(TrainingError, match="more piles"):
        train_joining(parts, tmp_path / "a.safetensors", 0, JoiningTraining(random_shapes=3, piles=2, trees=1))
