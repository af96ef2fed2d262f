"""The published minimax of adversarial linear regression ([JSH]), solved as it stands.

An independent check of :func:`rfrobust.theory.linear`: the five-variable objective, its partial derivatives, and a
solution of its own; only the root nu, whose equation is the same, and the search for stationary points are shared with
:mod:`rfrobust.checks.published`.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import erf

from ..problem.parameters import scalar
from ..support.errors import NumericalError
from ..support.validation import real_scalar
from .published import nu_root, stationary_points

_SQRT_2_PI = math.sqrt(2.0 / math.pi)
_STATIONARY = 1e-10
_STARTS = 60


def objective_and_gradient(
    alpha: float,
    beta: float,
    gamma: float,
    tau_h: float,
    tau_g: float,
    *,
    delta: float,
    eps: float,
    tau: float,
    signal_norm: float,
) -> tuple[float, np.ndarray]:
    """Return the objective and its partial derivatives in (alpha, beta, gamma, tau_h, tau_g), all positive."""
    v = alpha**2 + tau**2
    total = tau_g + beta
    # first line: the training loss of n samples with residual variance v
    value = 0.5 * delta * beta * tau_g + 0.5 * beta * v / total
    d_v = 0.5 * beta / total
    d_beta = 0.5 * delta * tau_g + 0.5 * v * tau_g / total**2
    d_tau_g = 0.5 * delta * beta - 0.5 * beta * v / total**2
    d_gamma = 0.0
    t = gamma * total / (eps * beta * math.sqrt(v))
    if t > _SQRT_2_PI:
        ratio = beta / tau_g
        nu = nu_root(t, ratio)
        gain = float(erf(nu / math.sqrt(2.0))) - t * nu
        weight = 0.5 * beta * beta * v / (tau_g * total)
        value += weight * gain
        # d gain = -2 nu dt + nu^2 d ratio, by the equation of nu; log-derivatives of t and of the weight
        slope = -2.0 * nu * t
        d_v += weight * (gain / v - 0.5 * slope / v)
        d_beta += weight * (gain * (2.0 / beta - 1.0 / total) + slope * (1.0 / total - 1.0 / beta) + nu * nu / tau_g)
        d_tau_g += weight * (-gain * (1.0 / tau_g + 1.0 / total) + slope / total - nu * nu * ratio / tau_g)
        d_gamma += weight * slope / gamma
    # second line: the estimator
    root = math.hypot(alpha * beta / tau_h, signal_norm)
    push = gamma * alpha * beta / (tau_h**2 * root)
    value += -0.5 * alpha * (gamma**2 + beta**2) / tau_h + gamma * root - 0.5 * alpha * tau_h
    d_alpha = 2.0 * alpha * d_v - 0.5 * (gamma**2 + beta**2) / tau_h + push * beta - 0.5 * tau_h
    d_beta += -alpha * beta / tau_h + push * alpha
    d_gamma += -alpha * gamma / tau_h + root
    d_tau_h = 0.5 * alpha * (gamma**2 + beta**2) / tau_h**2 - push * alpha * beta / tau_h - 0.5 * alpha
    return value, np.array([d_alpha, d_beta, d_gamma, d_tau_h, d_tau_g])


@dataclass(frozen=True)
class LinearSaddle:
    """The saddle point of the published minimax.

    ``value`` is the robust training loss, ``standard_risk`` v, ``gradient_norm`` the limit of |theta|, ``gradient``
    the largest scaled partial derivative that is left, ``variables`` (alpha, beta, gamma, tau_h, tau_g).
    """

    value: float
    standard_risk: float
    gradient_norm: float
    gradient: float
    variables: tuple[float, float, float, float, float]


def linear_theorem(delta: float, eps: float, tau: float, *, signal_norm: float = 1.0) -> LinearSaddle:
    """Solve the published minimax of adversarial linear regression.

    Parameters
    ----------
    delta, eps, tau, signal_norm : float
        As for :func:`rfrobust.theory.linear`, with finite ``delta`` and ``eps`` > 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    NumericalError
        If no start leads to a stationary point (also from the null threshold on, where there is none).

    Notes
    -----
    [JSH]; |theta| = nu beta sqrt(v)/(eps tau_g), as in [HJ] Theorem 4.2.
    """
    delta = real_scalar("delta", delta, 1e-20, 1e20)
    eps = real_scalar("eps", eps, 0.0, open_lower=True)
    tau, signal_norm = scalar("tau", tau), scalar("signal_norm", signal_norm)
    problem = {"delta": delta, "eps": eps, "tau": tau, "signal_norm": signal_norm}
    for variables, value, gradient in stationary_points(partial(objective_and_gradient, **problem), _STARTS):
        alpha, beta, gamma, _, tau_g = variables
        v = float(alpha**2 + tau**2)
        t = gamma * (tau_g + beta) / (eps * beta * math.sqrt(v))
        if gradient < _STATIONARY and t > _SQRT_2_PI:
            norm = nu_root(t, beta / tau_g) * beta * math.sqrt(v) / (eps * tau_g)
            return LinearSaddle(value, v, float(norm), gradient, tuple(variables.tolist()))
    raise NumericalError(
        f"no stationary point of the published minimax found from {_STARTS} starts at delta={delta}, eps={eps}, "
        f"tau={tau}; is eps above the null threshold?"
    )
