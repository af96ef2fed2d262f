"""Best training radius against test radius, and what it gains over and beside a ridge."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ..finite.montecarlo import extrapolate, simulate
from ..problem.problem import Problem
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, house_style, panel_row
from ..theory.grid import sweep
from ..tuning.optima import best_training

TITLE = "Best training radius against test radius, and its gain beside a ridge"
CAPTION = (
    "Shifted ReLU, n/d = 2, tau = 0.5. Left: training radius of least adversarial risk at each test radius, ridge = "
    "0, up to where nothing beats predicting zero; dashed: training radius = test radius. Right, N/d = 3: least "
    "adversarial risk over the training radius (ridge = 0), over the ridge (square loss), over both, and at training "
    "radius = test radius without ridge. Points: finite networks at test radius 0.3, means over 20 draws of "
    "simulate(seed=5) at d = 75 and at d = 150, extrapolated to d = infinity by a line in 1/d, with standard errors, "
    "drawn side by side."
)
PSI2, TAU, PSI1 = 2.0, 0.5, 3.0
PROBLEM = Problem.of(PSI1, PSI2, 0.0, TAU)
WIDTHS = (1.0, 3.0, 10.0)
TEST, SEED = 0.3, 5
STRATEGIES = ("eps = eps_test", "best radius", "best ridge", "best radius and ridge")


def _strategies(eps_test: float) -> list[tuple[float, float, float]]:
    """Return (eps, ridge, risk) of each strategy at N/d = 3."""
    radius = best_training(PROBLEM, eps_test=eps_test)
    ridge = best_training(PROBLEM, eps_test=eps_test, eps=0.0, ridge=None)
    both = best_training(PROBLEM, eps_test=eps_test, ridge=None)
    same = sweep(PROBLEM, eps=eps_test)
    return [
        (eps_test, 0.0, float(same.adversarial_risk)),
        (radius.at["eps"], 0.0, radius.risk),
        (0.0, ridge.at["ridge"], ridge.risk),
        (both.at["eps"], both.at["ridge"], both.risk),
    ]


def compute(quick: bool = False) -> xr.Dataset:
    """Search the best radii and ridges, train finite networks at the four settings for test radius 0.3."""
    radii = np.linspace(0.02, 0.9, 12 if quick else 45)
    best = np.full((len(WIDTHS), radii.size), np.nan)
    table = np.empty((len(STRATEGIES), radii.size, 3))
    for j, eps_test in enumerate(tqdm(radii, desc="searches", leave=False)):
        for i, psi1 in enumerate(WIDTHS):
            optimum = best_training(PROBLEM.vary(psi1=psi1), eps_test=float(eps_test))
            best[i, j] = np.nan if optimum.null else optimum.at["eps"]
        table[:, j] = _strategies(float(eps_test))
    settings = _strategies(TEST)
    mean, se = np.empty(len(STRATEGIES)), np.empty(len(STRATEGIES))
    d, replicates = ([30, 60], 8) if quick else ([75, 150], 20)
    for i, (eps, ridge, _) in enumerate(settings):
        runs = simulate(PROBLEM, eps=eps, ridge=ridge, eps_test=TEST, d=d, replicates=replicates, seed=SEED)
        limit = extrapolate(runs)
        mean[i], se[i] = limit.adversarial_risk, limit.adversarial_risk_se
    return xr.Dataset(
        {
            "best_radius": (("psi1", "eps_test"), best, {"long_name": "training radius of least adversarial risk"}),
            "risk": (("strategy", "eps_test"), table[..., 2], {"long_name": "adversarial risk"}),
            "eps": (("strategy", "eps_test"), table[..., 0], {"long_name": "training radius"}),
            "ridge": (("strategy", "eps_test"), table[..., 1], {"long_name": "ridge"}),
            "simulated": ("strategy", mean, {"long_name": "adversarial risk of finite networks"}),
            "simulated_se": ("strategy", se, {"long_name": "its standard error"}),
        },
        coords={"psi1": list(WIDTHS), "eps_test": radii, "strategy": list(STRATEGIES)},
        attrs={
            "psi2": PSI2, "tau": TAU, "psi1_of_strategies": PSI1, "simulated_eps_test": TEST, "d": d,
            "replicates": replicates, "seed": SEED, **versions(),
        },
    )  # fmt: skip


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw best radii (left) and risks (right)."""
    null_risk = 1.0 + data.attrs["tau"] ** 2
    with house_style():
        figure, (left, right) = panel_row(width, 2, panel_aspect=0.85)
        for i, psi1 in enumerate(data.psi1.values):
            left.plot(data.eps_test, data.best_radius.sel(psi1=psi1), color=PALETTE[i], label=f"$N/d = {psi1:g}$")
        left.plot(data.eps_test, data.eps_test, color="0.5", ls="--", label="test radius")
        along = {"xlabel": r"test radius $\varepsilon_{test}$", "xlim": (0.0, float(data.eps_test.max()))}
        left.set(**along, ylabel=r"best training radius $\varepsilon$", ylim=(0.0, None))
        left.legend()
        labels = (
            r"$\varepsilon = \varepsilon_{test}$, $\lambda = 0$", r"best $\varepsilon$, $\lambda = 0$",
            r"best $\lambda$, $\varepsilon = 0$", r"best $\varepsilon$ and $\lambda$",
        )  # fmt: skip
        styles = ("-", "-", "-", (0, (2, 2)))
        at = data.attrs["simulated_eps_test"] + 0.012 * (np.arange(len(labels)) - 1.5)
        for i, label in enumerate(labels):
            right.plot(data.eps_test, data.risk[i], color=PALETTE[i], ls=styles[i], label=label)
            right.errorbar(
                at[i], float(data.simulated[i]), yerr=float(data.simulated_se[i]), color=PALETTE[i],
                marker=MARKERS[i], ls="none",
            )  # fmt: skip
        right.axhline(null_risk, color="0.5", ls=":", label="predicting zero")
        title = f"$N/d = {data.attrs['psi1_of_strategies']:g}$"
        right.set(**along, ylabel="adversarial risk", ylim=(0.6, 2.3), title=title)
        right.legend(loc="lower right")
    return figure
