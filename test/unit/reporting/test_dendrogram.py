from __future__ import annotations

import re

import numpy as np
import pytest

from srclib_ros.library.entry import Entry
from srclib_ros.reporting.axis import Axis
from srclib_ros.reporting.dendrogram import dendrogram, leaf_order, linkage_tree

# two pairs: 0 and 2 at 0.1, 1 and 3 at 0.2, the pairs at 0.8
DISTANCE = np.array([[0, 0.8, 0.1, 0.8], [0.8, 0, 0.8, 0.2], [0.1, 0.8, 0, 0.8], [0.8, 0.2, 0.8, 0]])


def entry(name: str, cluster: int) -> Entry:
    return Entry(name, "kind", 0.05, (0.04, 0.03, 0.02), cluster, 1.0, False, None, "by hand")


ENTRIES = [entry("a", 0), entry("b", 1), entry("c", 0), entry("<d>", 1)]


def test_pairs_are_merged_first_and_lie_side_by_side() -> None:
    merges = linkage_tree(DISTANCE)
    np.testing.assert_allclose(merges[:, 2], [0.1, 0.2, 0.8])
    order = leaf_order(merges)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_every_part_is_named_and_branches_have_the_colour_of_their_cluster() -> None:
    merges = linkage_tree(DISTANCE)
    drawn = dendrogram(merges, leaf_order(merges), range(4), ENTRIES)
    assert sorted(re.findall(r'data-part="(\d)"', drawn)) == ["0", "1", "2", "3"]
    assert "&lt;d&gt;" in drawn
    assert drawn.count('class="tint branch"') == 2
    assert drawn.count('class="branch mixed"') == 1


def test_rows_say_which_entry_a_part_is() -> None:
    merges = linkage_tree(DISTANCE[:2, :2])
    drawn = dendrogram(merges, leaf_order(merges), [1, 3], ENTRIES)
    assert sorted(re.findall(r'data-part="(\d)"', drawn)) == ["1", "3"]


def test_one_part_is_a_leaf() -> None:
    merges = linkage_tree(np.zeros((1, 1)))
    assert leaf_order(merges) == [0]
    assert 'data-part="0"' in dendrogram(merges, [0], [0], ENTRIES)


@pytest.mark.parametrize("most", [0.0, 1e-4, 0.7, 3.0, 99.0])
def test_ticks_are_round_and_within(most: float) -> None:
    ticks = Axis(most).ticks()
    assert ticks[0] == 0.0
    assert all(tick <= most + 1e-12 for tick in ticks)
    assert len(ticks) <= 6
    assert most == 0.0 or len(ticks) >= 3
