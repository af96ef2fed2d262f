"""Limits by name: reached from inside, with the stated rate; expansions against differences; nonlinear targets."""

import math

import numpy as np
import pytest

import rfrobust
from rfrobust.finite.erm import ConcentratedERM
from rfrobust.finite.features import FeatureMap

ACTIVATIONS = ["relu", "erf", "gelu"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("psi1", "eps", "ridge"), [(1, 0.3, 0.0), (3, 0.1, 0.2), (0.4, 0.35, 0.0)])
def test_population_is_reached(activation, psi1, eps, ridge):
    limit = rfrobust.theory.population(psi1, eps, 0.5, ridge=ridge, activation=activation)
    gaps = []
    for psi2 in (1e3, 1e4, 1e5):
        model = rfrobust.solve(psi1, psi2, eps, 0.5, ridge=ridge, activation=activation)
        gaps.append([model.standard_risk - limit.standard_risk, model.adversarial_risk() - limit.adversarial_risk()])
    gaps = np.abs(gaps)
    assert np.all(gaps[2] < 1e-3)
    # the adversarial risk, which training minimises, approaches like 1/psi2
    np.testing.assert_allclose(gaps[:-1, 1] / gaps[1:, 1], 10.0, rtol=0.05)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_population_minimises_the_adversarial_risk(activation):
    # over all k: v and r^2 on the path theta = (Sigma + k J^2)^-1 mu1 W beta
    psi1, eps, tau = 1.5, 0.4, 0.5
    model = rfrobust.theory.population(psi1, eps, tau, activation=activation)
    c, mu, rho2 = rfrobust.problem.resolve_activation(activation).constants
    d = 500
    W = FeatureMap.draw(round(psi1 * d), d, np.random.default_rng(0)).W
    x = np.linalg.eigvalsh(W @ W.T)
    spectrum = rfrobust.EmpiricalSpectrum(W)
    best = rfrobust.theory.population(psi1, eps, tau, activation=activation, spectrum=spectrum)
    sigma, metric = c * x + mu, c * x + rho2

    def risk(k):
        H = sigma + k * metric
        v = tau**2 + 1 - 2 * np.sum(c * x / H) / d + np.sum(c * x * sigma / H**2) / d
        r = math.sqrt(np.sum(c * x * metric / H**2) / d)
        return v + 2 * math.sqrt(2 / math.pi) * eps * r * math.sqrt(v) + (eps * r) ** 2

    assert risk(best.k) == pytest.approx(best.adversarial_risk(), rel=1e-10)
    assert risk(best.k) <= min(risk(best.k * t) for t in (0.9, 0.99, 1.01, 1.1))
    assert model.adversarial_risk() == pytest.approx(best.adversarial_risk(), rel=5e-3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_interpolator_is_reached_and_published_values(activation):
    limit = rfrobust.theory.least_gradient_interpolator(3, 2, 0.5, activation=activation)
    near = rfrobust.solve(3, 2, 1e-4, 0.5, activation=activation)
    assert near.standard_risk == pytest.approx(limit.standard_risk, rel=1e-9)
    assert near.gradient_norm == pytest.approx(limit.gradient_norm, rel=1e-9)
    if activation == "relu":
        assert limit.standard_risk == pytest.approx(1.348991832520, rel=1e-12)
        assert limit.gradient_norm**2 == pytest.approx(2.535938033743, rel=1e-12)


def test_interpolator_needs_more_features_than_samples():
    with pytest.raises(ValueError, match="psi1 must be > psi2"):
        rfrobust.theory.least_gradient_interpolator(2, 2)
    with pytest.raises(ValueError, match="rank"):
        rfrobust.theory.least_gradient_interpolator(3, 2, activation="identity")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("psi2", "tau", "ridge", "scaled"), [
    (2, 0.5, 0.05, 0.0), (2, 0.5, 0.05, 1.0), (0.5, 0.2, 0.3, 0.5), (5, 1.0, 1e-3, 0.1), (0.3, 0.0, 0.1, 2.0),
])  # fmt: skip
def test_infinitely_wide_is_reached_like_one_over_psi1(activation, psi2, tau, ridge, scaled):
    limit = rfrobust.theory.infinitely_wide(psi2, scaled, tau, ridge=ridge, activation=activation, signal_norm=1.2)
    gaps = []
    for psi1 in (1e6, 1e7):
        model = rfrobust.solve(
            psi1, psi2, scaled / math.sqrt(psi1), tau, ridge=ridge, activation=activation, signal_norm=1.2
        )
        gaps.append([model.standard_risk / limit.standard_risk - 1, model.gradient_norm / limit.gradient_norm - 1])
    gaps = np.abs(gaps)
    assert np.all(gaps[1] < 3e-4)
    assert np.all(gaps[1] < 0.45 * gaps[0] + 1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("psi2", "eps", "ridge"), [(2, 0.3, 0.0), (2, 0.3, 0.05), (0.5, 1.0, 0.0), (4, 0.1, 0.0)])
def test_at_fixed_radius_the_infinitely_wide_model_forgets(activation, psi2, eps, ridge):
    limit = rfrobust.theory.infinitely_wide(psi2, math.inf, 0.5, ridge=ridge, activation=activation)
    null = rfrobust.theory.null_model(0.5)
    assert (limit.standard_risk, limit.gradient_norm) == (null.standard_risk, 0.0)
    decay = rfrobust.theory.wide_gradient_decay(psi2, 0.5, activation=activation)
    psi1 = 1e9
    model = rfrobust.solve(psi1, psi2, eps, 0.5, ridge=ridge, activation=activation)
    assert model.standard_risk == pytest.approx(null.standard_risk, rel=1e-5)
    assert math.sqrt(psi1) * model.gradient_norm == pytest.approx(decay, rel=1e-3)
    first = null.standard_risk + 2 * math.sqrt(2 / math.pi * null.standard_risk) * eps * decay / math.sqrt(psi1)
    assert model.adversarial_risk() - null.standard_risk == pytest.approx(first - null.standard_risk, rel=2e-2)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", rfrobust.Activation.from_callable(lambda u: u * u - 1)])
@pytest.mark.parametrize(("psi2", "ridge", "scaled"), [(2, 0.05, 0.0), (2, 0.05, 1.0), (0.5, 0.3, 0.5)])
def test_infinitely_wide_learns_the_radial_part(activation, psi2, ridge, scaled):
    target = {"activation": activation, "radial_power": 0.8}
    limit = rfrobust.theory.infinitely_wide(psi2, scaled, 0.3, ridge=ridge, **target)
    gaps = []
    for psi1 in (1e6, 1e7):
        model = rfrobust.solve(psi1, psi2, scaled / math.sqrt(psi1), 0.3, ridge=ridge, **target)
        gaps.append([model.standard_risk / limit.standard_risk - 1, model.gradient_norm - limit.gradient_norm])
    gaps = np.abs(gaps)
    assert np.all(gaps[1] < 3e-4)
    assert np.all(gaps[1] < 0.45 * gaps[0] + 1e-9)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_at_fixed_radius_the_radial_part_is_forgotten_too(activation):
    target = {"activation": activation, "radial_power": 0.8}
    limit = rfrobust.theory.infinitely_wide(2, math.inf, 0.5, **target)
    assert (limit.standard_risk, limit.gradient_norm) == (
        rfrobust.theory.null_model(0.5, radial_power=0.8).standard_risk,
        0,
    )
    assert limit.standard_risk == pytest.approx(2.05)
    model = rfrobust.solve(1e9, 2, 0.3, 0.5, **target)
    assert model.standard_risk == pytest.approx(2.05, rel=1e-5)
    decay = rfrobust.theory.wide_gradient_decay(2, 0.5, **target)
    assert math.sqrt(1e9) * model.gradient_norm == pytest.approx(decay, rel=1e-3)


def test_infinitely_wide_even_activation_and_linear_activation():
    assert rfrobust.theory.infinitely_wide(2, 1.0, 0.5, ridge=0.1, activation="cos").standard_risk == 1.25
    for function in (lambda: rfrobust.theory.infinitely_wide(2, 1.0, activation="identity"),
                     lambda: rfrobust.theory.wide_gradient_decay(2, activation="identity")):  # fmt: skip
        with pytest.raises(ValueError, match="must not be linear"):
            function()
    with pytest.raises(ValueError, match="psi2 must be"):
        rfrobust.theory.infinitely_wide(math.inf, 1.0)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "cos"])
@pytest.mark.parametrize("spectrum", ["marchenko-pastur", "orthogonal"])
@pytest.mark.parametrize(("psi1", "psi2"), [(1, 2), (0.3, 0.5), (2, 10)])
def test_small_eps_coefficients(activation, spectrum, psi1, psi2):
    problem = {"activation": activation, "spectrum": spectrum, "signal_norm": 1.3, "nonlinear_power": 0.2}
    expansion = rfrobust.theory.small_eps_expansion(psi1, psi2, 0.5, **problem)

    def at(eps):
        model = rfrobust.solve(psi1, psi2, eps, 0.5, **problem)
        return np.array([model.standard_risk, model.gradient_norm, model.adversarial_risk()])

    start = np.array([expansion.standard_risk, expansion.gradient_norm, expansion.standard_risk])
    np.testing.assert_allclose(at(0.0), [*start[:2], start[0]], rtol=1e-12)
    h = 1e-4
    # Richardson on forward differences: second-order error
    slopes = 2 * (at(h) - start) / h - (at(2 * h) - start) / (2 * h)
    want = [expansion.standard_slope, expansion.gradient_slope, expansion.adversarial_slope]
    np.testing.assert_allclose(slopes, want, rtol=2e-4, atol=2e-5)
    assert expansion.standard_slope < 0


def test_small_eps_beyond_interpolation():
    with pytest.raises(ValueError, match="psi1 must be < psi2"):
        rfrobust.theory.small_eps_expansion(2, 2)
    # there the standard risk is flat to all orders
    base = rfrobust.solve(3, 2, 0.0, 0.5).standard_risk
    assert rfrobust.solve(3, 2, 0.01, 0.5).standard_risk == pytest.approx(base, rel=1e-13)
    with pytest.raises(ValueError, match="v > 0 and r > 0"):
        rfrobust.theory.small_eps_expansion(1, 2, 0.0, activation="identity")


def test_limiting_models_at_several_radii():
    model = rfrobust.theory.infinitely_wide(2, 0.5, 0.5, ridge=0.1)
    radii = np.array([0.0, 0.3])
    risks = model.adversarial_risk(radii)
    assert risks[0] == model.standard_risk
    assert risks[1] > risks[0]
    assert rfrobust.theory.null_model(0.5, signal_norm=2, nonlinear_power=0.1).adversarial_risk(3.0) == pytest.approx(
        4.35
    )
    with pytest.raises(ValueError, match="eps_test must be"):
        model.adversarial_risk(-1.0)


# targets


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_signal_norm_and_noise_rescale(ridge):
    base = rfrobust.solve(3, 2, 0.3, 0.5, ridge=ridge, nonlinear_power=0.2)
    twice = rfrobust.solve(3, 2, 0.3, 1.0, ridge=ridge, signal_norm=2.0, nonlinear_power=0.8)
    assert twice.standard_risk == pytest.approx(4 * base.standard_risk, rel=1e-12)
    assert twice.gradient_norm == pytest.approx(2 * base.gradient_norm, rel=1e-12)
    assert twice.adversarial_risk(0.7) == pytest.approx(4 * base.adversarial_risk(0.7), rel=1e-12)
    noise = rfrobust.solve(3, 2, 0.3, math.sqrt(0.25 + 0.2), ridge=ridge)
    assert noise.standard_risk == pytest.approx(base.standard_risk, rel=1e-12)


def quadratic_target(d, N, n, eps, ridge, tau, norm, power, A, seed):
    """v and r^2, exact given theta, of ReLU networks trained on a linear plus quadratic target."""
    rng = np.random.default_rng(seed)
    network = FeatureMap.draw(N, d, rng)
    beta = np.eye(d)[0] * norm
    scale = math.sqrt(power / (2.0 * np.sum(A * A)))
    X = rng.standard_normal((n, d))
    quadratic = scale * (np.einsum("ij,jk,ik->i", X, A, X) - np.trace(A))
    y = X @ beta + quadratic + tau * rng.standard_normal(n)
    theta = ConcentratedERM(network.features(X), y, network.metric, ridge=ridge).solve(eps).theta
    # E relu(g)(g^2 - 1) = 1/sqrt(2 pi): covariance of a unit with the quadratic part
    cross = scale * np.einsum("ij,jk,ik->i", network.W, A, network.W) / math.sqrt(2 * math.pi)
    v = tau**2 + norm**2 + power + theta @ network.second_moment @ theta
    v -= 2 * theta @ (network.target_moment(beta) + cross)
    return v, theta @ network.metric @ theta


@pytest.mark.parametrize(("psi1", "psi2", "eps", "ridge"), [(1, 2, 0.3, 0.0), (2, 1.5, 0.4, 0.1)])
def test_quadratic_target_is_noise(psi1, psi2, eps, ridge):
    d, tau, norm, power = 160, 0.3, 1.4, 0.8
    rng = np.random.default_rng(7)
    A = rng.standard_normal((d, d))
    A = A + A.T
    out = np.array([
        quadratic_target(d, round(psi1 * d), round(psi2 * d), eps, ridge, tau, norm, power, A, seed)
        for seed in range(40)
    ])  # fmt: skip
    model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge, signal_norm=norm, nonlinear_power=power)
    error = out.std(axis=0, ddof=1) / np.sqrt(len(out))
    gap = np.abs(out.mean(axis=0) - [model.standard_risk, model.gradient_norm**2])
    assert np.all(gap < 3.5 * error + 2 * model.standard_risk / d)
    # a test radius that is not the training radius
    sampled = [v + 2 * math.sqrt(2 / math.pi) * 0.8 * math.sqrt(v * r2) + 0.64 * r2 for v, r2 in out]
    spread = np.std(sampled, ddof=1) / math.sqrt(len(sampled))
    assert abs(np.mean(sampled) - model.adversarial_risk(0.8)) < 3.5 * spread + 4 * model.standard_risk / d
    # without the nonlinear part the theory would be far off
    ignored = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge, signal_norm=norm)
    assert out[:, 0].mean() - ignored.standard_risk > 10 * error[0]
