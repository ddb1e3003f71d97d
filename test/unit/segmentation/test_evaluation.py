import numpy as np
import pytest

from srclib_ros.errors import CloudLayoutError
from srclib_ros.segmentation.evaluation import are_whole, match_instances, segmentation_f1


def _image(*runs: tuple[int, int]) -> np.ndarray:
    """A label image of runs (label, pixels)."""
    return np.concatenate([np.full(pixels, label, np.int32) for label, pixels in runs])[None]


def test_scores_worked_out_by_hand() -> None:
    true = _image((1, 300), (2, 300), (0, 400))
    predicted = _image((7, 300), (5, 200), (0, 100), (9, 400))
    overlap = match_instances(predicted, true)
    assert (overlap.predicted, overlap.true) == (3, 2)
    np.testing.assert_allclose(sorted(overlap.iou), (200 / 300, 1.0))
    half, strict = segmentation_f1([overlap])
    assert (half.precision, half.recall, half.f1) == pytest.approx((2 / 3, 1.0, 4 / 5))
    assert (strict.precision, strict.recall, strict.f1) == pytest.approx((1 / 3, 1 / 2, 2 / 5))


def test_names_of_labels_do_not_matter_and_perfect_is_one() -> None:
    true = _image((1, 300), (0, 50), (2, 300), (3, 300))
    renamed = np.array((0, 30, 10, 20), np.int32)[true]
    assert [score.f1 for score in segmentation_f1([match_instances(renamed, true)])] == [1.0, 1.0]


def test_a_part_cut_in_two_and_two_parts_merged() -> None:
    whole, halves = _image((1, 600)), _image((1, 300), (2, 300))
    assert match_instances(halves, whole).iou.tolist() == [0.5]
    assert match_instances(whole, halves).iou.tolist() == [0.5]


def test_small_instances_do_not_count() -> None:
    true = _image((1, 199), (2, 200))
    overlap = match_instances(true, true)
    assert (overlap.predicted, overlap.true) == (1, 1)


def test_scenes_are_pooled_not_averaged() -> None:
    good = match_instances(_image((1, 300)), _image((1, 300)))
    bad = match_instances(_image((0, 900)), _image((1, 300), (2, 300), (3, 300)))
    assert segmentation_f1([good, bad])[0].f1 == pytest.approx(2 / 5)


def test_nothing_at_all_scores_zero() -> None:
    assert [score.f1 for score in segmentation_f1([])] == [0.0, 0.0]
    assert segmentation_f1([match_instances(_image((0, 10)), _image((0, 10)))])[0].f1 == 0.0


def test_a_whole_segment_holds_most_of_its_part_and_little_else() -> None:
    """Columns: no part, and parts of which 100 and 50 pixels returned."""
    shown = np.array([[0, 80, 0], [0, 79, 0], [20, 80, 0], [21, 80, 0], [0, 100, 30], [5, 0, 45], [9, 0, 0]])
    assert are_whole(shown, np.array([500, 100, 50])).tolist() == [True, False, True, False, False, True, False]
    assert are_whole(np.array([[9]]), np.array([9])).tolist() == [False]
    assert are_whole(np.zeros((0, 3)), np.zeros(3)).tolist() == []


def test_shapes_must_agree() -> None:
    with pytest.raises(CloudLayoutError, match="differ in shape"):
        match_instances(_image((1, 3)), _image((1, 4)))
