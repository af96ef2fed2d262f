"""Global minimisation over a few parameters of a problem, with a certificate.

A search scans a logarithmic grid of the whole range, finer next to the edge of the null phase, refines every basin on
it, treats the limits (a parameter at 0, the null phase) as candidates of their own, and reports how much worse the
neighbours of the answer are.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ..support.errors import NumericalError

#: Points of the scan along each coordinate, by the number of coordinates.
SCAN = {1: 160, 2: 24, 3: 12, 4: 8}
#: Relative distances from the edge of the null phase that are scanned besides: the risk may dip just before it.
EDGE = np.concatenate([[1e-7, 1e-6, 1e-5, 1e-4], np.geomspace(1e-3, 0.05, 8)])
#: Basins refined per search, best first.
BASINS = 4
#: Logarithm of the spacing down to which basins are refined; basins closer than MERGED are one.
RESOLUTION = 1e-7
MERGED = 1e-4
#: Risks that differ by less, relatively, differ by rounding.
ROUNDING = 1e-13
#: Logarithm of the distance of the certificate's neighbours.
NEIGHBOUR = 1e-2

#: Relative difference of risks that is rounding: a plateau that reaches a limit (all small radii) belongs to the limit.
ROUNDING = 1e-14

#: Risk of a problem without solution: no search takes it, and unlike inf it survives a product with 0.
UNSOLVED = 1e300

Evaluate = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Basin:
    """A local minimum of a search: where it is, how low, and whether it sits at the end of the range."""

    at: dict[str, float]
    risk: float
    at_bound: bool


@dataclass(frozen=True)
class Optimum:
    """The best setting found by a search.

    Attributes
    ----------
    at : dict
        The searched parameters at the optimum.
    risk : float
        Adversarial risk there, at radius ``eps_test``.
    eps_test : float
        The test radius.
    null_risk : float
        Risk of predicting zero, E y^2; one half for labels.
    null : bool
        Whether nothing beats predicting zero; ``at`` is then one setting that does it.
    at_bound : bool
        Whether the optimum sits at the end of the range searched.
    basins : tuple of Basin
        All local minima found that beat predicting zero, best first; a parameter at 0 before others of equal risk.
    neighbours : dict
        Parameter -> (risk one percent below, risk one percent above); NaN beyond a bound and where there is no
        solution. A parameter at 0 has only an upper neighbour.
    certified : bool
        Whether every neighbour that has a solution is at least as high, to 1e-12 relative. For a null optimum: that
        no point of the scan beats predicting zero.
    evaluations : int
        Problems solved.
    """

    at: dict[str, float]
    risk: float
    eps_test: float
    null_risk: float
    null: bool
    at_bound: bool
    basins: tuple[Basin, ...]
    neighbours: dict[str, tuple[float, float]] = field(repr=False)
    certified: bool
    evaluations: int


def _refine(evaluate: Evaluate, start: np.ndarray, step: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, float, int]:
    """Descend into one basin by Nelder and Mead's simplex, clipped to the box: risks may have kinks at its faces."""
    start = np.clip(start, *box)  # a grid's last point may be past the end of the box by rounding
    simplex = np.vstack([start, start + np.diag(np.where(start + step <= box[1], step, -step))])
    result = minimize(
        lambda logs: evaluate(logs[None, :])[0], start, method="Nelder-Mead", bounds=list(box.T),
        options={"initial_simplex": simplex, "xatol": RESOLUTION, "fatol": 1e-13, "maxfev": 400},
    )  # fmt: skip
    return result.x, float(result.fun), int(result.nfev)


def _local_minima(values: np.ndarray) -> list[tuple[int, ...]]:
    """Return the grid points that no neighbour beats, best first; of a plateau only its first point."""
    padded = np.pad(values, 1, constant_values=np.inf)
    least = np.ones(values.shape, dtype=bool)
    for shift in itertools.product((-1, 0, 1), repeat=values.ndim):
        if not any(shift):
            continue
        window = tuple(slice(1 + s, 1 + s + n) for s, n in zip(shift, values.shape, strict=True))
        neighbour = padded[window]
        least &= values < neighbour if shift < (0,) * values.ndim else values <= neighbour
    where = [tuple(int(i) for i in index) for index in np.argwhere(least)]
    return sorted(where, key=lambda index: values[index])


@dataclass(frozen=True)
class Axis:
    """A searched parameter: its range, whether 0 is a candidate besides, and where the null phase has its edge."""

    name: str
    low: float
    high: float
    zero: bool
    edge: float | None = None

    def scan(self, points: int) -> np.ndarray:
        """Return the logarithms of the values scanned, ascending."""
        grid = np.linspace(math.log(self.low), math.log(self.high), points)
        if self.edge is None:
            return grid
        close = math.log(self.edge) + np.concatenate([np.log1p(-EDGE), np.log1p(EDGE)])
        inside = (close > grid[0]) & (close < grid[-1])
        return np.unique(np.concatenate([grid, close[inside]]))


def search(
    evaluate: Evaluate, axes: list[Axis], eps_test: float, null_risk: float, null_at: dict[str, float] | None
) -> Optimum:
    """Minimise over the box of ``axes`` and its faces at 0; ``evaluate`` takes parameter values, one row a point."""
    basins: list[Basin] = []
    used, solved = 0, False
    for face in itertools.product(*((False, True) if axis.zero else (False,) for axis in axes)):
        free = [i for i, at_zero in enumerate(face) if not at_zero]
        fixed = np.zeros(len(axes))
        if not free:
            risk = float(evaluate(fixed[None, :])[0])
            used += 1
            solved |= risk < UNSOLVED
            basins.append(Basin({axis.name: 0.0 for axis in axes}, risk, False))
            continue
        box = np.log([[axes[i].low for i in free], [axes[i].high for i in free]])

        def on_face(logs: np.ndarray, free: list[int] = free, fixed: np.ndarray = fixed) -> np.ndarray:
            points = np.tile(fixed, (len(logs), 1))
            points[:, free] = np.exp(logs)
            return evaluate(points)

        lines = [axes[i].scan(SCAN[len(free)]) for i in free]
        grid = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
        values = on_face(grid.reshape(-1, len(free))).reshape(grid.shape[:-1])
        used += values.size
        solved |= bool((values < UNSOLVED).any())
        found: list[np.ndarray] = []
        # A basin below the null risk may be so shallow that the scan sees it above: only the null phase is left out.
        minima = [index for index in _local_minima(values) if values[index] < UNSOLVED]
        for index in [index for index in minima if abs(values[index] / null_risk - 1.0) > ROUNDING][:BASINS]:
            step = np.array([np.diff(line)[max(k - 1, 0) : k + 1].min() for line, k in zip(lines, index, strict=True)])
            best, risk, more = _refine(on_face, grid[index], step, box)
            used += more
            place = fixed.copy()
            place[free] = np.exp(best)
            bound = bool(np.any(np.abs(best - box) < MERGED))
            if any(np.abs(best - other).max() < MERGED for other in found):
                continue
            found.append(best)
            basins.append(Basin({a.name: float(x) for a, x in zip(axes, place, strict=True)}, risk, bound))
    if not solved:
        ranges = ", ".join(f"{axis.name} in [{axis.low:g}, {axis.high:g}]" for axis in axes)
        raise NumericalError(f"the search found no problem with a solution: none of {used} with {ranges}")
    tie = min((basin.risk for basin in basins), default=0.0) * (1.0 + ROUNDING)
    basins.sort(key=lambda basin: (max(basin.risk, tie), -list(basin.at.values()).count(0.0), basin.risk))
    basins = [basin for basin in basins if basin.risk < null_risk * (1.0 - ROUNDING)]
    if not basins:
        at = null_at if null_at is not None else {}
        return Optimum(at, null_risk, eps_test, null_risk, True, False, (), {}, True, used)
    least = basins[0]
    neighbours, lowest = _neighbours(evaluate, axes, np.array([least.at[axis.name] for axis in axes]))
    return Optimum(
        least.at, least.risk, eps_test, null_risk, False, least.at_bound, tuple(basins), neighbours,
        lowest >= least.risk * (1.0 - 1e-12), used,
    )  # fmt: skip


def _neighbours(evaluate: Evaluate, axes: list[Axis], at: np.ndarray) -> tuple[dict[str, tuple[float, float]], float]:
    """Return the risks on both sides along each axis, and the lowest risk over all neighbours, corners included."""
    shifts = np.array([shift for shift in itertools.product((-1, 0, 1), repeat=len(axes)) if any(shift)])
    points = at * np.exp(NEIGHBOUR * shifts)
    for i, axis in enumerate(axes):
        if at[i] == 0.0:
            points[shifts[:, i] < 0, i] = math.nan
            points[shifts[:, i] > 0, i] = axis.low
        else:
            outside = (points[:, i] < axis.low * (1 - 1e-9)) | (points[:, i] > axis.high * (1 + 1e-9))
            points[outside, i] = math.nan
    inside = ~np.isnan(points).any(axis=1)
    risks = np.full(len(points), math.nan)
    risks[inside] = evaluate(points[inside])
    pairs = {}
    for i, axis in enumerate(axes):
        along = ~np.delete(shifts, i, axis=1).any(axis=1)
        low, high = (risk_or_nan(risks[along & (shifts[:, i] == sign)][0]) for sign in (-1, 1))
        pairs[axis.name] = (low, high)
    return pairs, float(np.nanmin(risks))


def risk_or_nan(risk: Any) -> float:
    """Return a risk as a float, NaN where there was no solution."""
    return float(risk) if risk < UNSOLVED else math.nan
