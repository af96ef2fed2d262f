"""The points at which training changes phase, and the phase of every recorded step."""

import numpy as np
import xarray as xr

from ..support import validation
from ..support.provenance import versions

#: Names of the phases, in the order of their codes.
PHASES = ("signal growth", "stall", "memorization", "memorized")


def first_crossing(step: np.ndarray, values: np.ndarray, level: float) -> float:
    """Return the step at which ``values`` first reaches ``level``, linear between records; nan if it never does.

    A series that starts at or above the level crosses at its first step.
    """
    above = np.flatnonzero(values >= level)
    if above.size == 0:
        return float("nan")
    k = int(above[0])
    if k == 0:
        return float(step[0])
    share = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(step[k - 1] + share * (step[k] - step[k - 1]))


@validation.typed
def find_phases(data: xr.Dataset, level: float = 1.0) -> xr.Dataset:
    """Find the phase changes of every run of :func:`trajectories` or :func:`reduced_trajectory`.

    Signal growth ends when alpha^q U reaches ``level``: a clean margin of order 1. The stall that follows ends,
    and memorization starts, when the first V_i reaches ``level``; it ends when the last one does.

    Parameters
    ----------
    data : xarray.Dataset
        With ``signal`` (replicate, step) and ``V`` (replicate, step, sample).
    level : float
        Margin that counts as learned (> 0).

    Returns
    -------
    xarray.Dataset
        ``signal_end``, ``memorization_start``, ``memorization_end`` per replicate, in steps, nan where the run
        stops before; ``growth`` (replicate, interval), by how much alpha^q U grows per unit of log step in the
        signal phase and in the stall; ``phase`` (replicate, step), codes of ``PHASES`` (also in its attributes).

    Raises
    ------
    ValueError
        If a variable is missing or ``level`` is not positive.
    """
    level = validation.real_scalar("level", level, 0.0, open_lower=True)
    missing = {"signal", "V"} - set(data.data_vars)
    if missing:
        raise ValueError(f"data must hold signal and V, got a dataset without {', '.join(sorted(missing))}")
    step = data["step"].values.astype(float)
    signal = data["signal"].transpose("replicate", "step").values
    memories = data["V"].transpose("replicate", "sample", "step").values
    changes = np.array(
        [
            [first_crossing(step, values, level) for values in (row, memory.max(axis=0), memory.min(axis=0))]
            for row, memory in zip(signal, memories, strict=True)
        ]
    )
    codes = (step[None, :, None] >= changes[:, None, :]).cumprod(axis=2).sum(axis=2)
    return xr.Dataset(
        {
            "signal_end": ("replicate", changes[:, 0], {"units": "steps"}),
            "memorization_start": ("replicate", changes[:, 1], {"units": "steps"}),
            "memorization_end": ("replicate", changes[:, 2], {"units": "steps"}),
            "growth": (
                ("replicate", "interval"),
                np.array([_growth(step, row, change) for row, change in zip(signal, changes, strict=True)]),
                {"long_name": "largest increase of alpha^q U per unit of log(step)"},
            ),
            "phase": (("replicate", "step"), codes, {"flag_meanings": ", ".join(PHASES)}),
        },
        coords={**data["signal"].coords, "interval": list(PHASES[:2])},
        attrs={"level": level, **versions()},
    )


def _growth(step: np.ndarray, signal: np.ndarray, change: np.ndarray) -> list[float]:
    """Largest slope of the signal in log(step) while it rises, and the mean one over the stall's last half.

    The signal overshoots the level by its own momentum, so the stall is measured away from its start.
    """
    end, memorize = change[0], change[1]
    if np.isnan(end) or np.isnan(memorize) or memorize <= end:
        return [float("nan"), float("nan")]
    logs = np.log1p(step)
    slopes = np.diff(signal) / np.diff(logs)
    middle = 0.5 * (np.log1p(end) + np.log1p(memorize))
    stall = np.interp([middle, np.log1p(memorize)], logs, signal)
    return [float(slopes.max()), float((stall[1] - stall[0]) / (np.log1p(memorize) - middle))]
