"""A radial part of the target: against simulation, dense matrices and drawn networks, and at every edge."""

import math

import numpy as np
import pytest
from scipy.optimize import root

import rfrobust
from rfrobust.engine.gaussian import gaussian_parts
from rfrobust.finite.features import FeatureMap, radial_part
from rfrobust.finite.risks import sampled_risks, standard_risk
from rfrobust.problem.activation import second_coefficient
from rfrobust.problem.catalogue import TABLE, built_in
from rfrobust.theory import QuadraticModel, drawn_network, interpolation_threshold
from rfrobust.tuning.boundaries import add_margins

POINT = {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.3, "ridge": 0.1, "radial_power": 0.8}
OBSERVED = ("standard_risk", "gradient_norm", "training_loss")


def as_noise(problem):
    """The same problem with the radial part taken for noise."""
    return problem.vary(radial_power=0.0, nonlinear_power=problem.data.radial_power)


@pytest.mark.slow
def test_the_radial_part_is_learned_through_the_spike():
    problem = rfrobust.Problem.of(**POINT)
    model, noise = rfrobust.solve(problem), rfrobust.solve(as_noise(problem))
    assert model.standard_risk == pytest.approx(1.0936, abs=1e-4)
    assert model.gradient_norm**2 == pytest.approx(1.2421, abs=1e-4)
    assert noise.standard_risk == pytest.approx(1.5846, abs=1e-4)
    measured = rfrobust.summary(rfrobust.simulate(problem, d=200, replicates=24, seed=5))
    for name in OBSERVED:
        gap = abs(float(measured[name]) - getattr(model, name))
        assert gap < 3 * float(measured[f"{name}_se"])
    assert noise.standard_risk - float(measured.standard_risk) > 20 * float(measured.standard_risk_se)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"psi1": 0.8, "ridge": 0.0, "spectrum": "orthogonal"},
        {"psi1": 1.5, "ridge": 0.0, "spectrum": "orthogonal", "activation": "quadratic"},
        {"psi1": 0.7, "ridge": 0.0, "spectrum": rfrobust.DiscreteSpectrum([0.2, 1.8])},
        {"psi1": 1.5, "ridge": 0.0, "activation": "quadratic:1", "nonlinear_power": 0.2},
        {"psi1": 1.5, "ridge": 0.0, "activation": built_in("gelu").centred()},
        {"psi1": 1.5, "ridge": 0.0, "activation": "gelu"},
        {"psi1": 1.5, "ridge": 0.0, "activation": "tanh"},
    ],
    ids=lambda change: "-".join(str(getattr(value, "name", value)) for value in change.values()),
)
def test_simulated_networks_learn_what_theory_says(change):
    problem, d = rfrobust.Problem.of(**POINT | change), 60
    measured = rfrobust.summary(rfrobust.simulate(problem, d=d, replicates=20, seed=2, workers=1))
    model, noise = rfrobust.solve(problem), rfrobust.solve(as_noise(problem))
    for name in OBSERVED[:2]:  # standard errors, and the bias of order 1/d
        gap = abs(float(measured[name]) - getattr(model, name))
        assert gap < 3.5 * float(measured[f"{name}_se"]) + 2.5 / d * getattr(model, name), name
    if problem.features.spike > 0.0:
        assert noise.standard_risk - model.standard_risk > 4 * float(measured.standard_risk_se)
    else:  # odd activations, and those with a mean, see only noise
        assert model.standard_risk == pytest.approx(noise.standard_risk, rel=1e-13)
        assert model.gradient_norm == pytest.approx(noise.gradient_norm, rel=1e-13)


def dense_forms(x, psi1, k, l, activation, power):
    """B and P of docs/theory, the radial part by dense matrices with the spike in them, and the traces."""
    a, N = activation, len(x)
    sigma, metric = a.mu1**2 * x + a.mu2**2, a.mu1**2 * x + a.rho**2
    H = sigma + k * metric + l
    signal = psi1 * a.mu1**2 * x
    left = 1.0 - 2.0 * np.mean(signal / H) + np.mean(signal * sigma / H**2)
    learned = np.mean(signal * metric / H**2)
    e = np.full(N, N**-0.5)
    spike = a.a2**2 * (np.mean(x * x) - 1.0) * np.outer(e, e)
    b = a.a2 * math.sqrt(power * psi1) * e
    theta = np.linalg.solve(np.diag(H) + (1.0 + 2.0 * k) * spike, b)
    left += power - 2.0 * b @ theta + theta @ (np.diag(sigma) + spike) @ theta
    learned += theta @ (np.diag(metric) + 2.0 * spike) @ theta
    return left, learned, np.mean(sigma / H), np.mean((sigma / H) ** 2), np.mean(sigma * metric / H**2)


@pytest.mark.parametrize(
    ("name", "psi1", "ridge"), [("relu", 0.6, 0.0), ("quadratic:0.5", 0.9, 0.2), ("quadratic", 0.5, 0)]
)
def test_dense_matrices_with_the_spike_give_the_same_solution(name, psi1, ridge):
    # no rank-one algebra and no elimination: the equations as they are written, with matrices
    x = np.random.default_rng(0).gamma(2.0, size=40)
    x /= x.mean()
    psi2, eps, tau, power = 2.0, 0.3, 0.3, 0.8
    activation, R = built_in(name), psi1 / psi2

    def risks(unknowns):
        q, V, k = np.exp(unknowns)
        parts = gaussian_parts(q * V)
        B = parts.p1 + 2 * q * V * parts.phi + 4 * q * parts.phi + q * q * parts.p1
        D = parts.p0 + parts.p1 * V / (1 + V)
        g = (parts.A + B * (V / (1 + V)) ** 2) / D**2
        left, learned, E1, E2, EJ = dense_forms(x, psi1, k, ridge * V / D, activation, power)
        v = (tau**2 + left) / (1 - g * R * E2)
        return v, learned + g * v * R * EJ, (D - R * E1, k * D / V * q / (parts.m / (1 + V) + q) - eps**2)

    def residuals(unknowns):
        v, r2, rest = risks(unknowns)
        return (*rest, math.exp(unknowns[0]) - eps * math.sqrt(r2 / v))

    settings = {"ridge": ridge, "activation": activation, "spectrum": rfrobust.DiscreteSpectrum(x)}
    start = rfrobust.solve(psi1, psi2, eps, tau, nonlinear_power=power, **settings)
    found = root(residuals, np.log([start.q, start.V, start.k]), tol=1e-13)
    v, r2, _ = risks(found.x)
    model = rfrobust.solve(psi1, psi2, eps, tau, radial_power=power, **settings)
    assert np.max(np.abs(residuals(found.x))) < 1e-11
    assert model.standard_risk == pytest.approx(v, rel=1e-9)
    assert model.gradient_norm**2 == pytest.approx(r2, rel=1e-9)
    assert abs(model.standard_risk - start.standard_risk) > 0.01


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_drawn_network_learns_it_through_its_own_matrices(activation):
    d, settings = 300, {"activation": activation, "radial_power": 0.8}
    W = FeatureMap.draw(2 * d, d, np.random.default_rng(0)).W
    model = drawn_network(W, 2 * d, 0.3, **settings).solve(0.3)
    limit = rfrobust.solve(2, 2, 0.3, 0.3, **settings)
    assert model.standard_risk == pytest.approx(limit.standard_risk, rel=0.015)
    assert model.gradient_norm == pytest.approx(limit.gradient_norm, rel=0.015)


@pytest.mark.parametrize("spectrum", ["marchenko-pastur", "orthogonal"])
@pytest.mark.parametrize("activation", ["relu", "quadratic"])
def test_limits_continue_the_regular_phase(activation, spectrum):
    problem = rfrobust.Problem.of(**POINT | {"ridge": 0.0, "activation": activation, "spectrum": spectrum})

    def near(small, limit, rel):
        for name in OBSERVED[:2]:
            small_value, value = getattr(rfrobust.solve(small), name), getattr(rfrobust.solve(limit), name)
            assert small_value == pytest.approx(value, rel=rel), name

    for change in ({"ridge": 0.1}, {"psi1": 1.0}, {"psi1": 5.0}):
        near(problem.vary(eps=1e-7, **change), problem.vary(eps=0.0, **change), 1e-5)
    near(problem.vary(psi2=1e8), problem.vary(psi2=math.inf), 1e-6)
    near(problem.vary(radial_power=1e-12), problem.vary(radial_power=0.0), 1e-10)
    threshold = rfrobust.null_threshold(problem.vary(eps=0.0))
    assert threshold > rfrobust.null_threshold(as_noise(problem.vary(eps=0.0)))
    below = rfrobust.solve(problem.vary(eps=threshold * (1 - 1e-4)))
    assert below.phase is rfrobust.Phase.REGULAR
    assert below.gradient_norm < 1e-2
    beyond = rfrobust.solve(problem.vary(eps=threshold * (1 + 1e-12)))
    assert beyond.phase is rfrobust.Phase.NULL
    assert beyond.standard_risk == pytest.approx(1.0 + 0.8 + 0.09, rel=1e-15)
    assert interpolation_threshold(problem.vary(eps=0.0), n=100) > 0.0


def test_a_sweep_solves_each_point_and_says_what_it_did():
    radii = np.linspace(0.05, 2.5, 12)
    swept = rfrobust.sweep(psi1=[0.5, 3], psi2=2, eps=radii, tau=0.3, ridge=[0, 0.1], radial_power=0.8)
    for at in swept.stack(point=("psi1", "eps", "ridge")).transpose("point", ...).point.values:
        psi1, eps, ridge = at
        model = rfrobust.solve(psi1, 2, eps, 0.3, ridge=ridge, radial_power=0.8)
        got = swept.sel(psi1=psi1, eps=eps, ridge=ridge)
        assert float(got.standard_risk) == pytest.approx(model.standard_risk, rel=1e-12)
    assert swept.attrs["radial_power"] == 0.8
    margins = add_margins(swept)
    least = swept.adversarial_risk.where(margins.margin_zero.notnull())
    assert float(np.abs(margins.margin_zero - (least - 1.89)).max()) < 1e-12
    at_zero = rfrobust.solve(0.5, 2, 0.0, 0.3, radial_power=0.8)
    eps = float(radii[0])
    assert float(margins.margin_standard.sel(psi1=0.5, ridge=0, eps=eps)) == pytest.approx(
        float(swept.adversarial_risk.sel(psi1=0.5, ridge=0, eps=eps)) - at_zero.adversarial_risk(eps), rel=1e-10
    )
    model = rfrobust.solve(**POINT)
    assert model.radial_power == model.problem.settings["radial_power"] == 0.8
    assert "radial_power=0.8" in repr(model)
    assert model.problem.key != as_noise(model.problem).key


def test_exact_risks_and_moments_of_networks():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200_000, 6))
    part = radial_part(X)
    assert np.mean(part**2) == pytest.approx(1.0, abs=0.02)
    network = FeatureMap.draw(5, 6, rng, "relu")
    theta, beta = rng.standard_normal(5), np.eye(6)[0]
    np.testing.assert_allclose(network.features(X).T @ part / len(X), network.radial_moment(), atol=6e-3)
    powers = {"nonlinear_power": 0.2, "radial_power": 0.5}
    sampled = sampled_risks(network, theta, beta, 0.3, 0.1, 200_000, rng, steps=1, restarts=0, **powers).standard
    assert abs(sampled.value - standard_risk(network, theta, beta, 0.3, **powers)) < 4 * sampled.se


def test_second_coefficients():
    for name in TABLE:
        activation = built_in(name)
        assert activation.a2 == pytest.approx(second_coefficient(activation.function, activation.kinks), abs=1e-14)
    relu = built_in("relu")
    assert relu.affine(-2.0, 0.3).a2 == -2.0 * relu.a2
    assert relu.affine(-2.0, 0.3).spike == 0.0
    bare = rfrobust.Activation("bare", relu.function, relu.derivative, *relu_moments(), kinks=(0.0,))
    assert bare.a2 is None
    assert bare.spike == pytest.approx(0.25 / math.pi, rel=1e-13)
    known = rfrobust.Activation.from_moments(*relu_moments()[1:], a2=relu.a2)
    assert rfrobust.solve(**POINT | {"activation": known}).standard_risk == rfrobust.solve(**POINT).standard_risk


def relu_moments():
    relu = built_in("relu")
    return relu.mu0, relu.mu1, relu.mu2, relu.rho


W = FeatureMap.draw(60, 60, np.random.default_rng(0)).W


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rfrobust.solve(**POINT | {"activation": rfrobust.Activation.from_moments(*relu_moments()[1:])}),
            "a2 must be given to Activation.from_moments",
        ),
        (lambda: rfrobust.Activation.from_moments(0.5, 0.3, 0.5, a2=0.4), r"a2\^2 must be <= mu2\^2"),
        (lambda: rfrobust.Activation.from_moments(0.5, 0.3, 0.45, a2=0.1), r"rho\^2 >= 2 a2\^2 \+ 3"),
        (
            lambda: rfrobust.solve(1, 2, 0.3, radial_power=0.1, spectrum=rfrobust.EmpiricalSpectrum(W)),
            r"radial_power must be 0 for one drawn W.*drawn_network",
        ),
        (
            lambda: rfrobust.solve(QuadraticModel([1.0], [1.0], [0.5], 1.0, 2).problem(0.1), radial_power=0.1),
            "radial_power must be 0 for features that are not random ones",
        ),
        (lambda: rfrobust.best_activation(3, 2, 0.3, radial_power=0.1), "radial_power must be 0: the moments"),
        (
            lambda: rfrobust.simulate(**POINT, d=20, features="gaussian"),
            "features must be 'true' for a radial part of the response",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_signs_and_unknown_coefficients_in_derivatives():
    relu = built_in("relu")
    risk = rfrobust.gradient(rfrobust.solve(**POINT)).standard_risk
    mirrored = rfrobust.gradient(rfrobust.solve(**POINT | {"activation": relu.affine(-1.0)})).standard_risk
    assert float(mirrored.sel(parameter="a2")) == pytest.approx(-float(risk.sel(parameter="a2")), rel=1e-12)
    without = rfrobust.Problem.of(**POINT | {"radial_power": 0.0})
    slope = rfrobust.gradient(rfrobust.solve(without)).standard_risk.sel(parameter="radial_power")
    change = rfrobust.solve(without.vary(radial_power=1e-5)).standard_risk - rfrobust.solve(without).standard_risk
    assert float(slope) == pytest.approx(change / 1e-5, rel=1e-4)
    unknown = rfrobust.Activation.from_moments(*relu_moments()[1:])
    for changed in (without.vary(activation=unknown), without.vary(psi1=1.0, spectrum=rfrobust.EmpiricalSpectrum(W))):
        slopes = rfrobust.gradient(rfrobust.solve(changed)).standard_risk
        assert math.isnan(float(slopes.sel(parameter="radial_power")))
        assert float(slopes.sel(parameter="a2")) == 0.0
