"""Main figure: adversarial training against overparametrization, theory and finite networks."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..finite.montecarlo import simulate
from ..problem.problem import Problem
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, eps_label, guide_lines, house_style, legend_below, mean_points, panel_row
from ..theory.grid import sweep

TITLE = "Adversarial and standard risk against N/n: the curse of overparametrization"
CAPTION = (
    "Limiting risks (lines) and finite networks (points: mean and standard error over 8 draws of true shifted ReLU "
    "features, exact convex robust ERM with |J theta|, d = 200, where the means are within about one percent of the "
    "limit) against N/n at n/d = 2, tau = 0.2, ridge = 0. Left: adversarial risk at the training radius. Right: "
    "standard risk of the same networks. Black: the least-norm interpolator (standard training), on the left attacked "
    "at radius 0.3. Dotted: predicting zero, 1 + tau^2; dashed: N = n."
)

PSI2 = 2.0
TAU = 0.2
PROBLEM = Problem.of(PSI2, PSI2, 0.0, TAU)
EPS = (0.0, 0.1, 0.3, 1.0)
#: Radius at which the least-norm network is attacked in the left panel.
ATTACK = 0.3
#: A ridge below which the least-norm limit no longer changes in a picture.
VANISHING_RIDGE = 1e-10
DIMENSION = 200
RATIOS = (0.15, 0.3, 0.5, 0.75, 1.25, 1.6, 2.2, 3.0, 4.5, 7.0, 10.0)
REPLICATES, SEED = 8, 2024
RISKS = ("standard_risk", "adversarial_risk")


def monte_carlo(ratios: tuple[float, ...], replicates: int, d: int = DIMENSION) -> xr.Dataset:
    """Train finite networks; standard and adversarial risk by ratio, radius and draw."""
    psi1 = PSI2 * np.array(ratios)
    draws: dict[str, Any] = {"d": d, "replicates": replicates, "seed": SEED}
    trained = simulate(PROBLEM, psi1=psi1, eps=EPS, **draws)
    standard = simulate(PROBLEM, psi1=psi1, eps_test=ATTACK, objective="least-norm", **draws)
    point = ("mc_ratio", "eps", "replicate")
    return xr.Dataset(
        {f"mc_{name}": (point, trained[name].values) for name in RISKS}
        | {f"mc_least_norm_{name}": (point[::2], standard[name].values) for name in RISKS},
        coords={"mc_ratio": list(ratios), "eps": list(EPS), "replicate": range(replicates)},
    )


def compute(quick: bool = False) -> xr.Dataset:
    """Return theory curves over ``ratio`` = N/n and Monte Carlo replicates over ``mc_ratio``."""
    ratio = np.geomspace(0.1, 20.0, 60 if quick else 400)
    # N = n is a pole of the curve eps = 0; keep the grid off it
    ratio = ratio[np.abs(ratio - 1.0) > 1e-6]
    theory = sweep(PROBLEM, psi1=PSI2 * ratio, eps=EPS)
    least_norm = sweep(PROBLEM, psi1=PSI2 * ratio, ridge=VANISHING_RIDGE, eps_test=ATTACK)
    data = xr.Dataset(
        {name: (("ratio", "eps"), theory[name].values) for name in RISKS}
        | {f"least_norm_{name}": ("ratio", least_norm[name].values) for name in RISKS},
        coords={"ratio": ratio, "eps": list(EPS)},
        attrs={
            "psi2": PSI2, "tau": TAU, "ridge": 0.0, "d": DIMENSION, "n": round(PSI2 * DIMENSION),
            "seed": SEED, "least_norm_attack": ATTACK, **versions(),
        },
    )  # fmt: skip
    simulated = monte_carlo(RATIOS[1::4], 2) if quick else monte_carlo(RATIOS, REPLICATES)
    return data.merge(simulated)


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    panels = (("adversarial_risk", "Adversarial risk"), ("standard_risk", "Standard risk"))
    least_norm_label = f"least norm (left: attacked at {data.attrs['least_norm_attack']:g})"
    with house_style():
        figure, axes = panel_row(width, 2, panel_aspect=0.95, stacked_aspect=0.75)
        for axis, (name, title) in zip(axes, panels, strict=True):
            curves = [
                (eps_label(eps), data[name].sel(eps=eps), data[f"mc_{name}"].sel(eps=eps), PALETTE[i], MARKERS[i], "-")
                for i, eps in enumerate(data.eps.values)
            ]
            least_norm = f"least_norm_{name}"
            curves.append((least_norm_label, data[least_norm], data[f"mc_{least_norm}"], "black", "x", "-."))
            for label, theory, points, color, marker, line in curves:
                axis.plot(data.ratio, theory, line, color=color, label=label)
                mean_points(axis, data.mc_ratio, points, fmt=marker, color=color, mfc="white", ms=3.5)
            guide_lines(axis, data.attrs["tau"], 1.0)
            axis.set_xscale("log")
            axis.set_xticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
            axis.set(xlabel="overparametrization $N/n$", ylabel=title.lower(), ylim=(0.0, 2.6), xlim=(0.1, 20))
            axis.set_title(title)
        legend_below(figure, axes[0], ncols=2 if width == "single" else 4)
    return figure
