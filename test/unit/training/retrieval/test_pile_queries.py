"""Which part a segment shows, counted by hand; and one small pile from end to end."""

from __future__ import annotations

import numpy as np
import pytest
from support.retrieval_parts import angle_plate

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.geometry.oriented import points_of
from srclib_ros.training.retrieval.pile_queries import PileCounts, majority, segments_of_piles


@pytest.mark.parametrize(
    ("pixels", "instance", "mostly_bin", "impure"),
    [
        ([2, 3, 0, 5], 3, 0, 0),  # half of it is enough
        ([6, 0, 4], None, 1, 0),
        ([2, 4, 4], None, 0, 1),
        ([5, 5], 1, 0, 0),  # half bin is not mostly bin
        ([7], None, 1, 0),
    ],
)
def test_a_segment_is_of_the_instance_that_half_of_its_pixels_show(
    pixels: list[int], instance: int | None, mostly_bin: int, impure: int
) -> None:
    counts = PileCounts()
    assert majority(np.array(pixels), counts) == instance
    assert (counts.mostly_bin, counts.impure) == (mostly_bin, impure)


def test_parts_that_do_not_suit_the_cell_are_counted() -> None:
    """A part of 9 mm, one of 0.3 m, a flat sheet, an open box, and a good one."""
    plate = angle_plate()
    open_box = PartMesh("open", "", plate.vertices, plate.faces[2:])
    flat = PartMesh("sheet", "", np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.05, 0.0]]), np.array([[0, 1, 2]], np.int32))
    found = segments_of_piles([plate, plate.scaled(0.3), plate.scaled(10.0), flat, open_box], 0, drops_each=1)
    counts = found.counts
    assert (counts.parts_dropped, counts.parts_too_small, counts.parts_too_large) == (2, 1, 1)
    assert (counts.parts_as_hull, counts.parts_without_physics) == (1, 1)
    assert (counts.piles, counts.instances) == (1, 2)
    assert counts.segments == len(found.clouds) + counts.mostly_bin + counts.impure
    assert set(found.part.tolist()) <= {0, 4}
    assert len(found.whole) == len(found.asked) == len(found.part)
    assert counts.doubtful == np.count_nonzero(~found.asked)
    for cloud in found.clouds:
        assert np.isfinite(points_of(cloud)).all()
        assert np.ptp(points_of(cloud), axis=0).max() < 0.06
