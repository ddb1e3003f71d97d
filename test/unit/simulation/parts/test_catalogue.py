"""The generated parts: how many, how large, closed, fixed by their seed; and the two splits kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from srclib_ros.errors import MeshError
from srclib_ros.simulation.parts import STRANGERS, generate_parts
from srclib_ros.simulation.parts.catalogue import FAMILIES


@pytest.fixture(scope="module")
def library():
    return generate_parts()


@pytest.fixture(scope="module")
def held_out():
    return generate_parts(split="held_out")


def test_there_are_enough_of_them(library, held_out):
    assert len(library) >= 60
    assert len({part.category for part in library}) >= 12
    assert len(held_out) >= 20


def test_every_part_is_watertight_and_of_bin_picking_size(library, held_out):
    for part in library + held_out:
        assert part.watertight, part.name
        assert 0.02 <= part.extents_m.max() <= 0.15, part.name


def test_names_are_unique_and_begin_with_the_family(library, held_out):
    names = [part.name for part in library + held_out]
    assert len(set(names)) == len(names)
    assert all(part.name.startswith(part.category + "_") for part in library + held_out)


def test_strangers_have_no_sibling_in_the_library_and_all_others_have(library, held_out):
    known = {part.category for part in library}
    assert len(STRANGERS) >= 2
    assert {part.category for part in held_out} - known == set(STRANGERS)


def test_held_out_sizes_differ_from_every_library_part(library, held_out):
    for part in held_out:
        siblings = [sibling.extents_m for sibling in library if sibling.category == part.category]
        assert all(np.abs(extents / part.extents_m - 1.0).max() > 0.02 for extents in siblings), part.name


def test_the_same_seed_gives_the_same_parts_and_another_one_varies_them(library):
    again, other = generate_parts(0), generate_parts(1)
    assert all(np.array_equal(a.vertices, b.vertices) for a, b in zip(library, again, strict=True))
    for part, varied in zip(library, other, strict=True):
        assert varied.name == part.name
        assert varied.watertight
        assert np.abs(varied.extents_m / part.extents_m - 1.0).max() < 0.12


def test_families_say_what_they_are():
    for family in FAMILIES:
        assert family.__name__.endswith("." + family.FAMILY)
        assert family.__doc__
        assert family.HELD_OUT


def test_an_unknown_split_names_the_known_ones():
    with pytest.raises(MeshError, match="library, held_out"):
        generate_parts(split="test")
