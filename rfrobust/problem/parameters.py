"""The ranges of a problem's parameters, the same for single points and for grids."""

from typing import Any

import numpy as np

from ..support import validation

#: Bounds of every numerical parameter, in the words of :func:`rfrobust.support.validation.real_scalar`: far beyond any
#: use. Inside, no product of the equations overflows or vanishes, and every random problem tried was solved; beyond,
#: from about 1e30 on, some are not.
_SIZE = {"lower": 1e-20, "upper": 1e20}
RANGES: dict[str, dict[str, Any]] = {
    "psi1": _SIZE,
    "psi2": {**_SIZE, "allow_inf": True},
    "eps": {"lower": 1e-40, "upper": 1e40, "allow_zero": True},
    "tau": {**_SIZE, "allow_zero": True},
    "ridge": {**_SIZE, "allow_zero": True},
    "gradient_penalty": {**_SIZE, "allow_zero": True},
    "eps_test": {"lower": 0.0, "upper": 1e40},
    "signal_norm": _SIZE,
    "nonlinear_power": {"lower": 1e-40, "upper": 1e40, "allow_zero": True},
    "radial_power": {"lower": 1e-40, "upper": 1e40, "allow_zero": True},
}

#: Parameters of a point, the slowest first.
SWEPT = ("psi1", "psi2", "eps", "tau", "ridge", "gradient_penalty")

#: What results say of each variable: the long name, symbols as in docs/conventions.
DESCRIPTIONS: dict[str, str] = {
    "psi1": "N/d, features per dimension",
    "psi2": "n/d, samples per dimension",
    "eps": "training attack radius",
    "tau": "noise standard deviation",
    "ridge": "ridge penalty lambda, added as (lambda/2)|theta|^2",
    "gradient_penalty": "gradient penalty g, added as (g/2)|J theta|^2",
    "loss": "training loss function",
    "norm": "norm of training attacks",
    "eps_test": "test attack radius",
    "norm_test": "norm of test attacks",
    "q": "eps r / sqrt(v), for labels eps r / sqrt(E f^2)",
    "V": "step of the proximal map",
    "k": "multiplier of |J theta|^2 over a",
    "standard_risk": "standard risk v = E(y - f(x))^2, for labels P(y f(x) < 0)",
    "gradient_norm": "r = lim |J theta|, root mean square gradient of f (dual to the norm of the attack)",
    "test_gradient_norm": "norm of the gradient dual to that of test attacks",
    "overlap": "overlap E <x, beta> f(x)",
    "output_power": "E f(x)^2",
    "mean_abs_error": "E |y - f(x)| on fresh data",
    "training_loss": "robust training loss, without penalties",
    "mean_abs_residual": "mean absolute training residual",
    "zero_residual_fraction": "fraction of training residuals that are exactly zero",
    "training_error": "fraction of training labels that are predicted wrong",
    "attacked_training_error": "fraction of training labels that are predicted wrong under attack",
    "mean_margin": "mean of y f(x) over the training set",
    "adversarial_risk": "adversarial risk at radius eps_test",
    "phase": "phase",
    "status": "solver status",
    "residual": "largest relative residual of the equations",
    "iterations": "Newton iterations",
}


_BOUNDS = {name: (r["lower"], r["upper"], r.get("allow_zero", False)) for name, r in RANGES.items()}


def scalar(name: str, value: Any) -> float:
    """Return the parameter ``name`` as a float in its range, or raise."""
    low, high, zero = _BOUNDS[name]
    if type(value) in (float, int) and (low <= value <= high or (zero and value == 0)):  # the usual case, fast
        return float(value) + 0.0  # -0.0 is 0.0
    return validation.real_scalar(name, value, **RANGES[name]) + 0.0


def finite(name: str, value: Any) -> float:
    """Return the parameter ``name`` as a finite float in its range, or raise."""
    return validation.real_scalar(name, value, **{**RANGES[name], "allow_inf": False})


def axis(name: str, value: Any) -> np.ndarray:
    """Return the parameter ``name`` as a number or 1-d array in its range, or raise."""
    return validation.real_array(name, value, **RANGES[name], ndim=(0, 1))
