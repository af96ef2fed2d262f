"""Monte Carlo over finite networks as one labelled dataset, with the parameter and output names of ``sweep``."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import xarray as xr
from tqdm import tqdm

from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.datasets import along_kinds, describe, first_problem, grid_axes, with_adversarial_risk
from ..problem.features import RandomFeatures
from ..problem.loss import SQUARE
from ..problem.noise import GAUSSIAN_NOISE
from ..problem.parameters import DESCRIPTIONS, axis
from ..problem.problem import FirstLayer, Problem
from ..support import validation
from ..support.errors import SweepWarning
from ..support.process import ENDS, orderly_end
from ..support.workers import worker_count
from .backends import backend
from .features import KINDS
from .replicate import OBJECTIVES, SAMPLED, Task, measured
from .scaling import line_weights
from .store import Store, StoreError, code_version, key_of

#: Per-replicate variables that ``sweep`` has not, or describes for the limit.
_DESCRIPTIONS = {
    **DESCRIPTIONS,
    "d": "input dimension",
    "replicate": "independent draw of network and data",
    "gradient_norm": "norm of the gradient of the network dual to the attack's, sqrt(E|grad f|^2) for norm 2",
    "test_gradient_norm": "norm of the gradient of the network dual to that of test attacks",
    "gap": "relative duality gap (for objective pgd: excess over the linearized optimum)",
    "iterations": "Newton steps",
    "converged": "whether the certificate was reached",
    "sampled_standard_risk": "standard risk on fresh points",
    "sampled_linearized_risk": "risk under the linearized attack on fresh points",
    "sampled_pgd_risk": "risk under projected gradient ascent on fresh points",
    "sampled_gradient_norm_squared": "mean square on fresh points of the gradient's norm dual to that of test attacks",
}
#: A task, and the place of each of its radii in the result arrays.
Work = tuple[Task, list[tuple[int, ...]]]

#: The store of simulations that are given none.
_DEFAULT_STORE: ContextVar[str | Path | None] = ContextVar("default_store", default=None)


@contextmanager
def default_store(path: str | Path) -> Iterator[None]:
    """Let every :func:`simulate` inside the ``with`` block that is given no store use this one."""
    token = _DEFAULT_STORE.set(validation.path("path", path))
    try:
        yield
    finally:
        _DEFAULT_STORE.reset(token)


def simulate(
    problem: Problem | None = None,
    *,
    d: Any,
    psi1: Any = None,
    psi2: Any = None,
    eps: Any = None,
    tau: Any = None,
    ridge: Any = None,
    gradient_penalty: Any = None,
    eps_test: Any = None,
    norm_test: float | None = None,
    replicates: int = 10,
    objective: str = "concentrated",
    features: str = "true",
    seed: int = 0,
    test_samples: int = 0,
    store: str | Path | None = None,
    workers: int | None = None,
    client: Any = None,
    **settings: Unpack[FirstLayer],
) -> xr.Dataset:
    """Train finite networks at every combination of the given parameters.

    Parameters
    ----------
    problem : Problem, optional
        The problem to vary; what is not given below is taken from it.
    d : int or 1-d array_like of int
        Input dimension.
    psi1, psi2 : float or 1-d array_like
        N/d and n/d; a network has round(psi1 d) units and round(psi2 d) samples, both at least 1.
    eps, tau, ridge, gradient_penalty : float or 1-d array_like
        Training radius, noise standard deviation and penalties, as for :func:`rfrobust.sweep`.
    eps_test : float or 1-d array_like, optional
        Test radius of ``adversarial_risk``; the training radius of each point by default. With ``test_samples`` a
        number, because it decides which attack is run.
    norm_test : float, optional
        Norm of the test attacks of ``adversarial_risk`` and of ``test_samples``; that of training by default.
    replicates : int, default 10
        Independent draws of network and data. Points that differ only in eps, tau, penalties, loss, norm, objective or
        features share their draws.
    objective : {"concentrated", "linearized", "pgd", "least-norm"}
        Training problem (docs, simulation page); "least-norm" is standard training, with eps = 0 and ridge = 0: least
        squares, beyond interpolation of least |theta|. It and "pgd" are for the square loss and no gradient penalty,
        least-norm for norm 2 only.
    features : {"true", "gaussian"}
        The network's features or their Gaussian equivalent (not for the objectives that attack the network).
    seed : int, default 0
        Root of all random streams.
    test_samples : int, default 0
        Fresh test points per network for the sampled risks under the linearized and the PGD attack (of real responses
        with Gaussian noise).
    store : path, optional
        SQLite file to which every finished replicate is committed at once; replicates that are already there are not
        computed again.
    workers : int, optional
        Worker processes on this machine, each with one BLAS thread; every core by default.
    client : distributed.Client, optional
        Dask cluster to run on instead.
    **settings
        ``activation``, ``spectrum``, ``signal_norm``, ``nonlinear_power``, ``radial_power``, ``noise``, ``labels``,
        ``signal``, ``loss`` and ``norm``, as for :func:`rfrobust.sweep`, also lists of losses or norms. A first layer
        of another law than Marchenko-Pastur is drawn by :meth:`Spectrum.draw`; the nonlinear part of the response is
        F_* P(x), P the sum of products of :func:`rfrobust.finite.nonlinear_part`, the radial one
        F_o (|x|^2 - d)/sqrt(2 d). The coordinates of beta are drawn where a norm sees them.

    Returns
    -------
    xarray.Dataset
        Dimensions: the swept parameters, then ``replicate``. Variables have the names and meanings of
        :func:`rfrobust.sweep`, for the drawn networks (:func:`rfrobust.finite.exact_risks`): ``adversarial_risk`` is
        v + 2 eps_test r E|y - f| + eps_test^2 r^2, or the error rate of labels under attack, of the network's own v and
        r. A replicate whose certificate was not reached, or which has no minimiser (separable labels without penalty),
        is NaN with ``converged`` 0, and one warning gives their number.
        :func:`summary` reduces it to means and standard errors.

    Raises
    ------
    TypeError, ValueError
        For inadmissible arguments.
    StoreError
        If the store is damaged or belongs to another program.
    """
    given = {
        "psi1": psi1, "psi2": psi2, "eps": eps, "tau": tau, "ridge": ridge, "gradient_penalty": gradient_penalty,
    }  # fmt: skip
    listed = along_kinds(
        partial(
            simulate, problem, d=d, **given, eps_test=eps_test, norm_test=norm_test, replicates=replicates, seed=seed,
            objective=objective, features=features, test_samples=test_samples, store=store, workers=workers,
            client=client,
        ),
        settings,
    )  # fmt: skip
    if listed is not None:
        return listed
    if settings.get("noise") is not None and problem is None and tau is None:
        given["tau"] = 1.0
    axes = grid_axes(problem, **given)
    if np.isinf(axes["psi2"]).any():
        raise ValueError("psi2 must be finite for a finite network, got psi2=inf")
    axes["d"] = _dimensions(d)
    test = None if eps_test is None else axis("eps_test", eps_test)
    replicates = validation.integer("replicates", replicates, 1, validation.MOST_REPLICATES)
    seed = validation.integer("seed", seed, 0)
    test_samples = validation.integer("test_samples", test_samples, 0)
    workers = worker_count(workers)
    validation.choice("objective", objective, OBJECTIVES)
    validation.choice("features", features, KINDS)
    base = first_problem(axes, problem, settings)
    if not isinstance(base.features, RandomFeatures):
        raise ValueError(f"problem must have random features to draw networks from, got {base.features!r}")
    if base.data.nonlinear_power > 0.0 and (axes["d"] < 2).any():
        raise ValueError("d must be >= 2 for a nonlinear response, got 1 in d")
    if base.data.radial_power > 0.0 and features == "gaussian":
        raise ValueError("features must be 'true' for a radial part of the response, got features='gaussian'")
    if client is not None and not hasattr(client, "submit"):
        raise TypeError(f"client must be a distributed.Client, got {client!r}")
    attacks = objective in ("linearized", "pgd")
    if features == "gaussian" and (attacks or test_samples > 0):
        raise ValueError(
            "features must be 'true' for attacks on the network (objective "
            f"{objective!r}, test_samples={test_samples}), got features='gaussian'"
        )
    if attacks and (axes["eps"] == 0).any():
        raise ValueError(f"eps must be > 0 for objective={objective!r}, got 0.0 in eps")
    _check_kinds(base, axes, objective, test_samples)
    norm_test = None if norm_test is None else norm_of("norm_test", norm_test)
    for name in ("eps", "ridge"):
        if objective == "least-norm" and axes[name].any():
            raise ValueError(f"{name} must be 0 for objective='least-norm', got {axes[name].max()} in {name}")
    if test_samples > 0 and test is not None and test.ndim:
        raise ValueError(f"eps_test must be a number when test_samples > 0, got shape {test.shape}")

    run = {
        "seed": seed, "objective": objective, "features": features, "test_samples": test_samples,
        "norm_test": norm_test,
    }  # fmt: skip
    work = _tasks(base, axes, replicates, test, run)
    shape = (*(values.size for values in axes.values()), replicates)
    names = measured(base.data.labels == "sign", norm_test is not None)
    if test_samples > 0:
        names += [f"sampled_{name}{end}" for name in SAMPLED for end in ("", "_se")]
    arrays = {name: np.full(shape, np.nan) for name in names}
    path = _DEFAULT_STORE.get() if store is None else store
    with orderly_end(*ENDS), nullcontext() if path is None else Store(path) as opened:
        _fill(arrays, work, backend(client, workers), opened)
    return _dataset(arrays, base, axes, test, run | {"replicates": replicates})


def _check_kinds(base: Problem, axes: dict[str, np.ndarray], objective: str, test_samples: int) -> None:
    """Raise if the objective or the sampled risks are not made for this loss, norm, penalty or kind of responses."""
    loss, norm, data = base.loss, base.attack.norm, base.data
    if objective in ("pgd", "least-norm"):
        if loss != SQUARE:
            raise ValueError(f"loss must be 'square' for objective={objective!r}, got loss={loss.name!r}")
        if objective == "least-norm" and norm != EUCLIDEAN:
            raise ValueError(f"norm must be 2 for objective={objective!r}, got norm={norm!r}")
        if axes["gradient_penalty"].any():
            raise ValueError(
                f"gradient_penalty must be 0 for objective={objective!r}, got {axes['gradient_penalty'].max()} in "
                "gradient_penalty"
            )
        if objective == "pgd" and data.labels != "real":
            raise ValueError(f"labels must be 'real' for objective='pgd', got labels={data.labels!r}")
    if test_samples > 0 and (data.labels != "real" or data.noise != GAUSSIAN_NOISE):
        raise ValueError(
            "test_samples must be 0 unless responses are real and their noise Gaussian, got "
            f"test_samples={test_samples}, labels={data.labels!r}, noise={data.noise!r}"
        )


def _dimensions(d: Any) -> np.ndarray:
    values = validation.as_array("d", d)
    if values.dtype.kind not in "iu":
        raise TypeError(f"d must be an integer or a 1-d array of integers, got {d!r}")
    return validation.real_array("d", values, 1, ndim=(0, 1)).astype(int)


def _tasks(
    base: Problem, axes: dict[str, np.ndarray], replicates: int, test: np.ndarray | None, run: dict[str, Any]
) -> list[Work]:
    """Return the tasks, the big ones first."""
    values = {name: np.atleast_1d(array) for name, array in axes.items()}
    radii = [float(eps) for eps in values["eps"]]
    tests = [eps if test is None or test.ndim else float(test) for eps in radii]
    work: list[Work] = []
    outer = [list(enumerate(values[name])) for name in ("psi1", "psi2", "tau", "ridge", "gradient_penalty", "d")]
    for (i, psi1), (j, psi2), (k, tau), (l, ridge), (g, gradient), (m, d) in product(*outer):
        N, n = max(round(psi1 * d), 1), max(round(psi2 * d), 1)
        problem = base.vary(
            psi1=N / d, psi2=n / d, tau=float(tau), ridge=float(ridge), gradient_penalty=float(gradient)
        )  # fmt: skip
        for replicate in range(replicates):
            task = Task(problem, int(d), N, n, replicate=replicate, eps=tuple(radii), eps_test=tuple(tests), **run)
            work.append((task, [(i, j, e, k, l, g, m, replicate) for e in range(len(radii))]))
    work.sort(key=lambda item: -item[0].n * item[0].N * min(item[0].n, item[0].N))
    return work


def _fill(arrays: dict[str, np.ndarray], work: list[Work], runner: Any, store: Store | None) -> None:
    """Take what the store has, compute and store the rest."""
    missing: list[Work] = []
    for task, where in work:
        keys = [key_of(record) for record in task.records()]
        found = {} if store is None else store.get(keys)
        left = []
        for e, key in enumerate(keys):
            if key not in found:
                left.append(e)
            elif lacks := arrays.keys() - found[key].keys():
                raise StoreError(f"{store} has a replicate of this problem without {', '.join(sorted(lacks))}")
            else:
                _place(arrays, where[e], found[key])
        if left:
            todo = {"eps": tuple(task.eps[e] for e in left), "eps_test": tuple(task.eps_test[e] for e in left)}
            missing.append((Task(**(vars(task) | todo)), [where[e] for e in left]))
    done = 0
    try:
        with (
            tqdm(total=len(missing), desc="simulate", unit="network", delay=1.0, leave=False) as bar,
            closing(runner([task for task, _ in missing])) as finished,
        ):
            for index, results in finished:
                task, where = missing[index]
                if store is not None:
                    store.add(zip(task.records(), results, strict=True))
                for where_to, result in zip(where, results, strict=True):
                    _place(arrays, where_to, result)
                done += 1
                bar.update()
    except (KeyboardInterrupt, SystemExit):
        with suppress(OSError):  # the terminal may be what has gone
            print(_how_to_resume(len(work) - len(missing) + done, len(work), store), file=sys.stderr, flush=True)
        raise


def _how_to_resume(done: int, total: int, store: Store | None) -> str:
    if store is None:
        return f"interrupted after {done} of {total} networks, which are lost: only a simulation with a store resumes"
    return f"interrupted: {done} of {total} networks are saved in {store}; run the same command again to resume"


def _place(arrays: dict[str, np.ndarray], where: tuple[int, ...], result: dict[str, float]) -> None:
    for name, array in arrays.items():
        array[where] = result[name]
    if not result["converged"]:
        for name in arrays.keys() - {"gap", "iterations", "converged"}:
            arrays[name][where] = np.nan


def _dataset(
    arrays: dict[str, np.ndarray],
    base: Problem,
    axes: dict[str, np.ndarray],
    test: np.ndarray | None,
    run: dict[str, Any],
) -> xr.Dataset:
    failed = int(np.count_nonzero(arrays["converged"] == 0))
    if failed:
        warnings.warn(
            f"{failed} of {arrays['converged'].size} networks did not reach their certificate, or have no minimiser; "
            "see 'converged'",
            SweepWarning,
            stacklevel=3,
        )
    described = {name: {"long_name": _DESCRIPTIONS[name]} for name in axes}
    data = xr.Dataset(
        coords={
            **{name: (name if v.ndim else (), v, described[name]) for name, v in axes.items()},
            "replicate": ("replicate", np.arange(run["replicates"]), {"long_name": _DESCRIPTIONS["replicate"]}),
        },
        attrs={
            **describe(base),
            **{name: value for name, value in run.items() if value is not None},
            "code_version": code_version(),
        },
    )
    dims = (*(name for name, values in axes.items() if values.ndim), "replicate")
    keep = tuple(slice(None) if values.ndim else 0 for values in axes.values())
    for name, array in arrays.items():
        plain = name.removesuffix("_se")
        text = _DESCRIPTIONS[plain] + (", standard error over test points" if plain != name else "")
        values = array[keep].astype(np.int8) if name == "converged" else array[keep]
        data[name] = (dims, values, {"long_name": text})
    return with_adversarial_risk(data, test)


def summary(data: xr.Dataset) -> xr.Dataset:
    """Return means over ``replicate`` and, with suffix ``_se``, their standard errors (NaN for one replicate).

    Replicates without certificate (NaN) are left out; ``count`` says how many were used. At finite d the means have a
    bias of order 1/d, which :func:`extrapolate` removes.
    """
    result = xr.Dataset(attrs=_replicated(data).attrs)
    for name in _observed(data):
        values = data[name].astype(float)
        count = values.notnull().sum("replicate")
        result[name] = values.mean("replicate", skipna=True).assign_attrs(data[name].attrs)
        se = values.std("replicate", ddof=1, skipna=True) / np.sqrt(count)
        result[f"{name}_se"] = se.assign_attrs(long_name=f"standard error of the mean of {name}")
        if name == "standard_risk":
            result["count"] = count.assign_attrs(long_name="replicates used")
    return result


def extrapolate(data: xr.Dataset) -> xr.Dataset:
    r"""Return the means at infinite dimension, by a line in 1/d through the means at two dimensions or more.

    .. math:: \bar m(d) = m + \frac bd

    Parameters
    ----------
    data : xarray.Dataset
        What :func:`simulate` returns for several d, or any with the dimensions ``d`` and ``replicate``.

    Returns
    -------
    xarray.Dataset
        For every observable ``name``: m, as ``name``, its standard error ``name_se``, and the coefficient b of the
        bias, ``name_slope`` and ``name_slope_se``.

    Raises
    ------
    TypeError, ValueError
        If there is no such dataset, or only one d.

    Notes
    -----
    docs/simulation, "The bias of order 1/d". Least squares with weights d times the number of replicates, as the
    variance of one network falls like 1/d; the standard errors follow from those of the means at each d, whatever
    their scaling. With two dimensions this is Richardson's extrapolation.

    Examples
    --------
    >>> import rfrobust
    >>> runs = rfrobust.simulate(psi1=1, psi2=2, eps=0.3, tau=0.5, d=[30, 60], replicates=20, workers=1)
    >>> limit = rfrobust.extrapolate(runs)
    >>> gap = limit.standard_risk - rfrobust.solve(1, 2, 0.3, 0.5).standard_risk
    >>> bool(abs(gap) < 4 * limit.standard_risk_se)
    True
    """
    if "d" not in _replicated(data).dims or data.sizes["d"] < 2:
        raise ValueError(f"data must have the dimension 'd' with two values or more, got sizes {dict(data.sizes)}")
    means = summary(data)
    result = xr.Dataset(attrs=data.attrs)
    for name in _observed(data):
        if name in _EFFORT or "d" not in data[name].dims:
            continue
        count = data[name].notnull().sum([dim for dim in data[name].dims if dim != "d"])
        weights = line_weights(data.d.values, (data.d * np.maximum(count, 1)).values)
        for end, coefficients in zip(("", "_slope"), weights, strict=True):
            c = xr.DataArray(coefficients, dims="d")
            result[f"{name}{end}"] = (c * means[name]).sum("d", skipna=False)
            result[f"{name}{end}_se"] = np.sqrt(((c * means[f"{name}_se"]) ** 2).sum("d", skipna=False))
        text = means[name].attrs.get("long_name", name)
        for end, what in (
            ("", "{} at d = infinity"),
            ("_se", "standard error of {} at d = infinity"),
            ("_slope", "bias of {} times d"),
            ("_slope_se", "standard error of the bias of {} times d"),
        ):
            result[f"{name}{end}"].attrs["long_name"] = what.format(text)
    return result


#: What tells how the training went, not what was trained.
_EFFORT = ("gap", "iterations", "converged")


def _replicated(data: xr.Dataset) -> xr.Dataset:
    if not isinstance(data, xr.Dataset):
        raise TypeError(f"data must be a Dataset of simulate, got {type(data).__name__}")
    if "replicate" not in data.dims:
        raise ValueError(f"data must have the dimension 'replicate', got dimensions {tuple(data.dims)}")
    return data


def _observed(data: xr.Dataset) -> list[str]:
    # The scatter over replicates holds the sampling error of each of them.
    return [str(name) for name in data.data_vars if "replicate" in data[name].dims and not str(name).endswith("_se")]
