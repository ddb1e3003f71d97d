from __future__ import annotations

import numpy as np

from srclib_ros.rendering.canvas import Canvas, lambert
from srclib_ros.rendering.view import View

RED, BLUE = np.array([[1.0, 0, 0]], np.float32), np.array([[0, 0, 1.0]], np.float32)
NEAR, FAR = np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, 2.0]])


def canvas() -> Canvas:
    return Canvas(View(np.eye(4), 40, 30, 50.0), (1.0, 1.0, 1.0))


def middle(drawn: Canvas) -> np.ndarray:
    return drawn.image()[15, 20]


def test_nearer_points_win_whatever_the_order() -> None:
    for first, second in (((NEAR, RED), (FAR, BLUE)), ((FAR, BLUE), (NEAR, RED))):
        drawn = canvas()
        drawn.draw(*first, spacing_m=0.2)
        drawn.draw(*second, spacing_m=0.2)
        np.testing.assert_allclose(middle(drawn), RED[0])


def test_what_is_behind_the_view_is_not_drawn() -> None:
    drawn = canvas()
    drawn.draw(-NEAR, RED, spacing_m=0.2)
    np.testing.assert_allclose(drawn.image(), 1.0)


def test_an_overlay_shines_through_what_hides_it() -> None:
    drawn = canvas()
    drawn.draw(NEAR, RED, spacing_m=0.4)
    drawn.overlay(FAR, BLUE, spacing_m=0.4, shown=1.0, hidden=0.25)
    np.testing.assert_allclose(middle(drawn), [0.75, 0, 0.25], atol=1e-6)
    drawn.overlay(NEAR / 2, BLUE, spacing_m=0.1, shown=1.0, hidden=0.25)
    np.testing.assert_allclose(middle(drawn), [0, 0, 1], atol=1e-6)


def test_edges_darken_only_what_lies_behind() -> None:
    drawn = canvas()
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 90), np.linspace(-1, 1, 90)), axis=-1).reshape(-1, 2)
    wall = np.column_stack((grid * 2, np.full(len(grid), 2.0)))
    drawn.draw(wall, np.full((len(wall), 3), 0.8, np.float32), spacing_m=0.1)
    flat = drawn.image().copy()
    drawn.shade_edges()
    np.testing.assert_allclose(drawn.image(), flat, atol=1e-3)
    drawn.draw(NEAR, RED, spacing_m=0.3)
    drawn.shade_edges()
    np.testing.assert_allclose(middle(drawn), RED[0], atol=1e-3)
    row = drawn.image()[15, :, 1]
    beside, away = row[27], row[36]
    assert beside < 0.95 * away


def test_coverage_is_where_something_was_drawn() -> None:
    drawn = canvas()
    assert not drawn.coverage().any()
    drawn.draw(NEAR, RED, spacing_m=0.2)
    covered = drawn.coverage()
    assert covered[15, 20] == 1.0
    assert covered[0, 0] == 0.0
    assert ((covered > 0) == (drawn.image()[..., 1] < 1)).all()


def test_an_empty_canvas_can_be_shaded() -> None:
    drawn = canvas()
    drawn.shade_edges()
    np.testing.assert_allclose(drawn.image(), 1.0)


def test_surfaces_that_face_the_light_are_brighter_and_unknown_ones_lie_between() -> None:
    up, down, unknown = lambert(np.array([[0, 0, 1], [0, 0, -1], [np.nan] * 3], np.float32))[:, 0]
    assert down < unknown < up <= 1.1
