"""Parametric industrial parts: a family a file, all of them in `catalogue`; folders of meshes in `stored`."""

from srclib_ros.simulation.parts.catalogue import STRANGERS, generate_parts
from srclib_ros.simulation.parts.stored import load_part, load_parts, unit_of_manifest, write_parts

__all__ = ["STRANGERS", "generate_parts", "load_part", "load_parts", "unit_of_manifest", "write_parts"]
