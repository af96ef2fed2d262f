"""Adv-NTK beside what it has to beat, on digits with label noise or on any arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from sklearn.datasets import load_digits
from tqdm import tqdm

from ..support import validation
from ..support.arrays import read_arrays
from ..support.provenance import versions
from .architecture import Architecture
from .attacks import InputAttack, check_method
from .estimators import AdvNTKClassifier, EarlyStoppedNTKClassifier, NTKClassifier, encode_labels
from .network import FiniteNetwork
from .training import adversarial_training

ESTIMATORS = ("NTK", "early stopped", "Adv-NTK")


@dataclass(frozen=True)
class Samples:
    """Inputs and labels in three disjoint parts.

    Attributes
    ----------
    x_kernel, y_kernel : ndarray, shapes (samples, n0) and (samples,)
        What the kernel is made of.
    x_validation, y_validation, x_test, y_test : ndarray
        The same for validation and for the test.
    """

    x_kernel: np.ndarray
    y_kernel: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        for part in ("kernel", "validation", "test"):
            x = validation.real_array(f"x_{part}", getattr(self, f"x_{part}"), ndim=2)
            if validation.as_array(f"y_{part}", getattr(self, f"y_{part}")).shape != (len(x),):
                raise ValueError(f"y_{part} must be one label for each of the {len(x)} rows of x_{part}")


def noisy_digits(
    *, kernel: int = 1000, validate: int = 200, test: int = 500, label_noise: float = 0.3, seed: int = 0
) -> Samples:
    """Draw disjoint parts of scikit-learn's digits, pixels in [0, 1].

    A share ``label_noise`` of the labels of the kernel and validation parts is replaced by another class, drawn
    uniformly; test labels are clean.
    """
    x, y = load_digits(return_X_y=True)
    sizes = [validation.integer(name, size, 1) for name, size in
             (("kernel", kernel), ("validate", validate), ("test", test))]  # fmt: skip
    if sum(sizes) > len(x):
        raise ValueError(f"kernel + validate + test must be at most {len(x)}, got {sum(sizes)}")
    share = validation.real_scalar("label_noise", label_noise, 0, 1)
    rng = np.random.default_rng(validation.integer("seed", seed, 0))
    order = rng.permutation(len(x))[: sum(sizes)]
    x, y = x[order] / 16, y[order]
    trained = kernel + validate
    wrong = rng.choice(trained, round(share * trained), replace=False)
    y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
    cut = [kernel, trained]
    (a, b, c), (d, e, f) = np.split(x, cut), np.split(y, cut)
    return Samples(a, d, b, e, c, f)


def load_arrays(
    path: str | Path, *, kernel: int = 10_000, validate: int = 2_000, test: int | None = None, seed: int = 0
) -> Samples:
    """Draw disjoint parts of the arrays x_train, y_train, x_test, y_test of an .npz file.

    Samples of any shape are flattened; integer inputs (bytes of pictures) are divided by 255.

    Raises
    ------
    ValueError
        If an array is missing, the lengths differ, or there are too few samples.
    """
    x_train, y_train, x_test, y_test = read_arrays(path).values()
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if len(x) != len(y):
            raise ValueError(f"x_{name} and y_{name} must have the same length, got {len(x)} and {len(y)}")
    kernel, validate = validation.integer("kernel", kernel, 2), validation.integer("validate", validate, 1)
    if kernel + validate > len(x_train):
        raise ValueError(
            f"kernel + validate must be at most the {len(x_train)} training samples, got {kernel + validate}"
        )
    test = len(x_test) if test is None else validation.integer("test", test, 1, len(x_test))
    rng = np.random.default_rng(validation.integer("seed", seed, 0))
    train = rng.permutation(len(x_train))
    chosen = (train[:kernel], train[kernel : kernel + validate], rng.permutation(len(x_test))[:test])
    parts = []
    for x, y, rows in ((x_train, y_train, chosen[0]), (x_train, y_train, chosen[1]), (x_test, y_test, chosen[2])):
        flat = x[rows].reshape(len(rows), -1)
        parts += [flat / 255 if flat.dtype.kind in "iu" else flat, y[rows]]
    return Samples(*parts)


@validation.typed
def compare(
    samples: Samples,
    *,
    architecture: Architecture | None = None,
    radius: float = 8 / 255,
    learning_rate: float = 0.1,
    n_steps: int = 50,
    estimators: Sequence[str] = ESTIMATORS,
    attack_method: str = "pgd",
    seed: int = 0,
    progress: bool = False,
    workers: int | None = None,
) -> xr.Dataset:
    """Fit the kernel methods for one l_inf radius and measure clean and robust accuracy on the test part.

    Parameters
    ----------
    samples : Samples
        Inputs in [0, 1], in three parts; see :func:`noisy_digits` and :func:`load_arrays`.
    architecture : Architecture, optional
        The wide network; depth 3 with the published scales by default.
    radius : float
        Radius of the attack in training and test.
    learning_rate, n_steps : float, int
        Adv-NTK's steps.
    estimators : sequence of {"NTK", "early stopped", "Adv-NTK"}
        What to fit; all by default. NTK is fitted on the kernel part alone.
    attack_method : {"pgd", "single-gradient"}
        The attack of Adv-NTK's training; the test is always PGD.
    seed : int
        Seed of minibatches and attacks.
    progress : bool
        Show progress on standard error.
    workers : int, optional
        Threads of the kernel evaluations.

    Returns
    -------
    xarray.Dataset
        ``clean`` and ``robust`` accuracy by ``estimator``, with binomial standard errors ``clean_se`` and
        ``robust_se``; settings in the attributes.
    """
    network = architecture or Architecture()
    common: dict[str, Any] = vars(network) | {"radius": radius, "bounds": (0.0, 1.0), "workers": workers}
    InputAttack(radius, method=check_method("attack_method", attack_method, "linf"))
    seed = validation.integer("seed", seed, 0)
    validation.real_scalar("learning_rate", learning_rate, 0, open_lower=True)
    validation.integer("n_steps", n_steps, 1)
    held = (samples.x_validation, samples.y_validation)
    learning: dict[str, Any] = {"learning_rate": learning_rate, "n_steps": n_steps, "attack_method": attack_method}
    models: dict[str, Any] = {
        "NTK": NTKClassifier(**common),
        "early stopped": EarlyStoppedNTKClassifier(**common, random_state=seed),
        "Adv-NTK": AdvNTKClassifier(**common, **learning, random_state=seed, verbose=progress),
    }
    for name in validation.listed("estimators", estimators, empty=False):
        validation.choice("estimators", name, models)
    accuracy = np.empty((2, len(estimators)))
    for column, name in enumerate(tqdm(estimators, desc="estimators", leave=False, disable=not progress)):
        model = models[name]
        model.fit(samples.x_kernel, samples.y_kernel, *([] if name == "NTK" else [held]))
        accuracy[0, column] = model.score(samples.x_test, samples.y_test)
        accuracy[1, column] = model.robust_score(samples.x_test, samples.y_test, seed=seed)
    error = np.sqrt(accuracy * (1 - accuracy) / len(samples.y_test))
    return xr.Dataset(
        {
            "clean": ("estimator", accuracy[0], {"long_name": "clean accuracy"}),
            "robust": ("estimator", accuracy[1], {"long_name": "robust accuracy"}),
            "clean_se": ("estimator", error[0], {"long_name": "binomial standard error"}),
            "robust_se": ("estimator", error[1], {"long_name": "binomial standard error"}),
        },
        coords={"estimator": list(estimators)},
        attrs={
            "radius": radius, "norm": "linf", **vars(network), **learning, "seed": seed,
            "kernel_samples": len(samples.y_kernel), "validation_samples": len(samples.y_validation),
            "test_samples": len(samples.y_test), **versions(),
        },
    )  # fmt: skip


@validation.typed
def finite_width_accuracy(
    samples: Samples,
    *,
    architecture: Architecture | None = None,
    radius: float = 8 / 255,
    width: int = 256,
    epochs: int = 60,
    seed: int = 0,
) -> np.ndarray:
    """Train a finite network by PGD training on the kernel part; return (clean, robust) test accuracy.

    The readout starts at zero. Minibatches of 100, five attack steps in training, in the test the attack of
    ``robust_score``; the learning rate is the reciprocal of the mean diagonal of the NTK.
    """
    network = architecture or Architecture()
    radius = validation.real_scalar("radius", radius, 0)
    seed, epochs = validation.integer("seed", seed, 0), validation.integer("epochs", epochs, 1)
    classes = np.unique(samples.y_kernel)
    targets, test_targets = (encode_labels(y, classes) for y in (samples.y_kernel, samples.y_test))
    finite = FiniteNetwork.random(
        network, inputs=samples.x_kernel.shape[1], width=width, outputs=len(classes), seed=seed, dtype="float32"
    )
    # The kernel methods start at f = 0; random outputs here would stay in the directions that training leaves alone.
    finite.weights[-1][:] = 0
    finite.biases[-1][:] = 0
    # Theta(x, x')/n has norm at most the mean diagonal of Theta, D k_D for ReLU without biases.
    rate = 1 / float(np.mean(network.depth * network.variances(samples.x_kernel)[-1]))
    attack = InputAttack(radius=radius, steps=5, step=radius / 2.5, bounds=(0.0, 1.0))
    adversarial_training(finite, samples.x_kernel, targets, attack, epochs=epochs, learning_rate=rate, seed=seed)
    attacked = InputAttack(radius=radius, bounds=(0.0, 1.0), loss="error").run(
        finite, samples.x_test, test_targets, np.random.default_rng(seed)
    )
    guesses = [classes[finite.predict(x).argmax(axis=1)] for x in (samples.x_test, attacked)]
    return np.array([np.mean(guess == samples.y_test) for guess in guesses])
