"""The one projected gradient ascent of all attacks, against maxima known in closed form."""

import numpy as np
import pytest

from rfrobust.support.pgd import Ball, Best, ascend, even_steps

SLOPE = np.random.default_rng(0).standard_normal((7, 4))


def linear(points, sloped):
    return np.sum(SLOPE * points, axis=1), SLOPE if sloped else None


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
def test_the_best_point_of_a_linear_function(norm, dual, momentum):
    rng = np.random.default_rng(1)
    centre = rng.standard_normal((7, 4))
    ball = Ball(centre, 0.3, norm)
    start = ball.random_point(rng)
    assert (np.linalg.norm(start - centre, ord=np.inf if norm == "linf" else 2, axis=1) < 0.3).all()
    best = ascend(linear, start, 8 * even_steps(0.3, 5), ball, momentum=momentum)
    expected = linear(centre, False)[0] + 0.3 * np.linalg.norm(SLOPE, ord=dual, axis=1)
    np.testing.assert_allclose(best.values, expected, atol=1e-6)
    np.testing.assert_allclose(linear(best.points, False)[0], best.values, rtol=1e-12)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_points_stay_in_the_box(norm):
    centre = np.random.default_rng(2).random((7, 4))
    ball = Ball(centre, 0.5, norm, (0.0, 1.0))
    for points in (
        ball.random_point(np.random.default_rng(3)),
        ascend(linear, centre, [0.4] * 9, ball).points,
    ):
        assert ((points >= 0) & (points <= 1)).all()
        assert (
            np.linalg.norm(points - centre, ord=np.inf if norm == "linf" else 2, axis=1) < 0.5 + 1e-12
        ).all()


def test_the_best_of_a_former_ascent_is_kept_row_by_row():
    former = Best(np.full((7, 4), 9.0), np.where(np.arange(7) < 3, 1e3, -1e3))
    best = ascend(linear, np.zeros((7, 4)), [0.1], Ball(0.0, 1.0, "l2"), best=former)
    assert (best.points[:3] == 9).all()
    np.testing.assert_allclose(
        best.points[3:], 0.1 * SLOPE[3:] / np.linalg.norm(SLOPE[3:], axis=1, keepdims=True)
    )


def test_a_zero_slope_does_not_move_and_without_values_the_last_point_is_returned():
    ball = Ball(0.0, 1.0, "l2")
    assert not ascend(lambda p, _: (None, 0 * p), np.zeros((2, 3)), [1.0], ball).points.any()
    signs = iter((1.0, -1.0))
    last = ascend(
        lambda p, sloped: (None, next(signs) + 0 * p if sloped else None), np.zeros((2, 3)), [0.2, 0.5], ball
    )
    np.testing.assert_allclose(last.points, -0.3 / np.sqrt(3))
    assert last.values is None
