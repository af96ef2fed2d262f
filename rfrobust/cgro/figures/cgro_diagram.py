"""Phase diagrams of the patch model: where adversarial training memorizes and where it learns robustly."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...support.style import house_style, panel_row
from .. import phase_diagram, simulated_boundary

TITLE = "Memorization or robust learning: phase diagrams of the patch model with the derived boundary"
CAPTION = (
    "Robust test error of the patch model trained by gradient descent until nine tenths of the adversarial training "
    "margins reach 1 (mean of 6 replicates, 500 test examples each; P = 2, 10 filters, q = 3, alpha = 3.15, step 0.02, "
    "initial sd 0.1, and d = 100, N = 20, sigma = 0.2, lambda = 0.5 where not on an axis). Clean test error is at "
    "most 0.002 and robust training error at most 0.1 in every cell. White: boundary from the "
    "two-equation reduced system (solid) and from equal waiting times (dashed), both derived, no free parameter. "
    "Circles: where memory makes half of the adversarial margin in the simulation."
)
AXES = {
    "sigma": (0.05, 0.4, r"noise $\sigma$", (0.05, 0.1, 0.2, 0.4)),
    "samples": (5.0, 80.0, "training samples $N$", (5, 10, 20, 40, 80)),
    "lam": (0.05, 4.0, r"adversarial weight $\lambda$", (0.1, 0.3, 1, 3)),
}
REPLICATES = 6


def compute(quick: bool = False) -> xr.Dataset:
    """Train on three grids; the axes' names prefix the variables."""
    count, rows, replicates = (3, 6, 2) if quick else (9, 17, REPLICATES)
    ratios = list(np.linspace(0.58, 0.98, rows))
    parts = []
    for axis, (low, high, *_) in AXES.items():
        values = np.geomspace(max(low, 0.1) if quick and axis == "sigma" else low, high, count)
        values = np.rint(values) if axis == "samples" else values
        data = phase_diagram(axis=axis, values=list(values), ratios=ratios, replicates=replicates, progress=True)
        data["turn"] = simulated_boundary(data)
        part = data[["robust_test_error", "clean_test_error", "memory_share", "finished", "boundary", "turn"]]
        parts.append(part.rename({name: f"{axis}_{name}" for name in part.data_vars}))
    return xr.merge(parts, compat="equals", combine_attrs="drop_conflicts")


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw one panel an axis."""
    with house_style():
        radius = r"radius over signal $\delta/\alpha$"
        figure, axes = panel_row(width, len(AXES), panel_aspect=1.05, sharey=True, ylabel=radius)
        image: Any = None
        for panel, (axis, (_, _, label, ticks)) in zip(axes, AXES.items(), strict=True):
            x, ratio = data[axis].values, data["ratio"].values
            error = data[f"{axis}_robust_test_error"].mean("replicate").transpose("ratio", axis)
            image = panel.pcolormesh(
                x, ratio, error, vmin=0.0, vmax=0.5, cmap="viridis", shading="nearest", rasterized=True
            )
            lines = data[f"{axis}_boundary"]
            for route, style in (("ode", "-"), ("formula", "--")):
                panel.plot(x, lines.sel(route=route), style, color="white", linewidth=1.2)
            panel.plot(x, data[f"{axis}_turn"], "o", color="white", markeredgecolor="black", markersize=3.5)
            panel.set(xscale="log", xlabel=label, ylim=(ratio[0], ratio[-1]))
            panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            panel.minorticks_off()
            panel.grid(False)
        axes[0].text(0.93, 0.9, "memorizes", color="black", ha="right", transform=axes[0].transAxes)
        axes[0].text(0.06, 0.08, "robust", color="white", ha="left", transform=axes[0].transAxes)
        figure.colorbar(image, ax=axes, label="robust test error", shrink=0.9, pad=0.01)
        return figure
