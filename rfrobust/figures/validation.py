"""Theory against finite networks trained in all three ways, and against the Gaussian-equivalent model."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..finite.montecarlo import extrapolate, simulate
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, house_style, new_figure
from ..theory.grid import sweep

TITLE = "Validation: theory against finite networks, three objectives and the Gaussian equivalent"
CAPTION = (
    "Lines: theory. Points: means over 30 draws at d = 50 and at d = 100, extrapolated to d = infinity by a line in "
    "1/d, with standard errors, n/d = 2, tau = 0.5, ridge = 0, eps_test = eps in {0.1, 0.5}, seed 1; models and radii "
    "share their draws (so that their z-scores go together) and are shifted sideways for legibility. Below: (point - "
    "theory)/standard error; the band is +-2. Zero fraction: share of training residuals that vanish (PGD: both sides "
    "of the attack equally bad to 2 percent)."
)

PSI2, TAU, SEED = 2.0, 0.5, 1
EPS = (0.1, 0.5)
PSI1 = (0.5, 1.0, 1.6, 2.5, 4.0)
#: Series name -> objective, features, legend.
MODELS = {
    "concentrated": ("concentrated", "true", "concentrated"),
    "linearized": ("linearized", "true", "linearized attack"),
    "pgd": ("pgd", "true", "PGD attack"),
    "gaussian": ("concentrated", "gaussian", "Gaussian equivalent"),
}
OBSERVABLES = {
    "adversarial_risk": "adv. risk",
    "standard_risk": "standard risk",
    "gradient_norm": r"$|J\theta|$",
    "zero_residual_fraction": "zero fraction",
}


def compute(quick: bool = False) -> xr.Dataset:
    """Return theory over ``psi1``, extrapolated means and standard errors over ``mc_psi1`` and ``model``."""
    grid = np.geomspace(0.35, 5.5, 40 if quick else 200)
    widths, d, replicates = (PSI1[1:4:2], [30, 60], 4) if quick else (PSI1, [50, 100], 30)
    setting: dict[str, Any] = {"psi2": PSI2, "eps": list(EPS), "tau": TAU}
    theory = sweep(psi1=grid, **setting)
    there = sweep(psi1=widths, **setting)
    runs = []
    for objective, features, _ in MODELS.values():
        kind: dict[str, Any] = {"objective": objective, "features": features, "seed": SEED}
        runs.append(extrapolate(simulate(psi1=widths, **setting, **kind, d=d, replicates=replicates)))
    names = [*OBSERVABLES, *(f"{name}_se" for name in OBSERVABLES)]
    model = xr.DataArray(list(MODELS), dims="model", name="model")
    mc = xr.concat([run[names] for run in runs], model).rename(psi1="mc_psi1")
    result = xr.Dataset(attrs={"d": d, "replicates": replicates, "psi2": PSI2, "tau": TAU, "seed": SEED, **versions()})
    for name in OBSERVABLES:
        limit = there[name].rename(psi1="mc_psi1")
        result[name] = theory[name].drop_attrs()
        result[f"mc_{name}"] = mc[name].drop_attrs()
        result[f"mc_{name}_se"] = mc[f"{name}_se"].drop_attrs()
        # A fraction that is 0 or 1 in every draw has no sampling error to compare with.
        spread = mc[f"{name}_se"].where(mc[f"{name}_se"] > 0)
        result[f"z_{name}"] = ((mc[name] - limit) / spread).drop_attrs()
    return result.drop_vars(["tau", "psi2", "ridge", "d"], errors="ignore")


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    names = list(OBSERVABLES)
    with house_style():
        figure, axes = (
            new_figure("double", rows=2, columns=4, panel_aspect=1.0, sharex=True, height_ratios=(1.5, 1.0))
            if width == "double"
            else new_figure(width, rows=4, columns=2, panel_aspect=0.62, sharex=True)
        )
        stacked = width != "double"
        for j, name in enumerate(names):
            top, bottom = (axes[j, 0], axes[j, 1]) if stacked else (axes[0, j], axes[1, j])
            _panel(data, name, top, bottom)
            top.set_ylabel(OBSERVABLES[name])
            bottom.set_ylabel(r"$z$" if not stacked and j else "z-score")
        for axis in axes[-1]:
            axis.set_xlabel(r"$N/d$")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: not labels[i].startswith("theory"))
        handles, labels = [handles[i] for i in order], [labels[i] for i in order]
        figure.legend(handles, labels, loc="outside lower center", ncols=2 if stacked else 3)
    return figure


def _panel(data: xr.Dataset, name: str, top: Axes, bottom: Axes) -> None:
    bottom.axhspan(-2, 2, color="0.9", zorder=0)
    bottom.axhline(0, color="0.5", lw=0.6)
    for i, eps in enumerate(data.eps.values):
        top.plot(data.psi1, data[name].sel(eps=eps), color=PALETTE[i], label=rf"theory, $\varepsilon$ = {eps:g}")
        for m, model in enumerate(data.model.values):
            at = {"eps": eps, "model": model}
            shifted = data.mc_psi1 * np.exp(0.045 * (m - 1.5))
            style: dict[str, Any] = {"marker": MARKERS[m], "ls": "none", "mfc": "white", "ms": 3.2, "mew": 0.8}
            style["color"] = PALETTE[i]
            top.errorbar(shifted, data[f"mc_{name}"].sel(at), data[f"mc_{name}_se"].sel(at), lw=0.8, **style)
            bottom.plot(shifted, data[f"z_{name}"].sel(at), **style)
            if i == 0:
                style["color"] = "0.3"
                top.plot([], [], **style, label=MODELS[str(model)][2])
    low, high = bottom.get_ylim()
    bottom.set_ylim(min(low, -3.5), max(high, 3.5))
    top.set_xscale("log")
    top.set_xticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
    top.minorticks_off()
    if name == "zero_residual_fraction":
        top.set_ylim(-0.03, 1.03)
