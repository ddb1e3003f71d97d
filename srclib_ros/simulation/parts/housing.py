"""Box housings: an open case with corner posts, ears and a cable hole."""

from __future__ import annotations

from srclib_ros.simulation.parts.solid import Solid, drill, lying, prism, rod, rounded, slot

FAMILY = "housing"
LIBRARY = {
    "50x40": {"x": 50.0, "y": 40.0, "height": 20.0, "wall": 3.0, "ear": 8.0, "hole": 9.0},
    "70x50": {"x": 70.0, "y": 50.0, "height": 28.0, "wall": 3.0, "ear": 10.0, "hole": 12.0},
    "90x45": {"x": 90.0, "y": 45.0, "height": 24.0, "wall": 4.0, "ear": 12.0, "hole": 10.0},
    "45x45_tall": {"x": 45.0, "y": 45.0, "height": 50.0, "wall": 3.0, "ear": 8.0, "hole": 14.0},
}
HELD_OUT = {"60x46": {"x": 60.0, "y": 46.0, "height": 24.0, "wall": 3.0, "ear": 9.0, "hole": 10.0}}


def build(x: float, y: float, height: float, wall: float, ear: float, hole: float) -> Solid:
    case = prism(rounded(x, y, 2.0 * wall), height)
    cavity = prism(rounded(x - 2.0 * wall, y - 2.0 * wall, wall), height, wall)
    posts = [
        rod(2.5 * wall, height - wall).translate((sx * (x / 2.0 - 1.8 * wall), sy * (y / 2.0 - 1.8 * wall), 0.0))
        for sx in (-1.0, 1.0)
        for sy in (-1.0, 1.0)
    ]
    ears = prism(slot(x + ear, 1.4 * ear), wall)
    screws = [drill(0.55 * ear, wall).translate((side * (x + ear) / 2.0, 0.0, 0.0)) for side in (-1.0, 1.0)]
    cable = lying(rod(hole, 4.0 * wall)).translate((x / 2.0 - 2.0 * wall, 0.0, wall + 0.5 * (height - wall)))
    solid = case + ears - cavity
    for post in posts:
        solid += post
    return solid - screws[0] - screws[1] - cable
