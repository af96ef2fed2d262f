"""One problem in, one labelled solution out: :func:`solve` and its result :class:`Equilibrium`."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import regimes as solver
from ..problem.activation import Activation, resolve_activation
from ..problem.parameters import RANGES, scalar
from ..problem.phase import Phase
from ..problem.risk import adversarial_risk
from ..problem.spectrum import Spectrum, resolve_spectrum
from ..support import validation
from ..support.errors import Error

if TYPE_CHECKING:
    import xarray as xr

    from ..checks.certificate import Certificate
    from ..checks.published import Verification


class Status(IntEnum):
    """How the solver ended."""

    SOLVED = solver.SOLVED
    DIVERGENT = solver.DIVERGENT
    NOT_CONVERGED = solver.NOT_CONVERGED
    DEGENERATE = solver.DEGENERATE

    @property
    def message(self) -> str:
        """What happened and what to do about it."""
        return {
            Status.SOLVED: "solved to the reported residual",
            Status.DIVERGENT: "the limit eps -> 0 without ridge diverges where N = n (psi1 = psi2; for linear "
            "features where min(N, d) = n): take eps > 0, ridge > 0, or psi1 != psi2",
            Status.DEGENERATE: "linear features can fit this target exactly and there is no noise: training "
            "recovers it (v = 0) up to some eps; take tau > 0",
            Status.NOT_CONVERGED: "Newton and bisection left a residual above "
            f"{solver.RESIDUAL_TOLERANCE:g}: the parameters are beyond double precision; move eps away from "
            "the null threshold, or bring extreme ratios and ridges closer to 1",
        }[self]


class SolverError(Error, RuntimeError):
    """The solver did not reach a solution; ``status`` says how it ended."""

    def __init__(self, status: Status, problem: str) -> None:
        super().__init__(f"{status.name} at {problem}: {status.message}")
        self.status = status


@dataclass(frozen=True, slots=True, repr=False)
class Equilibrium:
    r"""The limiting trained model of one problem, as :func:`solve` returns it.

    Attributes
    ----------
    psi1, psi2, eps, tau, ridge : float
        The problem: N/d, n/d, training radius, noise, ridge.
    q, V, k : float
        The unknowns of :eq:`eq-I` and :eq:`eq-II`: q = eps r / sqrt(v), V the step of the proximal map, k the
        multiplier (inf in the null phase; V is inf for eps = 0 beyond interpolation).
    standard_risk : float
        v = E (y - f(x))^2 on fresh data.
    gradient_norm : float
        r = lim \|J theta\| = (E \|grad f(x)\|^2)^(1/2).
    training_loss : float
        Limit of (1/2n) sum (\|residual\| + eps r)^2, without the ridge term.
    mean_abs_residual : float
        Mean absolute training residual.
    zero_residual_fraction : float
        Fraction of training residuals that are exactly zero.
    phase : Phase
        NULL, REGULAR or INTERPOLATING.
    status : Status
        SOLVED; anything else is raised as :class:`SolverError` instead.
    residual : float
        Largest relative residual of the equations at the solution.
    iterations : int
        Newton iterations.
    signal_norm, nonlinear_power : float
        \|beta\| and F_*^2, the power of the part of E[y|x] that no linear function of x explains.
    activation : Activation
        The activation.
    spectrum : Spectrum
        The law of W W'.
    certificate : Certificate or None
        Proved digits, if asked for with ``certify=True``.
    """

    psi1: float
    psi2: float
    eps: float
    tau: float
    ridge: float
    q: float
    V: float
    k: float
    standard_risk: float
    gradient_norm: float
    training_loss: float
    mean_abs_residual: float
    zero_residual_fraction: float
    phase: Phase
    status: Status
    residual: float
    iterations: int
    signal_norm: float
    nonlinear_power: float
    activation: Activation
    spectrum: Spectrum
    certificate: "Certificate | None" = None

    def adversarial_risk(self, eps_test: Any = None) -> Any:
        r"""Return the adversarial risk at radius ``eps_test``.

        .. math:: AR(\epsilon) = v + 2\sqrt{2/\pi}\,\epsilon\,r\sqrt v + \epsilon^2 r^2

        Parameters
        ----------
        eps_test : float or array_like, optional
            Test radius or radii, nonnegative; the training radius by default.

        Returns
        -------
        float or ndarray
            Same shape as ``eps_test``.

        Raises
        ------
        TypeError, ValueError
            If ``eps_test`` is not a nonnegative real number (or an array of them).

        Notes
        -----
        [HJ] eq. 4.2 and Theorem 4.2; :eq:`eq-ar-limit`.
        """
        if eps_test is None:
            radius: Any = self.eps
        else:
            radius = validation.real_array("eps_test", eps_test, **RANGES["eps_test"])[()]
        risk = adversarial_risk(self.standard_risk, self.gradient_norm, radius)
        return risk if np.ndim(risk) else float(risk)

    def verify(self) -> "Verification":
        """Evaluate the published minimax theorem at this solution.

        Returns
        -------
        Verification
            ``gradient``, the largest scaled partial derivative of the published objective, and ``value``, the
            relative difference between the objective and ``training_loss``; both vanish at the exact solution.

        Raises
        ------
        ValueError
            If the theorem does not cover the problem: it needs the shifted ReLU, the Marchenko-Pastur law,
            ridge = 0, eps > 0, finite psi2, a unit linear signal and a regular phase.

        Notes
        -----
        [HJ] Theorem 4.2 (:eq:`eq-R`), by code that shares nothing with the solver.
        """
        from ..checks.published import verify

        return verify(self)

    def gradient(self, eps_test: float | None = None) -> "xr.Dataset":
        """Return the derivatives of every observable with respect to every parameter.

        Same as :func:`rfrobust.theory.sensitivity.gradient`, where the result is described.

        Parameters
        ----------
        eps_test : float, optional
            Test radius of the adversarial risk; the training radius by default.

        Returns
        -------
        xarray.Dataset
            One variable per observable over the dimension ``parameter``.

        Raises
        ------
        TypeError, ValueError
            If ``eps_test`` is not a nonnegative real number.
        """
        from .sensitivity import gradient

        return gradient(self, eps_test)

    def __repr__(self) -> str:
        def show(*names: str) -> str:
            return ", ".join(f"{name}={getattr(self, name):.8g}" for name in names)

        extra = [name for name, default in (("signal_norm", 1.0), ("nonlinear_power", 0.0))
                 if getattr(self, name) != default]  # fmt: skip
        return (
            f"Equilibrium({show('psi1', 'psi2', 'eps', 'tau', 'ridge', *extra)}, "
            f"activation={self.activation.name!r}, spectrum={self.spectrum.name!r})\n"
            f"  standard_risk = {self.standard_risk:.10g}\n"
            f"  adversarial_risk({self.eps:g}) = {self.adversarial_risk():.10g}\n"
            f"  gradient_norm = {self.gradient_norm:.10g}\n"
            f"  training_loss = {self.training_loss:.10g}, mean_abs_residual = {self.mean_abs_residual:.6g}, "
            f"zero_residual_fraction = {self.zero_residual_fraction:.6g}\n"
            f"  {self.phase.name.lower()} phase, {show('q', 'V', 'k')}\n"
            f"  {self.status.name}: residual {self.residual:.1e} after {self.iterations} iterations"
        )


def solve(
    psi1: float,
    psi2: float,
    eps: float,
    tau: float = 0.0,
    *,
    ridge: float = 0.0,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
    certify: bool = False,
) -> Equilibrium:
    r"""Return the limiting risks of the adversarially trained random features model.

    .. math::
       \hat\theta = \arg\min_\theta \frac1{2n}\sum_i \max_{\|\delta_i\|_2\le\epsilon}
       (y_i-\theta^\top\sigma(W(x_i+\delta_i)))^2 + \frac\lambda2\|\theta\|^2

    as N/d -> psi1 and n/d -> psi2, for x ~ N(0, I_d), y = <x, beta> + tau z and unit-norm rows of W.

    Parameters
    ----------
    psi1 : float
        N/d, features per dimension, positive.
    psi2 : float
        n/d, samples per dimension, positive; ``inf`` is the population optimum.
    eps : float
        Training radius, >= 0; 0 is the limit eps -> 0+ (with ridge = 0 and N > n: the interpolator of least
        \|J theta\|, not the least-norm one).
    tau : float
        Standard deviation of the label noise, >= 0.
    ridge : float
        lambda of the objective above, >= 0.
    activation : str or Activation
        A built-in name or an :class:`Activation`.
    spectrum : str or Spectrum
        Law of W W'.
    signal_norm : float
        \|beta\|, positive.
    nonlinear_power : float
        F_*^2 >= 0, the power of a part of E[y|x] orthogonal to linear functions; it acts as extra noise when
        it is asymptotically Gaussian and independent of the linear part.
    certify : bool
        Whether to enclose the solution rigorously as well (:func:`rfrobust.checks.certificate.certify`; needs the extra
        ``certify``); the result's ``certificate`` says whether the proof succeeded.

    Returns
    -------
    Equilibrium
        Risks, phase and the residual of the equations.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    SolverError
        If there is no finite solution (eps = 0, ridge = 0, N = n) or none was reached.

    Notes
    -----
    [HJ] Theorem 4.2, reduced to the two scalar equations :eq:`eq-I` and :eq:`eq-II`, with the phases and
    limits of docs/theory, "Phases and limits".

    Examples
    --------
    >>> import rfrobust
    >>> model = rfrobust.solve(psi1=3, psi2=2, eps=0.3, tau=0.5)
    >>> round(model.standard_risk, 4), round(model.adversarial_risk(), 4)
    (1.0841, 1.9315)
    """
    psi1 = scalar("psi1", psi1)
    psi2 = scalar("psi2", psi2)
    eps = scalar("eps", eps)
    tau = scalar("tau", tau)
    ridge = scalar("ridge", ridge)
    signal_norm = scalar("signal_norm", signal_norm)
    nonlinear_power = scalar("nonlinear_power", nonlinear_power)
    if not isinstance(certify, bool):
        raise TypeError(f"certify must be True or False, got certify={certify!r}")
    activation = resolve_activation(activation)
    spectrum = resolve_spectrum(spectrum)
    signal = signal_norm * signal_norm
    status, phase, q, V, k, v, r, loss, mean_abs, zeros, residual, iterations = solver.solve_point(
        psi1, psi2, eps, tau, ridge, *activation.constants, signal, nonlinear_power, *spectrum.law(psi1)
    )
    if status != solver.SOLVED:
        problem = f"psi1={psi1!r}, psi2={psi2!r}, eps={eps!r}, tau={tau!r}, ridge={ridge!r}"
        raise SolverError(Status(status), problem)
    model = Equilibrium(
        psi1, psi2, eps, tau, ridge, q, V, k, v, r, loss, mean_abs, zeros, Phase(phase), Status(status),
        residual, int(iterations), signal_norm, nonlinear_power, activation, spectrum,
    )  # fmt: skip
    if certify:
        from ..checks.certificate import certify as prove

        return replace(model, certificate=prove(model))
    return model
