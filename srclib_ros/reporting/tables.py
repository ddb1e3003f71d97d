"""The tables about a library: its thresholds, its clusters, its parts, and what every algorithm makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np

from srclib_ros.library.clustering import ALGORITHMS, Clustering, Parts
from srclib_ros.library.clustering.clustering import result
from srclib_ros.library.clustering.many import members_of
from srclib_ros.library.clustering.scores import scores
from srclib_ros.library.entry import NOISE
from srclib_ros.library.store import Library
from srclib_ros.library.thresholds import Thresholds
from srclib_ros.reporting.markup import Attribute, Markup, cell, element, figure, join, table, tint
from srclib_ros.training.progress import Progress, silent

Answers = Sequence[int | None]

_HEADINGS = {"noise": "noise share", "dbcv": "DBCV", "ari": "ARI", "nmi": "NMI"}


def thresholds_table(of_view: Thresholds, of_whole: Thresholds) -> Markup:
    """Where the two verdicts begin, and how often each was wrong when the library was built."""
    verdicts = (
        ("identity of one view: this very part is in the library", of_view.identity),
        ("identity of a mesh: beside how like the entry its own views are", of_whole.identity),
        ("suitability of one view: the library holds a useful source", of_view.suitability),
        ("suitability of a mesh", of_whole.suitability),
    )
    rows = [
        [
            cell(meaning),
            cell(threshold.similarity),
            cell(f"{threshold.false_accept:.1%}", threshold.false_accept, number=True),
            cell(f"{threshold.false_reject:.1%}", threshold.false_reject, number=True),
            cell(threshold.auroc),
            cell(threshold.queries),
        ]
        for meaning, threshold in verdicts
    ]
    return table(["verdict", "from similarity", "wrongly yes", "wrongly no", "AUROC", "queries"], rows)


def clusters_table(library: Library, answers: Answers) -> Markup:
    """A row a cluster, members strongest first, and last the parts in none."""
    rows = []
    for cluster, found in sorted(members_of(library.clusters).items(), key=lambda item: (item[0] == NOISE, item[0])):
        members = sorted(found.tolist(), key=lambda row: (-library.entries[row].strength, library.entries[row].name))
        medoid = next((row for row in members if library.entries[row].is_representative), None)
        strengths = [library.entries[row].strength for row in members]
        rows.append(
            [
                cell(_swatch(cluster), cluster if cluster != NOISE else len(library.entries)),
                cell(_pictured(library, medoid) or "", "" if medoid is None else _name(library, medoid)),
                cell(len(members)),
                cell(None if cluster == NOISE else float(np.mean(strengths)), number=True),
                cell(join(*(_member(library, row) for row in members)), len(members)),
                cell(_networks(library, members, answers, cluster)),
            ]
        )
    return table(["cluster", "representative", "parts", "mean strength", "members (strength)", "network"], rows)


def parts_table(library: Library, answers: Answers) -> Markup:
    rows = []
    for row, entry in enumerate(library.entries):
        x, y, z = (1e3 * extent_m for extent_m in entry.extents_m)
        answer = answers[row]
        rows.append(
            [
                cell(_pictured(library, row), entry.name),
                cell(entry.category or "–"),
                cell(_swatch(entry.cluster), entry.cluster if entry.cluster != NOISE else len(library.entries)),
                cell(round(entry.strength, 3)),
                cell(f"{1e3 * entry.diameter_m:.1f}", entry.diameter_m, number=True),
                cell(f"{x:.0f} × {y:.0f} × {z:.0f}", max(entry.extents_m)),
                cell("own" if answer == row else "none" if answer is None else _name(library, answer)),
            ]
        )
    headings = ["part", "category", "cluster", "strength", "diameter, mm", "extents, mm", "network that answers"]
    return table(headings, rows)


def algorithms_table(library: Library, parts: Parts, seed: int, progress: Progress = silent) -> Markup:
    """The library's own clusters, and what each algorithm finds with its parameters taken from the data."""
    strengths = np.array([entry.strength for entry in library.entries])
    stored = result(parts, library.clusters, "as stored", {}, {}, strengths)
    found = [stored]
    for algorithm in progress(ALGORITHMS.values(), total=len(ALGORITHMS), label="algorithms"):
        seeded = {"seed": seed} if "seed" in inspect.signature(algorithm).parameters else {}
        found.append(algorithm(parts, **seeded))
    categories = [entry.category for entry in library.entries]
    rated = [scores(parts, clustering, categories) for clustering in found]
    rows = [
        [cell(clustering.algorithm), *(cell(value) for value in rates.values()), cell(_settings(clustering))]
        for clustering, rates in zip(found, rated, strict=True)
    ]
    return table(["algorithm", *(_HEADINGS.get(name, name) for name in rated[0]), "parameters"], rows)


def _settings(clustering: Clustering) -> Markup:
    told = (
        element(
            "span",
            f"{name} {figure(value) if isinstance(value, (int, float)) else value}",
            title=clustering.chosen.get(name),
            class_="found" if name in clustering.chosen else None,
        )
        for name, value in clustering.parameters.items()
    )
    return Markup(", ".join(told))


def _networks(library: Library, members: Sequence[int], answers: Answers, cluster: int) -> Markup:
    own = [row for row in members if library.with_model[row]]
    if not own:
        return element("span", "none", class_="absent")
    alone = cluster == NOISE and len(own) < len(members)
    return join(*(_member(library, row, strength=False) for row in own), " (each for itself alone)" if alone else None)


def _member(library: Library, row: int, strength: bool = True) -> Markup:
    entry = library.entries[row]
    told = f" {entry.strength:.2f}" if strength and entry.cluster != NOISE else None
    return element("a", entry.name, element("small", told) if told else None, **_target(row, "member"))


def _pictured(library: Library, row: int | None) -> Markup | None:
    if row is None:
        return None
    picture = element("span", class_="thumb", data_thumb=str(row))
    return element("a", picture, _name(library, row), **_target(row, "pictured"))


def _target(row: int, name: str) -> dict[str, Attribute]:
    return {"class_": name, "href": "#", "data_part": str(row)}


def _name(library: Library, row: int) -> str:
    return library.entries[row].name


def _swatch(cluster: int) -> Markup:
    return element("span", "none" if cluster == NOISE else str(cluster), **tint(cluster, "swatch"))
