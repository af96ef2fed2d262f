"""What the attacks' own tests do not show of their common ascent."""

import numpy as np

from rfrobust.support.balls import NORMS, Ball
from rfrobust.support.pgd import PATIENCE, Best, ascend, falling_steps, margin, rivals, search

SLOPE = np.random.default_rng(0).standard_normal((7, 4))


def test_the_best_of_a_former_ascent_is_kept_row_by_row():
    former = Best(np.full((7, 4), 9.0), np.where(np.arange(7) < 3, 1e3, -1e3))
    best = ascend(lambda x, _: (np.sum(SLOPE * x, axis=1), SLOPE), 0 * SLOPE, [0.1], Ball(0.0, 1.0, 2.0), best=former)
    assert (best.points[:3] == 9).all()
    np.testing.assert_allclose(best.points[3:], 0.1 * SLOPE[3:] / np.linalg.norm(SLOPE[3:], axis=1, keepdims=True))


def test_a_zero_slope_does_not_move_and_without_values_the_last_point_is_returned():
    ball = Ball(0.0, 1.0, 2.0)
    assert not ascend(lambda x, _: (None, 0 * x), 0 * SLOPE, [1.0], ball).points.any()
    signs = iter((1.0, -1.0))
    last = ascend(lambda x, sloped: (None, next(signs) + 0 * x if sloped else None), 0 * SLOPE, [0.2, 0.5], ball)
    np.testing.assert_allclose(last.points, -0.3 / 2)
    assert last.values is None


def test_a_search_ends_for_each_row_when_its_maximum_stops_moving_or_is_enough():
    asked = []

    def evaluate(x, sloped, rows, goals):
        asked.append((sloped, set(rows)))
        return rows * len(asked) / 4.0, 0 * x

    start = Best(np.zeros((3, 40)), np.zeros(3))
    ball, rng = Ball(np.zeros((3, 40)), 1.0, 2.0), np.random.default_rng(0)
    best = search(evaluate, ball, start, 1, None, rng, enough=500.0)
    climbs = [sum(row in rows for sloped, rows in asked if sloped) / 20 for row in range(3)]
    assert climbs[0] == PATIENCE
    assert PATIENCE < climbs[2] < climbs[1]
    assert (best.values[1:] > 500).all()
    assert search(evaluate, ball, start, 1, 0, rng) is start


def test_goals_take_turns_beside_the_slopes_of_the_values():
    seen = []

    def evaluate(x, sloped, rows, goals):
        seen.extend([set(goals.tolist())] * sloped)
        return np.zeros(len(x)), 0 * x

    ball = Ball(np.zeros((2, 40)), 1.0, np.inf)
    search(evaluate, ball, Best(np.zeros((2, 40)), np.zeros(2)), 30, 4, np.random.default_rng(0), goals=3)
    assert seen[::30] == [{0}, {1}, {2}, {0, -1}, {1, -1}, {2, -1}, {0, -1}]
    assert len(seen) == 7 * 30


def test_a_search_finds_a_narrow_maximum_and_keeps_to_the_ball():
    """Half of the plane is flat: an ascent from the centre would not move."""
    rng = np.random.default_rng(0)
    for norm, most in (("l2", 1.0), ("linf", 2.0)):

        def evaluate(x, sloped, rows, goals, norm=norm):
            height = np.maximum(x.sum(axis=1) if norm == "linf" else x[:, 0], 0.5)
            up = np.ones(2) if norm == "linf" else np.array([1.0, 0.0])
            return height, (height > 0.5)[:, None] * up if sloped else None

        ball, start = Ball(np.zeros((5, 2)), 1.0, NORMS[norm]), Best(np.zeros((5, 2)), np.full(5, 0.5))
        found = search(evaluate, ball, start, 20, 1, rng)
        np.testing.assert_allclose(found.values, most, rtol=1e-4)
        assert np.linalg.norm(found.points, ord=2 if norm == "l2" else np.inf, axis=1).max() <= 1 + 1e-12


def test_hops_stay_in_the_ball_and_keep_half_of_a_point():
    rng = np.random.default_rng(0)
    points = np.full((50, 40), 0.5, dtype=np.float32)
    cube = Ball(points, 0.1, np.inf, (0.0, 0.55))
    hop = cube.hop(rng, points)
    assert hop.dtype == np.float32
    assert 0.4 < np.mean(hop == points) < 0.6
    assert hop.min() >= np.float32(0.4)
    assert hop.max() <= 0.55
    ball = Ball(points.astype(float), 0.1, 2.0)
    assert np.linalg.norm(ball.hop(rng, points) - points, axis=1).max() <= 0.1 + 1e-6


def test_falling_steps_cross_the_ball_and_end_small():
    lengths = falling_steps(0.3, 20)
    assert len(lengths) == 20
    assert lengths == sorted(lengths, reverse=True)
    np.testing.assert_allclose([lengths[0], lengths[-1]], [2 * 0.3, 2 * 0.3 / 400])


def test_margins_and_the_rivals_that_are_goals():
    outputs, true = np.array([[1.0, 3.0, 2.0], [0.0, 5.0, -1.0]]), np.array([1, 0])
    values, cotangent = margin(outputs, true, np.array([0, -1]))
    np.testing.assert_array_equal(values, [-1.0, 5.0])
    np.testing.assert_array_equal(cotangent, [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(rivals(outputs, true), [[2, 0], [1, 2]])
    assert rivals(np.zeros((4, 30)), np.zeros(4, dtype=int)).shape == (4, 9)
