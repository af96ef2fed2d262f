"""Piecewise linear networks against barycentric coordinates, one-dimensional interpolation, dense least squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfrobust.memorize import interpolant
from rfrobust.memorize.splines import evaluate, fit, hats
from tests.refusals import refusals


def periodic(rng, cells, d):
    return np.pad(rng.normal(size=(cells,) * d), [(0, 1)] * d, mode="wrap")


def test_one_dimension_is_linear_interpolation():
    values = np.random.default_rng(0).normal(size=9)
    x = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(
        interpolant(values)(x[:, None])[:, 0], np.interp(x, np.arange(9) / 8, values), atol=1e-13
    )


@settings(max_examples=40, deadline=None)
@given(shape=st.lists(st.integers(2, 5), min_size=1, max_size=4), seed=st.integers(0, 10**6))
def test_linear_on_every_simplex_of_kuhns_triangulation(shape, seed):
    """A simplex joins a cell's lowest corner to its highest, raising the coordinates in some order."""
    rng = np.random.default_rng(seed)
    cells, d = np.array(shape) - 1, len(shape)
    values = rng.normal(size=shape)
    points, expected = [], []
    for _ in range(50):
        corners = rng.integers(0, cells) + np.vstack(
            [np.zeros(d, int), np.eye(d, dtype=int)[rng.permutation(d)].cumsum(axis=0)]
        )
        weights = rng.dirichlet(np.ones(d + 1))
        points.append(weights @ corners / cells)
        expected.append(weights @ values[tuple(corners.T)])
    np.testing.assert_allclose(interpolant(values)(np.array(points))[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize(("d", "cells"), [(1, 7), (2, 5), (3, 4)])
def test_evaluation_without_the_network(d, cells):
    rng = np.random.default_rng(d)
    values = periodic(rng, cells, d)
    x = rng.uniform(size=(500, d))
    np.testing.assert_allclose(evaluate(values, x), interpolant(values)(x)[:, 0], atol=1e-12)
    weights = hats(x, cells)
    assert weights.data.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("nodes", [(4, 4), (3, 6), (41, 41)])
def test_size(nodes):
    assert interpolant(np.ones(nodes[0])).parameters == 8 * nodes[0] - 2
    f = interpolant(np.ones(nodes))
    # A node costs 12; node offsets that are 0 cost nothing; pairs shared along diagonals cost 6 each.
    assert f.parameters == 12 * np.prod(nodes) - 2 * nodes[1] + 6 * (sum(nodes) - 1)
    assert f.depth == 4
    cube = interpolant(np.ones((*nodes[:1], 5, 5)))
    assert cube.depth == 5
    assert cube.parameters > 12 * nodes[0] * 25 - 50


@pytest.mark.parametrize(("d", "cells"), [(1, 6), (2, 4), (3, 3)])
def test_fit_against_dense_least_squares(d, cells):
    rng = np.random.default_rng(d)
    x, y = rng.uniform(size=(400, d)), rng.normal(size=400)
    columns = []
    for k in np.ndindex(*(cells,) * d):
        unit = np.zeros((cells,) * d)
        unit[k] = 1.0
        columns.append(interpolant(np.pad(unit, [(0, 1)] * d, mode="wrap"))(x)[:, 0])
    expected = np.linalg.lstsq(np.array(columns).T, y, rcond=None)[0]
    found = fit(x, y, cells)
    np.testing.assert_allclose(found[(slice(cells),) * d].ravel(), expected, atol=1e-10)
    np.testing.assert_array_equal(found.take(0, axis=0), found.take(-1, axis=0))


test_bad_arguments = refusals(
    (lambda: interpolant(3.0), "two or more nodes a side"),
    (lambda: interpolant([[1.0], [2.0]]), "two or more nodes a side"),
    (lambda: interpolant([1.0, np.nan]), "values must be finite"),
    (lambda: hats([[1.5]], 3), r"x must be in \[0, 1\]"),
    (lambda: hats([[0.5]], 0), "cells must be an integer >= 1"),
    (lambda: fit([[0.1], [0.2]], [1, 2], 3), "3 nodes, which 2 samples do not determine"),
    (lambda: fit(np.full((9, 1), 0.1), np.ones(9), 4), "leave the value of a node undetermined"),
    (lambda: fit([[0.1], [0.2]], [1.0], 2), r"y must have shape \(2,\)"),
)
