"""Memorization or robust learning: a phase diagram by simulation and the boundary derived for it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from ..support import validation
from ..support.errors import NumericalError
from .network import GramDescent, attacked, margins
from .phases import first_crossing
from .problem import PatchAttack, PatchProblem, draw
from .reduced import check_growth, solve_clocks, strengths, typical_start
from .trajectory import in_threads, memory, provenance, replicate_seeds

#: Parameters of the problem that a diagram may run over, besides the ratio delta/alpha.
AXES = ("sigma", "samples", "lam", "alpha", "dim", "init_sd", "filters")
METHODS = ("formula", "ode")


def waiting_time(size: float, end: float, q: int) -> float:
    r"""Return :math:`\int_{size}^{end} dp/(q p^{q-1})`, the clock one positive projection needs to get there."""
    if q == 2:
        return 0.5 * float(np.log(end / size))
    return (size ** (2 - q) - end ** (2 - q)) / (q * (q - 2))


@validation.typed
def memory_time(problem: PatchProblem) -> float:
    r"""Return the time a typical sample needs to memorize at pull lambda/2 (docs, cgro, eq. memory-time).

    :math:`t_V = \frac{2N}{\lambda\sigma^2(d-1)} \int_{v_0}^{1} dv/(q v^{q-1})` from the largest typical projection v_0.
    """
    start = typical_start(problem)
    largest = float(start.noise.max())
    if problem.lam == 0.0:
        return float("inf")
    clock = waiting_time(min(largest, 1.0), 1.0, problem.q) / float(start.weight.max())
    return 2.0 * problem.samples / problem.lam * clock


@validation.typed
def stall_level(problem: PatchProblem, time: float) -> float:
    r"""Return c = alpha^q U in the stall at a time: the largest root of :math:`e^c = 1 + q^2\alpha^2 c^{2-2/q} t`.

    From :math:`\dot c = q^2 \alpha^2 c^{2-2/q} e^{-c}`, one filter carrying the signal (docs, cgro, eq. stall).

    Raises
    ------
    ValueError
        If ``time`` is not positive, or so short that there is no stall yet (no positive root).
    """
    time = validation.real_scalar("time", time, 0.0, open_lower=True)
    scale = problem.q**2 * problem.alpha**2 * time
    # The map is increasing, so iterates from above fall to the largest fixed point.
    c, last = 700.0, np.inf
    while last - c > 1e-13 * c:
        last, c = c, float(np.log1p(scale * c ** (2.0 - 2.0 / problem.q)))
    if c < 1e-6:
        raise ValueError(f"time must be long enough for the signal to be learned, got time={time!r}")
    return c


def _formula_gap(problem: PatchProblem, ratio: float) -> float:
    """Log of (time the adversarial signal needs / time memory needs): positive for memorization."""
    q = problem.q
    time = memory_time(problem)
    level = stall_level(problem, time)
    left = (1.0 - ratio) * problem.alpha
    held = level ** (1.0 / q) / problem.alpha
    if held * left >= 1.0:
        return -np.inf
    signal_time = 2.0 / (problem.lam * left**q) * waiting_time(held, 1.0 / left, q)
    return float(np.log(signal_time / time))


@validation.typed
def memory_share(problem: PatchProblem, margin: float = 1.0) -> float:
    r"""Return V / ((alpha - delta)^q U + V) when the typical adversarial margin reaches ``margin``.

    From the reduced system with the typical start (two equations). Near 1 the network memorizes, near 0 it
    learns robustly.

    Raises
    ------
    NumericalError
        If the margin is not reached within 1e6 memory times, or the first weights are too small for the reduced system.
    """
    margin = validation.real_scalar("margin", margin, 0.0, open_lower=True)
    if problem.lam == 0.0:
        raise ValueError("lam must be > 0 (the adversarial margin is not trained), got lam=0.0")
    start = typical_start(problem)
    smallest = min(start.signal.max(), start.noise.max())
    check_growth(problem, 1.0 / float(smallest) if smallest > 0.0 else 1.0)  # of what grows to order 1
    first = 1e-3 * memory_time(problem)
    for stretch in (1e1, 1e2, 1e3, 1e4, 1e6, 1e9):
        times = np.concatenate([[0.0], np.geomspace(first, stretch * first, 400)])
        clocks = solve_clocks(problem, start, times)
        signal, memories = strengths(start, clocks, problem.q)
        robust = problem.robust_gain * signal + memories[0]
        if robust[-1] >= margin:
            if robust[0] >= margin:
                return float(memories[0, 0] / robust[0])
            return first_crossing(memories[0], robust, margin) / margin
    raise NumericalError(f"the adversarial margin {margin:g} is out of reach of {problem}")


@validation.typed
def boundary(problem: PatchProblem | None = None, method: str = "ode") -> float:
    r"""Return the ratio delta/alpha above which adversarial training memorizes (CGRO), below which it is robust.

    Parameters
    ----------
    problem : PatchProblem, optional
        Its ``ratio`` is ignored; lam > 0.
    method : {"ode", "formula"}
        ``ode``: where the reduced system with the typical start ends with equal shares of memory and signal in
        the adversarial margin. ``formula``: where the two waiting times agree, one projection each; for q > 2
        and far end points this is
        :math:`(1 - \delta/\alpha)^q = \frac{\sigma^2 (d-1)}{N \alpha^2} v_0^{q-2} c^{-(q-2)/q}`.

    Returns
    -------
    float
        In (0, 1).

    Raises
    ------
    ValueError
        If ``lam`` is 0, or there is no boundary in (0, 1).
    NumericalError
        From :func:`memory_share`.

    Notes
    -----
    Derived here (docs, cgro, section 4); [LL] assumes delta close to alpha.
    """
    problem = problem or PatchProblem()
    method = validation.choice("method", method, METHODS)
    if problem.lam == 0.0:
        raise ValueError("lam must be > 0 (nothing is memorized without the adversarial loss), got lam=0.0")
    gap: Callable[[float], float]
    if method == "formula":

        def gap(ratio: float) -> float:
            return max(-50.0, _formula_gap(problem, ratio))

    else:

        def gap(ratio: float) -> float:
            return memory_share(problem.with_(ratio=ratio)) - 0.5

    low, high = 0.0, 1.0 - 1e-6
    if not (gap(low) < 0.0 < gap(high)):
        raise ValueError(f"no boundary in delta/alpha between 0 and 1 for {problem}")
    return float(brentq(gap, low, high, xtol=1e-6))


def outcome(
    problem: PatchProblem, seed: int, margin: float, max_steps: int, test_samples: int, fraction: float = 0.9
) -> dict[str, float]:
    """Train until nine tenths of the adversarial training margins reach ``margin``, and test."""
    drawn = draw(problem, seed, test_samples)
    run = GramDescent(problem, drawn.train, drawn.weights)
    done = run.run(max_steps, margin, fraction)
    weights = run.weights
    test = attacked(weights, drawn.test, problem, PatchAttack())
    train = attacked(weights, drawn.train, problem, PatchAttack())
    memorized = float(np.median(memory(weights, drawn.train, problem.q)))
    reached = float(np.median(margins(weights, train, problem.q)))
    return {
        "robust_test_error": float(np.mean(margins(weights, test, problem.q) <= 0.0)),
        "clean_test_error": float(np.mean(margins(weights, drawn.test, problem.q) <= 0.0)),
        "memory_share": memorized / reached if reached > 0.0 else float("nan"),
        "steps": float(done),
        "finished": float(done < max_steps),
    }


_NAMES = {
    "robust_test_error": "robust test error",
    "clean_test_error": "clean test error",
    "memory_share": "share of memory in the median adversarial margin",
    "steps": "gradient descent steps taken",
    "finished": "1 if the margin was reached",
}


@validation.typed
def phase_diagram(
    problem: PatchProblem | None = None,
    *,
    axis: str,
    values: Sequence[float],
    ratios: Sequence[float],
    replicates: int = 4,
    seed: int = 0,
    margin: float = 1.0,
    max_steps: int = 200_000,
    test_samples: int = 500,
    workers: int | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Train on a grid of delta/alpha and one other parameter, and lay the derived boundary beside it.

    Every run stops once nine tenths of the adversarial training margins reach ``margin`` (a few samples may have
    no filter of their sign, and never do), so that slow cells are not mistaken for failed ones.

    Parameters
    ----------
    problem : PatchProblem, optional
    axis : str
        One of ``AXES``.
    values, ratios : sequences of float
        Grid of the parameter and of delta/alpha (in [0, 1)).
    replicates, seed : int
        Independent runs a cell; the i-th draws from ``seed + i``.
    margin : float
        Adversarial margin to train to (> 0).
    max_steps : int
        Steps after which a run is given up and flagged by ``finished`` = 0.
    test_samples : int
        Fresh examples a run.
    workers : int, optional
    progress : bool

    Returns
    -------
    xarray.Dataset
        ``robust_test_error``, ``clean_test_error``, ``memory_share``, ``steps``, ``finished`` over (axis,
        ``ratio``, ``replicate``); ``boundary`` (axis, ``route``).

    Raises
    ------
    ValueError, TypeError
        For bad arguments.
    """
    problem = problem or PatchProblem()
    axis = validation.choice("axis", axis, AXES)
    grid = validation.real_array("values", values, ndim=1)
    ratio_grid = validation.real_array("ratios", ratios, 0.0, 1.0, ndim=1)
    margin = validation.real_scalar("margin", margin, 0.0, open_lower=True)
    max_steps = validation.integer("max_steps", max_steps, 1)
    test_samples = validation.integer("test_samples", test_samples, 1)
    seeds = replicate_seeds(replicates, seed)
    whole = axis in ("samples", "dim", "filters")
    if whole and (grid != np.rint(grid)).any():
        raise ValueError(f"values must be integers for axis {axis!r}, got {list(grid)}")
    problems = [problem.with_(**{axis: int(value) if whole else float(value)}) for value in grid]
    cells = [(p.with_(ratio=float(r)), seed) for p in problems for r in ratio_grid for seed in seeds]

    def one(cell: tuple[PatchProblem, int]) -> dict[str, float]:
        return outcome(*cell, margin, max_steps, test_samples)

    found = in_threads(one, cells, workers, progress)
    shape = (len(grid), len(ratio_grid), len(seeds))
    dims = (axis, "ratio", "replicate")
    variables: dict[str, Any] = {
        name: (dims, np.array([cell[name] for cell in found]).reshape(shape), {"long_name": text})
        for name, text in _NAMES.items()
    }
    curves = np.array([[boundary(p, method) for method in METHODS] for p in problems])
    variables["boundary"] = ((axis, "route"), curves, {"long_name": "derived boundary in delta/alpha"})
    attrs = {**provenance(problem), "axis": axis, "margin": margin, "max_steps": max_steps}
    for name in (axis, "ratio"):
        attrs.pop(name)
    return xr.Dataset(
        variables,
        coords={axis: grid, "ratio": ratio_grid, "seed": ("replicate", seeds), "route": list(METHODS)},
        attrs={**attrs, "test_samples": test_samples, "axis": axis},
    )


@validation.typed
def simulated_boundary(data: xr.Dataset) -> xr.DataArray:
    """Return the ratio at which the mean of ``memory_share`` first reaches 1/2, interpolated; nan if never.

    Parameters
    ----------
    data : xarray.Dataset
        From :func:`phase_diagram`, ratios increasing.
    """
    if "memory_share" not in data or "axis" not in data.attrs:
        raise ValueError("data must be a dataset of phase_diagram, got one without memory_share")
    share = data["memory_share"].mean("replicate")
    ratio = data["ratio"].values
    axis = str(data.attrs["axis"])
    rows = share.transpose(axis, "ratio").values
    found = [float("nan") if row[0] >= 0.5 else first_crossing(ratio, row, 0.5) for row in rows]
    return xr.DataArray(found, dims=axis, coords={axis: data[axis]}, name="simulated_boundary")
