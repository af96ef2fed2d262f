"""Tables of solved problems: which kernels solve them, and rows of parameters for these."""

import math
from itertools import pairwise

import numpy as np

from ..engine import family, regimes, solutions
from ..engine.records import AnyParameters, Parameters, Point
from ..problem.attack import EUCLIDEAN, dual_of
from ..problem.features import Features, RandomFeatures
from ..problem.parameters import SWEPT
from ..problem.problem import Problem
from ..problem.risk import Risks
from ..problem.signal import GAUSSIAN
from ..support.balls import dual_exponent
from .matrices import solve_row

_TAU = SWEPT.index("tau")


def as_rows(columns: AnyParameters, count: int, *more: np.ndarray | float) -> np.ndarray:
    """Return a table with one row a problem of parameters, all but the spike, and more, that are numbers or columns."""
    fields = [*columns[: len(Parameters._fields)], *more]
    rows = np.empty((count, len(fields)))
    for j, column in enumerate(fields):
        rows[:, j] = column
    return rows


def _law_breaks(points: np.ndarray, features: Features) -> np.ndarray:
    """Return where in a table of points the law of the features may change, both ends included."""
    if features.closed:
        return np.array([0, len(points)])
    kinds = np.stack([points[:, 0], points[:, 4] > 0.0])
    changes = np.flatnonzero((np.diff(kinds, axis=1) != 0).any(axis=0)) + 1
    return np.concatenate([[0], changes, [len(points)]])


def table_width(problem: Problem) -> int:
    """Return the number of columns of :func:`solve_points`."""
    return len(Point._fields) + (0 if problem.plain else solutions.UNKNOWNS)


def solve_points(points: np.ndarray, problem: Problem, line: int = 1, out: np.ndarray | None = None) -> np.ndarray:
    """Return, in ``out`` if given, a table of :class:`Point` for points (``SWEPT``) of the problem.

    Points in lines of ``line`` neighbours on a grid are cheaper. Where the equations are those of docs/family, columns
    with the logarithms of their unknowns follow.
    """
    plain = problem.plain
    out = np.empty((len(points), table_width(problem))) if out is None else out
    if plain and len(points) == 1:
        p = problem.parameters_at(*points[0].tolist())
        out[0] = regimes.solve_point(p, problem.features.law(p))
        return out
    for start, stop in pairwise(_law_breaks(points, problem.features).tolist()):
        columns = problem.parameters_at(*points[start:stop].T)
        rows = as_rows(columns, stop - start)
        law = problem.features.law(regimes.of_row(rows[0], columns.spike))
        if plain:
            regimes.solve_rows(rows, law, columns.spike, out[start:stop], line=line)
        else:
            rows, extra = as_rows(columns, stop - start, points[start:stop, _TAU]), problem.data.nonlinear_power
            matrices = problem.features.matrices(regimes.of_row(rows[0, :-1], None))
            if matrices is None or law is None:
                solutions.solve_rows(rows, extra, law, *problem.kinds, line, out[start:stop])
            else:
                for row, place in zip(rows, out[start:stop], strict=True):
                    place[:] = solve_row(row, matrices, law, problem.kinds, extra)
    return out


_COLUMNS = {name: i for i, name in enumerate(Point._fields)}


def risks_of(table: np.ndarray, problem: Problem) -> Risks:
    """Return the risks of a table of points of a problem, NaN where there is no solution."""
    labels = problem.data.labels == "sign"
    v, r, scale = (
        table[:, _COLUMNS[name]]
        for name in ("standard_risk", "gradient_norm", "output_power" if labels else "mean_abs_error")
    )
    return Risks(v, r, scale, labels)


def solve_problem(problem: Problem) -> tuple[Point, tuple[float, ...]]:
    """Return the :class:`Point` of one problem and its unknowns, if it has those of docs/family."""
    if problem.plain:
        p = problem.parameters
        return regimes.solve_point(p, problem.features.law(p)), ()
    row = solve_points(np.array([point_of(problem)]), problem)[0].tolist()
    return Point(*row[: len(_COLUMNS)]), tuple(value for value in row[len(_COLUMNS) :] if value == value)


def point_of(problem: Problem) -> tuple[float, ...]:
    """Return the parameters ``SWEPT`` of a problem."""
    return problem.psi1, problem.psi2, problem.eps, problem.tau, problem.ridge, problem.penalty.gradient


def dual_norms(points: np.ndarray, table: np.ndarray, problem: Problem, norm: float) -> np.ndarray:
    """Return the norms of the gradients dual to another norm of attacks, from points and their table.

    Those of random features that were trained against Euclidean attacks are Gaussian, if those of the signal are.
    NaN where there is no solution, or no closed form (interpolators of a signal that is not Gaussian).

    Raises
    ------
    ValueError
        For features that are not random ones, whose gradient is known by one norm only.
    """
    r, own = table[:, _COLUMNS["gradient_norm"]].copy(), problem.attack.norm
    if norm == own:
        return r
    if not isinstance(problem.features, RandomFeatures):
        raise ValueError(f"norm must be that of training for features that are not random ones, got norm={norm!r}")
    if own == EUCLIDEAN and problem.data.signal == GAUSSIAN:
        q = dual_exponent(norm)
        moment = math.exp(math.lgamma(0.5 * (1.0 + q)) - math.lgamma(0.5)) * 2.0 ** (0.5 * q)  # E|z|^q
        return r * moment ** (1.0 / q)
    unknowns = table[:, len(Point._fields) :]
    if problem.plain:
        excess = table[:, _COLUMNS["standard_risk"]] - problem.parameters_at(*points.T).noise
        V = np.maximum(table[:, _COLUMNS["V"]], family.POPULATION)
        with np.errstate(divide="ignore", invalid="ignore"):
            unknowns = np.log(np.stack([np.sqrt(excess), r, np.where(np.isinf(V), math.nan, V)], axis=1))
    out = np.where(r == 0.0, 0.0, math.nan)
    live = np.flatnonzero(r > 0.0)
    for start, stop in pairwise(_law_breaks(points[live], problem.features).tolist() if live.size else ()):
        part = live[start:stop]
        columns = problem.parameters_at(*points[part].T)
        rows, found = as_rows(columns, part.size, points[part, _TAU]), np.full(part.size, math.nan)
        law = problem.features.law(regimes.of_row(rows[0, :-1], None))
        other = dual_of(norm, problem.data.signal)
        solutions.dual_norms(
            rows, np.ascontiguousarray(unknowns[part]), problem.data.nonlinear_power, law, *problem.kinds, other, found
        )
        out[part] = found
    return out


def null_radius(problem: Problem) -> tuple[float, float]:
    """Return the null threshold of a problem and the largest residual of its equations."""
    p = problem.parameters
    law = problem.features.law(p)
    if problem.plain:
        return regimes.null_threshold(p, law), 0.0
    (row,) = as_rows(p, 1, problem.tau)
    return solutions.null_radius(row, problem.data.nonlinear_power, law, *problem.kinds)
