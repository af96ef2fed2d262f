"""Adversarial risk of several activations against overparametrization."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..support.style import PALETTE, house_style, legend_below, panel_row
from ..theory.grid import sweep

TITLE = "Activations compared: adversarial risk against N/n"
CAPTION = (
    "Limiting adversarial risk (eps_test = eps) against N/n for several activations, trained at eps = 0.3 and 1; "
    "n/d = 2, tau = 0.5, ridge = 0. Only mu2/mu1 and rho/mu1 matter: at eps = 0.3 the activations closest to linear "
    "have the smallest peak near N = n. Dotted: predicting zero, 1 + tau^2; dashed: N = n. Settings chosen here."
)

PSI2 = 2.0
TAU = 0.5
EPS = (0.3, 1.0)
ACTIVATIONS = ("relu", "leaky-relu", "gelu", "tanh", "erf", "sin", "quadratic:1")


def compute(quick: bool = False) -> xr.Dataset:
    """Return the risks over ``activation``, ``psi1`` and ``eps``."""
    psi1 = PSI2 * np.geomspace(0.1, 30.0, 60 if quick else 400)
    curves = [sweep(psi1=psi1, psi2=PSI2, eps=EPS, tau=TAU, activation=name) for name in ACTIVATIONS]
    data = xr.concat(curves, dim="activation", combine_attrs="drop_conflicts")
    return data.assign_coords(activation=list(ACTIVATIONS))


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    with house_style():
        figure, axes = panel_row(
            width, 2, panel_aspect=0.75, stacked_aspect=0.75, sharex=True, xlabel="overparametrization $N/n$"
        )
        for axis, eps in zip(axes, data.eps.values, strict=True):
            for i, name in enumerate(data.activation.values):
                risk = data.adversarial_risk.sel(activation=name, eps=eps)
                axis.plot(data.psi1 / data.psi2, risk, color=PALETTE[i], ls="-" if i % 2 else "--", label=name)
            axis.axhline(1.0 + float(data.tau) ** 2, color="0.35", lw=0.8, ls=":")
            axis.axvline(1.0, color="0.35", lw=0.8, ls="--")
            axis.set(xscale="log", title=rf"$\varepsilon$ = {eps:g}", ylabel="adversarial risk")
        legend_below(figure, axes[0], ncols=3 if width == "single" else 4)
    return figure
