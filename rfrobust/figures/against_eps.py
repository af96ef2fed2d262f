"""Risks against the attack radius at several widths."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..problem.problem import Problem
from ..support.style import PALETTE, guide_lines, house_style, legend_below, panel_row
from ..theory.grid import sweep
from ..theory.thresholds import null_threshold

TITLE = "Adversarial and standard risk against the attack radius, at several N/n"
CAPTION = (
    "Limiting risks against the radius eps of training and test (eps_test = eps) at N/n = 0.25, 0.5, 1.5, 5, 20; "
    "n/d = 2, tau = 0.5, shifted ReLU, ridge = 0. Dots: the null threshold eps_c of each width, from which on "
    "training returns zero and both risks are 1 + tau^2 (dotted). Settings chosen here; those of the published "
    "figures are not known to us."
)

PSI2 = 2.0
TAU = 0.5
PROBLEM = Problem.of(PSI2, PSI2, 0.0, TAU)
RATIOS = (0.25, 0.5, 1.5, 5.0, 20.0)


def compute(quick: bool = False) -> xr.Dataset:
    """Return the risks over ``ratio`` = N/n and ``eps``, and the threshold ``eps_c`` of each ratio."""
    eps = np.geomspace(0.01, 10.0, 80 if quick else 500)
    data = sweep(PROBLEM, psi1=PSI2 * np.array(RATIOS), eps=eps)
    data["eps_c"] = ("psi1", [null_threshold(PROBLEM.vary(psi1=psi1)) for psi1 in data.psi1.values])
    return data.assign_coords(ratio=data.psi1 / data.psi2)


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    null = 1.0 + float(data.tau) ** 2
    with house_style():
        radius = r"attack radius $\varepsilon$ in training and test"
        figure, axes = panel_row(width, 2, panel_aspect=0.75, stacked_aspect=0.75, sharex=True, xlabel=radius)
        for axis, name in zip(axes, ("adversarial_risk", "standard_risk"), strict=True):
            for i, psi1 in enumerate(data.psi1.values):
                curve = data.sel(psi1=psi1)
                axis.plot(data.eps, curve[name], color=PALETTE[i], label=rf"$N/n$ = {float(curve.ratio):g}")
                axis.plot(curve.eps_c, null, "o", color=PALETTE[i], ms=4)
            guide_lines(axis, data.tau)
            axis.set(xscale="log", ylabel=name.replace("_", " "))
        axes[0].plot([], [], "o", color="0.35", ms=4, label=r"null threshold $\varepsilon_c$")
        legend_below(figure, axes[0], ncols=2 if width == "single" else 4)
    return figure
