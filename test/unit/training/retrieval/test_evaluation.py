"""A gallery of points at known angles, and a task simulated from two parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from support.retrieval_parts import FirstPoint, angle_plate

from srclib_ros.embedding.encoder import Descriptors
from srclib_ros.errors import MeshError
from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.training.descriptors.extents import SortedExtents
from srclib_ros.training.retrieval import (
    Queries,
    RetrievalTask,
    evaluate_retrieval,
    fitted_size_weight,
    remembered,
    retrieval_task,
)
from srclib_ros.training.retrieval.twins import Twins
from srclib_ros.types import FloatArray


def cloud(degrees: float, size_m: float = 1.0) -> FloatArray:
    angle = np.deg2rad(degrees)
    return np.float32([[np.cos(angle), np.sin(angle), 0.0]]) * np.float32(size_m)


def task_of(gallery: list[list[FloatArray]], asked: list[FloatArray], truth: list[int]) -> RetrievalTask:
    """Parts a1, a2, b1, b2 of two categories; the same queries as full and as partial ones."""
    alone = Twins(np.arange(4))
    queries = Queries(asked, np.array(truth))
    return RetrievalTask(
        gallery=gallery,
        partial=len(gallery[0]),
        queries={"full": queries, "partial": queries},
        names=["a1", "a2", "b1", "b2"],
        categories=["a", "a", "b", "b"],
        twins=alone,
        twins_scale_free=Twins(np.array([0, 0, 1, 2])),
        piles=None,
        seed=0,
        identity="by hand",
    )


def test_figures_by_hand() -> None:
    """a1 and a2 lie 10 degrees apart and differ in size; a query at 6 degrees that shows a1 is nearer to a2 without
    size, nearer to a1 with it, and in the merged group either way."""
    gallery = [[cloud(0.0, 1.0)], [cloud(10.0, 3.0)], [cloud(90.0, 1.0)], [cloud(100.0, 1.0)]]
    asked = [cloud(6.0, 1.0), cloud(9.0, 3.0), cloud(91.0, 1.0), cloud(99.0, 1.0)]
    figures = evaluate_retrieval(FirstPoint(), task_of(gallery, asked, [0, 1, 2, 3]), 0.5)
    assert figures["full"]["top1"] == 1.0
    assert figures["full"]["scale_free"]["top1"] == 0.75
    assert figures["full"]["scale_free"]["merged"]["top1"] == 1.0
    assert figures["category"]["scale_free"]["top1"] == 1.0
    assert figures["suitability"]["scale_free"]["auroc"] == 1.0
    assert figures["identity"]["auroc"] == figures["identity"]["partial"]["auroc"]
    assert figures["partial"]["queries"] == 4
    assert figures["size_weight"] == 0.5
    assert "segmented" not in figures


def test_the_weight_of_size_is_what_the_gallery_itself_is_told_apart_by() -> None:
    """Four parts that double in size and else look like each other's neighbouring views: 3 degrees of shape are
    1 - cos = .0014, and ln 2 outweighs them from a weight of .053 on. Where shape says all, the least is taken."""
    views = range(4)
    alike = [[cloud(3.0 * (view - part), 2.0**part) for view in views] for part in range(4)]
    apart = [[cloud(90.0 * part, 1.0 + view) for view in views] for part in range(4)]
    for gallery, low, high in ((alike, 0.053, 0.2), (apart, 0.0, 0.011)):
        task = task_of(gallery, [], [])
        assert low < fitted_size_weight(FirstPoint(), task) < high


@pytest.fixture(scope="module")
def small_task() -> RetrievalTask:
    parts = [angle_plate("short"), angle_plate("long", foot_m=0.07)]
    return retrieval_task(parts, 0, partial=3, full=1, queries_each=2)


def test_a_simulated_task_has_every_kind_of_query(small_task: RetrievalTask) -> None:
    assert {"full", "partial", "occluded", "segmented"} <= set(small_task.queries)
    assert [len(views) for views in small_task.gallery] == [4, 4]
    for kind in ("full", "partial", "occluded"):
        np.testing.assert_array_equal(small_task.queries[kind].part, [0, 0, 1, 1])
    for whole, cut in zip(small_task.queries["partial"].clouds, small_task.queries["occluded"].clouds, strict=True):
        assert len(cut) == pytest.approx(0.7 * len(whole), abs=2)
    assert small_task.twins.groups == 2
    assert evaluate_retrieval(SortedExtents(), small_task)["full"]["top1"] == 1.0


def test_the_same_seed_gives_the_same_queries(small_task: RetrievalTask) -> None:
    parts = [angle_plate("short"), angle_plate("long", foot_m=0.07)]
    again = retrieval_task(parts, 0, partial=3, full=1, queries_each=2)
    for kind, queries in small_task.queries.items():
        for one, other in zip(queries.clouds, again.queries[kind].clouds, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_gallery_that_is_at_hand_is_not_described_again() -> None:
    class Counting(FirstPoint):
        described = 0

        def describe(self, clouds: Sequence[FloatArray]) -> Descriptors:
            self.described += len(clouds)
            return super().describe(clouds)

    gallery = [[cloud(90.0 * part)] for part in range(4)]
    task = task_of(gallery, [cloud(90.0 * part + 3.0) for part in range(4)], [0, 1, 2, 3])
    encoder = Counting()
    figures = evaluate_retrieval(encoder, task, 0.5, remembered(FirstPoint(), task))
    assert encoder.described == sum(len(asked.clouds) for asked in task.queries.values())
    assert figures == evaluate_retrieval(FirstPoint(), task, 0.5)


def test_whatever_a_task_is_made_from_is_in_its_identity() -> None:
    plate, longer = angle_plate("short"), angle_plate("long", foot_m=0.07)
    settings = {"seed": 0, "partial": 1, "full": 1, "queries_each": 1, "segmented": False}
    made = [
        retrieval_task([plate, longer], **(settings | change)).identity
        for change in ({}, {"seed": 1}, {"partial": 2}, {"full": 2}, {"queries_each": 2}, {"segmented": True})
    ]
    made += [
        retrieval_task([plate, other], **settings).identity
        for other in (
            replace(longer, category="other"),
            replace(longer, name="other"),
            angle_plate("long", foot_m=0.071),
            replace(longer, faces=longer.faces[::-1].copy()),
        )
    ]
    assert len(set(made)) == len(made)
    assert retrieval_task([plate, longer], **settings).identity == made[0]


def test_near_duplicates_of_training_parts_are_named_and_left_out() -> None:
    """The task is the one without them, its identity too."""
    plate, others = angle_plate("short"), [angle_plate("long", foot_m=0.07), angle_plate("wide", foot_m=0.1)]
    settings = {"partial": 1, "full": 1, "queries_each": 1, "segmented": False}
    task = retrieval_task([plate, *others], 0, known=[angle_plate("trained on")], **settings)
    assert (task.names, task.near_duplicates) == (["long", "wide"], ["short"])
    alone = retrieval_task(others, 0, **settings)
    assert (task.identity, alone.near_duplicates) == (alone.identity, [])
    np.testing.assert_array_equal(task.gallery[0][0], alone.gallery[0][0])
    with pytest.raises(MeshError, match=r"1 of 2 parts .* --keep-near-duplicates"):
        retrieval_task([plate, others[0]], 0, known=[plate], **settings)


def test_a_part_that_the_camera_cannot_see_is_named_and_left_out() -> None:
    line = PartMesh(
        "wire", "", np.array([[-0.02, 0, 0], [0.02, 0, 0], [0, 1e-7, 0.0]]), np.array([[0, 1, 2]], np.int32)
    )
    parts = [angle_plate("short"), line, angle_plate("long", foot_m=0.07)]
    task = retrieval_task(parts, 0, partial=1, full=1, queries_each=1, segmented=False)
    assert (task.names, task.unseen, task.piles) == (["short", "long"], ["wire"], None)
    with pytest.raises(MeshError, match="at least 2"):
        retrieval_task(parts[:2], 0, partial=1, full=1, queries_each=1)
