import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfrobust.memorize import block, blocks, clip_gate, exact_gate, product, squaring, trapezoid
from tests.refusals import refusals


def test_trapezoid_against_interpolation():
    t = np.linspace(-2, 3, 2001)
    expected = np.interp(t, [-0.25, 0.25, 1.0, 1.5], [0, 1, 1, 0])
    np.testing.assert_allclose(trapezoid(0.25, 1.0, 0.5)(t[:, None])[:, 0], expected, atol=1e-14)


@pytest.mark.parametrize("dimension", [1, 2, 5, 30])
def test_block_sizes(dimension):
    center = np.full(dimension, 0.3)
    papers = block(center, 0.1, 0.05)
    assert papers.neurons == 4 * dimension + 1
    # For one input the bias -(d - 1) is zero and so not a parameter.
    assert papers.parameters == 12 * dimension + 2 - (dimension == 1)
    assert papers.depth == 3
    lean = block(center, 0.1, 0.05, form="hinge")
    assert (lean.neurons, lean.parameters) == (2 * dimension + 1, 6 * dimension + 2)


@settings(max_examples=60, deadline=None)
@given(dimension=st.integers(1, 6), seed=st.integers(0, 10**6), form=st.sampled_from(["trapezoid", "hinge"]))
def test_block_values(dimension, seed, form):
    # Dyadic numbers: every operation of both forms is exact, so equality is meant literally.
    rng = np.random.default_rng(seed)
    center = rng.integers(0, 64, dimension) / 64
    delta, theta = 4 / 64, 8 / 64
    x = center + rng.integers(-24, 25, (400, dimension)) / 64 / rng.choice([1, 2, 4, 8], (400, 1))
    value = block(center, delta, theta, form)(x)[:, 0]
    distance = np.abs(x - center).max(axis=1)
    assert (value[distance <= delta] == 1).all()
    assert (value[distance >= delta + theta] == 0).all()
    assert ((value >= 0) & (value <= 1)).all()
    sums = np.stack([np.interp(t, [-12 / 64, -4 / 64, 4 / 64, 12 / 64], [0, 1, 1, 0]) for t in (x - center).T])
    np.testing.assert_array_equal(value, np.maximum(sums.sum(axis=0) - (dimension - 1), 0))


def test_corners_of_the_cube_are_inside():
    center = np.random.default_rng(0).uniform(size=6)
    corners = center + 0.1 * (2 * np.array(list(np.ndindex(*[2] * 6))) - 1)
    assert (block(center, 0.1, 0.01, form="hinge")(corners) == 1).all()
    np.testing.assert_allclose(block(center, 0.1, 0.01)(corners), 1, atol=1e-12)


def test_exact_gate():
    rng = np.random.default_rng(0)
    f = rng.uniform(-3, 3, 500)
    gate = exact_gate(3.0)
    np.testing.assert_array_equal(gate(np.stack([f, np.zeros(500)], axis=1))[:, 0], f)
    assert (gate(np.stack([f, rng.uniform(1, 4, 500)], axis=1)) == 0).all()
    half = gate(np.stack([f, np.full(500, 0.5)], axis=1))[:, 0]
    np.testing.assert_allclose(half, np.sign(f) * np.maximum(np.abs(f) - 1.5, 0), atol=1e-15)


def test_clip_gate():
    rng = np.random.default_rng(0)
    f, g = rng.uniform(-3, 3, 500), rng.uniform(-1, 1, 500)
    value = clip_gate(3.0)(np.stack([f, g], axis=1))[:, 0]
    np.testing.assert_allclose(value, np.clip(f + 4 * g, -1, 1), atol=1e-14)
    for label in (-1.0, 1.0):
        assert (clip_gate(3.0)(np.stack([f, np.full(500, label)], axis=1)) == label).all()


@pytest.mark.parametrize("levels", range(1, 11))
def test_squaring_error_is_exactly_the_stated_one(levels):
    net = squaring(levels)
    assert net.parameters == 8 * levels - 3
    assert (net.depth, net.width) == (levels + 1, 2 if levels == 1 else 3)
    fine = np.arange(2 ** (levels + 3) + 1) / 2 ** (levels + 3)
    error = net(fine[:, None])[:, 0] - fine**2
    assert error.max() == 2.0 ** (-2 * levels - 2)
    assert error.min() == 0
    nodes = np.arange(2**levels + 1) / 2**levels
    np.testing.assert_array_equal(net(fine[:, None])[:, 0], np.interp(fine, nodes, nodes**2))


@pytest.mark.parametrize("bound", [1.0, 3.0])
@pytest.mark.parametrize("levels", [1, 2, 5, 8])
def test_product(levels, bound):
    net = product(levels, bound)
    assert net.parameters == 16 * levels + 8
    rng = np.random.default_rng(0)
    xy = rng.uniform(-bound, bound, (20_000, 2))
    worst = bound**2 * 2.0 ** (-2 * levels - 2)
    error = np.abs(net(xy)[:, 0] - xy.prod(axis=1))
    assert error.max() <= worst * (1 + 1e-9)
    point = np.full((1, 2), bound / 2 ** (levels + 1))
    assert abs(net(point).item() - point.prod()) == pytest.approx(worst, rel=1e-9)
    xy[:, 0] = 0
    assert (net(xy) == 0).all()
    assert (net(xy[:, ::-1]) == 0).all()


test_bad_arguments = refusals(
    (lambda: trapezoid(1, 0, 0.1), "b must be finite and >= 1"),
    (lambda: trapezoid(0, 1, 0), "theta must be finite and > 0"),
    (lambda: trapezoid(0, 1, 5e-324), "theta must be large enough for 1/theta to be a float, got theta=5e-324"),
    (lambda: blocks([[0.5]], -0.1, 0.1), "delta must be finite and >= 0"),
    (lambda: blocks([[0.5]], 0.1, np.nan), "theta must be finite and > 0"),
    (lambda: blocks([0.5], 0.1, 0.1), "centers must have 2 dimension"),
    (lambda: blocks([[0.5]], 0.1, 0.1, form="box"), "form must be one of 'trapezoid', 'hinge'"),
    (lambda: squaring(0), "levels must be an integer >= 1"),
    (lambda: product(3, 0.0), r"bound must be in \(0, 1e\+100\]"),
    (lambda: exact_gate(-1), "bound must be finite and >= 0"),
)
