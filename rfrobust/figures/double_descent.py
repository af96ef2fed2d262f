"""Two interpolators: the limit of vanishing ridge and the limit of vanishing attacks."""

import math

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ..finite.erm import ConcentratedERM
from ..finite.features import FeatureMap
from ..grid import sweep
from .style import MARKERS, PALETTE, house_style, new_figure

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
SEEDS = 20
KINDS = ("least norm", "least gradient")


def simulate(ratios: tuple[float, ...], seeds: int) -> np.ndarray:
    """Return the exact standard risk of both interpolators, shape (2, ratio, seed)."""
    n = round(PSI2 * DIMENSION)
    risks = np.empty((2, len(ratios), seeds))
    jobs = [(i, seed) for i in range(len(ratios)) for seed in range(seeds)]
    for i, seed in tqdm(jobs, desc="interpolators", unit="network", leave=False):
        rng = np.random.default_rng([7, seed, i])
        network = FeatureMap.draw(round(ratios[i] * n), DIMENSION, rng)
        beta = rng.normal(size=DIMENSION)
        beta /= np.linalg.norm(beta)
        X = rng.normal(size=(n, DIMENSION))
        y = X @ beta + TAU * rng.normal(size=n)
        features = network.features(X)
        least_norm = np.linalg.lstsq(features, y, rcond=None)[0]
        least_gradient = ConcentratedERM(features, y, network.metric).solve(0.0).theta
        overlap = network.target_moment(beta)
        for kind, theta in enumerate((least_norm, least_gradient)):
            risks[kind, i, seed] = 1 + TAU**2 - 2 * theta @ overlap + theta @ network.second_moment @ theta
    return risks


def compute(quick: bool = False) -> xr.Dataset:
    """Return theory over ``ratio`` = N/n and replicates over ``mc_ratio``, for both kinds."""
    ratio = np.geomspace(0.1, 20.0, 80 if quick else 500)
    ratio = ratio[np.abs(ratio - 1.0) > 1e-6]
    curves = [sweep(psi1=PSI2 * ratio, psi2=PSI2, eps=0.0, tau=TAU, ridge=ridge) for ridge in (1e-10, 0.0)]
    ratios, seeds = (RATIOS[1::3], 3) if quick else (RATIOS, SEEDS)
    return xr.Dataset(
        {
            "standard_risk": (("kind", "ratio"), [curve.standard_risk.values for curve in curves]),
            "mc_standard_risk": (("kind", "mc_ratio", "seed"), simulate(ratios, seeds)),
        },
        coords={"kind": list(KINDS), "ratio": ratio, "mc_ratio": list(ratios)},
        attrs={**curves[0].attrs, "psi2": PSI2, "tau": TAU, "d": DIMENSION},
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
            color = PALETTE[i]
            axis.plot(
                data.ratio,
                data.standard_risk.sel(kind=kind),
                color=color,
                ls="-" if i else "-.",
                label=labels[str(kind)],
            )
            points = data.mc_standard_risk.sel(kind=kind)
            error = points.std("seed", ddof=1) / math.sqrt(data.sizes["seed"])
            axis.errorbar(
                data.mc_ratio, points.mean("seed"), error, fmt=MARKERS[i], color=color, mfc="white",
                label=f"networks, $d$ = {data.attrs['d']}",
            )  # fmt: skip
        null = 1.0 + data.attrs["tau"] ** 2
        axis.axhline(null, color="0.35", lw=0.8, ls=":", label=r"predict zero: $1+\tau^2$")
        axis.axvline(1.0, color="0.35", lw=0.8, ls="--", label="$N = n$")
        axis.set_xscale("log")
        axis.set(xlabel="overparametrization $N/n$", ylabel="standard risk", ylim=(0.0, 4.0))
        figure.legend(loc="outside lower center", ncols=3 if width == "double" else 2)
    return figure
