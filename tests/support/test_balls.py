"""Balls of l_p attacks: what makes a projection and a steepest direction, by their definitions."""

import numpy as np
import pytest

from rfrobust.support import balls, pgd

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


def test_coordinates_of_any_size_are_projected():
    """Some vanish against the largest, whatever the power."""
    x = np.array([[1e150, 1.0, 1e-150, 0.0], [3.0, -1e-20, 1e-300, 2.0]])
    for norm in NORMS:
        closest = balls.project(x, 1.0, norm)
        assert np.isfinite(closest).all()
        assert (np.linalg.norm(closest, norm, axis=1) <= 1 + 1e-12).all()
        assert (x * closest >= 0.0).all()
        assert closest[0, 0] == pytest.approx(1.0, rel=1e-9)
        assert not balls.project(x, 0.0, norm).any()


@pytest.mark.parametrize("norm", NORMS)
def test_random_points_are_on_the_edge_and_in_the_ball(norm):
    rng, centre = np.random.default_rng(0), rows(5, (50, 20), 0.0)
    ball = balls.Ball(centre, 0.3, norm)
    edge, inside = ball.random_edge(rng, centre.shape) - centre, ball.random_point(rng) - centre
    np.testing.assert_allclose(np.linalg.norm(edge, norm, axis=1), 0.3, rtol=1e-12)
    assert abs(edge.mean()) < 0.05
    sizes = np.linalg.norm(inside, norm, axis=1) / 0.3  # their 20th powers are uniform
    assert sizes.max() <= 1.0 + 1e-12
    assert abs(np.mean(sizes**20) - 0.5) < 4 / np.sqrt(12 * 50)
    hop = ball.hop(rng, centre) - centre
    assert np.linalg.norm(hop, norm, axis=1).max() <= 0.3 * (1 + 1e-12)


@pytest.mark.parametrize("norm", NORMS)
def test_a_box_cuts_the_ball(norm):
    rng, centre = np.random.default_rng(0), np.full((30, 5), 0.05)
    ball = balls.Ball(centre, 0.3, norm, (0.0, 1.0))
    for points in (ball.random_edge(rng, centre.shape), ball.random_point(rng), ball.project(rows(6, (30, 5)))):
        assert (np.linalg.norm(points - centre, norm, axis=1) <= 0.3 * (1 + 1e-12)).all()
        assert points.min() >= 0.0


@pytest.mark.parametrize("norm", NORMS)
def test_ascents_rise_inside_the_ball_to_the_maximum_of_a_linear_function(norm):
    rng = np.random.default_rng(0)
    slopes, radius = rng.standard_normal((5, 8)), 0.7
    ball = balls.Ball(np.zeros((5, 8)), radius, norm)
    dual = 1.0 if norm == np.inf else norm / (norm - 1.0)
    most = radius * np.linalg.norm(slopes, dual, axis=1)

    def climb(start):
        lengths = pgd.falling_steps(radius, 100)
        return pgd.ascend(lambda x, _: (np.sum(x * slopes, axis=1), slopes), start, lengths, ball, momentum=0.5)

    best = climb(ball.random_edge(rng, (5, 8)))
    assert (np.linalg.norm(best.points, norm, axis=1) <= radius * (1 + 1e-12)).all()
    np.testing.assert_allclose(best.values, most, rtol=1e-3)
    top = radius * balls.steepest(slopes, norm)
    np.testing.assert_allclose(ball.project(top + ball.uphill(slopes)), top, atol=1e-9)
    assert ball.take(np.array([1, 3])).norm == norm
