"""Projected gradient ascent: one loop for every attack of the package."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

NORMS = ("linf", "l2")
#: Values of some points, None if none is to be preferred, and the slopes there, which are asked for by the flag.
Evaluate = Callable[[np.ndarray, bool], tuple[np.ndarray | None, Any]]


class Best(NamedTuple):
    """The best points met and their values, a row each."""

    points: np.ndarray
    values: np.ndarray | None


class Ball:
    """What points may reach: an l_inf or l2 ball around each row of a centre, cut with a box that holds the centre.

    Parameters
    ----------
    centre : ndarray or float
        Centres, one a row (for l_inf of any shape); 0.0 for perturbations.
    radius : float
    norm : {"linf", "l2"}
    box : (float, float), optional
        Allowed range of every coordinate.
    """

    def __init__(
        self, centre: np.ndarray | float, radius: float, norm: str, box: tuple[float, float] | None = None
    ) -> None:
        self.centre, self.radius, self.norm, self.box = np.asarray(centre), radius, norm, box
        self.low, self.high = self._cut(self.centre - radius), self._cut(self.centre + radius)

    def _cut(self, points: np.ndarray) -> np.ndarray:
        return points if self.box is None else np.clip(points, *self.box)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the points moved into the ball, then into the box."""
        if self.norm == "linf":
            return np.clip(points, self.low, self.high)
        offset = points - self.centre
        offset *= self.radius / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), self.radius)
        return self._cut(self.centre + offset)

    def steepest(self, slope: np.ndarray) -> np.ndarray:
        """Return the directions of length 1 in the norm along which a function of these slopes rises most."""
        return np.sign(slope) if self.norm == "linf" else unit_rows(slope)

    def random_point(self, rng: np.random.Generator) -> np.ndarray:
        """Return points uniform in the ball, moved into the box."""
        shape = self.centre.shape
        if self.norm == "linf":
            offset = rng.uniform(-self.radius, self.radius, shape)
        else:
            direction = rng.standard_normal(shape)
            length = self.radius * rng.random((shape[0], 1)) ** (1 / shape[1])
            offset = length * direction / np.linalg.norm(direction, axis=1, keepdims=True)
        return self.project(self.centre + offset.astype(self.centre.dtype))


def ascend(
    evaluate: Evaluate,
    start: np.ndarray,
    lengths: Iterable[float],
    ball: Ball,
    *,
    momentum: float = 0.0,
    best: Best | None = None,
) -> Best:
    """Climb from ``start`` by steps of the given lengths; return the best points met, ``best`` among them.

    Parameters
    ----------
    evaluate : callable
        Takes points and whether slopes are wanted; returns values, larger being better, and slopes. Values None
        return the last points instead of the best.
    start : ndarray
        Points in the ball.
    lengths : iterable of float
        Length of each step in the norm of the ball; none evaluates the start only.
    ball : Ball
        Where the points stay.
    momentum : float
        Weight of the former directions: averages run along a kink where single slopes jump from side to side.
    best : Best, optional
        What a former ascent found; changed in place.
    """
    points, average = start, np.zeros(())
    for length in lengths:
        values, slope = evaluate(points, True)
        best = _better(best, points, values)
        direction = ball.steepest(slope)
        if momentum:
            average = momentum * average + direction
            direction = ball.steepest(average)
        points = ball.project(points + length * direction)
    return _better(best, points, evaluate(points, False)[0])


def even_steps(radius: float, steps: int) -> list[float]:
    """Return the customary schedule: equal steps that could cross the ball and a quarter more (none if radius = 0)."""
    return [2.5 * radius / steps] * steps if radius > 0 else []


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1; rows of zeros stay."""
    size = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(size > 0, size, 1.0)


def _better(best: Best | None, points: np.ndarray, values: np.ndarray | None) -> Best:
    if values is None:
        return Best(points, None)
    if best is None or best.values is None:
        return Best(points.copy(), values)
    wins = values > best.values
    best.points[wins], best.values[wins] = points[wins], values[wins]
    return best
