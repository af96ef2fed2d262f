"""Best training radius, ridge, width and activation for a given test radius, each by a global search (search.py)."""

import math
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from ..problem.activation import Activation
from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.catalogue import TABLE, built_in
from ..problem.datasets import describe
from ..problem.loss import Huber
from ..problem.parameters import DESCRIPTIONS, SWEPT, scalar
from ..problem.problem import (
    AS_GIVEN,
    NO_NOISE,
    FirstLayer,
    Problem,
    Settings,
    Target,
    as_problem,
    refuse,
    setting_of,
    without_width,
)
from ..problem.risk import Risks
from ..support import validation
from ..theory.points import dual_norms, point_of, risks_of, solve_points
from ..theory.thresholds import null_threshold
from .search import UNSOLVED, Axis, Evaluate, Optimum, risk_or_nan, search

#: Ridges and gradient penalties searched; deltas of Huber's loss, in units of |beta|.
RIDGE_RANGE = (1e-8, 1e4)
DELTA_RANGE = (1e-2, 1e2)
WIDTH_RANGE = (1e-3, 1e5)
#: Training radii searched, relative to the null threshold.
RADIUS_RANGE = (1e-4, 1.0)
#: mu1/mu2 and rho/mu2 searched for activations; no activation has rho/mu2 < sqrt 2.
LINEARITY_RANGE = (1e-2, 1e2)
ROUGHNESS_RANGE = (math.sqrt(2.0), 1e2)

#: Distance, relative, from which on points of a front, or the test radii for which they are best, are the same.
SAME = 1e-6


def risks(points: np.ndarray, problem: Problem, norm: float | None = None) -> Risks:
    """Return the risks under a norm at points (``SWEPT``), the rest as in ``problem``; UNSOLVED without a solution."""
    table = solve_points(points, problem)
    found = risks_of(table, problem)
    if norm is not None:
        found = found._replace(gradient_norm=dual_norms(points, table, problem, norm))
    return _finite(found)


def _finite(found: Risks) -> Risks:
    failed = np.isnan(found.standard_risk) | np.isnan(found.gradient_norm)
    if not failed.any():
        return found
    v, r, scale = found[:3]
    return Risks(np.where(failed, UNSOLVED, v), np.where(failed, 0.0, r), np.where(failed, 1.0, scale), found.labels)


def _objective(problem: Problem, searched: list[str], eps_test: float, norm: float | None = None) -> Evaluate:
    """Return the adversarial risk as a function of the searched parameters, one problem a row."""
    columns = [SWEPT.index(name) for name in searched if name in SWEPT]
    places = [i for i, name in enumerate(searched) if name in SWEPT]
    base = point_of(problem)

    def evaluate(values: np.ndarray) -> np.ndarray:
        points = np.empty((len(values), len(SWEPT)))
        points[:] = base
        points[:, columns] = values[:, places]
        if "delta" not in searched:
            return risks(points, problem, norm).at(eps_test)
        out = np.empty(len(values))
        deltas = values[:, searched.index("delta")]
        for delta in np.unique(deltas):
            rows = deltas == delta
            out[rows] = risks(points[rows], problem.vary(loss=Huber(float(delta))), norm).at(eps_test)
        return out

    return evaluate


@dataclass(frozen=True)
class _Training:
    """A search over the settings of training: the problem with what is fixed, the axes, and where training is null."""

    base: Problem
    axes: list[Axis]
    null: dict[str, float]
    threshold: float
    norm: float | None

    def best(self, eps_test: float) -> Optimum:
        """Return the setting of least adversarial risk at a test radius."""
        names = [axis.name for axis in self.axes]
        evaluate = _objective(self.base, names, eps_test, self.norm)
        return search(evaluate, self.axes, eps_test, self.base.data.null_risk, self.null)

    def problem(self, at: dict[str, float]) -> Problem:
        """Return the problem at values of what is searched."""
        changes: dict[str, Any] = dict(at)
        if "delta" in changes:
            changes["loss"] = Huber(changes.pop("delta"))
        return self.base.vary(**changes)


def _training(
    problem: Problem,
    eps: float | None,
    ridge: float | None,
    gradient_penalty: float | None,
    delta: float | None,
    norm_test: float | None,
) -> _Training:
    """Return the search over those settings that are None; the others are fixed."""
    base = _predictable(problem)
    norm = None if norm_test is None else norm_of("norm_test", norm_test)
    fixed = {"eps": None if eps is None else scalar("eps", eps)}
    for name, value in (("ridge", ridge), ("gradient_penalty", gradient_penalty)):
        fixed[name] = base.settings[name] if value is AS_GIVEN else None if value is None else scalar(name, value)
    if delta is not AS_GIVEN:
        if not isinstance(base.loss, Huber):
            raise ValueError(
                f"delta is the parameter of Huber's loss, got delta={delta!r} with loss={base.loss.name!r}"
            )
        fixed["delta"] = delta
    names = [name for name, value in fixed.items() if value is None]
    if not names:
        given = " and ".join(f"{name}={value:g}" for name, value in fixed.items())
        raise ValueError(f"something must be searched, got {given}: leave the one to be searched None")
    loss = base.loss if delta is AS_GIVEN else Huber(1.0 if delta is None else delta)
    base = base.vary(
        eps=fixed["eps"] or 0.0, ridge=fixed["ridge"] or 0.0, gradient_penalty=fixed["gradient_penalty"] or 0.0,
        loss=loss,
    )  # fmt: skip
    # where the loss is searched the threshold moves with it: up to that of the square loss and more
    threshold = null_threshold(base) if "delta" not in names else _largest_threshold(base)
    edge, size = threshold if "delta" not in names else None, base.data.signal_norm
    ranges = {
        "eps": Axis("eps", RADIUS_RANGE[0] * threshold, RADIUS_RANGE[1] * threshold, True, edge),
        "ridge": Axis("ridge", *RIDGE_RANGE, True),
        "gradient_penalty": Axis("gradient_penalty", *RIDGE_RANGE, True),
        "delta": Axis("delta", DELTA_RANGE[0] * size, DELTA_RANGE[1] * size, False),
    }
    null_at = {"eps": threshold, "ridge": 0.0, "gradient_penalty": 0.0, "delta": size}
    null = {name: null_at[name] for name in names}
    if fixed["eps"] is not None and fixed["eps"] < threshold:
        null = {next(name for name in names if name != "delta"): math.inf} if names != ["delta"] else {}
    return _Training(base, [ranges[name] for name in names], null, threshold, norm)


def _predictable(problem: Problem) -> Problem:
    """Return a problem whose risks are finite, or raise."""
    data = problem.data
    if math.isinf(data.null_risk):
        raise ValueError(f"noise must have a finite variance, or every risk is infinite, got noise={data.noise!r}")
    return problem


def best_training(
    psi1: float | Problem,
    psi2: float | None = None,
    tau: float = NO_NOISE,
    *,
    eps_test: float,
    eps: float | None = None,
    ridge: float | None = AS_GIVEN,
    gradient_penalty: float | None = AS_GIVEN,
    delta: float | None = AS_GIVEN,
    norm_test: float | None = None,
    **settings: Unpack[FirstLayer],
) -> Optimum:
    r"""Return the training radius, the penalties, and Huber's delta, or some of these, of least adversarial risk.

    .. math:: \min_{\epsilon,\lambda,g,\delta\ge0} AR(\epsilon_{test};\ \hat\theta(\epsilon,\lambda,g,\delta))

    Parameters
    ----------
    psi1, psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, of which the radius does not count, or its parameters.
    eps_test : float
        Test radius, >= 0.
    eps : float, optional
        Training radius; searched over [0, eps_c] where None.
    ridge, gradient_penalty : float, optional
        Penalties, by default those of the problem (0 without one); searched over {0} and [1e-8, 1e4] where None.
    delta : float, optional
        Parameter of Huber's loss, by default that of the problem; searched over [.01, 100] times the size of the
        response's signal where None.
    norm_test : float, optional
        p of the norm of test attacks, that of training by default.

    Returns
    -------
    Optimum
        ``at`` holds what was searched.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, nothing is left to search, delta is given or searched
        for another loss than Huber's, or the noise has no variance.
    NumericalError
        If no problem searched has a solution.

    Notes
    -----
    The risk is that of docs/theory, "Outputs"; the search is described in search.py. Settings with
    the risk of predicting zero fill the half line eps >= eps_c, of which the threshold itself is returned.

    Examples
    --------
    >>> from rfrobust.tuning.optima import best_training
    >>> best = best_training(3, 2, 0.5, eps_test=0.3)
    >>> round(best.at["eps"], 3), round(best.risk, 4)
    (0.965, 1.1016)
    """
    eps_test = scalar("eps_test", eps_test)
    problem = setting_of(psi1, psi2, tau, settings)
    return _training(problem, eps, ridge, gradient_penalty, delta, norm_test).best(eps_test)


def _largest_threshold(problem: Problem) -> float:
    """Return the largest null threshold over the range of Huber's delta."""
    ends = np.geomspace(*DELTA_RANGE, 9) * problem.data.signal_norm
    return 1.05 * max(null_threshold(problem.vary(loss=Huber(float(delta)))) for delta in ends)


def best_width(
    psi2: float | Problem,
    eps: float | None = None,
    tau: float = NO_NOISE,
    *,
    eps_test: float | None = None,
    norm_test: float | None = None,
    psi1_range: tuple[float, float] = WIDTH_RANGE,
    **settings: Unpack[Settings],
) -> Optimum:
    r"""Return the number of features per dimension of least adversarial risk at a fixed number of samples.

    .. math:: \min_{\psi_1} AR(\epsilon_{test};\ \psi_1,\psi_2,\epsilon)

    Parameters
    ----------
    psi2, eps, tau, **settings
        As for :func:`solve`: a :class:`Problem`, of which the width does not count, or its parameters without it.
    eps_test : float, optional
        Test radius; the training radius by default.
    norm_test : float, optional
        p of the norm of test attacks, that of training by default.
    psi1_range : (float, float)
        Widths searched, positive and increasing.

    Returns
    -------
    Optimum
        ``at`` holds ``psi1``: 0 where nothing beats predicting zero. ``at_bound`` says that the risk still
        falls at an end of the range, as it does for eps = 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    NumericalError
        If no problem searched has a solution.

    Notes
    -----
    docs/theory, "Outputs". At eps = 0 without ridge the risk diverges at psi1 = psi2, which is no candidate.

    Examples
    --------
    >>> from rfrobust.tuning.optima import best_width
    >>> best = best_width(2, 0.1, 0.5)
    >>> round(best.at["psi1"], 1), best.certified
    (7.6, True)
    """
    low, high = validation.real_array("psi1_range", psi1_range, 0.0, open_lower=True, shape=(2,)).tolist()
    if not low < high:
        raise ValueError(f"psi1_range must be increasing, got psi1_range={psi1_range!r}")
    base = _predictable(without_width(low, psi2, eps, tau, settings))
    norm = None if norm_test is None else norm_of("norm_test", norm_test)
    eps_test = base.eps if eps_test is None else scalar("eps_test", eps_test)
    axes = [Axis("psi1", low, high, False, _null_width(base, low, high))]
    evaluate = _objective(base, ["psi1"], eps_test, norm)
    return search(evaluate, axes, eps_test, base.data.null_risk, {"psi1": 0.0})


def _null_width(problem: Problem, low: float, high: float) -> float | None:
    """Return the width between ``low`` and ``high`` at which ``eps`` is the null threshold, or None."""

    def excess(log_psi1: float) -> float:
        return null_threshold(problem.vary(psi1=math.exp(log_psi1))) - problem.eps

    ends = math.log(low), math.log(high)
    if excess(ends[0]) * excess(ends[1]) >= 0.0:
        return None
    return math.exp(brentq(excess, *ends, xtol=1e-12))


@dataclass(frozen=True)
class ActivationOptimum:
    """The best activation of a search.

    Attributes
    ----------
    optimum : Optimum
        ``at`` holds ``mu1_over_mu2`` and ``rho_over_mu2`` >= sqrt 2; it is empty where nothing beats predicting
        zero.
    activation : Activation
        A concrete activation that attains it, see :func:`polynomial_activation`; None for a null optimum and
        beyond rho/mu2 = sqrt 60.
    built_in : dict
        Built-in name -> risk, best first, NaN last where there is no solution (under other norms than the Euclidean one
        also where mu1 = 0 or mu2 = 0, for which there are no equations). The identity (mu2 = rho = 0) is
        outside the range searched and no limit of it: however small mu2 is, without ridge theta can be large where
        W W' vanishes.
    """

    optimum: Optimum
    activation: Activation | None
    built_in: dict[str, float]


class _Target(Target, total=False):
    """What is given besides the activation that is searched."""

    gradient_penalty: float


#: Degree up to which the coefficients of a Hermite polynomial are safe in floats.
LARGEST_DEGREE = 60


def polynomial_activation(mu1: float, mu2: float, rho: float) -> Activation:
    r"""Return an odd-plus-even polynomial with the given moments.

    .. math:: \sigma = \mu_1 h_1 + a h_2 + b h_j,\quad a^2+b^2=\mu_2^2,\quad 2a^2+jb^2=\rho^2

    with normalized Hermite polynomials h_j and the smallest j >= 3 with j mu2^2 >= rho^2; for
    rho^2 = 2 mu2^2 it is the quadratic mu1 u + mu2 (u^2 - 1)/sqrt 2.

    Parameters
    ----------
    mu1, mu2, rho : float
        The moments, mu2 and rho nonnegative, rho^2 >= 2 mu2^2; rho = 0 if mu2 = 0. j is at most 60.

    Returns
    -------
    Activation
        Named ``polynomial``.

    Raises
    ------
    TypeError, ValueError
        If no such polynomial exists.

    Notes
    -----
    In the Hermite basis mu2^2 = sum_{j>=2} a_j^2 and rho^2 = sum_{j>=2} j a_j^2 (derived; docs/findings).
    """
    mu1 = validation.real_scalar("mu1", mu1, -1e100, 1e100)
    mu2 = validation.real_scalar("mu2", mu2, 0.0, 1e100)
    rho = validation.real_scalar("rho", rho, 0.0, 1e100)
    if mu2 == 0.0 and rho > 0.0:
        raise ValueError(f"rho must be 0 where mu2 = 0 (only a limit has rho > 0 there), got rho={rho!r}")
    ratio = (rho / mu2) * (rho / mu2) if mu2 > 0.0 else 2.0
    if ratio < 2.0 * (1.0 - 1e-9):
        raise ValueError(f"rho^2 must be >= 2 mu2^2, got rho={rho!r}, mu2={mu2!r}")
    if ratio > LARGEST_DEGREE:
        raise ValueError(f"rho^2/mu2^2 must be <= {LARGEST_DEGREE} for a polynomial of floats, got {ratio:g}")
    j = max(3, math.ceil(ratio))
    b2 = max(ratio - 2.0, 0.0) / (j - 2) * mu2 * mu2
    coefficients = np.zeros(j + 1)
    coefficients[1] = mu1
    coefficients[2] = math.sqrt(max(mu2 * mu2 - b2, 0.0) / 2.0)
    coefficients[j] += math.sqrt(b2) / math.sqrt(math.factorial(j))
    series = np.polynomial.HermiteE(coefficients)
    return Activation("polynomial", series, series.deriv(), mu0=0.0, mu1=mu1, mu2=mu2, rho=rho)


def best_activation(
    psi1: float | Problem,
    psi2: float | None = None,
    eps: float | None = None,
    tau: float = NO_NOISE,
    *,
    eps_test: float | None = None,
    mu1_over_mu2: float | None = None,
    **settings: Unpack[_Target],
) -> ActivationOptimum:
    r"""Return the activation of least adversarial risk.

    .. math:: \min_{\mu_2/\mu_1,\ \rho^2\ge2\mu_2^2} AR(\epsilon_{test};\ \mu_1,\mu_2,\rho)

    Without ridge only the two ratios matter, for every loss, norm and gradient penalty: all of these see the network
    and its gradient, of which theta takes up the scale. (With a ridge, the scale of an activation is one of the ridge,
    which :func:`best_training` searches.) mu1/mu2 is searched over [0.01, 100] and rho/mu2 over [sqrt 2, 100]. The
    lower end of rho/mu2 is attained by quadratic activations and by no others.

    Parameters
    ----------
    psi1, psi2, eps, tau, **settings
        As for :func:`solve`: a :class:`Problem`, of which ridge and activation do not count, or its parameters; a
        gradient penalty is kept.
    eps_test : float, optional
        Test radius; the training radius by default.
    mu1_over_mu2 : float, optional
        Fixes this ratio, in [1e-6, 1e6], and searches rho/mu2 alone.

    Returns
    -------
    ActivationOptimum
        The optimum, a polynomial that attains it, and how close the built-in activations come.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    NumericalError
        If no activation searched has a solution, as without radius at psi1 = psi2.

    Notes
    -----
    docs/theory, "Traces" (dependence on the moments) and docs/conventions (rho^2 >= 2 mu2^2).

    Examples
    --------
    >>> from rfrobust.tuning.optima import best_activation
    >>> best = best_activation(3, 2, 0.3, 0.5)
    >>> list(best.built_in)[:3]
    ['identity', 'sigmoid', 'tanh']
    """
    refuse(settings, "activation", "ridge")
    base = _predictable(as_problem(psi1, psi2, eps, tau, **settings).vary(ridge=0.0))
    if base.data.radial_power > 0.0:
        raise ValueError(
            "radial_power must be 0: the moments that are searched do not say how activations learn it, got "
            f"radial_power={base.data.radial_power!r}"
        )
    eps_test = base.eps if eps_test is None else scalar("eps_test", eps_test)
    fixed = None
    if mu1_over_mu2 is not None:
        fixed = validation.real_scalar("mu1_over_mu2", mu1_over_mu2, 1e-6, 1e6)
    point = np.array([point_of(base)])

    def risk(activation: Activation) -> float:
        return float(risks(point, base.vary(activation=activation)).at(eps_test)[0])

    compared = {}
    for name in TABLE:
        activation = built_in(name)
        covered = base.attack.norm == EUCLIDEAN or activation.mu1 * activation.mu2 != 0.0
        compared[name] = risk_or_nan(risk(activation)) if covered else math.nan
    ranking = sorted(compared.items(), key=lambda item: (math.isnan(item[1]), item[1]))

    def evaluate(ratios: np.ndarray) -> np.ndarray:
        linear = ratios[:, 0] if fixed is None else np.full(len(ratios), fixed)
        rough = np.maximum(ratios[:, -1], ROUGHNESS_RANGE[0])
        moments = zip(linear.tolist(), rough.tolist(), strict=True)
        return np.array([risk(Activation.from_moments(mu1, 1.0, rho)) for mu1, rho in moments])

    axes = [Axis("rho_over_mu2", *ROUGHNESS_RANGE, False)]
    if fixed is None:
        axes.insert(0, Axis("mu1_over_mu2", *LINEARITY_RANGE, False))
    optimum = search(evaluate, axes, eps_test, base.data.null_risk, None)
    concrete = None
    if not optimum.null:
        if fixed is not None:
            optimum = replace(optimum, at={"mu1_over_mu2": fixed, **optimum.at})
        mu1, rho = optimum.at["mu1_over_mu2"], max(optimum.at["rho_over_mu2"], math.sqrt(2.0))
        if rho * rho <= LARGEST_DEGREE:
            scale = 1.0 / math.hypot(mu1, 1.0)
            concrete = polynomial_activation(mu1 * scale, scale, rho * scale)
    return ActivationOptimum(optimum, concrete, dict(ranking))


def pareto(
    psi1: float | Problem,
    psi2: float | None = None,
    tau: float = NO_NOISE,
    *,
    eps_test: float,
    eps: float | None = None,
    ridge: float | None = None,
    gradient_penalty: float | None = AS_GIVEN,
    delta: float | None = AS_GIVEN,
    norm_test: float | None = None,
    points: int = 40,
    **settings: Unpack[FirstLayer],
) -> xr.Dataset:
    r"""Return training settings that no other setting beats in both standard and adversarial risk.

    .. math:: \hat x(\epsilon') = \operatorname{argmin}_{\epsilon,\lambda,g,\delta}
              AR(\epsilon';\ \hat\theta(\epsilon,\lambda,g,\delta)), \qquad 0\le\epsilon'\le\epsilon_{test}

    Parameters
    ----------
    psi1, psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, of which radius and ridge do not count, or its parameters.
    eps_test : float
        Test radius of the adversarial risk, positive.
    eps, ridge, gradient_penalty, delta, norm_test
        As for :func:`best_training`: searched where None, as radius and ridge are by default.
    points : int
        Points of the front, at most: test radii are added where two neighbours are farthest apart.

    Returns
    -------
    xarray.Dataset
        Dimension ``point``, ordered by standard risk: ``standard_risk``, ``adversarial_risk``, ``eps``, ``ridge``,
        ``gradient_penalty``, ``delta`` if that is searched, and ``best_at``, the test radius in [0, eps_test] for which
        the setting is the best training.

    Raises
    ------
    TypeError, ValueError
        As for :func:`best_training`.
    NumericalError
        If no setting searched has a solution.

    Notes
    -----
    Each point is a global search of :func:`best_training`. None can be beaten, whatever the loss, norm and noise, and
    for labels in their two errors: a setting of lower standard risk that is not worse at eps_test has lower risk at
    every test radius in between (docs/channel, "Two risks at once").
    """
    eps_test = validation.real_scalar("eps_test", eps_test, 0.0, open_lower=True)
    count = validation.integer("points", points, 2)
    problem = setting_of(psi1, psi2, tau, settings)
    training = _training(problem, eps, ridge, gradient_penalty, delta, norm_test)
    base, searched = training.base, [axis.name for axis in training.axes]
    knobs = ["eps", "ridge", "gradient_penalty", *(["delta"] if "delta" in searched else [])]
    names = ("standard_risk", "adversarial_risk", *knobs, "best_at")
    fixed = {name: base.settings[name] for name in knobs if name not in searched}

    def best(radius: float) -> tuple[float, ...]:
        optimum = training.best(radius)
        at = tuple((fixed | optimum.at).get(name, math.nan) for name in knobs)
        if optimum.null:
            return optimum.null_risk, optimum.null_risk, *at, radius
        there = training.problem(optimum.at)
        found = risks(np.array([point_of(there)]), there, training.norm)
        return float(found.standard_risk[0]), float(found.at(eps_test)[0]), *at, radius

    front = [best(0.0), best(eps_test)]
    while len(front) < count:
        table = np.array(front)
        apart = np.abs(np.diff(np.log(table[:, :2]), axis=0)).max(axis=1)
        apart[np.diff(table[:, -1]) < SAME * eps_test] = 0.0  # the best setting jumps
        widest = int(np.argmax(apart))
        if apart[widest] < SAME:
            break
        front.insert(widest + 1, best(0.5 * float(table[widest, -1] + table[widest + 1, -1])))
    table = np.array(sorted(front)).T
    least = np.minimum.accumulate(table[1])
    kept = np.concatenate([[True], table[1, 1:] < least[:-1]])
    described = DESCRIPTIONS | {
        "best_at": "test radius for which the setting is the best training", "delta": "parameter of Huber's loss",
    }  # fmt: skip
    return xr.Dataset(
        {
            name: ("point", values[kept], {"long_name": described[name]})
            for name, values in zip(names, table, strict=True)
        },
        attrs={
            "psi1": base.psi1, "psi2": base.psi2, "tau": base.tau, "eps_test": eps_test,
            "norm_test": base.attack.norm if training.norm is None else training.norm,
            "eps_null": training.threshold, **describe(base),
        },
    )  # fmt: skip
