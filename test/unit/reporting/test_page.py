"""The page as text: whole in itself, escaped, the same again, complete."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.clustered_library import clustered_library

from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.library.clustering import clustering
from srclib_ros.library.store import Library

pytest.importorskip("sklearn")
pytest.importorskip("hdbscan")

from srclib_ros.reporting import page
from srclib_ros.reporting.experiments import Experiment, ResultTable
from srclib_ros.reporting.page import report, shown_rows

CLUSTERS = [0, 0, 0, 1, 1, 1, 2, 2, -1, -1]
NASTY = "<script>alert(1)</script>"
VOID = {"meta", "input", "img"}


class Reader(HTMLParser):
    """Collects elements and checks that each is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def marks(self) -> list[int]:
        """Parts that are on the map."""
        return [
            int(a["data-part"] or "")
            for _, a in self.elements
            if "mark" in (a.get("class") or "").split() and "data-part" in a
        ]


def data_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    names = [NASTY, *(f"part_{row}" for row in range(1, len(CLUSTERS)))]
    return clustered_library(tmp_path_factory.mktemp("library"), CLUSTERS, {3}, names)


@pytest.fixture(scope="module")
def html(library: Library) -> str:
    experiment = Experiment(NASTY, "x", (ResultTable(NASTY, (NASTY,), ({NASTY: NASTY},), (NASTY,)),), {})
    return report(library, experiments=[experiment]).html.decode()


def test_it_needs_nothing_else(html: str) -> None:
    assert not re.search(r"(?i)https?:|@import|url\(|//[a-z]+\.", html)
    for tag, attributes in Reader(html).elements:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert not (tag == "script" and "src" in attributes)
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("href") or "#").startswith("#")


def test_a_policy_forbids_it_to_ask_for_more(html: str) -> None:
    (policy,) = [a["content"] for tag, a in Reader(html).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_what_parts_and_experiments_are_named_is_only_text(html: str) -> None:
    assert NASTY not in html
    assert sum(tag == "script" for tag, _ in Reader(html).elements) == 2
    assert data_of(html)["parts"][0]["name"] == NASTY


def test_every_entry_is_on_the_map_and_in_the_table(html: str) -> None:
    assert sorted(Reader(html).marks()) == list(range(len(CLUSTERS)))
    table = html[html.index('id="parts"') : html.index('id="dendrogram"')]
    assert table.count("<tr>") == len(CLUSTERS) + 1


def test_the_head_says_what_the_library_is(html: str, library: Library) -> None:
    head = html[html.index("<header>") : html.index("</header>")]
    for piece in (
        library.name,
        library.version,
        library.encoder_id,
        ">4<",
        "10.0%",
        "20.0%",
        "0.990",
        "0.800",
        "hdbscan",
    ):
        assert piece in head


def test_it_says_how_faithful_the_map_is(html: str) -> None:
    assert "Trustworthiness 0." in html
    assert "t-SNE" in html


def test_the_network_that_answers(html: str) -> None:
    sources = [record["source"] for record in data_of(html)["parts"]]
    assert sources == [None, None, None, 3, 3, 3, None, None, None, None]


def test_thumbnails_are_there_where_there_is_a_mesh_and_the_others_say_why(html: str) -> None:
    for row, record in enumerate(data_of(html)["parts"]):
        assert (record["thumbnail"] is not None) == (row == 3)
        assert ("--parts" in record["why"]) == (row != 3)


def test_every_algorithm_has_its_line(html: str) -> None:
    from srclib_ros.library.clustering import ALGORITHMS

    section = html[html.index('id="algorithms"') : html.index('id="experiments"')]
    for name in ("as stored", *ALGORITHMS):
        assert f"<td>{name}</td>" in section


def test_the_same_library_and_seed_give_the_same_bytes(library: Library) -> None:
    assert report(library, seed=1).html == report(library, seed=1).html


@pytest.mark.parametrize("clusters", [[0, 0, -1], [0, 1, 2], [-1] * 3, [-1] * 12], ids=str)
def test_small_libraries_and_such_without_clusters(tmp_path: Path, clusters: list[int]) -> None:
    made = report(clustered_library(tmp_path, clusters))
    assert sorted(Reader(made.html.decode()).marks()) == list(range(len(clusters)))


def test_a_part_alone(tmp_path: Path) -> None:
    made = report(clustered_library(tmp_path, [-1]))
    assert "Too few parts" in made.html.decode()
    assert data_of(made.html.decode())["matrix"] is None


def test_a_manifest_that_says_little(tmp_path: Path) -> None:
    made = report(clustered_library(tmp_path, [0, 0, 1, 1], clustering=None, seed=None))
    assert "not clustered by it" in made.html.decode()


def test_a_damaged_record_of_the_clustering_is_named(tmp_path: Path) -> None:
    how = {"algorithm": "hdbscan", "min_cluster_size": "two"}
    with pytest.raises(ArtifactDamagedError, match="recluster"):
        report(clustered_library(tmp_path, [0, 0, 1, 1], clustering=how))


def test_beyond_the_bound_representatives_stand_for_their_clusters(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_PARTS", 5)
    monkeypatch.setattr(clustering, "MANY", 5)
    monkeypatch.setattr(clustering, "SAMPLED", 5)
    made = report(library)
    html = made.html.decode()
    rows = [row for row, entry in enumerate(library.entries) if entry.is_representative]
    assert shown_rows(library) == rows
    assert sorted(data_of(html)["matrix"]["order"]) == rows
    assert sorted(Reader(html).marks()) == list(range(len(CLUSTERS)))
    assert any("more than 5" in remark for remark in made.remarks)
    monkeypatch.setattr(page, "MOST_PARTS", 2)
    assert len(shown_rows(library)) == 2


def test_beyond_the_bound_and_no_representative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_PARTS", 2)
    made = report(clustered_library(tmp_path, [-1] * 4))
    assert len(Reader(made.html.decode()).marks()) == 4
