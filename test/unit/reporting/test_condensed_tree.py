from __future__ import annotations

import re

import numpy as np
import pytest
from support.clustered_library import clustered_library

from srclib_ros.reporting.condensed_tree import Bar, Link, condensed_tree, drawn_tree, lay_out

# five parts: 4 falls out of the root (5) at 1; at 2 it splits into 6 (0, 1; until 8) and 7 (2, 3; until 4)
LINKS = [
    Link(5, 4, 1.0, 1),
    Link(5, 6, 2.0, 2),
    Link(5, 7, 2.0, 2),
    Link(6, 0, 8.0, 1),
    Link(6, 1, 8.0, 1),
    Link(7, 2, 4.0, 1),
    Link(7, 3, 4.0, 1),
]


def test_layout_by_hand() -> None:
    tree = lay_out(LINKS, 5)
    assert tree.order == (0, 1, 2, 3, 4)
    assert tree.bars == (
        Bar(0, 4, 0.0, 2.0),
        Bar(4, 5, 0.0, 1.0),
        Bar(0, 1, 2.0, 8.0),
        Bar(1, 2, 2.0, 8.0),
        Bar(2, 3, 2.0, 4.0),
        Bar(3, 4, 2.0, 4.0),
    )


def test_parts_at_one_place_are_drawn_to_just_beyond_the_others() -> None:
    endless = [link._replace(density=np.inf) if link.parent == 6 else link for link in LINKS]
    assert max(bar.high for bar in lay_out(endless, 5).bars) == pytest.approx(4.4)


def test_every_part_is_drawn_once(tmp_path) -> None:
    pytest.importorskip("hdbscan")
    library = clustered_library(tmp_path, [0] * 6 + [1] * 5 + [-1] * 3)
    from srclib_ros.library.clustering import part_distances

    distance = part_distances(library.gallery)
    before = distance.copy()
    tree = condensed_tree(distance, 2, 1)
    assert tree is not None
    np.testing.assert_array_equal(distance, before)
    assert sorted(tree.order) == list(range(14))
    drawn = drawn_tree(tree, library.entries)
    assert sorted(map(int, re.findall(r'data-part="(\d+)"', drawn))) == list(range(14))


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_parts_have_none(count: int) -> None:
    pytest.importorskip("hdbscan")
    assert condensed_tree(np.zeros((count, count)), 2, 1) is None


def test_parts_that_are_all_alike() -> None:
    pytest.importorskip("hdbscan")
    tree = condensed_tree(np.zeros((4, 4)), 2, 1)
    assert tree is not None
    assert sorted(tree.order) == [0, 1, 2, 3]
