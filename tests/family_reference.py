"""The equations of every loss and norm by rigorous quadrature at 30 digits, in the form of docs/family.

Nothing is shared with the engine: proximal maps are written out loss by loss, slopes of scores follow from Stein's
lemma, averages over the spectrum are integrals over its density.
"""

import math
from itertools import pairwise

from flint import acb, arb, ctx

DIGITS = 30
#: Standard deviations beyond which nothing is left of a Gaussian, at 30 digits.
FAR = 13


def integral(f, ends):
    """Return the integral of an analytic function over consecutive intervals."""
    ends = [arb(end) for end in ends]
    return sum((acb.integral(lambda z, _: f(z), a, b) for a, b in pairwise(ends)), acb(0)).real


def between(low, high, *marks):
    """Return sorted ends of intervals from low to high with those marks that lie inside."""
    return [low, *sorted(mark for mark in map(arb, marks) if low < mark < high), high]


def normal(x, variance):
    return (-x * x / (2 * variance)).exp() / (2 * arb.pi() * variance).sqrt()


def distribution(x):
    return (-x / arb(2).sqrt()).erfc() / 2


def residual_pieces(loss, V, p):
    """Return (end, u, rho') of the score u(e) of a residual of size e, piece after piece."""
    delta = {"square": arb("inf"), "huber": loss.borders[1], "absolute": arb(0)}[loss_name(loss)]
    if delta == 0:
        delta, unit = arb(0), arb(1)
    else:
        unit = arb(delta)
    low = arb(p) if loss_name(loss) != "absolute" and p < delta else unit
    pieces = [(V * low, lambda e: e / V, lambda e: acb(low))]
    if loss_name(loss) != "absolute" and p < delta:
        rise = lambda e: (e - V * p) / (1 + V) + p  # noqa: E731
        pieces.append((arb("inf") if delta == math.inf else delta - p + V * delta, rise, rise))
    if delta != math.inf:
        pieces.append((arb("inf"), lambda e: acb(unit), lambda e: acb(unit)))
    return pieces


def loss_name(loss):
    if loss.smooth[0] > 0.0:
        return "logistic"
    if loss.borders[0] == -math.inf:
        return "hinge"
    if loss.borders.size == 3:
        return "huber"
    return "square" if loss.bend[0] == 1.0 else "absolute"


def over_pieces(pieces, value, weight, bottom, top):
    """Return the integral over the size e > 0 of a residual of value(e, u, rho') weight(e) from bottom to top."""
    total, low = arb(0), bottom if bottom > 0 else arb(0)
    for end, u, slope in pieces:
        high = end if end < top else arb(top)
        if high > low:
            ends = between(low, high, *(bottom + (top - bottom) * i / 16 for i in range(1, 16)))
            total += integral(lambda e, u=u, slope=slope: value(e, u(e), slope(e)) * weight(e), ends)
            low = high
    return total


def residual_channel(s, V, p, setting):
    """Return b^2, a, E rho'."""
    pieces = residual_pieces(setting.loss, V, p)
    sums = [arb(0)] * 3
    for deviation, share, centre in zip(*(map(float, column) for column in setting.noise), strict=True):
        w2 = s * s + arb(deviation) ** 2
        width, density = FAR * w2.sqrt(), lambda e, w2=w2, centre=centre: normal(e - centre, w2)
        values = (lambda e, u, D: u * u, lambda e, u, D, w2=w2, c=centre: u * (e - c) / w2, lambda e, u, D: D)
        for i, value in enumerate(values):
            # half of an even law
            sums[i] += 2 * share * over_pieces(pieces, value, density, centre - width, centre + width)
    return sums


def label_channel(kappa, Q, V, p, setting):
    """Return b^2, S mhat, E g x, E |u| in the worst case, for scores -dloss/dx = g."""
    width = Q.sqrt()
    fine = width / (1 + kappa * kappa).sqrt()

    def averaged(value, ends, x_of=lambda x: x, stretch=lambda x: 1):
        def density(z, h):
            x = x_of(z)
            y = kappa * x / width
            return 2 * (normal(y, arb(1)) if h else distribution(y)) * normal(x, Q) * stretch(z)

        return [integral(lambda z, i=i: value[i](z) * density(z, i == 1), ends) for i in range(4)]

    low, high = -FAR * fine, FAR * width
    marks = [0, *(sign * i * scale for sign in (-1, 1) for i in (1, 3, 6) for scale in (fine, width))]
    name = loss_name(setting.loss)
    if name == "logistic":
        g = lambda z: 1 / (1 + z.exp())  # noqa: E731
        x_of = lambda z: z + p - V * g(z)  # noqa: E731
        shift, step = float(p), float(V)
        ends = [
            inverse(lambda z: z + shift - step / (1 + math.exp(min(z, 700.0))), float(x))
            for x in between(low, high, *marks)
        ]
        ends = sorted({*ends, *(z for z in (-6.0, -2.0, 0.0, 2.0, 6.0) if ends[0] < z < ends[-1])})
        values = (lambda z: g(z) ** 2, g, lambda z: g(z) * x_of(z), g)
        return averaged(values, ends, x_of, lambda z: 1 + V * g(z) * (1 - g(z)))
    sums = [arb(0)] * 4
    if name == "hinge":
        inside, whole = p + 1 - V, p + 1
        parts = [(low, inside, lambda x: acb(1)), (max(low, inside), whole, lambda x: (1 + p - x) / V)]
        for start, end, g in parts:
            if min(end, high) > start:
                ends = between(start, min(end, high), *marks)
                part = averaged((lambda x, g=g: g(x) ** 2, g, lambda x, g=g: g(x) * x, g), ends)
                sums = [a + b for a, b in zip(sums, part, strict=True)]
        return sums
    for sign in (-1, 1):
        start = arb(0)
        for end, u, slope in residual_pieces(setting.loss, V, p):
            top = min(end, max(sign * (low - 1), sign * (high - 1)))
            if top > start:
                # x = 1 + sign e, g = -sign u
                ends = sorted(between(*sorted((1 + sign * start, 1 + sign * top), key=float), *marks), key=float)
                size = lambda x, sign=sign: sign * (x - 1)  # noqa: E731
                values = (
                    lambda x, u=u, size=size: u(size(x)) ** 2,
                    lambda x, u=u, size=size, sign=sign: -sign * u(size(x)),
                    lambda x, u=u, size=size, sign=sign: -sign * u(size(x)) * x,
                    lambda x, slope=slope, size=size: slope(size(x)),
                )
                part = averaged(values, ends)
                sums = [a + b for a, b in zip(sums, part, strict=True)]
                start = top
    return sums


def inverse(function, target):
    """Return where an increasing function of floats takes a value, roughly."""
    low, high = -1.0, 1.0
    while function(low) > target:
        low *= 2.0
    while function(high) < target:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return high


def spectral(p, a, k, mhat, b2):
    """Return V, the overlap, Q and r^2 under l2 attacks by integrals over the Marchenko-Pastur density."""
    root = p.psi1.sqrt()

    def mean(f):
        def integrand(angle):
            x = (1 - root) ** 2 + 4 * root * (angle / 2).sin() ** 2
            return f(x) * 2 * angle.sin() ** 2 / (arb.pi() * x)

        # the density is steep at small x where psi1 is near 1
        total = integral(integrand, [0, *(arb.pi() / 2**i for i in range(30, -1, -1))])
        return total + ((1 - 1 / p.psi1) * f(acb(0)).real if p.psi1 > 1 else 0)

    sigma, metric = (lambda x: p.c * x + p.mu), (lambda x: p.c * x + p.rho2)
    H = lambda x: a * sigma(x) + k * metric(x) + p.ridge  # noqa: E731
    part = p.psi1 * p.c * p.signal
    return (
        p.R * mean(lambda x: sigma(x) / H(x)),
        mhat * part * mean(lambda x: x / H(x)),
        mhat**2 * part * mean(lambda x: x * sigma(x) / H(x) ** 2)
        + b2 * p.R * mean(lambda x: sigma(x) ** 2 / H(x) ** 2),
        mhat**2 * part * mean(lambda x: x * metric(x) / H(x) ** 2)
        + b2 * p.R * mean(lambda x: sigma(x) * metric(x) / H(x) ** 2),
    )


def coordinates(p, norm, a, mhat, b2, gamma, r, t, zeta):
    """Return V, the overlap, Q, r and both equations that are left, as ratios, under l_p attacks."""
    q = arb(norm.exponent)
    s, T = p.rho2.sqrt() * t, zeta**2 * p.c * t**2 + b2 * p.R / p.psi1
    penalty, A = gamma * r ** (1 - q) / q, a + zeta
    top = (q / 2 * arb(2).log()).exp() * ((1 + q) / 2).gamma() / arb.pi().sqrt()

    def powers(alpha):
        """Return e and its first two derivatives in alpha."""
        u = alpha / s
        if q == 1:
            density = (-u * u / 2).exp() / (2 * arb.pi()).sqrt()
            sign = (u / arb(2).sqrt()).erf()
            return alpha * sign + 2 * s * density, sign, 2 * density / s
        x = -u * u / 2
        e = top * x.hypgeom_1f1(-q / 2, arb(0.5))
        bend = top * q * x.hypgeom_1f1(1 - q / 2, arb(0.5))  # of e in u: e'' = q e - u e'
        return s**q * e, s ** (q - 1) * top * q * u * x.hypgeom_1f1(1 - q / 2, arb(1.5)), s ** (q - 2) * bend

    chi = overlap = A2 = e = es = arb(0)
    floats = float(A), float(penalty)
    for share, deviation, centre in zip(norm.shares, norm.deviations, norm.centres, strict=True):
        slope, mean = p.signal.sqrt() * float(deviation), mhat * p.signal.sqrt() * float(centre)
        S2 = mhat**2 * slope**2 + T
        S = S2.sqrt()

        def field(alpha):
            return floats[0] * alpha + floats[1] * float(powers(acb(alpha))[1].real)

        ends = sorted(inverse(field, float(mean) + step * float(S)) for step in (-13, -7, -4, -2, 0, 2, 4, 7, 13))
        marks = (float(s) * step for step in (-4, -1, 0, 1, 4))
        ends = sorted({*ends, *(mark for mark in marks if ends[0] < mark < ends[-1])})

        def average(value, mean=mean, S2=S2, ends=ends):
            def integrand(alpha):
                f, f1, f2 = powers(alpha)
                offset = A * alpha + penalty * f1 - mean
                return value(alpha, offset, f, f1) * normal(offset, S2) * (A + penalty * f2)

            return integral(integrand, ends)

        w = float(share)
        first = average(lambda alpha, offset, f, f1: alpha * offset) / S2
        chi += w * first
        along = p.signal.sqrt() * float(centre) * average(lambda alpha, offset, f, f1: alpha)
        overlap += w * (along + mhat * slope**2 * first)
        A2 += w * average(lambda alpha, offset, f, f1: alpha**2)
        e += w * average(lambda alpha, offset, f, f1: f)
        es += w * average(lambda alpha, offset, f, f1: (q * f - alpha * f1) / s)
    w2 = A2 + p.c * t**2 * (1 - 2 * zeta * chi)
    linear = zeta * p.c * p.psi1
    return (
        p.R / p.psi1 * (chi + p.mu / (zeta * p.c)),
        overlap,
        A2 + p.mu * t**2,
        (e.log() / q).exp(),
        (b2 * p.mu * p.R + p.c * p.psi1 * zeta**2 * w2) / (linear * t) ** 2,
        (a * p.mu + p.ridge + zeta * p.c * (1 - zeta * chi) + penalty * p.rho2.sqrt() * es / t) / linear,
    )


def residual(x, p, setting):
    """Return the largest relative residual of the equations at the unknowns x."""
    with _digits():
        p = type(p)(*(arb(float(value)) for value in p))
        values = [arb(float(value)).exp() for value in x]
        if setting.noise is not None:
            s, r, V = values[:3]
            b2, a, g = residual_channel(s, V, p.eps * r, setting)
            mhat = a
        else:
            kappa, Q, r, V = values[:4]
            b2, h, gx, g = label_channel(kappa, Q, V, p.eps * r, setting)
            S = ((p.signal + p.noise) / (1 + kappa**2)).sqrt()
            mhat, m = h / S, kappa * S * Q.sqrt()
            a = (mhat * m - gx) / Q
        gamma = p.eps * g
        if setting.norm is None:
            k = gamma / r + p.penalty
            V2, m2, Q2, r2 = spectral(p, a, k, mhat, b2)
            ratios = [V2 / V, r2 / r**2]
        else:
            V2, m2, Q2, r2, *rest = coordinates(p, setting.norm, a, mhat, b2, gamma, r, *values[-2:])
            ratios = [V2 / V, r2 / r, *rest]
        ratios += [(p.signal - 2 * m2 + Q2) / s**2] if setting.noise is not None else [m2 / m, Q2 / Q]
        assert max(float(ratio.rad()) for ratio in ratios) < 1e-14
        return max(abs(float(ratio - 1)) for ratio in ratios)


class _digits:
    def __enter__(self):
        self.before, ctx.dps = ctx.dps, DIGITS

    def __exit__(self, *_):
        ctx.dps = self.before
