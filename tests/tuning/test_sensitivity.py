"""Derivatives of the observables against differences in multiple precision."""

import math

import mpmath as mp
import numpy as np
import pytest

import rfrobust
from rfrobust.theory.sensitivity import PARAMETERS
from tests import reference

DIGITS = 40
STEP = mp.mpf(10) ** -12
NAMES = ("standard_risk", "gradient_norm", "training_loss", "zero_residual_fraction", "q", "V", "k")


def solution(point, start):
    """Observables of the equations of docs/theory, solved by mpmath near ``start``."""
    psi1, psi2, eps, tau, ridge, penalty, mu1, mu2, rho, a2, signal_norm, nonlinear, radial, _ = point
    # a signal of norm b and noise tau^2 + F^2 is b^2 times the unit problem with noise (tau^2 + F^2)/b^2
    noise = mp.sqrt(tau**2 + nonlinear) / signal_norm
    arguments = (psi1, psi2, eps, noise, ridge, (mu1, mu2, rho), None, radial / signal_norm**2, a2, penalty)

    def system(*logs):
        return reference.equations(*(mp.exp(x) for x in logs), *arguments)[0]

    root = mp.findroot(system, start, tol=mp.mpf(10) ** (-DIGITS + 8), maxsteps=60)
    q, V, k = (mp.exp(x) for x in root)
    _, (v, r2, p0, p1, phi, m) = reference.equations(q, V, k, *arguments)
    v, r2, s = v * signal_norm**2, r2 * signal_norm**2, q * V
    loss = v / 2 * ((p1 - 2 * s * phi + s * s * p1) / (1 + V) ** 2 + 2 * q * m / (1 + V) + q * q)
    return list(root), (v, mp.sqrt(r2), loss, p0, q, V, k)


@pytest.mark.parametrize(
    "problem",
    [
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5},
        {"psi1": 1.0, "psi2": 2.0, "eps": 0.05, "tau": 0.5, "ridge": 0.05},
        {"psi1": 0.5, "psi2": 2.0, "eps": 0.5, "tau": 0.2, "signal_norm": 1.5, "nonlinear_power": 0.3},
        {"psi1": 4.0, "psi2": 1.0, "eps": 0.2, "tau": 0.2},
        {"psi1": 40.0, "psi2": 30.0, "eps": 0.5, "tau": 1.0, "ridge": 1.0},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.3, "ridge": 0.1, "radial_power": 0.8},
        {"psi1": 0.4, "psi2": 2.0, "eps": 0.2, "tau": 0.1, "signal_norm": 0.7, "radial_power": 3.0},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.2, "tau": 0.4, "gradient_penalty": 0.3},
        {"psi1": 1.0, "psi2": 3.0, "eps": 0.1, "tau": 0.4, "ridge": 0.02, "gradient_penalty": 0.05},
    ],
)
def test_all_parameters_against_multiple_precision(problem):
    model = rfrobust.solve(**problem)
    with mp.workdps(DIGITS):
        point = [
            mp.mpf(x)
            for x in (
                model.psi1, model.psi2, model.eps, model.tau, model.ridge, model.gradient_penalty,
                model.activation.mu1,
                model.activation.mu2, model.activation.rho, model.activation.a2, model.signal_norm,
                model.nonlinear_power, model.radial_power, 0.7,
            )
        ]  # fmt: skip
        start, _ = solution(point, [mp.log(x) for x in (model.q, model.V, model.k)])
        slopes = rfrobust.gradient(model, 0.7)
        for j, parameter in enumerate(PARAMETERS[:-1]):
            near = []
            for sign in (-1, 1):
                moved = list(point)
                moved[j] += sign * STEP  # the formulas continue to slightly negative ridge
                near.append(solution(moved, start)[1])
            for name, low, high in zip(NAMES, *near, strict=True):
                exact = float((high - low) / (2 * STEP))
                got = float(slopes[name].sel(parameter=parameter))
                # where a derivative is tiny, rounding is relative to the slope of log O in log p
                assert got == pytest.approx(exact, rel=1e-7, abs=1e-9), (parameter, name)


def test_test_radius_and_its_chain_rule():
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    slopes = rfrobust.gradient(model, 0.7)
    v, r = model.standard_risk, model.gradient_norm
    c = math.sqrt(2 / math.pi)
    risk = slopes.adversarial_risk
    assert float(risk.sel(parameter="eps_test")) == pytest.approx(2 * c * r * math.sqrt(v) + 2 * 0.7 * r * r, rel=1e-14)
    for name in PARAMETERS[:-1]:
        dv = float(slopes.standard_risk.sel(parameter=name))
        dr = float(slopes.gradient_norm.sel(parameter=name))
        chained = dv * (1 + c * 0.7 * r / math.sqrt(v)) + dr * (2 * c * 0.7 * math.sqrt(v) + 2 * 0.49 * r)
        assert float(risk.sel(parameter=name)) == pytest.approx(chained, rel=1e-12)
    assert slopes.adversarial_risk.attrs["value"] == pytest.approx(model.adversarial_risk(0.7), rel=1e-13)


def test_default_test_radius_moves_with_eps_by_both_columns():
    h = 1e-6
    risk = rfrobust.gradient(rfrobust.solve(3, 2, 0.3, 0.5)).adversarial_risk
    total = float(risk.sel(parameter="eps") + risk.sel(parameter="eps_test"))
    high, low = (rfrobust.solve(3, 2, 0.3 + d, 0.5).adversarial_risk() for d in (h, -h))
    assert total == pytest.approx((high - low) / (2 * h), rel=1e-7)


def one_sided(problem, name, h):
    """Derivative from above to third order, from four solutions."""
    values = []
    for j in range(4):
        moved = dict(problem)
        moved[name] = problem[name] + j * h
        model = rfrobust.solve(**moved)
        values.append([model.standard_risk, model.gradient_norm, model.training_loss, model.mean_abs_residual])
    f = np.array(values)
    return (-11 * f[0] + 18 * f[1] - 9 * f[2] + 2 * f[3]) / (6 * h)


REGIMES = {
    "ridge": {"psi1": 1.0, "psi2": 2.0, "eps": 0.0, "tau": 0.5, "ridge": 0.1},
    "ridgeless": {"psi1": 1.0, "psi2": 2.0, "eps": 0.0, "tau": 0.5, "ridge": 0.0},
    "interpolating": {"psi1": 3.0, "psi2": 2.0, "eps": 0.0, "tau": 0.5},
    "nearly interpolating": {"psi1": 3.0, "psi2": 2.0, "eps": 0.005, "tau": 0.5},
    "population": {"psi1": 3.0, "psi2": math.inf, "eps": 0.2, "tau": 0.5, "ridge": 0.1},
    "population at eps = 0": {"psi1": 3.0, "psi2": math.inf, "eps": 0.0, "tau": 0.5, "ridge": 0.1},
    "null": {"psi1": 3.0, "psi2": 2.0, "eps": 5.0, "tau": 0.5},
}


@pytest.mark.parametrize("regime", REGIMES)
def test_every_regime_against_differences_of_solutions(regime):
    problem = REGIMES[regime]
    slopes = rfrobust.gradient(rfrobust.solve(**problem))
    for name in problem:
        if name == "psi2" and math.isinf(problem["psi2"]):
            for column in ("standard_risk", "gradient_norm", "training_loss"):
                assert float(slopes[column].sel(parameter="psi2")) == 0.0
            continue
        differences = one_sided(problem, name, 2e-5)
        for column, exact in zip(
            ("standard_risk", "gradient_norm", "training_loss", "mean_abs_residual"), differences, strict=True
        ):
            assert float(slopes[column].sel(parameter=name)) == pytest.approx(exact, rel=2e-6, abs=2e-6)


#: Regime, the parameters that can move both ways in it, and the unknown of the limit from a solution.
LIMITS = [
    ("ridge", ("psi1", "psi2", "tau", "ridge"), lambda m: m.ridge * (1 + m.V)),
    ("ridgeless", ("psi1", "psi2", "tau"), lambda m: None),
    ("interpolating", ("psi1", "psi2", "tau"), lambda m: m.k),
    ("population", ("psi1", "eps", "tau", "ridge"), lambda m: m.q),
]


@pytest.mark.parametrize(("regime", "moving", "unknown"), LIMITS)
def test_limits_against_multiple_precision(regime, moving, unknown):
    problem = {"eps": 0.0, "ridge": 0.0} | REGIMES[regime]
    model = rfrobust.solve(**problem)
    slopes = rfrobust.gradient(model)
    with mp.workdps(DIGITS):
        names = ("psi1", "psi2", "eps", "tau", "ridge")
        point = {name: mp.mpf(problem[name]) for name in names}
        exact = reference.limit_risks(regime, unknown(model), **point)
        assert model.standard_risk == pytest.approx(float(exact[0]), rel=1e-12)
        assert model.gradient_norm == pytest.approx(float(exact[1]), rel=1e-12)
        for name in moving:
            near = [
                reference.limit_risks(regime, unknown(model), **point | {name: point[name] + sign * STEP})
                for sign in (-1, 1)
            ]
            for column, low, high in zip(("standard_risk", "gradient_norm"), *near, strict=True):
                got = float(slopes[column].sel(parameter=name))
                assert got == pytest.approx(float((high - low) / (2 * STEP)), rel=1e-7, abs=1e-9), (name, column)


def test_undefined_derivatives_are_marked():
    interpolator = rfrobust.gradient(rfrobust.solve(3, 2, 0, 0.5))
    assert np.isnan(interpolator.sel(parameter="ridge").standard_risk)
    assert np.isnan(interpolator.V).all()
    null = rfrobust.gradient(rfrobust.solve(3, 2, 5, 0.5))
    assert np.isnan(null.k).all()
    assert not np.isnan(null.adversarial_risk).any()


def test_discrete_law_that_moves_with_psi1():
    class Orthogonal(rfrobust.Spectrum):
        name = "orthogonal rows here"

        def law(self, psi1):
            return np.array([0.0, psi1]), np.array([1.0 - 1.0 / psi1, 1.0 / psi1])

    problem = {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "spectrum": Orthogonal()}
    slopes = rfrobust.gradient(rfrobust.solve(**problem))
    for name in ("psi1", "eps"):
        exact = one_sided(problem, name, 2e-4)
        assert float(slopes.standard_risk.sel(parameter=name)) == pytest.approx(exact[0], rel=1e-6)


def test_scale_invariances():
    """sigma -> a sigma leaves v alone (ridge = 0), so mu . dv/dmu = 0; (|beta|, tau) -> c(...) scales v by c^2."""
    model = rfrobust.solve(3, 2, 0.3, 0.5, signal_norm=1.3, nonlinear_power=0.2, radial_power=0.4)
    slopes = rfrobust.gradient(model)
    activation = model.activation

    def slope(variable, name):
        return float(slopes[variable].sel(parameter=name))

    for variable in ("standard_risk", "gradient_norm"):
        assert sum(
            getattr(activation, name) * slope(variable, name) for name in ("mu1", "mu2", "rho", "a2")
        ) == pytest.approx(0.0, abs=1e-10)
    assert model.signal_norm * slope("standard_risk", "signal_norm") + model.tau * slope(
        "standard_risk", "tau"
    ) + 2 * model.nonlinear_power * slope("standard_risk", "nonlinear_power") + 2 * model.radial_power * slope(
        "standard_risk", "radial_power"
    ) == pytest.approx(2 * model.standard_risk, rel=1e-10)


def test_bad_test_radius():
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    with pytest.raises(ValueError, match=r"eps_test must be in \[0, 1e\+40\]"):
        rfrobust.gradient(model, -1.0)
    with pytest.raises(TypeError, match="eps_test"):
        rfrobust.gradient(model, "wide")
