"""Parameter counts: the formula against networks that were built, and the order of the bounds."""

import numpy as np
import pytest

from rfrobust.memorize import built_parameters, parameter_counts
from tests.refusals import refusals


@pytest.mark.parametrize(("N", "D"), [(2, 2), (10, 4), (50, 20), (200, 10), (5, 1), (1, 1)])
def test_formula_counts_the_weights_of_built_networks(N, D):
    assert built_parameters(N, D) == float(parameter_counts([N], [D]).construction.item())


def test_construction_lies_between_the_bounds_and_generalization_overtakes_it():
    counts = parameter_counts([1e2, 1e4], [2.0, 10.0, 100.0, 784.0])
    assert bool((counts.construction > counts.memorize_lower).all())
    # the upper bound has no constant; the construction exceeds its order by no more than its own factor of 12
    assert bool((counts.construction < 14 * counts.memorize_upper).all())
    # exponential in D: cheaper than memorizing in low dimension, far dearer in high dimension
    ratio = counts.generalize_lower / counts.construction
    assert bool((ratio.sel(D=2.0) < 1).all())
    assert bool((ratio.sel(D=784.0) > 1e50).all())
    np.testing.assert_allclose(counts.generalize_lower.sel(D=10.0, N=1e2), 0.2 ** (-9 / 6))


def test_orders_of_the_bounds():
    counts = parameter_counts([1000.0], [50.0], eps=0.1).squeeze()
    assert counts.memorize_lower.item() == pytest.approx(223.606797749979)
    assert counts.memorize_upper.item() == pytest.approx(5e4 * 6.214608098422191 + 1e3 * 9.210340371976184**2)
    assert counts.generalize_lower.item() == pytest.approx(5.0 ** (49 / 6))


test_bad_arguments = refusals(
    (lambda: parameter_counts([0], [2]), "N must be"),
    (lambda: parameter_counts([1], [[2]]), "D must have 1 dimension"),
    (lambda: parameter_counts([1], [2], eps=0.5), "eps must be in"),
    (lambda: built_parameters(2, 2, seed=-1), "seed must be an integer >= 0"),
)
