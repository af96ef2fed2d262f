"""One problem in, one labelled solution out: :func:`solve` and its result :class:`Equilibrium`."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Unpack, overload

import numpy as np

from ..engine import regimes
from ..problem.activation import Activation
from ..problem.features import RandomFeatures
from ..problem.parameters import RANGES, SWEPT
from ..problem.phase import Phase
from ..problem.problem import NO_NOISE, Problem, Settings, as_problem
from ..problem.risk import adversarial_risk
from ..problem.spectrum import Spectrum
from ..support import validation
from ..support.errors import Error


class Status(IntEnum):
    """How the solver ended."""

    SOLVED = int(regimes.SOLVED)
    DIVERGENT = int(regimes.DIVERGENT)
    NOT_CONVERGED = int(regimes.NOT_CONVERGED)
    DEGENERATE = int(regimes.DEGENERATE)

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
            f"{regimes.RESIDUAL_TOLERANCE:g}: the parameters are beyond double precision; move eps away from "
            "the null threshold, or bring extreme ratios and ridges closer to 1",
        }[self]


class SolverError(Error, RuntimeError):
    """The solver did not reach a solution; ``status`` says how it ended."""

    def __init__(self, status: Status, problem: str) -> None:
        super().__init__(status, problem)  # what pickle hands to the copy in another process
        self.status, self.problem = status, problem

    def __str__(self) -> str:
        return f"{self.status.name} at {self.problem}: {self.status.message}"


@dataclass(frozen=True, slots=True, repr=False)
class Equilibrium:
    r"""The limiting trained model of one problem, as :func:`solve` returns it.

    The parameters of its problem (``psi1``, ``psi2``, ``eps``, ``tau``, ``ridge``, ``signal_norm``,
    ``nonlinear_power``, ``radial_power``, ``activation``, ``spectrum``) are attributes too.

    Attributes
    ----------
    problem : Problem
        The problem.
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
    """

    problem: Problem
    status: Status
    phase: Phase
    q: float
    V: float
    k: float
    standard_risk: float
    gradient_norm: float
    training_loss: float
    mean_abs_residual: float
    zero_residual_fraction: float
    residual: float
    iterations: int

    @property
    def psi1(self) -> float:
        """N/d."""
        return self.problem.psi1

    @property
    def psi2(self) -> float:
        """n/d."""
        return self.problem.psi2

    @property
    def eps(self) -> float:
        """Training radius."""
        return self.problem.attack.radius

    @property
    def tau(self) -> float:
        """Standard deviation of the label noise."""
        return self.problem.data.tau

    @property
    def ridge(self) -> float:
        """Ridge penalty."""
        return self.problem.penalty.ridge

    @property
    def signal_norm(self) -> float:
        r"""\|beta\|."""
        return self.problem.data.signal_norm

    @property
    def nonlinear_power(self) -> float:
        """F_*^2."""
        return self.problem.data.nonlinear_power

    @property
    def radial_power(self) -> float:
        """F_o^2."""
        return self.problem.data.radial_power

    @property
    def activation(self) -> Activation:
        """The activation of random features."""
        return self._random_features.activation

    @property
    def spectrum(self) -> Spectrum:
        """The law of W W' of random features."""
        return self._random_features.spectrum

    @property
    def _random_features(self) -> RandomFeatures:
        features = self.problem.features
        if not isinstance(features, RandomFeatures):
            raise AttributeError(f"the features of this model are not random features but {features!r}")
        return features

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

    def __repr__(self) -> str:
        def show(*names: str) -> str:
            return ", ".join(f"{name}={getattr(self, name):.8g}" for name in names)

        return (
            f"Equilibrium({self.problem.summary})\n"
            f"  standard_risk = {self.standard_risk:.10g}\n"
            f"  adversarial_risk({self.eps:g}) = {self.adversarial_risk():.10g}\n"
            f"  gradient_norm = {self.gradient_norm:.10g}\n"
            f"  training_loss = {self.training_loss:.10g}, mean_abs_residual = {self.mean_abs_residual:.6g}, "
            f"zero_residual_fraction = {self.zero_residual_fraction:.6g}\n"
            f"  {self.phase.name.lower()} phase, {show('q', 'V', 'k')}\n"
            f"  {self.status.name}: residual {self.residual:.1e} after {self.iterations} iterations"
        )


def check_solution(equilibrium: Any) -> None:
    """Raise a ``TypeError`` if the argument of a function of solutions is none."""
    if not isinstance(equilibrium, Equilibrium):
        raise TypeError(f"equilibrium must be a result of rfrobust.solve, got {type(equilibrium).__name__}")


@overload
def solve(psi1: float, psi2: float, eps: float, tau: float = NO_NOISE, **settings: Unpack[Settings]) -> Equilibrium: ...


@overload
def solve(psi1: Problem, **settings: Unpack[Settings]) -> Equilibrium: ...


def solve(
    psi1: float | Problem,
    psi2: float | None = None,
    eps: float | None = None,
    tau: float = NO_NOISE,
    **settings: Unpack[Settings],
) -> Equilibrium:
    r"""Return the limiting risks of the adversarially trained random features model.

    .. math::
       \hat\theta = \arg\min_\theta \frac1{2n}\sum_i \max_{\|\delta_i\|_2\le\epsilon}
       (y_i-\theta^\top\sigma(W(x_i+\delta_i)))^2 + \frac\lambda2\|\theta\|^2

    as N/d -> psi1 and n/d -> psi2, for x ~ N(0, I_d), y = <x, beta> + tau z and unit-norm rows of W.

    Parameters
    ----------
    psi1 : float or Problem
        N/d, or a whole :class:`Problem`; then only ``settings`` may follow.
    psi2, eps, tau
        n/d (``inf`` is the population), training radius (0 is the limit eps -> 0+) and noise, as for
        :meth:`Problem.of`.
    **settings
        ``ridge``, ``activation``, ``spectrum``, ``signal_norm``, ``nonlinear_power``, ``radial_power``, as for
        :meth:`Problem.of`.

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
    >>> rfrobust.solve(model.problem.vary(eps=2.0)).phase.name
    'NULL'
    """
    problem = as_problem(psi1, psi2, eps, tau, **settings)
    parameters = problem.parameters
    point = regimes.solve_point(parameters, problem.features.law(parameters))
    if point.status != regimes.SOLVED:
        named = ", ".join(f"{name}={problem.settings[name]!r}" for name in SWEPT)
        raise SolverError(Status(int(point.status)), named)
    return Equilibrium(problem, Status.SOLVED, _PHASES[int(point.phase)], *point[2:-1], int(point.iterations))


_PHASES = tuple(Phase)
