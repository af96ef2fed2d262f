"""Limits in which one unknown is left (docs/theory, "Phases and limits"), each solved by Newton inside a bracket.

- ridge: eps = 0 and ridge > 0, unknown l:  lam/l + (psi1/psi2) E Sigma/(Sigma + l) = 1;
- interpolation: eps -> 0 without ridge, more features than samples, unknown k:
  (psi1/psi2) E Sigma/(Sigma + k J^2) = 1;
- population: psi2 = inf, unknown q:  q^2 v = eps^2 r^2 with k from equation (I) at V = 0.
"""

import math

from ..support.jit import njit
from .equations import SQRT_2_OVER_PI
from .traces import moments, traces

RIDGE, INTERPOLATION, POPULATION = 0, 1, 2
LIMIT_ITERATIONS = 200
TOLERANCE = 1e-15


@njit
def null_threshold_squared(psi1, R, noise, c, mu, rho2, signal, atoms, weights):
    """Return eps_c^2 = (pi/2) (signal/(signal+noise) psi1 c E x/J^2 + (psi1/psi2) E Sigma/J^2)."""
    if c > 0.0:
        parts = moments(rho2 / c, psi1, atoms, weights)
        f, o1 = parts[0], parts[1]
    else:
        f, o1 = 0.0, 1.0
    noise_share = mu / rho2 * o1 if rho2 > 0.0 else 0.0
    return 0.5 * math.pi * (psi1 * f * signal / (signal + noise) + R * (f + noise_share))


@njit
def population_multipliers(q, eps, ridge):
    """Return (k, l, dk/dlog q, dl/dlog q) at V = 0, where a = 1 + sqrt(2/pi) q."""
    h = SQRT_2_OVER_PI
    a = 1.0 + h * q
    k = eps * eps * (h + q) / (q * a)
    l = ridge / a
    return k, l, k * (q / (h + q) - 1.0 - h * q / a), -l * h * q / a


@njit
def limit_residual(kind, log_x, problem):
    """Return (F, dF/dlog x), F increasing in x, for the unknown x of the limit ``kind``."""
    psi1, R, eps, noise, ridge, c, mu, rho2, signal, atoms, weights = problem
    x = math.exp(log_x)
    if kind == POPULATION:
        k, l, k_q, l_q = population_multipliers(x, eps, ridge)
        value, by_k, by_l = traces(k, l, psi1, c, mu, rho2, signal, atoms, weights)
        P, B = value[4], value[5]
        P_q = by_k[3] * k_q + by_l[3] * l_q
        B_q = by_k[4] * k_q + by_l[4] * l_q
        return 2.0 * (log_x - math.log(eps)) + math.log((noise + B) / P), 2.0 + B_q / (noise + B) - P_q / P
    k, l = (0.0, x) if kind == RIDGE else (x, 0.0)
    value, by_k, by_l = traces(k, l, psi1, c, mu, rho2, signal, atoms, weights)
    E1_x = x * (by_l[0] if kind == RIDGE else by_k[0])
    left = R * value[1]
    left_x = -R * E1_x
    right = ridge / x if kind == RIDGE else 0.0
    right_x = -right
    if R >= 1.0:
        right += R - 1.0
    else:
        left += 1.0 - R
    return math.log(left / right), left_x / left - right_x / right


@njit
def solve_limit(kind, log_x, problem):
    """Return (log x, iterations); the bracket grows from the start, then Newton steps stay inside it."""
    low, high = -700.0, 700.0
    for iteration in range(1, LIMIT_ITERATIONS + 1):
        F, slope = limit_residual(kind, log_x, problem)
        if F > 0.0:
            high = log_x
        else:
            low = log_x
        new = log_x - F / slope
        if not (low < new < high):
            new = 0.5 * (low + high)
        if abs(F) <= TOLERANCE or abs(new - log_x) <= TOLERANCE * abs(log_x):
            return new if abs(F) > TOLERANCE else log_x, iteration
        log_x = new
    return log_x, LIMIT_ITERATIONS
