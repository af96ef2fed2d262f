"""The linearized adversarial training flow of a wide network: closed form, ordinary differential equation, limit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy import linalg
from scipy.integrate import quad_vec, solve_ivp

from ..support import validation
from ..support.errors import NumericalError
from ..support.provenance import versions
from .spectral import KernelSpectrum, StoppedKernel, checked_kernel, nonnegative

#: Relative tolerance of the integrations; absolute ones scale with the residual at the start.
_RTOL = 1e-12
METHODS = ("closed form", "ode")


@dataclass(frozen=True)
class LinearizedFlow:
    r"""Adversarial training of the linearized network under the squared loss.

    The search :math:`\partial_s x_i = \eta_i(t) \nabla_x f\, \partial_f L` over :math:`s \in [0, S]` multiplies the
    residual of sample i by :math:`D_i(t) = \exp(\Theta_x(x_i, x_i)\, \eta_i(t)\, S)`, and training on what it finds is

    .. math:: \frac{d f_t(X)}{dt} = -\Theta D(t) (f_t(X) - y).

    Parameters
    ----------
    theta : ndarray, shape (n, n)
        NTK of the training samples, symmetric and positive semidefinite.
    targets : ndarray, shape (n,) or (n, outputs)
        Targets y.
    ark : float or ndarray, shape (n,)
        :math:`\Theta_x(x_i, x_i)`, zero or more; see :func:`rfrobust.wide.ark_limit`.
    eta : float, ndarray of shape (n,), or callable
        Search rates, zero or more; a callable takes the time t and returns shape (n,). Zero is standard training.
    horizon : float
        Length S of the search.
    initial : ndarray, shape of ``targets``, optional
        Outputs f_0(X); zero by default.

    Raises
    ------
    TypeError, ValueError
        If a shape or a range is wrong or theta is not symmetric and positive semidefinite.

    Notes
    -----
    Fu and Wang (arXiv:2310.06112); docs/wide.md, section 3. The closed form

    .. math:: f_t(x) = f_0(x) - \Theta(x, X) \Theta^{-1} (I - e^{-\Theta \Xi(t)}) (f_0(X) - y), \qquad
              \Xi(t) = \int_0^t D(\tau)\, d\tau,

    solves the flow when eta is constant in time, or the D_i are proportional to one another. When they vary
    differently in time it does not, since :math:`\Theta D(t)` at different times do not commute: use method
    "ode" there. :attr:`is_constant` says whether the closed form is known to be exact.
    """

    theta: np.ndarray
    targets: np.ndarray
    ark: Any = 1.0
    eta: Any = 0.0
    horizon: float = 1.0
    initial: Any = None

    def __post_init__(self) -> None:
        theta = validation.real_array("theta", self.theta, ndim=2)
        n = len(theta)
        checked_kernel(theta, n)
        nonnegative(linalg.eigvalsh(theta, check_finite=False))
        targets = validation.real_array("targets", self.targets, ndim=(1, 2))
        targets = validation.real_array("targets", targets, shape=(n, *targets.shape[1:]))
        initial = np.zeros_like(targets) if self.initial is None else self.initial
        validation.store(
            self,
            theta=theta,
            targets=targets,
            ark=validation.per_sample("ark", self.ark, n),
            horizon=validation.real_scalar("horizon", self.horizon, 0),
            initial=validation.real_array("initial", initial, shape=targets.shape),
            eta=self.eta if callable(self.eta) else validation.per_sample("eta", self.eta, n),
        )

    @property
    def is_constant(self) -> bool:
        """Whether the search rates are constant in time, which makes the closed form exact."""
        return not callable(self.eta)

    def amplification(self, t: float) -> np.ndarray:
        """Return the diagonal of D(t), shape (n,)."""
        t = validation.real_scalar("t", t, 0)
        eta = validation.per_sample("eta", self.eta(t), len(self.theta)) if callable(self.eta) else self.eta
        return np.exp(self.ark * eta * self.horizon)

    def regularization(self, t: float) -> np.ndarray:
        r"""Return the diagonal of the regularization matrix :math:`\Xi(t) = \int_0^t D`, shape (n,)."""
        t = validation.real_scalar("t", t, 0)
        if self.is_constant:
            return t * self.amplification(0.0)
        value, error = quad_vec(self.amplification, 0.0, t, epsrel=_RTOL, epsabs=0.0, limit=10_000)
        if error > 1e-8 * np.linalg.norm(value):
            raise NumericalError(
                f"Xi({t:g}) was not integrated: error {error:g} of {np.linalg.norm(value):g}; is eta(t) continuous?"
            )
        return value

    def coefficients(self, times: Any, *, method: str = "closed form") -> xr.Dataset:
        r"""Follow the training to the given times.

        Parameters
        ----------
        times : array_like, shape (times,)
            Times, zero or more, increasing.
        method : {"closed form", "ode"}
            The published closed form, or the flow itself (SciPy's DOP853).

        Returns
        -------
        xarray.Dataset
            ``coefficients`` c (time, sample, output), such that :math:`f_t(x) = f_0(x) + \Theta(x, X) c_t` for
            every x; ``train``, the outputs f_t(X); ``xi``, the diagonal of Xi(t) (time, sample).

        Raises
        ------
        ValueError
            For times that are negative or not increasing, or an unknown method.
        NumericalError
            If the integration fails.
        """
        times = validation.real_array("times", times, 0, ndim=1)
        if np.any(np.diff(times) <= 0):
            raise ValueError(f"times must be increasing, got {times}")
        method = validation.choice("method", method, METHODS)
        xi = np.array([self.regularization(float(t)) for t in times])
        residual = (self.targets - self.initial).reshape(len(self.theta), -1)
        if method == "closed form":
            found = np.array([StoppedKernel.decompose(self.theta, row).coefficients(residual) for row in xi])
        else:
            found = self._integrate(times, residual)
        initial = self.initial.reshape(residual.shape)
        dims = ("time", "sample", "output")
        return xr.Dataset(
            {
                "coefficients": (dims, found, {"long_name": "kernel coefficients"}),
                "train": (dims, initial + self.theta @ found, {"long_name": "outputs on the training samples"}),
                "xi": (("time", "sample"), xi, {"long_name": "regularization matrix, diagonal"}),
            },
            coords={"time": ("time", times, {"long_name": "training time"})},
            attrs={"method": method, "horizon": self.horizon, "eta_is_constant": int(self.is_constant), **versions()},
        )

    def limit(self) -> np.ndarray:
        r"""Return the coefficients :math:`\Theta^{-1}(y - f_0(X))` that training tends to, whatever the attack.

        Xi(t) grows without bound, so adversarial training of the linearized network ends at the interpolant of
        standard training (degeneration). A singular kernel gives the least-norm solution and a
        :class:`rfrobust.wide.RankLossWarning`.
        """
        residual = (self.targets - self.initial).reshape(len(self.theta), -1)
        return KernelSpectrum.decompose(self.theta).coefficients(residual, np.inf).reshape(self.targets.shape)

    def _integrate(self, times: np.ndarray, residual: np.ndarray) -> np.ndarray:
        def slope(t: float, flat: np.ndarray) -> np.ndarray:
            gap = residual - self.theta @ flat.reshape(residual.shape)
            return (self.amplification(t)[:, None] * gap).ravel()

        scale = np.abs(residual).max() / max(np.abs(self.theta).max(), np.finfo(float).tiny)
        state, start, states = np.zeros(residual.size), 0.0, []
        # A leg for each time: the interpolant between the steps is of lower order than the steps.
        for time in times:
            if time > start:
                solution = solve_ivp(
                    slope, (start, time), state, method="DOP853", rtol=_RTOL, atol=_RTOL * scale, t_eval=[time]
                )
                if not solution.success:
                    raise NumericalError(f"the adversarial flow was not integrated: {solution.message}")
                state, start = solution.y[:, -1], time
            states.append(state.reshape(residual.shape))
        return np.array(states)
