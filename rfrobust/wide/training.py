"""Real adversarial gradient descent of finite-width networks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from ..support import validation
from ..support.errors import DivergenceError
from ..support.provenance import versions
from .attacks import InputAttack
from .network import FiniteNetwork


@validation.typed
def gradient_search(
    network: FiniteNetwork,
    x: np.ndarray,
    targets: np.ndarray,
    *,
    eta: float | np.ndarray,
    horizon: float = 1.0,
    steps: int = 2,
) -> np.ndarray:
    r"""Follow :math:`\partial_s x_i = \eta_i \nabla_x f(x_i)' (f(x_i) - y_i)` from s = 0 to the horizon.

    Parameters
    ----------
    network : FiniteNetwork
        The network attacked.
    x, targets : ndarray, shapes (samples, n0) and (samples, outputs)
        Where the search starts, and the targets of the squared loss |f - y|^2/2 that it climbs.
    eta : float or ndarray, shape (samples,)
        Search rates.
    horizon : float
        Length S of the search.
    steps : int
        Steps of the classical fourth-order Runge-Kutta method.

    Returns
    -------
    ndarray, shape of ``x``
    """
    steps = validation.integer("steps", steps, 1)
    horizon = validation.real_scalar("horizon", horizon, 0)
    x = validation.real_array("x", x, ndim=2)
    targets = validation.real_array("targets", targets, shape=(len(x), network.weights[-1].shape[0]))
    rates = validation.per_sample("eta", eta, len(x))[:, None] * (horizon / steps)

    def slope(points: np.ndarray) -> np.ndarray:
        return rates * network.predict_with_gradient(points, lambda f: f - targets)[1]

    for _ in range(steps):
        k1 = slope(x)
        k2 = slope(x + k1 / 2)
        k3 = slope(x + k2 / 2)
        k4 = slope(x + k3)
        x = x + (k1 + 2 * k2 + 2 * k3 + k4) / 6
    return x


@validation.typed
def train_on_search(
    network: FiniteNetwork,
    x: np.ndarray,
    targets: np.ndarray,
    *,
    eta: Any,
    horizon: float = 1.0,
    learning_rate: float,
    steps: int,
    search_steps: int = 2,
) -> xr.Dataset:
    r"""Train a finite network on the points that the gradient search finds, by full-batch gradient descent.

    This is the process that :class:`rfrobust.wide.LinearizedFlow` linearizes. One step searches from the clean
    samples, then moves the parameters by ``learning_rate`` against the gradient of
    :math:`\sum_i |f(x_i(S)) - y_i|^2/2` with the found points held fixed; its training time is the learning rate.

    Parameters
    ----------
    network : FiniteNetwork
        Trained in place.
    x, targets : ndarray, shapes (n, n0) and (n, outputs)
        Training samples.
    eta : float or ndarray, shape (n,)
        Search rates; zero is standard training.
    horizon : float
        Length S of the search.
    learning_rate : float
        Time step, positive.
    steps : int
        Gradient steps.
    search_steps : int
        Runge-Kutta steps of the search.

    Returns
    -------
    xarray.Dataset
        ``train`` (time, sample, output): outputs on the clean samples before every step and after the last.

    Raises
    ------
    DivergenceError
        If the outputs overflow (the learning rate is too large).
    """
    x = validation.real_array("x", x, ndim=2)
    targets = validation.real_array("targets", targets, shape=(len(x), network.weights[-1].shape[0]))
    rates = validation.per_sample("eta", eta, len(x))
    learning_rate = validation.real_scalar("learning_rate", learning_rate, 0, open_lower=True)
    steps = validation.integer("steps", steps, 1)
    search_steps = validation.integer("search_steps", search_steps, 1)
    outputs = [network.predict(x)]
    for number in range(steps):
        found = gradient_search(network, x, targets, eta=rates, horizon=horizon, steps=search_steps)
        network.descend(found, lambda f: f - targets, learning_rate)
        outputs.append(network.predict(x))
        if not np.isfinite(outputs[-1]).all():
            raise DivergenceError(f"training diverged at step {number + 1}; lower learning_rate={learning_rate}")
    return xr.Dataset(
        {"train": (("time", "sample", "output"), np.array(outputs, float), {"long_name": "outputs"})},
        coords={"time": ("time", learning_rate * np.arange(steps + 1), {"long_name": "training time"})},
        attrs={"horizon": horizon, "learning_rate": learning_rate, "search_steps": search_steps, **versions()},
    )


@validation.typed
def adversarial_training(
    network: FiniteNetwork,
    x: np.ndarray,
    targets: np.ndarray,
    attack: InputAttack,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int = 100,
    seed: int = 0,
    after_epoch: Callable[[int], None] | None = None,
) -> FiniteNetwork:
    """Train a finite network by stochastic gradient descent on attacked minibatches (squared loss).

    Parameters
    ----------
    network : FiniteNetwork
        Trained in place, and returned.
    x, targets : ndarray, shapes (n, n0) and (n, outputs)
        Training samples.
    attack : InputAttack
        The attack on every minibatch, without restarts unless it says how many; radius 0 is standard training.
    epochs, batch_size : int
        Passes over the samples and samples a step.
    learning_rate : float
        Step length for the mean of |f - y|^2/2 over a minibatch; the limit of stability is 2 over the largest
        eigenvalue of Theta/n.
    seed : int
        Seed of the order of the samples and of the attack.
    after_epoch : callable, optional
        Called with the number of passes done, for early stopping curves.

    Raises
    ------
    DivergenceError
        If the outputs overflow (the learning rate is too large).
    """
    x = validation.real_array("x", x, ndim=2)
    targets = validation.real_array("targets", targets, shape=(len(x), network.weights[-1].shape[0]))
    epochs = validation.integer("epochs", epochs, 1)
    batch_size = validation.integer("batch_size", batch_size, 1)
    learning_rate = validation.real_scalar("learning_rate", learning_rate, 0, open_lower=True)
    rng, attack = np.random.default_rng(validation.integer("seed", seed, 0)), attack.once()
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            found = attack.run(network, x[batch], targets[batch], rng)
            outputs = network.descend(found, partial(_mean_residual, targets[batch]), learning_rate)
            if not np.isfinite(outputs).all():
                raise DivergenceError(f"training diverged in epoch {epoch}; lower learning_rate={learning_rate:g}")
        if after_epoch is not None:
            after_epoch(epoch)
    return network


def _mean_residual(targets: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    return (outputs - targets) / len(targets)
