"""Adversarial linear regression, the case without hidden layer."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..support.style import PALETTE, house_style, panel_row
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
    stacked = width == "single"
    with house_style():
        figure, axes = panel_row(width, 2, panel_aspect=0.75, stacked_aspect=0.75, sharex=True)
        for axis, name in zip(axes, ("adversarial_risk", "standard_risk"), strict=True):
            for i, eps in enumerate(data.eps.values):
                label = rf"$\varepsilon$ = {eps:g}" if eps > 0 else r"$\varepsilon \to 0^+$"
                axis.plot(data.psi2, data[name].sel(eps=eps), color=PALETTE[i], label=label)
            axis.axhline(1.0 + float(data.tau) ** 2, color="0.35", lw=0.8, ls=":", label=r"predict zero: $1+\tau^2$")
            axis.axvline(1.0, color="0.35", lw=0.8, ls="--", label="$n = p$")
            axis.set_xscale("log")
            axis.set(ylabel=name.replace("_", " "), ylim=(0.0, 4.0))
            if not stacked or axis is axes[-1]:
                axis.set_xlabel("samples per dimension $n/p$")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2 if stacked else 6)
    return figure
