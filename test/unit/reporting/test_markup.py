from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

from srclib_ros.reporting.markup import cell, data_block, element, figure, join, table, tint

NASTY = "</script><script>alert('1')</script>&\"\u2028"


def test_text_is_escaped_and_elements_are_not() -> None:
    made = element("p", "<b>", element("i", "a & b"), None, title='"<')
    assert made == '<p title="&quot;&lt;">&lt;b&gt;<i>a &amp; b</i></p>'
    assert join("<", made) == "&lt;" + made


def test_attributes() -> None:
    made = element("input", class_="x", data_part=3, hidden=True, checked=False, width=1.25, height=2.0, alt=None)
    assert made == '<input class="x" data-part="3" hidden width="1.25" height="2">'


def test_data_cannot_end_its_block() -> None:
    block = data_block({"name": NASTY}, "data")
    assert block.count("</script>") == 1
    inner = re.fullmatch(r"<script [^>]*>(.*)</script>", block, re.DOTALL)
    assert inner
    assert json.loads(inner[1]) == {"name": NASTY}


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (float("nan"), "–"), (3, "3"), (0.12345, "0.123"), (12345.6, "1.235e+04")]
)
def test_figures(value: float | None, shown: str) -> None:
    assert figure(value) == shown


def test_cells_sort_by_what_they_show_unless_told_otherwise() -> None:
    assert cell(0.12345) == '<td class="number" data-key="0.12345">0.123</td>'
    assert cell("9 %", 0.09, number=True) == '<td class="number" data-key="0.09">9 %</td>'
    assert cell("text") == "<td>text</td>"
    assert cell(None) == "<td>–</td>"


def test_a_table_has_a_button_a_column_and_a_row_a_row() -> None:
    made = table(["a", "<b>"], [[cell(1), cell("x")], [cell(2), cell("y")]])
    assert made.count("<button") == 2
    assert made.count("<tr>") == 3
    assert "&lt;b&gt;" in made


def test_neighbouring_clusters_have_hues_far_apart() -> None:
    hues = [int(re.findall(r"--hue:(\d+)", str(tint(cluster)["style"]))[0]) for cluster in range(40)]
    apart = [abs((a - b + 180) % 360 - 180) for a, b in pairwise(hues)]
    assert min(apart) > 100
    assert len(set(hues)) == 40
    assert "style" not in tint(-1)
