"""Groups told as axes: of parts whose symmetries anyone can name."""

from __future__ import annotations

import re

import manifold3d as m3
import numpy as np
import pytest

from srclib_ros.geometry.mesh import sample_surface
from srclib_ros.grasping.symmetry import symmetry_group
from srclib_ros.grasping.symmetry_axes import symmetry_axes, symmetry_text
from test.support.suction_parts import part_of


def block():
    return m3.Manifold.cube((40, 30, 20), True)


def pipe():
    return m3.Manifold.cylinder(60, 15, 15, 64, True) - m3.Manifold.cylinder(80, 10, 10, 64, True)


def nut():
    return m3.Manifold.cylinder(10, 15, 15, 6, True) - m3.Manifold.cylinder(20, 8, 8, 64, True)


def cup():
    return pipe() + m3.Manifold.cylinder(5, 15, 15, 64).translate((0, 0, -30))


def wedge():
    notch, corner = m3.Manifold.cube((15, 12, 30), True), m3.Manifold.cube((9, 9, 9))
    return block() - notch.translate((14, 10, 0)) - corner.translate((-20, -15, 3))


def ball():
    return m3.Manifold.sphere(20, 64)


def group(solid):
    part = part_of(solid())
    points, _ = sample_surface(part, 20_000, np.random.default_rng(0))
    return symmetry_group(points, part.diameter_m)


@pytest.mark.parametrize(
    ("solid", "text"),
    [
        (wedge, "no symmetry"),
        (block, r"symmetry 2-fold about \(.*\) and 2 more axes"),
        (pipe, r"symmetry continuous about \(0, 0, 1\) and end over end"),
        (cup, r"symmetry continuous about \(0, 0, 1\)"),
        (nut, r"symmetry 6-fold about \(0, 0, 1\) and 6 more axes"),
        (ball, "the symmetry of a sphere"),
    ],
    ids=["wedge", "block", "pipe", "cup", "nut", "ball"],
)
def test_told_in_words(solid, text):
    assert re.fullmatch(text, symmetry_text(group(solid)))


def test_a_nut_turns_over_about_its_corners_and_its_flats_and_nothing_between():
    """An axis a few degrees beside these passes for one too, and would turn every label by twice as much."""
    found = [axis for axis in symmetry_axes(group(nut)) if axis.order == 2]
    azimuth_deg = [np.rad2deg(np.arctan2(axis.direction[1], axis.direction[0])) % 30.0 for axis in found]
    assert len(found) == 6
    assert max(min(angle, 30.0 - angle) for angle in azimuth_deg) < 1.0


def test_a_part_without_symmetry_and_a_ball_have_no_axes():
    assert symmetry_axes(group(wedge)) == []
    assert symmetry_axes(group(ball)) == []
