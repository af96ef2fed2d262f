"""Kernels against numerical integration, the published limit by Monte Carlo, finite differences."""

import numpy as np
import pytest
from scipy.special import erf

from rfrobust.wide import Architecture, FiniteNetwork, ark_limit, ark_monte_carlo, nngp, ntk, ntk_with_gradient
from rfrobust.wide.kernels import _blas, _run_blocks
from tests.refusals import refusals

ACTIVATIONS = {
    "relu": (lambda h: np.maximum(h, 0), lambda h: (h > 0).astype(float)),
    "erf": (erf, lambda h: 2 / np.sqrt(np.pi) * np.exp(-(h**2))),
}


def by_quadrature(architecture, x, z):
    """The recursion for one pair, its Gaussian expectations by polar or Gauss-Hermite quadrature."""
    phi, slope = ACTIVATIONS[architecture.activation]
    w2, b2 = architecture.w_std**2, architecture.b_std**2
    pair = np.stack([x, z])
    covariance = w2 * pair @ pair.T / len(x) + b2
    theta = covariance[0, 1]
    # E g(u, v) over angle and squared radius: exact in radius for ReLU, smooth in both for erf.
    angles = (np.arange(40_000) + 0.5) * 2 * np.pi / 40_000
    radius2, weights = np.polynomial.laguerre.laggauss(40)
    for _ in range(architecture.depth - 1):
        factor = np.linalg.cholesky(covariance)
        unit = factor @ np.stack([np.cos(angles), np.sin(angles)])
        moments = np.zeros(4)
        for r2, weight in zip(radius2, weights, strict=True):
            u, v = np.sqrt(2 * r2) * unit
            rows = (phi(u) * phi(v), slope(u) * slope(v), phi(u) ** 2, phi(v) ** 2)
            moments += weight * np.array([row.mean() for row in rows])
        covariance = w2 * np.array([[moments[2], moments[0]], [moments[0], moments[3]]]) + b2
        theta = covariance[0, 1] + w2 * moments[1] * theta
    return covariance[0, 1], theta


@pytest.mark.parametrize(("activation", "tolerance"), [("relu", 2e-5), ("erf", 1e-6)])
def test_recursion_against_quadrature(activation, tolerance):
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, 6))
    architecture = Architecture(4, activation=activation)
    expected = by_quadrature(architecture, x, z)
    got = nngp(architecture, x[None], z[None]).item(), ntk(architecture, x[None], z[None]).item()
    np.testing.assert_allclose(got, expected, rtol=tolerance)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_ntk_is_the_gram_matrix_of_parameter_gradients(activation):
    """At finite width by Monte Carlo: a gradient step moves every output by the kernel times the cotangent."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3, 5))
    architecture = Architecture(3, activation=activation)
    draws, step = [], 1e-6
    for seed in range(40):
        network = FiniteNetwork.random(architecture, inputs=5, width=300, seed=seed)
        before = network.predict(x)[:, 0]
        network.descend(x[:1], lambda f: np.ones_like(f), step)
        draws.append((before - network.predict(x)[:, 0]) / step)
    draws = np.array(draws)
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    # The bias at width n is of order 1/n of the kernel.
    theta = ntk(architecture, x)[0]
    assert np.all(np.abs(draws.mean(axis=0) - theta) < 3.5 * error + theta[0] / 300)
    assert error.max() < 0.05 * theta[0]


def test_blocks_symmetry_and_threads():
    x = np.random.default_rng(2).standard_normal((1100, 7))
    architecture = Architecture(3)
    theta = ntk(architecture, x)
    np.testing.assert_array_equal(theta, theta.T)
    np.testing.assert_allclose(theta, ntk(architecture, x, x.copy(), workers=1), rtol=1e-12)
    assert np.linalg.eigvalsh(theta)[0] > 0


def test_blocks_honour_the_workers():
    """A single block hands them to BLAS, several run on as many threads with one BLAS thread each."""
    seen = []

    def work(rows, columns):
        seen.append({pool["num_threads"] for pool in _blas().info() if pool["user_api"] == "blas"})

    part = slice(0, 1)
    _run_blocks(work, [(part, part)], 2)
    _run_blocks(work, 2 * [(part, part)], 2)
    assert 2 in seen[0]  # other packages bring libraries that have one thread only
    assert seen[1:] == [{1}, {1}]


def test_diagonal_is_exact_and_duplicates_are_singular():
    x = np.random.default_rng(3).standard_normal((4, 50))
    architecture = Architecture(5)
    w2, b2 = architecture.w_std**2, architecture.b_std**2
    k = w2 * (x**2).mean(axis=1) + b2
    theta = k.copy()
    for _ in range(4):
        theta, k = w2 / 2 * k + b2 + w2 / 2 * theta, w2 / 2 * k + b2
    np.testing.assert_allclose(np.diag(ntk(architecture, x)), theta, rtol=1e-13)
    doubled = ntk(architecture, np.concatenate([x, x]))
    assert np.linalg.matrix_rank(doubled, tol=1e-10) == 4


def test_homogeneity_without_bias_and_zero_inputs():
    x = np.random.default_rng(4).standard_normal((3, 4))
    architecture = Architecture(4, b_std=0)
    np.testing.assert_allclose(ntk(architecture, 3 * x, x), 3 * ntk(architecture, x), rtol=1e-7)
    assert not ntk(architecture, np.zeros((1, 4)), x).any()


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("depth", [1, 2, 3, 8])
def test_input_gradient_against_finite_differences(activation, depth):
    rng = np.random.default_rng(5)
    x, direction = rng.standard_normal((2, 6, 9))
    z = rng.standard_normal((11, 9))
    weights = rng.standard_normal((6, 11))
    architecture = Architecture(depth, activation=activation)
    theta, pullback = ntk_with_gradient(architecture, x, z)
    np.testing.assert_allclose(theta, ntk(architecture, x, z), rtol=1e-13)
    h = 1e-5
    difference = ntk(architecture, x + h * direction, z) - ntk(architecture, x - h * direction, z)
    expected = np.sum(difference * weights, axis=1) / (2 * h)
    got = np.sum(pullback(weights) * direction, axis=1)
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())


def test_gradient_at_a_kink_is_the_mean_of_both_sides():
    rng = np.random.default_rng(6)
    x, direction = rng.standard_normal((2, 1, 8))
    architecture = Architecture(3)
    theta, pullback = ntk_with_gradient(architecture, x, x)
    h = 1e-5
    difference = ntk(architecture, x + h * direction, x) - ntk(architecture, x - h * direction, x)
    np.testing.assert_allclose(np.sum(pullback(np.ones((1, 1))) * direction), difference / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(theta, ntk(architecture, x), rtol=1e-14)


@pytest.mark.parametrize(("depth", "value"), [(3, 7.430465), (5, 17.824062)])
def test_ark_published_values(depth, value):
    for x in (np.ones((1, 3)), np.random.default_rng(0).standard_normal((1, 40))):
        assert ark_limit(Architecture(depth), x).item() == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("depth", [4, 8])
def test_ark_by_monte_carlo(activation, depth):
    x = np.random.default_rng(7).standard_normal((1, 12))
    architecture = Architecture(depth, activation=activation)
    measured = ark_monte_carlo(architecture, x, width=256, replicates=300, seed=depth)
    limit = ark_limit(architecture, x).item()
    assert measured.se < 0.06 * limit
    # ReLU is unbiased at every width; erf has a bias of order depth/width.
    bias = 0.0 if activation == "relu" else depth / 256 * limit
    assert abs(measured.mean - limit) < 3.5 * measured.se + bias


def test_ark_spread_and_correction_for_few_inputs():
    """Relative standard deviation sqrt(2/n0) of a linear layer, and erf's correction of order 1/n0."""
    architecture = Architecture(1)
    measured = ark_monte_carlo(architecture, np.ones((1, 50)), width=1, replicates=4000, seed=1)
    spread = measured.se * np.sqrt(4000) / measured.mean
    assert spread == pytest.approx(np.sqrt(2 / 50), rel=0.05)
    x = np.array([[1.5, -0.5]])
    erf_network = Architecture(3, activation="erf")
    exact, limit = (ark_limit(erf_network, x, finite_inputs=kind).item() for kind in (True, False))
    measured = ark_monte_carlo(erf_network, x, width=400, replicates=1200, seed=2)
    assert abs(measured.mean - exact) < 3.5 * measured.se + 3 / 400 * exact
    assert limit - measured.mean > 5 * measured.se


test_bad_inputs = refusals(
    (lambda: Architecture(depth=0), "depth must be an integer >= 1"),
    (lambda: Architecture(depth=2.0), "depth must be an integer", TypeError),
    (lambda: Architecture(w_std=0), r"w_std must be in \(0, 1e\+100\]"),
    (lambda: Architecture(b_std=-1), r"b_std must be in \[0, 1e\+100\]"),
    (lambda: Architecture(activation="tanh"), "activation must be one of"),
    (lambda: ntk(Architecture(), np.ones((2, 3)), np.ones((2, 4))), "z must have shape"),
    (lambda: nngp(Architecture(), np.full((2, 3), np.nan)), "x must be finite"),
    (lambda: ntk(Architecture(), np.ones(3)), "x must have 2"),
    (lambda: ntk(Architecture(), np.ones((2, 3)), workers=0), "workers must be an integer >= 1"),
    (lambda: ark_monte_carlo(Architecture(), np.ones((2, 3)), width=4, replicates=1), "replicates must be an integer"),
    (lambda: FiniteNetwork.random(Architecture(), inputs=2, width=4, dtype="float16"), "dtype must be one of"),
)
