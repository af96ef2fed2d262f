"""What one residual or one margin does: Gaussian averages of the score of a loss.

docs/family, "The channel of residuals" and "The channel of labels"; derived in docs/channel.

A field x (a leave-one-out residual, or the output times the label) passes the proximal map of step V of the worst-case
loss. Its output is a smooth part of the loss, or one of its kinks, or the zero residual: these branches follow each
other along x. On each of them the score u has derivatives of one form,

    du/dx = c,  du/dV = -c u,  du/dp = c or 0,

so that no further derivative of the loss is needed. Between kinks a loss is a quadratic (then the averages of
residuals are closed forms) or smooth (then they are integrals over the proximal point z, where nothing is to be
inverted: x = z - p + V rho'(z)): by Gauss-Legendre panels, and for margins whose loss is smooth everywhere by the
trapezoidal rule, with a quarter of the nodes.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ..support.jit import inner, njit
from .gaussian import PHI0, SQRT_2_OVER_PI

#: Standard deviations beyond which Gaussian averages see nothing.
REACH = 9.0
#: Standard deviations beyond which doubles hold nothing of a Gaussian.
BEYOND = 39.0
#: Widest panel of a quadrature, in standard deviations of the field and in units of the loss.
FIELD_PANEL, LOSS_PANEL = 1.6, 1.25
#: How many times a component is to be narrower than a loss and its own centre to count as narrow.
NARROW = 20.0
#: Distance from zero, in units of a loss, beyond which it is straight up to rounding.
STRAIGHT = 40.0
#: The trapezoidal rule: standard deviations, largest shift of the line of integration into the plane, step in units of
#: the shift (it leaves 1e-14, 2e-12 at worst over 6 decades of Q and of V), and points that the shift is found from.
LINE_REACH, LINE_SHIFT, LINE_STEP, LINE_PROBES = 8.5, 0.7, 0.15, 12
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
SQRT_HALF = math.sqrt(0.5)


class LossTable(NamedTuple):
    """A convex loss as pieces: piece j lies between ``borders[j]`` and ``borders[j + 1]``.

    Where ``smooth`` is 0 it is value + slope y + bend y^2/2 with y = z - anchor; elsewhere a function gives value,
    slope and curvature, and ``smooth`` is the length over which it bends: its poles are at least pi/2 of it away.
    """

    borders: Any
    anchor: Any
    value: Any
    slope: Any
    bend: Any
    smooth: Any


@inner
def hinge():
    """Return the table of max(1 - z, 0)."""
    zeros = np.zeros(2)
    return LossTable(np.array([-np.inf, 1.0, np.inf]), np.ones(2), zeros, np.array([-1.0, 0.0]), zeros, zeros)


class Mixture(NamedTuple):
    """Gaussians of these centres and standard deviations >= 0; even as a whole: -c has the weights that c has."""

    deviations: Any
    weights: Any
    centres: Any


class ResidualChannel(NamedTuple):
    """b^2 = E u^2, a = E du/dx, g = E rho'(|t| + p), their derivatives, P(t = 0), E rho(|t| + p) and E |t|."""

    b2: float
    a: float
    g: float
    b2_s: float
    b2_V: float
    b2_p: float
    a_s: float
    a_V: float
    a_p: float
    g_s: float
    g_V: float
    g_p: float
    zeros: float
    loss: float
    size: float


class LabelChannel(NamedTuple):
    """b^2 = E u^2, S mhat, a, g = E |u| in the worst case, derivatives in (log kappa, log Q, V, p), P(t = 0), E loss
    and the mean of a sample's margin y f."""

    b2: float
    h: float
    a: float
    g: float
    b2_c: float
    b2_Q: float
    b2_V: float
    b2_p: float
    h_c: float
    h_Q: float
    h_V: float
    h_p: float
    a_c: float
    a_Q: float
    a_V: float
    a_p: float
    g_c: float
    g_Q: float
    g_V: float
    g_p: float
    zeros: float
    loss: float
    size: float


class LabelStatistics(NamedTuple):
    """Of the training set: mean margin y f, P(y f < 0), P(y f < eps r)."""

    mean_margin: float
    error: float
    robust_error: float


class Jet(NamedTuple):
    """Value, slope and curvature of a loss."""

    value: float
    slope: float
    bend: float


class Moments(NamedTuple):
    """Of x ~ N(c, w^2), c + y, in an interval from ``lo`` on: its probability P, and the averages there of M = x - lo,
    M^2, y, M y and y^2/w^2 - 1."""

    P: float
    M: float
    MM: float
    Y: float
    MY: float
    excess: float


@inner
def piece_jet(j, z, loss, jet):
    """Return the :class:`Jet` of piece j at z."""
    if jet is not None and loss.smooth[j] > 0.0:
        value, slope, bend = jet(z)
        return Jet(value, slope, bend)
    y = z - loss.anchor[j]
    slope, bend = loss.slope[j], loss.bend[j]
    return Jet(loss.value[j] + slope * y + 0.5 * bend * y * y, slope + bend * y, bend)


@inner
def end_jet(j, loss, jet):
    """Return the :class:`Jet` of piece j at its end, from the left: there the function is that of the next piece."""
    end = loss.borders[j + 1]
    if jet is not None and loss.smooth[j] > 0.0:
        end = np.nextafter(end, -math.inf)
    return piece_jet(j, end, loss, jet)


@inner
def piece_of(z, loss):
    """Return the piece that holds z and what follows it."""
    j = 0
    while loss.borders[j + 1] <= z:
        j += 1
    return j


@inner
def interval(lo, width, c, w):
    """Return :class:`Moments` of x ~ N(c, w^2) in (lo, lo + width), without cancellation."""
    A = lo - c
    a, b = A / w, (A + width) / w
    if a > BEYOND or b < -BEYOND:
        return Moments(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if width < w:
        P = M = MM = 0.0
        half = 0.5 * width / w
        for i in range(12):
            y = half * (1.0 + NODES[i])
            q = PHI0 * half * WEIGHTS[i] * math.exp(-0.5 * (a + y) * (a + y))
            P += q
            M += q * y
            MM += q * y * y
        Y, MY = M + a * P, MM + a * M
        return Moments(P, w * M, w * w * MM, w * Y, w * w * MY, MY + a * Y - P)
    P, D, end = 0.5 * math.erfc(abs(a) * SQRT_HALF), PHI0 * math.exp(-0.5 * a * a), 0.0
    if a < 0.0:
        P = 1.0 - P if b >= 0.0 else -P
    if b < math.inf:
        far, fb = 0.5 * math.erfc(abs(b) * SQRT_HALF), PHI0 * math.exp(-0.5 * b * b)
        P += far if b < 0.0 else -far
        D -= fb
        end = (b - a) * fb
    M, MY = w * D - A * P, w * w * (P - end)
    return Moments(P, M, MY - A * M, w * D, MY, a * D - end)


@inner
def proximal(x, p, V, low, high, j, loss, jet):
    """Return z in [low, high] of piece j with z - p + V rho'(z) = x, the nearest end where there is none."""
    z = min(max(x + p, low), high)
    for _ in range(200):
        at = piece_jet(j, z, loss, jet)
        excess = z - p + V * at.slope - x
        if excess > 0.0:
            high = z
        else:
            low = z
        step = -excess / (1.0 + V * at.bend)
        if abs(step) <= 4e-16 * abs(z):
            break
        new = z + step
        if not low < new < high and math.isfinite(low) and math.isfinite(high):
            new = 0.5 * (low + high)
        z = min(max(new, low), high)
        if low == high:
            break
    return z


@inner
def _closed_branch(sums, s, lo, width, t, at, c, z_slope, dead, noise):
    """Add 0 < |x| - lo < width with the score ``at.slope`` + c (|x| - lo), from 0 if ``dead``, and |t| from t on."""
    u, move = (0.0, 0.0) if dead else (at.slope, c)
    for i in range(noise.weights.size):
        w2 = s * s + noise.deviations[i] * noise.deviations[i]
        P, M, MM, Y, MY, excess = interval(lo, width, noise.centres[i], math.sqrt(w2))
        q = 2.0 * noise.weights[i]  # x < 0 has the same share
        by_s = q * s / w2
        U, U2, UY = u * P + c * M, u * u * P + 2.0 * u * c * M + c * c * MM, u * Y + c * MY
        sums[0] += q * U2
        sums[1] += q * c * P
        sums[3] += 2.0 * by_s * c * UY
        sums[4] -= 2.0 * q * c * U2
        sums[5] += 2.0 * q * move * U
        sums[6] += by_s * c * excess
        sums[7] -= q * c * UY / w2
        sums[8] += q * move * Y / w2
        if dead:
            sums[2] += q * at.slope * P
            sums[11] += q * at.bend * P
            sums[12] += q * P
        else:
            sums[2] += q * U
            sums[9] += by_s * c * Y
            sums[10] -= q * c * U
            sums[11] += q * c * P
        sums[13] += q * (at.value * P + at.slope * z_slope * M + 0.5 * at.bend * z_slope * z_slope * MM)
        sums[14] += q * (t * P + z_slope * M)


@inner
def _smooth_branch(sums, s, V, p, z, end, j, lo, hi, noise, loss, jet):
    """Add the branch lo < |x| < hi on which z runs through piece j.

    The nodes are points z, whose fields x need no inversion. A component that is narrow next to its centre would lose
    digits of x: its nodes are fields, along which z bends slowly where the component is narrow next to the loss too.
    """
    for i in range(noise.weights.size):
        w2, centre = s * s + noise.deviations[i] * noise.deviations[i], noise.centres[i]
        w = math.sqrt(w2)
        bottom, top = max(lo, centre - REACH * w), min(hi, centre + REACH * w)
        if not bottom < top:
            continue
        start = z if bottom == lo else proximal(bottom, p, V, z, end, j, loss, jet)
        straight = start > STRAIGHT * loss.smooth[j]
        narrow = NARROW * w < min(abs(centre), math.inf if straight else loss.smooth[j])
        panels = math.ceil((top - bottom) / (FIELD_PANEL * w))
        wide = (top - bottom) / panels
        for k in range(panels):
            left = bottom - centre + k * wide
            stop = proximal(bottom + (k + 1) * wide, p, V, start, end, j, loss, jet)
            parts = 1 if narrow else parts_of(start, stop, loss.smooth[j])
            half = 0.5 * (wide if narrow else (stop - start) / parts)
            for m in range(12 * parts):
                step = half * (2.0 * (m // 12) + 1.0 + NODES[m % 12])
                here = proximal(centre + left + step, p, V, start, stop, j, loss, jet) if narrow else start + step
                value, u, bend = piece_jet(j, here, loss, jet)
                jacobian = 1.0 + V * bend
                y = left + step if narrow else here - p + V * u - centre
                c = bend / jacobian
                q = 2.0 * PHI0 / w * noise.weights[i] * half * WEIGHTS[m % 12] * math.exp(-0.5 * y * y / w2)
                if not narrow:
                    q *= jacobian
                by_s = q * s / w2
                sums[0] += q * u * u
                sums[1] += q * c
                sums[2] += q * u
                sums[3] += 2.0 * by_s * c * u * y
                sums[4] -= 2.0 * q * c * u * u
                sums[5] += 2.0 * q * c * u
                sums[6] += by_s * c * (y * y / w2 - 1.0)
                sums[7] -= q * c * u * y / w2
                sums[8] += q * c * y / w2
                sums[9] += by_s * c * y
                sums[10] -= q * c * u
                sums[11] += q * c
                sums[13] += q * value
                sums[14] += q * (here - p)
            start = stop


@inner
def parts_of(start, stop, length):
    """Return into how many parts a panel from z = start to stop falls: fine where a loss may bend."""
    if min(abs(start), abs(stop)) > STRAIGHT * length and start * stop > 0.0:
        return 1
    return max(1, math.ceil(min(stop - start, 2.0 * STRAIGHT * length) / (LOSS_PANEL * length)))


@njit
def residual_channel(s, V, p, noise, loss, jet):
    """Return :class:`ResidualChannel` of x = xi + s z, xi a :class:`Mixture`."""
    sums, farthest, widest = np.zeros(15), 0.0, 0.0
    for i in range(noise.weights.size):
        farthest, widest = max(farthest, noise.centres[i]), max(widest, noise.deviations[i])
    reach = farthest + REACH * math.sqrt(s * s + widest * widest)
    j, z, reached, dead = piece_of(p, loss), p, 0.0, True
    while True:
        at, far, end = piece_jet(j, z, loss, jet), Jet(0.0, 0.0, 0.0), loss.borders[j + 1]
        lo, rest, width = z - p + V * reached, V * (at.slope - reached), math.inf
        if rest > 0.0:  # z stays at the zero residual, or at a kink
            flat = Jet(at.value, at.slope if dead else reached, at.bend)
            _closed_branch(sums, s, lo, rest, z - p, flat, 1.0 / V, 0.0, dead, noise)
        lo += rest
        if end < math.inf:
            far = end_jet(j, loss, jet)
            width = end - z + V * (far.slope - at.slope)
        if jet is not None and loss.smooth[j] > 0.0:
            _smooth_branch(sums, s, V, p, z, end, j, lo, lo + width, noise, loss, jet)
        else:
            stretch = 1.0 / (1.0 + V * at.bend)
            _closed_branch(sums, s, lo, width, z - p, at, at.bend * stretch, stretch, False, noise)
        if not lo + width <= reach:
            break
        j, z, reached, dead = j + 1, end, far.slope, False
    return ResidualChannel(
        sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], sums[8], sums[9], sums[10], sums[11],
        sums[12], sums[13], sums[14],
    )  # fmt: skip


@njit
def blurred(noise, tau, power):
    """Return the :class:`Mixture` tau xi + N(0, power)."""
    return Mixture(np.sqrt(tau * tau * noise.deviations * noise.deviations + power), noise.weights, tau * noise.centres)


@njit
def mean_abs(mixture):
    """Return E|x| of a :class:`Mixture` (eq-family-risk)."""
    total = 0.0
    for i in range(mixture.weights.size):
        w, centre = mixture.deviations[i], abs(mixture.centres[i])
        size = centre
        if w > 0.0:
            a = centre / w
            size = w * SQRT_2_OVER_PI * math.exp(-0.5 * a * a) + centre * math.erf(a * SQRT_HALF)
        total += mixture.weights[i] * size
    return total


@inner
def _label_node(sums, x, q, u, c, value, sigma, iota, tau, dead, D, D_p, kappa, Q):
    """Add one node of weight q = dx/sqrt(2 pi Q): score u in e = sigma (x - x0), so that -d loss/dx = -sigma u."""
    y = x / math.sqrt(Q)
    density = 2.0 * q * math.exp(-0.5 * y * y)
    w = density * 0.5 * math.erfc(-kappa * y * SQRT_HALF)
    h = density * PHI0 * math.exp(-0.5 * kappa * kappa * y * y)
    g, ky = -sigma * u, kappa * y
    g_p, g_Q = -sigma * tau * c, -0.5 * c * x  # in log Q
    sums[0] += w * g * g
    sums[1] += h * g
    sums[2] += w * c
    sums[4] += h * ky * g * g
    sums[5] += 2.0 * w * g * g_Q
    sums[6] -= 2.0 * w * c * g * g
    sums[7] += 2.0 * w * g * g_p
    sums[8] -= h * ky * ky * g
    sums[9] += h * g_Q
    sums[10] -= h * c * g
    sums[11] += h * g_p
    sums[12] += h * ky * g * x  # E g x and its derivatives, from which those of a follow
    sums[13] += w * x * (g_Q + 0.5 * g)
    sums[14] -= w * c * g * x
    sums[15] += w * g_p * x
    sums[16] += w * g * x
    if dead:
        sums[3] += w * D
        sums[17] += h * ky * D
        sums[20] += w * D_p
        sums[21] += w
    else:
        D = iota * u
        sums[3] += w * D
        sums[17] += h * ky * D
        sums[18] += w * iota * sigma * 0.5 * c * x
        sums[19] -= w * c * D
        sums[20] += w * c
    sums[22] += w * value
    sums[23] += w * g


@inner
def _label_branch(sums, lo, room, z, end, j, flat, dead, reached, at, V, shift, kappa, Q, margin, loss, jet):
    """Add the branch 0 < e - lo < room of the field e, the margin or the size of the residual 1 - x."""
    width = math.sqrt(Q)
    closed = flat or jet is None or loss.smooth[j] == 0.0
    bend = 0.0 if flat else at.bend
    c = 1.0 / V if flat else bend / (1.0 + V * bend)
    iota, tau = (-1.0, -1.0) if margin else (1.0, 0.0 if dead else 1.0)
    for side in range(1 if margin else 2):
        sigma, x0 = (1.0, 0.0) if margin else (2.0 * side - 1.0, 1.0)
        # Phi(kappa y) leaves nothing far below zero, bends within 1/kappa of it and is 1 above
        fine = width / math.sqrt(1.0 + kappa * kappa)
        ends = sigma * (-REACH * fine - x0) - lo, sigma * (REACH * width - x0) - lo
        bottom, top = max(0.0, min(ends)), min(room, max(ends))
        if not bottom < top:
            continue
        turn = min(max(sigma * (REACH * width / max(kappa, 1.0) - x0) - lo, bottom), top)
        start = z
        if not closed and bottom > 0.0:
            start = proximal(lo + bottom, shift, V, z, end, j, loss, jet)
        for part in range(2):
            left, right = (turn, top) if part else (bottom, turn)
            panels = math.ceil((right - left) / (FIELD_PANEL * (fine if (sigma > 0.0) == (part == 0) else width)))
            long = (right - left) / max(panels, 1)
            for panel in range(panels):
                parts, stop = 1, start
                if not closed:
                    stop = proximal(lo + left + (panel + 1.0) * long, shift, V, start, end, j, loss, jet)
                    parts = parts_of(start, stop, loss.smooth[j])
                half = 0.5 * (long if closed else (stop - start)) / parts
                for m in range(12 * parts):
                    step = half * (2.0 * (m // 12) + 1.0 + NODES[m % 12])
                    q = PHI0 / width * half * WEIGHTS[m % 12]
                    if closed:
                        e = left + panel * long + step
                        u = reached + c * e
                        y = 0.0 if flat else e / (1.0 + V * bend)
                        value = at.value + at.slope * y + 0.5 * bend * y * y
                        e += lo
                    else:
                        value, u, b = piece_jet(j, start + step, loss, jet)
                        e = start + step - shift + V * u
                        q *= 1.0 + V * b
                        c = b / (1.0 + V * b)
                    x = x0 + sigma * e
                    _label_node(sums, x, q, u, c, value, sigma, iota, tau, dead, at.slope, at.bend, kappa, Q)
                start = stop


@inner
def _label_line(sums, V, p, kappa, Q, loss, jet):
    """Add all margins where the loss is smooth everywhere, by the trapezoidal rule in v, z = middle + unit sinh v.

    At the middle x = 0. The line of integration may move by d into the plane, at an error exp(-2 pi d/step), where the
    integrand stays analytic and within some e^10 of its size: as far as d <= 0.7, d dz/dv is below half the distance
    of z from the loss's poles, so that its curvature grows by at most tan(pi/4)/(pi/4), and d dx/dv below
    sqrt(x^2 + 20 s^2), s the finest scale of the density.
    """
    width = math.sqrt(Q)
    fine, poles = width / math.sqrt(1.0 + kappa * kappa), 0.5 * math.pi * loss.smooth[0]
    low = proximal(-LINE_REACH * fine, -p, V, -math.inf, math.inf, 0, loss, jet)
    middle = proximal(0.0, -p, V, low, math.inf, 0, loss, jet)
    high = proximal(LINE_REACH * width, -p, V, middle, math.inf, 0, loss, jet)
    unit, shift, first, last = 1.0, LINE_SHIFT, 0.0, 0.0
    for i in range(LINE_PROBES + 1):
        v = first + (last - first) * (i - 1) / (LINE_PROBES - 1)
        z = middle + unit * math.sinh(v)
        at = piece_jet(0, z, loss, jet)
        x, bent = z + p + V * at.slope, 1.0 + 4.0 / math.pi * V * at.bend
        most = min(0.5 * math.hypot(z, poles), math.sqrt(x * x + 20.0 * fine * fine) / bent)
        if i == 0:
            unit = most / LINE_SHIFT
            first, last = math.asinh((low - middle) / unit), math.asinh((high - middle) / unit)
        shift = min(shift, most / (unit * math.cosh(v)))
    count = math.ceil((last - first) / (shift * LINE_STEP))
    step = (last - first) / count
    for i in range(count + 1):
        grown = math.exp(first + i * step)
        value, slope, bend = piece_jet(0, middle + 0.5 * unit * (grown - 1.0 / grown), loss, jet)
        bent = 1.0 + V * bend
        q = PHI0 / width * step * 0.5 * unit * (grown + 1.0 / grown) * bent
        x = middle + 0.5 * unit * (grown - 1.0 / grown) + p + V * slope
        _label_node(sums, x, q, slope, bend / bent, value, 1.0, -1.0, -1.0, False, 0.0, 0.0, kappa, Q)


@inner
def _label_branches(sums, kappa, Q, V, p, margin, loss, jet):
    """Add all branches of a loss with kinks."""
    reach = REACH * math.sqrt(Q) + 1.0
    if margin:
        shift, j, dead = -p, 0, False
        z = loss.borders[1]
        reached = math.inf if z == math.inf else end_jet(0, loss, jet).slope
        if z + p + V * reached > -reach:
            z = proximal(-reach, shift, V, -math.inf, z, 0, loss, jet)
            reached = piece_jet(0, z, loss, jet).slope
        else:  # no sample comes from further down, from where slopes at the kink would lose digits for large V
            j = 1
            reached = min(max(reached, (shift - z - reach) / V), piece_jet(j, z, loss, jet).slope)
    else:
        shift, j, z, reached, dead = p, piece_of(p, loss), p, 0.0, True
    while True:
        at, far, end = piece_jet(j, z, loss, jet), Jet(0.0, 0.0, 0.0), loss.borders[j + 1]
        lo, rest, room = z - shift + V * reached, V * (at.slope - reached), math.inf
        if rest > 0.0:
            _label_branch(sums, lo, rest, z, z, j, True, dead, reached, at, V, shift, kappa, Q, margin, loss, jet)
        lo += rest
        if end < math.inf:
            far = end_jet(j, loss, jet)
            room = end - z + V * (far.slope - at.slope)
        _label_branch(sums, lo, room, z, end, j, False, False, at.slope, at, V, shift, kappa, Q, margin, loss, jet)
        if not lo + room <= reach:
            break
        j, z, reached, dead = j + 1, end, far.slope, False


@njit
def label_channel(kappa, Q, V, p, margin, loss, jet):
    """Return :class:`LabelChannel` of x = y f, whose density is 2 Phi(kappa x/sqrt Q) times that of N(0, Q)."""
    sums = np.zeros(24)
    if jet is not None and margin and loss.borders[1] == math.inf and loss.smooth[0] > 0.0:
        _label_line(sums, V, p, kappa, Q, loss, jet)
    else:
        _label_branches(sums, kappa, Q, V, p, margin, loss, jet)
    root = kappa * math.sqrt(Q)
    return LabelChannel(
        sums[0], sums[1], sums[2], sums[3],
        sums[4], sums[5], sums[6], sums[7],
        sums[8], sums[9], sums[10], sums[11],
        (root * (sums[1] + sums[8]) - sums[12]) / Q,
        (root * (0.5 * sums[1] + sums[9]) - sums[13]) / Q - sums[2],
        (root * sums[10] - sums[14]) / Q,
        (root * sums[11] - sums[15]) / Q,
        sums[17], sums[18], sums[19], sums[20],
        sums[21], sums[22],
        math.sqrt(Q) * kappa / math.sqrt(1.0 + kappa * kappa) * SQRT_2_OVER_PI + V * sums[23],
    )  # fmt: skip


@inner
def _owen(h, a):
    """Return Owen's T(h, a), 0 <= a <= 1: an integral over the angle."""
    angle, total = math.atan(a), 0.0
    for i in range(48):
        theta = angle * ((i // 12) + 0.5 * (1.0 + NODES[i % 12])) / 4.0
        secant = h / math.cos(theta)
        total += WEIGHTS[i % 12] * math.exp(-0.5 * secant * secant)
    return total * angle / (16.0 * math.pi)


@njit
def share_below(h, kappa):
    """Return the integral of 2 Phi(kappa y) phi(y) up to h: Phi(h) - 2 T(h, kappa), kappa >= 0."""
    Phi = 0.5 * math.erfc(-h * SQRT_HALF)
    if kappa <= 1.0:
        return Phi - 2.0 * _owen(h, kappa)
    other = 0.5 * math.erfc(-kappa * h * SQRT_HALF)
    # T(h, kappa) + T(kappa h, 1/kappa) = (Phi(h) + Phi(kappa h))/2 - Phi(h) Phi(kappa h)
    return 2.0 * _owen(kappa * h, 1.0 / kappa) + other * (2.0 * Phi - 1.0)


@inner
def _slope_below(z, loss, jet):
    """Return the slope of a loss just below z."""
    j = 0
    while loss.borders[j + 1] < z:
        j += 1
    return (end_jet(j, loss, jet) if loss.borders[j + 1] == z else piece_jet(j, z, loss, jet)).slope


@inner
def _field_below(target, V, p, margin, loss, jet):
    """Return the margin x whose sample ends at y f = target, the least one of them."""
    if margin:
        z = target - p
        return target + V * _slope_below(z, loss, jet)
    t = target - 1.0
    if t > 0.0:
        return target + V * _slope_below(t + p, loss, jet)
    return target - V * piece_jet(piece_of(p - t, loss), p - t, loss, jet).slope


@njit
def label_statistics(kappa, Q, V, p, margin, loss, jet):
    """Return :class:`LabelStatistics`; samples that rest at a kink are not below it."""
    width = math.sqrt(Q)
    size = label_channel(kappa, Q, V, p, margin, loss, jet).size
    error = share_below(_field_below(0.0, V, p, margin, loss, jet) / width, kappa)
    return LabelStatistics(size, error, share_below(_field_below(p, V, p, margin, loss, jet) / width, kappa))
