"""Attacks on a finite network in an l_p ball: the linearized one and projected gradient ascent with restarts."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..problem.activation import Activation
from ..problem.attack import EUCLIDEAN, norm_of, radius_of
from ..support import balls, pgd, validation
from .features import FeatureMap
from .linearized import gradients

#: Rows attacked at a time, so that memory stays bounded by BLOCK x N.
_BLOCK = 1024


@validation.typed
def linearized_attack(
    network: FeatureMap, theta: np.ndarray, X: np.ndarray, y: np.ndarray, eps: float, *, norm: float = EUCLIDEAN
) -> np.ndarray:
    """Perturbation of each row of X that is worst for the linearized network, shape (n, d); zero where the gradient is.

    -eps d^(1/p - 1/2) sign(y - f) times the steepest direction of f in the norm, grad f/|grad f| for p = 2.
    """
    X = validation.real_array("X", X, shape=(None, network.W.shape[1]))
    y = validation.real_array("y", y, shape=(len(X),))
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    radius = _radius(eps, norm, X)
    slope = gradients(network, X, theta)
    residual = y - network.features(X) @ theta
    return -radius * np.where(residual >= 0, 1.0, -1.0)[:, None] * balls.steepest(slope, norm)


def _radius(eps: float, norm: float, X: np.ndarray) -> float:
    """The length of attacks in their norm, or raise."""
    return radius_of(validation.real_scalar("eps", eps, 0.0), norm_of("norm", norm), X.shape[1])


@validation.typed
def pgd_attack(
    network: FeatureMap,
    theta: np.ndarray,
    X: Any,
    y: Any,
    eps: float,
    *,
    norm: float = EUCLIDEAN,
    steps: int = 20,
    restarts: int | None = None,
    rng: np.random.Generator | None = None,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Maximise (y - f(x + delta))^2 over |delta|_p <= eps d^(1/p - 1/2) by projected gradient ascent, for rows of X.

    Ascents start from the linearized attack in both directions (the curvature of f can make the smaller linear gain
    the larger true one), from ``start`` and from X, then in rounds from the best of some random points of the sphere
    and from points around the best one; each pushes f up or down by normalized gradients of falling length (signs for
    p = inf) and projects to the closest point of the ball. The best point ever visited wins. What is found is a lower
    bound of the maximum; :func:`inner_maximum` has an upper one.

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
    norm : float, default 2
        p of the attacks' norm, 2, ``inf`` or any p >= 1.05.
    steps : int
        Gradient steps per start; at least 20 in restarts unless their number is given.
    restarts : int, optional
        Rounds of random starts. By default a point is attacked until twelve in a row have not moved its maximum by a
        thousandth of its rise.
    rng : numpy.random.Generator, optional
        Source of the random starts; a fixed one by default, so that an attack is reproducible.
    start : ndarray, shape (n, d), optional
        Perturbations to start from, for instance those found for a nearby theta.

    Returns
    -------
    ndarray, shape (n, d)
        Perturbations of length at most eps d^(1/p - 1/2) in the norm.
    """
    X = validation.real_array("X", X, shape=(None, network.W.shape[1]))
    y = validation.real_array("y", y, shape=(len(X),))
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    radius = _radius(eps, norm, X)
    steps, restarts = validation.integer("steps", steps, 1), pgd.rounds(restarts)
    start = None if start is None else validation.real_array("start", start, shape=X.shape)
    rng = np.random.default_rng(0) if rng is None else rng
    if radius == 0.0:
        return np.zeros_like(X)
    parts = []
    for first in range(0, len(X), _BLOCK):
        rows = slice(first, first + _BLOCK)
        part, responses = X[rows], y[rows]
        linear = linearized_attack(network, theta, part, responses, eps, norm=norm)
        side = np.where(responses - network.features(part) @ theta >= 0, 1.0, -1.0)
        starts = [(linear, side), (-linear, -side)]
        if start is not None:
            starts.append((start[rows], side))
        ball = balls.Ball(np.zeros_like(part), radius, norm)
        best = _best_ascent(network, theta, part, responses, ball, starts, steps)
        error = _error(network, theta, part, responses, side)
        parts.append(pgd.search(error, ball, best, steps, restarts, rng, goals=2).points)
    return np.concatenate(parts)


def _error(network: FeatureMap, theta: np.ndarray, X: np.ndarray, y: np.ndarray, side: np.ndarray) -> pgd.Evaluation:
    """|y - f| at perturbed rows, and slopes of y - f: up to ``side`` for goal 0, down for goal 1, outwards for -1."""

    def evaluate(points: np.ndarray, sloped: bool, rows: Any = slice(None), goals: Any = -1) -> tuple[np.ndarray, Any]:
        U = (X[rows] + points) @ network.W.T
        residual = y[rows] - network.activation(U) @ theta
        if not sloped:
            return np.abs(residual), None
        up = np.where(goals < 0, np.where(residual >= 0, 1.0, -1.0), side[rows] * (1.0 - 2.0 * np.asarray(goals)))
        return np.abs(residual), -up[:, None] * ((network.activation.derivative(U) * theta) @ network.W)

    return evaluate


@dataclass(frozen=True)
class InnerMaximum:
    """What the worst error in a ball is known to be, for each point.

    Attributes
    ----------
    delta : ndarray, shape (n, d)
        The best perturbations found.
    lower : ndarray, shape (n,)
        (y - f(x + delta))^2 there: the maximum is at least this.
    upper : ndarray, shape (n,)
        The maximum is at most this; infinite for an activation that is not linear between its kinks.
    """

    delta: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def inner_maximum(
    network: FeatureMap, theta: np.ndarray, X: Any, y: Any, eps: float, *, norm: float = EUCLIDEAN, **settings: Any
) -> InnerMaximum:
    """Bound max (y - f(x + delta))^2 over |delta|_p <= eps d^(1/p - 1/2) from both sides, for every row of X.

    From below by :func:`pgd_attack`, from above by two lines above and below the activation on the interval that each
    preactivation can reach: the bound of f is linear in delta, so that its extremes are known, both by the dual norm
    (the relaxation of Zhang et al., arXiv:1811.00866, for one hidden layer). Tight for small radii.

    Parameters
    ----------
    network, theta, X, y, eps, norm, settings
        As for :func:`pgd_attack`.
    """
    delta = pgd_attack(network, theta, X, y, eps, norm=norm, **settings)
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    lower = (y - network.features(X + delta) @ theta) ** 2
    upper = np.full(len(X), np.inf)
    if _piecewise_linear(network.activation):
        most, least = (sign * _largest(network, sign * np.asarray(theta), X, eps, norm) for sign in (1.0, -1.0))
        upper = np.maximum(most - y, y - least) ** 2
    return InnerMaximum(delta, lower, np.maximum(upper, lower))


def _piecewise_linear(activation: Activation) -> bool:
    """Whether the activation is linear between its kinks, at many points."""
    ends = np.array([-30.0, *activation.kinks, 30.0])
    u = np.linspace(ends[:-1], ends[1:], 101)
    sigma = activation(u)
    line = sigma[0] + (sigma[-1] - sigma[0]) * np.linspace(0.0, 1.0, 101)[:, None]
    return bool(np.abs(sigma - line).max() <= 1e-12 * (1.0 + np.abs(sigma).max()))


def _largest(network: FeatureMap, theta: np.ndarray, X: np.ndarray, eps: float, norm: float) -> np.ndarray:
    """An upper bound of f over the balls of radius eps around the rows of X."""
    radius, dual = _radius(eps, norm, X), balls.dual_exponent(norm)
    sigma, reach = network.activation, radius * balls.lengths(network.W, dual)
    U = X @ network.W.T
    low, high = U - reach, U + reach
    corners = [low, high, *(np.clip(kink, low, high) for kink in sigma.kinks)]
    width = np.where(high > low, high - low, 1.0)
    # Above: the slope of the chord. Below: that of the middle. The offset is extreme at a kink or an end.
    slope = np.where(theta > 0, (sigma(high) - sigma(low)) / width, sigma.derivative(U))
    offsets = [sigma(corner) - slope * (corner - U) for corner in corners]
    offset = np.where(theta > 0, np.max(offsets, axis=0), np.min(offsets, axis=0))
    return offset @ theta + radius * balls.lengths((slope * theta) @ network.W, dual)


def extreme_points(
    network: FeatureMap,
    theta: np.ndarray,
    X: np.ndarray,
    eps: float,
    *,
    norm: float = EUCLIDEAN,
    steps: int,
    start: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Attacks of radius eps in the norm at which f is largest and smallest, by gradient ascent and descent.

    Starts from the linearized attack and from ``start``, the pair found for a nearby theta.
    """
    found, ball = [], balls.Ball(0.0, _radius(eps, norm, X), norm)
    for k, sign in enumerate((1.0, -1.0)):
        # A response far on the other side turns the largest error into the largest f.
        far = np.full(len(X), -sign * 1e3 * (1.0 + np.abs(theta).sum()))
        parts = []
        for first in range(0, len(X), _BLOCK):
            rows = slice(first, first + _BLOCK)
            starts = [(linearized_attack(network, theta, X[rows], far[rows], eps, norm=norm), -sign)]
            if start is not None:
                starts.append((start[k][rows], -sign))
            parts.append(_best_ascent(network, theta, X[rows], far[rows], ball, starts, steps).points)
        found.append(np.concatenate(parts))
    return found[0], found[1]


def _best_ascent(
    network: FeatureMap,
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    ball: balls.Ball,
    starts: list[tuple[np.ndarray, Any]],
    steps: int,
) -> pgd.Best:
    """Climb |y - f| from pairs of a point and a side: the residual y - f is pushed up (1) or down (-1)."""
    lengths = pgd.falling_steps(ball.radius, steps)
    best = pgd.Best(np.zeros_like(X), np.full(len(X), -np.inf))
    for start, side in starts:
        error = _error(network, theta, X, y, np.broadcast_to(side, len(X)))
        best = pgd.ascend(partial(error, goals=0), start, lengths, ball, momentum=pgd.MOMENTUM, best=best)
    return best
