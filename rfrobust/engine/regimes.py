"""From one problem to all its observables: chooses the regime, solves it, measures the residual."""

import math

import numpy as np

from ..support.jit import njit
from .equations import SQRT_2_OVER_PI, gaussian_parts, residuals
from .limits import (
    INTERPOLATION,
    POPULATION,
    RIDGE,
    limit_residual,
    null_threshold_squared,
    population_multipliers,
    solve_limit,
)
from .newton import bisection, newton, starting_point
from .traces import traces

#: Largest relative residual that counts as solved.
RESIDUAL_TOLERANCE = 1e-10

#: Rounding of the share of non-zero eigenvalues of W W', inside which N = n cannot be told from N near n.
POLE_WIDTH = 1e-14

#: Relative distance to the null threshold below which the solution is continued from this distance.
NEAR_NULL = 1e-6

#: Standard risk over |beta|^2 below which linear features without noise have recovered the target, up to rounding.
RECOVERED = 1e-12

#: What :func:`solve_point` returns, in order.
FIELDS = (
    "status",
    "phase",
    "q",
    "V",
    "k",
    "standard_risk",
    "gradient_norm",
    "training_loss",
    "mean_abs_residual",
    "zero_residual_fraction",
    "residual",
    "iterations",
)

SOLVED, DIVERGENT, NOT_CONVERGED, DEGENERATE = 0, 1, 2, 3
NULL, REGULAR, INTERPOLATING = 0, 1, 2


@njit
def _failure(status, residual, iterations):
    """Return ``FIELDS`` of a point without solution: nothing in it can be taken for a result."""
    nan = math.nan
    return float(status), float(REGULAR), nan, nan, nan, nan, nan, nan, nan, nan, residual, float(iterations)


@njit
def _observables(phase, q, V, k, v, r, loss, mean_abs, zeros, residual, iterations):
    """Return ``FIELDS`` as floats; a residual or a risk that is not a finite number is never a solution."""
    solved = residual <= RESIDUAL_TOLERANCE and v < math.inf and r < math.inf
    if not solved:
        return _failure(NOT_CONVERGED, residual, iterations)
    return float(SOLVED), float(phase), q, V, k, v, r, loss, mean_abs, zeros, residual, float(iterations)


@njit
def _solution(phase, q, V, k, v, r2, residual, iterations):
    """Return the observables of docs/theory, "Outputs" (eq-scores, eq-loss)."""
    s = q * V
    p0, p1, _, m, _ = gaussian_parts(s)
    y = 1.0 / (1.0 + V)
    loss = 0.5 * v * ((p1 - s * m) * y * y + 2.0 * q * m * y + q * q)
    mean_abs = math.sqrt(v) * m * y
    return _observables(phase, q, V, k, v, math.sqrt(r2), loss, mean_abs, p0, residual, iterations)


@njit
def _ridgeless(problem):
    """Return the limit eps -> 0+ without ridge (docs/theory, eq-interpolator and eq-least-squares)."""
    psi1, R, _, noise, _, c, mu, rho2, signal, atoms, weights = problem
    value, _, _ = traces(0.0, 0.0, psi1, c, mu, rho2, signal, atoms, weights)
    E1, _, _, Qr, P, B = value
    # (psi1/psi2) times the share of non-zero eigenvalues of Sigma, which is 1 unless the features are linear
    occupied = R if mu > 0.0 else R * E1
    if abs(occupied - 1.0) <= (0.0 if mu > 0.0 else POLE_WIDTH):
        return _failure(DIVERGENT, math.nan, 0)
    if occupied < 1.0:
        v = (noise + B) / (1.0 - occupied)
        return _solution(REGULAR, 0.0, occupied / (1.0 - occupied), 0.0, v, P + v * R * Qr, 0.0, 0)
    start = math.log((R - 1.0) * (c + mu) / (c + rho2))
    log_k, iterations = solve_limit(INTERPOLATION, start, problem)
    F, _ = limit_residual(INTERPOLATION, log_k, problem)
    k = math.exp(log_k)
    value, _, _ = traces(k, 0.0, psi1, c, mu, rho2, signal, atoms, weights)
    _, _, Tc, Qr, P, B = value
    v = (noise + B) / (R * Tc)
    r = math.sqrt(P + v * R * Qr)
    return _observables(INTERPOLATING, 0.0, math.inf, k, v, r, 0.0, 0.0, 1.0, abs(F), iterations)


@njit
def _ridge(problem):
    """Return the square loss, eps = 0 and ridge > 0, where g = 1 and a = 1/(1+V) = lam/l (eq-ridge)."""
    psi1, R, _, noise, ridge, c, mu, rho2, signal, atoms, weights = problem
    log_l, iterations = solve_limit(RIDGE, math.log(ridge + max(R - 1.0, 0.0) * (c + mu)), problem)
    F, _ = limit_residual(RIDGE, log_l, problem)
    l = math.exp(log_l)
    value, _, _ = traces(0.0, l, psi1, c, mu, rho2, signal, atoms, weights)
    E1, _, Tc, Qr, P, B = value
    v = (noise + B) / (ridge / l + R * Tc)
    V = R * E1 * l / ridge
    return _solution(REGULAR, 0.0, V, 0.0, v, P + v * R * Qr, abs(F), iterations)


@njit
def _population(problem):
    """Return the limit psi2 = inf: no training noise is left, V = 0 (eq-population)."""
    psi1, _, eps, noise, ridge, c, mu, rho2, signal, atoms, weights = problem
    q, k, l, residual, iterations = 0.0, 0.0, ridge, 0.0, 0
    if eps > 0.0:
        log_q, iterations = solve_limit(POPULATION, math.log(eps / (1.0 + eps)), problem)
        F, _ = limit_residual(POPULATION, log_q, problem)
        q = math.exp(log_q)
        k, l, _, _ = population_multipliers(q, eps, ridge)
        residual = abs(F)
    value, _, _ = traces(k, l, psi1, c, mu, rho2, signal, atoms, weights)
    recovered = not (residual <= RESIDUAL_TOLERANCE and value[5] > RECOVERED * signal)
    if eps > 0.0 and noise == 0.0 and mu == 0.0 and recovered:
        return _failure(DEGENERATE, residual, iterations)
    return _solution(REGULAR, q, 0.0, k, noise + value[5], value[4], residual, iterations)


@njit
def _equations(eps_null, problem):
    """Return (log q, log V, iterations) by Newton and, should it fail, by bisection."""
    psi1, R, eps, _, ridge, c, mu, rho2, _, _, _ = problem
    log_q, log_V = starting_point(psi1, R, eps, eps_null, ridge, c, mu, rho2)
    converged, log_q, log_V, iterations = newton(log_q, log_V, problem)
    if not converged:
        log_q, log_V = bisection(problem)
    return log_q, log_V, iterations


@njit
def _near_null(distance, eps_null, problem):
    """Return (log q, log V, iterations) within ``NEAR_NULL`` of the null threshold.

    There the equations fix q and V only to rounding error over distance, while q and V over distance are smooth:
    they are continued linearly from NEAR_NULL and 2 NEAR_NULL.
    """
    psi1, R, _, noise, ridge, c, mu, rho2, signal, atoms, weights = problem
    at = np.empty((2, 2))
    iterations = 0
    for i in range(2):
        gap = (i + 1) * NEAR_NULL
        eps = eps_null * (1.0 - gap)
        moved = (psi1, R, eps, noise, ridge, c, mu, rho2, signal, atoms, weights)
        log_q, log_V, steps = _equations(eps_null, moved)
        at[i, 0] = math.exp(log_q) / gap
        at[i, 1] = math.exp(log_V) / gap
        iterations += steps
    t = distance / NEAR_NULL
    q = distance * ((2.0 - t) * at[0, 0] + (t - 1.0) * at[1, 0])
    V = distance * ((2.0 - t) * at[0, 1] + (t - 1.0) * at[1, 1])
    return math.log(q), math.log(V), iterations


@njit
def _regular(eps_null, problem):
    """Return the solution of the two equations below the null threshold."""
    eps, noise, mu = problem[2], problem[3], problem[6]
    distance = 1.0 - eps / eps_null
    if distance < NEAR_NULL:
        log_q, log_V, iterations = _near_null(distance, eps_null, problem)
    else:
        log_q, log_V, iterations = _equations(eps_null, problem)
    F1, F2, _, _, _, _, k, v, r2 = residuals(log_q, log_V, *problem)
    residual = max(abs(F1), abs(F2))
    if noise == 0.0 and mu == 0.0 and not (residual <= RESIDUAL_TOLERANCE and v > RECOVERED * problem[8]):
        return _failure(DEGENERATE, residual, iterations)
    q, V = math.exp(log_q), math.exp(log_V)
    phase = INTERPOLATING if math.erfc(q * V * math.sqrt(0.5)) == 0.0 else REGULAR
    return _solution(phase, q, V, k, v, r2, residual, iterations)


@njit
def solve_point(psi1, psi2, eps, tau, ridge, c, mu, rho2, signal, nonlinear, atoms, weights):
    """Return the observables ``FIELDS`` of one problem.

    ``c, mu, rho2`` are mu1^2, mu2^2, rho^2 of the activation, ``signal`` is |beta|^2 and ``nonlinear`` F_*^2;
    ``atoms`` and ``weights`` are the law of W W', both empty for Marchenko-Pastur.
    """
    R = psi1 / psi2
    noise = tau * tau + nonlinear
    problem = (psi1, R, eps, noise, ridge, c, mu, rho2, signal, atoms, weights)
    if eps > 0.0:
        eps_null = math.sqrt(null_threshold_squared(psi1, R, noise, c, mu, rho2, signal, atoms, weights))
        if eps >= eps_null:
            v = signal + noise
            mean_abs = math.sqrt(v) * SQRT_2_OVER_PI
            return _observables(NULL, 0.0, 0.0, math.inf, v, 0.0, 0.5 * v, mean_abs, 0.0, 0.0, 0)
    if R == 0.0:
        return _population(problem)
    if eps > 0.0:
        return _regular(eps_null, problem)
    if ridge > 0.0:
        return _ridge(problem)
    return _ridgeless(problem)


@njit
def solve_many(psi1, psi2, eps, tau, ridge, c, mu, rho2, signal, nonlinear, atoms, weights, out):
    """Fill row i of ``out`` with the observables of the problem whose parameters are element i of the arrays."""
    for i in range(psi1.size):
        point = solve_point(
            psi1[i], psi2[i], eps[i], tau[i], ridge[i], c, mu, rho2, signal, nonlinear, atoms, weights
        )
        for j in range(len(point)):
            out[i, j] = point[j]
