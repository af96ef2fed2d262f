"""Accuracies of adversarially trained networks on scikit-learn's digits against width."""

import xarray as xr
from matplotlib.figure import Figure

from ...support.provenance import versions
from ...support.style import MARKERS, PALETTE, house_style, mean_points, panel_row
from .. import AdversarialTraining, digits, width_sweep

TITLE = "Robust overfitting with capacity: adversarially trained networks on digits against width"
CAPTION = (
    "Mean and standard error over 3 draws of weights and attacks (one split of scikit-learn's 8 x 8 digits, 600 test "
    "images): SGD with momentum 0.9, cosine step from 0.05, batch 100, 5-step l_inf training attack, evaluated by "
    "ascents towards every other class until the margin stops moving. Left: two-layer ReLU network, 400 training "
    "images, radius 0.1, 300 epochs. Right: two 3 x 3 convolutions and a dense layer, 200 training images, radius "
    "0.15, 120 epochs; narrow networks collapse to one class. With capacity robust training accuracy climbs (left to "
    "1) and clean test accuracy stays high, while robust test accuracy saturates far below."
)
PANELS = {"two-layer": "two-layer network, radius 0.1", "convolutional": "convolutional network, radius 0.15"}
_LABELS = {"robust_train": "robust, training", "clean_test": "clean, test", "robust_test": "robust, test"}
REPLICATES = 3


def compute(quick: bool = False) -> xr.Dataset:
    """Train both architectures at every width."""
    plans = {
        "two-layer": ((4, 16, 64) if quick else (4, 8, 16, 32, 64, 128, 256, 512), 400, 0.1, 60 if quick else 300),
        "convolutional": ((2, 8) if quick else (2, 4, 6, 8, 12, 16, 24), 200, 0.15, 30 if quick else 120),
    }
    parts = {}
    for name, (widths, images, radius, epochs) in plans.items():
        settings = AdversarialTraining(radius=radius, epochs=epochs)
        replicates = 2 if quick else REPLICATES
        found = width_sweep(
            name, widths, settings=settings, data=digits(images, 600), replicates=replicates, progress=True
        )
        key = name.replace("-", "_")
        parts[f"{key}_accuracy"] = found["accuracy"].rename(width=f"{key}_width")
    return xr.Dataset(parts, attrs=versions())


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw one panel an architecture."""
    with house_style():
        figure, axes = panel_row(width, 2, sharey=True)
        for axis, (name, title) in zip(axes, PANELS.items(), strict=True):
            key = name.replace("-", "_")
            for k, (measure, label) in enumerate(_LABELS.items()):
                rows = data[f"{key}_accuracy"].sel(measure=measure)
                widths = data[f"{key}_width"].values
                mean_points(axis, widths, rows, fmt=f"{MARKERS[k]}-", color=PALETTE[k], label=label)
            axis.set_xscale("log", base=2)
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.set(title=title, ylim=(0.0, 1.02))
        axes[0].set(xlabel="hidden units", ylabel="accuracy")
        axes[1].set(xlabel="channels of the first convolution")
        axes[0].legend(loc="lower right")
        return figure
