"""The two equations (I), (II) of docs/theory (eq-I, eq-II) with their Jacobian, in the variables (log q, log V).

Equation (I) gives k in closed form, so that the unknowns are q and V only, and what is left to solve is

    F1 = log(q^2 v) - log(eps^2 r^2)                                      (II)
    F2 = log D - log((psi1/psi2) E Sigma/H) + log(left) - log(right)      (definition of k)

where left = right is the complement of D = (psi1/psi2) E Sigma/H, namely (psi1/psi2) E (k J^2 + l)/H =
psi1/psi2 - 1 + p1/(1+V) (eq-k-complement): where D -> 1, D alone carries no digits of 1 - D. The
denominator of the risk is free of cancellation in the form

    1 - g (psi1/psi2) E Sigma^2/H^2 = (D U + G T)/D^2,   G = A + B (V/(1+V))^2,
    U = D - G = (s m + p1 V)/(1+V)^2,                    T = (psi1/psi2) E Sigma (k J^2 + l)/H^2,

every term of which is nonnegative (docs/theory, "A form without cancellation": eq-k-eliminated to eq-v-r).
"""

import math

from ..support.jit import njit
from .traces import traces

SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)
PHI0 = 1.0 / math.sqrt(2.0 * math.pi)


@njit
def gaussian_parts(s):
    """Return p0 = P(|z| < s), p1 = 1 - p0, the density phi(s), m = E(|z| - s)_+ and A = E z^2 1{|z| < s}.

    Each keeps its relative accuracy: p1 and m for large s, p0 and A for small s.
    """
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
    return p0, p1, phi, max(2.0 * phi - s * p1, 0.0), A


@njit
def residuals(log_q, log_V, psi1, R, eps, noise, ridge, c, mu, rho2, signal, atoms, weights):
    """Return (F1, F2), their Jacobian and the state (q, V, k, D, v, r^2) at one point.

    ``R = psi1/psi2``, ``noise = tau^2``; the moments are ``c = mu1^2``, ``mu = mu2^2``, ``rho2 = rho^2``.
    """
    q = math.exp(log_q)
    V = math.exp(log_V)
    s = q * V
    y = 1.0 / (1.0 + V)
    w = V * y
    p0, p1, phi, m, A = gaussian_parts(s)

    # scalar functions of (q, V); suffixes _q and _V are derivatives in log q and log V
    D = p0 + p1 * w
    shared = 2.0 * s * phi * y
    D_q = shared
    D_V = shared + p1 * w * y
    n1 = m * y + q
    n1_q = q - s * p1 * y
    n1_V = -s * p1 * y - m * w * y
    Bq = p1 + 2.0 * s * phi + 4.0 * q * phi + q * q * p1
    G = A + Bq * w * w
    G_q = (4.0 * q * phi + 2.0 * q * q * p1) * w * w
    G_V = 2.0 * Bq * w * w * y
    U = (s * m + p1 * V) * y * y
    slope = s * (m - s * p1 - 2.0 * phi * V) * y * y
    U_q = slope
    U_V = slope + p1 * w * y - 2.0 * U * w

    ratio = V / D  # 1/a
    k = eps * eps * n1 * ratio / q  # equation (I)
    l = ridge * ratio
    k_q = k * (n1_q / n1 - 1.0 - D_q / D)
    k_V = k * (n1_V / n1 + 1.0 - D_V / D)
    l_q = -l * D_q / D
    l_V = l * (1.0 - D_V / D)

    value, by_k, by_l = traces(k, l, psi1, c, mu, rho2, signal, atoms, weights)
    E1, E1c, Tc, Qr, P, B = value
    E1_q = by_k[0] * k_q + by_l[0] * l_q
    E1_V = by_k[0] * k_V + by_l[0] * l_V
    T = R * Tc
    T_q = R * (by_k[1] * k_q + by_l[1] * l_q)
    T_V = R * (by_k[1] * k_V + by_l[1] * l_V)
    Q = R * Qr
    Q_q = R * (by_k[2] * k_q + by_l[2] * l_q)
    Q_V = R * (by_k[2] * k_V + by_l[2] * l_V)
    P_q = by_k[3] * k_q + by_l[3] * l_q
    P_V = by_k[3] * k_V + by_l[3] * l_V
    B_q = by_k[4] * k_q + by_l[4] * l_q
    B_V = by_k[4] * k_V + by_l[4] * l_V

    # v = NV D^2 / X and r^2 = P + NV G Q / X, so that (II) reads q^2 NV D^2 = eps^2 (P X + NV G Q)
    NV = noise + B
    X = D * U + G * T
    X_q = D_q * U + D * U_q + G_q * T + G * T_q
    X_V = D_V * U + D * U_V + G_V * T + G * T_V
    Y = P * X + NV * G * Q
    Y_q = P_q * X + P * X_q + B_q * G * Q + NV * (G_q * Q + G * Q_q)
    Y_V = P_V * X + P * X_V + B_V * G * Q + NV * (G_V * Q + G * Q_V)
    v = NV * D * D / X
    r2 = Y / X
    F1 = math.log((q / eps) ** 2 * (NV * D * D / Y))
    J11 = 2.0 + B_q / NV + 2.0 * D_q / D - Y_q / Y
    J12 = B_V / NV + 2.0 * D_V / D - Y_V / Y

    right = p1 * y
    right_q = -shared
    right_V = right_q - right * w
    left = R * E1c
    if R >= 1.0:
        right += R - 1.0
    else:
        left += 1.0 - R
    F2 = math.log((D / (R * E1)) * (left / right))
    J21 = D_q / D - E1_q / E1 - R * E1_q / left - right_q / right
    J22 = D_V / D - E1_V / E1 - R * E1_V / left - right_V / right
    return F1, F2, J11, J12, J21, J22, k, v, r2
