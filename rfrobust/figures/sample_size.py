"""Adversarial risk against the sample size at fixed width."""

import math

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..support.style import PALETTE, eps_label, guide_lines, house_style, legend_below, new_figure
from ..theory.grid import sweep

TITLE = "Adversarial risk against the sample size n/d, at fixed N/d"
CAPTION = (
    "Limiting adversarial risk (eps_test = eps) against n/d at N/d = 5, tau = 0.5, shifted ReLU, ridge = 0, for eps "
    "-> 0, 0.1, 0.3 and 1. Bars on the right edge: the population optimum, n/d = inf. Dotted: predicting zero, "
    "1 + tau^2; dashed: N = n. Settings chosen here."
)

PSI1 = 5.0
TAU = 0.5
EPS = (0.0, 0.1, 0.3, 1.0)


def compute(quick: bool = False) -> xr.Dataset:
    """Return the risks over ``psi2`` (inf last, the population) and ``eps``."""
    psi2 = np.geomspace(0.1, 200.0, 80 if quick else 600)
    psi2 = psi2[np.abs(psi2 / PSI1 - 1.0) > 1e-6]  # a pole of the curve eps -> 0
    return sweep(psi1=PSI1, psi2=[*psi2, math.inf], eps=EPS, tau=TAU)


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    finite = data.isel(psi2=slice(None, -1))
    with house_style():
        figure, axis = new_figure(width, panel_aspect=0.5 if width == "double" else 0.9)
        right = float(finite.psi2.max())
        for i, eps in enumerate(data.eps.values):
            axis.plot(finite.psi2, finite.adversarial_risk.sel(eps=eps), color=PALETTE[i], label=eps_label(eps))
            limit = float(data.adversarial_risk.isel(psi2=-1).sel(eps=eps))
            axis.plot([right, right * 1.25], [limit, limit], color=PALETTE[i], lw=3, solid_capstyle="butt")
        axis.plot([], [], color="0.35", lw=3, label=r"population, $n/d = \infty$")
        guide_lines(axis, data.tau, float(data.psi1), "$n = N$")
        axis.set(xscale="log", xlabel=r"samples per dimension $n/d$", ylabel="adversarial risk", ylim=(0.0, 4.0))
        legend_below(figure, axis, ncols=4 if width == "double" else 2)
    return figure
