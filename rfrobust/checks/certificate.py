"""Proved digits: an enclosure of the solution by Krawczyk's operator in ball arithmetic.

With F the equations of the regime, x a point near the solution, Y near F'(x)^-1 and X a box around x,

    K = x - Y F(x) + (1 - Y F'(X)) (X - x)  inside the interior of X

proves that X holds exactly one root of F and that it lies in K. Every operation is made on balls that contain the
exact values (python-flint), so rounding is part of the proof. That there is no other solution outside X is proved in
docs/theory, "Exactly one solution", not by the computation: for random features with or without a radial part of the
target, and for features of one's own.
"""

import math
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import numpy as np

from ..engine import equations
from ..engine.numbers import Dual, seed
from ..engine.records import AnyParameters
from ..problem.activation import Activation, Exact
from ..problem.features import RandomFeatures
from ..problem.parameters import scalar
from ..problem.phase import Phase
from ..theory.equilibrium import Equilibrium, check_solution
from ..theory.sensitivity import OBSERVABLES, observables, regime
from .balls import BallField, Balls

#: Working precision and the radius of the box in the logarithms of the unknowns.
PRECISION_BITS = 320
BOX_RADIUS = "1e-30"
NEWTON_STEPS = 6
#: Largest relative error of the double-precision solution that the proof accepts as the same solution.
AGREEMENT = 1e-6
#: The working precision of python-flint is one for the whole process: proofs take turns.
_PRECISION = Lock()


@dataclass(frozen=True)
class Enclosure:
    """A proved interval: the exact value lies in [lower, upper]; ``digits`` writes it as far as it is proved."""

    lower: float
    upper: float
    digits: str


@dataclass(frozen=True)
class Certificate:
    """The result of a proof attempt.

    Attributes
    ----------
    proved : bool
        Whether the solution is enclosed.
    reason : str
        What was proved, or at which step the proof failed.
    enclosures : dict
        Observable -> :class:`Enclosure`; empty without proof. Infinite values (k in the null phase, V of the
        interpolator) are left out.
    relative_error : float
        Proved bound on the relative error of the double-precision observables of the equilibrium; inf without
        proof.
    """

    proved: bool
    reason: str
    enclosures: dict[str, Enclosure]
    relative_error: float


def _flint() -> Any:
    try:
        import flint
    except ImportError as error:
        raise ImportError(
            "certificates need ball arithmetic: install the extra 'certify' (pip install rfrobust[certify])"
        ) from error
    return flint


@lru_cache(maxsize=64)
def _exact_moments(exact: Exact) -> tuple[Any, ...]:
    """Return mu1, mu2^2, rho^2 and a2 as balls of the working precision."""
    flint = _flint()
    return tuple(flint.arb(x) for x in exact(Balls(flint)))


def _squared_moments(activation: Activation, arb: Any) -> tuple[Any, Any, Any, Any]:
    """Return mu1^2, mu2^2, rho^2 and the spike as balls."""
    if activation.exact is None:
        mu1, mu2, rho = (arb(x) for x in (activation.mu1, activation.mu2, activation.rho))
        return mu1 * mu1, mu2 * mu2, rho * rho, arb(activation.spike if activation.known_a2 is not None else 0.0)
    mu1, mu2_squared, rho_squared, a2 = _exact_moments(activation.exact)
    return mu1 * mu1, mu2_squared, rho_squared, a2 * a2 if activation.mu0 == 0.0 else arb(0)


def _parameters(model: Equilibrium, arb: Any, constant: Any) -> AnyParameters:
    """Return the parameters as balls: given numbers exactly, moments of built-in activations by their closed forms."""
    features, data = model.problem.features, model.problem.data
    moments = (arb(0),) * 4
    if isinstance(features, RandomFeatures):
        moments = _squared_moments(features.activation, arb)
    mu1_squared, mu2_squared, rho_squared, spike = (constant(moment) for moment in moments)
    squares = (mu1_squared, mu2_squared, rho_squared)
    given = (model.psi1, model.psi2, model.eps, data.tau, model.ridge, model.gradient_penalty)
    psi1, psi2, eps, tau, ridge, penalty = (constant(arb(value)) for value in given)
    powers = (data.signal_norm, data.nonlinear_power, data.radial_power)
    signal_norm, nonlinear_power, radial_power = (constant(arb(value)) for value in powers)
    learned = spike if data.radial_power > 0.0 else None
    return equations.parameters(
        psi1, psi2, eps, tau, ridge, squares, signal_norm, nonlinear_power, radial_power, learned, penalty
    )


def certify(equilibrium: Equilibrium, eps_test: float | None = None) -> Certificate:
    r"""Try to prove that a solution is right, and to how many digits.

    .. math:: K = x - Y F(x) + (1 - Y F'(X))(X - x) \subset \mathrm{int}\,X

    Parameters
    ----------
    equilibrium : Equilibrium
        A solution; it is only the starting point, nothing of it is trusted.
    eps_test : float, optional
        Test radius of the enclosed adversarial risk; the training radius by default.

    Returns
    -------
    Certificate
        ``proved`` is False, with a reason, where no proof was found; nothing is raised then.

    Raises
    ------
    ImportError
        If python-flint (the extra ``certify``) is not installed.
    TypeError, ValueError
        If ``eps_test`` is not a nonnegative real number, or the problem is not one of the square loss, real responses,
        Gaussian noise and norm 2: averages of other channels and coordinates are integrals, of which no balls are
        computed.

    Notes
    -----
    The problem proved is the one whose parameters are the given doubles, taken as exact. Moments of built-in
    activations are exact too (closed forms, or rigorous quadrature), and so is the law of orthogonal rows. What is
    stored in arrays is proved as stored: moments and functions of one's own by the activation's doubles, laws of W W'
    by their atoms and weights (in proportion, of sum 1), features of one's own by their covariance, metric and cross
    moments. The box holds one root; that there is no other is proved in docs/theory, "Exactly one solution", for all
    of these, with a radial part of the target too.

    Krawczyk's operator is textbook material (R. Krawczyk, Computing 4, 187-201, 1969). The working precision of
    python-flint belongs to the whole process: proofs in several threads take turns, and balls that another thread
    computes meanwhile have this precision.
    """
    check_solution("equilibrium", equilibrium)
    if not equilibrium.problem.plain:
        raise ValueError(
            "equilibrium must be one of the square loss, real responses, Gaussian noise and norm 2: averages of other "
            f"channels and norms are integrals, which are not enclosed, got {equilibrium!r}"
        )
    flint = _flint()
    radius = equilibrium.eps if eps_test is None else scalar("eps_test", eps_test)
    with _PRECISION, flint.ctx.workprec(PRECISION_BITS):
        return _certify(equilibrium, radius, flint)


def _certify(model: Equilibrium, eps_test: float, flint: Any) -> Certificate:
    arb, field = flint.arb, BallField(flint)
    one = arb(1)
    if model.phase is Phase.NULL:
        return _certify_null(model, arb, field)
    if model.standard_risk == 0.0 or model.gradient_norm == 0.0:
        return _failed("v = 0 or r = 0: the equations in their logarithms do not describe this solution")
    equation, start = regime(model)
    size = len(start)
    zeros = np.array([arb(0)] * size, dtype=object)

    def constant(value: Any) -> Dual:
        return Dual(value, zeros)

    p = _parameters(model, arb, constant)
    average = partial(equations.averages, p=p, law=model.problem.features.dual_law(p), F=field)
    interpolator = equation is equations.interpolating

    def evaluate(x: list[Any]) -> tuple[list[Any], list[list[Any]], dict[str, Dual]]:
        duals = tuple(seed(value, i, size, one) for i, value in enumerate(x))
        state = equation(*duals, p, average, field)
        outputs = observables(state, p, constant(arb(eps_test)), field, interpolator=interpolator)
        return [F.value for F in state.residuals], [list(F.gradient) for F in state.residuals], outputs

    x = [arb(value) for value in start]
    target = arb(BOX_RADIUS)
    for _ in range(NEWTON_STEPS):
        F, J, _ = evaluate(x)
        Y = _inverse(J)
        if Y is None:
            return _failed("the Jacobian is not regular at the double-precision solution")
        step = _apply(Y, F)
        x = [(value - move).mid() for value, move in zip(x, step, strict=True)]
        if all(abs(move) < target * target for move in step):
            break
    else:
        return _failed("Newton's iteration did not settle in multiple precision")
    F, J, _ = evaluate(x)
    Y = _inverse(J)
    if Y is None:
        return _failed("the Jacobian is not regular at the refined solution")
    Y = [[entry.mid() for entry in row] for row in Y]
    deviation = arb(0, target)  # the ball [-target, target]
    box = [value + deviation for value in x]
    _, J_box, _ = evaluate(box)
    image = []
    for i in range(size):
        value = x[i] - sum((Y[i][j] * F[j] for j in range(size)), arb(0))
        for j in range(size):
            entry = arb(int(i == j)) - sum((Y[i][m] * J_box[m][j] for m in range(size)), arb(0))
            value = value + entry * deviation
        image.append(value)
    if not all(outer.contains_interior(inner) for outer, inner in zip(box, image, strict=True)):
        return _failed("Krawczyk's operator does not map the box into itself")
    _, _, outputs = evaluate(image)
    return _proved(model, eps_test, {name: dual.value for name, dual in outputs.items()}, "one root in the box")


def _certify_null(model: Equilibrium, arb: Any, field: BallField) -> Certificate:
    """Prove eps >= eps_c; the observables follow in closed form."""
    empty = np.array([], dtype=object)
    p = _parameters(model, arb, lambda value: Dual(value, empty))
    power, spread = equations.reach(p, model.problem.features.dual_law(p), field)
    square = equations.squared_null_threshold(p, power, spread, field).value
    if not arb(model.eps) * arb(model.eps) >= square:
        return _failed("eps is too close to the null threshold to tell the sides apart")
    v = equations.null_risk(p).value
    zero = arb(0)
    values = {
        "standard_risk": v,
        "gradient_norm": zero,
        "adversarial_risk": v,
        "training_loss": v / 2,
        "mean_abs_residual": (2 * v / field.pi).sqrt(),
        "zero_residual_fraction": zero,
        "q": zero,
        "V": zero,
    }
    return _proved(model, model.eps, values, "eps is at or above the null threshold")


def _inverse(J: list[list[Any]]) -> list[list[Any]] | None:
    """Return the inverse of a 1 x 1 or 2 x 2 matrix of balls, None if it may be singular."""
    if len(J) == 1:
        return None if J[0][0].contains(0) else [[1 / J[0][0]]]
    (a, b), (c, d) = J
    determinant = a * d - b * c
    if determinant.contains(0):
        return None
    return [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]


def _apply(matrix: list[list[Any]], vector: list[Any]) -> list[Any]:
    return [sum((entry * x for entry, x in zip(row, vector, strict=True)), 0 * vector[0]) for row in matrix]


def _failed(reason: str) -> Certificate:
    return Certificate(False, reason, {}, math.inf)


def _proved(model: Equilibrium, eps_test: float, values: dict[str, Any], reason: str) -> Certificate:
    enclosures = {}
    error = 0.0
    for name in OBSERVABLES:
        if name not in values or not values[name].is_finite():
            continue
        ball = values[name]
        got = model.adversarial_risk(eps_test) if name == "adversarial_risk" else getattr(model, name)
        lower = math.nextafter(float(ball.lower()), -math.inf)
        upper = math.nextafter(float(ball.upper()), math.inf)
        if ball == 0:
            lower = upper = 0.0
        enclosures[name] = Enclosure(lower, upper, ball.str(30, radius=False))
        if name in ("q", "V", "k"):
            continue
        if ball != 0 and float(ball.mid()) > 1e-290:
            distance = abs((ball - got) / ball)
            error = max(error, math.nextafter(float(distance.upper()), math.inf))
        elif got > 1e-280:
            error = math.inf
    if not error <= AGREEMENT:
        return _failed(f"the enclosed root is not the double-precision solution (relative distance {error:.1e})")
    return Certificate(True, reason, enclosures, error)
