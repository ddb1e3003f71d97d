"""Parametric industrial parts: a family a file, all of them in `catalogue`."""

from srclib_ros.simulation.parts.catalogue import STRANGERS, generate_parts

__all__ = ["STRANGERS", "generate_parts"]
