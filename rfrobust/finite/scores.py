"""Dual points: scores u_i of the samples, slopes omega_i >= |u_i| of the loss, and what they cost.

(Docs, simulation page, "Its certificate".)

    P(theta) >= (1/n) sum_i (u_i y_i - rho*(omega_i)) + inf {eps mean(omega) R(theta) - theta'F'u/n + penalties},

without u_i y_i and with l*(-omega_i), omega_i = y_i u_i, for losses l of margins.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..problem.loss import Loss, MarginLoss
from .definite import UNIT

#: Roundings in values and slopes of a loss, in units of roundoff of their terms.
LOSS_ROUNDINGS = 8
#: Halvings of the bracket of a common slope, and the width, relative to its end, from which on it is interpolated.
_HALVINGS, _CLOSE = 40, 1e-6


class Scores(Protocol):
    """A dual point, as a bound on the data as given needs it."""

    @property
    def u(self) -> np.ndarray:
        """Scores, shape (n,)."""

    @property
    def doubt(self) -> np.ndarray:
        """Bounds of what the scores may be off those of the slopes, shape (n,)."""

    @property
    def magnitude(self) -> float:
        """Mean size of the conjugates."""

    def slope(self, reach: float) -> float:
        """Mean slope at a solution where attacks move the samples by ``reach``."""

    def cost(self, size: float, eps: float, gradient: float, length: float) -> float:
        """A bound of mean rho* less the least of eps mean(omega) s - size s + gradient s^2/2 over 0 <= s <= length."""


def conjugate(size: float, alpha: np.ndarray, eps: float) -> float:
    """Convex conjugate of (1/2n) sum (|t_i| + eps |w|)^2 at (alpha/n, pull) with |pull| = size."""
    n = len(alpha)
    absolute = np.abs(alpha)
    length = best_length(size, alpha, eps)
    short = np.maximum(eps * length - absolute, 0.0)
    return float(alpha @ alpha - short @ short) / (2 * n) + length * (size - eps * float(absolute.mean()))


def best_length(size: float, alpha: np.ndarray, eps: float) -> float:
    """The rho that solves size = (eps/n) sum_i max(eps rho, |alpha_i|); 0 if size is below that at rho = 0."""
    n = len(alpha)
    absolute = np.sort(np.abs(alpha))
    tail = absolute.sum() - np.cumsum(absolute)
    if eps == 0.0 or size * n <= eps * absolute.sum():
        return 0.0
    # With the k + 1 smallest below eps rho, eps rho = (size n/eps - tail_k)/(k + 1); the right k is the first
    # whose value stays below the next |alpha|.
    candidates = (size * n / eps - tail) / np.arange(1, n + 1)
    fits = candidates <= np.append(absolute[1:], np.inf)
    return float(candidates[np.argmax(fits)]) / eps


class SquareScores:
    """Scores of the square loss: the best slopes for them are known in closed form."""

    def __init__(self, alpha: np.ndarray):
        self.u, self.doubt = alpha, np.zeros_like(alpha)
        self.magnitude = float(alpha @ alpha) / len(alpha)

    def slope(self, reach: float) -> float:
        """See :class:`Scores`."""
        return float(np.mean(np.maximum(reach, np.abs(self.u))))

    def cost(self, size: float, eps: float, gradient: float, length: float) -> float:
        """See :class:`Scores`."""
        return conjugate(size if eps > 0.0 else 0.0, self.u, eps)


@dataclass(frozen=True)
class DualPoint:
    """Scores of any loss, with slopes and a bound of the loss's conjugate at each of them.

    Slopes are known up to ``blur``, the mean conjugate up to ``error``: rounding of the loss.
    """

    loss: Loss
    u: np.ndarray
    omega: np.ndarray
    conjugate: np.ndarray
    blur: np.ndarray
    error: float

    @property
    def margin(self) -> bool:
        """Whether the loss is one of margins."""
        return isinstance(self.loss, MarginLoss)

    @property
    def doubt(self) -> np.ndarray:
        """See :class:`Scores`: scores of residuals may be any that are not above their slopes."""
        return self.blur if self.margin else np.zeros_like(self.u)

    @property
    def magnitude(self) -> float:
        """See :class:`Scores`."""
        return float(np.mean(np.abs(self.conjugate)))

    def slope(self, reach: float) -> float:
        """See :class:`Scores`."""
        return float(np.mean(self.omega))

    def cost(self, size: float, eps: float, gradient: float, length: float) -> float:
        """See :class:`Scores`. Slopes of residuals may be raised, to a common one, until they hold the size."""
        blur = float(np.mean(self.blur)) + 4 * (4 + math.log2(len(self.u))) * UNIT * float(np.mean(self.omega))
        over = size - eps * max(float(np.mean(self.omega)) - blur, 0.0)
        base = float(np.mean(self.conjugate)) + self.error
        if over <= 0.0:
            return base
        least = base + _least(over, gradient, length)
        if self.margin or eps == 0.0:
            return least
        held, raised = self._raised(size / eps + blur)
        return min(least, raised + self.error + _least(size - eps * (held - blur), gradient, length))

    def _raised(self, needed: float) -> tuple[float, float]:
        """A mean slope of at least ``needed``, if the loss is steep enough, and a bound of its mean conjugate.

        Conjugates are convex: between two ends of a bracket they are below the chord.
        """

        def at(z: float) -> tuple[float, float, float]:
            value, slope, _ = self.loss.derivatives([z])[:, 0]
            above = slope > self.omega
            paid = z * slope - value + LOSS_ROUNDINGS * UNIT * (z * slope + abs(value))
            mean = float(np.mean(np.where(above, paid, self.conjugate)))
            return float(np.mean(np.where(above, slope, self.omega))), mean, slope

        low, below = 0.0, at(0.0)
        if below[0] >= needed:
            return below[:2]
        high = max(float(self.loss.bend), 1e-300)
        above = at(high)
        while above[0] < needed and high < 1e150:
            low, below, high = high, above, 4.0 * high
            above = at(high)
            if above[2] <= below[2]:  # as steep as it gets
                return below[:2]
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high) if low > 0.25 * high else max(math.sqrt(low * high), 1e-6 * high)
            if high - low <= _CLOSE * high or not low < middle < high:
                break
            there = at(middle)
            if there[0] < needed:
                low, below = middle, there
            else:
                high, above = middle, there
        rise = above[0] - below[0]
        share = min((needed - below[0]) / rise * (1.0 + 8 * UNIT) if rise > 0.0 else 1.0, 1.0)
        return below[0] + share * rise, below[1] + share * (above[1] - below[1])


def _least(over: float, gradient: float, length: float) -> float:
    """Minus the least of gradient s^2/2 - over s for s up to ``length``, or a bound of it."""
    if over <= 0.0:
        return 0.0
    free = over * length
    return min(free, over**2 / (2.0 * gradient)) if gradient > 0.0 else free


def largest(loss: Loss, value: float) -> float:
    """A size of a residual, up to rounding the largest, above which the loss is above a value; inf if there is none."""
    high = float(loss.bend)
    while loss(high) <= value:
        high *= 4.0
        if high > 1e150:
            return math.inf
    low = 0.0
    while high - low > 1e-3 * high and high > 1e-300:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if loss(middle) <= value else (low, middle)
    return high
