"""What training sees: the robust training loss and the fraction of residuals fitted exactly."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..support.style import PALETTE, house_style, legend_below, panel_row
from ..theory.grid import sweep

TITLE = "Robust training loss and fraction of zero residuals against N/n"
CAPTION = (
    "Limits of the robust training loss (1/2n) sum (|residual| + eps |J theta|)^2 and of the fraction of training "
    "residuals that are exactly zero, against N/n at n/d = 2, tau = 0.5, shifted ReLU, ridge = 0. No interpolation "
    "phase is sharp: for every eps > 0 a positive fraction of residuals stays away from zero. Dotted: the null loss "
    "(1 + tau^2)/2; dashed: N = n. Settings chosen here."
)

PSI2 = 2.0
TAU = 0.5
EPS = (0.03, 0.1, 0.3, 1.0)


def compute(quick: bool = False) -> xr.Dataset:
    """Return loss and zero fraction over ``psi1`` and ``eps``."""
    return sweep(psi1=PSI2 * np.geomspace(0.1, 20.0, 80 if quick else 500), psi2=PSI2, eps=EPS, tau=TAU)


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    with house_style():
        figure, axes = panel_row(
            width, 2, panel_aspect=0.75, stacked_aspect=0.75, sharex=True, xlabel="overparametrization $N/n$"
        )
        ratio = data.psi1 / data.psi2
        names = {"training_loss": "robust training loss", "zero_residual_fraction": "fraction of zero residuals"}
        for axis, (name, label) in zip(axes, names.items(), strict=True):
            for i, eps in enumerate(data.eps.values):
                axis.plot(ratio, data[name].sel(eps=eps), color=PALETTE[i], label=rf"$\varepsilon$ = {eps:g}")
            axis.axvline(1.0, color="0.35", lw=0.8, ls="--", label="$N = n$")
            axis.set(xscale="log", ylabel=label)
        null = 0.5 * (1.0 + float(data.tau) ** 2)
        axes[0].axhline(null, color="0.35", lw=0.8, ls=":", label=r"predict zero: $(1+\tau^2)/2$")
        legend_below(figure, axes[0], ncols=2 if width == "single" else 3)
    return figure
