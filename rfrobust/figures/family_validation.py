"""Theory against finite networks for every kind of problem: losses, norms, noise laws, labels, penalties."""

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ..finite.montecarlo import extrapolate, simulate
from ..problem.noise import GaussianMixture, Laplace, StudentT
from ..problem.problem import Problem
from ..problem.signal import BernoulliGauss, Rademacher
from ..support.provenance import versions
from ..support.style import MARKERS, PALETTE, house_style, legend_below, new_figure
from ..theory.equilibrium import solve

TITLE = "Validation of the family: z-scores of finite networks against theory"
CAPTION = (
    "(mean - theory)/standard error of finite networks, concentrated objective, shifted ReLU, N/d = 1.5, n/d = 2, "
    "ridge 0.05, training and test radius 0.2, tau = 0.5 unless the noise has a law: 20 draws of simulate(seed=17) at "
    "d = 50 and 20 at d = 100, extrapolated to d = infinity by a line in 1/d. All problems share their draws of "
    "network and inputs, so that their z-scores go together. The band is +-2."
)
SEED = 17
MIXTURE = GaussianMixture((0.3, 3.0), (0.8, 0.2))
INF = math.inf
#: What is compared; labels have error rates.
OBSERVABLES = ("adversarial_risk", "standard_risk", "gradient_norm", "overlap", "training_loss")
#: Name -> settings.
PROBLEMS: dict[str, dict[str, Any]] = {
    **{
        f"{loss}, {noise}, {text}": {"loss": loss, "norm": norm, **({} if law is None else {"noise": law})}
        for loss in ("square", "huber:0.5", "absolute")
        for noise, law in (("Gaussian", None), ("mixture", MIXTURE))
        for text, norm in (("l2", 2.0), ("l_inf", INF))
    },
    **{
        f"{loss} of labels, {text}": {"loss": loss, "norm": norm, "labels": "sign"}
        for loss in ("logistic", "hinge", "square")
        for text, norm in (("l2", 2.0), ("l_inf", INF))
    },
    "square, Gaussian, l_3": {"norm": 3.0},
    "square, Gaussian, l_1.5": {"norm": 1.5},
    "absolute, Student t_3, l2": {"loss": "absolute", "noise": StudentT(3.0)},
    "huber:0.5, Laplace, l2": {"loss": "huber:0.5", "noise": Laplace(), "tau": 0.5},
    "square, gradient penalty": {"gradient_penalty": 0.2},
    "logistic of labels, gradient penalty": {"loss": "logistic", "gradient_penalty": 0.2},
    "square, sparse signal, l_inf": {"norm": INF, "signal": BernoulliGauss(0.1)},
    "square, Rademacher signal, l_inf": {"norm": INF, "signal": Rademacher()},
    "huber:0.5, mixture, no attack": {"loss": "huber:0.5", "noise": MIXTURE, "eps": 0.0},
}


def problem_of(settings: dict[str, Any]) -> Problem:
    """Return a problem of the table."""
    base: dict[str, Any] = {"psi1": 1.5, "psi2": 2.0, "eps": 0.2, "ridge": 0.05}
    if "noise" not in settings:
        base["tau"] = 0.5
    return Problem.of(**base | settings)


def compute(quick: bool = False) -> xr.Dataset:
    """Train networks of every kind and compare their observables with the limit."""
    d, replicates = ([24, 48], 4) if quick else ([50, 100], 20)
    z = np.full((len(PROBLEMS), len(OBSERVABLES)), np.nan)
    limits, means, errors = (np.full_like(z, np.nan) for _ in range(3))
    for i, settings in enumerate(tqdm(PROBLEMS.values(), desc="problems", leave=False)):
        problem = problem_of(settings)
        model = solve(problem)
        found = extrapolate(simulate(problem, d=d, replicates=replicates, seed=SEED, eps_test=0.2))
        for j, name in enumerate(OBSERVABLES):
            limits[i, j] = model.adversarial_risk(0.2) if name == "adversarial_risk" else getattr(model, name)
            means[i, j], errors[i, j] = found[name], found[f"{name}_se"]
        z[i] = (means[i] - limits[i]) / errors[i]
    dims = ("problem", "observable")
    return xr.Dataset(
        {"z": (dims, z), "theory": (dims, limits), "mean": (dims, means), "se": (dims, errors)},
        coords={"problem": list(PROBLEMS), "observable": list(OBSERVABLES)},
        attrs={"d": d, "replicates": replicates, "seed": SEED, **versions()},
    )


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw one line of z-scores a problem."""
    with house_style():
        figure, axis = new_figure(width, panel_aspect=0.75 if width == "double" else 1.7)
        places = np.arange(data.sizes["problem"])
        axis.axvspan(-2, 2, color="0.92", zorder=0)
        axis.axvline(0, color="0.5", lw=0.8)
        for j, name in enumerate(data.observable.values):
            shift = 0.14 * (j - 0.5 * (data.sizes["observable"] - 1))
            axis.plot(
                data.z[:, j], places + shift, MARKERS[j % len(MARKERS)], color=PALETTE[j], ms=3.5,
                label=str(name).replace("_", " "),
            )  # fmt: skip
        axis.set_yticks(places, [str(name) for name in data.problem.values], fontsize="x-small")
        axis.set(xlabel="(mean - theory)/standard error", ylim=(len(places) - 0.5, -0.5), xlim=(-4, 4))
        legend_below(figure, axis, ncols=5 if width == "double" else 2)
    return figure
