"""The equations of every regime over any kind of number: floats or balls, with derivatives.

The compiled kernels of :mod:`rfrobust.engine.equations` serve the solver. The same cancellation-free forms are written
here once more without derivatives, for :class:`rfrobust.engine.autodiff.Dual` numbers: sensitivities put
parameters in, the certificate puts balls in. The unknowns are log t and log V with t = q/eps = r/sqrt(v), in which the
equations stay smooth down to eps = 0.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from .autodiff import Dual
from .equations import gaussian_parts


class Field(ABC):
    """Elementary functions of one kind of number, each lifted to dual numbers."""

    pi: Any

    @abstractmethod
    def exp_value(self, x: Any) -> Any:
        """Return e^x of a plain number."""

    @abstractmethod
    def log_value(self, x: Any) -> Any:
        """Return log x of a plain number."""

    @abstractmethod
    def sqrt_value(self, x: Any) -> Any:
        """Return the square root of a plain number."""

    @abstractmethod
    def gaussian_values(self, s: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return p0, p1, phi, m, A of :func:`rfrobust.engine.equations.gaussian_parts` of a plain number."""

    def exp(self, x: Dual) -> Dual:
        """Return e^x."""
        value = self.exp_value(x.value)
        return x.chain(value, value)

    def log(self, x: Dual) -> Dual:
        """Return log x."""
        return x.chain(self.log_value(x.value), 1.0 / x.value)

    def sqrt(self, x: Dual) -> Dual:
        """Return the square root; 0 with derivative 0 at 0, where r vanishes identically."""
        value = self.sqrt_value(x.value)
        return x.chain(value, 0.5 / value if value != 0 else value)

    def gaussian(self, s: Dual) -> tuple[Dual, Dual, Dual, Dual, Dual]:
        """Return p0, p1, phi, m, A."""
        p0, p1, phi, m, A = self.gaussian_values(s.value)
        return (
            s.chain(p0, 2.0 * phi),
            s.chain(p1, -2.0 * phi),
            s.chain(phi, -s.value * phi),
            s.chain(m, -p1),
            s.chain(A, 2.0 * phi * s.value * s.value),
        )


class FloatField(Field):
    """Double precision."""

    pi = math.pi

    def exp_value(self, x: Any) -> Any:
        """Return e^x."""
        return math.exp(x)

    def log_value(self, x: Any) -> Any:
        """Return log x."""
        return math.log(x)

    def sqrt_value(self, x: Any) -> Any:
        """Return the square root."""
        return math.sqrt(x)

    def gaussian_values(self, s: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return p0, p1, phi, m, A."""
        return gaussian_parts(s)


@dataclass(frozen=True)
class Problem:
    """The parameters of one problem as dual numbers; ``atoms`` is empty for the Marchenko-Pastur law."""

    psi1: Dual
    R: Dual
    eps: Dual
    noise: Dual
    ridge: Dual
    c: Dual
    mu: Dual
    rho2: Dual
    signal: Dual
    atoms: tuple[Dual, ...]
    weights: tuple[Dual, ...]


@dataclass(frozen=True)
class Traces:
    """The averages of :func:`rfrobust.engine.traces.traces`."""

    E1: Dual
    E1c: Dual
    Tc: Dual
    Q: Dual
    P: Dual
    B: Dual


def _marchenko_pastur(z: Dual, psi1: Dual, field: Field) -> tuple[Dual, ...]:
    total = 1.0 + psi1
    edge = (1.0 - psi1) * (1.0 - psi1)
    b = z + (1.0 - psi1)
    Q = field.sqrt(z * z + 2.0 * z * total + edge)
    if float(b.value) >= 0.0:
        inverse_s1 = 0.5 * (Q + b)
        o1 = z / inverse_s1
    else:
        inverse_s1 = 2.0 * psi1 * z / (Q - b)
        o1 = (Q - b) / (2.0 * psi1)
    f = 2.0 / (Q + z + total)
    e1 = f / Q
    e2 = e1 * ((2.0 * z * total + edge) / (Q + z))
    o2 = o1 * o1 * (inverse_s1 + psi1) / Q
    t2 = inverse_s1 * inverse_s1 / ((inverse_s1 + psi1) * Q)
    return f, o1, e2, z * e1, o2, t2


def _discrete(z: Dual, problem: Problem) -> tuple[Dual, ...]:
    zero = z * 0.0
    f = o1 = e2 = oe = o2 = t2 = zero
    null = zero + 1.0
    for x, w in zip(problem.atoms, problem.weights, strict=True):
        if x.value == 0:
            o1 += w
            o2 += w
            continue
        p = x / (x + z)
        o = z / (x + z)
        f += w * p
        o1 += w * o
        e2 += w * p * p
        oe += w * p * o
        o2 += w * o * o
        null -= problem.psi1 * w
        t2 += problem.psi1 * w * o * o
    return f, o1, e2, oe, o2, t2 + null if float(null.value) > 0.0 else t2


def traces(k: Dual, l: Dual, problem: Problem, field: Field) -> Traces:
    """Return the averages at (k, l), as :func:`rfrobust.engine.traces.traces` does for floats."""
    c, mu, rho2, signal, psi1 = problem.c, problem.mu, problem.rho2, problem.signal, problem.psi1
    zero = k * 0.0
    K = 1.0 / (1.0 + k)
    rest = k * rho2 + l
    zeta = mu + rest
    if c.value == 0:  # even activation: z = inf
        f, o1, e2, oe, o2, t2 = zero, zero + 1.0, zero, zero, zero + 1.0, zero + 1.0
    elif problem.atoms:
        f, o1, e2, oe, o2, t2 = _discrete(zeta * K / c, problem)
    elif zeta.value == 0:  # only the mass at zero counts
        f = 1.0 / psi1 if float(psi1.value) > 1.0 else zero + 1.0
        t2 = zero if float(psi1.value) > 1.0 else 1.0 - psi1
        o1, e2, oe, o2 = 1.0 - f, f, zero, 1.0 - f
    else:
        f, o1, e2, oe, o2, t2 = _marchenko_pastur(zeta * K / c, psi1, field)
    if zeta.value == 0:  # linear features without ridge, as in the kernel
        am, ar, rest_share, S1 = zero, zero, zero + 1.0, zero
    else:
        am, ar, rest_share = mu / zeta, rho2 / zeta, rest / zeta
        S1 = (K * oe + am * o2) / zeta
    x1, x2, xo = K * f, K * K * e2, K * oe
    Q = x2 + (am + ar) * xo + am * ar * o2
    return Traces(
        E1=x1 + am * o1,
        E1c=k * x1 + rest_share * o1,
        Tc=k * Q + l * S1,
        Q=Q,
        P=signal * psi1 * (x2 + ar * xo),
        B=signal * (k * k * psi1 * x2 + 2.0 * k * psi1 * xo + t2 + psi1 * am * xo),
    )


def null_threshold_squared(problem: Problem, field: Field) -> Dual:
    """Return eps_c^2, as :func:`rfrobust.engine.limits.null_threshold_squared` does for floats."""
    zero = problem.c * 0.0
    if problem.c.value == 0:
        f, o1 = zero, zero + 1.0
    else:
        z = problem.rho2 / problem.c
        if problem.atoms:
            f, o1 = _discrete(z, problem)[:2]
        elif z.value == 0:
            f = 1.0 / problem.psi1 if float(problem.psi1.value) > 1.0 else zero + 1.0
            o1 = 1.0 - f
        else:
            f, o1 = _marchenko_pastur(z, problem.psi1, field)[:2]
    share = problem.mu / problem.rho2 * o1 if problem.rho2.value != 0 else zero
    power = problem.signal / (problem.signal + problem.noise)
    return 0.5 * field.pi * (problem.psi1 * f * power + problem.R * (f + share))


#: Observables that depend on the solution.
OBSERVABLES = (
    "standard_risk",
    "gradient_norm",
    "adversarial_risk",
    "training_loss",
    "mean_abs_residual",
    "zero_residual_fraction",
    "q",
    "V",
    "k",
)


def _outputs(
    v: Dual,
    r2: Dual,
    q: Dual,
    V: Dual,
    k: Dual,
    shares: tuple[Dual, ...],
    y: Dual,
    eps_test: Dual,
    field: Field,
) -> dict[str, Dual]:
    """Return the observables from the solution; ``shares`` are p0, p1, m, s m."""
    p0, p1, m, sm = shares
    r = field.sqrt(r2)
    root = field.sqrt(v)
    shift = eps_test * r
    values = (
        v,
        r,
        v + shift * (2.0 * field.sqrt_value(2.0 / field.pi) * root + shift),
        0.5 * v * ((p1 - sm) * y * y + 2.0 * q * m * y + q * q),
        root * m * y,
        p0,
        q,
        V,
        k,
    )
    return dict(zip(OBSERVABLES, values, strict=True))


def _risks(D: Dual, G: Dual, U: Dual, t: Traces, problem: Problem) -> tuple[Dual, Dual, Dual, Dual]:
    """Return v, r^2 and their numerators over X: v = NV D^2 / X, r^2 = Y / X."""
    NV = problem.noise + t.B
    X = D * U + problem.R * G * t.Tc
    top = NV * D * D
    Y = t.P * X + NV * G * (problem.R * t.Q)
    return top / X, Y / X, top, Y


def balanced(
    unknowns: tuple[Dual, ...], problem: Problem, eps_test: Dual, field: Field
) -> tuple[tuple[Dual, ...], dict[str, Dual]]:
    """Return the two residuals at (log t, log V), finite psi2, and the observables there."""
    log_t, log_V = unknowns
    R, eps = problem.R, problem.eps
    t, V = field.exp(log_t), field.exp(log_V)
    q = eps * t
    s = q * V
    y = 1.0 / (1.0 + V)
    w = V * y
    p0, p1, phi, m, A = field.gaussian(s)
    D = p0 + p1 * w
    G = A + (p1 + 2.0 * s * phi + 4.0 * q * phi + q * q * p1) * w * w
    U = (s * m + p1 * V) * y * y
    ratio = V / D
    k = eps * (m * y + q) / t * ratio
    spectral = traces(k, problem.ridge * ratio, problem, field)
    v, r2, top, Y = _risks(D, G, U, spectral, problem)
    first = field.log(t * t * top / Y)
    left, right = R * spectral.E1c, p1 * y
    if float(R.value) >= 1.0:
        right = right + (R - 1.0)
    else:
        left = left + (1.0 - R)
    second = field.log(D / (R * spectral.E1) * (left / right))
    return (first, second), _outputs(v, r2, q, V, k, (p0, p1, m, s * m), y, eps_test, field)


def interpolating(
    unknowns: tuple[Dual, ...], problem: Problem, eps_test: Dual, field: Field
) -> tuple[tuple[Dual, ...], dict[str, Dual]]:
    """Return the residual at log k of the limit eps -> 0 without ridge, N > n, and the observables there."""
    k = field.exp(unknowns[0])
    zero = k * 0.0
    t = traces(k, zero, problem, field)
    v = (problem.noise + t.B) / (problem.R * t.Tc)
    r2 = t.P + v * problem.R * t.Q
    q = problem.eps * field.sqrt(r2) / field.sqrt(v)
    residual = field.log(problem.R * t.E1c / (problem.R - 1.0))
    infinite = zero + math.inf
    return (residual,), _outputs(v, r2, q, infinite, k, (zero + 1.0, zero, zero, zero), zero, eps_test, field)


def population(
    unknowns: tuple[Dual, ...], problem: Problem, eps_test: Dual, field: Field
) -> tuple[tuple[Dual, ...], dict[str, Dual]]:
    """Return the residual at log t of the limit psi2 = inf, and the observables there."""
    t = field.exp(unknowns[0])
    zero = t * 0.0
    h = field.sqrt_value(2.0 / field.pi)
    q = problem.eps * t
    a = 1.0 + h * q
    k = problem.eps * (h + q) / (t * a)
    spectral = traces(k, problem.ridge / a, problem, field)
    v, r2 = problem.noise + spectral.B, spectral.P
    shares = (zero, zero + 1.0, zero + h, zero)
    return (field.log(t * t * v / r2),), _outputs(v, r2, q, zero, k, shares, zero + 1.0, eps_test, field)
