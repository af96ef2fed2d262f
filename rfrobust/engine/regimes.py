"""From one problem to all its observables: chooses the regime, solves it, measures the residual."""

import math
from typing import Any

import numpy as np

from ..support.jit import inner, njit
from .gaussian import SQRT_2_OVER_PI
from .kernels import (
    balanced,
    closed_reach,
    cold_start,
    least_squares,
    outputs,
    radial_reach,
    reach_of_direction,
    squared_null_threshold,
)
from .newton import INTERPOLATOR, POPULATION, RIDGE_ONLY, on_curve, single, solve_pair, solve_single
from .records import AnyParameters, Law, Parameters, Point, RadialParameters, Scales, Shift

#: Length of the parameters of a problem in which no radial part is learned.
PLAIN = len(Parameters._fields)

#: Largest relative residual that counts as solved.
RESIDUAL_TOLERANCE = 1e-10

#: Rounding of the share of non-zero eigenvalues of W W', inside which N = n cannot be told from N near n.
POLE_WIDTH = 1e-14

#: Relative distance to the null threshold below which the solution is continued from larger distances: these are
#: reduced tenfold until the second difference there, relative, is below ``BEND`` or rounding error.
NEAR_NULL, BEND, ROUNDING = 1e-5, 1e-8, 1e-14

#: Standard risk over |beta|^2 below which linear features without noise have recovered the target, up to rounding.
RECOVERED = 1e-12

# floats, as results are: kernels are then compiled for one type
SOLVED, DIVERGENT, NOT_CONVERGED, DEGENERATE = 0.0, 1.0, 2.0, 3.0
NULL, REGULAR, INTERPOLATING = 0.0, 1.0, 2.0

#: Starts of Newton where nothing is known of a neighbour.
COLD = Shift(0.0, 0.0)


@inner
def _radial_power(inverse, excess, p):
    """Return what a radial part of the target adds to b' J^-2 b, if one is learned."""
    if len(p) == PLAIN:  # pruned
        return 0.0
    return radial_reach(inverse, excess, p)


@inner
def scales(p, law):
    """Return the :class:`Scales` of a problem."""
    if law is None:  # pruned where the type of law decides
        power, spread, inverse = closed_reach(p)
        mean_sigma, mean_metric, null, excess = p.c + p.mu, p.c + p.rho2, 0.0, p.psi1
        unexplained = p.mu
    else:
        power, spread, inverse, mean_sigma, mean_metric, null = 0.0, 0.0, 0.0, 0.0, 0.0, law.null
        excess = law.excess
        unexplained = max(law.unexplained - RECOVERED * p.signal, 0.0)
        for i in range(law.sigma.size):
            weight = law.weights[i]
            first, second, third = reach_of_direction(law.sigma[i], law.metric[i], law.explained[i], weight)
            power += first
            spread += second
            inverse += third
            mean_sigma += weight * law.sigma[i]
            mean_metric += weight * law.metric[i]
    power += _radial_power(inverse, excess, p)
    eps_null = math.sqrt(squared_null_threshold(p, power, spread))
    recoverable = unexplained == 0.0 and p.noise + p.radial == 0.0
    return Scales(eps_null, power, spread, mean_sigma, mean_metric, null, recoverable)


@njit
def null_threshold(p, law):
    """Return eps_c (eq-null)."""
    return scales(p, law).eps_null


@inner
def _failure(status, residual, iterations):
    """Return the point without solution: nothing in it can be taken for a result."""
    nan = math.nan
    return Point(
        status, REGULAR, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, residual, iterations
    )  # fmt: skip


@inner
def _solution(phase, q, V, k, v, r2, overlap, p, residual, iterations):
    """Return the observables; a residual or a risk that is not a finite number is never a solution."""
    if not (residual <= RESIDUAL_TOLERANCE and v < math.inf and r2 < math.inf):
        return _failure(NOT_CONVERGED, residual, iterations)
    loss, mean_abs, zeros = 0.0, 0.0, 1.0
    if math.inf > V:
        loss, mean_abs, zeros = outputs(q, V, v)
    power = math.nan  # what is learned of a radial part is not split off
    if len(p) == PLAIN:  # pruned
        power = max(v - p.noise - p.signal + 2.0 * overlap, 0.0)
    return Point(
        SOLVED, phase, q, V, k, v, math.sqrt(r2), overlap, power, SQRT_2_OVER_PI * math.sqrt(v), loss, mean_abs, zeros,
        math.nan, math.nan, math.nan, residual, iterations,
    )  # fmt: skip


@inner
def _null(p):
    """Return the zero solution."""
    v = p.signal + (p.noise + p.radial)
    mean_abs = math.sqrt(v) * SQRT_2_OVER_PI
    return Point(
        SOLVED, NULL, 0.0, 0.0, math.inf, v, 0.0, 0.0, 0.0, mean_abs, 0.5 * v, mean_abs, 0.0, math.nan, math.nan,
        math.nan, 0.0, 0.0,
    )  # fmt: skip


@inner
def varied(p, eps, ridge):
    """Return the parameters at another radius and ridge."""
    if len(p) == PLAIN:  # pruned
        return Parameters(p.psi1, p.R, eps, p.noise, ridge, p.penalty, p.c, p.mu, p.rho2, p.signal, p.radial)
    return RadialParameters(
        p.psi1, p.R, eps, p.noise, ridge, p.penalty, p.c, p.mu, p.rho2, p.signal, p.radial, p.spike
    )  # fmt: skip


@inner
def attacked(shift, p, law):
    """Return the :class:`Point` for eps > 0 and finite psi2, and the :class:`Shift` of its root.

    Below the null threshold the two equations are solved. Close to it they fix t only to rounding error over distance,
    and it is continued from larger distances: t over distance is smooth, a parabola through its values at one, two and
    three times ``node``, and V follows from t by F2, which stays well conditioned. These must be small against the
    distance at which the features' other directions cease to follow J^2 alone, which the ridge and the ratios decide
    (docs/theory, "Solving"): where the parabola bends they shrink.
    """
    scale = scales(p, law)
    distance = 1.0 - p.eps / scale.eps_null
    if not distance > 0.0:
        return _null(p), COLD
    node, iterations = NEAR_NULL, 0.0
    differences = (1.0, -2.0, 1.0)
    while True:
        near = distance < node
        x = distance / node
        weights = (0.5 * (x - 2.0) * (x - 3.0), (x - 1.0) * (3.0 - x), 0.5 * (x - 1.0) * (x - 2.0))
        slope = bend = there = 0.0
        move = COLD if near else shift
        for i in range(2 if near else 0, -1, -1):  # the nearest one last
            gap, eps = distance, p.eps
            if near:
                gap = (i + 1) * node
                eps = scale.eps_null * (1.0 - gap)
            at = varied(p, eps, p.ridge)
            log_t, log_V = cold_start(at, gap, scale.mean_sigma, scale.mean_metric)
            root = solve_pair(log_t, log_V, move, at, law)
            move = Shift(root.log_t - log_t, root.log_V - log_V)
            log_t, log_V = root.log_t, root.log_V
            iterations += root.iterations
            there = math.exp(log_t - math.log(gap))
            slope += weights[i] * there
            bend += differences[i] * there
        if not near:
            break
        if abs(bend) <= (BEND + ROUNDING / node) * there:
            log_t = math.log(slope * distance)
            log_V, _ = on_curve(log_t, p, law)
            move = COLD
            break
        node *= 0.1
    pair = balanced(log_t, log_V, p, law)
    residual = max(abs(pair.F1), abs(pair.F2))
    q, V, v = p.eps * math.exp(log_t), math.exp(log_V), pair.standard_risk
    if scale.recoverable and not (residual <= RESIDUAL_TOLERANCE and v > RECOVERED * p.signal):
        return _failure(DEGENERATE, residual, iterations), COLD
    phase = INTERPOLATING if q * V > 37.0 and math.erfc(q * V * math.sqrt(0.5)) == 0.0 else REGULAR
    return _solution(phase, q, V, pair.k, v, pair.squared_norm, pair.overlap, p, residual, iterations), move


@njit
def attacked_point(p, law):
    """Return the :class:`Point` of one problem for eps > 0 and finite psi2."""
    return attacked(COLD, p, law)[0]


@njit
def unattacked(p, law):
    """Return the :class:`Point` of the limit eps -> 0+ at finite psi2."""
    scale = scales(p, law)
    if p.ridge > 0.0 or p.penalty > 0.0:
        kind = RIDGE_ONLY
        _, start = cold_start(p, 1.0, scale.mean_sigma, scale.mean_metric)
    else:
        occupied = p.R * (1.0 - scale.null)
        if abs(occupied - 1.0) <= (0.0 if law is None else POLE_WIDTH):
            return _failure(DIVERGENT, math.nan, 0.0)
        if occupied < 1.0:
            at = least_squares(scale.null, p, law)
            return _solution(REGULAR, 0.0, at.V, 0.0, at.standard_risk, at.squared_norm, at.overlap, p, 0.0, 0.0)
        kind, start = INTERPOLATOR, math.log((p.R - 1.0) * scale.mean_sigma / scale.mean_metric)
    log_x, iterations = solve_single(kind, start, p, law)
    at = single(kind, log_x, p, law)
    phase, V = (INTERPOLATING, math.inf) if kind == INTERPOLATOR else (REGULAR, at.V)
    return _solution(
        phase, 0.0, V, at.k, at.standard_risk, at.squared_norm, at.overlap, p, abs(at.F), float(iterations)
    )


@njit
def population(p, law):
    """Return the :class:`Point` of the limit psi2 = inf: no training noise is left."""
    if p.eps == 0.0:
        at = single(POPULATION, 0.0, p, law)
        return _solution(REGULAR, 0.0, 0.0, at.k, at.standard_risk, at.squared_norm, at.overlap, p, 0.0, 0.0)
    scale = scales(p, law)
    if p.eps >= scale.eps_null:
        return _null(p)
    log_t, iterations = solve_single(POPULATION, -math.log1p(p.eps), p, law)
    at = single(POPULATION, log_t, p, law)
    residual = abs(at.F)
    if scale.recoverable and not (residual <= RESIDUAL_TOLERANCE and at.standard_risk > RECOVERED * p.signal):
        return _failure(DEGENERATE, residual, float(iterations))
    return _solution(
        REGULAR, p.eps * at.t, 0.0, at.k, at.standard_risk, at.squared_norm, at.overlap, p, residual, float(iterations)
    )


def solve_point(p: AnyParameters, law: Law | None) -> Point:
    """Return the :class:`Point` of one problem; each regime is compiled when it is first met."""
    if p.R == 0.0:
        return population(p, law)
    return unattacked(p, law) if p.eps == 0.0 else attacked_point(p, law)


@inner
def _extrapolated(place, first, second, third):
    """Return the start at this place of a line from up to three shifts before it, the last one ``third``."""
    if place == 0:
        return COLD
    if place == 1:
        return third
    if place == 2:
        return Shift(2.0 * third.log_t - second.log_t, 2.0 * third.log_V - second.log_V)
    return Shift(3.0 * (third.log_t - second.log_t) + first.log_t, 3.0 * (third.log_V - second.log_V) + first.log_V)


@inner
def parameters_of(row):
    """Return the :class:`Parameters` in a row of numbers."""
    return Parameters(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10])


@inner
def _parameters(row, like):
    p = parameters_of(row)
    if len(like) == PLAIN:  # pruned
        return p
    return RadialParameters(
        p.psi1, p.R, p.eps, p.noise, p.ridge, p.penalty, p.c, p.mu, p.rho2, p.signal, p.radial, like.spike
    )  # fmt: skip


@njit
def attacked_rows(rows, law, like, line, out):
    """Fill row i of ``out`` with the :class:`Point` of row i of ``rows``, all with eps > 0 and finite psi2.

    ``like`` has the type of their parameters, and the spike. Rows come in lines of ``line`` neighbours on a grid, along
    which the starts of Newton are extrapolated.
    """
    first = second = third = COLD
    for i in range(rows.shape[0]):
        row = rows[i]
        p = _parameters(row, like)
        point, shift = attacked(_extrapolated(i % line, first, second, third), p, law)
        first, second, third = second, third, shift
        for j in range(len(point)):
            out[i, j] = point[j]


def of_row(row: np.ndarray, spike: float | None) -> AnyParameters:
    """Return the parameters of a row of :func:`solve_rows`."""
    p = Parameters(*row.tolist())
    return p if spike is None else RadialParameters(*p, spike)


def solve_rows(rows: np.ndarray, law: Law | None, spike: float | None, out: Any, *, line: int = 1) -> None:
    """Fill row i of ``out`` with the :class:`Point` of row i of ``rows``.

    Columns are the fields of :class:`Parameters` and of :class:`Point`. Rows come in lines of ``line``
    neighbours on a grid, which makes them cheaper.
    """
    like = of_row(rows[0], spike)
    regular = (rows[:, 1] > 0.0) & (rows[:, 2] > 0.0)
    if regular.all():
        attacked_rows(rows, law, like, line, out)
        return
    # what is left of each line is a line of neighbours again, if every line keeps as many or none
    kept = np.unique(regular.reshape(-1, line).sum(axis=1)) if len(rows) % line == 0 else np.ones(1, dtype=int)
    kept = kept[kept > 0]
    part = np.empty((np.count_nonzero(regular), out.shape[1]))
    attacked_rows(rows[regular], law, like, int(kept[0]) if kept.size == 1 else 1, part)
    out[regular] = part
    for i in np.flatnonzero(~regular):
        out[i] = solve_point(of_row(rows[i], spike), law)
