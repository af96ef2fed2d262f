"""Adversarial training of image networks: architectures by width, the l_inf attack, training and the width sweep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from sklearn.datasets import load_digits
from tqdm import tqdm

from ..support import pgd, validation
from ..support.balls import Ball
from ..support.errors import DivergenceError
from ..support.provenance import versions
from .layers import BatchNorm, Chain, Convolution, Dense, GlobalAverage, Layer, MaxPool, ReLU, Residual
from .trajectory import in_threads, replicate_seeds

Array = np.ndarray


@dataclass(frozen=True)
class ImageData:
    """Images and labels.

    Parameters
    ----------
    x_train, x_test : array of shape (n, height, width, channels)
        In [0, 1]; kept as float32.
    y_train, y_test : array of shape (n,)
        Integers from 0.

    Raises
    ------
    ValueError, TypeError
        For images or labels of another shape or range.
    """

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array

    def __post_init__(self) -> None:
        shape = None
        for part in ("train", "test"):
            x = validation.real_array(f"x_{part}", getattr(self, f"x_{part}"), 0.0, 1.0, ndim=4, shape=shape)
            shape = (None, *x.shape[1:])
            y = _labels(f"y_{part}", getattr(self, f"y_{part}"), len(x))
            validation.store(self, **{f"x_{part}": x.astype(np.float32), f"y_{part}": y})

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1


def _labels(name: str, value: Any, count: int) -> Array:
    """Return class labels as integers, or raise."""
    labels = validation.real_array(name, value, 0, shape=(count,))
    if (labels != np.rint(labels)).any():
        raise ValueError(f"{name} must be integers from 0, got {float(labels[labels != np.rint(labels)][0])!r}")
    return labels.astype(np.int64)


def _images(x: Any, y: Any) -> tuple[Array, Array]:
    """Return images, in their own precision, and labels, or raise."""
    images = validation.real_array("x", x, 0.0, 1.0, ndim=(2, 4))
    return np.asarray(x), _labels("y", y, len(images))


def digits(train: int = 400, test: int = 600, seed: int = 0) -> ImageData:
    """Return scikit-learn's 8 x 8 digits, shuffled and split; at most 1797 images together."""
    train = validation.integer("train", train, 10, 1787)
    test = validation.integer("test", test, 10, 1797 - train)
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(validation.integer("seed", seed, 0)).permutation(len(y))[: train + test]
    images = (x[order] / 16.0).astype(np.float32).reshape(-1, 8, 8, 1)
    labels = y[order]
    return ImageData(images[:train], labels[:train], images[train:], labels[train:])


def two_layer(data: ImageData, width: int, rng: np.random.Generator) -> Layer:
    """Return a two-layer ReLU network with ``width`` hidden units."""
    inputs = int(np.prod(data.x_train.shape[1:]))
    return Chain([Dense(inputs, width, rng), ReLU(), Dense(width, data.classes, rng, 0.5)])


def convolutional(data: ImageData, width: int, rng: np.random.Generator) -> Layer:
    """Return a network of two 3 x 3 convolutions with ``width`` and 2 ``width`` channels and a dense layer."""
    _, high, wide, channels = data.x_train.shape
    flat = ((high + 1) // 2) * ((wide + 1) // 2) * 2 * width
    return Chain(
        [
            Convolution(channels, width, 3, rng, padding=1),
            ReLU(),
            Convolution(width, 2 * width, 3, rng, stride=2, padding=1),
            ReLU(),
            Dense(flat, data.classes, rng, 0.5),
        ]
    )


def lenet(data: ImageData, width: int, rng: np.random.Generator) -> Layer:
    """Return LeNet-5 with 6, 16 channels and 120, 84 units, all times ``width``; 28 x 28 or larger images."""
    _, high, wide, channels = data.x_train.shape
    if min(high, wide) < 14:
        raise ValueError(f"images must be at least 14 x 14 for lenet, got {high} x {wide}")
    left = [((size // 2) - 4) // 2 for size in (high, wide)]
    return Chain(
        [
            Convolution(channels, 6 * width, 5, rng, padding=2),
            ReLU(),
            MaxPool(),
            Convolution(6 * width, 16 * width, 5, rng),
            ReLU(),
            MaxPool(),
            Dense(left[0] * left[1] * 16 * width, 120 * width, rng),
            ReLU(),
            Dense(120 * width, 84 * width, rng),
            ReLU(),
            Dense(84 * width, data.classes, rng, 0.5),
        ]
    )


def wide_resnet(data: ImageData, width: int, rng: np.random.Generator, blocks: int = 5) -> Layer:
    """Return a wide residual network of depth 6 ``blocks`` + 4 (34 by default) and 16, 32, 64 times ``width``."""
    channels = 16
    layers: list[Layer] = [Convolution(data.x_train.shape[3], channels, 3, rng, padding=1)]
    for stage in range(3):
        wide = 16 * 2**stage * width
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            shortcut = Convolution(channels, wide, 1, rng, stride) if channels != wide or stride > 1 else None
            body = Chain(
                [
                    Convolution(channels, wide, 3, rng, stride, 1),
                    BatchNorm(wide),
                    ReLU(),
                    Convolution(wide, wide, 3, rng, 1, 1),
                ]
            )
            layers.append(Residual(Chain([BatchNorm(channels), ReLU()]), body, shortcut))
            channels = wide
    tail: list[Layer] = [BatchNorm(channels), ReLU(), GlobalAverage(), Dense(channels, data.classes, rng, 0.5)]
    return Chain(layers + tail)


#: Architectures by name; each takes (data, width, rng).
ARCHITECTURES: dict[str, Callable[[ImageData, int, np.random.Generator], Layer]] = {
    "two-layer": two_layer,
    "convolutional": convolutional,
    "lenet": lenet,
    "wrn34": wide_resnet,
}


@dataclass(frozen=True)
class AdversarialTraining:
    """Settings: l_inf radius and attack, epochs of SGD with momentum, cosine steps, weight decay.

    Parameters
    ----------
    radius : float
        l_inf radius in pixel units (>= 0, at most 1).
    attack_steps : int
        Gradient sign steps of the training attack, each of 2.5 radius / attack_steps.
    test_attack_steps : int
        The same for the first ascent of the evaluation, see :func:`robust_accuracy`.
    epochs, batch : int
    rate, momentum, decay : float
        Step size at the start (> 0), momentum in [0, 1), weight decay (>= 0).
    """

    radius: float = 0.2
    attack_steps: int = 5
    test_attack_steps: int = 20
    epochs: int = 100
    batch: int = 100
    rate: float = 0.05
    momentum: float = 0.9
    decay: float = 0.0

    def __post_init__(self) -> None:
        validation.real_scalar("radius", self.radius, 0.0, 1.0)
        for name in ("attack_steps", "test_attack_steps", "epochs", "batch"):
            validation.integer(name, getattr(self, name), 1)
        validation.real_scalar("rate", self.rate, 0.0, open_lower=True)
        validation.real_scalar("momentum", self.momentum, 0.0, 0.999)
        validation.real_scalar("decay", self.decay, 0.0)


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """Return the mean cross entropy and its gradient in the logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    slope = np.exp(logs)
    slope[rows, labels] -= 1.0
    return float(-logs[rows, labels].mean()), slope / len(labels)


@validation.typed
def linf_attack(network: Layer, x: Array, y: Array, radius: float, steps: int, rng: np.random.Generator) -> Array:
    """Return images after projected gradient ascent on the loss, from a random start, within [0, 1].

    Parameters
    ----------
    network : Layer
    x, y : arrays
        Images and labels.
    radius : float
        l_inf radius.
    steps : int
        Sign steps of 2.5 radius / steps.
    rng : numpy.random.Generator
    """
    radius = validation.real_scalar("radius", radius, 0.0, 1.0)
    steps = validation.integer("steps", steps, 1)
    x, y = _images(x, y)

    def evaluate(points: Array, sloped: bool) -> tuple[None, Array | None]:
        if not sloped:
            return None, None
        return None, network.backward(cross_entropy(network.forward(points, False), y)[1], False)

    ball = Ball(x, radius, np.inf, (0.0, 1.0))
    lengths = pgd.even_steps(radius, steps)
    return pgd.ascend(evaluate, ball.random_point(rng), lengths, ball).points


@validation.typed
def accuracy(
    network: Layer,
    x: Array,
    y: Array,
    batch: int = 500,
    attack: Callable[[Array, Array], Array] = lambda images, labels: images,
) -> float:
    """Return the share of images classified correctly after the attack, by default none."""
    batch = validation.integer("batch", batch, 1)
    x, y = _images(x, y)
    hits = []
    for k in range(0, len(y), batch):
        labels = y[k : k + batch]
        moved = attack(x[k : k + batch], labels)
        hits.append(network.forward(moved, False).argmax(axis=1) == labels)
    return float(np.concatenate(hits).mean())


@validation.typed
def robust_accuracy(
    network: Layer, x: Array, y: Array, settings: AdversarialTraining, seed: int, batch: int = 500
) -> float:
    """Return the share of images still classified correctly under the evaluation attack: no less than the robust one.

    Images that resist :func:`linf_attack` are attacked by ascents of the margin, towards each other class (nine at
    most) and from random starts, until twelve in a row have not moved it by a thousandth of its rise.
    """
    rng = np.random.default_rng([validation.integer("seed", seed, 0), 1])

    def attack(images: Array, labels: Array) -> Array:
        rivals = pgd.rivals(network.forward(images, False), labels)

        def evaluate(points: Array, sloped: bool, rows: Any = slice(None), goals: Any = -1) -> tuple[Array, Any]:
            goal = np.where(goals < 0, -1, rivals[rows][np.arange(len(points)), goals])
            values, cotangent = pgd.margin(network.forward(points, False), labels[rows], goal)
            return values, network.backward(cotangent, False) if sloped else None

        ball, steps = Ball(images, settings.radius, np.inf, (0.0, 1.0)), settings.test_attack_steps
        first = linf_attack(network, images, labels, settings.radius, steps, rng)
        best = pgd.better(pgd.ascend(evaluate, images, (), ball), first, evaluate(first, False)[0])
        return pgd.search(evaluate, ball, best, steps, None, rng, goals=rivals.shape[1], enough=0.0).points

    return accuracy(network, x, y, batch, attack)


@validation.typed
def train_network(
    data: ImageData,
    architecture: str,
    width: int,
    settings: AdversarialTraining | None = None,
    *,
    seed: int = 0,
    progress: bool = False,
) -> Layer:
    """Train a network on attacked images by SGD with momentum and a cosine schedule.

    Parameters
    ----------
    data : ImageData
    architecture : str
        A name in ``ARCHITECTURES``.
    width : int
        Its width (>= 1).
    settings : AdversarialTraining, optional
    seed : int
        Seeds weights, order and attacks.
    progress : bool

    Returns
    -------
    Layer

    Raises
    ------
    DivergenceError
        If the loss stops being a number.
    """
    settings = settings or AdversarialTraining()
    build = ARCHITECTURES[validation.choice("architecture", architecture, ARCHITECTURES)]
    width = validation.integer("width", width, 1)
    rng = np.random.default_rng([validation.integer("seed", seed, 0), 0])
    network = build(data, width, rng)
    leaves = [leaf for leaf in network.leaves() if leaf.parameters]
    speeds = [[np.zeros_like(p) for p in leaf.parameters] for leaf in leaves]
    count = len(data.y_train)
    per_epoch = -(-count // settings.batch)
    total = settings.epochs * per_epoch
    done = 0
    for _ in tqdm(range(settings.epochs), desc=f"width {width}", leave=False, disable=not progress):
        order = rng.permutation(count)
        for k in range(0, count, settings.batch):
            x, y = data.x_train[order[k : k + settings.batch]], data.y_train[order[k : k + settings.batch]]
            moved = linf_attack(network, x, y, settings.radius, settings.attack_steps, rng)
            loss, slope = cross_entropy(network.forward(moved, True), y)
            if not np.isfinite(loss):
                raise DivergenceError(f"training of width {width} diverged: lower rate={settings.rate:g}")
            network.backward(slope.astype(np.float32), True)
            rate = np.float32(0.5 * settings.rate * (1.0 + np.cos(np.pi * done / total)))
            for leaf, speed in zip(leaves, speeds, strict=True):
                for value, gradient, velocity in zip(leaf.parameters, leaf.gradients, speed, strict=True):
                    velocity *= settings.momentum
                    velocity -= rate * (gradient + settings.decay * value)
                    value += velocity
            done += 1
    return network


@validation.typed
def evaluate(network: Layer, data: ImageData, settings: AdversarialTraining, seed: int = 0) -> dict[str, float]:
    """Return clean and robust accuracy on training and test images."""
    return {
        "clean_train": accuracy(network, data.x_train, data.y_train),
        "robust_train": robust_accuracy(network, data.x_train, data.y_train, settings, seed),
        "clean_test": accuracy(network, data.x_test, data.y_test),
        "robust_test": robust_accuracy(network, data.x_test, data.y_test, settings, seed),
    }


@validation.typed
def width_sweep(
    architecture: str = "two-layer",
    widths: Sequence[int] = (2, 4, 8, 16, 32, 64, 128, 256),
    *,
    settings: AdversarialTraining | None = None,
    data: ImageData | None = None,
    replicates: int = 3,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Train replicates at several widths and return the accuracies.

    Parameters
    ----------
    architecture : str
        A name in ``ARCHITECTURES``.
    widths : sequence of int
    settings : AdversarialTraining, optional
    data : ImageData, optional
        The digits by default.
    replicates, seed : int
        Independent trainings; weights, order of samples and attacks of the i-th follow from ``seed + i``.
    workers : int, optional
        Networks trained at once.
    progress : bool

    Returns
    -------
    xarray.Dataset
        ``accuracy`` over ``measure`` (clean_train, robust_train, clean_test, robust_test), ``width``, ``replicate``.
    """
    settings = settings or AdversarialTraining()
    validation.choice("architecture", architecture, ARCHITECTURES)
    seeds = replicate_seeds(replicates, seed)
    sizes = [validation.integer("widths", width, 1) for width in validation.listed("widths", widths, empty=False)]
    images = digits() if data is None else data
    cells = [(width, seed) for width in sizes for seed in seeds]

    def one(cell: tuple[int, int]) -> dict[str, float]:
        network = train_network(images, architecture, cell[0], settings, seed=cell[1])
        return evaluate(network, images, settings, cell[1])

    found = in_threads(one, cells, workers, progress)
    measures = list(found[0])
    values: Any = np.array([[cell[name] for cell in found] for name in measures])
    return xr.Dataset(
        {"accuracy": (("measure", "width", "replicate"), values.reshape(len(measures), len(sizes), len(seeds)))},
        coords={"measure": measures, "width": sizes, "seed": ("replicate", seeds)},
        attrs={
            "architecture": architecture,
            "train_images": len(images.y_train),
            "test_images": len(images.y_test),
            **vars(settings),
            **versions(),
        },
    )
