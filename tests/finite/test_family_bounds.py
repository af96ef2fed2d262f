"""Gaps of any loss and norm are true of the data as given: against 50 digits, on ill-conditioned data."""

import math

import mpmath as mp
import numpy as np
import pytest

from rfrobust.finite import ConcentratedERM, ConvergenceError, FamilyERM, FeatureMap, linearized_erm, robust_erm
from rfrobust.finite.seminorms import _POWERS, Concentrated, Linearized, _powers
from rfrobust.problem.attack import dual_of
from rfrobust.problem.signal import GAUSSIAN
from tests.exact_erm import ExactERM, ExactFamily, scales_and_metrics

DIGITS = 50


def best(problem, eps):
    """The fit and whether it is certified to 1e-8."""
    try:
        return problem.solve(eps), True
    except ConvergenceError as error:
        return error.fit, False


def with_labels(F, y, loss, ridge):
    """Labels, and a ridge, for losses of margins."""
    if loss in ("logistic", "hinge"):
        return np.sign(y), ridge or float(np.clip(1e-3 * np.mean(F**2), 1e-20, 1e20))
    return y, ridge


@pytest.mark.parametrize("loss", ["absolute", "huber:0.5", "logistic", "hinge"])
def test_every_gap_is_proved_at_50_digits(loss):
    """Refused points too: a dual bound of the same scores with nothing but exact arithmetic is no lower."""
    refused = 0
    for seed in range(24):
        F, y, J2, eps, ridge = scales_and_metrics(seed)
        y, ridge = with_labels(F, y, loss, ridge)
        fit, certified = best(FamilyERM(F, y, J2, loss=loss, ridge=ridge), eps)
        refused += not certified
        assert certified == (fit.gap <= 1e-8)
        assert math.isfinite(fit.gap)
        with mp.workdps(DIGITS):
            exact = ExactFamily(F, y, J2, eps, ridge, loss)
            theta = mp.matrix(fit.theta.tolist())
            value = exact.loss(theta)
            scale = max(value, mp.mpf("1e-15") * exact.loss(0 * theta))
            assert (value - exact.lower_bound(mp.matrix(fit.alpha.tolist()), theta)) / scale <= fit.gap
            assert abs(value - fit.objective) <= 1e-13 * scale
    assert refused <= 5


@pytest.mark.parametrize("seed", [2, 23, 27, 28, 31, 35, 38, 41, 42, 46, 57])
def test_a_huber_loss_that_is_the_square_has_no_gap_below_its_excess(seed):
    """Over the point of the square loss's own solver; these were off by up to 1e-3, or without a bound."""
    F, y, J2, eps, ridge = scales_and_metrics(seed)
    fit, _ = best(FamilyERM(F, y, J2, loss="huber:1e8", ridge=ridge), eps)
    other, _ = best(ConcentratedERM(F, y, J2, ridge=ridge), eps)
    with mp.workdps(DIGITS):
        exact = ExactERM(F, y, J2, eps, ridge)
        value, least = (exact.loss(mp.matrix(point.theta.tolist())) for point in (fit, other))
        scale = max(value, mp.mpf("1e-15") * exact.loss(mp.zeros(len(J2), 1)))
        assert (value - least) / scale <= fit.gap < math.inf
        assert abs(value - fit.objective) <= 1e-13 * scale


def test_without_penalty_no_other_margin_fit_is_below_the_bound():
    """The same problem in other units, solved anew; the dual is infeasible by rounding, which an early one takes."""
    compared = 0
    for seed in range(60):
        F, y, J2, eps, _ = scales_and_metrics(seed)
        units = 10.0 ** np.random.default_rng(seed).uniform(-2, 2, len(J2))
        for loss in ("logistic", "hinge"):
            try:
                fit = FamilyERM(F, np.sign(y), J2, loss=loss).solve(eps)
                other, _ = best(FamilyERM(F * units, np.sign(y), J2 * np.outer(units, units), loss=loss), eps)
            except (ConvergenceError, ValueError):
                continue
            with mp.workdps(DIGITS):
                exact = ExactFamily(F, np.sign(y), J2, eps, 0.0, loss)
                value, least = (exact.loss(mp.matrix(t.tolist())) for t in (fit.theta, units * other.theta))
                assert (value - least) / value <= fit.gap
                assert abs(value - fit.objective) <= 1e-13 * value
            compared += fit.norm > 0.0
    assert compared >= 10


def draw(d, N, n, seed):
    rng = np.random.default_rng(seed)
    network = FeatureMap.draw(N, d, rng)
    X = rng.standard_normal((n, d))
    return network, X, network.features(X), X[:, 0] + 0.5 * rng.standard_normal(n)


def exact_values(norms, x):
    """R at 50 digits: Kummer's function (docs/family, eq-dual-norm), or the power means."""
    q, x = mp.mpf(norms.q), mp.matrix(x.tolist())
    if isinstance(norms, Linearized):
        W = mp.matrix(norms.W.tolist())
        rows = [W.T * mp.matrix([s * t for s, t in zip(row, x, strict=True)]) for row in norms.slopes.tolist()]
        return [(sum(abs(a) ** q for a in row) / len(row)) ** (1 / q) for row in rows]
    alpha, s = mp.matrix(norms.A.tolist()) * x, norms.rho * mp.norm(x)
    top = 2 ** (q / 2) * mp.gamma((1 + q) / 2) / mp.sqrt(mp.pi)
    powers = [top * s**q * mp.hyp1f1(-q / 2, 0.5, -(a**2) / (2 * s**2)) for a in alpha]
    return [(sum(powers) / len(powers)) ** (1 / q)]


@pytest.mark.parametrize("norm", [np.inf, 4.0, 1.5])
@pytest.mark.parametrize("kind", ["concentrated", "linearized"])
def test_rounding_of_seminorms_is_bounded(kind, norm):
    """Values, supports s'y + room R(y) <= sum weights R(y), and e'y <= reach R(y), all at 50 digits."""
    network, X, _, _ = draw(6, 5, 4, 1)
    rng = np.random.default_rng(2)
    if kind == "concentrated":
        norms = Concentrated(network.W, network.activation.mu1, network.activation.rho, norm)
    else:
        norms = Linearized(network.W, network.activation.derivative(X @ network.W.T), norm)
    with mp.workdps(DIGITS):
        for _ in range(4):
            x, e = rng.standard_normal((2, 5))
            R, weights = norms.values(x), rng.random(norms.count)
            off = [abs(a - b) for a, b in zip(exact_values(norms, x), R.tolist(), strict=True)]
            assert all(a <= b for a, b in zip(off, norms.error(x, R).tolist(), strict=True))
            for pull in (None, norms.smooth(x, 1e-3)[1].T @ weights * 0.99):
                s, error, room = norms.support(x, 0.1, weights, pull)
                for y in (x, rng.standard_normal(5)):
                    values = exact_values(norms, y)
                    held = sum(w * r for w, r in zip(weights.tolist(), values, strict=True))
                    most = sum(
                        mp.mpf(a) * b - c * abs(b) for a, b, c in zip(s.tolist(), y.tolist(), error, strict=True)
                    )
                    assert most + room * sum(values) / len(values) <= held
                    pulled = sum(mp.mpf(a) * b for a, b in zip(e.tolist(), y.tolist(), strict=True))
                    assert pulled <= norms.reach(e, 0 * e) * sum(values) / len(values)


def test_the_table_of_powers_is_as_accurate_as_is_charged():
    rng = np.random.default_rng(0)
    u = np.concatenate([10 ** rng.uniform(-6, 0, 10), rng.uniform(0, 40, 30), 10 ** rng.uniform(1.6, 6, 6)])
    with mp.workdps(30):
        for norm in (np.inf, 4.0, 1.5, 1.05):
            table = dual_of(norm, GAUSSIAN)
            q, (f, f1, _) = mp.mpf(table.exponent), _powers(u, table)
            top = 2 ** (q / 2) * mp.gamma((1 + q) / 2) / mp.sqrt(mp.pi)
            for a, value, slope in zip(u.tolist(), f.tolist(), f1.tolist(), strict=True):
                exact = top * mp.hyp1f1(-q / 2, 0.5, -(mp.mpf(a) ** 2) / 2)
                exact1 = top * q * a * mp.hyp1f1(1 - q / 2, 1.5, -(mp.mpf(a) ** 2) / 2)
                assert abs(value - exact) <= _POWERS * 2.0**-53 * exact
                assert abs(slope - exact1) <= _POWERS * 2.0**-53 * (exact1 + q * top)


@pytest.mark.parametrize("loss", ["square", "huber:0.5", "absolute", "logistic", "hinge"])
def test_rounding_costs_little_on_data_that_are_not(loss):
    network, X, F, y = draw(20, 15, 90, 3)
    y = np.sign(y) if loss in ("logistic", "hinge") else y
    for norm in (2.0, np.inf, 3.0):
        for penalty in ({}, {"ridge": 0.01}, {"gradient_penalty": 0.05}):
            assert robust_erm(F, y, network, 0.3, loss=loss, norm=norm, **penalty).gap <= 1e-10
    network, X, _, y = draw(6, 8, 14, 2)
    y = np.sign(y) if loss in ("logistic", "hinge") else y
    assert linearized_erm(network, X, y, 0.3, loss=loss, norm=4.0, ridge=0.02).gap <= 1e-10


def test_a_null_fit_is_certified_like_any_other():
    """At the threshold of an ill-conditioned metric theta = 0 is a minimiser up to the digits that are known."""
    root = np.diag(10.0 ** np.linspace(0, -6, 7)) @ np.random.default_rng(4).standard_normal((7, 7))
    F, y = np.random.default_rng(5).standard_normal((2, 9, 7))
    y, J2 = y[:, 0], root.T @ root
    for loss in ("absolute", "huber:0.5"):
        problem = FamilyERM(F, y, J2, loss=loss)
        fit, certified = best(problem, problem.null_threshold)
        with mp.workdps(DIGITS):
            exact = ExactFamily(F, y, J2, problem.null_threshold, 0.0, loss)
            value = exact.loss(mp.matrix(fit.theta.tolist()))
            bound = exact.lower_bound(mp.matrix(fit.alpha.tolist()), mp.matrix(fit.theta.tolist()))
            assert certified
            assert (value - bound) / value <= fit.gap
