"""Every target from every start, and what comes of it. Resumable: a run that is there is not run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srclib_ros.errors import ConfigError
from srclib_ros.experiments.transfer.bench import Run, TargetBench
from srclib_ros.experiments.transfer.choices import EXPECTED, OR_POOLED, RANDOM, at_random, by_distance, expected_gains
from srclib_ros.experiments.transfer.curves import final
from srclib_ros.experiments.transfer.targets import Target
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.library.entry import POOLED, SCRATCH
from srclib_ros.library.store import Library
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.progress import Progress, silent
from srclib_ros.training.true_gain import Curve, area

LONG = 2000
ORACLE = 2
"""So many of the best sources by gain, and by where they end, are run with every seed: the oracle is among them."""
DATA = (25, 100, 400)
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Experiment:
    """library: a folder. pooled: the sealed network of all its sources. seeds: of the trainings; the first is the one
    that every source is tried with."""

    targets: Sequence[Target]
    library: Path
    pooled: Path
    gripper: Gripper
    out: Path
    seed: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)

    def run(self, jobs: Jobs | None = None, progress: Progress = silent) -> Results:
        """Everything, the runs of a target one after the other, targets beside each other where `jobs` has room."""
        jobs = jobs or Jobs()
        known = dict(self._of_each(_known, [()] * len(self.targets), jobs, progress, "pairs"))
        names = [target.mesh.name for target in self.targets]
        pairs, pooled = ({name: known[name][kind] for name in names} for kind in (0, 1))
        rows: dict[str, list[Row]] = {name: [] for name in pairs}
        results = Results(self, pairs, pooled, rows)
        for label, stage in (("every source", self._first), ("choices", self._choices), ("closer looks", self._closer)):
            runs = [stage(index, results) for index in range(len(self.targets))]
            for name, found in self._of_each(_rows, [(of_target,) for of_target in runs], jobs, progress, label):
                rows[name] += [row for row in found if row not in rows[name]]
        return results

    def row(self, target: str, run: Run) -> Row:
        """One run alone. Raises ConfigError for a target or a start that there is not."""
        names = [drawn.mesh.name for drawn in self.targets]
        if target not in names:
            raise ConfigError(f"{target!r} is no target; drawn with seed {self.seed} are {', '.join(names)}")
        bench = self._bench(names.index(target))
        if run.start not in (SCRATCH, POOLED, *bench.sources):
            raise ConfigError(f"{run.start!r} is no start: {SCRATCH}, {POOLED}, {', '.join(bench.sources)}")
        return bench.row(run)

    def _first(self, index: int, results: Results) -> list[Run]:
        first = self.seeds[0]
        sources = [pair["source"] for pair in results.pairs[self.targets[index].mesh.name]]
        return [Run(start, first) for start in (SCRATCH, POOLED, *sources)]

    def _choices(self, index: int, results: Results) -> list[Run]:
        """The other seeds of the starts that are compared."""
        name = self.targets[index].mesh.name
        chosen = {SCRATCH, POOLED, results.choice(name), *by_distance(results.pairs[name]).values()}
        chosen |= results.best(name, ORACLE)
        runs = [Run(start, seed) for seed in self.seeds[1:] for start in sorted(chosen)]
        return runs + [Run(results.random(index, seed), seed) for seed in self.seeds]

    def _closer(self, index: int, results: Results) -> list[Run]:
        """Of the first target with siblings and the first without: a long training, more and fewer scenes, frozen
        layers."""
        kinds = [target.siblings for target in self.targets]
        if index not in (kinds.index(True), kinds.index(False)):
            return []
        first, choice = self.seeds[0], results.choice(self.targets[index].mesh.name)
        long = [Run(SCRATCH, first, steps=LONG)]
        data = [Run(start, first, scenes=count) for count in DATA for start in (SCRATCH, choice)]
        frozen = [Run(choice, first, mode=mode) for mode in ("features", "late")]
        return long + data + frozen

    def _of_each(
        self, work: Any, arguments: Sequence[tuple[Any, ...]], jobs: Jobs, progress: Progress, label: str
    ) -> Iterator[tuple[str, Any]]:
        given = [(self._bench, index, *more) for index, more in enumerate(arguments)]
        for index, found in jobs.each(work, given, progress, label):
            yield self.targets[index].mesh.name, found

    def _bench(self, index: int) -> TargetBench:
        library = Library.open(self.library, verify=False)
        return TargetBench(self.targets[index], library, self.gripper, self.out, self.seed, self.pooled)


@dataclass(frozen=True, eq=False)
class Results:
    """pairs, pooled, rows: of each target by its name: what is known of its sources, of the network of all of them, and
    its runs."""

    experiment: Experiment
    pairs: Mapping[str, Sequence[Mapping[str, Any]]]
    pooled: Mapping[str, Mapping[str, Any]]
    rows: Mapping[str, list[Row]]

    def curve(self, target: str, start: str, seed: int) -> Curve:
        """Of the ordinary run: budget, scenes and layers as all have them."""
        found: Curve = self.row(target, Run(start, seed))["curve"]
        return found

    def row(self, target: str, run: Run) -> Row:
        return next(row for row in self.rows[target] if asdict(run).items() <= row.items())

    def gain(self, target: str, start: str, seed: int) -> float:
        """Area under the curve of average precision, less that of scratch with the same seed."""
        return area(self.curve(target, start, seed)) - area(self.curve(target, SCRATCH, seed))

    def gains(self) -> dict[str, dict[str, float]]:
        """Target -> source -> gain, first seed."""
        first = self.experiment.seeds[0]
        return {
            name: {pair["source"]: self.gain(name, pair["source"], first) for pair in pairs}
            for name, pairs in self.pairs.items()
        }

    def history(self) -> list[dict[str, Any]]:
        """What came true of every pair, and of the network of all sources, as a library remembers it."""
        gripper, first = self.experiment.gripper.name, self.experiment.seeds[0]
        return [
            {
                "target": name,
                "gripper": gripper,
                "gain": self.gain(name, pair["source"], first),
                "of": "experiment transfer",
                **pair,
            }
            for name, pairs in self.pairs.items()
            for pair in (*pairs, self.pooled[name])
        ]

    def expected(self, target: str) -> dict[str, float]:
        """Source, and `POOLED` -> the gain that it promises, by a model that knows nothing of this target."""
        return expected_gains(self.history(), target, (*self.pairs[target], self.pooled[target]))

    def choice(self, target: str, with_pooled: bool = False) -> str:
        """The source that promises most, or the network of all of them, if that is among what is chosen from."""
        promised = self.expected(target)
        return max(promised, key=lambda start: promised[start] if with_pooled or start != POOLED else -np.inf)

    def best(self, target: str, count: int) -> set[str]:
        """The sources that gained most, and those that ended highest, with the first seed."""
        first = self.experiment.seeds[0]
        sources = [pair["source"] for pair in self.pairs[target]]
        by_gain = sorted(sources, key=lambda source: -self.gain(target, source, first))
        by_end = sorted(sources, key=lambda source: -final(self.curve(target, source, first)))
        return {*by_gain[:count], *by_end[:count]}

    def has(self, target: str, start: str, seed: int) -> bool:
        """Whether there is the ordinary run."""
        wanted = asdict(Run(start, seed)).items()
        return any(wanted <= row.items() for row in self.rows[target])

    def random(self, target: int, seed: int) -> str:
        name = self.experiment.targets[target].mesh.name
        return at_random(self.pairs[name], seed, target)

    def starts(self, target: int, seed: int) -> dict[str, str]:
        """Way of choosing -> start."""
        name = self.experiment.targets[target].mesh.name
        ways = {SCRATCH: SCRATCH, POOLED: POOLED, EXPECTED: self.choice(name), OR_POOLED: self.choice(name, True)}
        return ways | {RANDOM: self.random(target, seed)} | by_distance(self.pairs[name])


def _known(bench: Any, index: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    made: TargetBench = bench(index)
    return made.pairs(), made.pooled()


def _rows(bench: Any, index: int, runs: Sequence[Run]) -> list[Row]:
    made: TargetBench = bench(index)
    return [made.row(run) for run in runs]
