"""Functions as a user gives them: made elementwise, differentiated without a derivative, checked with one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

#: Step of differences of sixth order: errors near 1e-13 for functions that change over distances of order 1.
STEP = 1e-3
#: A derivative is refused where it differs from differences by more than this, relative to its size.
TOLERANCE = 1e-6


def elementwise(function: Function) -> Function:
    """Return the function itself if it takes arrays elementwise, else made to by a loop over the elements."""
    probe = np.array([[0.3, -0.7]])
    try:
        if np.shape(function(probe)) == probe.shape:
            return function
    except (TypeError, ValueError):
        pass
    return np.vectorize(function, otypes=[float])


#: Weights of f(u), f(u + h), ... in the one-sided difference of sixth order.
_ONE_SIDED = (-49 / 20, 6.0, -15 / 2, 20 / 3, -15 / 4, 6 / 5, -1 / 6)


@dataclass(frozen=True)
class Differences:
    """The derivative of a function by differences: central ones, one-sided ones next to a kink."""

    function: Function
    kinks: tuple[float, ...] = ()

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Return the slopes at the points ``u``; at a kink, that of the side to the right."""
        u = np.asarray(u, dtype=float)
        odd = [self.function(u + j * STEP) - self.function(u - j * STEP) for j in (1, 2, 3)]
        slopes = (45.0 * odd[0] - 9.0 * odd[1] + odd[2]) / (60.0 * STEP)
        for kink in self.kinks:
            h = np.where(u >= kink, STEP, -STEP)
            sided = sum(c * self.function(u + j * h) for j, c in enumerate(_ONE_SIDED)) / h
            slopes = np.where(np.abs(u - kink) < 3.5 * STEP, sided, slopes)
        return slopes


def check_derivative(function: Function, derivative: Function, kinks: tuple[float, ...], points: np.ndarray) -> None:
    """Raise a ``ValueError`` that names the point where the derivative differs most from that of the function."""
    away = np.array([u for u in points if all(abs(u - kink) > 4.0 * STEP for kink in kinks)])
    given, exact = np.asarray(derivative(away), dtype=float), Differences(function, kinks)(away)
    gap = np.abs(given - exact) / np.maximum(np.maximum(np.abs(given), np.abs(exact)), 1.0)
    worst = int(np.argmax(gap))
    if not gap[worst] <= TOLERANCE:
        raise ValueError(
            f"derivative must be the derivative of function: at u = {away[worst]:g} it is {given[worst]:.6g}, "
            f"differences of the function give {exact[worst]:.6g} (declare kinks and jumps there)"
        )
