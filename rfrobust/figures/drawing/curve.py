"""Risks against overparametrization from a sweep over psi1 and eps (``rfrobust curve``)."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...support.style import PALETTE, house_style, legend_below, new_figure


def draw(data: xr.Dataset, *, against: str = "psi1", log: bool = False, width: str = "double") -> Figure:
    """Draw adversarial and standard risk against N/d (``against="psi1"``) or N/n (``"ratio"``).

    ``data`` is a :func:`rfrobust.sweep` over ``psi1`` and ``eps``.
    """
    x = data.psi1 if against == "psi1" else data.psi1 / data.psi2
    with house_style():
        figure, axes = new_figure(width, columns=2, sharey=True)
        for axis, name in zip(axes, ("adversarial_risk", "standard_risk"), strict=True):
            for i, eps in enumerate(np.atleast_1d(data.eps)):
                risk = data[name].sel(eps=eps) if "eps" in data.dims else data[name]
                axis.plot(x, risk, color=PALETTE[i % len(PALETTE)], label=rf"$\varepsilon$ = {eps:g}")
            axis.axhline(float(1.0 + data.tau**2), color="0.4", lw=0.8, ls=":", label=r"null risk $1+\tau^2$")
            if float(data.psi2) < np.inf:
                interpolation = 1.0 if against == "ratio" else float(data.psi2)
                axis.axvline(interpolation, color="0.4", lw=0.8, ls="--", label=r"$N = n$")
            if log:
                axis.set_xscale("log")
            axis.set(xlabel=r"$N/d$" if against == "psi1" else r"$N/n$", title=name.replace("_", " ").capitalize())
        axes[0].set_ylabel("risk")
        risks = data[["adversarial_risk", "standard_risk"]].to_array()
        finite = risks.values[np.isfinite(risks.values)]
        top = float(np.quantile(finite, 0.98)) if finite.size else 0.0
        axes[0].set_ylim(0.0, 1.15 * max(top, 1.0 + float(data.tau) ** 2))
        legend_below(figure, axes[0], ncols=4)
    return figure
