"""Grids of problems as one labelled dataset."""

import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from ..engine import regimes as solver
from ..problem.activation import Activation, resolve_activation
from ..problem.parameters import DESCRIPTIONS, axis, scalar
from ..problem.phase import Phase
from ..problem.risk import adversarial_risk
from ..problem.spectrum import Spectrum, resolve_spectrum
from ..support.errors import SweepWarning
from ..support.provenance import versions
from ..support.workers import worker_count
from .equilibrium import Status

#: Points a worker solves between two looks at the clock: a few hundredths of a second.
CHUNK = 20_000


def _flags(enumeration: Any) -> dict[str, Any]:
    return {
        "flag_values": np.array([int(member) for member in enumeration], dtype=np.int8),
        "flag_meanings": " ".join(member.name.lower() for member in enumeration),
    }


def sweep(
    *,
    psi1: Any,
    psi2: Any,
    eps: Any,
    tau: Any = 0.0,
    ridge: Any = 0.0,
    eps_test: Any = None,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
    workers: int | None = None,
) -> xr.Dataset:
    """Solve every combination of the given parameters.

    Parameters
    ----------
    psi1, psi2, eps, tau, ridge : float or 1-d array_like
        As for :func:`solve`; an array becomes a dimension of the result, a number a scalar coordinate.
    eps_test : float or 1-d array_like, optional
        Test radius of ``adversarial_risk``; the training radius of each point by default.
    activation, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`.
    workers : int, optional
        Threads to use; every core by default.

    Returns
    -------
    xarray.Dataset
        Dimensions: the swept parameters, in the order of the arguments. Variables: ``adversarial_risk`` (with
        dimension ``eps_test`` if that is an array), every observable of :class:`Equilibrium`, ``phase``,
        ``status``, ``residual`` and ``iterations``. A point without solution is NaN with a status, and one
        :class:`SweepWarning` gives their number.

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
    given = {"psi1": psi1, "psi2": psi2, "eps": eps, "tau": tau, "ridge": ridge}
    axes = {name: axis(name, value) for name, value in given.items()}
    test = None
    if eps_test is not None:
        test = axis("eps_test", eps_test)
    signal_norm = scalar("signal_norm", signal_norm)
    nonlinear_power = scalar("nonlinear_power", nonlinear_power)
    workers = worker_count(workers)
    activation = resolve_activation(activation)
    spectrum = resolve_spectrum(spectrum)

    dims = [name for name, values in axes.items() if values.ndim]
    shape = tuple(axes[name].size for name in dims)
    grids = np.meshgrid(*(np.atleast_1d(values) for values in axes.values()), indexing="ij")
    columns = [np.ascontiguousarray(grid.ravel()) for grid in grids]
    table = _solve_table(columns, activation, spectrum, signal_norm, nonlinear_power, workers)

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
        attrs={
            "activation": activation.name,
            "mu1": activation.mu1,
            "mu2": activation.mu2,
            "rho": activation.rho,
            "spectrum": spectrum.name,
            "signal_norm": signal_norm,
            "nonlinear_power": nonlinear_power,
            **versions(),
        },
    )
    for j, name in enumerate(solver.FIELDS):
        values = table[:, j].reshape(shape)
        attributes: dict[str, Any] = {"long_name": DESCRIPTIONS[name]}
        if name in ("status", "phase"):
            values = values.astype(np.int8)
            attributes |= _flags(Status if name == "status" else Phase)
        elif name == "iterations":
            values = values.astype(np.int32)
        data[name] = (dims, values, attributes)
    if test is not None:
        data = data.assign_coords(
            eps_test=("eps_test" if test.ndim else (), test, {"long_name": DESCRIPTIONS["eps_test"]})
        )
    radius = data["eps"] if test is None else data["eps_test"]
    risk = adversarial_risk(data["standard_risk"], data["gradient_norm"], radius)
    data["adversarial_risk"] = risk.transpose(*dims, ...)
    data["adversarial_risk"].attrs = {"long_name": DESCRIPTIONS["adversarial_risk"]}
    return data


def _solve_table(
    columns: list[np.ndarray],
    activation: Activation,
    spectrum: Spectrum,
    signal_norm: float,
    nonlinear_power: float,
    workers: int,
) -> np.ndarray:
    """Solve the problems of the columns in parallel chunks, each of one psi1 where the law depends on it."""
    size = columns[0].size
    out = np.empty((size, len(solver.FIELDS)))
    # psi1 varies slowest, so that problems with the same law of W W' are contiguous
    breaks = [0, size]
    if spectrum.depends_on_psi1:
        breaks = [0, *(np.flatnonzero(np.diff(columns[0])) + 1).tolist(), size]
    step = min(CHUNK, -(-size // workers))
    jobs = []
    for start, stop in pairwise(breaks):
        law = spectrum.law(float(columns[0][start]))
        jobs += [(slice(i, min(i + step, stop)), law) for i in range(start, stop, step)]

    def run(part: slice, law: tuple[np.ndarray, np.ndarray]) -> int:
        solver.solve_many(
            *(column[part] for column in columns),
            *activation.constants,
            signal_norm**2,
            nonlinear_power,
            *law,
            out[part],
        )
        return part.stop - part.start

    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=size, desc="sweep", unit="point", delay=1.0, leave=False) as bar,
    ):
        futures = [pool.submit(run, *job) for job in jobs]
        try:
            for future in as_completed(futures):
                bar.update(future.result())
        except BaseException:  # an interrupt must not wait for the points that have not started
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return out
