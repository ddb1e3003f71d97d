"""Nearest entry, its cluster, the nearest member with a network; refusals say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.small_library import ROWS, SaidEncoder, at_degrees, segment_saying, write_small_library

from srclib_ros.config import SelectionConfig
from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.errors import EncoderMismatchError
from srclib_ros.library.search import Gallery
from srclib_ros.library.selection import query, select
from srclib_ros.library.store import Library

MIXED = SelectionConfig(bin_content="mixed")
SINGLE = SelectionConfig(bin_content="single")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library.open(write_small_library(tmp_path_factory.mktemp("library") / "small"))


@pytest.fixture
def encoder(library: Library) -> SaidEncoder:
    return SaidEncoder(library.encoder_id)


def test_an_entry_with_a_network_answers_for_itself(library: Library, encoder: SaidEncoder) -> None:
    (match,) = select(library, encoder, [segment_saying(7, 1.0)], MIXED)
    assert (match.segment, match.source, match.scale) == (7, "bolt_m8", 1.0)
    assert match.suitable
    assert match.identity
    assert [neighbour.entry for neighbour in match.neighbours[:2]] == ["bolt_m8", "bolt_m16"]
    assert match.nearest.similarity == pytest.approx(np.cos(np.deg2rad(1.0)), abs=1e-6)


def test_a_member_with_a_network_stands_in_and_is_scaled(library: Library, encoder: SaidEncoder) -> None:
    (match,) = select(library, encoder, [segment_saying(1, 20.0)], MIXED)
    assert match.nearest.entry == "bolt_m16"
    assert match.source == "bolt_m8"
    assert match.scale == pytest.approx(0.08 / 0.04)
    assert match.suitable
    assert not match.identity
    assert "bolt_m8" in match.why


@pytest.mark.parametrize(
    ("angle", "reason"),
    [(90.0, "no member of its cluster 1 has a network"), (180.0, "in no cluster"), (230.0, "nothing in the library")],
    ids=["cluster without a network", "noise", "unlike all"],
)
def test_a_refusal_says_why(library: Library, encoder: SaidEncoder, angle: float, reason: str) -> None:
    (match,) = select(library, encoder, [segment_saying(1, angle)], MIXED)
    assert match.source is None
    assert not match.suitable
    assert reason in match.why


def test_the_user_s_threshold_beats_the_library_s(library: Library, encoder: SaidEncoder) -> None:
    strict = SelectionConfig(min_similarity=0.999)
    assert select(library, encoder, [segment_saying(1, 20.0)], strict)[0].source is None
    lenient = SelectionConfig(min_similarity=0.1)
    assert select(library, encoder, [segment_saying(1, 40.0)], lenient)[0].source == "bolt_m8"


def test_segments_of_a_single_kind_vote_by_their_points(library: Library, encoder: SaidEncoder) -> None:
    large, small = segment_saying(1, 2.0, points=90), segment_saying(2, 95.0, points=10)
    matches = select(library, encoder, [large, small], SINGLE)
    assert [match.segment for match in matches] == [1, 2]
    assert {match.source for match in matches} == {"bolt_m8"}
    assert "2 votes" in matches[0].why
    assert select(library, encoder, [large, small], MIXED)[1].source is None


def test_no_source_answers_for_a_doubtful_segment(library: Library, encoder: SaidEncoder) -> None:
    piece = replace(segment_saying(7, 1.0), completeness=0.3)
    (match,) = select(library, encoder, [piece], MIXED)
    assert (match.source, match.suitable, match.identity) == (None, False, False)
    assert match.nearest.entry == "bolt_m8"
    assert match.doubtful
    assert match.completeness == 0.3
    assert match.why.startswith("likely not one whole part (probability 0.30); otherwise: bolt_m8 is nearest")
    trusting = replace(MIXED, least_completeness=0.0)
    assert select(library, encoder, [piece], trusting)[0].source == "bolt_m8"


def test_doubtful_segments_do_not_vote_unless_there_is_nothing_else(library: Library, encoder: SaidEncoder) -> None:
    whole, piece = segment_saying(1, 95.0, points=10), replace(segment_saying(2, 2.0, points=90), completeness=0.3)
    matches = select(library, encoder, [whole, piece], SINGLE)
    assert [match.nearest.entry for match in matches] == ["ring"] * 2
    assert [match.doubtful for match in matches] == [False, True]
    (alone,) = select(library, encoder, [piece], SINGLE)
    assert alone.source == "bolt_m8"


def test_no_segments_no_matches(library: Library, encoder: SaidEncoder) -> None:
    assert select(library, encoder, [], MIXED) == ()


def test_another_encoder_is_refused(library: Library) -> None:
    with pytest.raises(EncoderMismatchError, match="--encoder"):
        select(library, SaidEncoder("another"), [segment_saying(1, 0.0)], MIXED)


def test_views_of_one_part_vote_in_a_query(library: Library, encoder: SaidEncoder) -> None:
    found = Descriptors(at_degrees(4.0, 11.0, 14.0), np.float32([0.01, 0.01, 0.01]))
    answer, thresholds = query(library, encoder, found, SelectionConfig(neighbours=1))
    assert answer.neighbours[0].entry == "bolt_m16"
    assert thresholds is library.thresholds, "too few views are remembered to say how like it its own are"


def test_a_whole_part_is_the_nearest_entry_where_it_is_as_like_it_as_its_own_views(tmp_path: Path) -> None:
    """Ten views of each bolt, an eighth of a degree apart for one, eight degrees for the other: what lies nine degrees
    from the first one's is not it, what lies seven from the second one's is."""
    folder = write_small_library(tmp_path / "many")
    spread = np.array([0.125, 8.0, 1.0, 1.0, 1.0])
    angles = np.array([row[4] for row in ROWS])[:, None] + spread[:, None] * np.arange(10) + [[0], [40], [0], [0], [0]]
    library = Library.open(folder)
    views = np.stack([at_degrees(*some) for some in angles])
    library.gallery = Gallery(views, np.full((5, 10), 0.01, np.float32))
    encoder = SaidEncoder(library.encoder_id)

    def verdict(*angles: float) -> tuple[str, bool, float]:
        found = Descriptors(at_degrees(*angles), np.full(len(angles), 0.01, np.float32))
        answer, thresholds = query(library, encoder, found, SelectionConfig())
        return answer.nearest.entry, answer.identity, thresholds.identity.similarity

    below = library.thresholds_of_whole.identity.similarity
    name, is_it, begins = verdict(-9.0, -9.0)
    assert (name, is_it) == ("bolt_m8", False)
    assert begins == pytest.approx(np.cos(np.deg2rad(0.125)) + below, abs=1e-5)
    name, is_it, begins = verdict(129.0, 129.0)
    assert (name, is_it) == ("bolt_m16", True)
    assert begins == pytest.approx(np.cos(np.deg2rad(8.0)) + below, abs=1e-5)
