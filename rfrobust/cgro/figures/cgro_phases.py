"""The three stages of adversarial training in the patch model, simulation and reduced theory."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ...support.style import PALETTE, house_style, panel_row
from .. import PatchProblem, find_phases, phase_times, reduced_trajectory, start_of, trajectories
from .. import draw as draw_run

TITLE = "Signal, stall, memorization: three stages of adversarial training in the patch model"
CAPTION = (
    "One run (seed 2) of full-batch gradient descent in the patch model: d = 1000, N = 20, P = 2, 10 filters, "
    "q = 3, alpha = 3.15, sigma = 0.2/sqrt(10), delta/alpha = 0.98, lambda = 0.5, step 0.02, initial sd 0.1; test "
    "errors on 4000 fresh examples. Left: signal part alpha^q U of the clean margin (blue), memory V_i of every "
    "training sample (orange, median thick), reduced theory with one clock a variable (dashed: signal and the "
    "median memory). Vertical lines: phase changes, found in the run (solid) and predicted by quadrature from the "
    "first projections (dashed). Right: errors of the same run, structured attack."
)


def compute(quick: bool = False) -> xr.Dataset:
    """Train one run and solve the reduced system for it."""
    problem = PatchProblem(dim=1000, sigma=0.2 / np.sqrt(10))
    seed, steps = 2, 10_000
    run = trajectories(problem, replicates=1, seed=seed, steps=steps, test_samples=500 if quick else 4000)
    theory = reduced_trajectory(problem, replicates=1, seed=seed, steps=steps)
    changes = find_phases(run)
    predicted = phase_times(problem, start_of(draw_run(problem, seed, 1)))
    names = ["signal_end", "memorization_start", "memorization_end"]
    data = run.isel(replicate=0)
    data["signal_theory"] = theory["signal"].isel(replicate=0)
    data["V_theory"] = theory["V"].isel(replicate=0)
    data["change"] = ("event", [changes[name].item() for name in names], {"units": "steps"})
    data["change_predicted"] = ("event", [predicted[name] / problem.step for name in names], {"units": "steps"})
    return data.assign_coords(event=names)


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw margins (left) and errors (right) against the step."""
    with house_style():
        figure, (left, right) = panel_row(width, 2, panel_aspect=0.82)
        steps = data["step"].values[1:]
        run = data.isel(step=slice(1, None))
        left.plot(steps, run["signal"], color=PALETTE[0], label=r"signal $\alpha^q U$")
        left.plot(steps, run["V"].transpose("step", "sample"), color=PALETTE[1], linewidth=0.4, alpha=0.55)
        left.plot(steps, run["V"].median("sample"), color=PALETTE[1], label=r"memory $V_i$, median thick")
        left.plot(steps, run["signal_theory"], "--", color=PALETTE[6], linewidth=0.9, label="reduced theory")
        left.plot(steps, run["V_theory"].median("sample"), "--", color=PALETTE[6], linewidth=0.9)
        top = 1.42 * float(max(run["signal"].max(), run["V"].max()))
        left.set(xscale="log", ylim=(-0.03 * top, top), ylabel="part of the clean margin")
        for axis in (left, right):
            for change, predicted in zip(data["change"].values, data["change_predicted"].values, strict=True):
                axis.axvline(change, color="#888888", linewidth=0.7)
                axis.axvline(predicted, color="#888888", linewidth=0.7, linestyle=(0, (2, 2)))
        ends = [1.0, *data["change"].values, float(steps[-1])]
        for name, low, high in zip(("signal", "stall", "memorization", ""), ends[:-1], ends[1:], strict=True):
            left.text(np.sqrt(low * high), 0.995 * top, name, ha="center", va="top", fontsize=6.5)
        left.legend(loc="upper left", bbox_to_anchor=(0.0, 0.93), fontsize=6.5)
        styles = {
            "clean_train_error": (PALETTE[0], "-", "clean, training"),
            "clean_test_error": (PALETTE[0], "--", "clean, test"),
            "robust_train_error": (PALETTE[1], "-", "robust, training"),
            "robust_test_error": (PALETTE[1], "--", "robust, test"),
        }
        for name, (color, line, label) in styles.items():
            right.plot(steps, run[name], line, color=color, label=label)
        right.set(xscale="log", ylim=(-0.02, 1.0), ylabel="error")
        right.legend(loc="upper left", bbox_to_anchor=(0.18, 1.0), frameon=True, framealpha=1.0, edgecolor="none")
        for axis in (left, right):
            axis.set(xlabel="gradient descent step", xlim=(1.0, float(steps[-1])))
        return figure
