"""Which source answers for a part: nearest entry, its cluster, the nearest member of it that has a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from srclib_ros.config import SelectionConfig
from srclib_ros.embedding.encoder import Descriptors, Encoder
from srclib_ros.geometry.oriented import oriented
from srclib_ros.library.entry import NOISE
from srclib_ros.library.search import distances, nearest_rows, similarity_of
from srclib_ros.library.store import Library
from srclib_ros.library.thresholds import Thresholds
from srclib_ros.library.votes import LEAST_VIEWS, own_similarity, vote
from srclib_ros.types import FloatArray, Match, Neighbour, Segment

UNLABELLED = 0


def select(
    library: Library, encoder: Encoder, segments: Sequence[Segment], config: SelectionConfig
) -> tuple[Match, ...]:
    """One match for each segment, in order; with `bin_content` 'single' the segments vote, weighted by their points,
    and all get one answer; doubtful ones vote only where there is nothing else. 'mixed': no source answers for these.

    Raises EncoderMismatchError when the library was built with another encoder.
    """
    library.check_encoder(encoder.id)
    if not segments:
        return ()
    found = encoder.describe([oriented(segment.points_bin, segment.normals_bin) for segment in segments])
    to_entries = distances(library.gallery, found, library.size_weight)
    if config.bin_content == "single":
        weights = np.array([len(segment.indices) for segment in segments], np.float64)
        doubtful = np.array([is_doubtful(segment.completeness, config) for segment in segments])
        voters = np.ones_like(doubtful) if doubtful.all() else ~doubtful
        voted = vote(to_entries[voters], weights[voters])
        answer = match(library, voted, config, library.thresholds, voters=int(voters.sum()))
        return tuple(answered(answer, segment, config) for segment in segments)
    answers = [
        answered(match(library, row, config, library.thresholds), segment, config)
        for segment, row in zip(segments, to_entries, strict=True)
    ]
    return tuple(_refused(answer) if answer.doubtful else answer for answer in answers)


def is_doubtful(completeness: float | None, config: SelectionConfig) -> bool:
    """Whether a segment of this completeness is likely not one whole part."""
    return completeness is not None and completeness < config.least_completeness


def answered(answer: Match, segment: Segment, config: SelectionConfig) -> Match:
    """The answer, given to this segment."""
    doubtful = is_doubtful(segment.completeness, config)
    return replace(answer, segment=segment.label, completeness=segment.completeness, doubtful=doubtful)


def _refused(answer: Match) -> Match:
    why = f"likely not one whole part (probability {answer.completeness:.2f}); otherwise: {answer.why}"
    return replace(answer, source=None, scale=1.0, identity=False, suitable=False, why=why)


def query(library: Library, encoder: Encoder, found: Descriptors, config: SelectionConfig) -> tuple[Match, Thresholds]:
    """One match for a view of one part, or for several from all sides, which vote; and where its verdicts began.

    Several are more like any entry than each of them is. They have thresholds of their own, and identity goes by how
    like the nearest entry its own views are; where a library remembers too few of them to say, by that of single views.
    """
    library.check_encoder(encoder.id)
    gallery, thresholds = library.gallery, library.thresholds
    to_entries = vote(distances(gallery, found, library.size_weight), np.ones(len(found)))
    if len(found) > 1 and gallery.size_m.shape[1] >= LEAST_VIEWS:
        thresholds = library.thresholds_of_whole
        own = own_similarity(gallery, int(np.argmin(to_entries)), library.size_weight)
        identity = replace(thresholds.identity, similarity=own + thresholds.identity.similarity)
        thresholds = replace(thresholds, identity=identity)
    return match(library, to_entries, config, thresholds, voters=len(found)), thresholds


def match(
    library: Library, to_entries: FloatArray, config: SelectionConfig, thresholds: Thresholds, voters: int = 1
) -> Match:
    """The library's answer to distances (E,) to its entries; its segment is left `UNLABELLED`."""
    order = nearest_rows(to_entries, config.neighbours)
    similarity = similarity_of(to_entries[order])
    neighbours = tuple(
        Neighbour(
            library.entries[index].name,
            library.entries[index].cluster,
            float(similarity[rank]),
            float(to_entries[index]),
        )
        for rank, index in enumerate(order)
    )
    nearest = neighbours[0]
    least = config.min_similarity if config.min_similarity >= 0.0 else thresholds.suitability.similarity
    seen = f"{nearest.entry} is nearest, similarity {nearest.similarity:.2f}" + (
        f" over {voters} votes" if voters > 1 else ""
    )
    source, why = None, f"{seen}, below {least:.2f}: nothing in the library is like enough"
    if nearest.similarity >= least:
        source, why = _source_of(library, int(order[0]), to_entries)
        why = f"{seen}; {why}"
    chosen = None if source is None else library.entries[source]
    scale = 1.0 if chosen is None else library.entries[order[0]].diameter_m / chosen.diameter_m
    return Match(
        segment=UNLABELLED,
        neighbours=neighbours,
        source=None if chosen is None else chosen.name,
        scale=scale,
        identity=nearest.similarity >= thresholds.identity.similarity,
        suitable=chosen is not None,
        why=why,
    )


def _source_of(library: Library, nearest: int, to_entries: FloatArray) -> tuple[int | None, str]:
    """Row of the source that stands in for the nearest entry, or None, and why."""
    cluster = library.entries[nearest].cluster
    if library.with_model[nearest]:
        return nearest, "it has a network"
    if cluster == NOISE:
        return None, "it is in no cluster and has no network"
    members = np.flatnonzero((library.clusters == cluster) & library.with_model)
    if not len(members):
        return None, f"no member of its cluster {cluster} has a network"
    source = int(members[np.argmin(to_entries[members])])
    return source, f"{library.entries[source].name} of its cluster {cluster} has a network"
