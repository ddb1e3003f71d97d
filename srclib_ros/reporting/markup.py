"""HTML and SVG elements. Text is escaped where it goes in, so that a part may be named `<script>`."""

from __future__ import annotations

import json
from html import escape
from typing import Any

Attribute = str | float | bool | None

_VOID = {"img", "input"}
_HUE_STEP_DEG = 137.508  # the golden angle: neighbouring numbers get hues far apart
_LIGHTNESS_STEPS_PERCENT = (0, -9, 9)


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *children: str | None, **attributes: Attribute) -> Markup:
    """`<tag attributes>children</tag>`; children that are no `Markup` are escaped, None is nothing.

    `class_` is class, `data_part` is data-part. An attribute that is None or False is left out, one that is True
    stands alone; numbers are written with two decimals at most.
    """
    opening = tag + "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{join(*children)}</{tag}>")


def join(*children: str | None) -> Markup:
    """Children one after another."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children if child))


def table(headings: list[str], rows: list[list[Markup]], caption: str = "") -> Markup:
    """A table that the page sorts by a click on a heading. Rows are lists of cells, see `cell`."""
    head = element("tr", *(element("th", element("button", text, type="button"), scope="col") for text in headings))
    body = element("tbody", *(element("tr", *row) for row in rows))
    said = element("caption", caption) if caption else None
    return element("table", said, element("thead", head), body, class_="sortable")


def cell(content: str | float | None, key: float | str | None = None, number: bool = False) -> Markup:
    """A cell. key: what it is sorted by, if that is not what it shows. number: stands right, as numbers do anyway."""
    if isinstance(content, (int, float)):
        number, key = True, content if key is None else key
    shown = content if isinstance(content, str) else figure(content)
    return element("td", shown, class_="number" if number else None, data_key=None if key is None else str(key))


def figure(value: float | None) -> str:
    """A number as it stands in a table: three decimals, whole numbers bare, a dash for none."""
    if value is None or value != value:
        return "–"
    if isinstance(value, int):
        return str(value)
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"


def tint(cluster: int, *classes: str) -> dict[str, Attribute]:
    """Attributes that give an element the colour of its cluster (grey below 0), in either colour scheme."""
    names = " ".join(("tint", *classes, *(("noise",) if cluster < 0 else ())))
    if cluster < 0:
        return {"class_": names}
    hue_deg = round(cluster * _HUE_STEP_DEG % 360)
    return {"class_": names, "style": f"--hue:{hue_deg};--lift:{_LIGHTNESS_STEPS_PERCENT[cluster % 3]}%"}


def data_block(value: Any, name: str) -> Markup:
    """JSON for the page's script, such that nothing in it can end the block."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="{escape(name)}">{text}</script>')


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    label = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {label}"
    shown = value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
    return f' {label}="{escape(shown)}"'
