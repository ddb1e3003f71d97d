import numpy as np

from srclib_ros.segmentation.organised import (
    Borders,
    Pieces,
    borders,
    depth_jumps,
    drop_small,
    give_sides,
    grow,
    merge,
)


def test_depth_jumps_are_a_share_of_the_depth() -> None:
    depth = np.array([[1.0, 1.005, 1.02, 2.0, 2.01]], np.float32)
    jump_u, jump_v = depth_jumps(1 / depth, 0.01)
    assert jump_u.tolist() == [[False, True, True, False]]
    assert jump_v.shape == (0, 5)


def test_small_labels_vanish_and_the_rest_is_renumbered() -> None:
    labels = np.array([[1, 1, 2, 3, 3, 3, 0]], np.int32)
    assert drop_small(labels, 2).tolist() == [1, 3]
    assert labels.tolist() == [[1, 1, 0, 2, 2, 2, 0]]


def test_growth_follows_links_only_and_one_pixel_a_round() -> None:
    labels = np.array([[1, 0, 0, 0, 0, 2]], np.int32)
    mask = np.ones((1, 6), bool)
    link = np.array([[True, True, True, False, True]])
    none = np.zeros((0, 6), bool)
    once = labels.copy()
    grow(once, mask, link, none, rounds=1)
    assert once.tolist() == [[1, 1, 0, 0, 2, 2]]
    grow(labels, mask, link, none, rounds=9)
    assert labels.tolist() == [[1, 1, 1, 1, 2, 2]]


def test_borders_measure_their_mean_fold() -> None:
    labels = np.array([[1, 2], [1, 2], [3, 3]], np.int32)
    fold = np.array([[0.2, 0.4], [0.0, 0.6], [0.0, 0.0]], np.float32)
    found = borders(labels, fold, np.ones((3, 1), bool), np.array([[True, True], [True, False]]))
    assert found.pairs.tolist() == [[1, 2], [1, 3]]
    assert found.length_px.tolist() == [2, 1]
    np.testing.assert_allclose(found.concavity, (0.5, 0.0))


def test_weak_borders_are_mended() -> None:
    labels = np.array([[0, 1, 2, 3]], np.int32)
    merge(labels, Borders(np.array([[1, 2], [2, 3]], np.int32), np.array([9, 9]), np.array([0.1, 0.9])), 0.5)
    assert labels[0, 0] == 0 and labels[0, 1] == labels[0, 2] != labels[0, 3]


def test_sides_are_given_to_the_nearest_label_whatever_steps_lie_between() -> None:
    labels = np.array([[1, 1, 0, 0, 0, 0, 0, 0, 2, 0]], np.int32)
    nothing = np.zeros((3, *labels.shape), np.float32)
    sides = np.ones(labels.shape, bool)
    sides[0, 9] = False
    give_sides(Pieces(labels, nothing, nothing, nothing[0], sides))
    assert labels.tolist() == [[1, 1, 1, 1, 1, 2, 2, 2, 2, 0]]
