r"""Adversarial linear regression ([JSH]) as a case of the engine: identity activation, W W' = I, psi1 = 1.

.. math:: \hat\theta=\arg\min_\theta\frac1{2n}\sum_i(|y_i-\langle x_i,\theta\rangle|+\epsilon\|\theta\|)^2,\qquad
          y=\langle x,\theta_0\rangle+\tau z,\ x\sim N(0,I_p),\ n/p\to\delta.
"""

import math

from scipy.optimize import brentq

from ..engine.gaussian import SQRT_2_OVER_PI
from ..problem.parameters import RANGES, scalar
from ..support.validation import real_scalar
from .equilibrium import Equilibrium, SolverError, solve
from .thresholds import null_threshold


def linear(delta: float, eps: float, tau: float = 0.0, *, signal_norm: float = 1.0, ridge: float = 0.0) -> Equilibrium:
    r"""Return the limiting risks of adversarially trained linear regression.

    Parameters
    ----------
    delta : float
        n/p, samples per dimension, positive; ``inf`` is the population optimum.
    eps : float
        Training radius, >= 0; 0 is the limit eps -> 0+, for ``delta`` < 1 the least-norm interpolator.
    tau : float
        Standard deviation of the noise, sigma_0 of [JSH].
    signal_norm : float
        \|theta_0\|, V_0 of [JSH].
    ridge : float
        Weight of (ridge/2) \|theta\|^2.

    Returns
    -------
    Equilibrium
        With psi1 = 1 and psi2 = ``delta``; ``gradient_norm`` is \|theta\|.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    SolverError
        If there is no finite solution (eps = 0, ridge = 0, delta = 1) or none was reached. Without noise
        and for small eps training recovers theta_0 exactly, v = 0: that degenerate case is refused.

    Notes
    -----
    docs/conventions, "Linear regression as a special case"; [JSH] for
    the minimax form, which :func:`rfrobust.checks.linear_theorem` solves by itself.

    Examples
    --------
    >>> import rfrobust
    >>> model = rfrobust.theory.linear(2, 0.5, 0.5)
    >>> round(model.standard_risk, 10), round(model.gradient_norm**2, 10)
    (0.4529764865, 0.6251696123)
    """
    delta = real_scalar("delta", delta, **RANGES["psi2"])
    try:
        return solve(
            1.0, delta, eps, tau, ridge=ridge, activation="identity", spectrum="orthogonal", signal_norm=signal_norm
        )
    except SolverError as error:
        raise SolverError(error.status, f"delta={delta!r}, eps={eps!r}, tau={tau!r}, ridge={ridge!r}") from None


def linear_null_threshold(delta: float, tau: float = 0.0, *, signal_norm: float = 1.0) -> float:
    r"""Return :math:`\epsilon_c=\sqrt{(\pi/2)(V_0^2/(V_0^2+\tau^2)+1/\delta)}`, from which on theta = 0.

    Parameters as for :func:`linear`. Source: :eq:`eq-null` with x = 1.
    """
    delta = real_scalar("delta", delta, **RANGES["psi2"])
    return null_threshold(1.0, delta, tau, activation="identity", spectrum="orthogonal", signal_norm=signal_norm)


def linear_population(eps: float, tau: float, *, signal_norm: float = 1.0) -> float:
    r"""Return the shrinkage K of the population optimum theta = K theta_0 (delta = inf), a number in [0, 1).

    .. math:: K=\frac1{1+k},\quad k=\frac{\epsilon^2+h\epsilon\sqrt v/r}{1+h\epsilon r/\sqrt v},\quad
              \frac v{r^2}=(1+k)^2\frac{\tau^2}{V_0^2}+k^2,\quad h=\sqrt{2/\pi}.

    The risks follow: v = tau^2 + V_0^2 (1-K)^2, r = V_0 K. This is :eq:`eq-population` with x = 1.

    Parameters
    ----------
    eps : float
        Training radius, >= 0.
    tau : float
        Noise, positive.
    signal_norm : float
        V_0 > 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    The population optimum of [JSH]; one equation in K, solved inside a bracket.
    """
    eps, signal_norm = scalar("eps", eps), scalar("signal_norm", signal_norm)
    tau = real_scalar("tau", tau, **{**RANGES["tau"], "allow_zero": False})
    ratio = (tau / signal_norm) ** 2
    slope = SQRT_2_OVER_PI * eps
    if slope * math.sqrt(1.0 + ratio) >= 1.0:
        return 0.0

    def equation(K: float) -> float:
        # with the error sqrt(v)/V_0, both sides multiplied by K
        error = math.sqrt(ratio + (1.0 - K) ** 2)
        return (1.0 - K) * (1.0 + slope * K / error) - (eps * eps * K + slope * error)

    return float(brentq(equation, 0.0, 1.0, xtol=1e-16, rtol=8.9e-16)) if eps > 0.0 else 1.0
