"""A source library as one HTML page that needs nothing else: no network, no other file.

The same library, meshes, experiments and seed give the same bytes.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.library.clustering import Parts, part_distances, parts_of
from srclib_ros.library.clustering.many import MANY
from srclib_ros.library.clustering.record import clustering_parameters
from srclib_ros.library.entry import NOISE
from srclib_ros.library.search import nearest_rows
from srclib_ros.library.store import Library
from srclib_ros.reporting.answering import answering
from srclib_ros.reporting.apart import apart
from srclib_ros.reporting.condensed_tree import condensed_tree, drawn_tree
from srclib_ros.reporting.dendrogram import LINKAGE, dendrogram, leaf_order, linkage_tree
from srclib_ros.reporting.experiments import Experiment, experiments_section
from srclib_ros.reporting.markup import Markup, data_block, element, figure, join
from srclib_ros.reporting.matrix import matrix_data, matrix_figure
from srclib_ros.reporting.meshes import EntryMesh, entry_meshes, mismatches
from srclib_ros.reporting.part_map import legend, part_map
from srclib_ros.reporting.projection import Projection, project
from srclib_ros.reporting.tables import algorithms_table, clusters_table, parts_table, thresholds_table
from srclib_ros.reporting.thumbnails import thumbnail
from srclib_ros.training.progress import Progress, silent
from srclib_ros.types import Matrix

MOST_PARTS = MANY
NEAREST = 5


@dataclass(frozen=True)
class Report:
    """html: the page. thumbnails: how many parts have one. remarks: what does not agree, or was left out, and why."""

    html: bytes
    thumbnails: int
    remarks: tuple[str, ...]


def report(
    library: Library,
    seed: int = 0,
    parts: Sequence[PartMesh] | None = None,
    experiments: Sequence[Experiment] = (),
    progress: Progress = silent,
) -> Report:
    """The page about a library.

    parts: meshes that the library was built from, for thumbnails; without them only parts with a grasp model have one.
    Beyond `MOST_PARTS` parts, thumbnails, matrix and dendrogram are of representatives alone.
    """
    in_shape = parts_of(library.gallery, seed)
    shown = shown_rows(library)
    meshes = entry_meshes(library, parts)
    thumbnails = _thumbnails(library, meshes, shown, progress)
    projection = project(in_shape, seed)
    answers = answering(library, in_shape)
    remarks = _remarks(library, parts, shown)

    whole = len(shown) == len(library.entries)
    among = part_distances(library.gallery[shown])
    merges = linkage_tree(among)
    order = leaf_order(merges) if shown else []
    data = {
        "parts": _part_records(library, in_shape, meshes, thumbnails, answers),
        "matrix": matrix_data(among, order, shown) if len(shown) > 1 else None,
    }
    few, many = _note("Too few parts for it."), _note(f"Left out beyond {MOST_PARTS} parts.")
    sections = [
        ("map", "Map", _map(library, projection)),
        ("clusters", "Clusters", element("div", clusters_table(library, answers), class_="wide")),
        ("parts", "Parts", element("div", parts_table(library, answers), class_="scroll", tabindex="0")),
        ("dendrogram", "Dendrogram", _dendrogram(library, merges, order, shown) if len(shown) > 1 else few),
        ("condensed", "Condensed tree", _condensed(library, among) if whole else many),
        ("distances", "Distances", _distances() if len(shown) > 1 else few),
        ("algorithms", "Algorithms", _algorithms(library, in_shape, seed, progress) if whole else many),
    ]
    if experiments:
        sections.append(("experiments", "Experiments", experiments_section(list(experiments))))
    html = _template("page.html").substitute(
        title=element("title", f"{library.name}: source library"),
        style=_asset("page.css"),
        script=_asset("page.js"),
        heading=_heading(library, remarks),
        links=join(*(element("a", title, href=f"#{name}") for name, title, _ in sections)),
        sections=join(
            *(element("section", element("h2", title), content, id=name) for name, title, content in sections)
        ),
        data=data_block(data, "data"),
    )
    return Report(html.encode(), len(thumbnails), remarks)


def shown_rows(library: Library) -> list[int]:
    """Rows of the entries that have their line in matrix and dendrogram: all, or beyond `MOST_PARTS` the
    representatives of the largest clusters.
    """
    count = len(library.entries)
    if count <= MOST_PARTS:
        return list(range(count))
    sizes = Counter(library.clusters.tolist())
    rows = [row for row, entry in enumerate(library.entries) if entry.is_representative]
    rows.sort(key=lambda row: (-sizes[library.entries[row].cluster], row))
    return sorted(rows[:MOST_PARTS])


def _remarks(library: Library, parts: Sequence[PartMesh] | None, shown: list[int]) -> tuple[str, ...]:
    remarks = [] if parts is None else [f"--parts: {what}" for what in mismatches(library, parts)]
    if parts is None and not library.with_model.all():
        remarks.append("A library stores no meshes: name their folder by --parts, and every part has its picture.")
    if len(shown) < len(library.entries):
        remarks.append(
            f"{len(library.entries)} parts are more than {MOST_PARTS}: pictures, dendrogram and distances are of the "
            f"{len(shown)} representatives alone; the map and the nearest parts are by one mean view a part; condensed "
            "tree and algorithms are left out (`srclib cluster LIB --algorithm all`)."
        )
    return tuple(remarks)


def _thumbnails(library: Library, meshes: Sequence[EntryMesh], shown: list[int], progress: Progress) -> dict[int, str]:
    """Row of an entry -> PNG, base64."""
    drawn = [(row, meshes[row].mesh) for row in shown]
    pictures = {}
    for row, mesh in progress(drawn, total=len(drawn), label="thumbnails"):
        if mesh is not None:
            pictures[row] = base64.b64encode(thumbnail(mesh)).decode()
    return pictures


def _part_records(
    library: Library,
    parts: Parts,
    meshes: Sequence[EntryMesh],
    thumbnails: dict[int, str],
    answers: Sequence[int | None],
) -> list[dict[str, Any]]:
    records = []
    for row, entry in enumerate(library.entries):
        distance = apart(parts, row)
        nearest = [int(other) for other in nearest_rows(distance, NEAREST + 1) if other != row][:NEAREST]
        records.append(
            {
                "name": entry.name,
                "category": entry.category,
                "cluster": entry.cluster,
                "strength": round(entry.strength, 3),
                "diameter_mm": round(1e3 * entry.diameter_m, 1),
                "representative": entry.is_representative,
                "source": answers[row],
                "nearest": [[other, round(float(distance[other]), 3)] for other in nearest],
                "thumbnail": thumbnails.get(row),
                "why": "" if row in thumbnails else meshes[row].why or "drawn for representatives alone",
            }
        )
    return records


def _heading(library: Library, remarks: Sequence[str]) -> Markup:
    clusters = set(library.clusters.tolist()) - {NOISE}
    how = library.manifest.get("clustering")
    facts = {
        "version": library.version,
        "encoder": library.encoder_id,
        "seed": library.manifest.get("seed"),
        "written by": f"srclib_ros {library.manifest['code_version']}" if "code_version" in library.manifest else None,
        "parts": len(library.entries),
        "categories": len({entry.category for entry in library.entries}),
        "clusters": len(clusters),
        "in no cluster": int((library.clusters == NOISE).sum()),
        "grasp networks": int(library.with_model.sum()),
        "clustered by": ", ".join(
            f"{value}" if name == "algorithm" else f"{name} {value}" for name, value in how.items()
        )
        if isinstance(how, dict)
        else None,
    }
    listed = (
        element("div", element("dt", name), element("dd", str(value)))
        for name, value in facts.items()
        if value is not None
    )
    return join(
        element("h1", library.name, element("small", " source library")),
        element("dl", *listed, class_="facts"),
        *(element("p", remark, class_="remark") for remark in remarks),
        element("div", thresholds_table(library.thresholds, library.thresholds_of_whole), class_="wide"),
    )


def _map(library: Library, projection: Projection) -> Markup:
    said = f"By {projection.method}, from the distances in shape between parts (size plays no part)."
    if projection.trustworthiness is not None:
        said += (
            f" Trustworthiness {figure(projection.trustworthiness)} over {projection.neighbours} neighbours: 1 where "
            "parts that lie side by side here are nearest in truth."
        )
    if projection.rank_correlation is not None:
        said += f" Rank correlation of all distances with those drawn: {figure(projection.rank_correlation)}."
    return join(
        part_map(projection.xy, library.entries),
        legend(),
        _note(said + " Click a part to keep its card open; Tab and the arrow keys walk from part to part."),
    )


def _dendrogram(library: Library, merges: Matrix, order: Sequence[int], shown: Sequence[int]) -> Markup:
    note = (
        f"Merged by {LINKAGE} linkage. A branch has the colour of its cluster where all its parts are of one. "
        "★ representative, ■ has a grasp network."
    )
    return join(_note(note), dendrogram(merges, order, shown, library.entries))


def _condensed(library: Library, distance: Matrix) -> Markup:
    how = library.manifest.get("clustering")
    algorithm, parameters = ("", {}) if how is None else clustering_parameters(how, str(library.folder))
    own = algorithm == "hdbscan"
    settings = {"min_cluster_size": 2, "min_samples": 1} | (parameters if own else {})
    tree = condensed_tree(distance, **settings)
    if tree is None:
        return _note("Too few parts for it.")
    told = ", ".join(f"{name} {value}" for name, value in settings.items())
    note = f"HDBSCAN's, {told}: from left to right parts have to lie closer together to be a cluster still." + (
        "" if own else " The library was not clustered by it; the colours are of the library's clusters."
    )
    return join(_note(note), drawn_tree(tree, library.entries))


def _distances() -> Markup:
    note = (
        "From each view of one part to the nearest of the other, averaged: 0 where they look the same, 1 where they "
        "have nothing in common. In the order of the dendrogram's leaves, clusters along the edges."
    )
    return join(_note(note), matrix_figure())


def _algorithms(library: Library, parts: Parts, seed: int, progress: Progress) -> Markup:
    note = (
        "Silhouette and DBCV of what is in a cluster; ARI and NMI against the categories. Underlined parameters were "
        "found from the data."
    )
    return join(_note(note), element("div", algorithms_table(library, parts, seed, progress), class_="wide"))


def _note(text: str) -> Markup:
    return element("p", text, class_="note")


def _template(name: str) -> Template:
    return Template(_asset(name))


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
