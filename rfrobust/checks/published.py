"""The published theorem as printed: [HJ] Theorem 4.2, shifted ReLU, ridge = 0, eps > 0.

The text is that of docs/theory, "The published theorem" (eq-minimax, eq-R, eq-nu).

An independent check of the two-scalar route, with which it shares no code: the five-variable objective R, its
partial derivatives by the envelope theorem, and a solver of its own on SciPy.
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from ..problem.activation import RELU
from ..problem.parameters import finite, scalar
from ..problem.phase import Phase
from ..support.errors import NumericalError
from ..support.validation import integer, real_scalar
from ..theory.equilibrium import Equilibrium, check_solution

_SQRT_2_PI = math.sqrt(2.0 / math.pi)
#: The solver looks for the five variables in [exp(-12), exp(12)] and stops at this scaled gradient.
_LOG_BOX = 12.0
_STATIONARY = 1e-9
VARIABLES = ("alpha", "beta", "gamma", "tau_q", "tau_g")
#: Digits of :func:`verify`, which subtracts as the theorem does, and its step of differences.
_DIGITS, _STEP = 200, "1e-70"
#: Largest k at which 1/k is above rounding.
LARGEST_MULTIPLIER = 1e15


def stieltjes(z: float, psi1: float) -> float:
    """Return S(z; psi1) of [HJ] eq. 4.4 for negative z; it is negative."""
    return float(_stieltjes(real_scalar("z", z, upper=0.0, open_upper=True), scalar("psi1", psi1)))


def _stieltjes(z: Any, psi1: Any, M: Any = math) -> Any:
    """Return S(z; psi1); ``M`` has the functions of the numbers here and below: ``math``, or a context of mpmath."""
    b = psi1 - 1.0 + z
    discriminant = M.sqrt(b * b - 4.0 * psi1 * z)
    # the root of -psi1 z S^2 + (1 - psi1 - z) S + 1 = 0 that is negative, in the form that does not cancel
    if b > 0.0:
        return (b + discriminant) / (2.0 * psi1 * z)
    return -2.0 / (discriminant - b)


def noise_floor(psi1: Any, tau: Any, M: Any = math) -> Any:
    """Return sigma^2 = tau^2 + 1 - psi1 (1 + (1 - 2/pi) S(2/pi - 1; psi1))."""
    m2 = 1.0 - 2.0 / M.pi
    return tau * tau + 1.0 - psi1 * (1.0 + m2 * _stieltjes(-m2, psi1, M))


def objective_and_gradient(
    alpha: Any,
    beta: Any,
    gamma: Any,
    tau_q: Any,
    tau_g: Any,
    *,
    psi1: Any,
    psi2: Any,
    eps: Any,
    tau: Any,
    M: Any = math,
    near: Any = 1.0,
) -> tuple[Any, np.ndarray]:
    """Return R of [HJ] Theorem 4.2 and its partial derivatives in the order of ``VARIABLES``.

    All arguments positive, of the numbers of ``M``. The inner supremum over l and the root nu are solved to rounding,
    the supremum from ``near`` on; both enter the derivatives through the envelope and the implicit function theorem.
    """
    if M is math:
        given = zip(VARIABLES, (alpha, beta, gamma, tau_q, tau_g), strict=True)
        alpha, beta, gamma, tau_q, tau_g = (real_scalar(name, x, 0.0, 1e50, open_lower=True) for name, x in given)
        psi1, psi2, tau = scalar("psi1", psi1), finite("psi2", psi2), scalar("tau", tau)
        eps = real_scalar("eps", eps, 0.0, open_lower=True)
    sigma2 = noise_floor(psi1, tau, M)
    spread = alpha**2 + sigma2
    root_spread = M.sqrt(spread)
    total = tau_g + beta

    value = (
        0.5 * tau_q / alpha * (tau**2 + 1.0 - sigma2)
        - 0.5 * alpha * tau_q
        + 0.5 * beta * tau_g * psi2
        + 0.5 * beta * spread / total
    )
    d_alpha = -0.5 * tau_q / alpha**2 * (tau**2 + 1.0 - sigma2) - 0.5 * tau_q + beta * alpha / total
    d_beta = 0.5 * tau_g * psi2 + 0.5 * spread * tau_g / total**2
    d_gamma = 0.0
    d_tau_q = 0.5 * (tau**2 + 1.0 - sigma2) / alpha - 0.5 * alpha
    d_tau_g = 0.5 * beta * psi2 - 0.5 * beta * spread / total**2

    c = gamma * total / (eps * beta * root_spread)
    if c > M.sqrt(2.0 / M.pi):
        ratio = beta / tau_g
        nu = nu_root(c, ratio, M)
        scale = 0.5 * beta**2 * spread / (tau_g * total)
        excess = M.erf(nu / M.sqrt(2.0)) - c * nu
        value += scale * excess
        # d(excess) = -2 nu dc + nu^2 d(beta/tau_g), by the equation of nu
        excess_c, excess_ratio = -2.0 * nu, nu * nu
        c_alpha = -c * alpha / spread
        c_beta = -gamma * tau_g / (eps * beta**2 * root_spread)
        c_gamma = c / gamma
        c_tau_g = gamma / (eps * beta * root_spread)
        d_alpha += scale * (2.0 * alpha / spread * excess + excess_c * c_alpha)
        d_beta += scale * ((2.0 / beta - 1.0 / total) * excess + excess_c * c_beta + excess_ratio / tau_g)
        d_gamma += scale * excess_c * c_gamma
        d_tau_g += scale * (-(1.0 / tau_g + 1.0 / total) * excess + excess_c * c_tau_g - excess_ratio * ratio / tau_g)

    T = (tau_q / alpha) ** 2
    l = inner_argmax(T, beta, gamma, psi1, M, near=near)
    inner, inner_T, inner_beta, inner_gamma, _ = _inner(l, T, beta, gamma, psi1, M)
    weight = alpha / tau_q
    value -= weight * inner
    d_alpha -= inner / tau_q - weight * inner_T * 2.0 * T / alpha
    d_beta -= weight * inner_beta
    d_gamma -= weight * inner_gamma
    d_tau_q -= -weight * inner / tau_q + weight * inner_T * 2.0 * T / tau_q
    return value, np.array([d_alpha, d_beta, d_gamma, d_tau_q, d_tau_g])


def R(
    alpha: float,
    beta: float,
    gamma: float,
    tau_q: float,
    tau_g: float,
    *,
    psi1: float,
    psi2: float,
    eps: float,
    tau: float,
) -> float:
    """Return the objective R of [HJ] Theorem 4.2; arguments as for :func:`objective_and_gradient`."""
    value, _ = objective_and_gradient(alpha, beta, gamma, tau_q, tau_g, psi1=psi1, psi2=psi2, eps=eps, tau=tau)
    return value


def nu_root(c: Any, ratio: Any, M: Any = math) -> Any:
    """Return the root nu of c - ratio nu - nu erf(nu/sqrt 2) - sqrt(2/pi) exp(-nu^2/2) = 0, for c > sqrt(2/pi).

    The left side decreases and is concave: Newton's steps from the right stay there.
    """
    nu, new = math.inf, c / ratio
    while new < nu:
        nu = new
        share = M.erf(nu / M.sqrt(2.0))
        value = c - ratio * nu - nu * share - M.sqrt(2.0 / M.pi) * M.exp(-0.5 * nu * nu)
        new = nu + value / (ratio + share)
    return nu


def _inner(l: Any, T: Any, beta: Any, gamma: Any, psi1: Any, M: Any = math) -> tuple[Any, Any, Any, Any, Any]:
    """Return the expression under the supremum over l and its derivatives in T, beta, gamma and l."""
    z = 1.0 - 2.0 * l / M.pi
    S = _stieltjes(-z, psi1, M)
    # dS/dl = -(2/pi) E (x+z)^-2, by differentiating the quadratic equation of S
    S_l = -2.0 / M.pi * S * (psi1 * S - 1.0) / (z + 1.0 - psi1 - 2.0 * psi1 * z * S)
    share = 2.0 / M.pi * (1.0 - l)
    bracket = T + beta**2 + (T * z + share * beta**2) * S
    bracket_l = -2.0 / M.pi * (T + beta**2) * S + (T * z + share * beta**2) * S_l
    value = 0.5 * l * psi1 * bracket - 0.5 * l * gamma**2 / (1.0 - l)
    by_T = 0.5 * l * psi1 * (1.0 + z * S)
    by_beta = l * psi1 * beta * (1.0 + share * S)
    by_gamma = -l * gamma / (1.0 - l)
    by_l = 0.5 * psi1 * (bracket + l * bracket_l) - 0.5 * (gamma / (1.0 - l)) ** 2
    return value, by_T, by_beta, by_gamma, by_l


def inner_argmax(T: Any, beta: Any, gamma: Any, psi1: Any, M: Any = math, *, near: Any = 1.0) -> Any:
    """Return the l in [0, 1) at which the supremum of the theorem is attained, 0 if its derivative is negative there.

    The search starts at k = 1/l - 1 = ``near``.
    """

    def slope(k: Any) -> Any:
        return _inner(1.0 / (1.0 + k), T, beta, gamma, psi1, M)[4]

    if _inner(0.0 * T, T, beta, gamma, psi1, M)[4] <= 0.0:
        return 0.0 * T
    # in k the derivative grows from -inf to that positive number
    low = high = near + 0.0 * T
    factor = 1e-12
    while slope(low) > 0.0:
        low, high, factor = low / (1.0 + factor), low, min(1e3 * factor, 15.0)
    while slope(high) <= 0.0:
        low, high, factor = high, high * (1.0 + factor), min(1e3 * factor, 15.0)
    return 1.0 / (1.0 + _root_between(slope, low, high, getattr(M, "eps", sys.float_info.epsilon)))


def _root_between(function: Callable[[Any], Any], low: Any, high: Any, tolerance: Any) -> Any:
    """Return the root of an increasing function in a bracket, by the Illinois method (SciPy knows floats only)."""
    below, above, side = function(low), function(high), 0
    while high - low > tolerance * high:
        middle = (low * above - high * below) / (above - below)
        if not low < middle < high:
            break
        value = function(middle)
        if value <= 0.0:
            above = 0.5 * above if side < 0 else above
            low, below, side = middle, value, -1
        else:
            below = 0.5 * below if side > 0 else below
            high, above, side = middle, value, 1
        if abs(value) <= tolerance * (above - below):
            break
    return low if -below < above else high


@dataclass(frozen=True)
class Saddle:
    """The saddle point of the published minimax.

    ``value`` is L* (the limiting robust training loss), ``standard_risk`` alpha^2 + sigma^2, ``slope`` the
    factor beta nu/tau_g of the risk, ``gradient`` the largest scaled partial derivative
    |x dR/dx| / |R| over the five variables, ``variables`` their values in the order of ``VARIABLES``.
    """

    eps: float
    value: float
    standard_risk: float
    slope: float
    gradient: float
    variables: tuple[float, float, float, float, float]

    def adversarial_risk(self, eps_test: float | None = None) -> float:
        """Return the adversarial risk at ``eps_test`` (the training radius by default) as in the theorem."""
        ratio = 1.0 if eps_test is None else scalar("eps_test", eps_test) / self.eps
        shift = ratio * self.slope
        return (1.0 + shift**2 + 2.0 * _SQRT_2_PI * shift) * self.standard_risk


def stationary_points(
    objective_and_gradient: Callable[..., tuple[float, np.ndarray]], starts: int
) -> Iterator[tuple[np.ndarray, float, float]]:
    """Yield five positive variables, the objective and the largest scaled derivative |x dR/dx|/|R| left, a start each.

    Each start is random; what is driven to zero is the gradient in the logarithms of the variables.
    """

    def log_gradient(logs: np.ndarray) -> np.ndarray:
        variables = np.exp(logs)
        return variables * objective_and_gradient(*variables)[1]

    rng = np.random.default_rng(0)
    for _ in range(starts):
        fit = least_squares(
            log_gradient, rng.normal(0.0, 1.0, size=5), bounds=(-_LOG_BOX, _LOG_BOX), xtol=1e-15, ftol=1e-15,
            gtol=1e-15, max_nfev=400,
        )  # fmt: skip
        variables = np.exp(fit.x)
        value = float(objective_and_gradient(*variables)[0])
        yield variables, value, float(np.max(np.abs(fit.fun))) / abs(value)


def minimax(psi1: float, psi2: float, eps: float, tau: float = 0.0, *, starts: int = 60) -> Saddle:
    """Solve the published minimax by finding the stationary point of R in the logarithms of its variables.

    Parameters
    ----------
    psi1, psi2, eps, tau : float
        As for :func:`rfrobust.solve`; eps positive and below the null threshold, psi2 finite.
    starts : int
        Random starting points to try before giving up.

    Returns
    -------
    Saddle

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    NumericalError
        If no start leads to a stationary point (also: in the null phase, where R has none inside its domain).
    """
    psi1, psi2 = scalar("psi1", psi1), scalar("psi2", psi2)
    eps, tau = scalar("eps", eps), scalar("tau", tau)
    starts = integer("starts", starts, 1)
    if eps == 0.0 or psi2 == math.inf:
        raise ValueError(f"the published theorem needs eps > 0 and finite psi2, got eps={eps}, psi2={psi2}")

    problem = {"psi1": psi1, "psi2": psi2, "eps": eps, "tau": tau}
    for variables, value, gradient in stationary_points(partial(objective_and_gradient, **problem), starts):
        alpha, beta, gamma, _, tau_g = variables
        v = alpha**2 + noise_floor(psi1, tau)
        c = gamma * (tau_g + beta) / (eps * beta * math.sqrt(v))
        if gradient < _STATIONARY and c > _SQRT_2_PI:
            slope = beta * nu_root(c, beta / tau_g) / tau_g
            return Saddle(eps, value, float(v), float(slope), gradient, tuple(variables.tolist()))
    raise NumericalError(
        f"no stationary point of the published minimax found from {starts} starts at psi1={psi1}, psi2={psi2}, "
        f"eps={eps}, tau={tau}; is eps above the null threshold?"
    )


@dataclass(frozen=True)
class Stationarity:
    """The published theorem evaluated at a solution: both numbers are rounding error where the solution is right.

    ``gradient`` says how far the five partial derivatives are from 0: the largest of them, each relative to what it
    would move by if the numbers of the solution doubled. ``value`` is |R - training_loss| / R with R at the saddle.
    """

    gradient: float
    value: float


def _variables(
    v: Any, q: Any, V: Any, a: Any, b: Any, *, psi1: Any, psi2: Any, eps: Any, tau: Any, M: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """Return the five variables by :eq:`eq-dictionary`, gamma by :eq:`eq-nu` at nu = q V.

    Arguments are the standard risk, the unknowns q and V, and the mean slope a and root mean square b of the score.
    """
    s = q * V
    alpha = M.sqrt(v - noise_floor(psi1, tau, M))
    c = q + s * M.erf(s / M.sqrt(2.0)) + M.sqrt(2.0 / M.pi) * M.exp(-0.5 * s * s)
    beta = b / M.sqrt(psi2)
    return alpha, beta, c * eps * M.sqrt(v) / (1.0 + V), a * alpha, V * beta


def _solution(model: Equilibrium) -> tuple[dict[str, Any], list[Any]]:
    """Return the problem and the arguments of :func:`_variables` at a solution, in multiple precision.

    The slope is not presumed to be D/V: it is gamma/(k r).
    """
    import mpmath

    M = mpmath.mp.clone()  # a context of this call: threads do not share it
    M.dps = _DIGITS
    problem = {name: M.mpf(getattr(model, name)) for name in ("psi1", "psi2", "eps", "tau")} | {"M": M}
    v, q, V = (M.mpf(getattr(model, name)) for name in ("standard_risk", "q", "V"))
    s = q * V
    phi, p1 = M.exp(-0.5 * s * s) / M.sqrt(2.0 * M.pi), M.erfc(s / M.sqrt(2.0))
    A = M.gammainc(1.5, 0, 0.5 * s * s, regularized=True)
    B = p1 + 2.0 * s * phi + 4.0 * q * phi + q * q * p1
    b = M.sqrt(v * (A / V**2 + B / (1.0 + V) ** 2))
    # a risk in double precision does not tell alpha^2 = v - sigma^2 below rounding
    v = max(v, noise_floor(problem["psi1"], problem["tau"], M) + sys.float_info.epsilon**2 * v)
    gamma = _variables(v, q, V, M.one, b, **problem)[2]
    return problem, [v, q, V, gamma / (model.k * M.mpf(model.gradient_norm)), b]


def variables_of(model: Equilibrium) -> tuple[float, float, float, float, float]:
    """Return (alpha, beta, gamma, tau_q, tau_g) of a solution, by :eq:`eq-dictionary`.

    tau_q/alpha = D/V is not presumed: it is taken from gamma = k a r.
    """
    check_solution("model", model)
    problem, solution = _solution(model)
    alpha, beta, gamma, tau_q, tau_g = map(float, _variables(*solution, **problem))
    return alpha, beta, gamma, tau_q, tau_g


def verify(model: Equilibrium) -> Stationarity:
    """Evaluate the published minimax theorem at a solution, in 200 digits.

    Parameters
    ----------
    model : Equilibrium
        A solution of :func:`rfrobust.solve`.

    Returns
    -------
    Stationarity
        ``gradient``, the partial derivatives of the published objective, relative to their sensitivity, and
        ``value``, the relative difference between the objective and ``training_loss``; both are rounding error at
        a right solution.

    Raises
    ------
    ValueError
        If the theorem does not cover the problem: it needs the shifted ReLU, the Marchenko-Pastur law,
        ridge = 0, eps > 0, finite psi2, a unit linear signal and a regular phase.
    NumericalError
        If k > 1e15: then a solution in double precision does not determine the inner supremum (psi1/psi2 beyond
        1e12 or so, or the null threshold at a distance of rounding).

    Notes
    -----
    [HJ] Theorem 4.2 (:eq:`eq-R`), by code that shares nothing with the solver. The slope of the score is taken from
    gamma = k a r and not from D/V, so that k and r are checked as well; r also against q sqrt(v)/eps.
    """
    check_solution("model", model)
    features, data = model.problem.features, model.problem.data
    covered = (
        model.problem.plain
        and model.gradient_penalty == 0.0
        and features.closed
        and features.constants == RELU.constants
        and model.phase is Phase.REGULAR
        and model.ridge == 0.0
        and model.eps > 0.0
        and model.psi2 < math.inf
        and (data.signal_norm, data.nonlinear_power, data.radial_power) == (1.0, 0.0, 0.0)
    )
    if not covered:
        raise ValueError(
            "the published theorem covers the square loss, norm 2, Gaussian noise, no gradient penalty, the shifted "
            "ReLU with the Marchenko-Pastur law, ridge = 0, eps > 0, "
            f"finite psi2, signal_norm = 1, nonlinear_power = radial_power = 0 and a regular phase; got {model!r}"
        )
    if model.k > LARGEST_MULTIPLIER:
        raise NumericalError(
            f"the printed variables do not determine the inner supremum, at l = 1/(1+k), where k > "
            f"{LARGEST_MULTIPLIER:g}: got k={model.k:g} at {model!r}"
        )
    problem, solution = _solution(model)
    step, one = problem["M"].mpf(_STEP), problem["M"].one

    def derivatives(at: list[Any]) -> tuple[Any, np.ndarray]:
        variables = np.array(_variables(*at, **problem), dtype=object)
        value, gradient = objective_and_gradient(*variables, **problem, near=one * model.k)
        return value, variables * gradient

    value, partials = derivatives(solution)
    slopes, turns = [], []
    for i, number in enumerate(solution):
        moved, turned = derivatives([*solution[:i], number * (one + step), *solution[i + 1 :]])
        slopes.append((moved - value) / step)
        turns.append(list((turned - partials) / step))
    # one Newton step leads to the saddle value, which a solution in double precision only misses to second order
    moves = problem["M"].lu_solve(problem["M"].matrix(turns).T, problem["M"].matrix(list(-partials)))
    value += sum(slope * move for slope, move in zip(slopes, moves, strict=True)) / 2
    v, q, *_ = solution
    norm = abs(q * problem["M"].sqrt(v) / (problem["eps"] * model.gradient_norm) - one)
    return Stationarity(
        gradient=float(max(norm, *(abs(partials) / abs(np.array(turns)).sum(axis=0)))),
        value=float(abs(value - model.training_loss) / value),
    )
