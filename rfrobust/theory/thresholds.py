"""Training radii at which the solution changes its kind: the null and the interpolation threshold."""

import math
from typing import Unpack

from scipy.special import erfcinv

from ..engine import regimes
from ..problem.phase import Phase
from ..problem.problem import NO_NOISE, FirstLayer, Problem, plain_only, setting_of
from ..support import validation
from .equilibrium import SolverError, Status, solve
from .points import null_radius


def null_threshold(
    psi1: float | Problem, psi2: float | None = None, tau: float = NO_NOISE, **settings: Unpack[FirstLayer]
) -> float:
    r"""Return eps_c, the training radius from which on training returns theta = 0, whatever the ridge.

    .. math::
       \epsilon_c^2 = \frac\pi2\left[\frac{\psi_1\,E[\mu_1^2x/J^2]\,|\beta|^2}{|\beta|^2+\tau^2+F_*^2}
       + \frac{\psi_1}{\psi_2}E[\Sigma/J^2]\right]

    without a radial part of the target; :eq:`eq-radial-null` with one.

    Parameters
    ----------
    psi1, psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, or its parameters without the radius.

    Returns
    -------
    float
        eps_c, in the units of x.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    :eq:`eq-null`, derived in docs/theory, "Null phase"; the zero solution beyond a threshold of [R], in the limit.
    """
    problem = setting_of(psi1, psi2, tau, settings)
    radius, residual = null_radius(problem)
    if not residual <= regimes.RESIDUAL_TOLERANCE:
        raise SolverError(Status.NOT_CONVERGED, f"the null threshold of {problem!r}")
    return float(radius)


def interpolation_threshold(
    psi1: float | Problem,
    psi2: float | None = None,
    tau: float = NO_NOISE,
    n: int | None = None,
    **settings: Unpack[FirstLayer],
) -> float:
    r"""Return the training radius below which a sample of size ``n`` is interpolated (ridge = 0).

    .. math:: \epsilon_n = \frac{k_{min}\,r}{s_n\sqrt v}, \qquad s_n = \sqrt2\,\mathrm{erfc}^{-1}(1/n)

    with k_min, r, v of the interpolator of least \|J theta\|. In the limit n -> inf it goes to 0 like
    (2 log n)^(-1/2): there is no sharp interpolation phase.

    Parameters
    ----------
    psi1, psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, or its parameters without radius and ridge, with finite ``psi2``.
    n : int
        Sample size, >= 2.

    Returns
    -------
    float
        eps_n; 0 where N <= n, where no sample can be interpolated.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    SolverError
        If the interpolator could not be computed.

    Notes
    -----
    :eq:`eq-interpolation`, a heuristic of docs/theory, "Near interpolation"; [R], carried over to \|J theta\|.
    """
    n = validation.integer("n", n, 2)
    problem = plain_only(setting_of(psi1, psi2, tau, settings))
    try:
        interpolator = solve(problem.vary(eps=0.0, ridge=0.0, gradient_penalty=0.0))
    except SolverError as error:
        if error.status is Status.DIVERGENT:  # N = n
            return 0.0
        raise
    if interpolator.phase is not Phase.INTERPOLATING:
        return 0.0
    s_n = math.sqrt(2.0) * float(erfcinv(1.0 / n))
    return interpolator.k * interpolator.gradient_norm / (s_n * math.sqrt(interpolator.standard_risk))
