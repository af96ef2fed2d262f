"""What adversarial training loses against a tuned gradient penalty, over ratios of sizes, and under outliers."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ..finite.montecarlo import simulate
from ..problem.noise import GaussianMixture
from ..problem.problem import Problem
from ..support.provenance import versions
from ..support.style import house_style, panel_row
from ..tuning.optima import best_training

TITLE = "Adversarial training against a tuned gradient penalty: the gap over a phase diagram"
CAPTION = (
    "Square loss, shifted ReLU, test radius 0.3, no ridge. Colour: (least adversarial risk over the training radius)/"
    "(least over the gradient penalty) - 1, in percent; white where neither beats predicting zero. Left: Gaussian "
    "noise, tau = 0.5, where the penalty is never worse (docs/penalty_theorem). Right: outliers, noise 0.8 N(0, 0.09) "
    "+ 0.2 N(0, 9), test radius 0: negative where the attack wins. Circles: the same gap of finite networks trained at "
    "both optima on the same 40 draws of simulate(seed=13) at d = 80, on the colour scale, with paired standard errors."
)
SEED, D, PENALTY = 13, 80, "gradient_penalty"
KINDS: dict[str, tuple[dict[str, Any], float]] = {
    "gaussian": ({"tau": 0.5}, 0.3),
    "outliers": ({"noise": GaussianMixture((0.3, 3.0), (0.8, 0.2))}, 0.0),
}
POINTS = ((0.5, 2.0), (3.0, 2.0), (3.0, 6.0))


def optima(problem: Problem, eps_test: float) -> tuple[Any, Any]:
    """Return the best training radius and the best gradient penalty, without ridge."""
    attack = best_training(problem, eps_test=eps_test)
    penalty = best_training(problem, eps_test=eps_test, eps=0.0, gradient_penalty=None)
    return attack, penalty


def _paired(problem: Problem, eps_test: float, replicates: int, d: int) -> tuple[float, float]:
    """Return the gap of finite networks on the same draws, in percent, and its standard error."""
    attack, penalty = optima(problem, eps_test)
    shared: dict[str, Any] = {"d": d, "replicates": replicates, "seed": SEED, "eps_test": eps_test}
    risks = [
        simulate(problem, eps=attack.at["eps"], **shared).adversarial_risk.values,
        simulate(problem, eps=0.0, gradient_penalty=penalty.at[PENALTY], **shared).adversarial_risk.values,
    ]
    mean = float(np.mean(risks[1]))
    difference = risks[0] - risks[1]
    return 100 * float(difference.mean()) / mean, 100 * float(difference.std(ddof=1)) / mean / replicates**0.5


def compute(quick: bool = False) -> xr.Dataset:
    """Search both optima over a grid of (N/d, n/d), and train finite networks at some points of it."""
    widths, samples = (np.geomspace(0.2, 20.0, 6 if quick else 31), np.geomspace(0.5, 20.0, 5 if quick else 27))
    gap = np.full((len(KINDS), widths.size, samples.size), np.nan)
    mean, se = np.empty((2, len(KINDS), len(POINTS)))
    cells = [(i, j) for i in range(widths.size) for j in range(samples.size)]
    for kind, (data, eps_test) in enumerate(KINDS.values()):
        for i, j in tqdm(cells, desc="searches", leave=False):
            attack, penalty = optima(Problem.of(widths[i], samples[j], 0.0, **data), eps_test)
            if not (attack.null and penalty.null):
                gap[kind, i, j] = 100.0 * (attack.risk / penalty.risk - 1.0)
        for k, (psi1, psi2) in enumerate(POINTS):
            size = (8, 24) if quick else (40, D)
            mean[kind, k], se[kind, k] = _paired(Problem.of(psi1, psi2, 0.0, **data), eps_test, *size)
    return xr.Dataset(
        {
            "gap": (("kind", "psi1", "psi2"), gap, {"long_name": "risk of the attack over that of the penalty - 1, %"}),
            "simulated": (("kind", "point"), mean, {"long_name": "the same of finite networks, %"}),
            "simulated_se": (("kind", "point"), se, {"long_name": "paired standard error, %"}),
            "at": (("point", "ratio"), np.array(POINTS)),
        },
        coords={"kind": list(KINDS), "psi1": widths, "psi2": samples, "ratio": ["psi1", "psi2"]},
        attrs={"seed": SEED, "d": D, **versions()},
    )


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the gap under Gaussian noise (left) and under outliers (right)."""
    titles = {
        "gaussian": r"Gaussian noise, $\varepsilon_{test} = 0.3$",
        "outliers": r"outliers, $\varepsilon_{test} = 0$",
    }
    with house_style():
        figure, axes = panel_row(width, 2, panel_aspect=0.9)
        for axis, kind in zip(axes, data.kind.values, strict=True):
            at = data.sel(kind=kind)
            top = float(np.nanmax(np.abs(at.gap)))
            norm = {"vmin": -top, "vmax": top, "cmap": "RdBu_r"}
            mesh = axis.pcolormesh(data.psi1, data.psi2, at.gap.T, shading="nearest", rasterized=True, **norm)
            axis.scatter(*data["at"].values.T, c=at.simulated, edgecolor="black", s=28, zorder=3, **norm)
            for (psi1, psi2), mean, se in zip(
                data["at"].values, at.simulated.values, at.simulated_se.values, strict=True
            ):
                axis.annotate(
                    rf"${mean:.2f}\pm{se:.2f}$", (psi1, psi2), (0, 6), textcoords="offset points", ha="center",
                    fontsize="x-small",
                )  # fmt: skip
            axis.set(xscale="log", yscale="log", xlabel="$N/d$", ylabel="$n/d$", title=titles[str(kind)])
            figure.colorbar(mesh, ax=axis, label="attack over penalty, %")
    return figure
