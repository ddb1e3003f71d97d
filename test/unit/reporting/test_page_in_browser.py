"""The page in a real browser: it draws itself without an error, and its cards, search, tables and matrix work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest
from support.browser import BROWSERS, find_browser, opened
from support.clustered_library import clustered_library

from srclib_ros.library.clustering import part_distances
from srclib_ros.library.store import Library

pytest.importorskip("sklearn")
pytest.importorskip("hdbscan")

from srclib_ros.reporting.page import report

BROWSER = find_browser()
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {', '.join(BROWSERS)} on PATH")

NASTY = "<script>alert('1')</script> & \"more\""

# What a person would do, and what they would see then, as JSON on the page's body.
DEEDS = """
const text = (selector) => document.querySelector(selector).textContent;
const shown = (selector) => [...document.querySelectorAll(selector)].filter((item) => !item.matches(".off")).length;
const names = () => [...document.querySelectorAll("#parts tbody tr")].map((row) => row.cells[0].textContent);
const press = (target, key) => target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const seen = {};

const first = document.querySelector("#part-map .mark[tabindex='0']");
first.focus();
seen.focused = text("#card h3");
press(first, "ArrowLeft"), press(first, "ArrowRight");
seen.walked = text("#card h3");
document.activeElement.blur();
seen.left = document.getElementById("card").hidden;

const over = document.querySelector("#part-map [data-part='4']");
over.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
seen.hovered = text("#card");
over.dispatchEvent(new PointerEvent("pointerout", { bubbles: true }));
over.dispatchEvent(new MouseEvent("click", { bubbles: true }));
seen.clicked = [document.getElementById("card").hidden, decodeURIComponent(location.hash)];
press(document.body, "Escape");
seen.closed = document.getElementById("card").hidden;

const search = document.getElementById("find");
for (const [name, value] of [["some", "PART_1 _"], ["none", "zzz"], ["all", ""]]) {
  search.value = value;
  search.dispatchEvent(new Event("input"));
  seen[name] = [shown("#parts tbody tr"), shown("#part-map [data-part]"), text("#found")];
}

const heading = document.querySelector("#parts th button");
seen.unsorted = names();
heading.click();
seen.ascending = names();
heading.click();
seen.descending = names();

const matrix = document.getElementById("matrix");
press(matrix, "ArrowRight");
seen.pair = [...document.querySelectorAll("#pair a")].map((link) => Number(link.dataset.part));
seen.distance = Number(text("#pair strong").split(" ")[1]);
seen.painted = new Set(matrix.getContext("2d").getImageData(0, 0, matrix.width, matrix.height).data).size;
document.body.dataset.seen = JSON.stringify(seen);
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    names = [NASTY, *(f"part_{row}" for row in range(1, 12))]
    return clustered_library(tmp_path_factory.mktemp("library"), [0] * 5 + [1] * 4 + [-1] * 3, {3}, names)


@pytest.fixture(scope="module")
def open_page(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    html = report(library).html.decode()

    def open_it(address: str = "", deeds: str = "") -> str:
        folder = tmp_path_factory.mktemp("page")
        more = f"<script>addEventListener('load', () => {{ {deeds} }});</script></body>"
        (folder / "report.html").write_text(html.replace("</body>", more if deeds else "</body>"), encoding="utf-8")
        assert BROWSER is not None
        return opened(BROWSER, folder / "report.html", folder / "profile", address)

    return open_it


@pytest.fixture(scope="module")
def seen(open_page: Callable[..., str]) -> dict[str, Any]:
    document = open_page(deeds=DEEDS)
    found = re.search(r'<body[^>]* data-seen="([^"]*)"', document)
    assert found, re.search(r"<body[^>]*>", document)
    seen: dict[str, Any] = json.loads(unescape(found[1]))
    return seen


def test_it_is_drawn_and_a_part_in_the_address_has_its_card(open_page: Callable[..., str]) -> None:
    document = open_page("#part=part_3")
    body = re.search(r"<body[^>]*>", document)
    assert body
    assert 'data-ready="yes"' in body[0]
    assert "data-error" not in body[0]
    assert re.search(r'<p id="error" role="alert" hidden="">\s*</p>', document)
    card = document[document.index('<aside id="card"') : document.index("</aside>")]
    for piece in ("part_3</h3>", "kind_0", "50.0 mm", "its own", 'src="data:image/png;base64,'):
        assert piece in card


def test_what_goes_wrong_is_said(open_page: Callable[..., str]) -> None:
    document = open_page(deeds="undefinedThing();")
    assert "undefinedThing is not defined</p>" in document


def test_cards_open_by_keyboard_and_pointer(seen: dict[str, Any]) -> None:
    assert seen["focused"]
    assert seen["walked"]
    assert seen["left"] is True
    assert "part_4" in seen["hovered"]
    assert "--parts" in seen["hovered"]
    assert seen["clicked"] == [False, "#part=part_4"]
    assert seen["closed"] is True


def test_the_search_filters_the_table_and_the_map(seen: dict[str, Any]) -> None:
    assert seen["some"] == [3, 3, "3 of 12"]  # part_1, part_10 and part_11
    assert seen["none"] == [0, 0, "0 of 12"]
    assert seen["all"] == [12, 12, ""]


def test_tables_sort_both_ways(seen: dict[str, Any]) -> None:
    assert len(set(seen["unsorted"])) == 12
    assert seen["ascending"] == seen["descending"][::-1]
    assert sorted(seen["ascending"]) == sorted(seen["unsorted"])


def test_the_matrix_is_painted_and_names_the_pair(seen: dict[str, Any], library: Library) -> None:
    one, other = seen["pair"]
    np.testing.assert_allclose(seen["distance"], part_distances(library.gallery)[one, other], atol=1e-3)
    assert seen["painted"] > 20
