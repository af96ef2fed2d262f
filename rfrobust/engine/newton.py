"""Root finding for the equations: damped Newton in (log q, log V), and a nested bisection that always ends.

Why bisection is safe: at fixed q, F2 grows with V through all of (-inf, inf), so there is one V(q); the robust
ERM is strictly convex, so (I)-(II) have one solution and F1(q, V(q)) changes sign once, from - to +.
"""

import math

from ..support.jit import njit
from .equations import residuals

#: Largest |F| and largest step at which Newton may stop; that step, which is taken, squares the error. Near the null
#: threshold |F| alone says little: it is the error times the distance to the threshold.
NEWTON_TOLERANCE = 1e-10
LAST_STEP = 1e-6
NEWTON_ITERATIONS = 50
LARGEST_STEP = 4.0
#: Where bisection looks for log q and log V; wide, yet nothing overflows in it.
LOG_Q_RANGE = (-120.0, 60.0)
LOG_V_RANGE = (-200.0, 300.0)


@njit
def starting_point(psi1, R, eps, eps_null, ridge, c, mu, rho2):
    """Return a rough (log q, log V): exact orders of magnitude near the null phase and near interpolation."""
    distance = 1.0 - eps / eps_null
    q = 0.5 * eps / (1.0 + eps) * distance
    V = R
    if R > 1.0:
        V += (R - 1.0) * (c + mu) / (eps * eps * (c + rho2) + ridge)
    return math.log(q), math.log(V * distance)


@njit
def newton(log_q, log_V, problem):
    """Return (converged, log q, log V, iterations) from the given start.

    A step is shortened to ``LARGEST_STEP`` and halved until it reduces the larger residual.
    """
    F1, F2, a, b, c, d, _, _, _ = residuals(log_q, log_V, *problem)
    size = max(abs(F1), abs(F2))
    for iteration in range(1, NEWTON_ITERATIONS + 1):
        determinant = a * d - b * c
        dq = -(d * F1 - b * F2) / determinant
        dV = -(a * F2 - c * F1) / determinant
        step = max(abs(dq), abs(dV))
        if not step < math.inf:
            return False, log_q, log_V, iteration
        if size <= NEWTON_TOLERANCE and step <= LAST_STEP:
            return True, log_q + dq, log_V + dV, iteration
        t = min(1.0, LARGEST_STEP / step)
        for _ in range(30):
            F1, F2, a, b, c, d, _, _, _ = residuals(log_q + t * dq, log_V + t * dV, *problem)
            trial = max(abs(F1), abs(F2))
            if trial < size * (1.0 - 0.1 * t):
                break
            t *= 0.5
        else:
            # no step makes the residual smaller: rounding error, or a failure
            return size <= NEWTON_TOLERANCE, log_q, log_V, iteration
        log_q += t * dq
        log_V += t * dV
        size = trial
    return False, log_q, log_V, NEWTON_ITERATIONS


@njit
def _bisect_V(log_q, problem):
    """Return (log V, F1) at the root V(q) of F2."""
    low, high = LOG_V_RANGE
    while True:
        middle = 0.5 * (low + high)
        parts = residuals(log_q, middle, *problem)
        F1, F2 = parts[0], parts[1]
        if middle <= low or middle >= high:
            return middle, F1
        if F2 > 0.0:
            high = middle
        else:
            low = middle


@njit
def bisection(problem):
    """Return (log q, log V) by bisection in log q, with V(q) by bisection inside it."""
    low, high = LOG_Q_RANGE
    while True:
        middle = 0.5 * (low + high)
        log_V, F1 = _bisect_V(middle, problem)
        if middle <= low or middle >= high:
            return middle, log_V
        if F1 > 0.0:
            high = middle
        else:
            low = middle
