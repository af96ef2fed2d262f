"""Averages over one standard normal variable and a threshold (docs/theory, eq-gaussian-parts)."""

import math
from typing import NamedTuple

from ..support.jit import njit

SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)
PHI0 = 1.0 / math.sqrt(2.0 * math.pi)


class GaussianParts(NamedTuple):
    """p0 = P(|z| < s), p1 = 1 - p0, the density phi(s), m = E(|z| - s)_+ and A = E z^2 1{|z| < s}."""

    p0: float
    p1: float
    phi: float
    m: float
    A: float


@njit
def gaussian_parts(s):
    """Return :class:`GaussianParts`, each to relative accuracy: p1 and m for large s, p0 and A for small s."""
    phi = PHI0 * math.exp(-0.5 * s * s)
    if s < 0.7:
        p0 = math.erf(s * math.sqrt(0.5))
        p1 = 1.0 - p0
        # A = 2 sum_j (-1)^j s^(2j+3) / (2^j j! (2j+3)) / sqrt(2 pi), alternating and fast for s < 0.7
        square = s * s
        term = s * square
        A = term / 3.0
        for j in range(1, 14):
            term *= -0.5 * square / j
            A += term / (2 * j + 3)
        A *= 2.0 * PHI0
    else:
        p1 = math.erfc(s * math.sqrt(0.5))
        p0 = 1.0 - p1
        A = p0 - 2.0 * s * phi
    return GaussianParts(p0, p1, phi, max(2.0 * phi - s * p1, 0.0), A)
