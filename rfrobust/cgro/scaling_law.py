"""How the learned signal and the memory scale with the length of the signal patch."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..support import validation
from .diagram import memory_time, stall_level
from .problem import PatchProblem
from .trajectory import provenance, replicate_seeds, trajectories


@validation.typed
def scaling(
    problem: PatchProblem | None = None,
    *,
    alphas: Sequence[float] = (1.5, 2.0, 2.7, 3.6, 4.8, 6.5),
    replicates: int = 8,
    seed: int = 0,
    time: float = 200.0,
    workers: int | None = None,
) -> xr.Dataset:
    r"""Train at several signal lengths, at a fixed ratio delta/alpha, for the same time.

    The step size follows :math:`\alpha^{-2}`, the time scale of the signal at :math:`U \approx \alpha^{-q}`, and
    equals ``problem.step`` at ``problem.alpha``.

    Parameters
    ----------
    problem : PatchProblem, optional
    alphas : sequence of float
        Signal lengths (> 0), two or more.
    replicates, seed : int
        Independent runs at each length; the i-th draws from ``seed + i``.
    time : float
        Step size times steps at the end of every run (> 0).
    workers : int, optional

    Returns
    -------
    xarray.Dataset
        Over ``alpha``, ``replicate`` (and ``sample``): ``U``, ``signal`` (alpha^q U), ``V``, the four errors; over
        ``alpha``: ``stall``, the :func:`stall_level` at the memory time (or the end, if that is sooner), from where
        on the memory answers for the clean margin too and the signal rests. Attribute
        ``slope``: least-squares slope of log U (mean of the logs over replicates) against log alpha^q, and
        ``slope_se`` from the scatter of the slopes of single replicates.

    Raises
    ------
    ValueError, TypeError
        For bad arguments.
    """
    problem = problem or PatchProblem()
    lengths = validation.real_array("alphas", alphas, 0.0, open_lower=True, ndim=1)
    if len(np.unique(lengths)) < 2:
        raise ValueError(f"alphas must hold two different lengths or more, got {list(lengths)}")
    seeds = replicate_seeds(replicates, seed)
    time = validation.real_scalar("time", time, 0.0, open_lower=True)
    ends, stalls = [], []
    for alpha in lengths:
        here = problem.with_(alpha=float(alpha), step=problem.step * (problem.alpha / float(alpha)) ** 2)
        steps = max(1, round(time / here.step))
        run = trajectories(here, replicates=replicates, seed=seed, steps=steps, records=[steps], workers=workers)
        ends.append(run.isel(step=0, drop=True).drop_vars(["signal_weight", "loss"]))
        stalls.append(stall_level(here, min(steps * here.step, memory_time(here))))
    data = xr.concat(ends, dim=xr.DataArray(lengths, dims="alpha", name="alpha"), combine_attrs="drop")
    data["stall"] = ("alpha", np.array(stalls), {"long_name": "alpha^q U predicted by the one-filter law"})
    x = problem.q * np.log(lengths)
    slopes = np.polyfit(x, np.log(data["U"].transpose("alpha", "replicate").values), 1)[0]
    attrs = {**provenance(problem), "end_time": time, "slope": float(slopes.mean())}
    attrs.pop("alpha")
    if len(seeds) > 1:
        attrs["slope_se"] = float(slopes.std(ddof=1) / np.sqrt(len(seeds)))
    data.attrs = attrs
    return data
