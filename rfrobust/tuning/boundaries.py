"""Phase boundaries as curves: where training collapses, stops helping, or stops wanting width.

Three margins of a solution trained and tested at the same radius eps, each negative on the good side:

- null: eps - eps_c;
- worse than zero: AR(eps) - E y^2, for labels AR(eps) - 1/2;
- no better than standard training: AR(eps) - AR_0(eps), where AR_0 is the risk at radius eps of the model trained
  at eps = 0 with the same loss and penalties.

In the null phase the second margin is exactly 0: its curve is where it changes sign below eps_c.
"""

import math
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from ..problem.datasets import describe, described
from ..problem.parameters import DESCRIPTIONS, SWEPT
from ..problem.problem import NO_NOISE, Problem, Settings, without_width
from ..problem.risk import Risks
from ..support import validation
from ..theory.grid import sweep
from ..theory.points import point_of
from ..theory.thresholds import null_threshold
from .optima import WIDTH_RANGE, best_width, risks
from .search import UNSOLVED, Optimum

#: Radii scanned for sign changes, relative to the null threshold.
SCAN = np.geomspace(1e-3, 1.0, 241)[:-1]
#: Sign changes kept per point.
ROOTS = 3
#: A margin this close to zero, relative to the risk of predicting zero, counts as zero: below it the sign is rounding.
FLAT = 1e-10
#: Relative difference up to which a risk of a sweep is that of a problem.
SAME_RISK = 1e-8
#: Ridge that stands for the least-norm solution, and for that of labels (separable ones leave V of the order of
#: 1/ridge and residuals of the order of 1): the engine keeps its accuracy there.
VANISHING_RIDGE, VANISHING_RIDGE_OF_LABELS = 1e-12, 1e-6


_EPS, _RIDGE = SWEPT.index("eps"), SWEPT.index("ridge")


def _margins(problem: Problem, radii: np.ndarray) -> np.ndarray:
    """Return the margins "worse than zero" and "no better than standard", shape (2, radii); NaN without solution."""
    points = np.tile(point_of(problem), (radii.size, 1))
    points[:, _EPS] = radii
    found = risks(points, problem)
    risk = np.where(found.standard_risk < UNSOLVED, found.at(radii), math.nan)
    standard = _standard(points[:1], problem).at(radii)
    return np.array([risk - problem.data.null_risk, risk - standard])


def _standard(points: np.ndarray, problem: Problem) -> Risks:
    """Return the risks of standard training at the points (``SWEPT``)."""
    standard = points.copy()
    standard[:, _EPS] = 0.0
    standard[:, _RIDGE] = _at_least_vanishing(points[:, _RIDGE], problem)
    return risks(standard, problem)


def _at_least_vanishing(ridge: np.ndarray, problem: Problem) -> np.ndarray:
    return np.maximum(ridge, VANISHING_RIDGE_OF_LABELS if problem.data.labels == "sign" else VANISHING_RIDGE)


def radius_curves(psi1: Any, psi2: float | Problem, tau: float = NO_NOISE, **settings: Unpack[Settings]) -> xr.Dataset:
    """Return the boundary radii along the width.

    Parameters
    ----------
    psi1 : 1-d array_like
        Widths N/d.
    psi2, tau, **settings
        As for :func:`solve`: a :class:`Problem`, of which width and radius do not count, or its parameters.

    Returns
    -------
    xarray.Dataset
        Over ``psi1``: ``null`` = eps_c. Over ``psi1`` and ``root``: ``worse_than_zero`` and
        ``beats_standard``, the radii in [eps_c/1000, eps_c) at which the margins of this module's opening
        change sign, ascending, NaN-padded. ``worse_at_small_eps`` and ``standard_better_at_small_eps`` tell
        the side at the smallest radius scanned that has a solution (exact recovery has none).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    docs/findings, "Boundaries"; the risks are those of docs/theory, "Outputs", eps_c of "Null phase".
    """
    widths = validation.real_array("psi1", psi1, 0.0, open_lower=True, ndim=1)
    base = _base(float(widths[0]), psi2, tau, settings)

    def margin(eps: float, kind: int, problem: Problem) -> float:
        return float(_margins(problem, np.array([eps]))[kind, 0])

    null = np.empty(widths.size)
    roots = np.full((2, widths.size, ROOTS), math.nan)
    first = np.empty((2, widths.size), dtype=bool)
    for i, width in enumerate(widths):
        problem = base.vary(psi1=float(width))
        null[i] = null_threshold(problem)
        radii = null[i] * SCAN
        margins = _margins(problem, radii)
        for j in range(2):
            sign = np.where(np.abs(margins[j]) > FLAT * base.data.null_risk, np.sign(margins[j]), 0.0)
            known = np.flatnonzero(sign)
            first[j, i] = known.size > 0 and sign[known[0]] > 0
            changes = [(a, b) for a, b in pairwise(known) if sign[a] != sign[b]]
            for n, (a, b) in enumerate(changes[:ROOTS]):
                roots[j, i, n] = brentq(margin, radii[a], radii[b], args=(j, problem), xtol=1e-12, rtol=1e-12)
    return xr.Dataset(
        {
            "null": ("psi1", null, {"long_name": "null threshold eps_c"}),
            "worse_than_zero": (("psi1", "root"), roots[0], {"long_name": "radius where AR crosses the null risk"}),
            "beats_standard": (
                ("psi1", "root"), roots[1], {"long_name": "radius where AR crosses that of standard training"},
            ),
            "worse_at_small_eps": ("psi1", first[0]),
            "standard_better_at_small_eps": ("psi1", first[1]),
        },
        coords={"psi1": ("psi1", widths, {"long_name": DESCRIPTIONS["psi1"]})},
        attrs=_attributes(base),
    )  # fmt: skip


def _base(psi1: float, psi2: float | Problem, tau: float, settings: Settings) -> Problem:
    """Return the problem whose width and radius are varied."""
    return without_width(psi1, psi2, None if isinstance(psi2, Problem) else 0.0, tau, settings)


def _attributes(problem: Problem) -> dict[str, Any]:
    return {"psi2": problem.psi2, "tau": problem.tau, "ridge": problem.ridge, **describe(problem)}


def best_widths(eps: Any, psi2: float | Problem, tau: float = NO_NOISE, **settings: Unpack[Settings]) -> xr.Dataset:
    """Return the best width over all, and on either side of N = n, along the radius (training and test).

    Parameters
    ----------
    eps : 1-d array_like
        Radii.
    psi2, tau, **settings
        As for :func:`radius_curves`, with finite ``psi2``.

    Returns
    -------
    xarray.Dataset
        Over ``eps`` and ``side`` (all, narrow: psi1 <= psi2, wide: psi1 > psi2): ``psi1``, ``risk``, ``null``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """
    radii = validation.real_array("eps", eps, 0.0, open_lower=True, ndim=1)
    base = _finite(_base(WIDTH_RANGE[0], psi2, tau, settings))
    sides = [_sides(base.vary(eps=float(radius))) for radius in radii]
    table = [[(o.at["psi1"], o.risk, o.null) for o in (min(pair, key=lambda o: o.risk), *pair)] for pair in sides]
    values = np.array(table, dtype=float)
    dims = ("eps", "side")
    return xr.Dataset(
        {
            "psi1": (dims, values[..., 0], {"long_name": "best " + DESCRIPTIONS["psi1"]}),
            "risk": (dims, values[..., 1], {"long_name": DESCRIPTIONS["adversarial_risk"]}),
            "null": (dims, values[..., 2].astype(bool), {"long_name": "nothing beats predicting zero"}),
        },
        coords={"eps": ("eps", radii, {"long_name": DESCRIPTIONS["eps"]}), "side": ["all", "narrow", "wide"]},
        attrs=_attributes(base),
    )  # fmt: skip


def _finite(problem: Problem) -> Problem:
    validation.real_scalar("psi2", problem.psi2, 0.0, open_lower=True)
    return problem


def _sides(problem: Problem) -> tuple[Optimum, Optimum]:
    psi2 = problem.psi2
    low, high = min(WIDTH_RANGE[0], 1e-3 * psi2), max(WIDTH_RANGE[1], 1e3 * psi2)
    narrow = best_width(problem, psi1_range=(low, psi2))
    wide = best_width(problem, psi1_range=(psi2 * (1.0 + 1e-6), high))
    return narrow, wide


def width_transition(psi2: float | Problem, tau: float = NO_NOISE, **settings: Unpack[Settings]) -> float:
    r"""Return the radius above which the best network is no longer overparametrized.

    .. math::
       \epsilon_* = \inf\{\epsilon:\ \min_{\psi_1>\psi_2}AR(\epsilon;\psi_1)\ \ge\
       \min_{\psi_1\le\psi_2}AR(\epsilon;\psi_1)\}

    training and testing at the same radius; the right-hand side includes predicting zero, psi1 = 0.

    Parameters
    ----------
    psi2, tau, **settings
        As for :func:`radius_curves`, with finite ``psi2``.

    Returns
    -------
    float
        eps_*; 0 where a narrow network is best at the smallest radius searched (1e-3) already, inf where a wide
        one still is at radius 10.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Own definition (docs/findings, "Where overparametrization starts to hurt"). The first crossing of a scan of 49
    radii is refined by bisection to 1e-9.

    Examples
    --------
    >>> from rfrobust.tuning.boundaries import width_transition
    >>> 0.2 < width_transition(2, 0.5) < 0.4
    True
    """
    base = _finite(_base(WIDTH_RANGE[0], psi2, tau, settings))

    def hurts(eps: float) -> bool:
        narrow, wide = _sides(base.vary(eps=eps))
        return wide.null or wide.risk >= narrow.risk

    previous = 0.0
    for radius in np.geomspace(1e-3, 10.0, 49):
        if hurts(float(radius)):
            if previous == 0.0:
                return 0.0
            low, high = previous, float(radius)
            while high - low > 1e-9 * high:
                middle = math.sqrt(low * high)
                low, high = (low, middle) if hurts(middle) else (middle, high)
            return high
        previous = float(radius)
    return math.inf


@validation.typed
def add_margins(data: xr.Dataset, problem: Problem | None = None) -> xr.Dataset:
    """Add to a :func:`rfrobust.sweep` the margins of this module, for contours at level 0.

    Parameters
    ----------
    data : xarray.Dataset
        A sweep of any loss, norm and noise, real responses or labels, along losses and norms too; its
        ``adversarial_risk`` may be at any test radius and test norm.
    problem : Problem, optional
        The problem that was swept, anywhere along its parameters, where names do not tell it: with a spectrum, loss,
        noise or signal of one's own, or features that are not random ones.

    Returns
    -------
    xarray.Dataset
        The sweep with ``margin_zero`` = AR - null risk (NaN in the null phase), ``margin_standard`` =
        AR - AR_0 at the same test radius (NaN in the null phase) and, where ``psi1`` is swept, ``best_psi1``,
        the width of least adversarial risk on the grid (NaN where that is the null phase).

    Raises
    ------
    ValueError
        If the problem is not the one that was swept, or has to be given.
    """
    base = _swept(data, problem)
    risk = data["adversarial_risk"]
    given: dict[str, Any] = {name: data[name].values for name in SWEPT if name != "eps"}
    given["ridge"] = _at_least_vanishing(given["ridge"], base)
    given |= {name: data[name].values.tolist() for name in ("loss", "norm") if name in data.dims}
    radius = "eps_test" if "eps_test" in data.coords else "eps"
    norms = data["norm_test"].values.tolist() if "norm_test" in data.coords else None
    standard = sweep(base, **given, eps=0.0, eps_test=data[radius].values, norm_test=norms)["adversarial_risk"]
    standard = standard.drop_vars("eps").rename({} if radius == "eps_test" else {"eps_test": "eps"})
    standard = standard.assign_coords(ridge=data["ridge"])
    alive = data["gradient_norm"] > 0.0
    null_risk = xr.apply_ufunc(np.vectorize(lambda tau: base.vary(tau=tau).data.null_risk, otypes=[float]), data["tau"])
    out = data.assign(
        margin_zero=(risk - null_risk).where(alive).transpose(*risk.dims),
        margin_standard=(risk - standard).where(alive).transpose(*risk.dims),
    )
    out.margin_zero.attrs = {"long_name": "adversarial risk minus that of predicting zero"}
    out.margin_standard.attrs = {"long_name": "adversarial risk minus that of standard training"}
    if "psi1" in risk.dims:
        best = risk.fillna(math.inf).argmin("psi1")
        beats = alive.isel(psi1=best) & (risk.min("psi1") < null_risk)
        out["best_psi1"] = data.psi1.isel(psi1=best).where(beats).drop_vars("psi1", errors="ignore")
        out.best_psi1.attrs = {"long_name": "width of least adversarial risk on the grid"}
    return out


def _swept(data: xr.Dataset, problem: Problem | None) -> Problem:
    """Return the problem that was swept, given or rebuilt from the attributes, if it has a risk of the sweep."""
    attrs: dict[str, Any] = {**data.attrs, **{n: data[n].values[0] for n in ("loss", "norm") if n in data.dims}}
    if "labels" not in attrs:
        raise ValueError("data must be a sweep of one kind of responses, real or labels: it has no attribute 'labels'")
    # a point below the null threshold: of the first loss, norm and test, as these are not ordered
    here = data.isel({name: 0 for name in data.dims if name not in SWEPT})
    at = np.unravel_index(int(np.argmax(here["gradient_norm"].values > 0.0)), here["gradient_norm"].shape)
    here = here.isel(dict(zip(here["gradient_norm"].dims, map(int, at), strict=True)))
    point: Any = {name: float(here[name]) for name in SWEPT}
    if problem is None:
        try:
            problem = described(attrs, **point)
        except (KeyError, TypeError, ValueError) as error:
            names = ("features", "spectrum", "loss", "noise", "signal")
            unknown = ", ".join(f"{name}={attrs[name]!r}" for name in names if name in attrs)
            raise ValueError(
                f"problem must be given where names do not tell it, got problem=None for {unknown}"
            ) from error
    else:
        problem = problem.vary(**point, **{name: attrs[name] for name in ("loss", "norm") if name in data.dims})
    if here["gradient_norm"] > 0.0:
        norm = float(here["norm_test"]) if "norm_test" in here.coords else None
        radius = float(here["eps_test" if "eps_test" in here.coords else "eps"])
        risk, swept = (
            float(risks(np.array([point_of(problem)]), problem, norm).at(radius)[0]),
            float(here.adversarial_risk),
        )
        if not math.isclose(risk, swept, rel_tol=SAME_RISK):
            raise ValueError(
                f"problem must be the one that was swept: {problem!r} has the adversarial risk {risk:.10g}, the sweep "
                f"{swept:.10g} (a spectrum, loss, noise or signal of one's own is told by giving the problem)"
            )
    return problem
