"""Where robust training collapses, loses to predicting zero or to standard training, and stops wanting width."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ..support.provenance import versions
from ..support.style import PALETTE, house_style, legend_below, panel_row
from ..tuning.boundaries import radius_curves, width_transition

TITLE = "Phase boundaries: collapse, worse than zero, standard training, best width"
CAPTION = (
    "Shifted ReLU, ridge = 0, training and test at the same radius. Left, n/d = 2, tau = 0.5: null threshold, radius at"
    " which the adversarial risk crosses that of predicting zero, and radius above which adversarial training beats "
    "the least-norm solution. Right: radius eps_* above which the best network over all widths is no longer "
    "overparametrized (N > n), against n/d."
)
PSI2, TAU = 2.0, 0.5
NOISES = (0.2, 0.5, 1.0)


def compute(quick: bool = False) -> xr.Dataset:
    """Compute the boundary radii along the width, and eps_* along n/d."""
    curves = radius_curves(np.geomspace(0.05, 100.0, 40 if quick else 220), PSI2, TAU)
    ratios = np.geomspace(0.1, 10.0, 5 if quick else 41)
    noises = tqdm(NOISES, desc="width transitions", leave=False)
    transition = [[width_transition(float(psi2), tau) for psi2 in ratios] for tau in noises]
    data = curves.assign_coords(psi2_axis=ratios, noise=list(NOISES))
    data["transition"] = (("noise", "psi2_axis"), transition, {"long_name": "eps_*"})
    data.attrs |= versions()
    return data


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the radii along N/d (left) and eps_* along n/d (right)."""
    with house_style():
        figure, (left, right) = panel_row(width, 2, panel_aspect=0.85)
        left.plot(data.psi1, data.null, color="black", label=r"$\varepsilon_c$: training returns zero above")
        zero, standard = data.worse_than_zero.values, data.beats_standard.values
        left.plot(data.psi1, zero[:, 0], color=PALETTE[1], label="below: better than predicting zero")
        left.plot(data.psi1, standard[:, 0], color=PALETTE[3], label="above: better than standard training")
        left.axvline(data.attrs["psi2"], color="0.6", lw=0.8, ls="--")
        left.annotate(
            "$N = n$", (data.attrs["psi2"], 5.0), xytext=(3, 0), textcoords="offset points", color="0.4", fontsize=7
        )
        left.set(
            xscale="log", yscale="log", xlabel="$N/d$", ylabel=r"radius $\varepsilon$ (training and test)",
            xlim=(float(data.psi1[0]), float(data.psi1[-1])), ylim=(5e-3, 8.0),
        )  # fmt: skip
        legend_below(figure, left, ncols=1 if width == "single" else 3)
        for i, noise in enumerate(data.noise.values):
            curve = data.transition.sel(noise=noise)
            right.plot(data.psi2_axis, curve.where(curve > 0), color=PALETTE[i], label=rf"$\tau = {noise:g}$")
        right.set(xscale="log", xlabel="$n/d$", ylabel=r"transition radius $\varepsilon_*$", ylim=(0.0, None))
        right.legend()
    return figure
