"""How the learned signal and the memory scale with the length of the signal patch."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...support.style import MARKERS, PALETTE, house_style, mean_points, panel_row
from .. import PatchProblem, scaling

TITLE = "The learned signal falls as alpha^(-q), the memory stays of order one"
CAPTION = (
    "Patch model after time 400 (step size times steps), mean and standard error of 10 replicates (smaller than the "
    "markers on the left): d = 100, N = 20, P = 2, 16 filters, sigma = 0.2, delta/alpha = 0.98, lambda = 0.5, "
    "initial sd 0.05, step 0.02 (3.15/alpha)^2. Left: U against alpha^q for q = 2, 3, 4; lines, the one-filter stall "
    "law at the memory time divided by alpha^q, no free parameter. Right: signal part of the margin alpha^q U (filled) "
    "and median memory V_i (open) for the same runs; they move by less than a factor 2 while alpha^q moves up "
    "to 353-fold."
)
REPLICATES = 10


def compute(quick: bool = False) -> xr.Dataset:
    """Train at six lengths for three powers."""
    replicates, time = (3, 150.0) if quick else (REPLICATES, 400.0)
    parts, slopes = [], []
    for q in (2, 3, 4):
        data = scaling(PatchProblem(q=q, filters=16, init_sd=0.05), replicates=replicates, time=time)
        data["memory"] = data["V"].median("sample")
        parts.append(data[["U", "signal", "memory", "stall", "clean_test_error", "robust_test_error"]])
        slopes.append((data.attrs["slope"], data.attrs["slope_se"]))
    joined = xr.concat(parts, dim=xr.DataArray([2, 3, 4], dims="q", name="q"), combine_attrs="drop_conflicts")
    joined["slope"] = (("q", "statistic"), np.array(slopes))
    joined.attrs.pop("slope", None)
    return joined.assign_coords(statistic=["value", "se"])


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw U (left) and the two parts of the margin (right) against alpha^q."""
    with house_style():
        figure, (left, right) = panel_row(width, 2)
        for k, q in enumerate(data["q"].values):
            at = data.sel(q=q)
            x = at["alpha"].values ** int(q)
            slope = at["slope"].values
            label = rf"$q = {q}$, slope ${slope[0]:.3f} \pm {slope[1]:.3f}$"
            mean_points(left, x, at["U"], fmt=MARKERS[k], color=PALETTE[k], label=label)
            left.plot(x, at["stall"] / x, color=PALETTE[k], linewidth=0.9)
            for name, fill in (("signal", PALETTE[k]), ("memory", "white")):
                mean_points(right, x, at[name], fmt=MARKERS[k], color=PALETTE[k], mfc=fill)
        guide = np.array([2.0, 1800.0])
        left.plot(guide, 18.0 / guide, ":", color="#777777", linewidth=0.9, label="slope $-1$")
        left.set(xscale="log", yscale="log", xlabel=r"$\alpha^q$", ylabel="signal strength $U$")
        left.legend(loc="lower left")
        right.set(xscale="log", xlabel=r"$\alpha^q$", ylabel="part of the clean margin", ylim=(0.0, 15.0))
        right.plot([], [], "o", color="#444444", label=r"signal $\alpha^q U$")
        right.plot([], [], "o", color="#444444", markerfacecolor="white", label="memory $V_i$, median")
        right.legend(loc="lower right")
        return figure
