"""Attacks on a finite network in an l2 ball: the linearized one and projected gradient ascent with restarts."""

from typing import Any

import numpy as np

from ..support import pgd, validation
from .features import FeatureMap
from .linearized import gradients

#: Step lengths over the radius fall from the first to the last of these.
_FIRST_STEP, _LAST_STEP = 0.5, 0.001
_MOMENTUM = 0.85
#: Rows attacked at a time, so that memory stays bounded by BLOCK x N.
_BLOCK = 1024


@validation.typed
def linearized_attack(network: FeatureMap, theta: np.ndarray, X: np.ndarray, y: np.ndarray, eps: float) -> np.ndarray:
    """Perturbation -eps sign(y - f) grad f/|grad f| of each row of X, shape (n, d); zero where the gradient is."""
    X = validation.real_array("X", X, shape=(None, network.W.shape[1]))
    y = validation.real_array("y", y, shape=(len(X),))
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    eps = validation.real_scalar("eps", eps, 0.0)
    slope = gradients(network, X, theta)
    residual = y - network.features(X) @ theta
    return -eps * np.where(residual >= 0, 1.0, -1.0)[:, None] * pgd.unit_rows(slope)


@validation.typed
def pgd_attack(
    network: FeatureMap,
    theta: np.ndarray,
    X: Any,
    y: Any,
    eps: float,
    *,
    steps: int = 20,
    restarts: int = 2,
    rng: np.random.Generator | None = None,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Maximise (y - f(x + delta))^2 over |delta| <= eps by projected gradient ascent, for every row of X.

    Ascents start from the linearized attack in both directions (the curvature of f can make the smaller linear gain
    the larger true one), from ``restarts`` random points of the sphere in both directions, and from ``start``; each
    pushes f up or down by normalized gradients of geometrically falling length. The best point ever visited wins.

    Parameters
    ----------
    network : FeatureMap
        First layer with true features.
    theta : ndarray, shape (N,)
        Second layer.
    X : array_like, shape (n, d)
        Points to attack.
    y : array_like, shape (n,)
        Responses there.
    eps : float
        Radius, >= 0.
    steps, restarts : int
        Gradient steps per start; random starts.
    rng : numpy.random.Generator, optional
        Source of the random starts; a fixed one by default, so that an attack is reproducible.
    start : ndarray, shape (n, d), optional
        Perturbations to start from, for instance those found for a nearby theta.

    Returns
    -------
    ndarray, shape (n, d)
        Perturbations of length at most eps.
    """
    X = validation.real_array("X", X, shape=(None, network.W.shape[1]))
    y = validation.real_array("y", y, shape=(len(X),))
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    eps = validation.real_scalar("eps", eps, 0.0)
    steps, restarts = validation.integer("steps", steps, 1), validation.integer("restarts", restarts, 0)
    start = None if start is None else validation.real_array("start", start, shape=X.shape)
    rng = np.random.default_rng(0) if rng is None else rng
    if eps == 0.0:
        return np.zeros_like(X)
    parts = []
    for first in range(0, len(X), _BLOCK):
        rows = slice(first, first + _BLOCK)
        linear = linearized_attack(network, theta, X[rows], y[rows], eps)
        random = eps * pgd.unit_rows(rng.standard_normal((restarts, *linear.shape)))
        # side +1 pushes the residual away from zero, -1 through zero to the other side
        starts = [(linear, 1.0), (-linear, -1.0)]
        starts += [(point, side) for point in random for side in (1.0, -1.0)]
        if start is not None:
            starts.append((start[rows], 1.0))
        parts.append(_best_ascent(network, theta, X[rows], y[rows], eps, starts, steps))
    return np.concatenate(parts)


def extreme_points(
    network: FeatureMap,
    theta: np.ndarray,
    X: np.ndarray,
    eps: float,
    *,
    steps: int,
    start: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Perturbations of length at most eps at which f is largest and smallest, by gradient ascent and descent.

    Starts from the linearized attack and from ``start``, the pair found for a nearby theta.
    """
    found = []
    for k, sign in enumerate((1.0, -1.0)):
        # A response far on the other side turns the largest error into the largest f.
        far = np.full(len(X), -sign * 1e3 * (1.0 + np.abs(theta).sum()))
        parts = []
        for first in range(0, len(X), _BLOCK):
            rows = slice(first, first + _BLOCK)
            starts = [(linearized_attack(network, theta, X[rows], far[rows], eps), 1.0)]
            if start is not None:
                starts.append((start[k][rows], 1.0))
            parts.append(_best_ascent(network, theta, X[rows], far[rows], eps, starts, steps))
        found.append(np.concatenate(parts))
    return found[0], found[1]


def _best_ascent(
    network: FeatureMap,
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    eps: float,
    starts: list[tuple[np.ndarray, float]],
    steps: int,
) -> np.ndarray:
    ball, lengths = pgd.Ball(0.0, eps, "l2"), eps * np.geomspace(_FIRST_STEP, _LAST_STEP, steps)
    best = pgd.Best(np.zeros_like(X), np.full(len(X), -np.inf))
    for start, relative_side in starts:
        side = relative_side * np.where(y - network.features(X) @ theta >= 0, 1.0, -1.0)

        def evaluate(delta: np.ndarray, sloped: bool, side: np.ndarray = side) -> tuple[np.ndarray, np.ndarray | None]:
            U = (X + delta) @ network.W.T
            size = np.abs(y - network.activation(U) @ theta)
            if not sloped:
                return size, None
            return size, -side[:, None] * ((network.activation.derivative(U) * theta) @ network.W)

        best = pgd.ascend(evaluate, start, lengths, ball, momentum=_MOMENTUM, best=best)
    return best.points
