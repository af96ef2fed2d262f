"""One coordinate under an l_p attack: averages of a scalar problem in a Gaussian field.

docs/family, "Attacks in any norm"; derived in docs/second_comparison.

x(y) minimises x^2/2 - y x + g e(x; h) for y ~ N(o, 1), with e(x; h) = E_z |x + h z|^q and q the dual exponent. The
integrals run over x, where nothing is to be inverted: y = x + g e'(x; h).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ..support.jit import inner, njit
from .channels import FIELD_PANEL, NODES, REACH, WEIGHTS
from .gaussian import PHI0


class DualNorm(NamedTuple):
    """E|u + z|^q and its first two derivatives in u, as Chebyshev series on cells of equal width from u = 0 on, and the
    law of the signal's coordinates, which a norm sees that is not Euclidean.

    Beyond the last cell an expansion in 1/u^2 serves, whose coefficients are ``tail``. A coordinate of sqrt(d) beta is
    |beta| times a normal variable of this centre and deviation (or minus that: no average sees the sign), with
    probability ``shares``; the mean of centre^2 + deviation^2 is 1.
    """

    exponent: float
    width: float
    series: Any  # (cells, 3, order)
    tail: Any
    shares: Any
    deviations: Any
    centres: Any


class Coordinate(NamedTuple):
    """E x (y - o), E x, E x^2, E e, E de/dh, and their derivatives in g, in h and in o."""

    chi: float
    mean: float
    A2: float
    e: float
    es: float
    chi_g: float
    mean_g: float
    A2_g: float
    e_g: float
    es_g: float
    chi_h: float
    mean_h: float
    A2_h: float
    e_h: float
    es_h: float
    chi_o: float
    mean_o: float
    A2_o: float
    e_o: float
    es_o: float


@inner
def mean_power(u, norm):
    """Return E|u + z|^q and its first two derivatives at u >= 0."""
    i = int(u / norm.width)
    if i >= norm.series.shape[0]:
        f = f1 = f2 = 0.0
        inverse = 1.0 / u
        power, degree = u**norm.exponent, norm.exponent
        for j in range(norm.tail.size):
            term = norm.tail[j] * power
            f += term
            f1 += term * degree * inverse
            f2 += term * degree * (degree - 1.0) * inverse * inverse
            power *= inverse * inverse
            degree -= 2.0
        return f, f1, f2
    v = 2.0 * (2.0 * (u / norm.width - i) - 1.0)
    a0 = a1 = a2 = b0 = b1 = b2 = 0.0
    for j in range(norm.series.shape[2] - 1, 0, -1):
        a0, b0 = v * a0 - b0 + norm.series[i, 0, j], a0
        a1, b1 = v * a1 - b1 + norm.series[i, 1, j], a1
        a2, b2 = v * a2 - b2 + norm.series[i, 2, j], a2
    half = 0.5 * v
    return (
        half * a0 - b0 + norm.series[i, 0, 0],
        half * a1 - b1 + norm.series[i, 1, 0],
        half * a2 - b2 + norm.series[i, 2, 0],
    )


@inner
def _field(x, g, h, norm):
    """Return y(x), its slope, and e, de/dx, de/dh, d2e/dx2."""
    q = norm.exponent
    f, f1, f2 = mean_power(x / h, norm)
    scale = h ** (q - 1.0)
    ex, exx = scale * f1, scale / h * f2
    return x + g * ex, 1.0 + g * exx, scale * h * f, ex, scale * f2, exx


@inner
def _proximal(y, g, h, low, norm):
    """Return x >= low with x + g e'(x) = y."""
    high = y
    x = 0.5 * (low + high)
    for _ in range(200):
        at, slope, _, _, _, _ = _field(x, g, h, norm)
        if at > y:
            high = x
        else:
            low = x
        step = (y - at) / slope
        if abs(step) <= 1e-15 * x:
            break
        x += step
        if not low < x < high:
            x = 0.5 * (low + high)
    return x


@njit
def coordinate(g, h, o, norm):
    """Return :class:`Coordinate`; x is odd, so that y and -y are taken together."""
    q = norm.exponent
    chi = mean = A2 = e_ = es_ = chi_g = mean_g = A2_g = e_g = es_g = 0.0
    chi_h = mean_h = A2_h = e_h = es_h = chi_o = mean_o = A2_o = e_o = es_o = 0.0
    bottom = max(0.0, o - REACH)
    start = _proximal(bottom, g, h, 0.0, norm) if bottom > 0.0 else 0.0
    panels = math.ceil((o + REACH - bottom) / FIELD_PANEL)
    for k in range(1, panels + 1):
        stop = _proximal(bottom + (o + REACH - bottom) * k / panels, g, h, start, norm)
        left = start
        while left < stop:
            # near zero e bends within h
            right = min(stop, left + h) if left < 8.0 * h else stop
            half = 0.5 * (right - left)
            for n in range(12):
                x = left + half * (1.0 + NODES[n])
                y, slope, e, ex, es, exx = _field(x, g, h, norm)
                exs = ((q - 1.0) * ex - x * exx) / h
                ess = ((q - 1.0) * es - x * exs) / h
                unit = PHI0 * half * WEIGHTS[n] * slope
                above = below = unit * math.exp(-0.5 * (y - o) * (y - o))
                if o > 0.0:
                    below = unit * math.exp(-0.5 * (y + o) * (y + o))
                even, odd = above + below, above - below
                first, crossed = y * even - o * odd, y * odd - o * even
                x_g, x_h, x_o = -ex / slope, -g * exs / slope, 1.0 / slope
                chi += first * x
                mean += odd * x
                A2 += even * x * x
                e_ += even * e
                es_ += even * es
                chi_g += first * x_g
                mean_g += odd * x_g
                A2_g += 2.0 * even * x * x_g
                e_g += even * ex * x_g
                es_g += even * exs * x_g
                chi_h += first * x_h
                mean_h += odd * x_h
                A2_h += 2.0 * even * x * x_h
                e_h += even * (ex * x_h + es)
                es_h += even * (exs * x_h + ess)
                chi_o += crossed * x_o
                mean_o += even * x_o
                A2_o += 2.0 * odd * x * x_o
                e_o += odd * ex * x_o
                es_o += odd * exs * x_o
            left = right
        start = stop
    return Coordinate(
        chi, mean, A2, e_, es_, chi_g, mean_g, A2_g, e_g, es_g, chi_h, mean_h, A2_h, e_h, es_h, chi_o, mean_o, A2_o,
        e_o, es_o,
    )  # fmt: skip


@njit
def other_power(g, h, o, unit, s, norm, other):
    """Return E e(unit x; s) of another norm, x of :func:`coordinate`."""
    total = 0.0
    bottom = max(0.0, o - REACH)
    start = _proximal(bottom, g, h, 0.0, norm) if bottom > 0.0 else 0.0
    panels = math.ceil((o + REACH - bottom) / FIELD_PANEL)
    for k in range(1, panels + 1):
        stop = _proximal(bottom + (o + REACH - bottom) * k / panels, g, h, start, norm)
        left = start
        while left < stop:
            right = min(stop, left + h) if left < 8.0 * h else stop
            half = 0.5 * (right - left)
            for n in range(12):
                x = left + half * (1.0 + NODES[n])
                y, slope, _, _, _, _ = _field(x, g, h, norm)
                density = math.exp(-0.5 * (y - o) * (y - o)) + math.exp(-0.5 * (y + o) * (y + o))
                e, _, _ = mean_power(unit * x / s, other)
                total += PHI0 * half * WEIGHTS[n] * slope * density * e
            left = right
        start = stop
    return s**other.exponent * total


#: Shares, deviations and centres of a Gaussian signal.
GAUSSIAN = ((1.0,), (1.0,), (0.0,))


def dual_norm(
    exponent: float, signal: Any = GAUSSIAN, order: int = 16, width: float = 0.5, reach: float = 40.0
) -> DualNorm:
    """Return :class:`DualNorm` of an exponent q >= 1 and a law of the signal as (shares, deviations, centres).

    E|u + z|^q = 2^(q/2) Gamma((1+q)/2)/sqrt(pi) M(-q/2, 1/2, -u^2/2) with Kummer's function M.
    """
    from scipy.special import gamma, hyp1f1

    q = exponent
    top = 2 ** (q / 2) * gamma((1 + q) / 2) / math.sqrt(math.pi)

    def moments(u: Any) -> Any:
        x = -0.5 * u * u
        # d/dx M(a, b, x) = a/b M(a + 1, b + 1, x), and f'' = q f - u f'
        f = top * hyp1f1(-q / 2, 0.5, x)
        f1 = top * q * u * hyp1f1(1 - q / 2, 1.5, x)
        f2 = top * q * hyp1f1(1 - q / 2, 0.5, x)
        return np.stack([f, f1, f2])

    points = np.cos(math.pi * (np.arange(order) + 0.5) / order)
    cells = round(reach / width)
    u = width * (np.arange(cells)[:, None] + 0.5 * (1 + points))
    values = moments(u)  # (3, cells, order)
    basis = np.cos(np.outer(np.arange(order), np.arccos(points))) * (2 / order)
    basis[0] *= 0.5
    series = np.ascontiguousarray(np.moveaxis(values @ basis.T, 0, 1))
    tail = [1.0]
    for j in range(1, 8):
        tail.append(tail[-1] * (q - 2 * j + 2) * (q - 2 * j + 1) / (2 * j))
    law = (np.array(column, dtype=float) for column in signal)
    return DualNorm(float(q), width, series, np.array(tail), *law)
