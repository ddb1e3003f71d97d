"""The experiment on transfer, its runs made up: targets drawn, choices made, figures by hand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.box_parts import box

from srclib_ros.errors import ConfigError
from srclib_ros.experiments.transfer.bench import Run
from srclib_ros.experiments.transfer.choices import FARTHEST, NEAREST, SIZE, at_random, by_distance, expected_gains
from srclib_ros.experiments.transfer.experiment import DATA, LONG, Experiment, Results
from srclib_ros.experiments.transfer.summary import write_transfer
from srclib_ros.experiments.transfer.tables import headline
from srclib_ros.experiments.transfer.targets import draw_targets
from srclib_ros.grasping.gripper import load_gripper
from srclib_ros.library.entry import POOLED, SCRATCH
from srclib_ros.library.history import read_history
from srclib_ros.training.true_gain import BUDGET, EVALUATE_EVERY

LIBRARY = SimpleNamespace(
    entries=[
        SimpleNamespace(name="bar_1", category="bar", model="models/bar_1"),
        SimpleNamespace(name="cup_1", category="cup", model=None),
        SimpleNamespace(name="nut_1", category="nut", model="models/nut_1"),
    ]
)
CATEGORIES, SIZES = ("bar", "cup", "nut", "fan"), (3, 4, 5)
PARTS = [box(f"{category}_{size}", category, 0.01 * size, 0.02, 0.01) for category in CATEGORIES for size in SIZES]
SOURCES = ("near", "same_size", "far")
DISTANCE = dict(zip(SOURCES, (0.1, 0.5, 0.9), strict=True))


def test_targets_are_of_categories_with_a_network_and_of_categories_without():
    drawn = draw_targets(PARTS, LIBRARY, seed=0, of_each=2)
    assert [target.siblings for target in drawn] == [True, True, False, False]
    assert {target.mesh.category for target in drawn[:2]} == {"bar", "nut"}
    assert {target.mesh.category for target in drawn[2:]} == {"cup", "fan"}
    again = draw_targets(list(reversed(PARTS)), LIBRARY, seed=0, of_each=2)
    assert {target.mesh.category for target in again} == {target.mesh.category for target in drawn}
    with pytest.raises(ConfigError, match="2 categories of parts with siblings"):
        draw_targets(PARTS, LIBRARY, seed=0, of_each=3)
    with pytest.raises(ConfigError, match="bar_1 is in the library"):
        draw_targets([*PARTS, box("bar_1", "bar", 0.1, 0.1, 0.1)], LIBRARY, seed=0, of_each=1)


def pairs_of(shift: float):
    return [
        {
            "source": name,
            "distance": DISTANCE[name] + shift,
            "apart": 0.1,
            "loss": 1.0,
            "found": 0.5,
            "logme": 0.0,
            "same_category": False,
            "size_ratio": 1.0 if name == "same_size" else 0.5,
        }
        for name in SOURCES
    ]


def test_choices_that_need_no_gains():
    assert by_distance(pairs_of(0.0)) == {NEAREST: "near", SIZE: "same_size", FARTHEST: "far"}
    assert {at_random(pairs_of(0.0), seed, 0) for seed in range(20)} == set(SOURCES)


def test_expected_gains_come_from_the_other_targets():
    right = {name: 1.0 - DISTANCE[name] for name in SOURCES}
    gains = {"a": right, "b": right, "c": dict.fromkeys(SOURCES, -9.0)}
    history = [
        {**pair, "target": target, "gain": gains[target][pair["source"]]}
        for target, shift in (("a", 0.0), ("b", 0.01), ("c", 0.02))
        for pair in pairs_of(shift)
    ]
    expected = expected_gains(history, "c", pairs_of(0.02))
    assert expected["near"] > expected["same_size"] > expected["far"] > 0.0


def row(target: str, run: Run, reaches_at: int, final: float):
    """A curve that steps from nothing to its final precision."""
    steps = range(EVALUATE_EVERY if run.start == SCRATCH else 0, run.steps + 1, EVALUATE_EVERY)
    curve = [[step, final if step >= reaches_at else 0.0] for step in steps]
    return {"target": target, **asdict(run), "curve": curve, "seconds": 1.0}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    targets = draw_targets(PARTS, LIBRARY, 0, of_each=2)
    experiment = Experiment(targets, tmp_path, tmp_path, load_gripper("jaw"), tmp_path)
    reaches = {SCRATCH: 300, POOLED: 150, "near": 15, "same_size": 60, "far": 240}
    rows, pairs = {}, {}
    for index, target in enumerate(targets):
        name = target.mesh.name
        pairs[name] = pairs_of(0.01 * index)
        runs = [Run(start, seed) for start in reaches for seed in experiment.seeds]
        runs += [Run(SCRATCH, steps=LONG)]
        runs += [Run(start, scenes=count) for count in DATA for start in (SCRATCH, "near")]
        runs += [Run("near", mode=mode) for mode in ("features", "late")]
        rows[name] = [row(name, run, reaches[run.start], 0.9 if run.start != "far" else 0.8) for run in runs]
    pooled = {name: {**of[0], "source": POOLED} for name, of in pairs.items()}
    return Results(experiment, pairs, pooled, rows)


def test_the_headline_by_hand(results: Results):
    found = headline(results)
    assert set(found["targets"]) == {target.mesh.name for target in results.experiment.targets}
    assert found["step_ratio_median"] == found["step_ratio_median_without_siblings"] == 300 / EVALUATE_EVERY
    assert found["regret_ap"] == 0.0 and found["regret_ap_early"] == 0.0
    assert found["beats_pooled"] == 1.0 and found["step_ratio_median_pooled"] == 2.0
    drawn = [results.random(index, seed) for index in range(4) for seed in (0, 1, 2)]
    assert found["beats_random"] == pytest.approx(1.0 - 0.5 * drawn.count("near") / len(drawn))
    assert found["spearman_gain"] == pytest.approx(1.0)
    of = found["per_target"][found["targets"][0]]
    assert of["choice"] == "near" and of["siblings"] and of["steps"] == EVALUATE_EVERY and of["steps_scratch"] == 300
    assert of["true_gain"] == pytest.approx(0.9 * (300 - 15) / BUDGET)


def test_a_budget_run_is_told_from_a_longer_one(results: Results):
    name = results.experiment.targets[0].mesh.name
    assert results.curve(name, SCRATCH, 0)[-1][0] == BUDGET
    assert results.row(name, Run(SCRATCH, steps=LONG))["curve"][-1][0] == LONG - LONG % EVALUATE_EVERY


def test_summary_tables_and_pictures(results: Results, tmp_path: Path):
    summary = write_transfer(results, tmp_path, {"machine": "a test's"})
    assert summary["experiment"] == "transfer" and summary["step_ratio_median"] == 20.0
    text = (tmp_path / "summary.md").read_text()
    for title in ("Where a network starts", "Gain of every source", "What foretells a gain", "Closer looks"):
        assert title in text
    history = read_history(tmp_path)
    assert len(history) == 4 * (len(SOURCES) + 1) and {record["gripper"] for record in history} == {"jaw"}
    assert (tmp_path / "curves.png").stat().st_size > 10_000 and (tmp_path / "gains.png").stat().st_size > 5_000


def test_a_row_of_what_there_is_not_is_refused(results: Results):
    with pytest.raises(ConfigError, match="'cap' is no target"):
        results.experiment.row("cap", Run(SCRATCH))
