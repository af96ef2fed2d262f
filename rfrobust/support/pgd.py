"""Projected gradient ascent: one loop for every attack of the package."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from . import validation
from .balls import Ball

#: Ascents in a row that must not move a maximum by more than this share of its rise to end a search; rounds at most.
PATIENCE, _STILL, _MOST = 12, 1e-3, 200
#: An ascent of an open search has at least this many steps: with 10, maxima in 64 dimensions stay percents lower.
_STEPS = 20
#: In d dimensions a round climbs from this many points over d, half of them the best of some random ones: in high
#: dimension slopes hardly differ over the ball, in low dimension they do.
_SPREAD = 64
#: Rivals of a class that are goals of a search at most, as is customary (Croce and Hein, arXiv:2003.01690).
_RIVALS = 9
MOMENTUM = 0.85
#: Values of some points, None if none is to be preferred, and the slopes there, which are asked for by the flag.
Evaluate = Callable[[np.ndarray, bool], tuple[np.ndarray | None, Any]]


class Evaluation(Protocol):
    """What a search climbs, at points of some rows (all by default), each under a goal.

    The slopes of goal -1 are those of the values, of goals 0, 1, ... those of what may lead to a larger maximum.
    """

    def __call__(self, points: np.ndarray, sloped: bool, rows: Any = ..., goals: Any = ...) -> tuple[np.ndarray, Any]:
        """Return values and, if asked for, slopes."""


class Best(NamedTuple):
    """The best points met and their values, a row each."""

    points: np.ndarray
    values: np.ndarray | None


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
        Length of each step, as radii are; none evaluates the start only.
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
        direction = ball.uphill(slope)
        if momentum:
            average = momentum * average + direction
            direction = ball.uphill(average)
        points = ball.project(points + length * direction)
    return better(best, points, evaluate(points, False)[0])


def search(
    evaluate: Evaluation,
    ball: Ball,
    best: Best,
    steps: int,
    restarts: int | None,
    rng: np.random.Generator,
    *,
    goals: int = 1,
    enough: float = np.inf,
) -> Best:
    """Add an ascent from the centre to each goal, then rounds; by default until no row's maximum moves any more.

    The result is a lower bound of the maximum: a narrow one can be missed by any number of rounds.

    Parameters
    ----------
    evaluate : Evaluation
        Asked with the numbers of rows, some of them repeated.
    ball : Ball
        Where the points stay, a row each.
    best : Best
        What was found before, of all rows; changed in place.
    steps : int
        Steps of each ascent, by default of ``restarts`` at least 20.
    restarts : int, optional
        Number of rounds; nothing is done if it is 0. By default a row is done when its value has grown by less than a
        thousandth of its rise above that of the centre in each of :data:`PATIENCE` ascents and rounds in a row.
    rng : numpy.random.Generator
    goals : int
        Number of goals.
    enough : float
        A row is done when its value exceeds this.
    """
    assert best.values is not None
    if restarts == 0:
        return best
    lengths = falling_steps(ball.radius, max(steps, _STEPS) if restarts is None else steps)
    rows = np.arange(len(best.points))
    floor, still = evaluate(ball.centre, False, rows, np.full(len(rows), -1))[0], np.zeros(len(rows), dtype=int)
    for number in range(goals + (_MOST if restarts is None else restarts)):
        rows = rows[(still[rows] < PATIENCE) & (best.values[rows] <= enough)]
        if rows.size == 0:
            break
        here, before = ball.take(rows), best.values[rows]
        known = Best(best.points[rows], before.copy())
        if number < goals:
            goal = np.full(len(rows), number if goals > 1 else -1)
            climbed = partial(evaluate, rows=rows, goals=goal)
            found = ascend(climbed, here.centre, lengths, here, momentum=MOMENTUM, best=known)
        else:
            found = _round(evaluate, here, rows, lengths, known, rng, goals, number)
        best.points[rows], best.values[rows] = found
        if restarts is None:
            assert found.values is not None
            moved = found.values - before > _STILL * (found.values - floor[rows])
            still[rows] = np.where(moved, 0, still[rows] + 1)
    return best


def _round(
    evaluate: Evaluation,
    ball: Ball,
    rows: np.ndarray,
    lengths: list[float],
    best: Best,
    rng: np.random.Generator,
    goals: int,
    number: int,
) -> Best:
    """Ascents to a goal from the best of some random points, and from hops from the best point, then random moves."""
    count, shape = len(rows), best.points.shape
    half = math.ceil(_SPREAD / 2 / math.prod(shape[1:]))
    screened = min(_SPREAD, 8 * half) if half > 1 else 1
    natural = np.full(count, -1)
    starts = np.stack([ball.random_edge(rng, shape) for _ in range(screened)])
    values = np.stack([evaluate(start, False, rows, natural)[0] for start in starts])
    chosen = starts[np.argsort(values, axis=0)[-half:], np.arange(count)]
    start = np.concatenate([*chosen, *(ball.hop(rng, best.points) for _ in range(half))])
    tiled = np.tile(np.arange(count), 2 * half)
    goal = np.repeat([*(np.arange(half) + number * half) % goals, *np.full(half, -1)], count)
    climbed = partial(evaluate, rows=rows[tiled], goals=goal)
    found = ascend(climbed, start, lengths, ball.take(tiled), momentum=MOMENTUM)
    assert found.values is not None
    per_start = found.values.reshape(2 * half, count)
    top = per_start.argmax(axis=0), np.arange(count)
    best = better(best, found.points.reshape(-1, *shape)[top], per_start[top])
    for length in np.geomspace(0.5, 0.001, screened).tolist():
        points = ball.project(best.points + length * (ball.random_edge(rng, shape) - ball.centre))
        best = better(best, points, evaluate(points, False, rows, natural)[0])
    return best


def margin(outputs: np.ndarray, true: np.ndarray, goal: Any = -1) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest other output minus that of the true class, and the cotangent of its rise, shape of outputs.

    The rise is that of the class ``goal`` over the true one where ``goal`` is not -1.
    """
    rows = np.arange(len(outputs))
    others = outputs.copy()
    others[rows, true] = -np.inf
    rival = others.argmax(axis=1)
    cotangent = np.zeros_like(outputs)
    cotangent[rows, np.where(np.asarray(goal) < 0, rival, goal)] = 1
    cotangent[rows, true] = -1
    return outputs[rows, rival] - outputs[rows, true], cotangent


def rivals(outputs: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the other classes by their outputs, largest first, nine at most: goals of a search of the margin."""
    others = outputs.copy()
    others[np.arange(len(outputs)), true] = -np.inf
    return np.argsort(-others, axis=1, kind="stable")[:, : min(_RIVALS, outputs.shape[1] - 1)]


def rounds(restarts: Any) -> int | None:
    """Return a checked number of restarts; None, until the maximum stops moving, stays."""
    return None if restarts is None else validation.integer("restarts", restarts, 0)


def falling_steps(radius: float, steps: int) -> list[float]:
    """Return step lengths that fall from twice the radius, which crosses the ball, as the square of the steps left."""
    return (2 * radius * np.linspace(1.0, 1.0 / steps, steps) ** 2).tolist()


def even_steps(radius: float, steps: int) -> list[float]:
    """Return the customary schedule: equal steps that could cross the ball and a quarter more (none if radius = 0)."""
    return [2.5 * radius / steps] * steps if radius > 0 else []


def better(best: Best | None, points: np.ndarray, values: np.ndarray | None) -> Best:
    """Return the better of two points and values, row by row; ``best`` is changed in place."""
    if values is None:
        return Best(points, None)
    if best is None or best.values is None:
        return Best(points.copy(), values)
    wins = values > best.values
    best.points[wins], best.values[wins] = points[wins], values[wins]
    return best
