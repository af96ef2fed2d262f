"""Adv-NTK against the NTK interpolant, isotropic early stopping, and finite-width adversarial training."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ...support.provenance import versions
from ...support.style import MARKERS, PALETTE, house_style, legend_below, mean_points, panel_row
from .. import compare, finite_width_accuracy, noisy_digits
from ..comparison import ESTIMATORS

TITLE = "Adv-NTK, isotropic early stopping, NTK and finite-width adversarial training over radii"
CAPTION = (
    "Clean and robust (l_inf, attacked until it errs or the margin stops moving) test accuracy on scikit-learn's "
    "digits with 30 percent wrong training labels: 500 kernel, 200 validation, 500 test samples, mean and standard "
    "error over 3 splits. ReLU, depth 3, W_std 1.76, b_std 0.18. NTK: the interpolant. Early stopped: one training "
    "time, best on attacked validation samples. Adv-NTK: one a sample, learning rate 1, 50 steps. Finite width: 256 "
    "neurons, PGD adversarial training for 150 epochs, which is short of fitting the wrong labels. Points are shifted "
    "sideways to separate error bars; bars that are not seen are smaller than the points."
)
RADII = (0.025, 0.05, 0.1)
FINITE = "finite width"
REPLICATES = 3


def compute(quick: bool = False) -> xr.Dataset:
    """Return clean and robust accuracy by radius, estimator and replicate."""
    kernel, test, replicates, n_steps, epochs = (200, 200, 2, 5, 40) if quick else (500, 500, REPLICATES, 50, 150)
    radii = RADII[:2] if quick else RADII
    names = [*ESTIMATORS, FINITE]
    accuracy = np.empty((2, len(radii), len(names), replicates))
    jobs = [(i, seed) for seed in range(replicates) for i in range(len(radii))]
    for i, seed in tqdm(jobs, desc="fits", leave=False):
        data = noisy_digits(kernel=kernel, test=test, seed=seed)
        kernels = compare(data, radius=radii[i], learning_rate=1.0, n_steps=n_steps, seed=seed)
        accuracy[0, i, :-1, seed], accuracy[1, i, :-1, seed] = kernels.clean, kernels.robust
        accuracy[:, i, -1, seed] = finite_width_accuracy(data, radius=radii[i], epochs=epochs, seed=seed)
    dims = ("radius", "estimator", "replicate")
    return xr.Dataset(
        {"clean": (dims, accuracy[0], {"long_name": "clean accuracy"}),
         "robust": (dims, accuracy[1], {"long_name": "robust accuracy"})},
        coords={"radius": list(radii), "estimator": names, "replicate": range(replicates)},
        attrs={"label_noise": 0.3, "kernel_samples": kernel, "test_samples": test, "learning_rate": 1.0,
               "n_steps": n_steps, "width": 256, "epochs": epochs, **versions()},
    )  # fmt: skip


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    with house_style():
        figure, axes = panel_row(
            width, 2, panel_aspect=0.7, sharey=True, sharex=True, ylabel="test accuracy",
            xlabel=r"$\ell_\infty$ radius $\rho$ in training and test (pixels in [0, 1])",
        )  # fmt: skip
        names = data.estimator.values
        for axis, kind in zip(axes, ("robust", "clean"), strict=True):
            for i, name in enumerate(names):
                at = data.radius * (1 + 0.03 * (i - (len(names) - 1) / 2))
                style = {"fmt": f"{MARKERS[i]}-", "color": PALETTE[i], "label": name, "lw": 0.9}
                mean_points(axis, at, data[kind].sel({"estimator": name}), **style)
            axis.set(xscale="log", ylim=(0, 1.02), title=f"{kind} accuracy")
            axis.set_xticks(data.radius.values, [f"{r:g}" for r in data.radius.values])
            axis.minorticks_off()
        legend_below(figure, axes[0], ncols=2 if width == "single" else 4)
    return figure
