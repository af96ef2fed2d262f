"""The kernels against multiple precision, finite differences, and each other."""

import math

import mpmath as mp
import numpy as np
import pytest
from numba import njit

import rfrobust
from rfrobust.engine import equations, generate, kernels, newton, regimes
from rfrobust.engine.gaussian import gaussian_parts
from rfrobust.engine.numbers import Dual, FloatField
from rfrobust.engine.records import Law, Parameters, Shift
from rfrobust.problem.spectrum import OrthogonalRows
from tests import reference

RELU = (0.25, 0.25 - 0.5 / math.pi, 0.25)
FIELD = FloatField()


# inner kernels have no entry from Python
@njit
def averages(k, l, p, law):
    return kernels.averages(k, l, p, law)


@njit
def balanced(log_t, log_V, p, law):
    return kernels.balanced(log_t, log_V, p, law)


@njit
def solve_pair(log_t, log_V, shift, p, law):
    return newton.solve_pair(log_t, log_V, shift, p, law)


@njit
def bisection(p, law):
    return newton.bisection(0, p, law)


def random_parameters(rng):
    psi1, psi2 = 10 ** rng.uniform(-2, 2, 2)
    eps = 10 ** rng.uniform(-3, 1)
    ridge = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-8, 2)
    return Parameters(psi1, psi1 / psi2, eps, rng.uniform(0, 2), ridge, 0.0, *RELU, 1.0, 0.0)


def array_law(psi1):
    """The law of orthogonal rows with a third atom, as arrays."""
    features = rfrobust.Problem.of(psi1, 2, 0.3, spectrum=OrthogonalRows()).features
    return features.law(rfrobust.Problem.of(psi1, 2, 0.3, 0.5).parameters)


def test_generated_files_are_fresh():
    # python -m rfrobust.engine.generate writes them
    assert generate.PYTHON.read_text() == generate.python_text()
    assert generate.SYSTEMS.read_text() == generate.systems_text()
    assert generate.JAVASCRIPT.read_text() == generate.javascript_text()


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


def test_shares_agree_with_a_sampled_spectrum():
    rng = np.random.default_rng(0)
    d, N = 400, 600
    W = rng.normal(size=(N, d))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    x, dual = (np.maximum(np.linalg.eigvalsh(G), 0.0) for G in (W @ W.T, W.T @ W))
    none = np.empty(0)
    for z in (0.05, 0.8, 5.0):
        exact = equations.marchenko_pastur(Dual(z, none), Dual(N / d, none), FIELD)
        sampled = [
            np.mean(x / (x + z)), np.mean(z / (x + z)), np.mean(x**2 / (x + z) ** 2), np.mean(z * x / (x + z) ** 2),
            np.mean(z**2 / (x + z) ** 2), np.mean(z**2 / (dual + z) ** 2),
        ]  # fmt: skip
        np.testing.assert_allclose([share.value for share in exact], sampled, rtol=0.02)


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
    names = ("E1", "E1c", "Tc", "Q", "P", "B")
    for _ in range(20):
        psi1, k, l = (float(x) for x in 10 ** rng.uniform(-2, 2, 3))
        signal = float(rng.uniform(0.5, 2))
        at = averages(k, l, Parameters(psi1, 1.0, 0.3, 0.0, 0.0, 0.0, *RELU, signal, 0.0), None)
        with mp.workdps(40):
            point = (mp.mpf(k), mp.mpf(l), mp.mpf(psi1), mp.mpf(signal))
            for i, exact in enumerate(page_traces(*point)):
                assert getattr(at, names[i]) == pytest.approx(float(exact), rel=1e-13)
            for i, name in enumerate(names):
                for direction, order in (("_k", (1, 0)), ("_l", (0, 1))):
                    slope = mp.diff(lambda a, b, i=i, point=point: page_traces(a, b, *point[2:])[i], point[:2], order)
                    # only the derivative of Tc has no fixed sign
                    assert getattr(at, name + direction) == pytest.approx(float(slope), rel=1e-10)


def test_averages_of_arrays_are_their_definitions():
    rng = np.random.default_rng(4)
    sigma, metric = rng.uniform(0.1, 3, (2, 50))
    explained = rng.uniform(0, 0.01, 50)
    weights = rng.dirichlet(np.ones(50)) * 0.9
    law = Law(sigma, metric, explained, weights, 0.1, 0.2, 0.0)
    p = Parameters(1.0, 1.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    k, l = 0.7, 0.4
    H = sigma + k * metric + l
    rest, b2 = k * metric + l, explained * sigma
    direct = [
        weights @ (sigma / H), 0.1 + weights @ (rest / H), weights @ (sigma * rest / H**2),
        weights @ (sigma * metric / H**2), np.sum(b2 * metric / H**2),
        0.2 + explained.sum() - 2 * np.sum(b2 / H) + np.sum(b2 * sigma / H**2), np.sum(b2 / H),
    ]  # fmt: skip
    at, count = averages(k, l, p, law), len(direct)
    np.testing.assert_allclose(at[:count], direct, rtol=1e-13)
    h = 1e-6
    for offset, (dk, dl) in ((count, (h, 0.0)), (2 * count, (0.0, h))):
        up, down = averages(k + dk, l + dl, p, law), averages(k - dk, l - dl, p, law)
        slopes = (np.array(up[:count]) - np.array(down[:count])) / (2 * h)
        np.testing.assert_allclose(at[offset : offset + count], slopes, rtol=1e-7)


@pytest.mark.parametrize("arrays", [False, True])
def test_jacobian_of_the_equations(arrays):
    rng = np.random.default_rng(4)
    for _ in range(60):
        p = random_parameters(rng)
        law = array_law(p.psi1) if arrays else None
        log_t, log_V = rng.uniform(-4, 1) - math.log(p.eps), rng.uniform(-3, 3)
        at = balanced(log_t, log_V, p, law)
        h = 1e-6
        for unknown, (dt, dV) in (("t", (h, 0.0)), ("V", (0.0, h))):
            up, down = balanced(log_t + dt, log_V + dV, p, law), balanced(log_t - dt, log_V - dV, p, law)
            for residual in ("F1", "F2"):
                slope = (getattr(up, residual) - getattr(down, residual)) / (2 * h)
                assert getattr(at, f"{residual}_{unknown}") == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_bisection_agrees_with_newton():
    rng = np.random.default_rng(5)
    compared = 0
    for _ in range(40):
        p = random_parameters(rng)
        if p.eps >= 0.999 * regimes.null_threshold(p, None):
            continue
        fast = regimes.solve_point(p, None)
        assert fast.iterations < 30
        # V(t) is flat where everything interpolates; there compare the risks
        slow = bisection(p, None)
        at = balanced(slow.log_t, slow.log_V, p, None)
        np.testing.assert_allclose(
            [at.standard_risk, math.sqrt(at.squared_norm)], [fast.standard_risk, fast.gradient_norm], rtol=1e-9
        )
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("shift", [Shift(0.0, 0.0), Shift(2.0, -700.0)])
def test_a_lost_newton_recovers(shift):
    # from an absurd start, and from an absurd shift of it, only bisection is left
    p = Parameters(1.0, 0.5, 0.3, 0.25, 0.0, 0.0, *RELU, 1.0, 0.0)
    exact = rfrobust.solve(1, 2, 0.3, 0.5)
    root = solve_pair(-300.0, 300.0, shift, p, None)
    assert 0.3 * math.exp(root.log_t) == pytest.approx(exact.q, rel=1e-12)
    assert math.exp(root.log_V) == pytest.approx(exact.V, rel=1e-12)
