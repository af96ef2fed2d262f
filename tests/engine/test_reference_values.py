"""The engine against values computed independently with 30 digits, and against published formulas."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import rfrobust
from rfrobust import Activation, Phase
from rfrobust.checks import published
from tests import reference

TABLE = [
    # eps, psi1, psi2, tau, ridge, q, V, k, v, r^2, R*
    (0.3, 1, 2, 0.5, 0, 0.264443, 0.37312, 0.299731, 0.965394, 0.750114, 0.382603),
    (0.3, 3, 2, 0.5, 0, 0.392999, 2.70501, 0.2907, 1.08414, 1.86048, 0.105859),
    (0.5, 0.5, 2, 0.5, 0, 0.132991, 0.0693247, 1.58207, 1.10917, 0.0784701, 0.596523),
    (0.6, 4, 1, 0.2, 0, 0.514052, 3.85103, 1.41022, 0.672935, 0.493953, 0.0903653),
    (0.2, 4, 1, 0.2, 0, 0.172977, 34.7803, 1.39121, 0.672713, 0.503205, 0.0100641),
    (0.05, 1, 2, 0.5, 0, 0.0587048, 0.817428, 0.0348845, 1.25771, 1.73375, 0.20891),
    (1, 5, 0.5, 0.1, 0, 0.501184, 4.09781, 4.15396, 0.808464, 0.203075, 0.102858),
    (0.3, 1, 50, 0.5, 0, 0.195508, 0.0103892, 0.395589, 0.780112, 0.331318, 0.515883),
    (0.01, 3, 2, 0.5, 0, 0.0137109, 2305.16, 0.230516, 1.34899, 2.53594, 0.000126797),
    (0.3, 1, 2, 0.5, 0.05, 0.223869, 0.30144, 0.349174, 0.935694, 0.52105, 0.389011),
]


@pytest.mark.parametrize("row", TABLE)
def test_table_of_the_theory_page(row):
    eps, psi1, psi2, tau, ridge, *expected = row
    model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
    got = (model.q, model.V, model.k, model.standard_risk, model.gradient_norm**2, model.training_loss)
    for value, printed in zip(got, expected, strict=True):
        # the page prints six significant digits
        assert float(f"{value:.6g}") == pytest.approx(printed, rel=1.01e-6 if printed > 0.999 else 1.01e-5)
        assert abs(value - printed) <= 0.5001 * 10 ** (math.floor(math.log10(printed)) - 5)


TANH = Activation(
    "tanh", np.tanh, lambda u: 1 / np.cosh(u) ** 2, 0.0, math.sqrt(0.3668791643624), math.sqrt(0.02741532603543),
    math.sqrt(0.4644029024483 - 0.3668791643624),
)  # fmt: skip

MEI_MONTANARI = [
    ("relu", 1, 2, 0.01, 0.5, 0.9647451713586),
    ("relu", 3, 2, 0.01, 0.5, 0.5790860405442),
    ("relu", 1.3, 2, 0.0, 0.5, 1.482427244711),
    (TANH, 1.5, 3, 0.02, 0.3, 0.2161883948091),
]


@pytest.mark.parametrize(("activation", "psi1", "psi2", "lam", "tau", "excess"), MEI_MONTANARI)
def test_published_ridge_values(activation, psi1, psi2, lam, tau, excess):
    model = rfrobust.solve(psi1, psi2, 0.0, tau, ridge=psi1 * lam, activation=activation)
    assert model.standard_risk == pytest.approx(excess + tau**2, rel=1e-12)


def test_published_ridge_formula_at_random_points():
    rng = np.random.default_rng(1)
    mu1 = reference.relu_moments()[0]
    for _ in range(40):
        psi1, psi2 = 10 ** rng.uniform(-1.5, 1.5, 2)
        lam, tau = 10 ** rng.uniform(-14, 1), rng.uniform(0, 2)
        excess, _, _ = reference.mei_montanari(psi1, psi2, lam, tau, mu1**2, 0.25 - 0.5 / mp.pi)
        model = rfrobust.solve(psi1, psi2, 0.0, tau, ridge=psi1 * lam)
        assert model.standard_risk == pytest.approx(float(excess + tau**2), rel=1e-9), (psi1, psi2, lam, tau)


@pytest.mark.parametrize("lam", [1e-8, 1e-10, 1e-12, 1e-14])
@pytest.mark.parametrize(("psi1", "psi2"), [(3, 1), (1, 3), (2, 2)])
def test_near_ridgeless_limit_keeps_nine_digits(psi1, psi2, lam):
    with mp.workdps(50):
        excess, _, _ = reference.mei_montanari(
            psi1, psi2, lam, 0.0, mp.mpf(1) / 4, mp.mpf(1) / 4 - 1 / (2 * mp.pi), digits=50
        )
    model = rfrobust.solve(psi1, psi2, 0.0, 0.0, ridge=psi1 * lam)
    assert model.standard_risk == pytest.approx(float(excess), rel=1e-9)
    if (psi1, psi2, lam) == (3, 1, 1e-8):
        assert model.standard_risk == pytest.approx(0.512535, abs=5e-7)


@pytest.mark.parametrize(("psi1", "best", "risk"), [(3, 0.06302402, 0.428457095), (1, 0.19194576, 0.682678498)])
def test_published_optimal_ridge(psi1, best, risk):
    def excess(log_lam):
        model = rfrobust.solve(psi1, 2, 0.0, 0.5, ridge=psi1 * math.exp(log_lam))
        return model.standard_risk - 0.25

    found = minimize_scalar(excess, bounds=(-5, 0), method="bounded", options={"xatol": 1e-10})
    assert found.fun == pytest.approx(risk, abs=5e-10)
    assert math.exp(found.x) == pytest.approx(best, rel=2e-6)  # a minimum is flat: half the digits of its value


def test_ridgeless_limit_below_interpolation():
    sigma2 = published.noise_floor(1.3, 0.5)
    model = rfrobust.solve(1.3, 2, 0.0, 0.5)
    assert model.standard_risk == pytest.approx(sigma2 * 2 / (2 - 1.3), rel=1e-13)
    assert model.V == pytest.approx(0.65 / 0.35, rel=1e-13)


def test_ridgeless_limit_is_the_least_gradient_interpolator():
    model = rfrobust.solve(3, 2, 0.0, 0.5)
    assert model.phase is Phase.INTERPOLATING
    assert model.standard_risk == pytest.approx(1.348991832520, abs=1e-12)
    assert model.gradient_norm**2 == pytest.approx(2.535938033743, abs=1e-12)
    least_norm = rfrobust.solve(3, 2, 0.0, 0.5, ridge=1e-13)
    assert least_norm.standard_risk == pytest.approx(1.386824384810, abs=1e-9)


@pytest.mark.parametrize("psi1", [0.7, 3.0])
def test_small_eps_approaches_the_limit_linearly(psi1):
    limit = rfrobust.solve(psi1, 2, 0.0, 0.5)
    gaps = [rfrobust.solve(psi1, 2, eps, 0.5).standard_risk - limit.standard_risk for eps in (1e-3, 1e-4, 1e-5)]
    if psi1 < 2:  # first order in eps
        assert gaps[1] / gaps[0] == pytest.approx(0.1, rel=0.02)
        assert gaps[2] / gaps[1] == pytest.approx(0.1, rel=0.002)
    else:  # exponentially close: the interpolator does not depend on eps
        assert max(map(abs, gaps)) < 1e-12


def test_population_limit_is_approached():
    for ridge in (0.0, 0.05):
        exact = rfrobust.solve(1, math.inf, 0.3, 0.5, ridge=ridge)
        gaps = [
            rfrobust.solve(1, psi2, 0.3, 0.5, ridge=ridge).standard_risk - exact.standard_risk
            for psi2 in (1e3, 1e4, 1e5)
        ]
        assert gaps[1] / gaps[0] == pytest.approx(0.1, rel=0.05)
        assert gaps[2] / gaps[1] == pytest.approx(0.1, rel=0.005)
        # the population optimum minimises the population robust loss over the whole family of ridges and radii
        assert exact.V == 0.0
    free = rfrobust.solve(1, math.inf, 0.3, 0.5)
    for eps, ridge in ((0.28, 0.0), (0.32, 0.0), (0.3, 0.01)):
        other = rfrobust.solve(1, math.inf, eps, 0.5, ridge=ridge)
        assert other.adversarial_risk(0.3) > free.adversarial_risk(0.3)
    assert free.adversarial_risk() == pytest.approx(2 * free.training_loss, rel=1e-14)


def test_null_phase():
    threshold = rfrobust.null_threshold(3, 2, 0.5)
    m2, r2 = mp.mpf(1) - 2 / mp.pi, mp.mpf(1)
    s1, _ = reference.marchenko_pastur(r2, 3)
    expected = mp.sqrt(mp.pi / 2 * (3 * (1 - r2 * s1) / mp.mpf("1.25") + mp.mpf(3) / 2 * (1 + (m2 - r2) * s1)))
    assert threshold == pytest.approx(float(expected), rel=1e-14)
    for ridge in (0.0, 0.7):
        above = rfrobust.solve(3, 2, threshold * (1 + 1e-12), 0.5, ridge=ridge)
        assert above.phase is Phase.NULL
        assert (above.standard_risk, above.gradient_norm, above.q, above.V) == (1.25, 0.0, 0.0, 0.0)
        assert above.training_loss == 0.625
        assert above.mean_abs_residual == pytest.approx(math.sqrt(1.25 * 2 / math.pi))
        below = rfrobust.solve(3, 2, threshold * (1 - 1e-6), 0.5, ridge=ridge)
        assert below.phase is Phase.REGULAR
        assert 0 < below.gradient_norm < 1e-5
        assert below.standard_risk == pytest.approx(1.25, rel=1e-5)


def test_interpolation_threshold():
    n = 400
    model = rfrobust.solve(3, 2, 0.0, 0.5)
    s_n = math.sqrt(2) * float(mp.erfinv(1 - mp.mpf(1) / n))
    expected = model.k * model.gradient_norm / (s_n * math.sqrt(model.standard_risk))
    assert rfrobust.interpolation_threshold(3, 2, 0.5, n) == pytest.approx(expected, rel=1e-12)
    # at that radius the limiting model leaves about one residual of n different from zero
    at = rfrobust.solve(3, 2, expected, 0.5)
    assert 0.2 < n * (1 - at.zero_residual_fraction) < 2.0
    assert rfrobust.interpolation_threshold(1, 2, 0.5, n) == 0.0
    assert rfrobust.interpolation_threshold(2, 2, 0.5, n) == 0.0


def test_deep_interpolation_has_huge_V_and_no_eps():
    limit = rfrobust.solve(4, 1, 0.0, 0.2)
    for eps in (1e-3, 1e-6, 1e-9):
        model = rfrobust.solve(4, 1, eps, 0.2)
        assert model.phase is Phase.INTERPOLATING
        assert model.V == pytest.approx(limit.k / eps**2, rel=1e-12)
        assert model.standard_risk == pytest.approx(limit.standard_risk, rel=1e-12)
        assert model.zero_residual_fraction == 1.0


def test_at_zero_eps_rho_does_not_matter():
    base = rfrobust.solve(1.5, 2, 0.0, 0.4, ridge=0.1)
    relu = base.activation
    other = Activation("other", relu.function, relu.derivative, 0.0, relu.mu1, relu.mu2, 2.0)
    assert rfrobust.solve(1.5, 2, 0.0, 0.4, ridge=0.1, activation=other).standard_risk == pytest.approx(
        base.standard_risk, rel=1e-14
    )


@pytest.mark.parametrize(("psi1", "psi2", "tau"), [(3, 2, 0.5), (0.3, 5, 1.0), (20, 0.5, 0.1), (1, 1, 0.0)])
def test_just_below_the_null_threshold(psi1, psi2, tau):
    """The threshold is a double: a relative distance delta to it is known to about 1e-16/delta, and so is r."""
    threshold = rfrobust.null_threshold(psi1, psi2, tau)
    for distance in (1e-4, 2e-6, 9e-7, 1e-8, 1e-10):
        model = rfrobust.solve(psi1, psi2, threshold * (1 - distance), tau)
        _, r2, _, _ = reference.polish(model, 60)
        assert model.gradient_norm == pytest.approx(float(mp.sqrt(r2)), rel=1e-9 + 1e-15 / distance)


@pytest.mark.parametrize("psi1", [5e7, 1e9, 1e12, 1e15])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_extreme_width_without_attack(psi1, ridge):
    """The complement 1 - (psi1/psi2) E Sigma/H alone has no digits left there."""
    model = rfrobust.solve(psi1, 2, 0, 0.5, ridge=ridge)
    with mp.workdps(60):
        kind, start = ("ridge", mp.mpf(ridge) * (1 + mp.mpf(model.V))) if ridge else ("interpolating", mp.mpf(model.k))
        v, r = reference.limit_risks(kind, start, *(mp.mpf(x) for x in (psi1, 2, 0, 0.5, ridge)))
    assert model.standard_risk == pytest.approx(float(v), rel=1e-12)
    assert model.gradient_norm == pytest.approx(float(r), rel=1e-11)
    assert rfrobust.sweep(psi1=[psi1], psi2=2, eps=0.0, tau=0.5, ridge=ridge).standard_risk.item() == pytest.approx(
        float(v), rel=1e-12
    )
    if ridge == 0.0:
        assert rfrobust.theory.least_gradient_interpolator(psi1, 2, 0.5).standard_risk == model.standard_risk
        with mp.workdps(60):
            moments, R = reference.relu_moments(), mp.mpf(psi1) / 2
            k = mp.findroot(lambda k: R * reference.traces(k, 0, mp.mpf(psi1), *moments)[0] - 1, mp.mpf(model.k))
            expected = k * r / (mp.sqrt(2) * mp.erfinv(1 - mp.mpf(1) / 100) * mp.sqrt(v))
        assert rfrobust.interpolation_threshold(psi1, 2, 0.5, 100) == pytest.approx(float(expected), rel=1e-11)
