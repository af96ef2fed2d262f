"""Dual kernels E sigma(u)sigma(v) of an activation at correlation c = E uv, u and v standard normal.

They give the feature covariance and the Jacobian metric of one drawn network (docs, simulation page, "Finite-d
quantities"). Closed forms where there are any (docs/activations), a Hermite series otherwise. The kernel of sigma' is
the derivative of the kernel of sigma.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from ..support.quadrature import edges, panels

#: Highest degree of the Hermite series. The mass that is left is carried by the next even and the next odd power, so
#: that c = 1 and c = -1 are exact; for smooth functions nothing is left, for a kink it matters beyond |c| = .97 only.
DEGREE = 1024
_TRUNCATION = 1e-16
_WIDTH = 0.125


def _arc(c: np.ndarray) -> np.ndarray:
    """E max(u,0)max(v,0)."""
    return (np.sqrt(1.0 - c * c) + (math.pi - np.arccos(c)) * c) / (2.0 * math.pi)


def relu(c: np.ndarray) -> np.ndarray:
    """Return E sigma(u)sigma(v) = (sqrt(1 - c^2) + (pi - arccos c) c - 1)/(2 pi) for the shifted ReLU."""
    return _arc(np.clip(c, -1.0, 1.0)) - 0.5 / math.pi


def relu_derivative(c: np.ndarray) -> np.ndarray:
    """Return E 1{u > 0}1{v > 0} = (pi - arccos c)/(2 pi)."""
    return (math.pi - np.arccos(np.clip(c, -1.0, 1.0))) / (2.0 * math.pi)


def leaky_relu(c: np.ndarray, slope: float) -> np.ndarray:
    """Return a c + (1-a)^2 (sqrt(1 - c^2) + (pi - arccos c) c)/(2 pi), a the slope for negative u."""
    return slope * c + (1.0 - slope) ** 2 * _arc(c)


def leaky_relu_derivative(c: np.ndarray, slope: float) -> np.ndarray:
    """Return a + (1-a)^2 (pi - arccos c)/(2 pi)."""
    return slope + (1.0 - slope) ** 2 * relu_derivative(c)


def abs_linear(c: np.ndarray, linear: float) -> np.ndarray:
    """Return (2/pi)(sqrt(1 - c^2) + c arcsin c) + b^2 c for |u| + b u."""
    return 2.0 / math.pi * (np.sqrt(1.0 - c * c) + c * np.arcsin(c)) + linear**2 * c


def abs_linear_derivative(c: np.ndarray, linear: float) -> np.ndarray:
    """Return (2/pi) arcsin c + b^2."""
    return 2.0 / math.pi * np.arcsin(c) + linear**2


def probit(c: np.ndarray, sharpness: float) -> np.ndarray:
    """Return E Phi(bu)Phi(bv) = 1/4 + arcsin(b^2 c/(1 + b^2))/(2 pi)."""
    square = sharpness**2
    return 0.25 + np.arcsin(square * c / (1.0 + square)) / (2.0 * math.pi)


def probit_derivative(c: np.ndarray, sharpness: float) -> np.ndarray:
    """Return b^2/(2 pi sqrt((1 + b^2)^2 - b^4 c^2))."""
    square = sharpness**2
    return square / (2.0 * math.pi * np.sqrt((1.0 + square) ** 2 - (square * c) ** 2))


def erf(c: np.ndarray) -> np.ndarray:
    """Return (2/pi) arcsin(2c/3): erf(u) = 2 Phi(sqrt(2) u) - 1."""
    return 2.0 / math.pi * np.arcsin(2.0 * c / 3.0)


def erf_derivative(c: np.ndarray) -> np.ndarray:
    """Return (4/pi)/sqrt(9 - 4c^2)."""
    return 4.0 / (math.pi * np.sqrt(9.0 - 4.0 * c * c))


def sine(c: np.ndarray) -> np.ndarray:
    """Return sinh(c)/e, the kernel of sin and that of the derivative of cos."""
    return np.sinh(c) / math.e


def cosine(c: np.ndarray) -> np.ndarray:
    """Return cosh(c)/e, the kernel of cos and that of the derivative of sin."""
    return np.cosh(c) / math.e


def quadratic(c: np.ndarray, linear: float) -> np.ndarray:
    """Return b^2 c + 2 c^2 for u^2 - 1 + b u."""
    return (linear**2 + 2.0 * c) * c


def quadratic_derivative(c: np.ndarray, linear: float) -> np.ndarray:
    """Return b^2 + 4c."""
    return linear**2 + 4.0 * c


def gelu(c: np.ndarray) -> np.ndarray:
    """Return c (1/4 + arcsin(c/2)/(2 pi)) + 1/(2 pi sqrt(4 - c^2)) for u Phi(u) (docs/activations, by Stein)."""
    return c * probit(c, 1.0) + 1.0 / (2.0 * math.pi * np.sqrt(4.0 - c * c))


def gelu_derivative(c: np.ndarray) -> np.ndarray:
    """Return 1/4 + arcsin(c/2)/(2 pi) + c (5 - c^2)/(2 pi (4 - c^2)^(3/2))."""
    return probit(c, 1.0) + c * (5.0 - c * c) / (2.0 * math.pi * (4.0 - c * c) ** 1.5)


def identity(c: np.ndarray) -> np.ndarray:
    """Return c."""
    return 1.0 * c


def identity_derivative(c: np.ndarray) -> np.ndarray:
    """Return 1."""
    return np.ones_like(c)


@lru_cache(maxsize=64)
def hermite_weights(
    function: Callable[[np.ndarray], np.ndarray], kinks: tuple[float, ...] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared Hermite coefficients of degree 0 .. DEGREE-1 and the mass left at each degree and beyond.

    ``left[k]`` holds E f_even^2 and E f_odd^2 minus the terms below degree k, shape (DEGREE + 1, 2).
    """
    ends = edges(kinks, _WIDTH)
    points, mass = (array.ravel() for array in panels(ends[:-1], ends[1:]))
    values = np.asarray(function(points), dtype=float)
    mirrored = np.asarray(function(-points), dtype=float)
    square, cross = float(mass @ values**2), float(mass @ (values * mirrored))
    squares = np.empty(DEGREE)
    previous, current = np.zeros_like(points), np.ones_like(points)
    for k in range(DEGREE):
        squares[k] = float(mass @ (values * current)) ** 2
        previous, current = current, (points * current - math.sqrt(k) * previous) / math.sqrt(k + 1.0)
    left = np.empty((DEGREE + 1, 2))
    for parity, total in enumerate((0.5 * (square + cross), 0.5 * (square - cross))):
        terms = np.where(np.arange(DEGREE) % 2 == parity, squares, 0.0)
        left[:, parity] = np.maximum(total - np.concatenate([[0.0], np.cumsum(terms)]), 0.0)
    return squares, left


def hermite(function: Callable[[np.ndarray], np.ndarray], c: np.ndarray, kinks: tuple[float, ...] = ()) -> np.ndarray:
    """Return E f(u)f(v) = sum_k a_k^2 c^k by Horner's rule, a_k the normalized Hermite coefficients of f.

    The series stops, at an even degree K, where the rest is below rounding for the largest \\|c\\| < 1 that is asked
    for; the rest is put on c^K and c^(K+1).
    """
    squares, left = hermite_weights(function, kinks)
    inside = np.abs(c[np.abs(c) < 1.0])
    largest = float(inside.max()) if inside.size else 0.0
    rest = left.sum(axis=1)[::2] * largest ** np.arange(0.0, DEGREE + 1, 2)
    small = np.flatnonzero(rest <= _TRUNCATION * rest[0])
    stop = 2 * int(small[0]) if small.size else DEGREE
    total = left[stop, 0] + left[stop, 1] * c
    for square in squares[:stop][::-1]:
        total *= c
        total += square
    return total
