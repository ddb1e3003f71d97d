"""The figures of the experiment on transfer, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from srclib_ros.experiments.table import Table
from srclib_ros.experiments.transfer.bench import Run
from srclib_ros.experiments.transfer.choices import EXPECTED
from srclib_ros.experiments.transfer.curves import SHARE, at, final, reached, step_ratio
from srclib_ros.experiments.transfer.experiment import DATA, LONG, Results
from srclib_ros.library.entry import POOLED, SCRATCH
from srclib_ros.library.expected_gain import KNOWN, known_of
from srclib_ros.training.true_gain import BUDGET, SCENES, Curve

EARLY = 0.1  # of the budget
DRAWS = 2000
LEARNING = {"late": "late layers learn", "features": "head alone learns"}
"""Mode -> what it leaves to learn."""


def headline(results: Results) -> dict[str, Any]:
    """What others read: the step ratio, the regret, what the choice beats, how gains were foretold; of each target,
    and over all."""
    of_target = {
        target.mesh.name: _of_target(results, index) for index, target in enumerate(results.experiment.targets)
    }
    siblings = [of for of in of_target.values() if of["siblings"]]
    others = [of for of in of_target.values() if not of["siblings"]]

    def over(those: Sequence[dict[str, Any]], name: str, summed: Callable[..., Any]) -> float | None:
        return float(summed([of[name] for of in those])) if those else None

    every = list(of_target.values())
    return {
        "targets": list(of_target),
        "seeds": list(results.experiment.seeds),
        "step_ratio_median": over(siblings, "step_ratio", np.median),
        "step_ratio_median_without_siblings": over(others, "step_ratio", np.median),
        "step_ratio_median_pooled": over(siblings, "step_ratio_pooled", np.median),
        "step_ratio_median_pooled_without_siblings": over(others, "step_ratio_pooled", np.median),
        "regret_ap": over(every, "regret_ap", np.mean),
        "regret_ap_early": over(every, "regret_ap_early", np.mean),
        "beats_random": over(every, "beats_random", np.mean),
        "beats_pooled": over(every, "beats_pooled", np.mean),
        "spearman_gain": over(every, "spearman_gain", np.mean),
        "ci95": {
            name: _bootstrapped([of[name] for of in every], results.experiment.seed)
            for name in ("step_ratio", "regret_ap", "beats_random", "beats_pooled", "spearman_gain")
        },
        "per_target": of_target,
    }


def tables(results: Results) -> list[Table]:
    return [_starts(results), _targets(results), _gains(results), _correlations(results), *_closer(results)]


def _of_target(results: Results, index: int) -> dict[str, Any]:
    experiment = results.experiment
    target, seeds = experiment.targets[index], experiment.seeds
    name, choice = target.mesh.name, results.choice(target.mesh.name)
    curves = {seed: results.curve(name, choice, seed) for seed in seeds}
    scratch = {seed: results.curve(name, SCRATCH, seed) for seed in seeds}
    sources = [pair["source"] for pair in results.pairs[name]]

    def regret(read: Callable[[Any], float]) -> float:
        """Against the best of the sources that were trained with every seed, by their means."""
        means = {
            source: float(np.mean([read(results.curve(name, source, seed)) for seed in seeds]))
            for source in sources
            if all(results.has(name, source, seed) for seed in seeds)
        }
        return max(means.values()) - means[choice]

    random = [results.random(index, seed) for seed in seeds]
    asked = [
        (at(curves[seed], EARLY), at(results.curve(name, start, seed), EARLY))
        for seed, start in zip(seeds, random, strict=True)
    ]
    gains, promised = results.gains()[name], results.expected(name)
    return {
        "siblings": target.siblings,
        "choice": choice,
        "choice_or_pooled": results.choice(name, with_pooled=True),
        "expected_gain": promised[choice],
        "true_gain": gains[choice],
        "step_ratio": float(np.median([step_ratio(curves[seed], scratch[seed]) for seed in seeds])),
        "steps": _steps(curves, scratch),
        "steps_scratch": _steps(scratch, scratch),
        "ap": float(np.mean([final(curve) for curve in curves.values()])),
        "ap_scratch": float(np.mean([final(curve) for curve in scratch.values()])),
        "regret_ap": regret(final),
        "regret_ap_early": regret(lambda curve: at(curve, EARLY)),
        "beats_random": _beaten(asked),
        "beats_pooled": _beaten(
            [(at(curves[seed], EARLY), at(results.curve(name, POOLED, seed), EARLY)) for seed in seeds]
        ),
        "spearman_gain": _spearman([promised[source] for source in gains], list(gains.values())),
        "step_ratio_pooled": float(
            np.median([step_ratio(results.curve(name, POOLED, seed), scratch[seed]) for seed in seeds])
        ),
        "ap_pooled": float(np.mean([final(results.curve(name, POOLED, seed)) for seed in seeds])),
    }


def _starts(results: Results) -> Table:
    experiment = results.experiment
    rows = []
    for way in results.starts(0, experiment.seeds[0]):
        of_kind: dict[bool, list[dict[str, float]]] = {True: [], False: []}
        for index, target in enumerate(experiment.targets):
            for seed in experiment.seeds:
                name, start = target.mesh.name, results.starts(index, seed)[way]
                curve, scratch = (results.curve(name, of, seed) for of in (start, SCRATCH))
                of_kind[target.siblings].append(
                    {
                        "step ratio": step_ratio(curve, scratch),
                        "AP at 0": float(curve[0][1]) if curve[0][0] == 0 else 0.0,
                        "AP at 10 %": at(curve, EARLY),
                        "AP": final(curve),
                        "gain": results.gain(name, start, seed),
                    }
                )
        row: dict[str, Any] = {"start": way}
        for siblings, found in of_kind.items():
            for column in found[0] if found else ():
                mean = np.median if column == "step ratio" else np.mean
                row[f"{column}, {_KIND[siblings]}"] = float(mean([of[column] for of in found]))
        rows.append(row)
    return Table(
        "Where a network starts",
        tuple(rows[0]),
        rows,
        (
            f"{len(experiment.targets)} targets that nothing was trained on, half of them with siblings in the library "
            f"(first columns), {len(experiment.seeds)} seeds each, {BUDGET} steps on the same {SCENES} scenes. Step "
            "ratio: median over targets and seeds of how many times fewer steps than scratch to 95 % of scratch's "
            "final average precision; 0 where it never gets there. Gain: area under the curve of average precision, "
            "less scratch's. Expected gain: chosen among the sources by a model fitted on the other targets; or "
            "pooled: the network of all of them is among what it chooses from.",
        ),
    )


def _targets(results: Results) -> Table:
    found = headline(results)["per_target"]
    columns = ("target", *next(iter(found.values())))
    rows = [{"target": name, **of} for name, of in found.items()]
    return Table("Each target, started from the source that promises most", columns, rows)


def _gains(results: Results) -> Table:
    gains = results.gains()
    rows = [
        {"source": source, **{name: gains[name][source] for name in gains}} for source in next(iter(gains.values()))
    ]
    return Table("Gain of every source", ("source", *gains), rows, ("First seed.",))


def _correlations(results: Results) -> Table:
    """How well what is known beforehand orders the sources of a target by their gains."""
    gains = results.gains()
    rows = []
    for column, name in enumerate(KNOWN):
        if name == POOLED:
            continue
        found = [
            _spearman([known_of(pair)[column] for pair in pairs], list(gains[target].values()))
            for target, pairs in results.pairs.items()
        ]
        rows.append({"known": name, **_spread(found)})
    together = [of["spearman_gain"] for of in headline(results)["per_target"].values()]
    rows.append({"known": EXPECTED, **_spread(together)})
    note = (
        "Spearman's rank correlation with the true gain over the sources of a target; mean, least, most over targets."
    )
    return Table("What foretells a gain", ("known", "mean", "least", "most"), rows, (note,))


def _closer(results: Results) -> list[Table]:
    """Long trainings, more and fewer scenes, frozen layers: of the targets that have them."""
    experiment = results.experiment
    kinds = [target.siblings for target in experiment.targets]
    seed = experiment.seeds[0]
    rows: list[dict[str, Any]] = []
    for index in (kinds.index(True), kinds.index(False)):
        name = experiment.targets[index].mesh.name
        choice = results.choice(name)
        runs = {f"scratch, {LONG} steps": Run(SCRATCH, seed, steps=LONG)}
        runs |= {
            f"{start}, {count} scenes": Run(start, seed, scenes=count) for count in DATA for start in (SCRATCH, choice)
        }
        runs |= {f"{choice}, all layers": Run(choice, seed)}
        runs |= {f"{choice}, {what}": Run(choice, seed, mode=mode) for mode, what in LEARNING.items()}
        for label, run in runs.items():
            curve = results.row(name, run)["curve"]
            rows.append({"target": name, "run": label, "AP at 10 %": at(curve, EARLY), "AP": final(curve)})
    return [Table("Closer looks", ("target", "run", "AP at 10 %", "AP"), rows)]


def _beaten(asked: Sequence[tuple[float, float]]) -> float:
    """Share of the pairs whose first is the higher; equal ones count half."""
    return float(np.mean([0.5 + 0.5 * np.sign(own - other) for own, other in asked]))


def _steps(curves: Mapping[int, Curve], scratch: Mapping[int, Curve]) -> float | None:
    """The median over seeds to 95 % of scratch's final precision; None where one never gets there."""
    found = [reached(curves[seed], SHARE * final(scratch[seed])) for seed in scratch]
    return None if None in found else float(np.median([step for step in found if step is not None]))


def _spearman(known: Sequence[float], gains: Sequence[float]) -> float:
    """0 where one of the two is the same for all."""
    if min(np.ptp(known), np.ptp(gains)) == 0.0:
        return 0.0
    return float(spearmanr(known, gains).statistic)


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"mean": float(np.mean(values)), "least": float(np.min(values)), "most": float(np.max(values))}


def _bootstrapped(values: Sequence[float], seed: int) -> list[float]:
    """95 % of the means when targets are drawn anew."""
    drawn = np.random.default_rng(seed).integers(len(values), size=(DRAWS, len(values)))
    return [float(value) for value in np.quantile(np.asarray(values)[drawn].mean(axis=1), (0.025, 0.975))]


_KIND = {True: "siblings", False: "none"}
