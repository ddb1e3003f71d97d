"""Gaps of the library of five entries at known angles: two bolts, two rings, and a plate in no cluster."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.small_library import at_degrees, write_small_library

from srclib_ros.library import coverage as coverage_module
from srclib_ros.library.coverage import Unanswered, coverage, neighbours
from srclib_ros.library.coverage.neighbours import own_spread
from srclib_ros.library.search import Gallery
from srclib_ros.library.store import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(write_small_library(tmp_path / "small"))


def chord(degrees: float) -> float:
    return float(np.sqrt(1.0 - np.cos(np.deg2rad(degrees))))


def test_a_cluster_without_a_network_comes_before_a_part_by_itself(library: Library) -> None:
    assert coverage(library).unanswered == (
        Unanswered(1, "ring", ("ring", "ring_wide")),
        Unanswered(None, "plate", ("plate",)),
    )


def test_far_is_beyond_what_the_suitability_threshold_reaches(library: Library) -> None:
    """From similarity 0.8 on: a distance of the square root of 0.2, an angle of 37 degrees."""
    found = coverage(library)
    assert found.reach == pytest.approx(np.sqrt(0.2))
    assert [(far.entry, far.nearest) for far in found.far_from_networks] == [
        (name, "bolt_m8") for name in ("plate", "ring_wide", "ring")
    ]
    assert found.far_from_networks[0].distance == pytest.approx(chord(180), rel=1e-5)
    assert [(far.entry, far.nearest) for far in found.thin] == [("plate", "ring_wide")]
    assert found.thin[0].distance == pytest.approx(chord(80), rel=1e-5)


def test_the_spread_of_views_is_the_mean_square_to_the_nearest_other() -> None:
    gallery = Gallery(np.stack([at_degrees(0, 10, 30), at_degrees(5, 5, 5)]), np.ones((2, 3), np.float32))
    expected = np.sqrt((2 * chord(10) ** 2 + chord(20) ** 2) / 3)
    np.testing.assert_allclose(own_spread(gallery), [expected, 0.0], atol=1e-3)


def with_views(library: Library, *angles: tuple[float, float]) -> Library:
    gallery = Gallery(np.stack([at_degrees(*pair) for pair in angles]), np.ones((5, 2), np.float32))
    return Library(library.folder, library.manifest, library.version, library.entries, gallery)


def test_of_twins_the_one_with_a_network_stays_and_nobody_goes_twice(library: Library) -> None:
    """Views 10 degrees apart; bolts 1 degree from each other, rings and plate in a row 2 degrees from each other."""
    found = coverage(with_views(library, (0, 10), (1, 11), (90, 100), (92, 102), (94, 104))).twins
    pairs = {(twins.one, twins.other): twins.could_go for twins in found}
    assert pairs == {
        ("bolt_m8", "bolt_m16"): "bolt_m16",
        ("ring", "ring_wide"): "ring_wide",
        ("ring", "plate"): "plate",
        ("ring_wide", "plate"): None,
    }
    assert (found[0].size_ratio, found[0].why) == (2.0, "it has no network, the other has")
    gone = {twins.could_go for twins in found} - {None}
    assert all(gone & {twins.one, twins.other} for twins in found)


def test_many_entries_by_blocks_tell_the_same(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = with_views(library, (0, 10), (1, 11), (90, 100), (120, 130), (180, 190))
    whole = coverage(seen)
    monkeypatch.setattr(coverage_module, "MANY", 2)
    monkeypatch.setattr(neighbours, "_BLOCK", 2)
    blocks = coverage(seen)
    assert blocks.unanswered == whole.unanswered
    for exact, found in ((whole.thin, blocks.thin), (whole.far_from_networks, blocks.far_from_networks)):
        assert [(far.entry, far.nearest) for far in exact] == [(far.entry, far.nearest) for far in found]
        np.testing.assert_allclose([far.distance for far in found], [far.distance for far in exact], rtol=1e-5)
    assert [(t.one, t.other, t.could_go) for t in blocks.twins] == [(t.one, t.other, t.could_go) for t in whole.twins]
    assert not whole.approximated
    assert "mean" in blocks.approximated


def test_without_any_network_everything_is_unanswered(library: Library) -> None:
    library.with_model[:] = False
    found = coverage(library)
    assert sum(len(item.entries) for item in found.unanswered) == 5
    assert {far.nearest for far in found.far_from_networks} == {None}
