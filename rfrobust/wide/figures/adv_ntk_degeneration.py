"""Robust accuracy against training time on digits: it rises, then falls back to the NTK interpolant."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ...support.provenance import versions
from ...support.style import PALETTE, house_style, legend_below, mean_points, panel_row
from .. import Architecture, InputAttack, KernelPredictor, KernelSpectrum, ntk
from ..comparison import noisy_digits
from ..estimators import encode_labels

TITLE = "Degeneration: accuracy of the wide network against training time, and of the NTK interpolant"
CAPTION = (
    "Clean and robust test accuracy (l_inf, radius 0.05, attacked until it errs or the margin stops moving) of an "
    "infinitely wide ReLU network of depth 3 (W_std 1.76, b_std 0.18) against its training time xi, on scikit-learn's "
    "digits: 1,000 training and 200 test samples, mean and standard error over 3 splits. Left: 30 percent of the "
    "training labels wrong; right: clean labels. Horizontal lines: the interpolant (xi = infinity), at which "
    "adversarial training ends whatever the attack."
)
RADIUS = 0.05
NOISES = (0.3, 0.0)
REPLICATES = 3


def compute(quick: bool = False) -> xr.Dataset:
    """Return accuracies by label noise, training time (the last one infinite), kind and replicate."""
    kernel, test, replicates = (300, 100, 2) if quick else (1000, 200, REPLICATES)
    xis = np.append(np.geomspace(1e-4, 1e4, 6 if quick else 13), np.inf)
    attack = InputAttack(radius=RADIUS, bounds=(0.0, 1.0), loss="error")
    accuracy = np.empty((len(NOISES), len(xis), 2, replicates))
    with tqdm(total=accuracy.size // 2, desc="attacks", leave=False) as bar:
        for i, noise in enumerate(NOISES):
            for seed in range(replicates):
                data = noisy_digits(kernel=kernel, test=test, label_noise=noise, seed=seed)
                targets, test_targets = (encode_labels(y, np.arange(10)) for y in (data.y_kernel, data.y_test))
                spectrum = KernelSpectrum.decompose(ntk(Architecture(), data.x_kernel))
                for j, xi in enumerate(xis):
                    coefficients = spectrum.coefficients(targets, float(xi))
                    model = KernelPredictor(Architecture(), data.x_kernel, coefficients)
                    found = attack.run(model, data.x_test, test_targets, np.random.default_rng(seed))
                    for k, x in enumerate((data.x_test, found)):
                        accuracy[i, j, k, seed] = np.mean(model.predict(x).argmax(axis=1) == data.y_test)
                    bar.update()
    return xr.Dataset(
        {"accuracy": (("noise", "xi", "kind", "replicate"), accuracy, {"long_name": "test accuracy"})},
        coords={
            "noise": list(NOISES), "xi": ("xi", xis, {"long_name": "training time"}),
            "kind": ["clean", "robust"], "replicate": range(replicates),
        },
        attrs={"radius": RADIUS, "depth": 3, "w_std": 1.76, "b_std": 0.18, "kernel_samples": kernel,
               "test_samples": test, **versions()},
    )  # fmt: skip


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    mean = data.accuracy.mean("replicate")
    error = data.accuracy.std("replicate", ddof=1) / np.sqrt(data.sizes["replicate"])
    finite = np.isfinite(data.xi.values)
    with house_style():
        figure, axes = panel_row(
            width, 2, panel_aspect=0.7, sharey=True, sharex=True, xlabel=r"training time $\xi$", ylabel="test accuracy"
        )
        for axis, noise in zip(axes, data.noise.values, strict=True):
            for kind, color, marker in zip(data.kind.values, PALETTE, "os", strict=False):
                at = {"noise": noise, "kind": kind}
                style = {"fmt": f"{marker}-", "color": color, "label": f"{kind}, stopped at $\\xi$"}
                mean_points(axis, data.xi[finite], data.accuracy.sel(at)[finite], **style)
                end, spread = float(mean.sel(at)[~finite].item()), float(error.sel(at)[~finite].item())
                axis.axhline(end, color=color, ls="--", lw=0.9, label=f"{kind}, NTK interpolant")
                axis.axhspan(end - spread, end + spread, color=color, alpha=0.15, lw=0)
            axis.set(xscale="log", ylim=(0, 1.02), title=f"{100 * noise:g}% of the training labels wrong")
        legend_below(figure, axes[0], ncols=2)
    return figure
