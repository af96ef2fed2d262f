"""The linearized flow: closed form against the differential equation, its limits, and real networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from rfrobust.support.errors import DivergenceError
from rfrobust.wide import (
    Architecture,
    FiniteNetwork,
    KernelSpectrum,
    LinearizedFlow,
    RankLossWarning,
    StoppedKernel,
    gradient_search,
    ntk,
    train_on_search,
)
from rfrobust.wide.figures.wide_linearization import distance
from rfrobust.wide.spectral import phi1, phi2, second_difference
from tests.refusals import refusals

SAMPLES = 10
TIMES = np.array([0.01, 0.1, 0.6])


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((SAMPLES, 15))
    return x, ntk(Architecture(), x), rng.standard_normal((SAMPLES, 2)), rng.standard_normal((SAMPLES, 2))


def test_closed_form_is_the_flow_for_constant_rates(problem):
    _, theta, y, f0 = problem
    eta = np.random.default_rng(1).uniform(0, 0.2, SAMPLES)
    flow = LinearizedFlow(theta, y, ark=7.43, eta=eta, initial=f0)
    assert flow.is_constant
    closed, ode = (flow.coefficients(TIMES, method=method) for method in ("closed form", "ode"))
    np.testing.assert_allclose(closed.train, ode.train, rtol=0, atol=1e-10)
    np.testing.assert_allclose(closed.coefficients, ode.coefficients, rtol=0, atol=1e-10)
    # The published expression, with its inverse and its unsymmetric exponential.
    xi = np.exp(7.43 * eta) * TIMES[1]
    published = f0 - (np.eye(SAMPLES) - linalg.expm(-theta * xi)) @ (f0 - y)
    np.testing.assert_allclose(closed.train[1], published, rtol=0, atol=1e-12)


def test_closed_form_holds_for_proportional_rates_and_fails_for_others(problem):
    _, theta, y, _ = problem
    base = np.linspace(0.0, 1.0, SAMPLES)
    # ln D_i = base_i + 2 sin(5t): D(t) = g(t) D_0.
    proportional = LinearizedFlow(theta, y, eta=lambda t: base + 2 + 2 * np.sin(5 * t))
    assert not proportional.is_constant
    closed, ode = (proportional.coefficients(TIMES, method=method) for method in ("closed form", "ode"))
    np.testing.assert_allclose(closed.train, ode.train, rtol=0, atol=1e-10)
    phases = np.arange(SAMPLES) * np.pi
    switching = LinearizedFlow(theta, y, eta=lambda t: 2 + 2 * np.cos(30 * t + phases))
    closed, ode = (switching.coefficients([0.05], method=method) for method in ("closed form", "ode"))
    assert np.abs(closed.train - ode.train).max() > 0.01


def test_regularization_matrix(problem):
    _, theta, y, _ = problem
    common = LinearizedFlow(theta, y, ark=2.0, eta=0.3, horizon=1.5)
    np.testing.assert_allclose(common.regularization(0.7), 0.7 * np.exp(0.9), rtol=1e-14)
    # One eta for all: adversarial training is standard training at time xi.
    spectrum = KernelSpectrum.decompose(theta)
    np.testing.assert_allclose(
        common.coefficients([0.7]).coefficients[0], spectrum.coefficients(y, 0.7 * np.exp(0.9)), rtol=1e-11
    )
    growing = LinearizedFlow(theta, y, ark=1.0, eta=lambda t: t * np.arange(SAMPLES))
    rates = np.arange(1, SAMPLES)
    np.testing.assert_allclose(growing.regularization(0.5)[1:], np.expm1(rates * 0.5) / rates, rtol=1e-12)


def test_degeneration_limit(problem):
    x, theta, y, f0 = problem
    expected = np.linalg.solve(theta, y - f0)
    for eta in (0.0, np.linspace(0, 0.5, SAMPLES)):
        flow = LinearizedFlow(theta, y, ark=7.43, eta=eta, initial=f0)
        late = flow.coefficients([1e5])
        np.testing.assert_allclose(late.coefficients[0], expected, rtol=1e-9)
        np.testing.assert_allclose(late.train[0], y, atol=1e-10)
        np.testing.assert_allclose(flow.limit(), expected, rtol=1e-9)
    test = ntk(Architecture(), x + 0.1, x)
    np.testing.assert_allclose(test @ flow.limit(), test @ expected, rtol=1e-9)


def test_singular_kernel_is_open(problem):
    x, _, y, _ = problem
    theta = ntk(Architecture(), np.concatenate([x, x[:2]]))
    targets = np.concatenate([y, y[:2] + 1])
    with pytest.warns(RankLossWarning, match=r"rank 10: 2 directions"):
        limit = LinearizedFlow(theta, targets).limit()
    np.testing.assert_allclose(limit, linalg.pinvh(theta, rtol=1e-12) @ targets, rtol=1e-8, atol=1e-10)
    # Contradicting duplicates end at their mean.
    np.testing.assert_allclose((theta @ limit)[0], y[0] + 0.5, rtol=1e-9)
    spectrum = KernelSpectrum.decompose(theta, jitter=0.1)
    ridge = linalg.solve(theta + 0.1 * np.eye(12), targets, assume_a="pos")
    np.testing.assert_allclose(spectrum.coefficients(targets, np.inf), ridge, rtol=1e-9)
    # The early stopped predictor needs no inverse: the integral of exp(-s Theta) over s, by quadrature.
    nodes, weights = np.polynomial.legendre.leggauss(30)
    a = np.full(12, 0.05)
    integral = sum(w / 2 * linalg.expm(-(1 + s) / 2 * np.diag(a) @ theta) for s, w in zip(nodes, weights, strict=True))
    stopped = StoppedKernel.decompose(theta, a)
    np.testing.assert_allclose(stopped.coefficients(targets), integral @ np.diag(a) @ targets, rtol=1e-10)


def test_gradient_in_the_stopping_times(problem):
    """Against finite differences, the Frechet derivative of expm, and the published form with Theta^{1/2}."""
    _, theta, y, h = problem
    rng = np.random.default_rng(2)
    a = rng.uniform(0, 0.6, SAMPLES)
    a[2], a[5] = a[1], 0.0
    stopped = StoppedKernel.decompose(theta, a)
    gradient = stopped.times_gradient(y, h)
    frechet, differences = np.empty(SAMPLES), np.empty(SAMPLES)
    for k in range(SAMPLES):
        move = np.zeros((SAMPLES, SAMPLES))
        move[:, k] = -theta[:, k]
        derivative = linalg.expm_frechet(-theta * a, move, compute_expm=False)
        frechet[k] = -np.sum(h * np.linalg.solve(theta, derivative @ y))
        step = 1e-5 * np.eye(SAMPLES)[k]
        values = [np.sum(h * StoppedKernel.decompose(theta, a + s * step).coefficients(y)) for s in (1, 2, 3, 4)]
        differences[k] = (-11 / 6 * np.sum(h * stopped.coefficients(y))
                          + 3 * values[0] - 1.5 * values[1] + values[2] / 3) / 1e-5  # fmt: skip
    np.testing.assert_allclose(gradient, frechet, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(gradient, differences, rtol=2e-7, atol=1e-9)
    root = linalg.sqrtm(theta)
    m, u = linalg.eigh(root @ np.diag(a) @ root)
    gap = m[:, None] - m[None, :]
    quotient = -(np.exp(-m[:, None]) - np.exp(-m[None, :])) / np.where(np.abs(gap) < 1e-9, np.inf, gap)
    weights = np.where(np.abs(gap) < 1e-9, np.exp(-m)[:, None], quotient)
    inverse = np.linalg.inv(root)
    product = (u.T @ inverse @ y) @ (h.T @ inverse @ u)
    lifted = root @ u
    published = np.diag(lifted @ (product.T * weights) @ lifted.T)
    np.testing.assert_allclose(gradient, published, rtol=1e-9, atol=1e-10)


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=5), st.floats(1e-12, 1e-2))
@settings(deadline=None, max_examples=60)
def test_integrals_by_quadrature(values, close):
    m = np.array([*values, values[0] * (1 + close) + close])
    nodes, weights = np.polynomial.legendre.leggauss(60)
    # Substitute u = v^5/(v^5 + (1-v)^5): resolves both boundary layers.
    v = (nodes + 1) / 2
    left, right = v**5, (1 - v) ** 5
    u, u_comp = left / (left + right), right / (left + right)
    jacobian = 5 * v**4 * (1 - v) ** 4 / (left + right) ** 2 * weights / 2

    def psi(t):
        return t[:, None] * phi1(t[:, None] * m)

    np.testing.assert_allclose(jacobian @ psi(u), phi2(m), rtol=3e-6)
    pairs = np.einsum("u,ui,uj->ij", jacobian, psi(u_comp), psi(u))
    np.testing.assert_allclose(second_difference(m), pairs, rtol=1e-4)


def test_search_multiplies_the_residual_of_a_linear_network():
    """For D = 1 the network is linear, so the search is exactly exp(ARK eta S)."""
    network = FiniteNetwork.random(Architecture(1), inputs=6, width=1, seed=3)
    x, y = np.random.default_rng(3).standard_normal((4, 6)), np.ones((4, 1))
    slope = network.input_gradient(x, np.ones((4, 1)))
    eta = np.array([0.0, 0.1, 0.2, 0.3]) / np.sum(slope**2, axis=1)
    found = gradient_search(network, x, y, eta=eta, horizon=2.0, steps=40)
    ratio = (network.predict(found) - y) / (network.predict(x) - y)
    np.testing.assert_allclose(ratio[:, 0], np.exp([0.0, 0.2, 0.4, 0.6]), rtol=1e-8)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_finite_gradients(activation):
    rng = np.random.default_rng(4)
    network = FiniteNetwork.random(Architecture(4, activation=activation), inputs=5, width=20, outputs=3, seed=1)
    x, direction = rng.standard_normal((2, 6, 5))
    cotangent = rng.standard_normal((6, 3))
    h = 1e-6
    difference = network.predict(x + h * direction) - network.predict(x - h * direction)
    expected = np.sum(difference * cotangent, axis=1) / (2 * h)
    np.testing.assert_allclose(
        np.sum(network.input_gradient(x, cotangent) * direction, axis=1), expected, rtol=1e-6, atol=1e-8
    )
    before = [w.copy() for w in (*network.weights, *network.biases)]

    def value():
        return np.sum(network.predict(x) * cotangent)

    network.descend(x, lambda f: cotangent, 1.0)
    parameters = [*network.weights, *network.biases]
    gradients = [old - new for old, new in zip(before, parameters, strict=True)]
    for parameter, old in zip(parameters, before, strict=True):
        parameter[...] = old
    for parameter, gradient in zip(parameters, gradients, strict=True):
        move = rng.standard_normal(parameter.shape)
        parameter += h * move
        up = value()
        parameter -= 2 * h * move
        down = value()
        parameter += h * move
        assert np.sum(gradient * move) == pytest.approx((up - down) / (2 * h), rel=1e-5, abs=1e-7)


@pytest.mark.slow
def test_finite_networks_approach_the_linearized_flow():
    """Inputs and widths together: distance falls about like the square root of the width."""
    far, near = (np.mean([distance(width, width, seed) for seed in range(4)]) for width in (48, 768))
    assert near < 0.06
    assert 2.2 < far / near < 7


INDEFINITE = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
FLOW, ONES = LinearizedFlow(np.eye(3), np.ones(3)), np.ones((3, 1))
TINY = FiniteNetwork.random(Architecture(2), inputs=1, width=2)
test_bad_inputs = refusals(
    (lambda: LinearizedFlow(np.triu(np.ones((3, 3))), ONES), "theta must be symmetric"),
    (lambda: LinearizedFlow(np.eye(3), ONES[:2]), "targets must have shape"),
    (lambda: LinearizedFlow(np.eye(3), ONES, eta=-0.1), "eta must be finite and >= 0"),
    (lambda: LinearizedFlow(np.eye(3), ONES, eta=lambda t: np.ones(2)).coefficients([1.0]), "eta must have shape"),
    (lambda: FLOW.coefficients([1.0, 0.5]), "times must be increasing"),
    (lambda: FLOW.coefficients([1.0], method="euler"), "method must be one of"),
    (lambda: StoppedKernel.decompose(np.eye(3)[:2], np.ones(3)), r"theta must have shape \(3, 3\)"),
    (lambda: StoppedKernel.decompose(np.eye(3), -np.ones(3)), "times must be finite and >= 0"),
    (lambda: KernelSpectrum.decompose(np.eye(3) * np.nan), "theta must be finite"),
    (lambda: KernelSpectrum.decompose(np.triu(np.ones((3, 3)))), "theta must be symmetric, got a difference of 1"),
    (lambda: StoppedKernel.decompose(np.triu(np.ones((3, 3))), np.ones(3)), "theta must be symmetric"),
    (lambda: LinearizedFlow(INDEFINITE, ONES), "theta must be positive semidefinite, got an eigenvalue -1"),
    (lambda: KernelSpectrum.decompose(INDEFINITE), "theta must be positive semidefinite"),
    (lambda: StoppedKernel.decompose(INDEFINITE, np.ones(3)), "theta must be positive semidefinite"),
    (lambda: KernelSpectrum.decompose(np.eye(3)).coefficients(ONES, -1.0), "xi must be finite and >= 0"),
    (lambda: gradient_search(TINY, ONES, ONES, eta=0.1, steps=0), "steps must be an integer >= 1"),
)


def test_divergence_is_an_error(problem):
    x, _, y, _ = problem
    network = FiniteNetwork.random(Architecture(2), inputs=15, width=8)
    with pytest.raises(DivergenceError, match="training diverged at step"), np.errstate(all="ignore"):
        train_on_search(network, x, y[:, :1], eta=0.0, learning_rate=100.0, steps=300)
