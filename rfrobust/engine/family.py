"""Root finding for the equations of every loss and norm (:mod:`rfrobust.engine.systems`).

Newton in the logarithms of the unknowns starts where a few rounds of channel and geometry lead; where it fails, the
solution is followed from a larger ridge, where everything is near the null phase and smooth.
"""

import math
from typing import NamedTuple

import numpy as np

from ..support.jit import either, inner, njit
from .channels import hinge, label_channel, piece_jet, piece_of, residual_channel
from .coordinates import mean_power, other_power
from .gaussian import PHI0
from .records import Parameters
from .regimes import NOT_CONVERGED, SOLVED, scales, varied
from .system_kernels import (
    label_coordinate,
    label_spectral,
    null_coordinate,
    overlaps,
    residual_coordinate,
    residual_spectral,
)

#: Largest |F| that counts as solved, and the step that ends Newton.
TOLERANCE = 1e-10
LAST_STEP = 1e-9
ITERATIONS = 60
LONGEST_STEP = 2.0
#: Rounds of channel and geometry before Newton.
ROUNDS = 6
#: psi1/psi2 of what stands for the population.
POPULATION = 1e-20
#: Ridges a solution is followed from, below which a ridge counts as vanishing, and the most iterations on the way.
LARGE_RIDGES = (1.0, 10.0, 100.0, 1e3, 1e5)
VANISHING = 1e-12
FOLLOWED = 3000

#: Labels that a network separates, without ridge: no finite network is best. The hinge tells, whose training loss is
#: then below rounding for small ridges.
SEPARABLE, NO_LOSS = 4.0, 1e-14


class Onset(NamedTuple):
    """The channel at theta = 0: b^2, mhat and E rho'."""

    b2: float
    h: float
    g: float


@inner
def sampled(p):
    """Return the parameters with a finite psi2: the population is a sample so large that no digit sees it."""
    R = max(p.R, POPULATION)
    return Parameters(p.psi1, R, p.eps, p.noise, p.ridge, p.penalty, p.c, p.mu, p.rho2, p.signal, p.radial)


@inner
def _filled(out, F, J):
    n = F.size
    for i in range(n):
        F[i] = out[i]
        for j in range(n):
            J[i, j] = out[n + n * i + j]
    return out[n + n * n], out[n + n * n + 1], out[n + n * n + 2]


@inner
def _labels_at(x, p, law, norm, noise, margin, loss, jet, F, J):
    if norm is None:  # pruned where the types decide
        return _filled(label_spectral(x[0], x[1], x[2], x[3], p, law, margin, loss, jet), F, J)
    return _filled(label_coordinate(x[0], x[1], x[2], x[3], x[4], x[5], p, norm, margin, loss, jet), F, J)


@inner
def _residuals_at(x, p, law, norm, noise, margin, loss, jet, F, J):
    if norm is None:
        return _filled(residual_spectral(x[0], x[1], x[2], p, law, noise, loss, jet), F, J)
    return _filled(residual_coordinate(x[0], x[1], x[2], x[3], x[4], p, norm, noise, loss, jet), F, J)


#: Fills F and J at the unknowns x; returns (m, excess, Q).
equations = either("noise", _labels_at, _residuals_at)


@inner
def _eliminated(A, b):
    """Solve A x = b by elimination with pivots, into b; a singular matrix leaves what is not finite."""
    n = b.size
    for i in range(n):
        pivot = i
        for k in range(i + 1, n):
            if abs(A[k, i]) > abs(A[pivot, i]):
                pivot = k
        for j in range(n):
            A[i, j], A[pivot, j] = A[pivot, j], A[i, j]
        b[i], b[pivot] = b[pivot], b[i]
        for k in range(i + 1, n):
            factor = A[k, i] / A[i, i]
            for j in range(i + 1, n):
                A[k, j] -= factor * A[i, j]
            b[k] -= factor * b[i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            b[i] -= A[i, j] * b[j]
        b[i] /= A[i, i]


@inner
def _size(F):
    """Return the largest |F|, infinity where one is no number."""
    size = 0.0
    for value in F:
        size = max(size, abs(value)) if value == value else math.inf
    return size


@njit
def newton(x, p, law, norm, noise, margin, loss, jet):
    """Improve x in place by damped steps; return (largest |F|, iterations)."""
    n = x.size
    F, J, trial, step = np.empty(n), np.empty((n, n)), x.copy(), np.zeros(n)
    best, damping, halvings = math.inf, 1.0, 0
    for iteration in range(ITERATIONS):
        for i in range(n):
            trial[i] = x[i] + damping * step[i]
        equations(trial, p, law, norm, noise, margin, loss, jet, F, J)
        size = _size(F)
        if size < best * (1.0 - 0.1 * damping):
            x[:] = trial
            best, halvings = size, 0
            for i in range(n):
                step[i] = -F[i]
            _eliminated(J, step)
            longest = _size(step)
            if not longest < math.inf:
                return math.inf, iteration
            if best < TOLERANCE and longest < LAST_STEP:
                x += step
                return best, iteration
            damping = min(1.0, LONGEST_STEP / longest)
        elif halvings < 25 and best < math.inf and not (best < TOLERANCE and damping < 0.1):
            damping *= 0.5
            halvings += 1
        else:
            break
    return best, ITERATIONS


@inner
def _residual_start(x, gap, p, law, noise, margin, loss, jet):
    """Fill x with (log s, log r, log V) from a guess by damped rounds of channel and geometry."""
    scale = math.sqrt(p.signal)
    s, r, V = 0.8 * scale, gap * scale, p.R
    for _ in range(ROUNDS):
        at = residual_channel(s, V, p.eps * r, noise, loss, jet)
        o, gain = overlaps(at.a, p.eps * at.g / r + p.penalty, p.ridge, p, law), p.R * at.b2
        s = math.sqrt(s * math.sqrt(o.B + gain * o.E2))
        r = math.sqrt(r * math.sqrt(at.a * at.a * o.P + gain * o.Q))
        V = math.sqrt(V * p.R * o.E1)
    x[0], x[1], x[2] = math.log(s), math.log(r), math.log(V)


@inner
def _label_start(x, gap, p, law, noise, margin, loss, jet):
    """Fill x with (log kappa, log Q, log r, log V) from a guess by damped rounds of channel and geometry."""
    kappa, Q, r, V = 0.5, 1.0, gap, 4.0 * p.R
    total = p.signal + p.noise
    for _ in range(ROUNDS):
        at = label_channel(kappa, Q, V, p.eps * r, margin, loss, jet)
        h = at.h / math.sqrt(total / (1.0 + kappa * kappa))
        o, gain = overlaps(at.a, p.eps * at.g / r + p.penalty, p.ridge, p, law), p.R * at.b2
        new = h * h * o.S + gain * o.E2
        m = h * o.C
        kappa = math.sqrt(kappa * m / math.sqrt(new * max(total - m * m / new, 1e-12 * total)))
        Q = math.sqrt(Q * new)
        r = math.sqrt(r * math.sqrt(h * h * o.P + gain * o.Q))
        V = math.sqrt(V * p.R * o.E1)
    x[0], x[1], x[2], x[3] = math.log(kappa), math.log(Q), math.log(r), math.log(V)


#: Fills x with a start, ``gap`` telling how far from the null threshold eps is.
_start = either("noise", _label_start, _residual_start)


@inner
def _label_score(x, p, noise, margin, loss, jet):
    kappa = math.exp(x[0])
    at = label_channel(kappa, math.exp(x[1]), math.exp(x[3]), p.eps * math.exp(x[2]), margin, loss, jet)
    return at.a, at.b2, at.h / math.sqrt((p.signal + p.noise) / (1.0 + kappa * kappa)), at.g


@inner
def _residual_score(x, p, noise, margin, loss, jet):
    at = residual_channel(math.exp(x[0]), math.exp(x[2]), p.eps * math.exp(x[1]), noise, loss, jet)
    return at.a, at.b2, at.a, at.g


#: Returns (a, b^2, mhat, E rho') at a solution.
_score = either("noise", _label_score, _residual_score)


@inner
def _zeta(V, stiff, p):
    """Return zeta where alpha = B/(stiff + zeta), as it is for p = 2: the positive root of its quadratic."""
    room = V * p.psi1 / p.R
    linear = room * stiff - 1.0 - p.mu / p.c
    root = math.sqrt(linear * linear + 4.0 * room * stiff * p.mu / p.c)
    return (root - linear) / (2.0 * room) if linear < 0.0 else 2.0 * stiff * p.mu / p.c / (root + linear)


@inner
def _squared_norm(at, k, p, law):
    """Return |theta|^2 under l2 attacks: minus the derivative in the ridge of theta' H theta."""
    a, b2, h, _ = at
    o = overlaps(a, k, p.ridge, p, law)
    return -(h * h * o.C_l + p.R * b2 * o.E1_l)


@inner
def _coordinate_start(x, p, law, noise, margin, loss, jet):
    """Extend x, the solution of an l2 attack, by log |theta| and log zeta, exact for p = 2."""
    n = x.size - 2
    at = _score(x, p, noise, margin, loss, jet)
    k = p.eps * at[3] / math.exp(x[n - 2]) + p.penalty
    x[n] = 0.5 * math.log(_squared_norm(at, k, p, law))
    x[n + 1] = math.log(_zeta(math.exp(x[n - 1]), at[0] + k, p))


@njit
def other_norm(x, p, law, norm, noise, margin, loss, jet, other):
    """Return the dual norm of the gradient at a solution x under ``other`` than the norm of training.

    Under l2 training alpha is normal around its part along the signal; then E e(alpha; rho t) is e of what is fixed.
    """
    p = sampled(p)
    at = _score(x, p, noise, margin, loss, jet)
    a, b2, h, g = at
    total, q, signal = 0.0, other.exponent, math.sqrt(p.signal)
    if norm is None:
        k = p.eps * g / math.exp(x[x.size - 2]) + p.penalty
        o = overlaps(a, k, p.ridge, p, law)
        t2 = _squared_norm(at, k, p, law)
        A2 = h * h * o.S + p.R * b2 * o.E2 - p.mu * t2
        along = h * o.C / signal
        for i in range(other.shares.size):
            rest = A2 - along * along * (1.0 - other.deviations[i] ** 2)
            s = math.sqrt(max(rest, 0.0) + p.rho2 * t2)
            power, _, _ = mean_power(abs(along * other.centres[i]) / s, other)
            total += other.shares[i] * s**q * power
    else:
        r, t, zeta = math.exp(x[x.size - 4]), math.exp(x[x.size - 2]), math.exp(x[x.size - 1])
        own = norm.exponent
        A, s, gamma = a + zeta, math.sqrt(p.rho2) * t, p.eps * g * r ** (1.0 - own) / own
        for i in range(norm.shares.size):
            slope = h * signal * norm.deviations[i]
            S = math.sqrt(slope * slope + zeta * zeta * p.c * t * t + b2 * p.R / p.psi1)
            unit = S / A
            scaled, shift = gamma * unit**own * A / (S * S), h * signal * norm.centres[i] / S
            total += norm.shares[i] * other_power(scaled, s / unit, shift, unit, s, norm, other)
    return total ** (1.0 / q)


@inner
def _label_onset(p, noise, margin, loss, jet):
    z = 0.0 if margin else 1.0
    slope = abs(piece_jet(piece_of(z, loss), z, loss, jet).slope)
    return Onset(slope * slope, slope * 2.0 * PHI0 / math.sqrt(p.signal + p.noise), slope)


@inner
def _residual_onset(p, noise, margin, loss, jet):
    # a step V -> 0 leaves the derivative of the loss itself
    here = residual_channel(math.sqrt(p.signal), 1e-100, 0.0, noise, loss, jet)
    return Onset(here.b2, here.a, here.g)


#: Returns the :class:`Onset`: what labels or responses alone, f = 0, do to the loss.
_onset = either("noise", _label_onset, _residual_onset)


@inner
def _spectral_threshold(at, p, law):
    """Return eps_c of l2 attacks (eq-null-loss)."""
    scale = scales(p, law)
    return math.sqrt(at.h * at.h * scale.power + at.b2 * p.R * scale.spread) / at.g


@inner
def _coordinate_threshold(at, p, norm):
    """Return (eps_c, largest |F|) of l_p attacks by Newton from the direction that is right for p = 2."""
    o = overlaps(0.0, 1.0, 0.0, p, None)
    k = math.sqrt(-(at.h * at.h * o.C_l + p.R * at.b2 * o.E1_l))
    r = math.sqrt(at.h * at.h * o.P + p.R * at.b2 * o.Q) / k
    x = np.array([math.log(_zeta(p.R * o.E1 / k, k, p)), math.log(r), math.log(k * r)])
    F, J, step, trial = np.empty(3), np.empty((3, 3)), np.zeros(3), x.copy()
    best, damping = math.inf, 1.0
    for _ in range(ITERATIONS):
        for i in range(3):
            trial[i] = x[i] + damping * step[i]
        out = null_coordinate(trial[0], trial[1], trial[2], p, at.b2, at.h, norm)
        for i in range(3):
            F[i] = out[i]
            for j in range(3):
                J[i, j] = out[3 + 3 * i + j]
        size = _size(F)
        if size < best:
            x[:] = trial
            best = size
            for i in range(3):
                step[i] = -F[i]
            _eliminated(J, step)
            longest = _size(step)
            if best < TOLERANCE and longest < LAST_STEP:
                break
            damping = min(1.0, LONGEST_STEP / longest)
        else:
            damping *= 0.5
            if damping < 1e-8:
                break
    return math.exp(x[2] + step[2]) / at.g, best


@njit
def threshold(p, law, norm, noise, margin, loss, jet):
    """Return (eps_c, largest |F|): from this radius on training returns zero."""
    p = sampled(p)
    at = _onset(p, noise, margin, loss, jet)
    if norm is None:
        return _spectral_threshold(at, p, law), 0.0
    return _coordinate_threshold(at, p, norm)


@inner
def _cold(x, ratio, p, law, norm, noise, margin, loss, jet):
    """Fill x with a start, ``ratio`` being eps/eps_c."""
    if norm is not None:  # an l2 attack as far from its null threshold
        at = _onset(p, noise, margin, loss, jet)
        p = varied(p, ratio * _spectral_threshold(at, p, law), p.ridge)
    spectral = x if norm is None else x[: x.size - 2]
    _start(spectral, 0.5 * max(1.0 - ratio, 1e-3), p, law, noise, margin, loss, jet)
    if norm is not None:
        newton(spectral, p, law, None, noise, margin, loss, jet)
        _coordinate_start(x, p, law, noise, margin, loss, jet)
        value, _, _ = mean_power(0.0, norm)
        spectral[spectral.size - 2] += math.log(value) / norm.exponent


@inner
def _followed(x, ratio, p, law, norm, noise, margin, loss, jet):
    """Fill x by following the solution down from a large ridge, on lines in log ridge.

    Returns (largest |F| where it ended, iterations).
    """
    ridge, size, iterations = 0.0, math.inf, 0
    for factor in LARGE_RIDGES:
        ridge = factor * max(p.ridge, 1.0)
        easy = varied(p, p.eps, ridge)
        _cold(x, ratio, easy, law, norm, noise, margin, loss, jet)
        size, more = newton(x, easy, law, norm, noise, margin, loss, jet)
        iterations += more
        if size < TOLERANCE:
            break
    slope, guess, factor = np.zeros(x.size), x.copy(), 0.3
    while ridge > p.ridge and iterations < FOLLOWED and (size < TOLERANCE or factor < 0.97):
        below = max(ridge * factor, p.ridge)
        if below < VANISHING:
            below = 0.0
        step = math.log(below / ridge) if below > 0.0 else 0.0
        for i in range(x.size):
            guess[i] = x[i] + slope[i] * step
        easy = varied(p, p.eps, below)
        size, more = newton(guess, easy, law, norm, noise, margin, loss, jet)
        iterations += more
        if size < TOLERANCE:
            for i in range(x.size):
                slope[i] = (guess[i] - x[i]) / step if below > 0.0 else 0.0
            x[:] = guess
            ridge = below
            factor = max(0.7 * factor, 0.01)
        elif below == 0.0:
            break
        else:
            factor = math.sqrt(factor)
    return size, iterations


@inner
def _separable_labels(x, ratio, p, law, norm, noise, margin, loss, jet):
    """Return whether a network separates the labels by a margin of eps r, and the iterations that it took to see.

    Then, and only then, the loss of the hinge vanishes with its ridge: without samples on the hinge's slope V grows as
    1/ridge, and the share exp(-V^2/2Q) of those that are there is lost at once.
    """
    if not margin or p.ridge > 0.0 or p.penalty > 0.0:
        return False, 0
    loss, ridge, size, iterations = hinge(), 1.0, math.inf, 0
    while ridge > VANISHING:
        easy = varied(p, p.eps, ridge)
        if size < TOLERANCE:
            size, more = newton(x, easy, law, norm, noise, margin, loss, jet)
            iterations += more
        if not size < TOLERANCE:
            _cold(x, ratio, easy, law, norm, noise, margin, loss, jet)
            size, more = newton(x, easy, law, norm, noise, margin, loss, jet)
            iterations += more
        at = label_channel(math.exp(x[0]), math.exp(x[1]), math.exp(x[3]), p.eps * math.exp(x[2]), margin, loss, jet)
        if size < TOLERANCE and at.loss < NO_LOSS:
            return True, iterations
        ridge *= 0.1
    return False, iterations


@inner
def _responses(x, ratio, p, law, norm, noise, margin, loss, jet):
    return False, 0


_separable = either("noise", _separable_labels, _responses)


@njit
def solve(x, warm, ratio, p, law, norm, noise, margin, loss, jet):
    """Fill x with the solution, from x itself if ``warm``; return (status, largest |F|, iterations).

    ``ratio`` is eps/eps_c < 1. In the population, R = 0, V is of the order of 1e-20.
    """
    p = sampled(p)
    if warm:
        before = x.copy()
        size, iterations = newton(x, p, law, norm, noise, margin, loss, jet)
        if size < TOLERANCE:
            return SOLVED, size, iterations
        x[:] = before
    _cold(x, ratio, p, law, norm, noise, margin, loss, jet)
    size, iterations = newton(x, p, law, norm, noise, margin, loss, jet)
    if size < TOLERANCE:
        return SOLVED, size, iterations
    separable, more = _separable(x, ratio, p, law, norm, noise, margin, loss, jet)
    iterations += more
    if separable:
        return SEPARABLE, size, iterations
    size, more = _followed(x, ratio, p, law, norm, noise, margin, loss, jet)
    return SOLVED if size < TOLERANCE else NOT_CONVERGED, size, iterations + more
