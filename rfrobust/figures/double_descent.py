"""Two interpolators: the limit of vanishing ridge and the limit of vanishing attacks."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..finite.montecarlo import simulate
from ..support.style import MARKERS, PALETTE, guide_lines, house_style, legend_below, mean_points, new_figure
from ..theory.grid import sweep

TITLE = "Double descent of the least-norm and of the least-|J theta| interpolator"
CAPTION = (
    "Standard risk against N/n in two limits that agree below interpolation and differ beyond: vanishing ridge "
    "without attacks (least norm) and vanishing attacks without ridge (least |J theta|, least gradient). Lines: "
    "theory (ridge = 1e-10 for the first); points: mean and standard error over 20 drawn networks of true shifted "
    "ReLU features with the exact finite-d J, d = 100. n/d = 2, tau = 0.5. Settings chosen here."
)

PSI2 = 2.0
TAU = 0.5
DIMENSION = 100
RATIOS = (0.2, 0.4, 0.7, 1.4, 1.8, 2.5, 4.0, 7.0)
REPLICATES, SEED = 20, 7
KINDS = ("least norm", "least gradient")


def monte_carlo(ratios: tuple[float, ...], replicates: int) -> np.ndarray:
    """Return the exact standard risk of both interpolators, shape (2, ratio, replicate)."""
    problem: dict[str, Any] = {"psi1": PSI2 * np.array(ratios), "psi2": PSI2, "eps": 0.0, "tau": TAU}
    draws: dict[str, Any] = {"d": DIMENSION, "replicates": replicates, "seed": SEED}
    runs = [simulate(**problem, **draws, objective=objective) for objective in ("least-norm", "concentrated")]
    return np.array([run.standard_risk for run in runs])


def compute(quick: bool = False) -> xr.Dataset:
    """Return theory over ``ratio`` = N/n and replicates over ``mc_ratio``, for both kinds."""
    ratio = np.geomspace(0.1, 20.0, 80 if quick else 500)
    ratio = ratio[np.abs(ratio - 1.0) > 1e-6]
    curves = [sweep(psi1=PSI2 * ratio, psi2=PSI2, eps=0.0, tau=TAU, ridge=ridge) for ridge in (1e-10, 0.0)]
    ratios, replicates = (RATIOS[1::3], 3) if quick else (RATIOS, REPLICATES)
    return xr.Dataset(
        {
            "standard_risk": (("kind", "ratio"), [curve.standard_risk.values for curve in curves]),
            "mc_standard_risk": (("kind", "mc_ratio", "replicate"), monte_carlo(ratios, replicates)),
        },
        coords={"kind": list(KINDS), "ratio": ratio, "mc_ratio": list(ratios)},
        attrs={**curves[0].attrs, "psi2": PSI2, "tau": TAU, "d": DIMENSION, "seed": SEED},
    )


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    labels = {
        "least norm": r"least norm: $\lambda \to 0^+$, $\varepsilon = 0$",
        "least gradient": r"least $|J\theta|$: $\varepsilon \to 0^+$, $\lambda = 0$",
    }
    with house_style():
        figure, axis = new_figure(width, panel_aspect=0.5 if width == "double" else 0.9)
        for i, kind in enumerate(data.kind.values):
            color, at = PALETTE[i], data.sel(kind=kind)
            axis.plot(data.ratio, at.standard_risk, color=color, ls="-" if i else "-.", label=labels[str(kind)])
            label = f"networks, $d$ = {data.attrs['d']}"
            mean_points(axis, data.mc_ratio, at.mc_standard_risk, fmt=MARKERS[i], color=color, mfc="white", label=label)
        guide_lines(axis, data.attrs["tau"], 1.0)
        axis.set(xscale="log", xlabel="overparametrization $N/n$", ylabel="standard risk", ylim=(0.0, 4.0))
        legend_below(figure, axis, ncols=3 if width == "double" else 2)
    return figure
