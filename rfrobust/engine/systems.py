"""The equations of every convex loss and attack norm, written once (docs/family), over any kind of number.

A problem is a channel (residuals, or labels) and a geometry (l2 attacks by spectral averages, l_p attacks by one scalar
problem a coordinate). All unknowns are logarithms of positive numbers:

    residuals: s, r, V      labels: kappa, Q, r, V      and for l_p attacks: t = |theta|, zeta.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .numbers import Dual, Field
from .records import AnyParameters, Coordinates


class Score(NamedTuple):
    """What a channel hands to a geometry: b^2, a, mhat, gamma = eps E rho', and the unknowns r and V."""

    b2: Any
    a: Any
    mhat: Any
    gamma: Any
    r: Any
    V: Any


class Network(NamedTuple):
    """What a geometry makes of a score: overlap m, bias E(<beta, x> - f)^2, Q = E f^2, and equations that are left."""

    m: Any
    excess: Any
    Q: Any
    residuals: tuple[Any, ...]


def residual_score(
    log_s: Dual, log_r: Dual, log_V: Dual, p: AnyParameters, channel: Callable[..., Any], F: Field
) -> Score:
    """Return the score of residuals (eq-residual-channel); mhat = a."""
    r, V = F.exp(log_r), F.exp(log_V)
    b2, a, g = channel(F.exp(log_s), V, p.eps * r)
    return Score(b2, a, a, p.eps * g, r, V)


def label_score(
    log_kappa: Dual, log_Q: Dual, log_r: Dual, log_V: Dual, p: AnyParameters, channel: Callable[..., Any], F: Field
) -> tuple[Any, Score]:
    """Return the overlap m = kappa S sqrt Q and the score of labels (eq-label-channel).

    S^2 = |beta|^2 + tau^2 - m^2/Q is the variance of the label's argument given the output.
    """
    kappa, r, V = F.exp(log_kappa), F.exp(log_r), F.exp(log_V)
    b2, h, a, g = channel(log_kappa, log_Q, V, p.eps * r)
    S = F.sqrt((p.signal + p.noise) / (1.0 + kappa * kappa))
    return kappa * F.exp(0.5 * log_Q) * S, Score(b2, a, h / S, p.eps * g, r, V)


def spectral(score: Score, p: AnyParameters, overlaps: Callable[..., Any], F: Field) -> Network:
    """Return what l2 attacks make of a score (eq-spectral): averages over the law of W W'."""
    h = score.mhat
    E1, E2, C, P, B, S, Qn = overlaps(score.a, score.gamma / score.r + p.penalty, p.ridge)
    noise = p.R * score.b2
    r2 = h * h * P + noise * Qn
    residuals = (F.log(score.V / (p.R * E1)), F.log(r2 / (score.r * score.r)))
    return Network(h * C, B + noise * E2, h * h * S + noise * E2, residuals)


def component(
    A: Dual,
    h: Dual,
    T: Dual,
    g: Dual,
    s: Dual,
    share: Any,
    deviation: Any,
    centre: Any,
    p: AnyParameters,
    dual: Any,
    coordinate: Callable[..., Any],
    F: Field,
) -> Coordinates:
    """Return what one component of the signal's law adds to the averages over B = h beta + N(0, T) (eq-coordinate).

    alpha minimises A alpha^2/2 - B alpha + g e(alpha; s).
    """
    v, mean = p.signal * deviation * deviation, F.sqrt(p.signal) * centre
    S = F.sqrt(h * h * v + T)
    unit = S / A
    slope = F.power(unit, dual)
    chi, first, A2, e, es = coordinate(g * slope * A / (S * S), s / unit, h * mean / S)
    chi = share * chi / A
    return Coordinates(
        chi=chi,
        m=h * v * chi + share * mean * unit * first,
        A2=share * A2 * unit * unit,
        e=share * e * slope,
        es=share * es * slope / unit,
    )


def coordinates(
    score: Score, log_t: Dual, log_zeta: Dual, p: AnyParameters, dual: Any, components: Callable[..., Any], F: Field
) -> Network:
    """Return what l_p attacks make of a score (eq-coordinates); ``dual`` is the dual exponent p'."""
    t, zeta = F.exp(log_t), F.exp(log_zeta)
    psi2, rho = p.psi1 / p.R, F.sqrt(p.rho2)
    a, h = score.a, score.mhat
    ct2 = p.c * t * t
    gamma = score.gamma * F.power(score.r, 1.0 - dual) / dual
    chi, m, A2, e, es = components(a + zeta, h, zeta * zeta * ct2 + score.b2 / psi2, gamma, rho * t)
    w2 = A2 + ct2 * (1.0 - 2.0 * zeta * chi)
    Q = A2 + p.mu * t * t
    linear = zeta * p.c * p.psi1
    pull = score.b2 * p.mu * p.R + p.c * p.psi1 * zeta * zeta * w2
    stiff = a * p.mu + p.ridge + zeta * p.c * (1.0 - zeta * chi) + gamma * rho * es / t
    residuals = (
        F.log(score.V / ((chi + p.mu / (zeta * p.c)) / psi2)),
        F.log(e) / dual - F.log(score.r),
        F.log(pull / (linear * linear * t * t)),
        F.log(stiff / linear),
    )
    return Network(m, p.signal - 2.0 * m + Q, Q, residuals)


def residual_system(
    unknowns: Any, p: AnyParameters, channel: Callable[..., Any], geometry: Callable[..., Network], F: Field
) -> Network:
    """Return the :class:`Network` of residuals with all equations, in (log s, log r, log V, ...)."""
    log_s, log_r, log_V, *rest = unknowns
    network = geometry(residual_score(log_s, log_r, log_V, p, channel, F), *rest)
    return network._replace(residuals=(F.log(network.excess) - 2.0 * log_s, *network.residuals))


def label_system(
    unknowns: Any, p: AnyParameters, channel: Callable[..., Any], geometry: Callable[..., Network], F: Field
) -> Network:
    """Return the :class:`Network` of labels with all equations, in (log kappa, log Q, log r, log V, ...)."""
    log_kappa, log_Q, log_r, log_V, *rest = unknowns
    m, score = label_score(log_kappa, log_Q, log_r, log_V, p, channel, F)
    network = geometry(score, *rest)
    return network._replace(residuals=(F.log(network.m / m), F.log(network.Q) - log_Q, *network.residuals))


def null_system(
    log_zeta: Dual,
    log_r: Dual,
    log_gamma: Dual,
    p: AnyParameters,
    b2: Any,
    h: Any,
    dual: Any,
    components: Callable[..., Any],
    F: Field,
) -> tuple[Any, ...]:
    """Return the equations of the null threshold of l_p attacks (eq-null-coordinates), homogeneous, at |theta| = 1."""
    zero = log_r * 0.0
    score = Score(b2, zero, h, F.exp(log_gamma), F.exp(log_r), zero + 1.0)
    without = p._replace(ridge=zero)
    return coordinates(score, zero, log_zeta, without, dual, components, F).residuals[1:]
