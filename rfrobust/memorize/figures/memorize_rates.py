"""Learning rates of teachers and of the students that memorize on top of them."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter

from ...support.style import MARKERS, PALETTE, house_style, mean_points, new_figure
from ..rates import critical_exponent, learning_rates, rate_exponent, slopes

TITLE = "What memorizing costs a well-trained network: rates in the radius and in the sample size"
CAPTION = (
    "Regression of targets of smoothness r = 1 and 2 in d = 1, 2, 3 from n samples with noise 0.5; teachers are "
    "piecewise linear networks on the best mesh, students take the sample's value on the l_inf cube of radius "
    "delta around it, theta = delta/4. (a) What the student adds to the standard risk E(f - f_r)^2, at the least "
    "and the largest n, r = 2; lines: slope d. (b, c) Standard risk of teacher and student at delta = 0.6 "
    "n^(-(4r+d)/(d(2r+d))); lines: slope -2r/(2r+d). (d) Radius that doubles the teacher's risk; lines: slope "
    "-(4r+d)/(d(2r+d)). (e) Probability that the l_inf ball of radius delta around a test point meets a block, "
    "and its bound n(2(2 delta + theta))^d, r = 2. (f) Fitted log-log slopes over the stated ones. Means of 8 "
    "draws with standard errors."
)

SMOOTHNESS = (1.0, 2.0)
REPLICATES = 8
START = {1: 512, 2: 1024, 3: 8192}


def compute(quick: bool = False) -> xr.Dataset:
    """Return the quantities of :func:`learning_rates` over ``d``, ``r`` and the doublings of n, and the slopes."""
    dimensions = (1, 2) if quick else (1, 2, 3)
    doublings = np.arange(3 if quick else 6)
    grid = []
    for d in dimensions:
        row = []
        for r in SMOOTHNESS:
            data = learning_rates(d, r, START[d] * 2**doublings, replicates=2 if quick else REPLICATES)
            data = data.merge(slopes(data), combine_attrs="override")
            row.append(data.assign_coords(doubling=("n", doublings)).swap_dims(n="doubling").reset_coords("n"))
        grid.append(xr.concat(row, xr.DataArray(list(SMOOTHNESS), dims="r", name="r"), combine_attrs="drop_conflicts"))
    data = xr.concat(grid, xr.DataArray(list(dimensions), dims="d", name="d"), combine_attrs="drop_conflicts")
    data["n"] = data.n.isel(r=0)
    return data


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    stacked = width == "single"
    with house_style():
        figure, axes = new_figure(
            width, rows=3 if stacked else 2, columns=2 if stacked else 3, panel_aspect=1.2 if stacked else 0.95
        )
        cost, slow, fast, critical, reach, slope = axes.flat
        for i, d in enumerate(data.d.values):
            look: Any = {"color": PALETTE[i], "marker": MARKERS[i]}
            smooth = data.sel(d=d, r=2)
            for k in (0, -1):
                at = smooth.isel(doubling=k)
                _points(cost, at.delta, at.excess, d, filled=k == -1, **look)
            for axis, r in ((slow, 1), (fast, 2)):
                at = data.sel(d=d, r=r)
                rate = rate_exponent(int(d), r)
                _points(axis, at.n, at.teacher_risk, rate, filled=False, **look)
                _points(axis, at.n, at.teacher_risk + at.excess.isel(scale=-1), rate, **look)
            for r in data.r.values:
                at = data.sel(d=d, r=r)
                _points(critical, at.n, at.critical_delta, critical_exponent(int(d), r), filled=r == 2, **look)
            at = smooth.stack(point=("doubling", "scale"))
            _points(reach, at.reach_bound, at.reach, None, **look)
            _slopes(slope, data.sel(d=d), i - 1, **look)
        bound = np.array([smooth.reach_bound.min(), 1.0])
        reach.plot(bound, bound, color="0.5", lw=0.8, zorder=0)

        radius, samples = r"radius $\delta$", "samples $n$"
        cost.set(xlabel=radius, ylabel="excess of the student", title="(a) $r = 2$")
        slow.set(xlabel=samples, ylabel="standard risk", title="(b) $r = 1$")
        fast.set(xlabel=samples, ylabel="standard risk", title="(c) $r = 2$")
        critical.set(xlabel=samples, ylabel=r"critical radius $\delta$", title="(d) $r = 1, 2$")
        reach.set(xlabel=r"bound $n(2(2\delta+\theta))^d$", ylabel="P(ball meets a block)", title="(e) $r = 2$")
        for axis in (cost, slow, fast, critical, reach):
            axis.set(xscale="log", yscale="log")
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.yaxis.set_minor_formatter(NullFormatter())
        slope.axvline(1, color="0.5", lw=0.8, zorder=0)
        slope.set(yticks=range(data.sizes["quantity"]), yticklabels=_SHORT, ylim=(4.6, -0.6))
        slope.set(xlabel="measured/stated", title="(f) slopes")
        slope.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 5, 10]))

        looks: list[dict[str, Any]] = [
            *({"ls": "", "color": PALETTE[i], "marker": MARKERS[i]} for i in range(data.sizes["d"])),
            {"ls": "", "color": "0.3", "marker": "o", "mfc": "none"},
            {"ls": "", "color": "0.3", "marker": "o"},
            {"color": "0.3", "lw": 0.8},
        ]
        labels = [
            *(f"$d = {d}$" for d in data.d.values), "least $n$ (a), teacher (b, c), $r = 1$ (d, f)",
            "largest $n$ (a), student (b, c), $r = 2$ (d, f)", "stated slope (a-d), bound (e)",
        ]  # fmt: skip
        handles = [Line2D([], [], **look, label=label) for look, label in zip(looks, labels, strict=True)]
        figure.legend(handles=handles, loc="outside lower center", ncols=1 if stacked else 2)
    return figure


#: Names of the slopes of panel (f), in the order of ``quantity``.
_SHORT = ("excess, $\\delta$", "excess, $n$", "teacher, $n$", "student, $n$", "critical $\\delta$, $n$")


def _points(
    axis: Axes, x: xr.DataArray, y: xr.DataArray, slope: float | None, color: str, marker: str, filled: bool = True
) -> None:
    """Draw means over replicates with standard errors, and a line of the given slope through their middle."""
    mean_points(axis, x, y, fmt=marker, color=color, mfc=color if filled else "white", zorder=3)
    if slope is not None:
        level = np.exp(np.log(y.mean("replicate") / x**slope).mean())
        axis.plot(x, level * x**slope, color=color, lw=0.8)


def _slopes(axis: Axes, data: xr.Dataset, shift: int, color: str, marker: str) -> None:
    """Draw the measured slopes over the stated ones, one row a quantity."""
    for r, offset in zip(SMOOTHNESS, (-0.06, 0.06), strict=True):
        at = data.sel(r=r)
        axis.errorbar(
            at.slope / at.expected,
            np.arange(at.sizes["quantity"]) + 0.25 * shift + offset,
            xerr=at.slope_se / np.abs(at.expected),
            fmt=marker,
            color=color,
            mfc="white" if r == SMOOTHNESS[0] else color,
        )
