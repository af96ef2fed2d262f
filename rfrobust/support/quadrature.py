"""Expectations over a standard normal by adaptive Gauss-Legendre panels, split where the integrand has a kink."""

from collections.abc import Callable, Sequence

import numpy as np

from .errors import Error

#: Beyond this many standard deviations the normal weight is below 1e-37.
RANGE = 13.0
#: Requested error, relative to E|f|.
TOLERANCE = 1e-14
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
#: Panels that may be open at once: of a kink only one is, of noise all of them.
_OPEN = 5_000


class QuadratureError(Error, RuntimeError):
    """The integrand is too rough: it has a kink, a jump or a singularity that was not declared."""


def panels(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes and the normal weights of Gauss-Legendre panels, both of shape (panels, nodes)."""
    half = 0.5 * (right - left)[:, None]
    points = 0.5 * (left + right)[:, None] + half * _NODES
    return points, half * _WEIGHTS * np.exp(-0.5 * points * points) / np.sqrt(2.0 * np.pi)


def edges(kinks: Sequence[float] = (), width: float = 1.0) -> np.ndarray:
    """Return panel ends over [-RANGE, RANGE], at most about ``width`` apart and including the kinks."""
    inside = [kink for kink in kinks if -RANGE < kink < RANGE]
    return np.unique(np.concatenate([np.linspace(-RANGE, RANGE, round(2 * RANGE / width) + 1), inside]))


def gaussian_mean(
    function: Callable[[np.ndarray], np.ndarray],
    kinks: Sequence[float] = (),
    *,
    tolerance: float = TOLERANCE,
    least: float = 0.0,
    levels: int = 40,
) -> float:
    """Return E f(G), G ~ N(0, 1), to about ``tolerance`` times the larger of E|f| and ``least``.

    A panel is halved until its halves agree with the whole, at most ``levels`` times.

    Raises
    ------
    QuadratureError
        If the halving does not end, or a value is not finite.
    """

    def integrate(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points, mass = panels(a, b)
        values = np.asarray(function(points), dtype=float) * mass
        if not np.isfinite(values).all():
            raise QuadratureError("the integrand is not finite everywhere within 13 standard deviations")
        return values.sum(axis=1), np.abs(values).sum(axis=1)

    ends = edges(kinks)
    left, right = ends[:-1], ends[1:]
    whole, size = integrate(left, right)
    allowed = tolerance * max(float(size.sum()), least)
    total = 0.0
    for _ in range(levels):
        middle = 0.5 * (left + right)
        first, _ = integrate(left, middle)
        second, _ = integrate(middle, right)
        halves = first + second
        open_ = np.abs(halves - whole) > allowed * np.maximum((right - left) / (2.0 * RANGE), 1e-3)
        total += float(halves[~open_].sum())
        if not open_.any():
            return total
        if np.count_nonzero(open_) > _OPEN:
            break
        left = np.concatenate([left[open_], middle[open_]])
        right = np.concatenate([middle[open_], right[open_]])
        whole = np.concatenate([first[open_], second[open_]])
    raise QuadratureError(f"the integral did not converge near u = {float(left[0]):.4g}: declare kinks and jumps there")
