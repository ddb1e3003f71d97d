"""The axis above a tree that is drawn from left to right, and its grid lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from srclib_ros.reporting.markup import Markup, element, join

PLOT_PX, MARGIN_PX, LABEL_PX, ROW_PX = 900.0, 14.0, 260.0, 15.0
WIDTH_PX = MARGIN_PX + PLOT_PX + LABEL_PX
_HEIGHT_PX = 38.0


@dataclass(frozen=True)
class Axis:
    """Values 0 to `most` on `PLOT_PX` pixels; from right to left where `reverse`."""

    most: float
    reverse: bool = False

    def x_px(self, value: float) -> float:
        share = min(value / self.most, 1.0) if self.most > 0 else 0.0
        return MARGIN_PX + PLOT_PX * (1 - share if self.reverse else share)

    def ticks(self) -> list[float]:
        """Some six round values from 0 on."""
        if not self.most > 0:
            return [0.0]
        rough = self.most / 5
        decade = 10.0 ** math.floor(math.log10(rough))
        step = decade * next(factor for factor in (1, 2, 5, 10) if factor * decade >= rough * 0.99)
        return [step * number for number in range(int(self.most / step + 1e-9) + 1)]

    def drawn(self, title: str) -> Markup:
        """The axis by itself, to stay in sight while the tree scrolls."""
        labels = (
            element("text", f"{value:.4g}", x=self.x_px(value), y=_HEIGHT_PX - 6, text_anchor="middle")
            for value in self.ticks()
        )
        heading = element("text", title, x=MARGIN_PX, y=12, class_="axis-title")
        return element("svg", heading, *labels, class_="axis", width=WIDTH_PX, height=_HEIGHT_PX)

    def grid(self, height_px: float) -> Markup:
        return join(
            *(
                element("line", x1=self.x_px(value), x2=self.x_px(value), y1=0, y2=height_px, class_="grid")
                for value in self.ticks()
            )
        )
