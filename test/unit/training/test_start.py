"""What a target's network starts from: the source that promises most, of those that are asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srclib_ros.library.entry import AUTO, POOLED
from srclib_ros.library.history import ENOUGH
from srclib_ros.training.start import ASKED, choose_start, fell_behind


class Pairs:
    """Sources whose loss on the target is known; the network of one is its name."""

    def __init__(self, **losses: float) -> None:
        self.losses = losses
        self.distances = {name: 0.1 * index for index, name in enumerate(losses)}
        self.asked: list[str] = []
        self.pooled: Path | None = None

    def known(self, source: str) -> dict[str, Any]:
        self.asked.append(source)
        return {
            "source": source,
            "distance": self.distances.get(source, 0.0),
            "loss": self.losses[source],
            "apart": 0.1,
            "found": 0.0,
            "logme": 0.0,
            "same_category": False,
            "size_ratio": 1.0,
        }

    def start(self, source: str) -> Any:
        return SimpleNamespace(part=f"part as {source}", network=f"network of {source}")


def experience(gain_of_loss: Any, gripper: str = "jaw") -> list[dict[str, Any]]:
    pairs = Pairs(**{f"s{index}": float(loss) for index, loss in enumerate(np.geomspace(0.5, 5.0, ENOUGH))})
    return [
        {**pairs.known(name), "target": f"t{index}", "gripper": gripper, "gain": gain_of_loss(loss)}
        for index, (name, loss) in enumerate(pairs.losses.items())
    ]


def test_without_experience_the_one_that_errs_least() -> None:
    found = choose_start(Pairs(a=2.0, b=1.0, c=3.0), [], "jaw", "target", AUTO)
    assert found is not None and (found.source, found.network) == ("b", "network of b")
    assert found.expected_gain is None and found.known["loss"] == 1.0


def test_with_experience_the_one_that_promises_most_and_none_where_none_promises_anything() -> None:
    helps = experience(lambda loss: 0.5 - 0.1 * loss)
    found = choose_start(Pairs(a=2.0, b=1.0, c=3.0), helps, "jaw", "target", AUTO)
    assert found is not None and found.source == "b"
    assert found.expected_gain == pytest.approx(0.4, abs=0.1)
    harms = experience(lambda loss: -0.1 * loss)
    assert choose_start(Pairs(a=2.0, b=1.0), harms, "jaw", "target", AUTO) is None
    named = choose_start(Pairs(a=2.0, b=1.0), harms, "jaw", "target", "a")
    assert named is not None and named.source == "a" and named.expected_gain is not None and named.expected_gain < 0.0


def test_experience_of_another_gripper_or_of_this_very_target_does_not_count() -> None:
    of_cups = experience(lambda loss: -1.0, gripper="suction")
    found = choose_start(Pairs(a=2.0), of_cups, "jaw", "target", AUTO)
    assert found is not None and found.expected_gain is None
    of_itself = [record | {"target": "target"} for record in experience(lambda loss: -1.0)]
    found = choose_start(Pairs(a=2.0), of_itself, "jaw", "target", AUTO)
    assert found is not None and found.expected_gain is None


def test_only_the_nearest_are_asked() -> None:
    pairs = Pairs(**{f"s{index:02d}": 10.0 - index for index in range(10)})
    found = choose_start(pairs, [], "jaw", "target", AUTO)
    assert pairs.asked == [f"s{index:02d}" for index in range(ASKED)]
    assert found is not None and found.source == f"s{ASKED - 1:02d}"


def test_the_network_of_all_sources_is_asked_beside_the_nearest() -> None:
    pairs = Pairs(a=2.0, b=1.5)
    pairs.losses[POOLED] = 1.0
    found = choose_start(pairs, [], "jaw", "target", AUTO)
    assert found is not None and found.source == "b"
    pairs.pooled = Path("pooled")
    found = choose_start(pairs, [], "jaw", "target", AUTO)
    assert found is not None and (found.source, found.network) == (POOLED, "network of pooled")
    assert pairs.asked[-3:] == ["a", "b", POOLED]
    named = choose_start(pairs, [], "jaw", "target", POOLED)
    assert named is not None and named.source == POOLED


def test_no_sources() -> None:
    assert choose_start(Pairs(), [], "jaw", "target", AUTO) is None


def test_a_start_falls_behind_where_networks_from_scratch_know_more() -> None:
    slow = {250: 1.0, 500: 0.8}
    assert fell_behind(np.array([[0, 3.0, 0.0], [250, 1.1, 0.0]]), slow)
    assert not fell_behind(np.array([[0, 3.0, 0.0]]), slow)
    assert not fell_behind(np.array([[250, 0.9, 0.0], [300, 5.0, 0.0]]), slow)
