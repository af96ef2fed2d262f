"""Best training radius, ridge, width and activation for a given test radius, each by a global search (search.py)."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from ..engine.regimes import SOLVED, solve_point
from ..problem.activation import Activation, resolve_activation
from ..problem.catalogue import TABLE, built_in
from ..problem.parameters import DESCRIPTIONS, scalar
from ..problem.spectrum import Spectrum, resolve_spectrum
from ..support import validation
from ..support.jit import njit
from ..support.provenance import versions
from ..theory.equilibrium import Equilibrium, adversarial_risk, solve
from ..theory.thresholds import null_threshold
from .search import UNSOLVED, Axis, Basin, Evaluate, Optimum, risk_or_nan, search

__all__ = [
    "ActivationOptimum",
    "Basin",
    "FixedModel",
    "Optimum",
    "at_optimum",
    "best_activation",
    "best_training",
    "best_width",
    "fixed_model",
    "pareto",
    "polynomial_activation",
]

RIDGE_RANGE = (1e-8, 1e4)
WIDTH_RANGE = (1e-3, 1e5)
#: Training radii searched, relative to the null threshold.
RADIUS_RANGE = (1e-4, 1.0)
#: mu1/mu2 and rho/mu2 searched for activations; no activation has rho/mu2 < sqrt 2.
LINEARITY_RANGE = (1e-2, 1e2)
ROUGHNESS_RANGE = (math.sqrt(2.0), 1e2)

_PROBLEM = ("psi1", "psi2", "eps", "tau", "ridge")


@njit
def _solve_rows(rows, signal, nonlinear, atoms, weights, v, r):
    """Fill v and r of rows (psi1, psi2, eps, tau, ridge, mu1^2, mu2^2, rho^2); UNSOLVED and 0 without solution."""
    for i in range(rows.shape[0]):
        point = solve_point(
            rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3], rows[i, 4], rows[i, 5], rows[i, 6], rows[i, 7],
            signal, nonlinear, atoms, weights,
        )  # fmt: skip
        solved = point[0] == SOLVED
        v[i] = point[5] if solved else UNSOLVED
        r[i] = point[6] if solved else 0.0


@dataclass(frozen=True)
class FixedModel:
    """The validated part of a problem that a search keeps fixed."""

    activation: Activation
    spectrum: Spectrum
    signal_norm: float
    nonlinear_power: float

    @property
    def keywords(self) -> dict[str, Any]:
        """The keyword arguments of :func:`rfrobust.solve` that they are."""
        return {
            "activation": self.activation,
            "spectrum": self.spectrum,
            "signal_norm": self.signal_norm,
            "nonlinear_power": self.nonlinear_power,
        }

    def null_risk(self, tau: float) -> float:
        """Return the risk of predicting zero."""
        return self.signal_norm**2 + tau**2 + self.nonlinear_power

    def solve_rows(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return v and r of problems (psi1, psi2, eps, tau, ridge), one a row; UNSOLVED and 0 where none is found."""
        v, r = np.empty(len(rows)), np.empty(len(rows))
        full = np.empty((len(rows), 8))
        full[:, :5] = rows
        full[:, 5:] = self.activation.constants
        target = (self.signal_norm**2, self.nonlinear_power)
        if not self.spectrum.depends_on_psi1:
            _solve_rows(full, *target, *self.spectrum.law(1.0), v, r)
            return v, r
        for psi1 in np.unique(rows[:, 0]):
            group = rows[:, 0] == psi1
            part = np.empty((2, np.count_nonzero(group)))
            _solve_rows(full[group], *target, *self.spectrum.law(float(psi1)), *part)
            v[group], r[group] = part
        return v, r

    def objective(self, base: tuple[float, ...], searched: list[str], eps_test: float) -> Evaluate:
        """Return the adversarial risk as a function of the searched parameters, one problem a row."""
        columns = [_PROBLEM.index(name) for name in searched]

        def evaluate(points: np.ndarray) -> np.ndarray:
            rows = np.empty((len(points), len(_PROBLEM)))
            rows[:] = base
            rows[:, columns] = points
            return adversarial_risk(*self.solve_rows(rows), eps_test)

        return evaluate


def fixed_model(activation: Any, spectrum: Any, signal_norm: Any, nonlinear_power: Any) -> FixedModel:
    """Check the fixed part of a problem."""
    return FixedModel(
        resolve_activation(activation),
        resolve_spectrum(spectrum),
        scalar("signal_norm", signal_norm),
        scalar("nonlinear_power", nonlinear_power),
    )


def best_training(
    psi1: float,
    psi2: float,
    tau: float = 0.0,
    *,
    eps_test: float,
    eps: float | None = None,
    ridge: float | None = 0.0,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
) -> Optimum:
    r"""Return the training radius, the ridge, or both, of least adversarial risk.

    .. math:: \min_{\epsilon\ge0,\;\lambda\ge0} AR(\epsilon_{test};\ \hat\theta(\epsilon,\lambda))

    Parameters
    ----------
    psi1, psi2, tau, activation, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`.
    eps_test : float
        Test radius, >= 0.
    eps : float, optional
        Training radius; searched over [0, eps_c] where None.
    ridge : float, optional
        Ridge; searched over {0} and [1e-8, 1e4] where None.

    Returns
    -------
    Optimum
        ``at`` holds ``eps``, ``ridge`` or both.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or both ``eps`` and ``ridge`` are given.
    RuntimeError
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
    psi1, psi2, tau = scalar("psi1", psi1), scalar("psi2", psi2), scalar("tau", tau)
    eps_test = scalar("eps_test", eps_test)
    if eps is not None:
        eps = scalar("eps", eps)
    if ridge is not None:
        ridge = scalar("ridge", ridge)
    if eps is not None and ridge is not None:
        raise ValueError(
            f"eps and ridge are both given, eps={eps:g} and ridge={ridge:g} (0 by default): leave the one to be "
            "searched None"
        )
    model = fixed_model(activation, spectrum, signal_norm, nonlinear_power)
    threshold = null_threshold(psi1, psi2, tau, **model.keywords)
    axes = []
    if eps is None:
        axes.append(Axis("eps", RADIUS_RANGE[0] * threshold, RADIUS_RANGE[1] * threshold, True, threshold))
    if ridge is None:
        axes.append(Axis("ridge", *RIDGE_RANGE, True))
    names = [axis.name for axis in axes]
    evaluate = model.objective((psi1, psi2, eps or 0.0, tau, ridge or 0.0), names, eps_test)
    null_at = {"eps": threshold, "ridge": 0.0}
    null = {name: null_at[name] for name in names} if eps is None or eps >= threshold else {"ridge": math.inf}
    return search(evaluate, axes, eps_test, model.null_risk(tau), null)


def best_width(
    psi2: float,
    eps: float,
    tau: float = 0.0,
    *,
    eps_test: float | None = None,
    ridge: float = 0.0,
    psi1_range: tuple[float, float] = WIDTH_RANGE,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
) -> Optimum:
    r"""Return the number of features per dimension of least adversarial risk at a fixed number of samples.

    .. math:: \min_{\psi_1} AR(\epsilon_{test};\ \psi_1,\psi_2,\epsilon)

    Parameters
    ----------
    psi2, eps, tau, ridge, activation, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`.
    eps_test : float, optional
        Test radius; the training radius by default.
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
    RuntimeError
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
    psi2, eps, tau, ridge = (
        scalar("psi2", psi2),
        scalar("eps", eps),
        scalar("tau", tau),
        scalar("ridge", ridge),
    )
    eps_test = eps if eps_test is None else scalar("eps_test", eps_test)
    low, high = validation.real_array("psi1_range", psi1_range, 0.0, open_lower=True, shape=(2,))
    if not low < high:
        raise ValueError(f"psi1_range must be increasing, got psi1_range={psi1_range!r}")
    model = fixed_model(activation, spectrum, signal_norm, nonlinear_power)

    evaluate = model.objective((1.0, psi2, eps, tau, ridge), ["psi1"], eps_test)
    edge = _null_width(psi2, eps, tau, float(low), float(high), model)
    axes = [Axis("psi1", float(low), float(high), False, edge)]
    return search(evaluate, axes, eps_test, model.null_risk(tau), {"psi1": 0.0})


def _null_width(
    psi2: float, eps: float, tau: float, low: float, high: float, model: FixedModel
) -> float | None:
    """Return the width between ``low`` and ``high`` at which ``eps`` is the null threshold, or None."""

    def excess(log_psi1: float) -> float:
        return null_threshold(math.exp(log_psi1), psi2, tau, **model.keywords) - eps

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
        Built-in name -> risk, best first, NaN last where there is no solution. The identity (mu2 = rho = 0) is
        outside the range searched and no limit of it: however small mu2 is, without ridge theta can be large where
        W W' vanishes.
    """

    optimum: Optimum
    activation: Activation | None
    built_in: dict[str, float]


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
    mu1 = validation.real_scalar("mu1", mu1)
    mu2 = validation.real_scalar("mu2", mu2, 0.0)
    rho = validation.real_scalar("rho", rho, 0.0)
    if mu2 == 0.0 and rho > 0.0:
        raise ValueError(f"rho must be 0 where mu2 = 0 (only a limit has rho > 0 there), got rho={rho!r}")
    ratio = (rho / mu2) ** 2 if mu2 > 0.0 else 2.0
    if ratio < 2.0 * (1.0 - 1e-9):
        raise ValueError(f"rho^2 must be >= 2 mu2^2, got rho={rho!r}, mu2={mu2!r}")
    j = max(3, math.ceil(ratio))
    if j > LARGEST_DEGREE:
        raise ValueError(f"rho^2/mu2^2 must be <= {LARGEST_DEGREE} for a polynomial of floats, got {ratio:g}")
    b2 = max(ratio - 2.0, 0.0) / (j - 2) * mu2 * mu2
    coefficients = np.zeros(j + 1)
    coefficients[1] = mu1
    coefficients[2] = math.sqrt(max(mu2 * mu2 - b2, 0.0) / 2.0)
    coefficients[j] += math.sqrt(b2) / math.sqrt(math.factorial(j))
    series = np.polynomial.HermiteE(coefficients)
    return Activation("polynomial", series, series.deriv(), mu0=0.0, mu1=mu1, mu2=mu2, rho=rho)


def best_activation(
    psi1: float,
    psi2: float,
    eps: float,
    tau: float = 0.0,
    *,
    eps_test: float | None = None,
    mu1_over_mu2: float | None = None,
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
) -> ActivationOptimum:
    r"""Return the activation of least adversarial risk.

    .. math:: \min_{\mu_2/\mu_1,\ \rho^2\ge2\mu_2^2} AR(\epsilon_{test};\ \mu_1,\mu_2,\rho)

    Without ridge only the two ratios matter: mu1/mu2 is searched over [0.01, 100] and rho/mu2 over
    [sqrt 2, 100]. The lower end of rho/mu2 is attained by quadratic activations and by no others.

    Parameters
    ----------
    psi1, psi2, eps, tau, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`.
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
    RuntimeError
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
    psi1, psi2, eps, tau = scalar("psi1", psi1), scalar("psi2", psi2), scalar("eps", eps), scalar("tau", tau)
    eps_test = eps if eps_test is None else scalar("eps_test", eps_test)
    model = fixed_model("relu", spectrum, signal_norm, nonlinear_power)
    fixed = None
    if mu1_over_mu2 is not None:
        fixed = validation.real_scalar("mu1_over_mu2", mu1_over_mu2, 1e-6, 1e6)
    target = (model.signal_norm**2, model.nonlinear_power)
    law = model.spectrum.law(psi1)

    def evaluate(points: np.ndarray) -> np.ndarray:
        rows = np.empty((len(points), 8))
        rows[:, :5] = psi1, psi2, eps, tau, 0.0
        rows[:, 5] = (fixed or points[:, 0]) ** 2
        rows[:, 6] = 1.0
        rows[:, 7] = points[:, -1] ** 2
        v, r = np.empty(len(points)), np.empty(len(points))
        _solve_rows(rows, *target, *law, v, r)
        return adversarial_risk(v, r, eps_test)

    axes = [Axis("rho_over_mu2", *ROUGHNESS_RANGE, False)]
    if fixed is None:
        axes.insert(0, Axis("mu1_over_mu2", *LINEARITY_RANGE, False))
    optimum = search(evaluate, axes, eps_test, model.null_risk(tau), None)
    concrete = None
    if not optimum.null:
        if fixed is not None:
            optimum = replace(optimum, at={"mu1_over_mu2": fixed, **optimum.at})
        mu1, rho = optimum.at["mu1_over_mu2"], max(optimum.at["rho_over_mu2"], math.sqrt(2.0))
        if rho * rho <= LARGEST_DEGREE:
            scale = 1.0 / math.hypot(mu1, 1.0)
            concrete = polynomial_activation(mu1 * scale, scale, rho * scale)
    point = np.array([[psi1, psi2, eps, tau, 0.0]])
    risks = {}
    for name in TABLE:
        candidate = replace(model, activation=built_in(name))
        risks[name] = risk_or_nan(adversarial_risk(*candidate.solve_rows(point), eps_test)[0])
    ranking = sorted(risks.items(), key=lambda item: (math.isnan(item[1]), item[1]))
    return ActivationOptimum(optimum, concrete, dict(ranking))


def pareto(
    psi1: float,
    psi2: float,
    tau: float = 0.0,
    *,
    eps_test: float,
    with_ridge: bool = True,
    points: int = 120,
    activation: str | Activation = "relu",
    spectrum: str | Spectrum = "marchenko-pastur",
    signal_norm: float = 1.0,
    nonlinear_power: float = 0.0,
) -> xr.Dataset:
    """Return the training settings that no other setting beats in both standard and adversarial risk.

    Parameters
    ----------
    psi1, psi2, tau, activation, spectrum, signal_norm, nonlinear_power
        As for :func:`solve`.
    eps_test : float
        Test radius of the adversarial risk, positive.
    with_ridge : bool
        Whether the ridge is tuned as well; with False it is 0.
    points : int
        Training radii tried, from 0 to the null threshold; a fifth as many ridges, but 16 at least.

    Returns
    -------
    xarray.Dataset
        Dimension ``point``, ordered by standard risk: ``standard_risk``, ``adversarial_risk``, ``eps``,
        ``ridge``. Non-dominated among all settings tried.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    RuntimeError
        If no setting tried has a solution.

    Notes
    -----
    docs/theory, "Outputs".
    """
    psi1, psi2, tau = scalar("psi1", psi1), scalar("psi2", psi2), scalar("tau", tau)
    eps_test = validation.real_scalar("eps_test", eps_test, 0.0, open_lower=True)
    points = validation.integer("points", points, 10)
    if not isinstance(with_ridge, bool):
        raise TypeError(f"with_ridge must be True or False, got {with_ridge!r}")
    model = fixed_model(activation, spectrum, signal_norm, nonlinear_power)
    threshold = null_threshold(psi1, psi2, tau, **model.keywords)
    radii = np.concatenate([[0.0], threshold * np.geomspace(*RADIUS_RANGE, points)])
    ridges = np.zeros(1)
    if with_ridge:
        ridges = np.concatenate([ridges, np.geomspace(*RIDGE_RANGE, max(points // 5, 16))])
    radius, ridge = (grid.ravel() for grid in np.meshgrid(radii, ridges, indexing="ij"))
    rows = np.column_stack(
        [np.full(radius.size, psi1), np.full(radius.size, psi2), radius, np.full(radius.size, tau), ridge]
    )
    v, r = model.solve_rows(rows)
    solved = v < UNSOLVED  # not so at the pole psi1 = psi2 without radius and ridge
    if not solved.any():
        raise RuntimeError(f"none of {solved.size} training settings has a solution")
    v, r, radius, ridge = v[solved], r[solved], radius[solved], ridge[solved]
    risk = adversarial_risk(v, r, eps_test)
    order = np.lexsort((risk, v))
    least = np.minimum.accumulate(risk[order])
    front = order[np.concatenate([[True], risk[order][1:] < least[:-1]])]
    columns = {"standard_risk": v, "adversarial_risk": risk, "eps": radius, "ridge": ridge}
    return xr.Dataset(
        {
            name: ("point", values[front], {"long_name": DESCRIPTIONS[name]})
            for name, values in columns.items()
        },
        attrs={
            "psi1": psi1, "psi2": psi2, "tau": tau, "eps_test": eps_test, "eps_null": threshold,
            "activation": model.activation.name, "spectrum": model.spectrum.name,
            "signal_norm": model.signal_norm, "nonlinear_power": model.nonlinear_power, **versions(),
        },
    )  # fmt: skip


def at_optimum(optimum: Optimum, **problem: Any) -> Equilibrium:
    """Return :func:`solve` at the optimum's parameters and the remaining ones of the problem.

    Parameters
    ----------
    optimum : Optimum
        A result of :func:`best_training` or :func:`best_width`.
    **problem
        The other arguments of :func:`solve`.

    Returns
    -------
    Equilibrium
        The solution.

    Raises
    ------
    TypeError, ValueError
        If the arguments do not make a problem (a null optimum in the limit of zero width or infinite ridge).
    """
    return solve(**{**problem, **optimum.at})
