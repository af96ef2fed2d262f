"""Limits with closed or lower-dimensional forms, by name (docs/limits derives them)."""

import math
from dataclasses import dataclass
from typing import Any, Unpack

from ..problem.activation import Activation
from ..problem.catalogue import resolve_activation
from ..problem.loss import MarginLoss
from ..problem.parameters import RANGES, finite, scalar
from ..problem.phase import Phase
from ..problem.problem import NO_NOISE, FirstLayer, Problem, Settings, as_problem, setting_of
from ..problem.risk import adversarial_risk
from ..support import validation
from .equilibrium import Equilibrium, solve
from .sensitivity import gradient


@dataclass(frozen=True)
class LimitingModel:
    """Standard risk v and gradient norm r of a limiting model."""

    standard_risk: float
    gradient_norm: float

    def adversarial_risk(self, eps_test: Any) -> Any:
        r"""Return :math:`v + 2\sqrt{2/\pi}\,\epsilon r\sqrt v + \epsilon^2r^2` at one or more test radii."""
        radius = validation.real_array("eps_test", eps_test, **RANGES["eps_test"])[()]
        return adversarial_risk(self.standard_risk, self.gradient_norm, radius)


def null_model(
    tau: float = 0.0, *, signal_norm: float = 1.0, nonlinear_power: float = 0.0, radial_power: float = 0.0
) -> LimitingModel:
    r"""Return the model theta = 0: v = \|beta\|^2 + tau^2 + F_*^2 + F_o^2, r = 0."""
    tau, signal_norm = scalar("tau", tau), scalar("signal_norm", signal_norm)
    powers = scalar("nonlinear_power", nonlinear_power) + scalar("radial_power", radial_power)
    return LimitingModel(signal_norm**2 + tau**2 + powers, 0.0)


def population(
    psi1: float | Problem, eps: float | None = None, tau: float = NO_NOISE, **settings: Unpack[Settings]
) -> Equilibrium:
    r"""Return the population optimum, psi2 = inf: one equation in q.

    .. math:: q^2v=\epsilon^2r^2,\qquad k=\frac{\epsilon^2(h+q)}{q(1+hq)},\quad l=\frac\lambda{1+hq},\quad
              h=\sqrt{2/\pi},

    v and r^2 being the noise-free traces :eq:`eq-traces`. Arguments and errors as for :func:`solve`.
    """
    if isinstance(psi1, Problem):
        return solve(as_problem(psi1, None, eps, tau, **settings).vary(psi2=math.inf))
    return solve(as_problem(psi1, math.inf, eps, tau, **settings))


def least_gradient_interpolator(
    psi1: float | Problem, psi2: float | None = None, tau: float = NO_NOISE, **settings: Unpack[FirstLayer]
) -> Equilibrium:
    r"""Return the interpolator of least \|J theta\|, the limit eps -> 0+ without ridge for N > n: one equation in k.

    It is that of every loss of residuals; under other norms it is the interpolator of least dual norm of the gradient,
    with k r for the multiplier of that norm (docs/family, "Interpolators").

    .. math:: \frac{\psi_1}{\psi_2}E\frac{\Sigma}{\Sigma+kJ^2}=1,\qquad
              v=\frac{\tau^2+B(k)}{1-\frac{\psi_1}{\psi_2}E\frac{\Sigma^2}{(\Sigma+kJ^2)^2}}.

    Arguments as for :func:`solve`, without radius and ridge.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or there are not more independent features than samples.
    """
    problem = setting_of(psi1, psi2, tau, settings).vary(eps=0.0, ridge=0.0, gradient_penalty=0.0)
    at = f"psi1={problem.psi1!r}, psi2={problem.psi2!r}"
    if problem.psi1 <= problem.psi2:
        raise ValueError(f"psi1 must be > psi2 for an interpolator, got {at}")
    model = solve(problem)
    if model.phase is not Phase.INTERPOLATING:
        raise ValueError(f"the features do not have rank n at {at}: no interpolator of noisy data")
    return model


def infinitely_wide(
    psi2: float,
    scaled_eps: float,
    tau: float = 0.0,
    *,
    ridge: float = 0.0,
    activation: str | Activation = "relu",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
    radial_power: float = 0.0,
) -> LimitingModel:
    r"""Return the limit psi1 -> inf at fixed psi2, the training radius being scaled_eps / sqrt(psi1).

    .. math:: v=\frac{\tau^2+|\beta|^2(1-X)^2+F_\circ^2(1-X_\circ)^2}{1-X^2/\psi_2},\quad
              r^2=X^2(|\beta|^2+v/\psi_2)+2F_\circ^2X_\circ^2,\quad X_\circ=\frac{a_2^2}{a_2^2(1+2k)+\ell},\quad
              X=\frac{\mu_1^2}{\mu_1^2(1+k)+\ell},\quad k=\frac{s^2}{\lambda}\ell,\quad
              \frac{X}{\psi_2}+\frac{\mu_2^2}{\psi_2\,\ell}=1,

    s being ``scaled_eps``. The last equation is a quadratic in the scaled ridge l > mu2^2/psi2. A fixed training
    radius is ``scaled_eps = inf``: then X = 0, the model forgets the signal, and so does the limit eps -> 0 without
    ridge. Only with a ridge and eps of order psi1^(-1/2) or below is anything linear kept.

    Parameters
    ----------
    psi2 : float
        n/d, positive and finite.
    scaled_eps : float
        Limit of eps sqrt(psi1), >= 0 or ``inf``.
    tau, ridge, activation, signal_norm, nonlinear_power, radial_power
        As for :func:`solve`; the activation must not be linear (mu2 > 0). Rows of W are uniform on the sphere.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Derived here (docs/limits). For a linear activation the limit is :func:`rfrobust.theory.linear` instead.
    """
    psi2 = finite("psi2", psi2)
    s = validation.real_scalar("scaled_eps", scaled_eps, 0.0, 1e40, allow_inf=True)
    tau, ridge, signal_norm = scalar("tau", tau), scalar("ridge", ridge), scalar("signal_norm", signal_norm)
    c, mu, _ = _nonlinear(activation)
    noise, radial = tau * tau + scalar("nonlinear_power", nonlinear_power), scalar("radial_power", radial_power)
    signal, spike = signal_norm**2, resolve_activation(activation).spike if radial > 0.0 else 0.0
    if ridge == 0.0 or s == math.inf:
        X = learned = 0.0
    else:
        # l^2 (c eta psi2 + psi2) + l (c psi2 - c - mu (c eta + 1)) - mu c = 0 with k = eta l: a quadratic, one root > 0
        a = psi2 * (1.0 + c * s * s / ridge)
        b = c * (psi2 - 1.0) - mu * a / psi2
        root = math.sqrt(b * b + 4.0 * a * mu * c)
        ell = (root - b) / (2.0 * a) if b <= 0.0 else 2.0 * mu * c / (root + b)
        X = c / (c + ell * a / psi2)
        learned = spike / (spike * (1.0 + 2.0 * s * s * ell / ridge) + ell)
    v = (noise + signal * (1.0 - X) ** 2 + radial * (1.0 - learned) ** 2) / (1.0 - X * X / psi2)
    return LimitingModel(v, math.sqrt(X * X * (signal + v / psi2) + 2.0 * radial * learned * learned))


def wide_gradient_decay(
    psi2: float,
    tau: float = 0.0,
    *,
    activation: str | Activation = "relu",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
    radial_power: float = 0.0,
) -> float:
    r"""Return the limit of sqrt(psi1) r as psi1 -> inf at fixed psi2 and eps > 0, where r itself vanishes.

    .. math:: \sqrt{\psi_1}\,r\to\frac{\rho}{\mu_2}\sqrt{\psi_2(|\beta|^2+\tau^2+F_*^2+F_\circ^2)}

    It depends neither on eps nor on the ridge. The adversarial risk approaches that of the null model from above like
    AR = v_0 + 2 sqrt(2/pi) eps_test r sqrt(v_0). Arguments and errors as for :func:`infinitely_wide`; derived there.
    """
    psi2 = finite("psi2", psi2)
    _, mu, rho2 = _nonlinear(activation)
    target = {"signal_norm": signal_norm, "nonlinear_power": nonlinear_power, "radial_power": radial_power}
    v = null_model(tau, **target).standard_risk
    return math.sqrt(rho2 / mu * psi2 * v)


def _nonlinear(activation: str | Activation) -> tuple[float, float, float]:
    constants = resolve_activation(activation).constants
    if constants[1] == 0.0:
        raise ValueError("activation must not be linear (mu2 > 0): use rfrobust.theory.linear for a linear one")
    return constants


@dataclass(frozen=True)
class SmallEpsExpansion:
    r"""First-order expansion in the training radius: v + v' eps, r + r' eps, and AR + AR' eps at eps_test = eps.

    Attributes
    ----------
    standard_risk, gradient_norm : float
        At eps = 0+; the adversarial risk at eps = eps_test = 0 is the standard risk.
    standard_slope, gradient_slope, adversarial_slope : float
        Derivatives of v, r and AR(eps) in the training radius at 0+.
    """

    standard_risk: float
    gradient_norm: float
    standard_slope: float
    gradient_slope: float
    adversarial_slope: float


def small_eps_expansion(
    psi1: float | Problem, psi2: float | None = None, tau: float = NO_NOISE, **settings: Unpack[FirstLayer]
) -> SmallEpsExpansion:
    r"""Return the first-order coefficients of SR and AR in the training radius, without penalties, for psi1 < psi2.

    They are the one-sided derivatives of :func:`rfrobust.gradient` at eps = 0. For the square loss under Euclidean
    attacks

    .. math:: k=\kappa\,\epsilon+O(\epsilon^2),\quad \kappa=\sqrt{\tfrac2\pi}\frac{\sqrt v}{r},\qquad
              v'=-\frac{2\kappa R\,E[J^2/\Sigma]}{1-R}\,v,\qquad AR'=v'+2\sqrt{\tfrac2\pi}\,r\sqrt v

    with R = psi1/psi2: there a little adversarial training always lowers the standard risk, as a ridge would.

    Parameters
    ----------
    psi1, psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, or its parameters without radius and ridge. A loss of residuals needs
        psi1 < psi2.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, psi1 >= psi2 for a loss of residuals, or v = 0 or r = 0 at
        eps = 0.
    SolverError
        If labels are separable, which have no solution without ridge.

    Notes
    -----
    :eq:`eq-small-eps`, derived in docs/limits. For psi1 > psi2 every correction is smaller than any power of eps,
    because all residuals are zero until the step of the proximal map is small.
    """
    problem = setting_of(psi1, psi2, tau, settings).vary(eps=0.0, ridge=0.0, gradient_penalty=0.0)
    if not isinstance(problem.loss, MarginLoss) and not problem.psi1 < finite("psi2", problem.psi2):
        raise ValueError(f"psi1 must be < psi2, got psi1={problem.psi1!r}, psi2={problem.psi2!r}")
    model = solve(problem)
    v, r = model.standard_risk, model.gradient_norm
    if v <= 0.0 or r == 0.0:
        raise ValueError(f"the expansion needs v > 0 and r > 0 at eps = 0, got v={v!r}, r={r!r}")
    slopes = gradient(model, 0.0)
    by_eps, moving = slopes.sel(parameter="eps"), slopes.adversarial_risk.sel(parameter=["eps", "eps_test"]).sum()
    return SmallEpsExpansion(v, r, float(by_eps.standard_risk), float(by_eps.gradient_norm), float(moving))
