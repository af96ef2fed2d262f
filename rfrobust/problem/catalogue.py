"""The built-in activations, with their moments: closed forms (docs/activations), quadrature where there are none.

Apart from ``relu``, which is [HJ]'s shifted one, functions are the usual ones, not centred: mu0 does not matter.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ..support import validation
from . import dual_kernels
from .activation import RELU, Activation, Exact, Function

_PI = math.pi


def _special(name: str, u: np.ndarray) -> np.ndarray:
    from scipy import special  # slow to import, and most activations do without

    return getattr(special, name)(u)


erf, expit, ndtr = (partial(_special, name) for name in ("erf", "expit", "ndtr"))


def _density(u: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * np.square(u)) / math.sqrt(2.0 * _PI)


def _leaky(u: np.ndarray, slope: float) -> np.ndarray:
    return np.where(np.asarray(u) > 0.0, u, slope * np.asarray(u))


def _leaky_slope(u: np.ndarray, slope: float) -> np.ndarray:
    return np.where(np.asarray(u) > 0.0, 1.0, slope)


def _abs_linear(u: np.ndarray, linear: float) -> np.ndarray:
    return np.abs(u) + linear * np.asarray(u)


def _abs_linear_slope(u: np.ndarray, linear: float) -> np.ndarray:
    return np.sign(u) + linear


def _erf_slope(u: np.ndarray) -> np.ndarray:
    return 2.0 / math.sqrt(_PI) * np.exp(-np.square(u))


def _tanh_slope(u: np.ndarray) -> np.ndarray:
    return 1.0 - np.tanh(u) ** 2


def _minus_sine(u: np.ndarray) -> np.ndarray:
    return -np.sin(u)


def _quadratic(u: np.ndarray, linear: float) -> np.ndarray:
    u = np.asarray(u)
    return u * u - 1.0 + linear * u


def _quadratic_slope(u: np.ndarray, linear: float) -> np.ndarray:
    return 2.0 * np.asarray(u) + linear


def _clip(u: np.ndarray) -> np.ndarray:
    return np.clip(u, -1.0, 1.0)


def _clip_slope(u: np.ndarray) -> np.ndarray:
    return np.where(np.abs(u) < 1.0, 1.0, 0.0)


def _softplus(u: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, u)


def _gelu(u: np.ndarray) -> np.ndarray:
    return u * ndtr(u)


def _gelu_slope(u: np.ndarray) -> np.ndarray:
    return ndtr(u) + u * _density(u)


def _silu(u: np.ndarray) -> np.ndarray:
    return u * expit(u)


def _silu_slope(u: np.ndarray) -> np.ndarray:
    s = expit(u)
    return s * (1.0 + u * (1.0 - s))


def _identity(u: np.ndarray) -> np.ndarray:
    return np.asarray(u, dtype=float)


def _one(u: np.ndarray) -> np.ndarray:
    return np.ones_like(u, dtype=float)


def _probit(u: np.ndarray, sharpness: float) -> np.ndarray:
    return ndtr(sharpness * np.asarray(u))


def _probit_slope(u: np.ndarray, sharpness: float) -> np.ndarray:
    return sharpness * _density(sharpness * np.asarray(u))


def _sigmoid_slope(u: np.ndarray) -> np.ndarray:
    s = expit(u)
    return s * (1.0 - s)


# Moments mu1, mu2^2, rho^2 and a2 in the numbers of a module ``M`` with the functions of :mod:`math`, in which
# ``0 * M.pi`` turns a double into an exact number (docs/activations).


def _leaky_moments(M: Any, slope: float) -> tuple[Any, Any, Any, Any]:
    a = slope + 0 * M.pi
    half = 0.5 * (1.0 - a)
    return 0.5 * (1.0 + a), half * half * (1.0 - 2.0 / M.pi), half * half, half / M.sqrt(M.pi)


def _abs_moments(M: Any, linear: float) -> tuple[Any, Any, Any, Any]:
    return linear, 1.0 - 2.0 / M.pi, 1.0, 1.0 / M.sqrt(M.pi)


def _quadratic_moments(M: Any, linear: float) -> tuple[Any, Any, Any, Any]:
    return linear, 2.0, 4.0, M.sqrt(2.0)


def _probit_moments(M: Any, sharpness: float) -> tuple[Any, Any, Any, Any]:
    b = sharpness + 0 * M.pi
    linear = b * b / (2.0 * M.pi * (1.0 + b * b))
    spread = M.asin(b * b / (1.0 + b * b)) / (2.0 * M.pi)
    return M.sqrt(linear), spread - linear, b * b / (2.0 * M.pi * M.sqrt(1.0 + 2.0 * b * b)) - linear, 0.0


def _erf_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    linear = 4.0 / (3.0 * M.pi)
    two = 2.0 + 0 * M.pi
    return M.sqrt(linear), 2.0 / M.pi * M.asin(two / 3.0) - linear, 4.0 / (M.pi * M.sqrt(5.0)) - linear, 0.0


def _sine_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    return M.exp(-0.5), M.exp(-1.0) * (M.sinh(1.0) - 1.0), M.exp(-1.0) * (M.cosh(1.0) - 1.0), 0.0


def _cosine_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    return 0.0, M.exp(-1.0) * (M.cosh(1.0) - 1.0), M.exp(-1.0) * M.sinh(1.0), -M.exp(-0.5) / M.sqrt(2.0)


def _clip_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    mass = M.erf(M.sqrt(0.5))
    variance = 1.0 - M.sqrt(2.0 / M.pi) * M.exp(-0.5)
    return mass, variance - mass * mass, mass * (1.0 - mass), 0.0


def _gelu_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    root = M.pi * M.sqrt(3.0)
    twelfth = (1.0 + 0 * M.pi) / 12.0
    return 0.5, twelfth + 0.5 / root - 0.25 / M.pi, twelfth + 2.0 / (3.0 * root), 0.75 / M.sqrt(2.0 * M.pi)


def _identity_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    return 1.0, 0.0, 0.0, 0.0


# sigma and sigma' at complex balls, of the smooth activations whose moments are integrals


def _tanh_balls(z: Any, analytic: bool) -> tuple[Any, Any]:
    value = z.tanh()
    return value, 1 - value * value


def _sigmoid_balls(z: Any, analytic: bool) -> tuple[Any, Any]:
    value = 1 / (1 + (-z).exp())
    return value, value * (1 - value)


def _softplus_balls(z: Any, analytic: bool) -> tuple[Any, Any]:
    return (1 + z.exp()).log(analytic=analytic), 1 / (1 + (-z).exp())


def _silu_balls(z: Any, analytic: bool) -> tuple[Any, Any]:
    share = 1 / (1 + (-z).exp())
    return z * share, share * (1 + z * (1 - share))


def _integrals(function: Callable[..., Any], M: Any) -> tuple[Any, Any, Any, Any]:
    return M.integrated(function)


def leaky_relu(slope: float = 0.1) -> Activation:
    """Return max(u, 0) + slope min(u, 0)."""
    slope = validation.real_scalar("slope", slope)
    return _exact(
        "leaky-relu", partial(_leaky, slope=slope), partial(_leaky_slope, slope=slope),
        (1.0 - slope) / math.sqrt(2.0 * _PI), partial(_leaky_moments, slope=slope),
        (partial(dual_kernels.leaky_relu, slope=slope), partial(dual_kernels.leaky_relu_derivative, slope=slope)),
        (0.0,),
    )  # fmt: skip


def abs_linear(linear: float = 1.0) -> Activation:
    """Return |u| + linear u."""
    linear = validation.real_scalar("linear", linear)
    kernels = (
        partial(dual_kernels.abs_linear, linear=linear),
        partial(dual_kernels.abs_linear_derivative, linear=linear),
    )
    return _exact(
        "abs-linear", partial(_abs_linear, linear=linear), partial(_abs_linear_slope, linear=linear),
        math.sqrt(2.0 / _PI), partial(_abs_moments, linear=linear), kernels, (0.0,),
    )  # fmt: skip


def quadratic(linear: float = 0.0) -> Activation:
    """Return u^2 - 1 + linear u, which attains rho^2 = 2 mu2^2."""
    linear = validation.real_scalar("linear", linear)
    kernels = (
        partial(dual_kernels.quadratic, linear=linear),
        partial(dual_kernels.quadratic_derivative, linear=linear),
    )
    return _exact(
        "quadratic", partial(_quadratic, linear=linear), partial(_quadratic_slope, linear=linear),
        0.0, partial(_quadratic_moments, linear=linear), kernels,
    )  # fmt: skip


def step(sharpness: float = 5.0) -> Activation:
    """Return Phi(sharpness u), a smooth step; a true step has no gradient to attack and infinite rho."""
    b = validation.real_scalar("sharpness", sharpness, 0.0, open_lower=True)
    kernels = (partial(dual_kernels.probit, sharpness=b), partial(dual_kernels.probit_derivative, sharpness=b))
    return _exact(
        "step", partial(_probit, sharpness=b), partial(_probit_slope, sharpness=b), 0.5,
        partial(_probit_moments, sharpness=b), kernels,
    )  # fmt: skip


def _exact(
    name: str,
    function: Function,
    derivative: Function,
    mu0: float,
    moments: Exact,
    kernels: tuple[Function, Function] | None = None,
    kinks: tuple[float, ...] = (),
) -> Activation:
    mu1, mu2_squared, rho_squared, a2 = moments(math)
    mu2, rho = math.sqrt(mu2_squared), math.sqrt(rho_squared)
    return Activation(name, function, derivative, mu0, mu1, mu2, rho, kernels, kinks, moments, a2)


def _smooth(name: str, function: Function, derivative: Function, balls: Callable[..., Any]) -> Activation:
    made = Activation.from_callable(function, derivative, name=name)
    return Activation(**{**_fields(made), "exact": partial(_integrals, balls)})


def _erf() -> Activation:
    return _exact("erf", erf, _erf_slope, 0.0, _erf_moments, (dual_kernels.erf, dual_kernels.erf_derivative))


def _sin() -> Activation:
    return _exact("sin", np.sin, np.cos, 0.0, _sine_moments, (dual_kernels.sine, dual_kernels.cosine))


def _cos() -> Activation:
    kernels = (dual_kernels.cosine, dual_kernels.sine)
    return _exact("cos", np.cos, _minus_sine, math.exp(-0.5), _cosine_moments, kernels)


def _hard_tanh() -> Activation:
    return _exact("hard-tanh", _clip, _clip_slope, 0.0, _clip_moments, None, (-1.0, 1.0))


def _gelu_activation() -> Activation:
    kernels = (dual_kernels.gelu, dual_kernels.gelu_derivative)
    return _exact("gelu", _gelu, _gelu_slope, 0.5 / math.sqrt(_PI), _gelu_moments, kernels)


def _identity_activation() -> Activation:
    kernels = (dual_kernels.identity, dual_kernels.identity_derivative)
    return _exact("identity", _identity, _one, 0.0, _identity_moments, kernels)


@dataclass(frozen=True)
class _Entry:
    """How to make a built-in activation, its formula, and the name of its parameter if it has one."""

    make: Callable[..., Activation]
    formula: str
    parameter: str | None = None


#: Name -> entry, in the order in which they are listed.
TABLE: dict[str, _Entry] = {
    "relu": _Entry(lambda: RELU, "max(u, 0) - 1/sqrt(2 pi)"),
    "leaky-relu": _Entry(leaky_relu, "max(u, 0) + a min(u, 0); a = 0.1", "slope"),
    "abs-linear": _Entry(abs_linear, "|u| + b u; b = 1", "linear"),
    "hard-tanh": _Entry(_hard_tanh, "min(max(u, -1), 1)"),
    "erf": _Entry(_erf, "erf(u)"),
    "step": _Entry(step, "Phi(b u); b = 5", "sharpness"),
    "sin": _Entry(_sin, "sin(u)"),
    "cos": _Entry(_cos, "cos(u)"),
    "quadratic": _Entry(quadratic, "u^2 - 1 + b u; b = 0", "linear"),
    "gelu": _Entry(_gelu_activation, "u Phi(u)"),
    "identity": _Entry(_identity_activation, "u"),
    "tanh": _Entry(partial(_smooth, "tanh", np.tanh, _tanh_slope, _tanh_balls), "tanh(u)"),
    "sigmoid": _Entry(partial(_smooth, "sigmoid", expit, _sigmoid_slope, _sigmoid_balls), "1/(1 + e^-u)"),
    "softplus": _Entry(partial(_smooth, "softplus", _softplus, expit, _softplus_balls), "log(1 + e^u)"),
    "silu": _Entry(partial(_smooth, "silu", _silu, _silu_slope, _silu_balls), "u/(1 + e^-u)"),
}


@lru_cache(maxsize=256)
def _make(base: str, value: float | None) -> Activation:
    entry = TABLE[base]
    if value is None:
        return entry.make()
    made = entry.make(value)
    return Activation(**{**_fields(made), "name": f"{base}:{value:g}"})


def _fields(activation: Activation) -> dict[str, Any]:
    return {name: getattr(activation, name) for name in activation.__dataclass_fields__}


def built_in(name: str) -> Activation:
    """Return the built-in activation ``name``, or ``name:value`` for one with a parameter.

    Raises
    ------
    TypeError, ValueError
        If there is no such name, or the value after the colon is not an admissible number.

    Examples
    --------
    >>> from rfrobust.problem.catalogue import built_in
    >>> built_in("leaky-relu:0.2").mu1
    0.6
    """
    base, colon, text = name.partition(":") if isinstance(name, str) else (name, "", "")
    if not isinstance(name, str) or base not in TABLE:
        validation.choice("activation", name, TABLE)
    if not colon:
        return _make(base, None)
    parameter = TABLE[base].parameter
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if parameter is None or not math.isfinite(value):
        allowed = "takes no parameter" if parameter is None else f"needs a number after the colon ({parameter})"
        raise ValueError(f"activation {base!r} {allowed}, got activation={name!r}")
    return _make(base, value)


def resolve_activation(activation: str | Activation) -> Activation:
    """Return the activation itself, or the built-in one of that name (``"leaky-relu:0.2"`` sets a parameter)."""
    return activation if isinstance(activation, Activation) else built_in(activation)
