"""Projected gradient ascent: one loop for every attack of the package."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from . import validation

NORMS = ("linf", "l2")
#: Rounds in a row that must not move a maximum by more than this share before a search ends; rounds at most.
PATIENCE, _STILL, _MOST = 4, 1e-4, 200
#: In d dimensions a round climbs from this many random points over d, the best of some more: in high dimension slopes
#: hardly differ over the ball, in low dimension they do.
_SPREAD = 64
MOMENTUM = 0.85
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

    def random_edge(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return points of the sphere (l2) or of all faces of the cube (about half the coordinates at their ends)."""
        if self.norm == "l2":
            return self._cut(self.centre + self.radius * unit_rows(rng.standard_normal(shape)))
        return self.project(self.centre + self.radius * np.clip(rng.uniform(-2.0, 2.0, shape), -1.0, 1.0))

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
        best = better(best, points, values)
        direction = ball.steepest(slope)
        if momentum:
            average = momentum * average + direction
            direction = ball.steepest(average)
        points = ball.project(points + length * direction)
    return better(best, points, evaluate(points, False)[0])


def search(again: Callable[[np.ndarray], Best], best: Best, restarts: int | None) -> Best:
    """Add rounds of ascents from fresh starts to what was found; by default until no row's maximum moves any more.

    Parameters
    ----------
    again : callable
        Takes row numbers; returns points and values, larger being better, found for these rows.
    best : Best
        What was found before, of all rows; changed in place.
    restarts : int, optional
        Number of rounds. By default a row is done when its value has grown by less than a part in 10,000 in each of
        :data:`PATIENCE` rounds in a row.
    """
    assert best.values is not None
    rows, still, count = np.arange(len(best.points)), np.zeros(len(best.points), dtype=int), 0
    while rows.size and (restarts is None or count < restarts):
        found, before = again(rows), best.values[rows]
        assert found.values is not None
        wins = found.values > before
        best.points[rows[wins]], best.values[rows[wins]] = found.points[wins], found.values[wins]
        count += 1
        if restarts is None:
            moved = found.values - before > _STILL * np.abs(found.values)
            still[rows] = np.where(moved, 0, still[rows] + 1)
            rows = rows[still[rows] < PATIENCE] if count < _MOST else rows[:0]
    return best


def explore(
    evaluate: Callable[[np.ndarray, bool, np.ndarray], tuple[np.ndarray, Any]],
    ball: Callable[[np.ndarray], Ball],
    rows: np.ndarray,
    lengths: list[float],
    best: np.ndarray,
    rng: np.random.Generator,
) -> Best:
    """One round of a search: ascents from the best of some random points, then random moves of the best point found.

    Parameters
    ----------
    evaluate : callable
        As for :func:`ascend`, with the numbers of the rows, some of them repeated, as a third argument.
    ball : callable
        Takes row numbers; returns their balls.
    rows : ndarray
        Numbers of the rows.
    lengths : list of float
        Step lengths of the ascents.
    best : ndarray
        The best points so far of these rows.
    rng : numpy.random.Generator
    """
    here = ball(rows)
    ascents = max(1, _SPREAD // math.prod(best.shape[1:]))
    screened = min(_SPREAD, 8 * ascents)
    starts = np.stack([here.random_edge(rng, best.shape) for _ in range(screened)])
    values = np.stack([evaluate(start, False, rows)[0] for start in starts])
    chosen = np.argsort(values, axis=0)[-ascents:]
    tiled = np.tile(rows, ascents)
    start = starts[chosen, np.arange(len(rows))].reshape(-1, *best.shape[1:])
    found = ascend(lambda x, sloped: evaluate(x, sloped, tiled), start, lengths, ball(tiled), momentum=MOMENTUM)
    assert found.values is not None
    per_start = found.values.reshape(ascents, -1)
    top = per_start.argmax(axis=0), np.arange(len(rows))
    result = Best(best.copy(), evaluate(best, False, rows)[0])
    result = better(result, found.points.reshape(ascents, *best.shape)[top], per_start[top])
    for length in np.geomspace(0.5, 0.001, screened):
        points = here.project(result.points + length * (here.random_edge(rng, best.shape) - here.centre))
        result = better(result, points, evaluate(points, False, rows)[0])
    return result


def rounds(restarts: Any) -> int | None:
    """Return a checked number of restarts; None, until the maximum stops moving, stays."""
    return None if restarts is None else validation.integer("restarts", restarts, 0)


def falling_steps(radius: float, steps: int) -> list[float]:
    """Return step lengths that fall geometrically from half the radius to a thousandth of it."""
    return list(radius * np.geomspace(0.5, 0.001, steps))


def even_steps(radius: float, steps: int) -> list[float]:
    """Return the customary schedule: equal steps that could cross the ball and a quarter more (none if radius = 0)."""
    return [2.5 * radius / steps] * steps if radius > 0 else []


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1; rows of zeros stay."""
    size = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(size > 0, size, 1.0)


def better(best: Best | None, points: np.ndarray, values: np.ndarray | None) -> Best:
    """Return the better of two points and values, row by row; ``best`` is changed in place."""
    if values is None:
        return Best(points, None)
    if best is None or best.values is None:
        return Best(points.copy(), values)
    wins = values > best.values
    best.points[wins], best.values[wins] = points[wins], values[wins]
    return best
