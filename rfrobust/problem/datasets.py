"""What labelled datasets of problems share, whether solved or simulated: axes, attributes, adversarial risks."""

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from ..support import validation
from ..support.provenance import versions
from .activation import Activation
from .attack import norm_of
from .features import RandomFeatures
from .loss import resolve_loss
from .noise import GaussianMixture, Laplace, Noise, StudentT
from .parameters import DESCRIPTIONS, SWEPT, axis
from .problem import FirstLayer, Problem
from .risk import adversarial_error, adversarial_risk
from .signal import BernoulliGauss, Rademacher, Signal
from .spectrum import resolve_spectrum


def grid_axes(problem: Problem | None, **given: Any) -> dict[str, np.ndarray]:
    """Return each parameter as a number or 1-d array: as given, else the problem's own, else its usual value."""
    if problem is not None and not isinstance(problem, Problem):
        raise TypeError(f"problem must be a Problem, got {type(problem).__name__}")
    usual: dict[str, Any] = {"tau": 0.0, "ridge": 0.0, "gradient_penalty": 0.0} if problem is None else problem.settings
    axes = {}
    for name, value in given.items():
        if value is None and name not in usual:
            raise TypeError(f"{name} must be given where there is no problem to vary, got {name}=None")
        axes[name] = axis(name, usual[name] if value is None else value)
    return axes


def first_problem(axes: dict[str, np.ndarray], problem: Problem | None, settings: FirstLayer) -> Problem:
    """Return the problem at the first value of every axis, which has all that the problems of a grid share."""
    unknown = settings.keys() - FirstLayer.__annotations__.keys()
    if unknown:
        raise TypeError(f"got an unexpected keyword argument {min(unknown)!r}")
    first: Any = {name: float(np.atleast_1d(values)[0]) for name, values in axes.items() if name in SWEPT}
    return Problem.of(**first, **settings) if problem is None else problem.vary(**first, **settings)


def along_kinds(run: Callable[..., xr.Dataset], settings: Mapping[str, Any]) -> xr.Dataset | None:
    """Return what ``run(**settings)`` gives along lists of losses or norms among the settings, None without a list."""
    for name, label in (("loss", lambda loss: resolve_loss(loss).name), ("norm", lambda norm: norm_of("norm", norm))):
        kinds = settings.get(name)
        if isinstance(kinds, list | tuple | np.ndarray):
            labels = [label(kind) for kind in validation.listed(name, kinds, empty=False)]
            parts = [run(**{**settings, name: kind}) for kind in kinds]
            dimension = xr.DataArray(labels, dims=name, name=name, attrs={"long_name": DESCRIPTIONS[name]})
            shared = {key: value for key, value in parts[0].attrs.items() if all(p.attrs[key] == value for p in parts)}
            return xr.concat([p.drop_attrs(deep=False) for p in parts], dimension).assign_attrs(shared)
    return None


def describe(problem: Problem) -> dict[str, Any]:
    """Return the attributes of a dataset: its (first) problem by key, and what all its problems have in common."""
    features, data = problem.features, problem.data
    described: dict[str, Any] = {"features": repr(features), "features_key": features.key(problem.psi1)}
    if isinstance(features, RandomFeatures):
        a, spectrum = features.activation, features.spectrum
        described = {
            "activation": a.name, "mu1": a.mu1, "mu2": a.mu2, "rho": a.rho, "spectrum": spectrum.name,
            "spectrum_key": spectrum.key(problem.psi1),
        }  # fmt: skip
        if data.radial_power > 0.0:
            described["a2"] = math.sqrt(a.spike)
    return {
        "problem_key": problem.key, **described,
        "signal_norm": data.signal_norm, "nonlinear_power": data.nonlinear_power, "radial_power": data.radial_power,
        "loss": problem.loss.name, "norm": problem.attack.norm, "noise": repr(data.noise), "labels": data.labels,
        "signal": repr(data.signal),
        **versions(),
    }  # fmt: skip


def described(attrs: Mapping[str, Any], **point: Any) -> Problem:
    """Return the problem at a point of a dataset with the attributes of :func:`describe`.

    Of an activation its moments are all that limits know; spectrum, loss, noise and signal are those of these names.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the attributes name what is not built in.
    """
    activation = Activation.from_moments(attrs["mu1"], attrs["mu2"], attrs["rho"], a2=attrs.get("a2"))
    shared = {name: attrs[name] for name in ("signal_norm", "nonlinear_power", "radial_power", "norm", "labels")}
    return Problem.of(
        **point, **shared, activation=activation, spectrum=resolve_spectrum(attrs["spectrum"]), loss=attrs["loss"],
        noise=_built(attrs["noise"], GaussianMixture, StudentT, Laplace),
        signal=_built(attrs["signal"], BernoulliGauss, Rademacher),
    )  # fmt: skip


def _built(text: str, *kinds: type[Noise] | type[Signal]) -> Any:
    """Return the law whose ``repr`` is a text."""
    call: Any = ast.parse(text, mode="eval").body
    kind = {kind.__name__: kind for kind in kinds}[call.func.id]
    return kind(**{argument.arg: ast.literal_eval(argument.value) for argument in call.keywords})


def with_adversarial_risk(data: xr.Dataset, eps_test: np.ndarray | None) -> xr.Dataset:
    """Return the dataset with ``adversarial_risk`` at the test radii, by default at the training radii.

    Test attacks see ``test_gradient_norm`` where there is one. The risk of labels is their error rate; their datasets
    have no ``mean_abs_error``.
    """
    dims = data["standard_risk"].dims
    radius = data["eps"]
    if eps_test is not None:
        place = "eps_test" if eps_test.ndim else ()
        data = data.assign_coords(eps_test=(place, eps_test, {"long_name": DESCRIPTIONS["eps_test"]}))
        radius = data["eps_test"]
    v, r = data["standard_risk"], data["test_gradient_norm" if "test_gradient_norm" in data else "gradient_norm"]
    if "mean_abs_error" in data:
        risk = adversarial_risk(v, r, radius, data["mean_abs_error"])
    elif data.attrs["labels"] == "sign":
        risk = xr.apply_ufunc(adversarial_error, v, r, radius, data["output_power"])
    else:
        risk = adversarial_risk(v, r, radius)
    data["adversarial_risk"] = risk.transpose(*dims, ...)
    data["adversarial_risk"].attrs = {"long_name": DESCRIPTIONS["adversarial_risk"]}
    return data
