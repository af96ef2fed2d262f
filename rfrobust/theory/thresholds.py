"""Training radii at which the solution changes its kind: the null and the interpolation threshold."""

import math

from scipy.special import erfcinv

from ..engine import regimes as solver
from ..problem.activation import Activation, resolve_activation
from ..problem.parameters import scalar
from ..problem.spectrum import Spectrum, resolve_spectrum
from ..support import validation
from .equilibrium import Phase, SolverError, Status, solve


def null_threshold(
    psi1: float,
    psi2: float,
    tau: float = 0.0,
    *,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
) -> float:
    r"""Return eps_c, the training radius from which on training returns theta = 0, whatever the ridge.

    .. math::
       \epsilon_c^2 = \frac\pi2\left[\frac{\psi_1\,E[\mu_1^2x/J^2]\,|\beta|^2}{|\beta|^2+\tau^2+F_*^2}
       + \frac{\psi_1}{\psi_2}E[\Sigma/J^2]\right]

    Parameters
    ----------
    psi1, psi2, tau, activation, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`.

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
    psi1 = scalar("psi1", psi1)
    psi2 = scalar("psi2", psi2)
    tau = scalar("tau", tau)
    signal_norm = scalar("signal_norm", signal_norm)
    nonlinear_power = scalar("nonlinear_power", nonlinear_power)
    constants = resolve_activation(activation).constants
    law = resolve_spectrum(spectrum).law(psi1)
    noise = tau * tau + nonlinear_power
    square = solver.null_threshold_squared(
        psi1, psi1 / psi2, noise, *constants, signal_norm * signal_norm, *law
    )
    return math.sqrt(square)


def interpolation_threshold(
    psi1: float,
    psi2: float,
    tau: float,
    n: int,
    *,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
) -> float:
    r"""Return the training radius below which a sample of size ``n`` is interpolated (ridge = 0).

    .. math:: \epsilon_n = \frac{k_{min}\,r}{s_n\sqrt v}, \qquad s_n = \sqrt2\,\mathrm{erfc}^{-1}(1/n)

    with k_min, r, v of the interpolator of least \|J theta\|. In the limit n -> inf it goes to 0 like
    (2 log n)^(-1/2): there is no sharp interpolation phase.

    Parameters
    ----------
    psi1, psi2, tau, activation, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`, with finite ``psi2``.
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
    :eq:`eq-interpolation`, derived in docs/theory, "Near interpolation"; [R], carried over to \|J theta\|.
    """
    n = validation.integer("n", n, 2)
    try:
        interpolator = solve(
            psi1, psi2, 0.0, tau, activation=activation, spectrum=spectrum,
            signal_norm=signal_norm, nonlinear_power=nonlinear_power,
        )  # fmt: skip
    except SolverError as error:
        if error.status is Status.DIVERGENT:  # N = n
            return 0.0
        raise
    if interpolator.phase is not Phase.INTERPOLATING:
        return 0.0
    s_n = math.sqrt(2.0) * float(erfcinv(1.0 / n))
    return interpolator.k * interpolator.gradient_norm / (s_n * math.sqrt(interpolator.standard_risk))
