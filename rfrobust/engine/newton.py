"""Root finding for the equations: damped Newton in (log t, log V), and a nested bisection that always ends.

Why bisection is safe: at fixed t, F2 grows with V through all of (-inf, inf) (eq-monotone), so there is one V(t); and
(I)-(II) have one solution (docs/theory, "Exactly one solution"), where F1(t, V(t)) goes from - to +.
"""

import math
from typing import NamedTuple

from ..support.jit import inner
from .kernels import balanced, interpolating, population
from .records import Single

#: Largest |F| and largest step at which Newton may stop; that step, which is taken, squares the error. Near the null
#: threshold |F| alone says little: it is the error times the distance to the threshold.
NEWTON_TOLERANCE = 1e-10
LAST_STEP = 3e-7
NEWTON_ITERATIONS = 50
LARGEST_STEP = 4.0
#: Where bisection looks for log q and log V; wide, yet nothing overflows in it.
LOG_Q_RANGE = (-120.0, 100.0)
LOG_V_RANGE = (-200.0, 300.0)

#: Equations with one unknown, and when they are solved.
INTERPOLATOR, RIDGE_ONLY, POPULATION = 0.0, 1.0, 2.0
SINGLE_ITERATIONS = 200
SINGLE_TOLERANCE = 1e-15


class Root(NamedTuple):
    """Where a search ended, and after how many Newton steps."""

    log_t: float
    log_V: float
    iterations: int


@inner
def on_curve(log_t, p, law):
    """Return (log V, F1) on F2 = 0 at this log t, by bisection."""
    below, above = LOG_V_RANGE
    while True:
        log_V = 0.5 * (below + above)
        at = balanced(log_t, log_V, p, law)
        if log_V <= below or log_V >= above:
            return log_V, at.F1
        if at.F2 > 0.0:
            above = log_V
        else:
            below = log_V


@inner
def bisection(iterations, p, law):
    """Return the :class:`Root` by bisection in log t, with V(t) by bisection inside it; an end where there is none.

    There is none at the upper end where linear features recover a target without noise (v = 0).
    """
    low, high = LOG_Q_RANGE[0] - math.log(p.eps), LOG_Q_RANGE[1] - math.log(p.eps)
    log_V, F1 = on_curve(high, p, law)
    if not F1 > 0.0:
        return Root(high, log_V, iterations)
    while True:
        log_t = 0.5 * (low + high)
        log_V, F1 = on_curve(log_t, p, law)
        if log_t <= low or log_t >= high:
            return Root(log_t, log_V, iterations)
        if F1 > 0.0:
            high = log_t
        else:
            low = log_t


@inner
def solve_pair(log_t, log_V, shift, p, law):
    """Return the :class:`Root` of both equations.

    Newton starts ``shift`` away from (log t, log V), from there itself should that fail, and bisection comes last. A
    step is shortened to ``LARGEST_STEP`` and halved until it reduces the larger residual.
    """
    start_t, start_V = log_t, log_V
    log_t += shift.log_t
    log_V += shift.log_V
    shifted = shift.log_t != 0.0 or shift.log_V != 0.0
    dt, dV, t, size = 0.0, 0.0, 1.0, math.inf
    iterations, halvings = 0, 0
    while True:
        at = balanced(log_t + t * dt, log_V + t * dV, p, law)
        trial = max(abs(at.F1), abs(at.F2))
        lost = False
        if trial < size * (1.0 - 0.1 * t):
            log_t += t * dt
            log_V += t * dV
            size = trial
            determinant = at.F1_t * at.F2_V - at.F1_V * at.F2_t
            dt = -(at.F2_V * at.F1 - at.F1_V * at.F2) / determinant
            dV = -(at.F1_t * at.F2 - at.F2_t * at.F1) / determinant
            step = max(abs(dt), abs(dV))
            iterations += 1
            if size <= NEWTON_TOLERANCE and step <= LAST_STEP:
                return Root(log_t + dt, log_V + dV, iterations)
            t = min(1.0, LARGEST_STEP / step)
            halvings = 0
            lost = not step < math.inf or iterations > NEWTON_ITERATIONS
        elif halvings < 30 and size < math.inf:
            t *= 0.5
            halvings += 1
        elif size <= NEWTON_TOLERANCE:  # no step makes the residual smaller: rounding error
            return Root(log_t, log_V, iterations)
        else:
            lost = True
        if lost:
            if not shifted:
                break
            log_t, log_V = start_t, start_V
            shifted = False
            dt, dV, t, size = 0.0, 0.0, 1.0, math.inf
    return bisection(iterations, p, law)


@inner
def single(kind, log_x, p, law):
    """Return the equation of this kind at log x."""
    if kind == INTERPOLATOR:
        return interpolating(log_x, p, law)
    if kind == POPULATION:
        return population(log_x, p, law)
    pair = balanced(0.0, log_x, p, law)
    return Single(pair.F2, pair.F2_V, 0.0, math.exp(log_x), pair.k, pair.standard_risk, pair.squared_norm, pair.overlap)


@inner
def solve_single(kind, log_x, p, law):
    """Return (log x, iterations); the bracket grows from the start, then Newton steps stay inside it."""
    low, high = -700.0, 700.0
    for iteration in range(1, SINGLE_ITERATIONS + 1):
        at = single(kind, log_x, p, law)
        if at.F > 0.0:
            high = log_x
        else:
            low = log_x
        new = log_x - at.F / at.slope
        if abs(at.F) <= SINGLE_TOLERANCE:
            return log_x, iteration
        if abs(new - log_x) <= SINGLE_TOLERANCE * abs(log_x):  # also outside a bracket as narrow as rounding
            return new, iteration
        if not (low < new < high):
            new = 0.5 * (low + high)
            if new in (low, high):
                return new, iteration
        log_x = new
    return log_x, SINGLE_ITERATIONS
