"""How fast finite networks approach the theory, and their Gaussian equivalents, as the dimension grows."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..finite.montecarlo import extrapolate, simulate, summary
from ..finite.scaling import power_law
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, house_style, panel_row
from ..theory.grid import sweep

TITLE = "Finite-size effects: distance to theory against d, universality, extrapolation"
CAPTION = (
    "True shifted ReLU features, concentrated objective, ridge = 0, seed 2; point A: N/d 1, n/d 2, eps 0.3, tau 0.5; "
    "point B: N/d 2, n/d 1, eps 0.5, tau 0.2 (open symbols). Left: relative root mean square distance of one network "
    "from theory, with fitted exponents (weighted least squares; bars 1/sqrt(2 m) for m draws). Middle: the same for "
    "the difference between true and Gaussian-equivalent features on the same W, X and noise. Right: mean over draws "
    "relative to theory against 1/d, the fit a + b/d and its value at d = infinity with standard error (at 1/d = 0)."
)

POINTS: dict[str, dict[str, Any]] = {
    "A": {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5},
    "B": {"psi1": 2.0, "psi2": 1.0, "eps": 0.5, "tau": 0.2},
}
#: Dimension -> draws: about equal work each.
DRAWS = {100: 128, 160: 96, 250: 64, 400: 36, 640: 18, 1000: 10}
QUICK_DRAWS = {40: 40, 80: 20, 160: 10}
OBSERVABLES = {"standard_risk": "standard risk", "gradient_norm": r"$|J\theta|$", "training_loss": "training loss"}
SEED = 2


def compute(quick: bool = False) -> xr.Dataset:
    """Return means, root mean squares and fits over ``point``, ``observable`` and ``d``."""
    plan = QUICK_DRAWS if quick else DRAWS
    names = list(OBSERVABLES)
    points = []
    for setting in POINTS.values():
        theory = sweep(**setting)[names].reset_coords(drop=True)
        true, equivalent = (_draws(setting, plan, kind)[names] / theory for kind in ("true", "gaussian"))
        points.append(_point(true - 1.0, true - equivalent, np.array(list(plan.values()))))
    data = xr.concat(points, xr.DataArray(list(POINTS), dims="point", name="point"))
    data["draws"] = ("d", list(plan.values()))
    return data.assign_attrs(seed=SEED, settings=repr(POINTS), **versions())


def _draws(setting: dict[str, Any], plan: dict[int, int], kind: str) -> xr.Dataset:
    """Simulate a number of draws that depends on the dimension."""
    runs = [simulate(**setting, d=d, replicates=draws, seed=SEED, features=kind) for d, draws in plan.items()]
    return xr.concat(runs, "d", join="outer").reset_coords(drop=True)


def _point(ratio: xr.Dataset, difference: xr.Dataset, draws: np.ndarray) -> xr.Dataset:
    """Return means, root mean squares and fits over ``observable`` and ``d``, relative to theory."""

    def table(data: xr.Dataset, suffix: str = "") -> xr.DataArray:
        names = [f"{name}{suffix}" for name in OBSERVABLES]
        return data[names].rename(dict(zip(names, OBSERVABLES, strict=True))).to_dataarray("observable")

    means, limits = summary(ratio), extrapolate(ratio)
    data = xr.Dataset({"mean": table(means), "mean_se": table(means, "_se")})
    for name, values in (("distance", ratio), ("universality", difference)):
        data[name] = table((values**2).mean("replicate") ** 0.5)
        fits = [power_law(data.d.values, row.values, draws) for row in data[name].transpose("observable", "d")]
        for end, column in (
            ("exponent", [fit.value for fit, _ in fits]),
            ("exponent_se", [fit.se for fit, _ in fits]),
            ("factor", [factor for _, factor in fits]),
        ):
            data[f"{name}_{end}"] = ("observable", column)
    for name, suffix in (("limit", ""), ("limit_se", "_se"), ("slope", "_slope"), ("slope_se", "_slope_se")):
        data[name] = table(limits, suffix)
    return data


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    with house_style():
        figure, axes = panel_row(width, 3, panel_aspect=1.15, stacked_aspect=0.75)
        for o, name in enumerate(data.observable.values):
            for p, point in enumerate(data.point.values):
                one = data.sel(point=point, observable=name)
                style = {"color": PALETTE[o], "marker": MARKERS[o], "ls": "none", "mfc": "white" if p else PALETTE[o]}
                for axis, quantity in zip(axes[:2], ("distance", "universality"), strict=True):
                    exponent, se = (float(one[f"{quantity}_exponent"]), float(one[f"{quantity}_exponent_se"]))
                    label = rf"{OBSERVABLES[name]} {point}: $d^{{{exponent:.2f}\pm{se:.2f}}}$"
                    values = one[quantity]
                    axis.errorbar(data.d, values, values / np.sqrt(2 * data.draws), label=label, lw=0.8, **style)
                    fit = float(one[f"{quantity}_factor"]) * data.d.values**exponent
                    axis.plot(data.d, fit, "--" if p else "-", color=PALETTE[o], lw=0.8)
                _extrapolation(axes[2], data, one, style, 6 * o + 3 * p)
        for axis, title in zip(axes[:2], ("RMS distance to theory", "RMS true $-$ Gaussian"), strict=True):
            axis.set(xscale="log", yscale="log", xlabel="dimension $d$", ylabel="relative to theory", title=title)
            ticks = [d for d in (40, 80, 160, 100, 250, 500, 1000) if data.d.min() <= d <= data.d.max()]
            axis.set_xticks(ticks, [str(d) for d in ticks])
            axis.minorticks_off()
            low, high = axis.get_ylim()
            axis.set_ylim(low / 4.5, high)
            axis.legend(loc="lower left", fontsize=5.5, handlelength=1.0, borderaxespad=0.1)
        axes[2].axhline(0, color="0.5", lw=0.6)
        axes[2].set(xlabel="$1/d$", ylabel="mean / theory $-$ 1", title="extrapolation")
        axes[2].ticklabel_format(axis="x", style="sci", scilimits=(0, 0))
    return figure


def _extrapolation(axis: Axes, data: xr.Dataset, one: xr.Dataset, style: dict[str, Any], offset: int) -> None:
    x = 1.0 / data.d.values
    shift = (offset - 7.5) * 0.004 * x.max()
    axis.errorbar(x + shift, one["mean"], one["mean_se"], lw=0.7, **style)
    line = np.array([0.0, x.max()])
    axis.plot(line, float(one["limit"]) + float(one["slope"]) * line, "-" if style["mfc"] != "white" else "--", lw=0.7,
              color=style["color"])  # fmt: skip
    axis.errorbar(
        3 * shift - 0.05 * x.max(), float(one["limit"]), float(one["limit_se"]), lw=1.4, **(style | {"ms": 4.5})
    )
