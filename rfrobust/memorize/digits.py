"""Real data: a network trained on scikit-learn's digits, turned into a robustly overfitted one."""

from importlib.metadata import version

import numpy as np
import xarray as xr

from ..support import validation
from ..support.provenance import versions
from .bricks import check_radii
from .memorizer import decide, robust_memorizer
from .network import ReLUNetwork
from .separation import check_separation
from .verification import pgd, verify


def digits_comparison(delta: float = 0.1, theta: float = 0.1, hidden: int = 64, seed: int = 0) -> xr.Dataset:
    """Train a multilayer perceptron on the digits, memorize its training set robustly, and compare the two.

    Pixels are scaled to [0, 1]; 1,347 training and 450 test images; attacks of l_inf radius ``delta``.

    Returns
    -------
    Dataset over ``network`` ("MLP", "memorizer")
        ``train_clean_error``, ``test_clean_error``; ``train_robust_error`` (MLP: found by PGD, a lower bound;
        memorizer: proved by :func:`verify`, an upper bound); ``test_robust_error`` (PGD, a lower bound);
        ``parameters``. Without dimension: ``test_reached``, the share of test balls that meet a block.

    Raises
    ------
    SeparationError
        If digits of different classes are closer than ``2 delta + theta``.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    hidden = validation.integer("hidden", hidden, 1)
    seed = validation.integer("seed", seed, 0, 2**32 - 1)
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, test_size=450, random_state=seed, stratify=y)
    check_separation(X, y, *check_radii(delta, theta))  # before the training, which takes seconds
    model = MLPClassifier(hidden_layer_sizes=(hidden,), max_iter=500, random_state=seed).fit(X, y)
    clean = ReLUNetwork.from_sklearn(model)
    memorizer = robust_memorizer(clean, X, y, delta, theta, form="hinge")
    near = memorizer.restrict(X_test, delta).network

    def error(outputs: np.ndarray, labels: np.ndarray) -> float:
        return float(np.mean(decide(outputs) != labels))

    # Attacks on either network are tried on both: points that fool one may fool the other.
    attacks = [pgd(net, X_test, y_test, delta, box=(0.0, 1.0), seed=seed) for net in (clean, near)]
    fooled = [
        float(np.mean(np.any([decide(f(points)) != y_test for points in attacks], axis=0))) for f in (clean, memorizer)
    ]
    data = {
        "train_clean_error": [error(clean(X), y), error(memorizer(X), y)],
        "train_robust_error": [
            error(clean(pgd(clean, X, y, delta, box=(0.0, 1.0), seed=seed)), y),
            verify(memorizer, X, delta).robust_error(y),
        ],
        "test_clean_error": [error(clean(X_test), y_test), error(memorizer(X_test), y_test)],
        "test_robust_error": fooled,
        "parameters": [clean.parameters, memorizer.network.parameters],
    }
    dataset = xr.Dataset(
        {name: ("network", np.asarray(values)) for name, values in data.items()}, {"network": ["MLP", "memorizer"]}
    )
    dataset["test_reached"] = float(np.mean(memorizer.reaches(X_test, delta)))
    for name in dataset.data_vars:
        dataset[name].attrs = {"long_name": str(name).replace("_", " "), "units": "1"}
    dataset.attrs = {
        "delta": delta,
        "theta": theta,
        "hidden": hidden,
        "seed": seed,
        "train_samples": len(X),
        "test_samples": len(X_test),
        "scikit_learn": version("scikit-learn"),
        **versions(),
    }
    return dataset
