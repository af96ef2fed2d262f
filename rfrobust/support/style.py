"""House style of all figures: fonts that embed, two column widths, a palette safe for colour-blind readers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from . import validation

#: Okabe and Ito's palette, dark enough on white, in order of use.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
#: Text widths in inches: one and two columns of a journal page.
WIDTHS = {"single": 3.3, "double": 6.8}

_RC: Any = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "errorbar.capsize": 1.5,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "rfrobust",
    "savefig.dpi": 300,
    "figure.dpi": 120,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style inside the ``with`` block, leaving the user's settings alone outside it."""
    with matplotlib.rc_context(_RC):
        yield


def new_figure(
    width: str = "double", *, rows: int = 1, columns: int = 1, panel_aspect: float = 0.8, **kwargs: Any
) -> tuple[Figure, Any]:
    """Return a figure of a journal column's width and its axes; call inside :func:`house_style`.

    ``panel_aspect`` is the height of one panel over its width. The figure belongs to no window system and no
    global state, so figures can be drawn in threads and are freed with their last reference.
    """
    inches = WIDTHS[validation.choice("width", width, WIDTHS)]
    figure = Figure(figsize=(inches, inches / columns * panel_aspect * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, **kwargs)


def panel_row(
    width: str,
    count: int,
    *,
    panel_aspect: float = 0.8,
    stacked_aspect: float = 0.7,
    xlabel: str = "",
    ylabel: str = "",
    **kwargs: Any,
) -> tuple[Figure, Any]:
    """Return ``count`` panels side by side over two columns, one below the other in a single column.

    ``panel_aspect`` and ``stacked_aspect`` are the heights of a panel over its width in either case. A label that the
    panels share stands below or left of the outer ones only.
    """
    if width == "single":
        figure, axes = new_figure(width, rows=count, panel_aspect=stacked_aspect, **kwargs)
        lowest, leftmost = axes[-1:], axes
    else:
        figure, axes = new_figure(width, columns=count, panel_aspect=panel_aspect, **kwargs)
        lowest, leftmost = axes, axes[:1]
    for axis in lowest:
        axis.set_xlabel(xlabel)
    for axis in leftmost:
        axis.set_ylabel(ylabel)
    return figure, axes


def mean_points(axis: Axes, x: Any, values: xr.DataArray, count: Any = None, **style: Any) -> None:
    """Draw the mean over the dimension ``replicate`` and its standard error, of ``count`` replicates if not of all."""
    se = values.std("replicate", ddof=1) / np.sqrt(values.sizes["replicate"] if count is None else count)
    axis.errorbar(x, values.mean("replicate"), se, **style)


def guide_lines(axis: Axes, tau: Any, equal_at: float | None = None, label: str = "$N = n$") -> None:
    """Mark the risk of predicting zero, and the place where two sizes are equal."""
    axis.axhline(1.0 + float(tau) ** 2, color="0.35", lw=0.8, ls=":", label=r"predict zero: $1+\tau^2$")
    if equal_at is not None:
        axis.axvline(equal_at, color="0.35", lw=0.8, ls="--", label=label)


def risk_map(figure: Figure, axis: Axes, x: Any, y: Any, values: xr.DataArray, label: str) -> None:
    """Draw values over two parameters; the highest percent, next to a pole, shares the last colour."""
    top = float(values.quantile(0.99))
    mesh = axis.pcolormesh(x, y, values, cmap="cividis", vmax=top, shading="nearest", rasterized=True)
    bar = figure.colorbar(mesh, ax=axis, extend="max" if float(values.max()) > top else "neither")
    bar.set_label(label)
    axis.grid(False)


def eps_label(eps: float) -> str:
    """Return the legend of a training radius; 0 is the limit of vanishing attacks."""
    return rf"$\varepsilon$ = {eps:g}" if eps > 0 else r"$\varepsilon \to 0^+$"


def legend_below(figure: Figure, axis: Axes, ncols: int) -> Legend:
    """Draw the legend of one panel below all of them."""
    return figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=ncols)
