"""Adversarial linear regression, the case without hidden layer."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..support.style import PALETTE, eps_label, guide_lines, house_style, legend_below, panel_row
from ..theory.grid import sweep

TITLE = "Adversarial linear regression: risks against n/p"
CAPTION = (
    "Limiting adversarial (eps_test = eps) and standard risk of adversarially trained linear regression against n/p at "
    "tau = 0.5, |theta_0| = 1, for eps -> 0, 0.3, 0.5 and 1: the model of Javanmard, Soltanolkotabi and Hassani as the "
    "identity activation with W W' = I. Dotted: predicting zero, 1 + tau^2; dashed: n = p. Settings chosen here."
)

TAU = 0.5
EPS = (0.0, 0.3, 0.5, 1.0)


def compute(quick: bool = False) -> xr.Dataset:
    """Return the risks over ``psi2`` = n/p and ``eps``."""
    delta = np.geomspace(0.1, 20.0, 80 if quick else 500)
    delta = delta[np.abs(delta - 1.0) > 1e-6]
    return sweep(psi1=1.0, psi2=delta, eps=EPS, tau=TAU, activation="identity", spectrum="orthogonal")


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    with house_style():
        figure, axes = panel_row(
            width, 2, panel_aspect=0.75, stacked_aspect=0.75, sharex=True, xlabel="samples per dimension $n/p$"
        )
        for axis, name in zip(axes, ("adversarial_risk", "standard_risk"), strict=True):
            for i, eps in enumerate(data.eps.values):
                axis.plot(data.psi2, data[name].sel(eps=eps), color=PALETTE[i], label=eps_label(eps))
            guide_lines(axis, data.tau, 1.0, "$n = p$")
            axis.set(xscale="log", ylabel=name.replace("_", " "), ylim=(0.0, 4.0))
        legend_below(figure, axes[0], ncols=2 if width == "single" else 6)
    return figure
