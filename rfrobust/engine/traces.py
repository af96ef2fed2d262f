"""Spectral averages over W W' that every limit depends on (docs/theory, "Traces": eq-z, eq-shares, eq-traces).

With c = mu1^2, mu = mu2^2 and x a random eigenvalue of W W' (N x N),

    Sigma = c x + mu,   J^2 = c x + rho^2,   H = Sigma + k J^2 + l = (1 + k) c (x + z),
    z = zeta / ((1 + k) c),   zeta = mu + k rho^2 + l.

All averages are returned as sums and ratios of positive terms, so that they keep relative accuracy over the
whole range of the parameters. An even activation (c = 0) is the limit z = inf.
"""

import math

from ..support.jit import njit


@njit
def marchenko_pastur(z, psi1):
    """Moments of x/(x+z) and z/(x+z) under the Marchenko-Pastur law of W W', cancellation-free.

    With Q = sqrt((z + 1 - psi1)^2 + 4 psi1 z) and the resolvents s_j = E (x+z)^-j (eq-mp, eq-mp-shares, eq-mp-third),
    returns ``f = E x/(x+z)``, ``o1 = z s1``, second-order moments ``e2 = E x^2/(x+z)^2``,
    ``oe = z E x/(x+z)^2``, ``o2 = z^2 s2``, third-order moments
    ``E x^3/(x+z)^3, z E x^2/(x+z)^3, z^2 E x/(x+z)^3, z^3 E 1/(x+z)^3``, and ``t2 = z^2 E 1/(x'+z)^2`` over
    the eigenvalues x' of W' W (d x d).
    """
    total = 1.0 + psi1
    edge = (1.0 - psi1) * (1.0 - psi1)
    b = z + (1.0 - psi1)
    Q = math.sqrt(z * z + 2.0 * z * total + edge)
    if b >= 0.0:
        inverse_s1 = 0.5 * (Q + b)
        o1 = z / inverse_s1
    else:
        inverse_s1 = 2.0 * psi1 * z / (Q - b)
        o1 = (Q - b) / (2.0 * psi1)
    gap = (2.0 * z * total + edge) / (Q + z)  # Q - z
    f = 2.0 / (Q + z + total)
    e1 = f / Q
    e2 = e1 * gap
    o2 = o1 * o1 * (inverse_s1 + psi1) / Q
    t2 = inverse_s1 * inverse_s1 / ((inverse_s1 + psi1) * Q)
    half = e1 / (2.0 * Q * Q)
    m3 = half * (z * total * (4.0 * Q + z) * gap + edge * (2.0 * Q * gap - z * z)) / (Q + z)
    m21 = z * half * (Q * gap + z * total + edge)
    m12 = z * z * half * (Q + z + total)
    m03 = o2 * (z + 2.0 * psi1 * o1 - psi1 * o2) / Q
    return f, o1, e2, z * e1, o2, m3, m21, m12, m03, t2


@njit
def discrete(z, psi1, atoms, weights):
    """Return the moments of :func:`marchenko_pastur` for a law with the given atoms and weights."""
    f = o1 = e2 = oe = o2 = m3 = m21 = m12 = m03 = 0.0
    null = 1.0  # mass at zero of the law of W' W
    t2 = 0.0
    for i in range(atoms.size):
        x = atoms[i]
        w = weights[i]
        if x == 0.0:
            o1 += w
            o2 += w
            m03 += w
            continue
        p = x / (x + z)
        o = z / (x + z)
        f += w * p
        o1 += w * o
        e2 += w * p * p
        oe += w * p * o
        o2 += w * o * o
        m3 += w * p * p * p
        m21 += w * p * p * o
        m12 += w * p * o * o
        m03 += w * o * o * o
        null -= psi1 * w
        t2 += psi1 * w * o * o
    return f, o1, e2, oe, o2, m3, m21, m12, m03, t2 + max(null, 0.0)


@njit
def moments(z, psi1, atoms, weights):
    """Return the spectral moments at z; an empty list of atoms stands for the Marchenko-Pastur law."""
    if z == math.inf:
        return 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0
    if atoms.size == 0:
        if z == 0.0:  # linear features without ridge: only the mass at zero counts, also at psi1 = 1
            f = min(1.0, 1.0 / psi1)
            null = 1.0 - f
            return f, null, f, 0.0, null, f, 0.0, 0.0, null, max(1.0 - psi1, 0.0)
        return marchenko_pastur(z, psi1)
    return discrete(z, psi1, atoms, weights)


@njit
def traces(k, l, psi1, c, mu, rho2, signal, atoms, weights):
    """Return the averages of docs/theory (eq-traces, eq-bias) at (k, l) with their derivatives in k and in l.

    Values, in order: ``E1 = E Sigma/H``, ``E1c = E (k J^2 + l)/H = 1 - E1``,
    ``Tc = E Sigma (k J^2 + l)/H^2``, ``Qr = E Sigma J^2/H^2``, ``P = signal psi1 c E x J^2/H^2`` and the
    part of the risk that does not come from the training noise,
    ``B = signal (1 - 2 psi1 c E x/H + psi1 c E x Sigma/H^2)``. Then d/dk of the six (for E1c only the sign
    differs from E1, so it is left out), then d/dl.
    """
    K = 1.0 / (1.0 + k)
    rest = k * rho2 + l
    zeta = mu + rest
    z = zeta * K / c if c > 0.0 else math.inf
    f, o1, e2, oe, o2, m3, m21, m12, m03, t2 = moments(z, psi1, atoms, weights)
    if zeta > 0.0:
        inv = 1.0 / zeta
        rest_share = rest * inv
    else:  # linear features without ridge: H is singular off the range of W W', where Sigma vanishes too
        inv = 0.0
        rest_share = 1.0
    am = mu * inv
    ar = rho2 * inv
    # first and second order: E cx/H, E (cx)^2/H^2, zeta E cx/H^2, zeta^2 E 1/H^2
    x1 = K * f
    x2 = K * K * e2
    xo = K * oe
    E1 = x1 + am * o1
    E1c = k * x1 + rest_share * o1
    Q2 = x2 + (am + ar) * xo + am * ar * o2
    S1 = inv * (xo + am * o2)  # E Sigma/H^2
    Tc = k * Q2 + l * S1
    P = signal * psi1 * (x2 + ar * xo)
    B = signal * (k * k * psi1 * x2 + 2.0 * k * psi1 * xo + t2 + psi1 * am * xo)
    # third order: E (cx)^3/H^3, zeta E (cx)^2/H^3, zeta^2 E cx/H^3, zeta^3 E 1/H^3
    y3 = K * K * K * m3
    y21 = K * K * m21
    y12 = K * m12
    ay = rest_share  # (k rho^2 + l)/zeta
    # Y = k J^2 + l = k cx + rest;  Sigma - Y = (1 - k) cx + mu - rest
    g1 = 1.0 - k
    g0 = am - ay
    # E Sigma (Sigma - Y)/H^3 and E Sigma J^2 (Sigma - Y)/H^3
    dTc_l = inv * (g1 * y21 + (g0 + am * g1) * y12 + am * g0 * m03)
    dTc_k = g1 * y3 + (g0 + g1 * (am + ar)) * y21 + (g0 * (am + ar) + g1 * am * ar) * y12 + g0 * am * ar * m03
    dQ_l = -2.0 * inv * (y21 + (am + ar) * y12 + am * ar * m03)
    dQ_k = -2.0 * (y3 + (am + 2.0 * ar) * y21 + (2.0 * am * ar + ar * ar) * y12 + am * ar * ar * m03)
    dP_l = -2.0 * signal * psi1 * inv * (y21 + ar * y12)
    dP_k = -2.0 * signal * psi1 * (y3 + 2.0 * ar * y21 + ar * ar * y12)
    dB_l = 2.0 * signal * psi1 * inv * (k * y21 + ay * y12)
    dB_k = 2.0 * signal * psi1 * (k * y3 + (ay + k * ar) * y21 + ay * ar * y12)
    return (
        (E1, E1c, Tc, Q2, P, B),
        (-Q2, dTc_k, dQ_k, dP_k, dB_k),
        (-S1, dTc_l, dQ_l, dP_l, dB_l),
    )
