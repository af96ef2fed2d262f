"""Distance of a real adversarially trained network from the linearized flow, against its width."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from tqdm import tqdm

from ...support.provenance import versions
from ...support.style import MARKERS, PALETTE, house_style, mean_points, new_figure
from .. import Architecture, FiniteNetwork, LinearizedFlow, ark_limit, ntk, train_on_search

TITLE = "Finite-width adversarial gradient descent against the linearized flow, by width"
CAPTION = (
    "Root mean square distance, over time and training samples, between the outputs of a ReLU network (depth 2, W_std "
    "1.76, b_std 0.18) trained by adversarial gradient descent and the closed form of the linearized flow with limit "
    "kernels and the same initial outputs. 8 standard normal inputs, labels +-1, search rates uniform so that "
    "residuals are amplified by 1 to exp(0.7), time to 3 over the median eigenvalue of Theta; the error of the time "
    "step is 0.005. Circles: inputs as many as neurons. Squares: 16 inputs, where the gradient in the inputs varies "
    "along the search and over samples at every width, so that the distance stays. Mean and standard error over 8 "
    "draws (circles: 3 at 2,048 neurons, 2 at 4,096). Dashed: slope -1/2."
)
SAMPLES = 8
AMPLIFICATION = 0.7
FIXED_INPUTS = 16
#: Step over the fastest time scale of the flow; the flow itself, advanced with it, is off by 0.005.
STEP = 0.05
REPLICATES = 8


def distance(inputs: int, width: int, seed: int) -> float:
    """Train one network and return its distance from the flow."""
    rng = np.random.default_rng([seed, inputs])
    architecture = Architecture(2)
    x, y = rng.standard_normal((SAMPLES, inputs)), rng.choice([-1.0, 1.0], (SAMPLES, 1))
    theta, ark = ntk(architecture, x), ark_limit(architecture, x)
    eta = rng.uniform(0, AMPLIFICATION, SAMPLES) / ark
    eigenvalues = np.linalg.eigvalsh(theta)
    rate = STEP / (eigenvalues[-1] * np.exp(AMPLIFICATION))
    network = FiniteNetwork.random(architecture, inputs=inputs, width=width, seed=seed, dtype="float32")
    initial = network.predict(x).astype(float)
    steps = int(3 / np.median(eigenvalues) / rate)
    trained = train_on_search(network, x, y, eta=eta, learning_rate=rate, steps=steps, search_steps=1)
    flow = LinearizedFlow(theta, y, ark=ark, eta=eta, initial=initial).coefficients(trained.time[1:])
    return float(np.sqrt(np.mean((trained.train[1:].values - flow.train.values) ** 2)))


def compute(quick: bool = False) -> xr.Dataset:
    """Return distances by inputs, width and replicate; ``replicates`` says how many there are at each width."""
    widths = np.array([64, 128, 256] if quick else [64, 128, 256, 512, 1024, 2048, 4096])
    replicates = np.full((2, len(widths)), 4 if quick else REPLICATES)
    if not quick:
        # Cost grows with the square of the width when the inputs grow with it.
        replicates[0, -2:] = 3, 2
    distances = np.full((2, len(widths), replicates.max()), np.nan)
    for k, i, j in tqdm(np.argwhere(np.arange(replicates.max()) < replicates[..., None]), desc="networks", leave=False):
        distances[k, i, j] = distance(FIXED_INPUTS if k else int(widths[i]), int(widths[i]), int(j))
    return xr.Dataset(
        {"distance": (("inputs", "width", "replicate"), distances, {"long_name": "distance of the outputs"}),
         "replicates": (("inputs", "width"), replicates, {"long_name": "number of draws"})},
        coords={"inputs": ["width", str(FIXED_INPUTS)], "width": ("width", widths, {"long_name": "neurons"})},
        attrs={"samples": SAMPLES, "amplification": AMPLIFICATION, "step": STEP, "depth": 2, "w_std": 1.76,
               "b_std": 0.18, **versions()},
    )  # fmt: skip


def draw(data: xr.Dataset, width: str = "double") -> Figure:
    """Draw the figure from its dataset."""
    mean = data.distance.mean("replicate")
    labels = {"width": "as many inputs as neurons"}
    with house_style():
        figure, axis = new_figure(width, panel_aspect=0.75 if width == "single" else 0.5)
        for i, inputs in enumerate(data.inputs.values):
            at, label = data.sel(inputs=inputs), labels.get(inputs, f"{inputs} inputs")
            style = {"fmt": f"{MARKERS[i]}-", "color": PALETTE[i], "label": label}
            mean_points(axis, data.width, at.distance, at.replicates, **style)
        first = float(mean.sel(inputs="width")[0])
        axis.plot(
            data.width, first * np.sqrt(float(data.width[0]) / data.width), "--", color="0.3", lw=0.9,
            label=r"slope $-1/2$",
        )  # fmt: skip
        axis.set(xscale="log", yscale="log", xlabel="neurons of the hidden layer", ylabel="RMS distance of outputs")
        axis.set_xticks(data.width.values, [f"{w}" for w in data.width.values])
        ticks = [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if float(mean.min()) / 2 < t < float(mean.max()) * 2]
        axis.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axis.minorticks_off()
        axis.legend()
    return figure
