"""The equations, written once, over any kind of number (:mod:`rfrobust.engine.numbers`).

Sensitivities evaluate them in floats with parameters as variables, certificates in balls; the compiled kernels and
the JavaScript of the interactive page are traced from them (:mod:`rfrobust.engine.generate`). The unknowns are log t
and log V, with t = q/eps = r/sqrt(v), in which the equations stay smooth down to eps = 0.

Every quotient and sum below keeps its relative accuracy over the whole range of the parameters (docs/theory, "A form
without cancellation").
"""

from collections.abc import Callable
from typing import Any

from .numbers import Dual, Field
from .records import AnyParameters, Averages, Law, Outputs, Overlaps, Parameters, Probe, RadialParameters, Shares, State

#: Averages at (k, l), of either kind of law.
Average = Callable[[Dual, Dual], Averages]


def parameters(
    psi1: Any,
    psi2: Any,
    eps: Any,
    tau: Any,
    ridge: Any,
    squared_moments: tuple[Any, Any, Any],
    signal_norm: Any,
    nonlinear_power: Any,
    radial_power: Any,
    spike: Any = None,
    penalty: Any = 0.0,
) -> AnyParameters:
    """Return what the equations see of the parameters of a problem, of any kind of number or arrays."""
    noise = tau * tau + nonlinear_power
    signal = signal_norm * signal_norm
    p = Parameters(psi1, psi1 / psi2, eps, noise, ridge, penalty, *squared_moments, signal, radial_power)
    return p if spike is None else RadialParameters(*p, spike)


def marchenko_pastur(z: Any, psi1: Any, F: Field, unit: Any = 1.0) -> Shares:
    """Moments under the Marchenko-Pastur law of W W', z > 0 (eq-mp, eq-mp-shares); x is in this unit >= 0.

    f = E x/(ux+z), o1 = z E 1/(ux+z), e2 = E x^2/(ux+z)^2, oe = z E x/(ux+z)^2, o2 = z^2 E 1/(ux+z)^2, and
    t2 = z^2 E 1/(ux'+z)^2 over the eigenvalues x' of W' W.
    """
    total = 1.0 + psi1
    edge = (1.0 - psi1) * (1.0 - psi1) * unit
    b = z + (1.0 - psi1) * unit
    twice = 2.0 * z * total
    Q = F.sqrt(z * z + twice * unit + edge * unit)
    larger = F.if_at_least(b, 0.0, lambda: 0.5 * (Q + b), lambda: 0.5 * (Q - b))
    inverse_s1 = F.if_at_least(b, 0.0, lambda: larger, lambda: psi1 * z * unit / larger)
    o1 = F.if_at_least(b, 0.0, lambda: z / larger, lambda: larger / (psi1 * unit))
    f = 2.0 / (Q + z + total * unit)
    e1 = f / Q
    e2 = e1 * ((twice + edge) / (Q + z))
    o2 = o1 * o1 * (inverse_s1 + psi1 * unit) / Q
    t2 = inverse_s1 * inverse_s1 / ((inverse_s1 + psi1 * unit) * Q)
    return Shares(f, o1, e2, z * e1, o2, t2)


def closed_averages(k: Any, l: Any, p: AnyParameters, F: Field) -> Averages:
    """Return the averages of the closed law (eq-z, eq-traces, eq-bias)."""
    K = 1.0 / (1.0 + k)
    rest = k * p.rho2 + l
    zeta = p.mu + rest
    f, o1, e2, oe, o2, t2 = marchenko_pastur(zeta * K / p.c, p.psi1, F)
    inverse = 1.0 / zeta
    am, ar = p.mu * inverse, p.rho2 * inverse
    x1, x2, xo = K * f, K * K * e2, K * oe
    Q = x2 + (am + ar) * xo + am * ar * o2
    return Averages(
        E1=x1 + am * o1,
        E1c=k * x1 + rest * inverse * o1,
        Tc=k * Q + l * (inverse * (xo + am * o2)),
        Q=Q,
        P=p.signal * p.psi1 * (x2 + ar * xo),
        B=p.signal * (k * k * p.psi1 * x2 + 2.0 * k * p.psi1 * xo + t2 + p.psi1 * am * xo),
        C=p.signal * p.psi1 * x1,
    )


def closed_overlaps(a: Any, k: Any, l: Any, p: AnyParameters, F: Field) -> Overlaps:
    """Return the overlaps of the closed law, H = a Sigma + k J^2 + l."""
    zeta = a * p.mu + (k * p.rho2 + l)
    f, o1, e2, oe, o2, t2 = marchenko_pastur(zeta / p.c, p.psi1, F, a + k)
    am, ar = p.mu / zeta, p.rho2 / zeta
    part = p.signal * p.psi1
    return Overlaps(
        E1=f + am * o1,
        E2=e2 + 2.0 * am * oe + am * am * o2,
        C=part * f,
        P=part * (e2 + ar * oe),
        B=p.signal * (p.psi1 * (k * k * e2 + 2.0 * k * oe + a * a * am * oe) + t2),
        S=part * (e2 + am * oe),
        Q=e2 + (am + ar) * oe + am * ar * o2,
    )


def one_direction(k: Any, l: Any, sigma: Any, metric: Any, explained: Any, weight: Any) -> Averages:
    """Return what one eigenvector adds to the averages (docs/spectra, "Any law as arrays")."""
    rest = k * metric + l
    inverse = 1.0 / (sigma + rest)
    share, other = sigma * inverse, rest * inverse
    pull = share * metric * inverse
    return Averages(
        E1=weight * share,
        E1c=weight * other,
        Tc=weight * share * other,
        Q=weight * pull,
        P=explained * pull,
        B=explained * other * other,
        C=explained * share,
    )


def one_overlap(a: Any, k: Any, l: Any, sigma: Any, metric: Any, explained: Any, weight: Any) -> Overlaps:
    """Return what one eigenvector adds to the overlaps."""
    rest = k * metric + l
    inverse = 1.0 / (a * sigma + rest)
    share, pull, other = sigma * inverse, metric * inverse, rest * inverse
    return Overlaps(
        E1=weight * share,
        E2=weight * share * share,
        C=explained * share,
        P=explained * share * pull,
        B=explained * other * other,
        S=explained * share * share,
        Q=weight * share * pull,
    )


def direction_of_atom(x: Any, weight: Any, p: AnyParameters) -> tuple[Any, Any, Any, Any, Any]:
    """Return Sigma, J^2, the explained signal, the weight and the unexplained signal of an eigenvalue x > 0 of W W'.

    The share psi1 c x/Sigma of the signal's part psi1 ``weight`` in this direction is explained (eq-sigma-j2).
    """
    sigma = p.c * x + p.mu
    part = p.signal * p.psi1 * weight
    return sigma, p.c * x + p.rho2, part * (p.c * x / sigma), weight, part * (p.mu / sigma)


def closed_probe(k: Any, l: Any, p: RadialParameters, F: Field) -> Probe:
    """Return the averages of the closed law that the spike sees."""
    K = 1.0 / (1.0 + k)
    zeta = p.mu + k * p.rho2 + l
    _, o1, _, oe, o2, _ = marchenko_pastur(zeta * K / p.c, p.psi1, F)
    inverse = 1.0 / zeta
    xo, rough = K * oe, inverse * o2
    rest = p.mu - p.spike
    return Probe(inverse * o1, inverse * rough, inverse * xo + inverse * rest * rough, inverse * (xo + p.rho2 * rough))


def probe_of_direction(k: Any, l: Any, sigma: Any, metric: Any, weight: Any, p: RadialParameters) -> Probe:
    """Return what one eigenvector adds to the averages that the spike sees."""
    inverse = 1.0 / (sigma + (k * metric + l))
    h = weight * inverse
    h2 = h * inverse
    return Probe(h, h2, h2 * (sigma - p.spike), h2 * metric)


def radial_averages(k: Any, probe: Probe, excess: Any, p: RadialParameters) -> tuple[Any, Any]:
    """Return what a radial part of the target adds to P and B (eq-radial-averages).

    The spike adds a_2^2 excess (1 + 2 k) e e' to H; the source is a_2 F_o sqrt(psi1) e.
    """
    source = p.spike * p.psi1
    strength = p.spike * excess
    beyond = excess - p.psi1
    inverse = 1.0 / (1.0 + strength * (1.0 + 2.0 * k) * probe.h)
    share = p.radial * inverse * inverse
    square = probe.h * probe.h
    left = 1.0 + probe.h * (p.spike * beyond + 2.0 * k * strength)
    return (
        share * (source * (probe.metric + 2.0 * strength * square)),
        share * (left * left + source * (p.spike * (probe.h2 + beyond * square) + probe.sigma)),
    )


def averages(k: Dual, l: Dual, p: AnyParameters, law: Law | None, F: Field) -> Averages:
    """Return the averages of a law, None being the closed one, in numbers that are not traced."""
    zero = k * 0.0
    if law is None:
        total = closed_averages(k, l, p, F)
    else:
        total = Averages(zero, zero + law.null, zero, zero, zero, zero + law.unexplained, zero)
        for direction in zip(law.sigma, law.metric, law.explained, law.weights, strict=True):
            total = Averages(*(a + b for a, b in zip(total, one_direction(k, l, *direction), strict=True)))
    if isinstance(p, Parameters):
        return total
    if law is None:
        probe, excess = closed_probe(k, l, p, F), p.psi1
    else:
        probe, excess = Probe(zero, zero, zero, zero), law.excess
        for sigma, metric, weight in zip(law.sigma, law.metric, law.weights, strict=True):
            seen = probe_of_direction(k, l, sigma, metric, weight, p)
            probe = Probe(*(a + b for a, b in zip(probe, seen, strict=True)))
    P, B = radial_averages(k, probe, excess, p)
    return total._replace(P=total.P + P, B=total.B + B)


def closed_reach(p: AnyParameters, F: Field) -> tuple[Any, Any, Any]:
    """Return b' J^-2 b of the linear part, E Sigma/J^2 and E 1/J^2 of the closed law."""
    f, o1, *_ = marchenko_pastur(p.rho2 / p.c, p.psi1, F)
    inverse = F.if_at_least(p.rho2, 1e-300, lambda: o1 / p.rho2, lambda: p.rho2)
    rough = F.if_at_least(p.rho2, 1e-300, lambda: p.mu / p.rho2 * o1, lambda: p.rho2)
    return p.signal * p.psi1 * f, f + rough, inverse


def reach_of_direction(sigma: Any, metric: Any, explained: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Return what one eigenvector adds to b' J^-2 b of the linear part, E Sigma/J^2 and E 1/J^2."""
    return explained * (sigma / metric), weight * (sigma / metric), weight / metric


def reach(p: AnyParameters, law: Law | None, F: Field) -> tuple[Any, Any]:
    """Return b' J^-2 b and E Sigma/J^2 of a law, None being the closed one, in numbers that are not traced."""
    if law is None:
        power, spread, inverse = closed_reach(p, F)
    else:
        power, spread, inverse = p.R * 0.0, p.R * 0.0, p.R * 0.0
        for direction in zip(law.sigma, law.metric, law.explained, law.weights, strict=True):
            a, b, c = reach_of_direction(*direction)
            power, spread, inverse = power + a, spread + b, inverse + c
    if isinstance(p, RadialParameters):
        power = power + radial_reach(inverse, p.psi1 if law is None else law.excess, p)
    return power, spread


def radial_reach(inverse: Any, excess: Any, p: RadialParameters) -> Any:
    """Return what a radial part of the target adds to b' J^-2 b, from E 1/J^2 (eq-radial-null)."""
    return p.radial * p.spike * p.psi1 * inverse / (1.0 + 2.0 * p.spike * excess * inverse)


def squared_null_threshold(p: AnyParameters, power: Any, spread: Any, F: Field) -> Any:
    """Return eps_c^2 (eq-null) from b' J^-2 b and E Sigma/J^2."""
    return 0.5 * F.pi * (power / null_risk(p) + p.R * spread)


def null_risk(p: AnyParameters) -> Any:
    """Return E y^2, the risk of predicting zero."""
    return p.signal + (p.noise + p.radial)


def cold_start(p: AnyParameters, gap: Any, mean_sigma: Any, mean_metric: Any, F: Field) -> tuple[Any, Any]:
    """Return (log t, log V) roughly, exact in order of magnitude near the null phase and near interpolation.

    ``gap`` is 1 - eps/eps_c; the means are those of Sigma and J^2.
    """
    V = p.R + F.positive_part(p.R - 1.0) * (mean_sigma / ((p.eps * p.eps + p.penalty) * mean_metric + p.ridge))
    return F.log(0.5 / (1.0 + p.eps) * gap), F.log(V * gap)


def balanced(log_t: Any, log_V: Any, p: AnyParameters, average: Average, F: Field) -> State:
    """Return the two equations F1, F2 (eq-F) of finite psi2 and the risk there (eq-k, eq-k-eliminated to eq-v-r).

    v = N D^2/X and r^2 = P + N G Q/X with N the noise, X = D U + G T and D, G, U, T as on the page. Without attack
    F2 alone is left, whatever t: then it is the equation of V of ridge regression (eq-ridge, ridge/l = 1/(1 + V)). A
    gradient penalty adds to k alone.
    """
    t, V = F.exp(log_t), F.exp(log_V)
    q = p.eps * t
    s = q * V
    y = 1.0 / (1.0 + V)
    w = V * y
    p0, p1, phi, m, A = F.gaussian(s)
    D = p0 + p1 * w
    G = A + (p1 + 2.0 * s * phi + 4.0 * q * phi + q * q * p1) * w * w
    U = (s * m + p1 * V) * y * y
    ratio = V / D
    k = (p.eps * (m * y + q) / t + p.penalty) * ratio
    E1, E1c, Tc, Q, P, B, C = average(k, p.ridge * ratio)
    N = p.noise + B
    X = D * U + p.R * G * Tc
    top = N * D * D
    Y = P * X + N * G * (p.R * Q)
    first = F.log(t * t * (top / Y))
    left = p.R * E1c + F.positive_part(1.0 - p.R)
    right = p1 * y + F.positive_part(p.R - 1.0)
    second = F.log(D / (p.R * E1) * (left / right))
    return State((first, second), t, V, k, top / X, Y / X, C)


def interpolating(log_k: Any, p: AnyParameters, average: Average, F: Field) -> State:
    """Return the limit eps -> 0 without ridge, N > n: the equation of k and the risk there (eq-interpolator)."""
    k = F.exp(log_k)
    zero = k * 0.0
    E1, E1c, Tc, Q, P, B, C = average(k, zero)
    v = (p.noise + B) / (p.R * Tc)
    r2 = P + v * (p.R * Q)
    # R E1 = 1 and R E1c = R - 1 say the same; the first has digits where R is large, the second where it is near 1
    return State((F.log(E1c / (E1 * (p.R - 1.0))),), F.sqrt(r2 / v), zero, k, v, r2, C)


def least_squares(p: AnyParameters, null: Any, average: Average) -> State:
    """Return the limit eps -> 0 without ridge, N < n (eq-least-squares), where nothing is left to solve.

    ``null`` is the share of features without variance, so that (psi1/psi2) E Sigma/H = R (1 - null) exactly.
    """
    zero = p.R * 0.0
    *_, Q, P, B, C = average(zero, zero)
    occupied = p.R * (1.0 - null)
    v = (p.noise + B) / (1.0 - occupied)
    return State((), zero, occupied / (1.0 - occupied), zero, v, P + v * (p.R * Q), C)


def population(log_t: Any, p: AnyParameters, average: Average, F: Field) -> State:
    """Return the limit psi2 = inf, where V = 0: the equation of t and the risk there (eq-population)."""
    t = F.exp(log_t)
    h = F.sqrt_value(2.0 / F.pi)
    q = p.eps * t
    a = 1.0 + h * q
    k = (p.eps * (h + q) / t + p.penalty) / a
    *_, P, B, C = average(k, p.ridge / a)
    v = p.noise + B
    return State((F.log(t * t * (v / P)),), t, t * 0.0, k, v, P, C)


def outputs(q: Any, V: Any, v: Any, F: Field) -> Outputs:
    """Return the training observables of a solution with finite V."""
    s = q * V
    p0, p1, _, m, _ = F.gaussian(s)
    y = 1.0 / (1.0 + V)
    loss = 0.5 * v * ((p1 - s * m) * y * y + 2.0 * q * m * y + q * q)
    return Outputs(loss, F.sqrt(v) * m * y, p0)


def adversarial_risk(v: Any, r: Any, eps_test: Any, F: Field) -> Any:
    """Return v + 2 sqrt(2/pi) eps_test r sqrt(v) + eps_test^2 r^2 (eq-ar-limit)."""
    shift = eps_test * r
    return v + shift * (2.0 * F.sqrt_value(2.0 / F.pi) * F.sqrt(v) + shift)
