"""A quantity over two parameters from a two-dimensional sweep (``rfrobust map``)."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...problem.phase import Phase
from ...support.style import PALETTE, house_style, new_figure, risk_map

LABELS = {
    "psi1": r"$N/d$",
    "psi2": r"$n/d$",
    "eps": r"training radius $\varepsilon$",
    "tau": r"noise $\tau$",
    "ridge": r"ridge $\lambda$",
    "gradient_penalty": r"gradient penalty $g$",
}
QUANTITIES = {
    "adversarial_risk": "adversarial risk",
    "standard_risk": "standard risk",
    "gradient_norm": r"gradient norm $r$",
    "training_loss": "robust training loss",
    "mean_abs_residual": "mean absolute training residual",
    "zero_residual_fraction": "fraction of zero residuals",
    "overlap": "overlap $m$",
    "output_power": r"$\mathrm{E}f^2$",
    "training_error": "training error",
    "attacked_training_error": "training error under attack",
    "mean_margin": "mean training margin",
}
#: Margin of :mod:`rfrobust.tuning.boundaries` -> (colour, legend) of its zero level.
MARGINS = {
    "margin_zero": (PALETTE[1], "AR of predicting zero"),
    "margin_standard": (PALETTE[3], "AR of standard training"),
}


def draw(
    data: xr.Dataset, *, quantity: str = "adversarial_risk", log: Sequence[str] = (), width: str = "single"
) -> Figure:
    """Draw ``quantity`` of a two-dimensional :func:`rfrobust.sweep` as a heat map with the null phase outlined,
    and the boundaries of :func:`rfrobust.tuning.boundaries.add_margins` where the dataset holds them.

    ``log`` names the parameters whose axis is logarithmic.
    """
    x, y = [name for name in LABELS if name in data.dims]
    with house_style():
        figure, axis = new_figure(width)
        values = data[quantity].transpose(y, x)
        risk_map(figure, axis, data[x], data[y], values, QUANTITIES[quantity])
        null = (data.phase.transpose(y, x) == int(Phase.NULL)).values
        if null.any() and not null.all():
            axis.contour(data[x], data[y], null.astype(float), levels=[0.5], colors="white", linewidths=1.2)
            axis.plot([], [], color="0.6", label=r"$\varepsilon_c$: null phase beyond")
        for name, (color, label) in MARGINS.items():
            if name not in data:
                continue
            margin = data[name].transpose(y, x).values
            if np.nanmin(margin, initial=0.0) < 0.0 < np.nanmax(margin, initial=0.0):
                axis.contour(data[x], data[y], margin, levels=[0.0], colors=color, linewidths=1.2)
                axis.plot([], [], color=color, label=label)
        if "best_psi1" in data and data.best_psi1.notnull().any():
            other = y if x == "psi1" else x
            points = (data.best_psi1, data[other])
            axis.plot(*(points if x == "psi1" else points[::-1]), color="white", lw=1.2, ls=":")
            axis.plot([], [], color="0.6", lw=1.2, ls=":", label=r"best $N/d$")
        if {x, y} == {"psi1", "psi2"}:
            low = max(float(data[x].min()), float(data[y].min()))
            high = min(float(data[x].max()), float(data[y].max()))
            if low < high:
                line = np.geomspace(low, high, 50)
                axis.plot(line, line, color="white", lw=0.9, ls="--")
                axis.plot([], [], color="0.6", lw=0.9, ls="--", label=r"$N = n$")
        for name, setter in ((x, axis.set_xscale), (y, axis.set_yscale)):
            if name in log:
                setter("log")
        axis.set(xlabel=LABELS[x], ylabel=LABELS[y])
        fixed = [name for name in LABELS if name not in (x, y) and (name != "gradient_penalty" or data[name] > 0.0)]
        axis.set_title(", ".join(f"{LABELS[name]} = {float(data[name]):g}" for name in fixed), fontsize=7)
        if axis.get_legend_handles_labels()[1]:
            figure.legend(loc="outside lower center", ncols=2)
    return figure
