"""Dual kernels E sigma(u)sigma(v) of an activation at correlation c = E uv, u and v standard normal.

They give the feature covariance and the Jacobian metric of one drawn network (docs, simulation page, "Finite-d
quantities"). The shifted ReLU has closed forms; other activations use their Hermite series.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

#: Degree at which the Hermite series is closed; what is left of the total mass is carried by that last power,
#: so that the value at c = 1 is exact and the error at |c| < 1 is below the remaining mass times |c|^DEGREE.
DEGREE = 48
_RANGE, _PANEL, _NODES = 13.0, 0.125, 16


def relu(c: np.ndarray) -> np.ndarray:
    """Return E sigma(u)sigma(v) = (sqrt(1 - c^2) + (pi - arccos c) c - 1)/(2 pi) for the shifted ReLU."""
    c = np.clip(c, -1.0, 1.0)
    return (np.sqrt(1.0 - c * c) + (math.pi - np.arccos(c)) * c - 1.0) / (2.0 * math.pi)


def relu_derivative(c: np.ndarray) -> np.ndarray:
    """Return E 1{u > 0}1{v > 0} = (pi - arccos c)/(2 pi)."""
    return (math.pi - np.arccos(np.clip(c, -1.0, 1.0))) / (2.0 * math.pi)


@lru_cache(maxsize=64)
def hermite_weights(function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Squares of the Hermite coefficients of degree 0 .. DEGREE-1, then the remaining mass E f(G)^2 - sum."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    edges = np.arange(-_RANGE, _RANGE, _PANEL)
    points = (edges[:, None] + 0.5 * _PANEL * (nodes + 1.0)).ravel()
    mass = np.tile(0.5 * _PANEL * weights, len(edges)) * np.exp(-0.5 * points**2) / math.sqrt(2.0 * math.pi)
    values = np.asarray(function(points), dtype=float)
    squares = np.empty(DEGREE + 1)
    previous, current = np.zeros_like(points), np.ones_like(points)
    for k in range(DEGREE):
        squares[k] = float(mass @ (values * current)) ** 2
        previous, current = current, (points * current - math.sqrt(k) * previous) / math.sqrt(k + 1.0)
    squares[DEGREE] = max(float(mass @ values**2) - float(squares[:DEGREE].sum()), 0.0)
    return squares


def hermite(function: Callable[[np.ndarray], np.ndarray], c: np.ndarray) -> np.ndarray:
    """Return E f(u)f(v) = sum_k a_k^2 c^k by Horner's rule, a_k the normalized Hermite coefficients of f."""
    squares = hermite_weights(function)
    total = np.full_like(c, squares[-1])
    for square in squares[-2::-1]:
        total *= c
        total += square
    return total
