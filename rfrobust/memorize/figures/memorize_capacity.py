"""Parameters that robust memorization takes, against the bounds and against robust generalization."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...support.style import PALETTE, house_style, legend_below, panel_row
from .. import built_parameters, parameter_counts

TITLE = "Parameters to memorize robustly against the worst case of robust generalization"
CAPTION = (
    "Parameters of the construction, N(12 D + 2) + 4 (lines: formula; circles: non-zero weights of networks that were "
    "built), between the orders of the published lower and upper bounds for robust memorization, against the input "
    "dimension D at N = 1,000 and against the sample size N at D = 50; and the worst-case lower bound "
    "(2 eps)^(-(D-1)/6) for robust generalization at eps = 0.1. Bounds without their constants; the upper one "
    "with log^2."
)

EPS = 0.1
FIXED = {"N": 1000, "D": 50}


def compute(quick: bool = False) -> xr.Dataset:
    """Return the counts along either ``axis``, N at fixed D and D at fixed N.

    The formulas are over ``point``, the networks that were built over ``network``.
    """
    lines = {"N": np.geomspace(10, 1e6, 60), "D": np.geomspace(2, 300, 60)}
    built = {"N": [20, 100, 500], "D": [3, 10, 30]} if quick else {"N": [20, 100, 500, 2000], "D": [3, 10, 30, 100]}
    parts = []
    for name, values in lines.items():
        other = "D" if name == "N" else "N"
        counts = parameter_counts(**{name: values, other: [FIXED[other]]}, eps=EPS).squeeze(other, drop=True)
        part = counts.rename({name: "point"}).drop_vars("point")
        sizes = {name: built[name], other: [FIXED[other]] * len(built[name])}
        part["built"] = ("network", [built_parameters(n, d) for n, d in zip(sizes["N"], sizes["D"], strict=True)])
        for parameter in ("N", "D"):
            part[parameter] = ("point", values if parameter == name else np.full(values.size, float(FIXED[other])))
            part[f"built_{parameter}"] = ("network", sizes[parameter])
        parts.append(part)
    data = xr.concat(parts, xr.DataArray(list(lines), dims="axis", name="axis"), combine_attrs="override")
    return data.assign_attrs({f"fixed_{name}": value for name, value in FIXED.items()})


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    curves = {
        "generalize_lower": ("robust generalization, worst case", ":"),
        "memorize_upper": ("robust memorization, upper bound", "--"),
        "construction": ("this construction", "-"),
        "memorize_lower": ("robust memorization, lower bound", "-."),
    }
    labels = {"D": "input dimension $D$", "N": "samples $N$"}
    stacked = width == "single"
    with house_style():
        figure, axes = panel_row(width, 2, panel_aspect=0.75, stacked_aspect=0.75, sharey=not stacked)
        for axis, name in zip(axes, ("D", "N"), strict=True):
            other = "N" if name == "D" else "D"
            along = data.sel(axis=name)
            for i, (variable, (label, line)) in enumerate(curves.items()):
                axis.plot(along[name], along[variable], line, color=PALETTE[i], label=label)
            axis.plot(along[f"built_{name}"], along.built, "o", color=PALETTE[2], mfc="white", label="built")
            axis.set(xscale="log", yscale="log", xlabel=labels[name], ylabel="parameters", ylim=(1, 1e11))
            axis.set_title(rf"${other}$ = {data.attrs[f'fixed_{other}']:,}")
        legend_below(figure, axes[0], ncols=1 if stacked else 3)
    return figure
