"""One problem in, one labelled solution out: :func:`solve` and its result :class:`Equilibrium`."""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Unpack, overload

import numpy as np

from ..engine import family, regimes
from ..engine.records import Point
from ..problem.activation import Activation
from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.features import RandomFeatures
from ..problem.loss import Loss
from ..problem.noise import Noise
from ..problem.parameters import RANGES, SWEPT
from ..problem.phase import Phase
from ..problem.problem import NO_NOISE, Problem, Settings, as_problem
from ..problem.risk import adversarial_error, adversarial_risk
from ..problem.signal import Signal
from ..problem.spectrum import Spectrum
from ..support import validation
from ..support.errors import Error
from .points import dual_norms, point_of, solve_problem, table_width


class Status(IntEnum):
    """How the solver ended."""

    SOLVED = int(regimes.SOLVED)
    DIVERGENT = int(regimes.DIVERGENT)
    NOT_CONVERGED = int(regimes.NOT_CONVERGED)
    DEGENERATE = int(regimes.DEGENERATE)
    SEPARABLE = int(family.SEPARABLE)

    @property
    def message(self) -> str:
        """What happened and what to do about it."""
        return {
            Status.SOLVED: "solved to the reported residual",
            Status.DIVERGENT: "the limit eps -> 0 without ridge diverges where N = n (psi1 = psi2; for linear "
            "features where min(N, d) = n), and where N > n with noise of infinite variance: take eps > 0, "
            "ridge > 0, or psi1 != psi2",
            Status.DEGENERATE: "linear features can fit this target exactly and there is no noise: training "
            "recovers it (v = 0) up to some eps; take tau > 0",
            Status.SEPARABLE: "without ridge no network is best: the labels are separated by the margin that the "
            "attack leaves, and a larger theta always fits better; take ridge > 0, a larger eps, or more samples",
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


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Equilibrium:
    r"""The limiting trained model of one problem, as :func:`solve` returns it.

    The parameters of its problem (``psi1``, ``psi2``, ``eps``, ``tau``, ``ridge``, ``signal_norm``,
    ``nonlinear_power``, ``radial_power``, ``activation``, ``spectrum``, ``gradient_penalty``, ``loss``, ``norm``,
    ``noise``, ``labels``, ``signal``) are attributes too. Where responses are
    labels, risks are error rates; what is defined for real responses only, or for labels only, is NaN for the others.

    Attributes
    ----------
    problem : Problem
        The problem.
    q, V, k : float
        q = eps r / sqrt(v) (eps r / sqrt(E f^2) for labels), V the step of the proximal map, k the multiplier of
        \|J theta\|^2 over a, gradient penalty included (inf in the null phase; V is inf for eps = 0 beyond
        interpolation): for the square loss the unknowns of :eq:`eq-I` and :eq:`eq-II`.
    standard_risk : float
        v = E (y - f(x))^2 on fresh data; P(y f(x) < 0) for labels.
    gradient_norm : float
        r, the norm of the gradient of f dual to the attack's; lim \|J theta\| = (E \|grad f(x)\|^2)^(1/2) for the
        Euclidean one.
    overlap : float
        m = E <x, beta> f(x).
    output_power : float
        E f(x)^2; NaN with a radial part of the response.
    mean_abs_error : float
        E \|y - f(x)\| on fresh data.
    training_loss : float
        Limit of the mean attacked loss over the training set, without penalties: (1/2n) sum (\|residual\| + eps r)^2
        for the square loss.
    mean_abs_residual : float
        Mean absolute training residual.
    zero_residual_fraction : float
        Fraction of training residuals that are exactly zero.
    training_error, attacked_training_error : float
        Fractions of training labels that are predicted wrong, without and with the attack.
    mean_margin : float
        Mean of y f(x) over the training set, for labels.
    phase : Phase
        NULL, REGULAR or INTERPOLATING.
    status : Status
        SOLVED; anything else is raised as :class:`SolverError` instead.
    residual : float
        Largest relative residual of the equations at the solution.
    iterations : int
        Newton iterations.
    unknowns : tuple of float
        Logarithms of the unknowns of docs/family, where its equations were solved.
    """

    problem: Problem
    status: Status
    phase: Phase
    q: float
    V: float
    k: float
    standard_risk: float
    gradient_norm: float
    overlap: float
    output_power: float
    mean_abs_error: float
    training_loss: float
    mean_abs_residual: float
    zero_residual_fraction: float
    training_error: float
    attacked_training_error: float
    mean_margin: float
    residual: float
    iterations: int
    unknowns: tuple[float, ...] = ()

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
    def gradient_penalty(self) -> float:
        """Weight of the gradient penalty."""
        return self.problem.penalty.gradient

    @property
    def loss(self) -> Loss:
        """The training loss."""
        return self.problem.loss

    @property
    def norm(self) -> float:
        """p of the attack's norm."""
        return self.problem.attack.norm

    @property
    def noise(self) -> Noise:
        """Law of the label noise at tau = 1."""
        return self.problem.data.noise

    @property
    def labels(self) -> str:
        """``"real"``, or ``"sign"`` for labels."""
        return self.problem.data.labels

    @property
    def signal(self) -> Signal:
        """Law of the signal's coordinates."""
        return self.problem.data.signal

    @property
    def excess_risk(self) -> float:
        """E (f*(x) - f(x))^2, f* being what of a real response can be predicted; finite for every noise."""
        if self.labels == "sign":
            return math.nan
        if math.isinf(self.standard_risk):
            return self.problem.data.signal_power - 2.0 * self.overlap + self.output_power
        return self.standard_risk - self.problem.data.noise_power

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

    def dual_norm(self, norm: float | None = None, *, consistent: bool = False) -> float:
        r"""Return the norm of the gradient that an attack in some norm sees.

        Parameters
        ----------
        norm : float, optional
            p of the attack's norm, that of training by default.
        consistent : bool, default False
            Whether attacks are orthogonal to beta, so that they leave E[y|x] alone: then r^2 - m^2/\|beta\|^2 is left
            (:eq:`eq-consistent`).

        Returns
        -------
        float
            r, so that an attack of radius eps moves f by eps r.

        Raises
        ------
        TypeError, ValueError
            If ``norm`` is no norm of attacks, consistent attacks are not Euclidean, or features are not random ones.

        Notes
        -----
        docs/family, "Other attacks than that of training".
        """
        norm = self.norm if norm is None else norm_of("norm", norm)
        r = self.gradient_norm if norm == self.norm else other_dual_norm(self, norm)
        if not consistent:
            return r
        if norm != EUCLIDEAN:
            raise ValueError(f"norm must be 2 for consistent attacks, got norm={norm!r}")
        if self.problem.data.radial_power > 0.0:
            raise ValueError(
                "consistent must be False with a radial part of the response, which attacks could change too"
            )
        return math.sqrt(max(r * r - self.overlap**2 / self.problem.data.signal_power, 0.0))

    def adversarial_risk(self, eps_test: Any = None, *, norm: float | None = None, consistent: bool = False) -> Any:
        r"""Return the adversarial risk at radius ``eps_test``.

        .. math:: AR(\epsilon) = E(|y-f|+\epsilon r)^2 = v + 2\epsilon\,r\,E|y-f| + \epsilon^2 r^2

        with E\|y - f\| = sqrt(2 v/pi) for Gaussian noise; for labels the error rate under attack, P(y f < eps r).

        Parameters
        ----------
        eps_test : float or array_like, optional
            Test radius or radii, nonnegative; the training radius by default.
        norm : float, optional
            p of the test attack's norm; that of training by default.
        consistent : bool, default False
            Whether attacks are orthogonal to beta; Euclidean ones only.

        Returns
        -------
        float or ndarray
            Same shape as ``eps_test``.

        Raises
        ------
        TypeError, ValueError
            If ``eps_test`` is not a nonnegative real number (or an array of them), or as for :meth:`dual_norm`.

        Notes
        -----
        [HJ] eq. 4.2 and Theorem 4.2; :eq:`eq-family-risk`, of which :eq:`eq-ar-limit` is the case of Gaussian noise;
        :eq:`eq-robust-error` for labels.
        """
        if eps_test is None:
            radius: Any = self.eps
        else:
            radius = validation.real_array("eps_test", eps_test, **RANGES["eps_test"])[()]
        r = self.gradient_norm if norm is None and not consistent else self.dual_norm(norm, consistent=consistent)
        if self.labels == "sign":
            risk = adversarial_error(self.standard_risk, r, radius, self.output_power)
        else:
            risk = adversarial_risk(self.standard_risk, r, radius, self.mean_abs_error)
        return risk if np.ndim(risk) else float(risk)

    def __eq__(self, other: object) -> bool:
        """Whether all fields are equal, NaN being equal to itself."""
        if not isinstance(other, Equilibrium):
            return NotImplemented
        pairs = [(getattr(self, name), getattr(other, name)) for name in self.__slots__]
        return all(a == b or (a != a and b != b) for a, b in pairs)

    def __hash__(self) -> int:
        return hash(self.problem)

    def __repr__(self) -> str:
        def show(*names: str) -> str:
            return ", ".join(f"{name}={getattr(self, name):.8g}" for name in names)

        if self.labels == "sign":
            names: tuple[str, ...] = ("training_error", "attacked_training_error", "mean_margin")
        else:
            names = ("mean_abs_residual", "zero_residual_fraction")
        training = ", ".join(f"{name} = {getattr(self, name):.6g}" for name in names)
        return (
            f"Equilibrium({self.problem.summary})\n"
            f"  standard_risk = {self.standard_risk:.10g}\n"
            f"  adversarial_risk({self.eps:g}) = {self.adversarial_risk():.10g}\n"
            f"  gradient_norm = {self.gradient_norm:.10g}\n"
            f"  training_loss = {self.training_loss:.10g}, {training}\n"
            f"  {self.phase.name.lower()} phase, {show('q', 'V', 'k')}\n"
            f"  {self.status.name}: residual {self.residual:.1e} after {self.iterations} iterations"
        )


def other_dual_norm(model: Equilibrium, norm: float) -> float:
    """Return the norm of the gradient of a network dual to another norm than that of the attack in training."""
    known = [float(getattr(model, name)) for name in Point._fields]
    padding = [math.nan] * (table_width(model.problem) - len(known) - len(model.unknowns))
    table = np.array([[*known, *model.unknowns, *padding]])
    (r,) = dual_norms(np.array([point_of(model.problem)]), table, model.problem, norm)
    if math.isnan(r):
        raise ValueError(f"norm must be 2 for interpolators of a signal that is not Gaussian, got norm={norm!r}")
    return float(r)


def check_solution(name: str, value: Any) -> None:
    """Raise a ``TypeError`` if the argument of a function of solutions is none."""
    if not isinstance(value, Equilibrium):
        raise TypeError(f"{name} must be a result of rfrobust.solve, got {type(value).__name__}")


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
    point, unknowns = solve_problem(problem)
    if point.status != regimes.SOLVED:
        named = ", ".join(f"{name}={problem.settings[name]!r}" for name in SWEPT)
        raise SolverError(Status(int(point.status)), named)
    return Equilibrium(problem, Status.SOLVED, _PHASES[int(point.phase)], *point[2:-1], int(point.iterations), unknowns)


_PHASES = tuple(Phase)
