"""From problems of every loss and norm to all their observables (docs/family); the square loss has regimes.py."""

import math

import numpy as np

from ..support.jit import either, inner, njit
from .channels import blurred, label_channel, label_statistics, mean_abs, piece_jet, piece_of, residual_channel
from .family import POPULATION, TOLERANCE, equations, other_norm, sampled, solve, threshold
from .records import Parameters, Point
from .regimes import (
    DIVERGENT,
    INTERPOLATING,
    NOT_CONVERGED,
    NULL,
    REGULAR,
    SOLVED,
    parameters_of,
    scales,
    unattacked,
    varied,
)

#: Column of tau, after those of :class:`Parameters`, and the number of unknowns kept after those of :class:`Point`.
TAU, UNKNOWNS = len(Parameters._fields), 6
OBSERVED = len(Point._fields)
#: Radius, over eps_c, that stands for eps -> 0+ where networks interpolate: no residual is left, and no digit changes.
VANISHING_RADIUS = 1e-10


@inner
def _failed(status, size, iterations):
    nan = math.nan
    return Point(
        status, REGULAR, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, size, float(iterations)
    )  # fmt: skip


@inner
def _label_nothing(p, noise, margin, loss, jet):
    nan, z = math.nan, 0.0 if margin else 1.0
    value = piece_jet(piece_of(z, loss), z, loss, jet).value
    return Point(
        SOLVED, NULL, 0.0, 0.0, math.inf, 0.5, 0.0, 0.0, 0.0, nan, value, nan, nan, 0.5, 0.5, 0.0, 0.0, 0.0
    )  # fmt: skip


@inner
def _residual_nothing(p, noise, margin, loss, jet):
    nan = math.nan
    here = residual_channel(math.sqrt(p.signal), 1e-100, 0.0, noise, loss, jet)
    size = mean_abs(blurred(noise, 1.0, p.signal))
    return Point(
        SOLVED, NULL, 0.0, 0.0, math.inf, p.signal + p.noise, 0.0, 0.0, 0.0, size, here.loss, size, 0.0, nan, nan, nan,
        0.0, 0.0,
    )  # fmt: skip


#: Returns the zero network: of responses its risk is E y^2, of labels it is a coin flip.
_nothing = either("noise", _label_nothing, _residual_nothing)


@inner
def _interpolates(p, law, margin):
    """Return whether this is the limit eps -> 0+ of networks that fit every response: no penalty and N >= n."""
    free = p.eps == 0.0 and p.ridge == 0.0 and p.penalty == 0.0 and not margin
    return free and p.R * (1.0 - scales(p, law).null) >= 1.0


@inner
def _label_interpolator(p, law, noise):
    return unattacked(p, law)


@inner
def _residual_interpolator(p, law, noise):
    if p.noise == math.inf:
        return _failed(DIVERGENT, math.nan, 0)
    at = unattacked(p, law)
    if at.status != SOLVED:
        return at
    size = mean_abs(blurred(noise, 1.0, max(at.standard_risk - p.noise, 0.0)))
    return Point(
        SOLVED, at.phase, at.q, at.V, at.k, at.standard_risk, at.gradient_norm, at.overlap, at.output_power, size,
        0.0, 0.0, 1.0, math.nan, math.nan, math.nan, at.residual, at.iterations,
    )  # fmt: skip


#: Returns the interpolator of least |J theta|, to which every loss of residuals tends under Euclidean attacks; for
#: labels only whether there is one.
_interpolator = either("noise", _label_interpolator, _residual_interpolator)


@inner
def _limit(at, labels):
    """Return the interpolator from a solution at :data:`VANISHING_RADIUS`."""
    error = 0.0 if labels else math.nan
    return Point(
        SOLVED, INTERPOLATING, 0.0, math.inf, at.k, at.standard_risk, at.gradient_norm, at.overlap, at.output_power,
        at.mean_abs_error, 0.0, 0.0, 1.0, error, error, 1.0 if labels else math.nan, at.residual, at.iterations,
    )  # fmt: skip


@inner
def _label_solution(x, m, Q, p, noise, margin, loss, jet, size, iterations):
    nan, V = math.nan, math.exp(x[3]) if p.R > POPULATION else 0.0
    kappa, r = math.exp(x[0]), math.exp(x[2])
    at = label_channel(kappa, Q, math.exp(x[3]), p.eps * r, margin, loss, jet)
    of = label_statistics(kappa, Q, math.exp(x[3]), p.eps * r, margin, loss, jet)
    k = (p.eps * at.g / r + p.penalty) / at.a
    return Point(
        SOLVED, REGULAR, p.eps * r / math.sqrt(Q), V, k, 0.5 - math.atan(kappa) / math.pi, r, m, Q, nan, at.loss, nan,
        at.zeros, of.error, of.robust_error, of.mean_margin, size, float(iterations),
    )  # fmt: skip


@inner
def _residual_solution(x, m, Q, p, noise, margin, loss, jet, size, iterations):
    nan, V = math.nan, math.exp(x[2]) if p.R > POPULATION else 0.0
    s, r = math.exp(x[0]), math.exp(x[1])
    at = residual_channel(s, math.exp(x[2]), p.eps * r, noise, loss, jet)
    v = s * s + p.noise
    phase = INTERPOLATING if at.zeros == 1.0 else REGULAR
    k = (p.eps * at.g / r + p.penalty) / at.a
    return Point(
        SOLVED, phase, p.eps * r / math.sqrt(v), V, k, v, r, m, Q, mean_abs(blurred(noise, 1.0, s * s)), at.loss,
        at.size, at.zeros, nan, nan, nan, size, float(iterations),
    )  # fmt: skip


#: Returns the observables at a solution with overlap m and E f^2 = Q.
_observed = either("noise", _label_solution, _residual_solution)


@njit
def observed(x, m, Q, p, noise, margin, loss, jet, size, iterations):
    """Return the :class:`Point` of a solution found elsewhere."""
    return _observed(x, m, Q, p, noise, margin, loss, jet, size, iterations)


@njit
def slopes(x, p, law, noise, margin, loss, jet):
    """Return the derivatives of the equations of l2 attacks in the logarithms of the unknowns, equations by rows."""
    n = x.size
    J = np.empty((n, n))
    equations(x, p, law, None, noise, margin, loss, jet, np.empty(n), J)
    return J


@inner
def _solved(x, p, law, norm, noise, margin, loss, jet, size, iterations):
    """Return the observables at a solution."""
    n, p = x.size, sampled(p)
    m, _, Q = equations(x, p, law, norm, noise, margin, loss, jet, np.empty(n), np.empty((n, n)))
    return _observed(x, m, Q, p, noise, margin, loss, jet, size, iterations)


@inner
def _labels(row, extra, noise):
    return None


@inner
def _mixture(row, extra, noise):
    return blurred(noise, row[TAU], extra)


#: Returns the noise in a row of parameters, None for labels.
_noise = either("noise", _labels, _mixture)


@njit
def noise_of(row, extra, noise):
    """Return the noise in a row of parameters, None for labels."""
    return _noise(row, extra, noise)


@njit
def null_radius(row, extra, law, norm, noise, margin, loss, jet):
    """Return (eps_c, largest |F|) of a row of parameters; see :func:`solve_rows`."""
    scaled = _noise(row, extra, noise)
    return threshold(parameters_of(row), law, norm, scaled, margin, loss, jet)


@njit
def dual_norms(rows, unknowns, extra, law, norm, noise, margin, loss, jet, other, out):
    """Fill ``out`` with the dual norms of the gradients under ``other``, at the solutions of rows of parameters.

    ``unknowns`` holds the logarithms that :func:`solve_rows` returns.
    """
    n = (4 if noise is None else 3) + (0 if norm is None else 2)
    for i in range(rows.shape[0]):
        p, x = parameters_of(rows[i]), unknowns[i, :n].copy()
        if x[0] == x[0]:
            scaled = _noise(rows[i], extra, noise)
            if _interpolates(p, law, margin):
                radius, _ = threshold(p, law, norm, scaled, margin, loss, jet)
                p = varied(p, VANISHING_RADIUS * radius, 0.0)
            out[i] = other_norm(x, p, law, norm, scaled, margin, loss, jet, other)


@njit
def solve_rows(rows, extra, law, norm, noise, margin, loss, jet, line, out):
    """Fill row i of ``out`` with the :class:`Point` of row i of ``rows`` and the logarithms of its unknowns.

    Columns of ``rows`` are those of :class:`Parameters` and tau. The noise is tau times the ``Mixture`` that
    ``noise`` is, None for labels, plus a Gaussian of variance ``extra``. Rows come in lines of ``line`` neighbours on a
    grid, along which starts are extrapolated.
    """
    n = (4 if noise is None else 3) + (0 if norm is None else 2)
    x, before, last = np.empty(n), np.empty(n), np.empty(n)
    known, radius, accuracy = 0, 0.0, 0.0
    for i in range(rows.shape[0]):
        row = rows[i]
        p = parameters_of(row)
        scaled = _noise(row, extra, noise)
        if i % line == 0:
            known = 0
        out[i, OBSERVED:] = math.nan
        if i == 0 or row[0] != rows[i - 1, 0] or row[1] != rows[i - 1, 1] or row[TAU] != rows[i - 1, TAU]:
            radius, accuracy = threshold(p, law, norm, scaled, margin, loss, jet)
        limit = _interpolates(p, law, margin)
        point = _interpolator(p, law, scaled) if limit else _failed(NOT_CONVERGED, accuracy, 0)
        if limit and (point.status != SOLVED or (norm is None and noise is not None)):
            known = 0
        elif not accuracy <= TOLERANCE:
            point = _failed(NOT_CONVERGED, accuracy, 0)
        elif p.eps >= radius:
            point = _nothing(p, scaled, margin, loss, jet)
        else:
            if limit:
                p, known = varied(p, VANISHING_RADIUS * radius, 0.0), 0
            if known > 1:
                for j in range(n):
                    x[j] = 2.0 * last[j] - before[j]
            elif known == 1:
                x[:] = last
            status, size, iterations = solve(x, known > 0, p.eps / radius, p, law, norm, scaled, margin, loss, jet)
            if status == SOLVED:
                point = _solved(x, p, law, norm, scaled, margin, loss, jet, size, iterations)
                if limit:
                    point = _limit(point, noise is None)
                else:
                    before[:] = last
                    last[:] = x
                    known += 1
                for j in range(n):
                    out[i, len(point) + j] = x[j]
            else:
                point = _failed(status, size, iterations)
                known = 0
        for j in range(len(point)):
            out[i, j] = point[j]
