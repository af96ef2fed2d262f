"""Grids of problems as one labelled dataset."""

import warnings
from concurrent.futures import as_completed
from functools import partial
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
import xarray as xr
from tqdm import tqdm

from ..engine.records import Point
from ..problem.attack import norm_of
from ..problem.datasets import along_kinds, describe, first_problem, grid_axes, with_adversarial_risk
from ..problem.parameters import DESCRIPTIONS, axis
from ..problem.phase import Phase
from ..problem.problem import FirstLayer, Problem
from ..support.errors import SweepWarning
from ..support.workers import thread_pool, worker_count
from .equilibrium import Status
from .points import dual_norms, solve_points, table_width

#: Points a worker solves between two looks at the clock: a few hundredths of a second.
CHUNK = 20_000
#: Observables of real responses, and of labels.
REAL_ONLY = ("mean_abs_error", "mean_abs_residual")
LABELS_ONLY = ("training_error", "attacked_training_error", "mean_margin")
#: An axis of fewer values is a list rather than a grid of neighbours.
SHORT = 8


def absent_of(problem: Problem) -> tuple[str, ...]:
    """Return the observables that the responses of a problem do not have."""
    return REAL_ONLY if problem.data.labels == "sign" else LABELS_ONLY


def _flags(enumeration: Any) -> dict[str, Any]:
    return {
        "flag_values": np.array([int(member) for member in enumeration], dtype=np.int8),
        "flag_meanings": " ".join(member.name.lower() for member in enumeration),
    }


def sweep(
    problem: Problem | None = None,
    *,
    psi1: Any = None,
    psi2: Any = None,
    eps: Any = None,
    tau: Any = None,
    ridge: Any = None,
    gradient_penalty: Any = None,
    eps_test: Any = None,
    norm_test: Any = None,
    workers: int | None = None,
    **settings: Unpack[FirstLayer],
) -> xr.Dataset:
    """Solve every combination of the given parameters.

    Parameters
    ----------
    problem : Problem, optional
        The problem to vary; what is not given below is taken from it.
    psi1, psi2, eps, tau, ridge, gradient_penalty : float or 1-d array_like
        As for :func:`solve`; an array becomes a dimension of the result, a number a scalar coordinate. Without a
        problem the first three must be given.
    eps_test : float or 1-d array_like, optional
        Test radius of ``adversarial_risk``; the training radius of each point by default.
    norm_test : float or sequence of float, optional
        p of the norm of test attacks, that of training by default; a sequence becomes a dimension of
        ``adversarial_risk`` and of ``test_gradient_norm``, the norm of the gradient that these attacks see.
    workers : int, optional
        Threads to use; every core by default.
    **settings
        ``activation``, ``spectrum``, ``signal_norm``, ``nonlinear_power``, ``radial_power``, ``noise``, ``labels``,
        ``signal``, ``loss`` and ``norm``, as for :func:`solve`; a list of losses or norms becomes a dimension too.

    Returns
    -------
    xarray.Dataset
        Dimensions: ``loss`` and ``norm`` where they are lists, then the swept parameters, in the order of the
        arguments. Variables: ``adversarial_risk`` (with dimension ``eps_test`` if that is an array), every observable
        of :class:`Equilibrium` that the responses have, ``phase``, ``status``, ``residual`` and ``iterations``. A point
        without solution is NaN with a status, and one :class:`SweepWarning` gives their number.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, out of range, empty or has more than one dimension.

    Examples
    --------
    >>> import rfrobust
    >>> curve = rfrobust.sweep(psi1=[1, 2, 4], psi2=2, eps=0.3, tau=0.5)
    >>> [round(risk, 3) for risk in curve.adversarial_risk.values.tolist()]
    [1.44, 1.725, 1.625]
    """
    given: dict[str, Any] = {
        "psi1": psi1, "psi2": psi2, "eps": eps, "tau": tau, "ridge": ridge, "gradient_penalty": gradient_penalty,
    }  # fmt: skip
    listed = along_kinds(
        partial(sweep, problem, **given, eps_test=eps_test, norm_test=norm_test, workers=workers), settings
    )
    if listed is not None:
        return listed
    if settings.get("noise") is not None and problem is None and tau is None:
        given["tau"] = 1.0
    axes = grid_axes(problem, **given)
    test = None if eps_test is None else axis("eps_test", eps_test)
    several = isinstance(norm_test, list | tuple | np.ndarray)
    norms = norm_test if several else [] if norm_test is None else [norm_test]
    norms = [norm_of("norm_test", norm) for norm in norms]
    workers = worker_count(workers)
    base = first_problem(axes, problem, settings)

    dims = [name for name, values in axes.items() if values.ndim]
    shape = tuple(axes[name].size for name in dims)
    points, table = _solve_grid([np.atleast_1d(values) for values in axes.values()], base, workers)

    status = table[:, 0]
    failed = int(np.count_nonzero(status != Status.SOLVED))
    if failed:
        warnings.warn(
            f"{failed} of {status.size} points have no solution; they are NaN, see the variable 'status'",
            SweepWarning,
            stacklevel=2,
        )
    data = xr.Dataset(
        coords={
            name: (name if values.ndim else (), values, {"long_name": DESCRIPTIONS[name]})
            for name, values in axes.items()
        },
        attrs=describe(base),
    )
    absent = absent_of(base)
    for j, name in enumerate(Point._fields):
        if name in absent:
            continue
        values = table[:, j].reshape(shape)
        attributes: dict[str, Any] = {"long_name": DESCRIPTIONS[name]}
        if name in ("status", "phase"):
            values = values.astype(np.int8)
            attributes |= _flags(Status if name == "status" else Phase)
        elif name == "iterations":
            values = values.astype(np.int32)
        data[name] = (dims, values, attributes)
    if norms:
        gradients = np.stack([dual_norms(points, table, base, norm).reshape(shape) for norm in norms], axis=-1)
        seen = (dims, gradients[..., 0]) if not several else ([*dims, "norm_test"], gradients)
        data["test_gradient_norm"] = (*seen, {"long_name": DESCRIPTIONS["test_gradient_norm"]})
        place = ("norm_test" if several else (), norms if several else norms[0])
        data = data.assign_coords(norm_test=(*place, {"long_name": DESCRIPTIONS["norm_test"]}))
    return with_adversarial_risk(data, test)


def _solve_grid(axes: list[np.ndarray], problem: Problem, workers: int) -> tuple[np.ndarray, np.ndarray]:
    """Solve the grid of all combinations; return the points and their table, rows in C order of the axes."""
    sizes = np.array([values.size for values in axes])
    # the longest axis varies fastest, so that neighbours are close; psi1 (first) only where the law is one for all
    first = 0 if problem.features.closed else 1
    along = len(sizes) - 1 - int(np.argmax(sizes[first:][::-1]))
    order = [*(i for i in range(len(axes)) if i != along), along]
    grids = np.meshgrid(*(axes[i] for i in order), indexing="ij")
    points = np.stack([grids[order.index(i)].ravel() for i in range(len(axes))], axis=1)
    line = int(sizes[along])
    table = _solve_table(points, problem, line if line >= SHORT else 1, workers)

    def in_order(rows: np.ndarray) -> np.ndarray:
        return np.moveaxis(rows.reshape(*sizes[order], -1), len(order) - 1, along).reshape(len(rows), -1)

    return in_order(points), in_order(table)


def _solve_table(points: np.ndarray, problem: Problem, line: int, workers: int) -> np.ndarray:
    """Solve the problems of the rows in parallel chunks."""
    size = len(points)
    out = np.empty((size, table_width(problem)))
    # whole lines, so that the starts of Newton, and with them the last bit, do not depend on the workers
    step = -(-min(CHUNK, -(-size // workers)) // line) * line if line <= CHUNK else CHUNK
    lines = range(0, size, line) if line > CHUNK else [0]
    jobs = [slice(i, min(i + step, end)) for start, end in pairwise([*lines, size]) for i in range(start, end, step)]

    def run(part: slice) -> int:
        solve_points(points[part], problem, line, out[part])
        return part.stop - part.start

    with thread_pool(workers) as pool, tqdm(total=size, desc="sweep", unit="point", delay=1.0, leave=False) as bar:
        for future in as_completed([pool.submit(run, part) for part in jobs]):
            bar.update(future.result())
    return out
