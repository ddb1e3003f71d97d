"""The distances between parts as a picture: numbers for the page's script, which draws them on a canvas."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import squareform

from srclib_ros.reporting.markup import Markup, element
from srclib_ros.types import Matrix

_LEVELS = 65535


def matrix_data(distance: Matrix, order: Sequence[int], rows: Sequence[int]) -> dict[str, Any]:
    """JSON: the upper triangle of (E, E) distances, the parts in the order of leaves, row by row, as little-endian
    16-bit shares of the largest.
    """
    inner = squareform(distance[np.ix_(list(order), list(order))], checks=False)
    most = float(inner.max(initial=0.0))
    shares = np.round(inner / most * _LEVELS if most > 0 else inner).astype("<u2")
    return {
        "order": [rows[part] for part in order],
        "most": round(most, 6),
        "values": base64.b64encode(shares.tobytes()).decode(),
    }


def matrix_figure() -> Markup:
    """Where the script draws, a scale, and a line that names the pair below the pointer."""
    canvas = element(
        "canvas",
        id="matrix",
        tabindex="0",
        role="img",
        aria_label="Distance of every two parts; the arrow keys move from pair to pair",
    )
    said = element("div", "Point at a cell, or use the arrow keys.", id="pair", aria_live="polite")
    scale = element("div", element("span", "0"), element("canvas", id="scale"), element("span", id="most"), id="legend")
    return element("div", canvas, element("div", scale, said, class_="beside"), class_="matrix")
