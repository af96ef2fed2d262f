"""Training radii at which the solution changes its kind: the null and the interpolation threshold."""

import math
from typing import Unpack

from scipy.optimize import brentq
from scipy.special import erfc, erfcinv, ndtr, owens_t

from ..engine import regimes
from ..engine.channels import blurred
from ..problem.loss import MarginLoss
from ..problem.phase import Phase
from ..problem.problem import NO_NOISE, FirstLayer, Problem, setting_of
from ..support import validation
from .equilibrium import Equilibrium, SolverError, Status, solve
from .points import null_radius


def null_threshold(
    psi1: float | Problem, psi2: float | None = None, tau: float = NO_NOISE, **settings: Unpack[FirstLayer]
) -> float:
    r"""Return eps_c, the training radius from which on training returns theta = 0, whatever the ridge.

    .. math::
       \epsilon_c^2 = \frac\pi2\left[\frac{\psi_1\,E[\mu_1^2x/J^2]\,|\beta|^2}{|\beta|^2+\tau^2+F_*^2}
       + \frac{\psi_1}{\psi_2}E[\Sigma/J^2]\right]

    for the square loss under Euclidean attacks without a radial part of the target; :eq:`eq-radial-null` with one,
    :eq:`eq-null-loss` for other losses, :eq:`eq-null-coordinates` for other norms.

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
    r"""Return the training radius below which a sample of size ``n`` is interpolated (without penalties).

    .. math:: \epsilon_n = \frac{k_{min}\,r}{x_n}, \qquad P(|y-f(x)|>x_n)=\frac1n

    with k_min, r and f of the interpolator of least norm of the gradient, dual to the attack's: the same for every loss
    of residuals. For Gaussian noise x_n = s_n sqrt v with s_n = sqrt 2 erfc^-1(1/n). In the limit n -> inf eps_n goes
    to 0, like (2 log n)^(-1/2): there is no sharp interpolation phase.

    Parameters
    ----------
    psi1, psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, or its parameters without radius and ridge, with finite ``psi2``.
    n : int
        Sample size, >= 2.

    Returns
    -------
    float
        eps_n; 0 where no interpolator has a finite risk, as where N <= n.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the loss is one of margins: labels are separated then,
        and no training margin is what the loss asks for.
    SolverError
        If the interpolator could not be computed.

    Notes
    -----
    :eq:`eq-interpolation` and :eq:`eq-family-interpolation`, a heuristic of docs/theory, "Near interpolation"; [R],
    carried over to the norm of the gradient.
    """
    n = validation.integer("n", n, 2)
    problem = setting_of(psi1, psi2, tau, settings)
    if isinstance(problem.loss, MarginLoss):
        raise ValueError(
            f"loss must be one of residuals, got loss={problem.loss.name!r}: a loss of margins separates labels, and "
            "interpolates nothing"
        )
    try:
        interpolator = solve(problem.vary(eps=0.0, ridge=0.0, gradient_penalty=0.0))
    except SolverError as error:
        if error.status is Status.DIVERGENT:  # N = n, or noise without variance
            return 0.0
        raise
    if interpolator.phase is not Phase.INTERPOLATING:
        return 0.0
    return interpolator.k * interpolator.gradient_norm / _exceeded(interpolator, n)


def _exceeded(model: Equilibrium, n: int) -> float:
    """Return what the size of a residual on fresh data exceeds with probability 1/n."""
    data = model.problem.data
    if data.labels == "sign":  # |1 - y f|, of the skew normal margins y f (eq-robust-error)
        kappa, width = 1.0 / math.tan(math.pi * model.standard_risk), math.sqrt(model.output_power)

        def tail(x: float) -> float:
            low, high = (1.0 - x) / width, (1.0 + x) / width
            return float(ndtr(low) + ndtr(-high) + 2.0 * (owens_t(high, kappa) - owens_t(low, kappa)))

        return float(brentq(lambda x: tail(x) - 1.0 / n, 0.0, 1.0 + 40.0 * width, xtol=1e-300, rtol=1e-14))
    sizes, weights, centres = blurred(data.noise.atoms(), data.tau, model.excess_risk + data.nonlinear_power)
    s_n = math.sqrt(2.0) * float(erfcinv(1.0 / n))
    low, high = math.log(0.9 * s_n * sizes.min()), math.log(centres.max() + 1.1 * s_n * sizes.max())

    def log_number(log_x: float) -> float:
        return math.log(n * float(weights @ erfc((math.exp(log_x) - centres) / (math.sqrt(2.0) * sizes))))

    return math.exp(brentq(log_number, low, high, xtol=1e-15))
