"""Attacks in l_p norms and laws of the signal against networks that are trained: docs/family, eq-coordinates."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gamma, hyp1f1

from rfrobust.engine import family
from rfrobust.engine.coordinates import GAUSSIAN, dual_norm
from rfrobust.engine.equations import parameters
from rfrobust.problem.activation import RELU
from tests.family_problems import RADEMACHER, setting_of, sparse

D, DRAWS = 120, 24


def smoothed_power(alpha, s, q):
    """Return the mean of E|alpha + s z|^q over coordinates and its derivatives in alpha and s."""
    top = 2 ** (q / 2) * gamma((1 + q) / 2) / math.sqrt(math.pi)
    u = alpha / s
    value = top * s**q * hyp1f1(-q / 2, 0.5, -u * u / 2)
    slope = top * s ** (q - 1) * q * u * hyp1f1(1 - q / 2, 1.5, -u * u / 2)
    return value.mean(), slope / alpha.size, ((q * value - alpha * slope) / s).mean()


def trained(rng, psi1, psi2, eps, tau, ridge, q, signal):
    """Return (excess, r, |theta|) of one network on features mu1 W x + mu2 noise, r as in docs/family, eq-dual-norm."""
    c, mu, rho2 = RELU.constants
    N, n = round(psi1 * D), round(psi2 * D)
    shares, deviations, centres = (np.array(column) for column in signal)
    kind = rng.choice(shares.size, D, p=shares)
    beta = (centres[kind] + deviations[kind] * rng.standard_normal(D)) * rng.choice([-1.0, 1.0], D)
    beta /= np.linalg.norm(beta)
    W, X = rng.standard_normal((N, D)) / math.sqrt(D), rng.standard_normal((n, D))
    features = math.sqrt(c) * X @ W.T + math.sqrt(mu) * rng.standard_normal((n, N))
    y = X @ beta + tau * rng.standard_normal(n)
    to_alpha = math.sqrt(c * D) * W.T

    def objective(theta, smoothing):
        t, size = y - features @ theta, np.linalg.norm(theta)
        E, E_alpha, E_s = smoothed_power(to_alpha @ theta, math.sqrt(rho2) * size, q)
        r = E ** (1 / q)
        r_theta = r / (q * E) * (to_alpha.T @ E_alpha + E_s * math.sqrt(rho2) * theta / size)
        h = np.sqrt(t * t + smoothing**2)
        worst = h + eps * r
        gradient = -features.T @ (worst * t / h) / n + eps * worst.mean() * r_theta + ridge * theta
        return 0.5 * np.mean(worst**2) + 0.5 * ridge * size**2, gradient

    theta = np.linalg.solve(features.T @ features / n + np.eye(N), features.T @ y / n)
    for smoothing in (0.3, 0.03, 0.003, 3e-4):
        options = {"maxiter": 20_000, "maxfun": 20_000, "ftol": 0.0, "gtol": 1e-7}
        theta = minimize(objective, theta, (smoothing,), "L-BFGS-B", jac=True, options=options).x
    alpha, size = to_alpha @ theta, np.linalg.norm(theta)
    r = smoothed_power(alpha, math.sqrt(rho2) * size, q)[0] ** (1 / q)
    return np.sum((beta - alpha / math.sqrt(D)) ** 2) + mu * size**2, r, size


@pytest.mark.slow
@pytest.mark.parametrize("signal", [GAUSSIAN, sparse(0.1), RADEMACHER], ids=["gaussian", "sparse", "rademacher"])
@pytest.mark.parametrize("q", [1.0, 1.5, 3.0])
def test_networks(q, signal):
    psi1, psi2, tau, ridge = 3.0, 4.0, 0.3, 0.02
    setting = setting_of("square", noise=((tau,), (1.0,)), norm=dual_norm(q, signal))
    p = parameters(psi1, psi2, 0.0, tau, ridge, RELU.constants, 1.0, 0.0, 0.0)
    eps = 0.5 * setting.threshold(p)[0]
    status, _, _, x = setting.solve(p._replace(eps=eps), 0.5)
    assert status == family.SOLVED
    expected = np.exp(x[[0, 1, 3]] * (2.0, 1.0, 1.0))
    rng = np.random.default_rng(round(100 * q))
    draws = np.array([trained(rng, psi1, psi2, eps, tau, ridge, q, signal) for _ in range(DRAWS)])
    error = draws.std(axis=0, ddof=1) / math.sqrt(DRAWS)
    # the bias of 120 dimensions is about 1 percent
    np.testing.assert_array_less(np.abs(draws.mean(axis=0) - expected), 3.5 * error + 0.01 * expected)
