"""Functions as a user gives them: made elementwise, differentiated without a derivative, checked with one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

#: Steps of differences, the largest first; at each point the best is taken.
STEPS = tuple(4e-3 * 0.25**j for j in range(8))
#: A derivative is refused where it differs from differences by more than this, relative to its root mean square.
TOLERANCE = 1e-6
#: Weights of f(u), f(u + h), ... in the one-sided difference of sixth order.
_ONE_SIDED = (-49 / 20, 6.0, -15 / 2, 20 / 3, -15 / 4, 6 / 5, -1 / 6)
#: Where a function is tried, none of them the place of a likely kink.
_PROBE = np.array([[0.31, -0.72, 1.43]])


def elementwise(name: str, function: Function) -> Function:
    """Return the function itself if it takes arrays elementwise, made to by a loop if it takes numbers only.

    Raises
    ------
    ValueError
        If it does neither, mixes the elements of an array, changes its argument, or has other values than real ones.
    """
    probe = _PROBE.copy()
    try:
        values = function(probe)
        whole = np.shape(values) == probe.shape
    except Exception:  # a function of numbers may fail in any way on an array
        whole = False
    if not whole:
        function = np.vectorize(function, otypes=[float])
        try:
            values = function(_PROBE)
        except Exception as error:
            raise ValueError(f"{name} must take arrays elementwise or single numbers, got {error!r}") from error
        return function
    if np.asarray(values).dtype.kind not in "fiub":
        raise ValueError(f"{name} must have real values, got {np.asarray(values).dtype}")
    single = [np.ravel(function(_PROBE[:, [j]].copy()))[0] for j in range(_PROBE.size)]
    if not np.array_equal(probe, _PROBE):
        raise ValueError(f"{name} must not change its argument")
    if not np.allclose(values, [single], rtol=1e-9, atol=0.0, equal_nan=True):
        raise ValueError(f"{name} must act elementwise: its value at a point depends on the other points of the array")
    return function


@dataclass(frozen=True)
class Differences:
    """The derivative of a function by differences of sixth order: central ones, one-sided ones next to a kink.

    Of the steps ``STEPS`` each point takes the one that agrees best with the step before.
    """

    function: Function
    kinks: tuple[float, ...] = ()

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Return the slopes at the points ``u``; at a kink, that of the side to the right."""
        return self.with_error(u)[0]

    def with_error(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the slopes and how far two steps are apart, which bounds their error where the function is smooth."""
        u = np.asarray(u, dtype=float)
        slopes = np.array([self._with_step(u, h) for h in STEPS])
        apart = np.abs(np.diff(slopes, axis=0))
        best = np.argmin(apart, axis=0)[None]
        return np.take_along_axis(slopes, best + 1, 0)[0], np.take_along_axis(apart, best, 0)[0]

    def _with_step(self, u: np.ndarray, h: float) -> np.ndarray:
        odd = [self.function(u + j * h) - self.function(u - j * h) for j in (1, 2, 3)]
        slopes = (45.0 * odd[0] - 9.0 * odd[1] + odd[2]) / (60.0 * h)
        for kink in self.kinks:
            away = np.where(u >= kink, h, -h)
            sided = sum(c * self.function(u + j * away) for j, c in enumerate(_ONE_SIDED)) / away
            slopes = np.where(np.abs(u - kink) < 3.5 * h, sided, slopes)
        return slopes


def check_derivative(differences: Differences, derivative: Function, points: np.ndarray, mass: np.ndarray) -> None:
    """Raise a ``ValueError`` if a derivative differs from differences of its function at points of a quadrature.

    Points where differences do not find the slope to the same tolerance decide nothing.
    """
    exact, error = differences.with_error(points)
    given = np.asarray(derivative(points), dtype=float)
    size = np.maximum(np.maximum(np.abs(given), np.abs(exact)), np.sqrt(mass @ exact**2))
    gap = np.abs(given - exact)
    wrong = (gap > TOLERANCE * size) & (error <= TOLERANCE * size)
    if wrong.any() or not np.isfinite(given).all():
        worst = int(np.argmax(np.where(wrong | ~np.isfinite(given), mass * np.nan_to_num(gap, nan=np.inf), -1.0)))
        raise ValueError(
            f"derivative must be the derivative of function: at u = {points[worst]:.6g} it is {given[worst]:.6g}, "
            f"differences of the function give {exact[worst]:.6g} (declare kinks and jumps there)"
        )
