"""Other losses, norms and labels: the curse under l_inf, outliers, classification, attacks that spare the signal."""

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..finite.montecarlo import extrapolate, simulate
from ..problem.noise import GaussianMixture
from ..problem.problem import Problem
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, house_style, new_figure
from ..theory.grid import sweep

TITLE = "Other attacks, losses and responses: norms, outliers, labels, consistent attacks"
CAPTION = (
    "Shifted ReLU, n/d = 2. (a) Square loss, tau = 0.3, training and test radius 0.1: networks trained against l2 and "
    "against l_inf attacks (eps/sqrt(d) a coordinate), each tested under both. (b) Outliers, noise 0.8 N(0, 0.09) + "
    "0.2 N(0, 9), N/d = 3: risk above that of the best predictor against the training radius, without ridge and with "
    "ridge 0.1 (dashed). (c) Labels sign(<beta, x> + 0.3 xi), training radius 0.1, ridge 0.01: error rates, and under "
    "l2 attacks of radius 0.1 (dashed). (d) Square loss, tau = 0.5, training and test radius 0.3: all attacks, and "
    "those orthogonal to beta, which cannot change the response. Points: finite networks, means over 20 draws of "
    "simulate(seed=11) at d = 50 and at d = 100, extrapolated to d = infinity by a line in 1/d, with standard errors, "
    "drawn side by side."
)
PSI2, SEED = 2.0, 11
MIXTURE = GaussianMixture((0.3, 3.0), (0.8, 0.2))
NORMS = (2.0, math.inf)
LOSS_NAMES = {"square": "square", "huber:0.5": r"Huber, $\delta = 0.5$", "absolute": "absolute"}
OUTLIER_LOSSES = tuple(LOSS_NAMES)
LABEL_LOSSES = ("logistic", "hinge")
RIDGES = (0.0, 0.1)
WIDTHS = (0.5, 1.0, 3.0, 8.0)
RADII = (0.0, 0.1, 0.3)

CURVES = Problem.of(1.0, PSI2, 0.1, 0.3)
OUTLIERS = Problem.of(3.0, PSI2, 0.0, noise=MIXTURE)
LABELS = Problem.of(1.0, PSI2, 0.1, 0.3, ridge=0.01, loss="logistic")
CONSISTENT = Problem.of(1.0, PSI2, 0.3, 0.5)


def _limits(problem: Problem, names: tuple[str, ...], quick: bool, **given: Any) -> xr.Dataset:
    """Return means at d = infinity and their standard errors."""
    d, replicates = ([24, 48], 4) if quick else ([50, 100], 20)
    runs = simulate(problem, d=d, replicates=replicates, seed=SEED, **given)
    if "consistent_risk" in names:
        runs["consistent_risk"] = _consistent(runs, problem)
    limit = extrapolate(runs)
    return limit[[*names, *(f"{name}_se" for name in names)]].drop_attrs()


def _consistent(data: xr.Dataset, problem: Problem) -> xr.DataArray:
    """Return the risk under attacks that are orthogonal to beta, from r^2 - m^2 (|beta| = 1)."""
    reach = problem.eps * np.sqrt(np.maximum(data.gradient_norm**2 - data.overlap**2, 0.0))
    return data.standard_risk + reach * (2.0 * data.mean_abs_error + reach)


def _named(theory: xr.Dataset, points: xr.Dataset, axis: str, names: tuple[str, ...], panel: str) -> xr.Dataset:
    """Return theory and points of a panel under names of their own."""
    drawn = (
        theory[list(names)].drop_attrs().rename({name: f"{panel}_{name}" for name in names} | {axis: f"{panel}_{axis}"})
    )
    points = points.rename({name: f"{panel}_mc_{name}" for name in points.data_vars} | {axis: f"{panel}_mc_{axis}"})
    kept = {f"{panel}_{axis}", f"{panel}_mc_{axis}", "norm", "norm_test", "loss", "ridge"}
    both = xr.merge(
        [drawn.reset_coords(drop=True) if not drawn.dims else drawn, points], compat="override", join="outer"
    )
    return both.drop_vars([name for name in both.coords if name not in kept or name not in both.dims])


def compute(quick: bool = False) -> xr.Dataset:
    """Solve the curves of four panels and train finite networks along them."""
    widths = np.geomspace(0.2, 60.0, 30 if quick else 120)
    radii = np.linspace(0.0, 0.6, 16 if quick else 61)
    some = WIDTHS[1:3] if quick else WIDTHS
    risk, both = ("adversarial_risk",), ("standard_risk", "adversarial_risk")
    parts = []
    theory = sweep(CURVES, psi1=widths, norm=list(NORMS), norm_test=list(NORMS))
    tests = xr.DataArray(list(NORMS), dims="norm_test", name="norm_test")
    pairs = [_limits(CURVES, risk, quick, psi1=some, norm=list(NORMS), norm_test=test) for test in NORMS]
    points = xr.concat(pairs, tests, coords="minimal", compat="override")
    parts.append(_named(theory, points, "psi1", risk, "norms"))
    theory = sweep(OUTLIERS, eps=radii, ridge=list(RIDGES), loss=list(OUTLIER_LOSSES))
    points = _limits(
        OUTLIERS,
        ("standard_risk",),
        quick,
        eps=RADII[1:] if quick else RADII,
        ridge=RIDGES[1],
        loss=list(OUTLIER_LOSSES),
    )
    theory["standard_risk"] = theory.standard_risk - OUTLIERS.data.noise_power
    points["standard_risk"] = points.standard_risk - OUTLIERS.data.noise_power
    parts.append(_named(theory, points, "eps", ("standard_risk",), "outliers"))
    theory = sweep(LABELS, psi1=widths, loss=list(LABEL_LOSSES))
    parts.append(
        _named(theory, _limits(LABELS, both, quick, psi1=some, loss=list(LABEL_LOSSES)), "psi1", both, "labels")
    )
    names = ("adversarial_risk", "consistent_risk")
    theory = sweep(CONSISTENT, psi1=widths)
    theory["consistent_risk"] = _consistent(theory, CONSISTENT)
    parts.append(_named(theory, _limits(CONSISTENT, names, quick, psi1=some), "psi1", names, "consistent"))
    result = xr.merge(parts, compat="override", join="outer")
    return result.assign_attrs({"psi2": PSI2, "seed": SEED, "d": [24, 48] if quick else [50, 100], **versions()})


def _along(
    axis: Axes, data: xr.Dataset, panel: str, name: str, along: str, index: int, style: Any = "-", **kept: Any
) -> None:
    """Draw one curve and its points."""
    color, label = PALETTE[index], kept.pop("label", None)
    axis.plot(data[f"{panel}_{along}"], data[f"{panel}_{name}"].sel(kept), color=color, ls=style, label=label)
    points = data.get(f"{panel}_mc_{name}")
    if points is None or kept.get("ridge") == RIDGES[0]:
        return
    at = {key: value for key, value in kept.items() if key in points.dims}
    # side by side: models share their draws, and so their deviations
    place = data[f"{panel}_mc_{along}"] * 1.05 ** (2 * index + (style != "-") - 1.5)
    axis.errorbar(
        place, points.sel(at), yerr=data[f"{panel}_mc_{name}_se"].sel(at), color=color,
        marker=MARKERS[index], mfc="white" if style != "-" else color, ls="none",
    )  # fmt: skip


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw norms, outliers, labels and consistent attacks."""
    dashes = (0, (3, 2))
    with house_style():
        columns = 2 if width == "double" else 1
        figure, grid = new_figure(width, rows=4 // columns, columns=columns, panel_aspect=0.72)
        norms, outliers, labels, consistent = np.ravel(grid)
        texts = {2.0: r"$\ell_2$", math.inf: r"$\ell_\infty$"}
        for i, norm in enumerate(NORMS):
            for style, test in zip(("-", dashes), NORMS, strict=True):
                text = f"trained against {texts[norm]}, tested by {texts[test]}"
                _along(
                    norms, data, "norms", "adversarial_risk", "psi1", i, style, norm=norm, norm_test=test, label=text
                )
        norms.set(ylabel="adversarial risk", ylim=(0.55, 1.6), title="(a) attack norms")
        for i, loss in enumerate(OUTLIER_LOSSES):
            for style, ridge in zip(("-", dashes), RIDGES, strict=True):
                text = f"{LOSS_NAMES[loss]}{'' if ridge == 0.0 else f', ridge {ridge:g}'}"
                _along(outliers, data, "outliers", "standard_risk", "eps", i, style, loss=loss, ridge=ridge, label=text)
        outliers.set(
            xlabel=r"training radius $\varepsilon$", ylabel="excess risk", ylim=(0.4, 2.4), title="(b) outliers"
        )
        for i, loss in enumerate(LABEL_LOSSES):
            for style, name in (("-", "standard_risk"), (dashes, "adversarial_risk")):
                text = f"{loss}{'' if style == '-' else ', attacked'}"
                _along(labels, data, "labels", name, "psi1", i, style, loss=loss, label=text)
        labels.set(ylabel="error rate", ylim=(0.2, 0.52), title="(c) labels")
        for i, (name, text) in enumerate(
            (("adversarial_risk", "all attacks"), ("consistent_risk", r"orthogonal to $\beta$"))
        ):
            _along(consistent, data, "consistent", name, "psi1", i, label=text)
        consistent.set(ylabel="adversarial risk", ylim=(0.8, 2.2), title="(d) consistent attacks")
        for axis in (norms, labels, consistent):
            axis.set(xscale="log", xlabel="overparametrization $N/d$")
        for axis in (norms, outliers, labels, consistent):
            axis.legend(fontsize="x-small")
    return figure
