"""How fast teachers of optimal size learn, and how large cubes their memorizing students afford.

Statements and their sources: docs/memorize, "Rates".
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree
from tqdm import tqdm

from ..support import validation
from ..support.jit import njit
from ..support.provenance import versions
from .memorizer import student
from .splines import evaluate, fit, interpolant

#: Terms of a target of smoothness below 2; meshes are far coarser than this.
_TERMS = 256
#: Samples lie ``_GAP n^(-1/d)`` apart, so that cubes of more than the critical size are disjoint.
_GAP = 0.6
#: Samples whose cubes are integrated over, points in each, and points for the risk of the teacher.
_SAMPLES, _POINTS, _TEST = 512, 2, 2**14


def target(x: Any, r: float) -> np.ndarray:
    """Return the target ``f_r(x) = sum_k k^(-r-1/2) (prod_j (1 + cos(2 pi k x_j + k^2)/2) - 1)``, of smoothness ``r``.

    The sum has 256 terms; its energy beyond frequency m falls like ``m^(-2r)``, which is what squared errors of
    approximation follow. At r = 2, beyond which a piecewise linear teacher gains nothing, only k = 1 is kept.

    Parameters
    ----------
    x : (n, d) array
    r : float
        In (0, 2].
    """
    x = validation.real_array("x", x, ndim=2)
    r = validation.real_scalar("r", r, 0, 2, open_lower=True)
    return _series(x, r, 1 if r == 2 else _TERMS)


@njit
def _series(x: np.ndarray, r: float, terms: int) -> np.ndarray:
    n, d = x.shape
    out = np.zeros(n)
    turn, power = np.empty(d, dtype=np.complex128), np.empty(d, dtype=np.complex128)
    shift = np.exp(1j * np.arange(terms + 1) ** 2)
    for i in range(n):
        turn[:] = np.exp(2j * np.pi * x[i])
        power[:] = 1.0
        for k in range(1, terms + 1):
            wave = 1.0
            for j in range(d):
                power[j] *= turn[j]
                wave *= 1.0 + 0.5 * (power[j] * shift[k]).real
            out[i] += k ** (-r - 0.5) * (wave - 1.0)
    return out


def separated_samples(n: int, d: int, rng: np.random.Generator, gap: float = _GAP) -> np.ndarray:
    """Return n uniform points of the unit cube, drawn again while closer than ``gap n^(-1/d)`` to an earlier one."""
    radius = gap * n ** (-1 / d)
    side = int(np.ceil(1 / radius))
    kept, owner = np.empty((n, d)), np.full(side**d, -1)
    count = 0
    while count < n:
        count = _deposit(rng.uniform(size=(n, d)), kept, count, owner, side, radius)
    return kept


@njit
def _deposit(points: np.ndarray, kept: np.ndarray, count: int, owner: np.ndarray, side: int, radius: float) -> int:
    """Add points to the first ``count`` of ``kept`` where they keep their distance; return the new count.

    A cell, no wider than the distance, owns one sample at most, so a point can only clash within two cells.
    """
    n, d = kept.shape
    cell = np.empty(d, dtype=np.int64)
    for p in points:
        if count == n:
            break
        home = 0
        for j in range(d):
            cell[j] = min(int(p[j] * side), side - 1)
            home = home * side + cell[j]
        free = True
        for code in range(5**d):
            rest, neighbour, inside = code, 0, True
            for j in range(d):
                position = cell[j] + rest % 5 - 2
                rest //= 5
                inside &= 0 <= position < side
                neighbour = neighbour * side + position
            if inside and owner[neighbour] >= 0:
                distance = 0.0
                for j in range(d):
                    distance = max(distance, abs(p[j] - kept[owner[neighbour], j]))
                if distance < radius:
                    free = False
                    break
        if free:
            kept[count] = p
            owner[home] = count
            count += 1
    return count


@lru_cache(maxsize=256)
def approximation_error(cells: int, d: int, r: float) -> float:
    """Return the mean squared error, noise-free, of the best teacher with this many cells a side."""
    rng = np.random.default_rng([cells, d])
    count = 16 * cells**d + 1024
    x, x_test = rng.uniform(size=(count, d)), rng.uniform(size=(_TEST, d))
    values = fit(x, target(x, r), cells)
    return float(np.mean((evaluate(values, x_test) - target(x_test, r)) ** 2))


def optimal_cells(n: int, d: int, r: float, noise: float) -> tuple[int, float]:
    """Return the mesh of least ``approximation error + noise^2 cells^d/n``, and that sum.

    Meshes are tried some 10 percent apart, which leaves the sum within a few percent of its minimum.
    """
    best, cells = (0, np.inf), 2
    while noise**2 * cells**d / n < best[1] and 4 * cells**d <= n:
        error = approximation_error(cells, d, r) + noise**2 * cells**d / n
        best = min(best, (cells, error), key=lambda pair: pair[1])
        cells = max(cells + 1, round(1.1 * cells))
    return best


def critical_exponent(d: int, r: float) -> float:
    """Return ``-(4r + d)/(d (2r + d))``, the power of n at which the size of the cubes may fall."""
    return -(4 * r + d) / (d * (2 * r + d))


def rate_exponent(d: int, r: float) -> float:
    """Return ``-2r/(2r + d)``, the power of n at which the best standard risk falls."""
    return -2 * r / (2 * r + d)


@validation.typed
def learning_rates(
    d: int,
    r: float,
    n: Any,
    *,
    scale: Any = (0.075, 0.15, 0.3, 0.6),
    noise: float = 0.5,
    softness: float = 0.25,
    replicates: int = 8,
    seed: int = 0,
    progress: bool = True,
) -> xr.Dataset:
    """Learn a target by teachers of optimal size, memorize the samples, and measure what that costs.

    Samples are ``y_i = f_r(x_i) + noise`` with uniform noise, ``x_i`` uniform in the unit cube but not closer than
    ``0.6 n^(-1/d)``. The teacher is the least squares piecewise linear network on the best mesh; the student takes
    the value ``y_i`` on the whole l_inf cube of radius ``delta`` around ``x_i``. What sets them apart is integrated by
    random points of the enlarged cubes, where alone they differ.

    Parameters
    ----------
    d : int
        Input dimension, 1 to 3.
    r : float
        Smoothness of the target (:func:`target`), in (0, 2].
    n : int or 1-d array_like of int
        Sample sizes, >= 32.
    scale : float or 1-d array_like of float
        Sizes of the cubes, > 0: ``delta = scale n^(-(4r+d)/(d(2r+d)))``.
    noise : float
        Standard deviation of the noise, > 0.
    softness : float
        theta/delta, > 0.
    replicates, seed : int
        Independent draws of samples for each n (>= 2), and the seed of all.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    xarray.Dataset
        Over ``n``, ``scale`` and ``replicate``, as far as they matter to it:
        ``teacher_risk`` = E(teacher - f_r)^2 and ``expected_risk``, the same from the error of approximation plus
        ``noise^2 cells^d/n``; ``excess`` = E(student - f_r)^2 - E(teacher - f_r)^2; ``distance`` =
        E(student - teacher)^2 and its bound ``distance_bound`` = M^2 n (2 (delta + theta))^d with M the largest
        possible difference; ``reach``, the probability that the l_inf ball of radius delta around a uniform point
        meets a block, and ``reach_bound`` = n (2 (2 delta + theta))^d; ``fixed_excess``, the excess at the
        radius ``fixed_delta`` for every n; ``critical_delta``, where the excess equals the teacher's risk (NaN
        if cubes of that size overlap, or a bad teacher leaves no positive excess); ``delta``; ``cells``, a side of
        the mesh.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or a scale makes enlarged cubes overlap.
    """
    d = validation.integer("d", d, 1, 3)
    r = validation.real_scalar("r", r, 0, 2, open_lower=True)
    sizes = [validation.integer("n", size, 32) for size in np.atleast_1d(validation.as_array("n", n))]
    scales = np.atleast_1d(validation.real_array("scale", scale, 0, open_lower=True, ndim=(0, 1)))
    for name, values in (("n", sizes), ("scale", list(scales))):
        if not values or len(set(values)) < len(values):
            raise ValueError(f"{name} must hold one or more different values, got {values}")
    noise = validation.real_scalar("noise", noise, 0, 1e100, open_lower=True)
    softness = validation.real_scalar("softness", softness, 0, open_lower=True)
    setting = _Setting(d, r, noise, softness)
    replicates = validation.integer("replicates", replicates, 2)
    seed = validation.integer("seed", seed, 0)
    for size in sizes:
        largest = _largest_delta(size, d, softness) / size ** critical_exponent(d, r)
        if scales.max() > largest:
            raise ValueError(f"scale must be at most {largest:.3g} for n={size}, d={d}, got {scales.max():g}")

    fixed_delta = float(scales.min() * max(sizes) ** critical_exponent(d, r))
    rows = []
    with tqdm(total=len(sizes) * replicates, leave=False, disable=not progress, desc=f"d={d}, r={r:g}") as bar:
        for size in sizes:
            cells, expected = optimal_cells(size, d, r, noise)
            deltas = xr.DataArray(scales * size ** critical_exponent(d, r), dims="scale", coords={"scale": scales})
            trials = []
            for replicate in range(replicates):
                rng = np.random.default_rng([seed, size, replicate])
                trials.append(_trial(setting, size, cells, deltas, fixed_delta, rng))
                bar.update()
            row = xr.concat(trials, "replicate").assign(delta=deltas, cells=cells, expected_risk=expected)
            row["reach_bound"] = size * (2 * (2 + softness) * deltas) ** d
            rows.append(row)
    data = xr.concat(rows, xr.DataArray(sizes, dims="n", name="n", attrs={"long_name": "samples"}))
    for name, text in _LONG_NAMES.items():
        data[name].attrs["long_name"] = text
    data.attrs = {**setting._asdict(), "seed": seed, "fixed_delta": fixed_delta, **versions()}
    return data


_LONG_NAMES = {
    "teacher_risk": "standard risk of the teacher",
    "expected_risk": "error of approximation + noise^2 nodes/n",
    "excess": "standard risk of the student beyond the teacher's",
    "distance": "E(student - teacher)^2",
    "distance_bound": "bound on E(student - teacher)^2",
    "fixed_excess": "excess at the radius fixed_delta",
    "critical_delta": "radius at which the excess is the teacher's risk",
    "reach": "probability that the ball of radius delta around a test point meets a block",
    "reach_bound": "bound on the probability of meeting a block",
    "delta": "radius of the cubes",
    "cells": "cells a side of the teacher's mesh",
}


@validation.typed
def slopes(data: xr.Dataset) -> xr.Dataset:
    """Return the log-log slopes of :func:`learning_rates` beside the exponents that the theory states.

    Returns
    -------
    xarray.Dataset
        ``slope``, ``slope_se`` (from the scatter over replicates) and ``expected``, over ``quantity``:
        ``"excess in delta"`` (mean over n), expected d; ``"excess in n"`` at a fixed radius, expected 1;
        ``"teacher in n"`` and ``"student in n"`` (largest scale), expected -2r/(2r+d); ``"critical delta in n"``,
        expected -(4r+d)/(d(2r+d)). NaN where a draw of any size has no positive value.

    Raises
    ------
    ValueError
        If there are fewer than two sizes or scales.
    """
    if not {"n", "scale"} <= set(data.sizes):
        raise ValueError(f"data must be a dataset of learning_rates, got dimensions {tuple(data.sizes)}")
    if min(data.sizes["n"], data.sizes["scale"]) < 2:
        raise ValueError(f"data must hold two sizes n and two scales or more, got {dict(data.sizes)}")
    d, r = data.attrs["d"], data.attrs["r"]
    student = data.teacher_risk + data.excess.isel(scale=-1)
    rate = rate_exponent(d, r)
    found = {
        "excess in delta": (_slope(data.excess, data.delta, "scale").mean("n"), d),
        "excess in n": (_slope(data.fixed_excess, data.n, "n"), 1.0),
        "teacher in n": (_slope(data.teacher_risk, data.n, "n"), rate),
        "student in n": (_slope(student, data.n, "n"), rate),
        "critical delta in n": (_slope(data.critical_delta, data.n, "n"), critical_exponent(d, r)),
    }
    slope = xr.concat([values for values, _ in found.values()], "quantity")
    return xr.Dataset(
        {
            "slope": slope.mean("replicate", skipna=False),
            "slope_se": slope.std("replicate", ddof=1, skipna=False) / np.sqrt(data.sizes["replicate"]),
            "expected": ("quantity", [expected for _, expected in found.values()]),
        },
        {"quantity": list(found)},
        attrs={"d": d, "r": r, **versions()},
    )


def _slope(y: xr.DataArray, x: xr.DataArray, dim: str) -> xr.DataArray:
    """Return the least squares slope of log y against log x along ``dim``."""
    logs: Any = np.log(x)
    centered = logs - logs.mean(dim)
    return (centered * np.log(y.where(y > 0))).sum(dim, skipna=False) / (centered**2).sum(dim)


def _largest_delta(n: int, d: int, softness: float) -> float:
    """Return the radius up to which the enlarged cubes of separated samples are disjoint."""
    return _GAP * n ** (-1 / d) / (2 * (1 + softness))


class _Setting(NamedTuple):
    d: int
    r: float
    noise: float
    softness: float


def _trial(
    setting: _Setting, n: int, cells: int, deltas: xr.DataArray, fixed_delta: float, rng: np.random.Generator
) -> xr.Dataset:
    """Draw samples, fit a teacher, and measure its students; the same random points serve all radii."""
    d, r, noise, softness = setting
    X = separated_samples(n, d, rng)
    y = target(X, r) + noise * np.sqrt(3) * rng.uniform(-1, 1, n)
    values = fit(X, y, cells)
    teacher = interpolant(values)
    largest_value = max(np.abs(values).max(), np.abs(y).max())
    x_test = rng.uniform(size=(_TEST, d))
    risk = float(np.mean((evaluate(values, x_test) - target(x_test, r)) ** 2))
    chosen = rng.choice(n, min(n, _SAMPLES), replace=False)
    steps = rng.uniform(-1, 1, (_POINTS, len(chosen), d))
    tree = cKDTree(X)

    def around(radius: float) -> tuple[np.ndarray, Any]:
        """Random points of the cubes, and their weights in an integral over all n cubes inside the unit cube."""
        x = (X[chosen] + radius * steps).reshape(-1, d)
        return x, n * (2 * radius) ** d * ((x >= 0) & (x <= 1)).all(axis=1)

    def cost(delta: float) -> tuple[float, float]:
        theta = softness * delta
        # Enlarged cubes are disjoint: on those chosen, the student of all samples equals the student of the chosen.
        memorizing = student(teacher, X[chosen], y[chosen], delta, theta, form="hinge")
        x, weight = around(delta + theta)
        f, t, s = target(x, r), teacher(x)[:, 0], memorizing(x)[:, 0]
        return float(np.mean(weight * ((s - f) ** 2 - (t - f) ** 2))), float(np.mean(weight * (s - t) ** 2))

    def reach(delta: float) -> float:
        radius = (2 + softness) * delta
        x, weight = around(radius)
        cover = tree.query_ball_point(x, radius, p=np.inf, return_length=True)
        return float(np.mean(weight / np.maximum(cover, 1)))  # 0 only where rounding puts x outside its own cube

    costs = [cost(float(delta)) for delta in deltas]

    def critical_delta() -> float:
        delta, excess = float(deltas[-1]), costs[-1][0]
        for step in range(4):
            if step:
                excess = cost(delta)[0]
            if excess <= 0:
                return np.nan
            delta *= (risk / excess) ** (1 / d)
            if delta > _largest_delta(n, d, softness):
                return np.nan
        return delta

    return xr.Dataset(
        {
            "teacher_risk": risk,
            "excess": ("scale", [excess for excess, _ in costs]),
            "distance": ("scale", [distance for _, distance in costs]),
            "distance_bound": 4 * largest_value**2 * n * (2 * (1 + softness) * deltas) ** d,
            "reach": ("scale", [reach(float(delta)) for delta in deltas]),
            "fixed_excess": cost(fixed_delta)[0],
            "critical_delta": critical_delta(),
        },
        coords={"scale": deltas.scale},
    )
