"""What the attacks' own tests do not show of their common ascent."""

import numpy as np

from rfrobust.support.pgd import Ball, Best, ascend

SLOPE = np.random.default_rng(0).standard_normal((7, 4))


def test_the_best_of_a_former_ascent_is_kept_row_by_row():
    former = Best(np.full((7, 4), 9.0), np.where(np.arange(7) < 3, 1e3, -1e3))
    best = ascend(lambda x, _: (np.sum(SLOPE * x, axis=1), SLOPE), 0 * SLOPE, [0.1], Ball(0.0, 1.0, "l2"), best=former)
    assert (best.points[:3] == 9).all()
    np.testing.assert_allclose(best.points[3:], 0.1 * SLOPE[3:] / np.linalg.norm(SLOPE[3:], axis=1, keepdims=True))


def test_a_zero_slope_does_not_move_and_without_values_the_last_point_is_returned():
    ball = Ball(0.0, 1.0, "l2")
    assert not ascend(lambda x, _: (None, 0 * x), 0 * SLOPE, [1.0], ball).points.any()
    signs = iter((1.0, -1.0))
    last = ascend(lambda x, sloped: (None, next(signs) + 0 * x if sloped else None), 0 * SLOPE, [0.2, 0.5], ball)
    np.testing.assert_allclose(last.points, -0.3 / 2)
    assert last.values is None
