"""What the attacks' own tests do not show of their common ascent."""

import numpy as np

from rfrobust.support.pgd import PATIENCE, Ball, Best, ascend, explore, search

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


def test_a_search_ends_for_each_row_when_its_maximum_stops_moving():
    """Row k improves k times; every round asks only for the rows that still move."""
    asked = []

    def again(rows):
        asked.append(rows)
        return Best(np.full((len(rows), 1), len(asked)), np.minimum(rows, len(asked)).astype(float))

    best = search(again, Best(np.zeros((4, 1)), np.zeros(4)), None)
    np.testing.assert_array_equal(best.values, np.arange(4))
    assert [len(rows) for rows in asked] == [4] * PATIENCE + [3, 2, 1]
    asked.clear()
    search(again, Best(np.zeros((4, 1)), np.zeros(4)), 2)
    assert len(asked) == 2


def test_a_round_finds_a_narrow_maximum_and_keeps_to_the_ball():
    """Half of the plane is flat: an ascent from the centre would not move."""
    rng = np.random.default_rng(0)
    centre = np.zeros((5, 2))
    for norm, most in (("l2", 1.0), ("linf", 2.0)):

        def evaluate(x, sloped, rows, norm=norm):
            height = np.maximum(x.sum(axis=1) if norm == "linf" else x[:, 0], 0.5)
            up = np.ones(2) if norm == "linf" else np.array([1.0, 0.0])
            return height, (height > 0.5)[:, None] * up if sloped else None

        found = explore(
            evaluate, lambda rows, norm=norm: Ball(centre[rows], 1.0, norm), np.arange(5), [0.3] * 10, centre, rng
        )
        np.testing.assert_allclose(found.values, most, rtol=1e-4)
