"""The kernels against multiple precision, finite differences, and each other."""

import math

import mpmath as mp
import numpy as np
import pytest

import rfrobust
from rfrobust.engine import newton
from rfrobust.engine import regimes as solver
from rfrobust.engine.equations import gaussian_parts, residuals
from rfrobust.engine.traces import discrete, marchenko_pastur, traces
from tests import reference

NONE = np.empty(0)
RELU = (0.25, 0.25 - 0.5 / math.pi, 0.25)


def random_problem(rng):
    psi1, psi2 = 10 ** rng.uniform(-2, 2, 2)
    eps = 10 ** rng.uniform(-3, 1)
    ridge = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-8, 2)
    return psi1, psi1 / psi2, eps, rng.uniform(0, 2), ridge, *RELU, 1.0, NONE, NONE


def test_resolvents_have_twelve_digits_everywhere():
    law = rfrobust.MarchenkoPastur()
    points = np.geomspace(1e-12, 1e8, 41)
    worst = 0.0
    with mp.workdps(60):
        for psi1 in [*np.geomspace(1e-3, 1e4, 29), 1.0, 1 - 1e-9, 1 + 1e-9, 0.99, 1.01]:
            s1, s2 = law.resolvents(points, psi1)
            for z, a, b in zip(points, s1, s2, strict=True):
                exact1, exact2 = reference.marchenko_pastur(z, psi1)
                worst = max(worst, abs(a / exact1 - 1), abs(b / exact2 - 1))
    assert worst < 1e-12


def test_moments_agree_with_a_sampled_spectrum():
    rng = np.random.default_rng(0)
    d, N = 400, 600
    W = rng.normal(size=(N, d))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    x = np.linalg.eigvalsh(W @ W.T)
    x[: N - d] = 0.0
    for z in (0.05, 0.8, 5.0):
        exact = marchenko_pastur(z, N / d)
        sampled = discrete(z, N / d, x, np.full(N, 1 / N))
        np.testing.assert_allclose(sampled, exact, rtol=0.02)
        direct = [
            np.mean(x / (x + z)), np.mean(z / (x + z)), np.mean(x**2 / (x + z) ** 2), np.mean(z * x / (x + z) ** 2),
            np.mean(z**2 / (x + z) ** 2), np.mean(x**3 / (x + z) ** 3), np.mean(z * x**2 / (x + z) ** 3),
            np.mean(z**2 * x / (x + z) ** 3), np.mean(z**3 / (x + z) ** 3),
            np.mean(z**2 / (np.linalg.eigvalsh(W.T @ W) + z) ** 2),
        ]  # fmt: skip
        np.testing.assert_allclose(sampled, direct, rtol=1e-10)


def test_third_moments_are_derivatives_of_the_second():
    for psi1 in (0.01, 0.9, 1.0, 3.0, 100.0):
        for z in (1e-3, 0.3, 10.0, 1e4):
            h = 1e-5 * z
            up, down, at = (marchenko_pastur(x, psi1) for x in (z + h, z - h, z))
            # d/dz of E x^j/(x+z)^2 is -2 E x^j/(x+z)^3
            scales = [(2, 5, 0), (3, 6, 1), (4, 7, 2)]
            for second, third, power in scales:
                slope = (up[second] / (z + h) ** power - down[second] / (z - h) ** power) / (2 * h)
                expected = -2 * at[third + 1] / z ** (power + 1)
                assert slope == pytest.approx(expected, rel=1e-6)


def test_gaussian_parts_keep_relative_accuracy():
    with mp.workdps(60):
        for s in np.concatenate([np.geomspace(1e-12, 30, 120), [0.7, 0.7 - 1e-12]]):
            p0, p1, phi, m, A = gaussian_parts(s)
            x = mp.mpf(float(s))
            assert p0 == pytest.approx(float(mp.erf(x / mp.sqrt(2))), rel=1e-14)
            assert p1 == pytest.approx(float(mp.erfc(x / mp.sqrt(2))), rel=1e-13)
            assert phi == pytest.approx(float(mp.npdf(x)), rel=1e-13)
            assert A == pytest.approx(float(mp.gammainc(1.5, 0, x * x / 2, regularized=True)), rel=2e-14)
            exact_m = 2 * mp.npdf(x) - x * mp.erfc(x / mp.sqrt(2))
            assert m == pytest.approx(float(exact_m), rel=1e-11)


def page_traces(k, l, psi1, signal):
    """The six averages that the kernel returns, from the formulas of the page."""
    E1, xH, xS, xJ, SS, SJ = reference.traces(k, l, psi1, *reference.relu_moments())
    risk = signal * (1 - 2 * psi1 * xH + psi1 * xS)
    return E1, 1 - E1, E1 - SS, SJ, signal * psi1 * xJ, risk


def test_traces_match_the_page_and_their_derivatives_are_right():
    rng = np.random.default_rng(3)
    for _ in range(20):
        psi1, k, l = (float(x) for x in 10 ** rng.uniform(-2, 2, 3))
        signal = float(rng.uniform(0.5, 2))
        value, by_k, by_l = traces(k, l, psi1, *RELU, signal, NONE, NONE)
        with mp.workdps(40):
            point = (mp.mpf(k), mp.mpf(l), mp.mpf(psi1), mp.mpf(signal))
            np.testing.assert_allclose(value, [float(x) for x in page_traces(*point)], rtol=1e-13)
            for derivative, order in ((by_k, (1, 0)), (by_l, (0, 1))):
                for got, i in zip(derivative, (0, 2, 3, 4, 5), strict=True):
                    exact = mp.diff(
                        lambda a, b, i=i, point=point: page_traces(a, b, *point[2:])[i], point[:2], order
                    )
                    # only the derivative of Tc has no fixed sign
                    assert got == pytest.approx(float(exact), rel=1e-10)


def test_jacobian_of_the_equations():
    rng = np.random.default_rng(4)
    for _ in range(60):
        problem = random_problem(rng)
        log_q, log_V = rng.uniform(-4, 1), rng.uniform(-3, 3)
        at = residuals(log_q, log_V, *problem)
        h = 1e-6
        for j, (dq, dV) in enumerate(((h, 0.0), (0.0, h))):
            up = residuals(log_q + dq, log_V + dV, *problem)
            down = residuals(log_q - dq, log_V - dV, *problem)
            for i in range(2):
                slope = (up[i] - down[i]) / (2 * h)
                assert at[2 + 2 * i + j] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_bisection_agrees_with_newton():
    rng = np.random.default_rng(5)
    compared = 0
    for _ in range(40):
        problem = random_problem(rng)
        psi1, R, eps, noise, ridge, c, mu, rho2, signal, *law = problem
        threshold = math.sqrt(solver.null_threshold_squared(psi1, R, noise, c, mu, rho2, signal, *law))
        if eps >= 0.999 * threshold:
            continue
        start = newton.starting_point(psi1, R, eps, threshold, ridge, c, mu, rho2)
        converged, log_q, log_V, _ = newton.newton(*start, problem)
        assert converged
        # V(q) is flat where everything interpolates; there compare the risks
        slow_q, slow_V = newton.bisection(problem)
        fast, slow = residuals(log_q, log_V, *problem), residuals(slow_q, slow_V, *problem)
        np.testing.assert_allclose(slow[7:], fast[7:], rtol=1e-9)
        compared += 1
    assert compared > 20


def test_newton_reports_failure_and_the_solver_recovers():
    problem = (1.0, 0.5, 0.3, 0.25, 0.0, *RELU, 1.0, NONE, NONE)
    converged, *_ = newton.newton(-300.0, 300.0, problem)
    assert not converged
    exact = rfrobust.solve(1, 2, 0.3, 0.5)
    log_q, log_V = newton.bisection(problem)
    assert math.exp(log_q) == pytest.approx(exact.q, rel=1e-12)
    assert math.exp(log_V) == pytest.approx(exact.V, rel=1e-12)
