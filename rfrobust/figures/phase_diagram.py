"""Phases of adversarial training over width and radius."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..problem.problem import Problem
from ..support.style import house_style, legend_below, new_figure, risk_map
from ..theory.grid import sweep
from ..theory.thresholds import interpolation_threshold, null_threshold

TITLE = "Phase diagram: null, regular and (at finite n) interpolating, over N/n and eps"
CAPTION = (
    "Adversarial risk (eps_test = eps) over N/n and the radius at n/d = 2, tau = 0.5, shifted ReLU, ridge = 0. Solid: "
    "the null threshold eps_c, above which training returns zero. Dash-dotted and dotted: the radius below which a "
    "sample of n = 400 or n = 10,000 is interpolated; it falls like (2 log n)^(-1/2). Dashed: the best N/n at each "
    "radius, interior only. Settings chosen here."
)

PSI2 = 2.0
TAU = 0.5
PROBLEM = Problem.of(PSI2, PSI2, 0.0, TAU)
SAMPLES = (400, 10_000)


def compute(quick: bool = False) -> xr.Dataset:
    """Return the risk over ``eps`` and ``psi1`` and the boundaries over either."""
    count = 40 if quick else 220
    data = sweep(PROBLEM, psi1=PSI2 * np.geomspace(0.1, 30.0, count), eps=np.geomspace(0.01, 4.0, count))
    data["eps_c"] = ("psi1", [null_threshold(PROBLEM.vary(psi1=psi1)) for psi1 in data.psi1.values])
    data["eps_n"] = (
        ("psi1", "n"),
        [[interpolation_threshold(psi1, PSI2, TAU, n) for n in SAMPLES] for psi1 in data.psi1.values],
    )
    best = data.adversarial_risk.argmin("psi1")
    inside = (best > 0) & (best < data.sizes["psi1"] - 1) & (data.phase.isel(psi1=best) != 0)
    data["best_psi1"] = data.psi1.isel(psi1=best).where(inside).drop_vars("psi1")
    return data.assign_coords(n=list(SAMPLES))


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    ratio = data.psi1 / data.psi2
    with house_style():
        figure, axis = new_figure(width, panel_aspect=0.55 if width == "double" else 0.9)
        risk = data.adversarial_risk.transpose("eps", "psi1")
        risk_map(figure, axis, ratio, data.eps, risk, "adversarial risk")
        axis.plot(ratio, data.eps_c, color="white", lw=1.6, label=r"null threshold $\varepsilon_c$")
        for n, line in zip(data.n.values, ("-.", ":"), strict=True):
            radius = data.eps_n.sel(n=n)
            axis.plot(ratio, radius.where(radius > 0), line, color="white", lw=1.4, label=f"interpolation, $n$ = {n:,}")
        axis.plot(data.best_psi1 / data.psi2, data.eps, "--", color="#E69F00", lw=1.4, label="best $N/n$")
        axis.axvline(1.0, color="white", lw=0.6)
        axis.text(0.93, 0.012, "$N = n$", ha="right", color="white", fontsize=7)
        axis.text(0.13, 1.6, "null phase", color="white", fontsize=8)
        axis.set(
            xscale="log", yscale="log", xlabel="overparametrization $N/n$",
            ylabel=r"radius $\varepsilon$ in training and test",
            ylim=(float(data.eps.min()), float(data.eps.max())),
        )  # fmt: skip
        legend = legend_below(figure, axis, ncols=4 if width == "double" else 2)
        for handle in legend.get_lines():
            if handle.get_color() == "white":
                handle.set_color("0.45")
    return figure
