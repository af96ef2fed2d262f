"""Balls of l_p attacks: what makes a projection and a steepest direction, by their definitions."""

import numpy as np
import pytest

from rfrobust.finite import balls
from rfrobust.problem import Attack
from rfrobust.support import pgd
from tests.refusals import refusals

NORMS = [1.05, 1.3, 1.5, 2.0, 2.5, 3.0, 7.0, 40.0, np.inf]


def rows(seed, shape=(40, 12), spread=2.0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * 10 ** rng.uniform(-spread, spread, (shape[0], 1))


@pytest.mark.parametrize("norm", NORMS)
def test_steepest_direction_has_length_one_and_reaches_the_dual_norm(norm):
    slopes = rows(1)
    direction = balls.steepest(slopes, norm)
    dual = 1.0 if norm == np.inf else norm / (norm - 1.0)
    np.testing.assert_allclose(np.linalg.norm(direction, norm, axis=1), 1.0, rtol=1e-12)
    gain, size = np.sum(slopes * direction, axis=1), np.abs(slopes).max(axis=1)
    np.testing.assert_allclose(gain, size * np.linalg.norm(slopes / size[:, None], dual, axis=1), rtol=1e-12)
    assert not balls.steepest(np.zeros((2, 3)), norm).any()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("radius", [1e-3, 1.0, 30.0])
def test_projection_is_the_closest_point(norm, radius):
    """Inside nothing moves; outside the rest of x is normal to the ball: no point of the ball is beyond the tangent."""
    x = np.concatenate([rows(2), np.zeros((1, 12)), rows(3) * (rows(4) > 0)])
    closest = balls.project(x, radius, norm)
    size = np.linalg.norm(closest, norm, axis=1)
    assert (size <= radius * (1 + 1e-12)).all()
    inside = np.linalg.norm(x, norm, axis=1) <= radius
    np.testing.assert_array_equal(closest[inside], x[inside])
    normal = (x - closest)[~inside]
    support = radius * np.sum(balls.steepest(normal, norm) * normal, axis=1)  # the largest normal'z over the ball
    np.testing.assert_allclose(np.sum(normal * closest[~inside], axis=1), support, rtol=1e-9)


@pytest.mark.parametrize("norm", NORMS)
def test_random_points_are_on_the_edge(norm):
    points = balls.random_edge(np.random.default_rng(0), (50, 7), 0.3, norm)
    np.testing.assert_allclose(np.linalg.norm(points, norm, axis=1), 0.3, rtol=1e-12)
    assert abs(points.mean()) < 0.05


@pytest.mark.parametrize("norm", NORMS)
def test_ascents_rise_inside_the_ball_and_stay_at_a_maximum(norm):
    rng = np.random.default_rng(0)
    slopes, radius = rng.standard_normal((5, 8)), 0.7
    ball = balls.LpBall(np.zeros((5, 8)), radius, norm)
    dual = 1.0 if norm == np.inf else norm / (norm - 1.0)
    most = radius * np.linalg.norm(slopes, dual, axis=1)

    def climb(start):
        lengths = pgd.falling_steps(radius, 30)
        return pgd.ascend(lambda x, _: (np.sum(x * slopes, axis=1), slopes), start, lengths, ball, momentum=0.5)

    start = ball.random_edge(rng, (5, 8))
    best = climb(start)
    assert (best.values > np.sum(start * slopes, axis=1)).all()
    assert (best.values <= most * (1 + 1e-12)).all()
    assert (np.linalg.norm(best.points, norm, axis=1) <= radius * (1 + 1e-12)).all()
    np.testing.assert_allclose(climb(radius * ball.steepest(slopes)).values, most, rtol=1e-12)
    assert ball.take(np.array([1, 3])).p == norm


def test_radius_is_that_of_the_problem():
    assert balls.radius_of(0.3, np.inf, 100) == pytest.approx(0.03)
    assert balls.radius_of(0.3, 2, 100) == pytest.approx(0.3)
    assert balls.radius_of(0.3, Attack(0.3, 4.0).norm, 16) == pytest.approx(0.3 * 16**-0.25)


test_bad_input = refusals(
    (lambda: balls.radius_of(0.1, 1.0, 3), "norm must be"),
    (lambda: balls.radius_of(-0.1, 2.0, 3), "eps must be"),
    (lambda: balls.radius_of(0.1, 2.0, 0), "d must be"),
)
