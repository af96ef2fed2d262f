"""Infinitely wide networks: a ridge leads to a kernel method, any fixed attack radius to the null model."""

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..finite.montecarlo import extrapolate, simulate
from ..problem.problem import Problem
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, guide_lines, house_style, legend_below, panel_row
from ..theory.grid import sweep
from ..theory.named_limits import infinitely_wide

TITLE = "Infinitely wide networks forget under any fixed attack radius"
CAPTION = (
    "Standard risk (left) and gradient norm (right) against N/d at n/d = 2, tau = 0.5, ridge 0.05, shifted ReLU: limit "
    "of large dimension (lines), its limit of infinite width at fixed eps sqrt(N/d) (dashed), and finite networks "
    "(points: means over 10 draws at d = 60 and at d = 120, extrapolated to d = infinity by a line in 1/d, with "
    "standard errors; true features, concentrated objective). At eps = 0 the width leads to a kernel method, at eps > "
    "0 to the null model, v = 1 + tau^2 (dotted), from about N/d = ridge/(mu1 eps)^2 on. The gradient norm reaches its "
    "limit late, with a remainder of order (N/d)^(-1/2)."
)

PSI2, TAU, RIDGE = 2.0, 0.5, 0.05
PROBLEM = Problem.of(PSI2, PSI2, 0.0, TAU, ridge=RIDGE)
EPS = (0.0, 0.02, 0.1, 0.3)
WIDTHS = (1.0, 3.0, 8.0, 20.0)
DIMENSIONS, REPLICATES, SEED = (60, 120), 10, 0
#: Widths from which on the limit of infinite width is drawn.
WIDE = 30.0


def compute(quick: bool = False) -> xr.Dataset:
    """Return theory over ``psi1``, its wide limit over ``wide_psi1``, and Monte Carlo over ``mc_psi1``."""
    psi1 = np.geomspace(1.0, 1e6, 40 if quick else 200)
    theory = sweep(PROBLEM, psi1=psi1, eps=EPS)
    wide_psi1 = psi1[psi1 >= WIDE]
    wide = [[infinitely_wide(PSI2, eps * math.sqrt(p), TAU, ridge=RIDGE) for eps in EPS] for p in wide_psi1]
    widths = WIDTHS[:2] if quick else WIDTHS
    replicates = 3 if quick else REPLICATES
    runs = simulate(PROBLEM, psi1=widths, eps=EPS, d=DIMENSIONS, replicates=replicates, seed=SEED)
    finite = extrapolate(runs)
    data: dict[str, tuple[tuple[str, str], Any]] = {}
    for name in ("standard_risk", "gradient_norm"):
        data[name] = (("psi1", "eps"), theory[name].values)
        data[f"wide_{name}"] = (("wide_psi1", "eps"), [[getattr(m, name) for m in row] for row in wide])
        data[f"mc_{name}"] = (("mc_psi1", "eps"), finite[name].transpose("psi1", "eps").values)
        data[f"mc_{name}_se"] = (("mc_psi1", "eps"), finite[f"{name}_se"].transpose("psi1", "eps").values)
    return xr.Dataset(
        data,
        coords={"psi1": psi1, "wide_psi1": wide_psi1, "mc_psi1": list(widths), "eps": list(EPS)},
        attrs={
            "psi2": PSI2, "tau": TAU, "ridge": RIDGE, "d": DIMENSIONS, "replicates": replicates,
            "seed": SEED, **versions(),
        },
    )  # fmt: skip


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    panels = (("standard_risk", "standard risk $v$"), ("gradient_norm", r"gradient norm $r$"))
    with house_style():
        figure, axes = panel_row(width, 2, panel_aspect=0.8, stacked_aspect=0.75)
        for axis, (name, label) in zip(axes, panels, strict=True):
            for i, eps in enumerate(data.eps.values):
                at = data.sel(eps=eps)
                axis.plot(data.psi1, at[name], color=PALETTE[i], label=rf"$\varepsilon$ = {eps:g}")
                wide_label = "infinite width" if i == 0 else None
                axis.plot(data.wide_psi1, at[f"wide_{name}"], "--", color="black", lw=0.8, label=wide_label)
                axis.errorbar(
                    data.mc_psi1, at[f"mc_{name}"], at[f"mc_{name}_se"], fmt=MARKERS[i], color=PALETTE[i],
                    mfc="white", ms=3.5,
                )  # fmt: skip
            axis.set(xscale="log", xlabel="width $N/d$", ylabel=label, ylim=(0, None))
        guide_lines(axes[0], data.attrs["tau"])
        legend_below(figure, axes[0], ncols=3)
    return figure
