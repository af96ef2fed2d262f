"""A primal-dual interior point method for the general convex training problem.

Absolute values and hinges become slacks, a >= |t| and v >= max(z - kink, 0), with a barrier mu; seminorms are smoothed
at a length that vanishes with mu. Slacks are eliminated sample by sample, so that a step costs one p x p factorization
(docs, simulation page, "The general objective").
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError

from ..support.errors import Error
from .convex import ConvexTraining
from .newton import solve_definite
from .scores import DualPoint

#: Share of the way to the boundary that a step takes, and how far multipliers may be from mu over their slack.
_BOUNDARY, _SPREAD = 0.995, 1e10
#: A slope of the merit, relative to the merit, that is near the rounding of the latter.
_FLAT = 1e-10
#: The gap in units of the barrier at which the point counts as on the central path, so that the barrier may fall, and
#: by which factor, for one seminorm and for many (more kinks).
_CENTRAL, _FALL, _FALL_MANY = 20.0, 0.01, 0.1
#: A slope of the merit, in units of the barrier, at which it is on the path although rounding hides it from the gap.
_CENTRED = 1e-6
#: The gap at which the iteration ends by itself: theta is only as accurate as the square root of the gap.
TARGET = 1e-13
#: Steps without a smaller gap after which the certificate counts as reached as far as it goes.
_STALL, _STUCK = 6, 60


class SeparableError(Error, ValueError):
    """Labels are separated by the margin that the attack leaves: without penalty a larger theta always fits better."""


@dataclass(frozen=True)
class Iterate:
    """A primal point, the dual point that bounds its gap, the smoothing of both, and the number of steps.

    ``inner`` is an early iterate whose dual point has room in its constraint, if there was one.
    """

    x: np.ndarray
    value: float
    gap: float
    h: float
    dual: DualPoint
    iterations: int
    inner: "Iterate | None" = None


@dataclass
class _Slacks:
    """Slacks a and v of one x, and the multipliers of a - t, a + t, v and v - z + kink (rows of n, or n x K)."""

    a: np.ndarray
    v: np.ndarray
    low: np.ndarray
    high: np.ndarray
    off: np.ndarray
    on: np.ndarray


@dataclass(frozen=True)
class _Place:
    """Everything that is a function of x, a and v."""

    x: np.ndarray
    f: np.ndarray
    t: np.ndarray
    R: np.ndarray
    G: np.ndarray
    z: np.ndarray
    above: np.ndarray  # v - z + kink

    def inside(self, slacks: _Slacks, margin: bool) -> bool:
        return bool((self.above > 0.0).all() and (margin or (slacks.a > np.abs(self.t)).all()))


def _place(problem: ConvexTraining, x: np.ndarray, slacks: _Slacks, h: float) -> _Place:
    f = problem.Z @ x
    R, G = problem.norms.smooth(x, h)
    t = problem.y - f
    z = problem.y * f - problem.eps * R if problem.margin else slacks.a + problem.eps * R
    return _Place(x, f, t, R, G, z, slacks.v - z[:, None] + problem.parts.kinks)


def _merit(problem: ConvexTraining, at: _Place, slacks: _Slacks, mu: float) -> float:
    """The barrier function, or infinity outside."""
    if not at.inside(slacks, problem.margin):
        return np.inf
    terms = problem.parts.smooth(at.z)[0] + slacks.v @ problem.parts.jumps
    if slacks.v.size:
        terms -= mu * (np.log(slacks.v) + np.log(at.above)).sum(axis=1)
    if not problem.margin:
        terms -= mu * np.log((slacks.a - at.t) * (slacks.a + at.t))
    return float(np.mean(terms)) + problem.penalty(at.x)


def _start(problem: ConvexTraining, x: np.ndarray, mu: float, h: float) -> _Slacks:
    """Slacks and multipliers on the central path of mu, as far as they can be found one after the other."""
    n, (kinks, jumps) = len(problem.y), (problem.parts.kinks, problem.parts.jumps)
    size = np.abs(problem.y - problem.Z @ x)
    scale = max(float(size.mean()), 1e-300)
    slacks = _Slacks(size + 0.1 * scale, np.zeros((n, len(kinks))), *np.zeros((2, n)), *np.zeros((2, n, len(kinks))))
    at = _place(problem, x, slacks, h)
    if len(kinks):
        # the positive root of jump = mu/v + mu/(v - distance)
        distance, ratio = at.z[:, None] - kinks, mu / jumps
        root = np.hypot(distance, 2.0 * ratio)
        larger = 0.5 * (root + np.abs(distance))
        smaller = ratio * (ratio / larger)
        slacks.v = ratio + np.where(distance > 0.0, larger, smaller)
        above = ratio + np.where(distance > 0.0, smaller, larger)
        slacks.off, slacks.on = mu / slacks.v, mu / above
    if not problem.margin:
        slacks.low, slacks.high = mu / (slacks.a - at.t), mu / (slacks.a + at.t)
    return slacks


@dataclass(frozen=True)
class _Direction:
    x: np.ndarray
    a: np.ndarray
    v: np.ndarray
    t: np.ndarray
    z: np.ndarray
    slope: float


def _direction(problem: ConvexTraining, at: _Place, slacks: _Slacks, mu: float, h: float) -> _Direction:
    """The Newton step of the barrier function with the curvature of the multipliers at hand."""
    Z, y, eps, n, parts = problem.Z, problem.y, problem.eps, len(problem.y), problem.parts
    _, r1, r2 = parts.smooth(at.z)
    # v: the curvatures of its two barriers, and what is left of its gradient
    e1, e2 = slacks.off / slacks.v, slacks.on / at.above
    rest_v = parts.jumps - mu / slacks.v - mu / at.above
    raw_z = r1 + (mu / at.above).sum(axis=1)
    slope_z = raw_z + (e2 / (e1 + e2) * rest_v).sum(axis=1)
    bend = np.maximum(r2, 0.0) + (e1 * e2 / (e1 + e2)).sum(axis=1)
    omega = r1 + slacks.on.sum(axis=1)
    if problem.margin:
        G_f, G_p, K_ff, K_fp, K_pp = y * slope_z, -slope_z, bend, -y * bend, bend
        omega = -omega
        rest_a = D = E = np.zeros(n)
    else:
        A1, A2 = slacks.a - at.t, slacks.a + at.t
        d1, d2 = slacks.low / A1, slacks.high / A2
        D, E = d1 + d2, d2 - d1
        rest_a = slope_z - mu / A1 - mu / A2
        whole = bend + D
        G_f = -(mu / A1 - mu / A2 - E / whole * rest_a)
        G_p = slope_z - bend / whole * rest_a
        K_ff, K_fp, K_pp = (bend * D + 4.0 * d1 * d2) / whole, bend * E / whole, bend * D / whole
    one = len(at.R) == 1

    def total(rows: np.ndarray) -> np.ndarray:
        return rows.sum(keepdims=True) if one else rows

    gradient = (Z.T @ G_f + eps * (total(G_p) @ at.G)) / n
    rows = Z * np.sqrt(K_ff / n)[:, None]
    matrix = rows.T @ rows  # half the work of a product of two matrices
    if eps > 0.0:
        cross = np.outer(Z.T @ K_fp, at.G[0]) if one else (Z.T * K_fp) @ at.G
        matrix += (eps / n) * (cross + cross.T)
        matrix += (eps**2 / n) * ((at.G.T * total(K_pp)) @ at.G)
        matrix += problem.norms.curvature(at.x, h, (eps / n) * np.maximum(total(omega), 0.0))
    if problem.M is not None:
        gradient += problem.M @ at.x
        matrix += problem.M
    dx = -solve_definite(matrix, gradient)
    df, dp = Z @ dx, eps * (at.G @ dx)
    dt = -df
    da = np.zeros(n) if problem.margin else (-rest_a - E * dt - bend * dp) / (bend + D)
    dz = y * df - dp if problem.margin else da + dp
    dv = (e2 * dz[:, None] - rest_v) / (e1 + e2)
    # the slope of the merit, by its own gradient in x, a and v
    slope = float(np.mean(raw_z * dz + (rest_v * dv).sum(axis=1)))
    if not problem.margin:
        slope += float(np.mean(-(mu / A1) * (da - dt) - (mu / A2) * (da + dt)))
    if problem.M is not None:
        slope += float(at.x @ problem.M @ dx)
    return _Direction(dx, da, dv, dt, dz, slope)


def _longest(values: np.ndarray, steps: np.ndarray) -> float:
    """The share of a step, at most 1, that leaves positive values positive."""
    falling = steps < 0.0
    if not falling.any():
        return 1.0
    return min(1.0, _BOUNDARY * float(np.min(-values[falling] / steps[falling])))


def _advance(
    problem: ConvexTraining, at: _Place, slacks: _Slacks, d: _Direction, mu: float, h: float
) -> tuple[_Place, _Slacks]:
    """The next point: multipliers and the rest take their own share of the step."""
    dabove = d.v - d.z[:, None]
    # multipliers of the full step
    on, off = (mu - slacks.on * dabove) / at.above, (mu - slacks.off * d.v) / slacks.v
    primal = min(_longest(slacks.v, d.v), _longest(at.above, dabove))
    dual = min(_longest(slacks.on, on - slacks.on), _longest(slacks.off, off - slacks.off))
    low = high = slacks.low
    if not problem.margin:
        A1, A2 = slacks.a - at.t, slacks.a + at.t
        low = (mu - slacks.low * (d.a - d.t)) / A1
        high = (mu - slacks.high * (d.a + d.t)) / A2
        primal = min(primal, _longest(A1, d.a - d.t), _longest(A2, d.a + d.t))
        dual = min(dual, _longest(slacks.low, low - slacks.low), _longest(slacks.high, high - slacks.high))
    before = _merit(problem, at, slacks, mu)
    length = primal
    for _ in range(40):
        trial = replace(slacks, a=slacks.a + length * d.a, v=slacks.v + length * d.v)
        place = _place(problem, at.x + length * d.x, trial, h)
        value = _merit(problem, place, trial, mu)
        # below the rounding of the merit itself Newton is in its quadratic phase and needs no search
        if value <= before + 1e-4 * length * d.slope or (-d.slope <= _FLAT * abs(before) and value < np.inf):
            break
        length *= 0.5
    else:
        raise LinAlgError("no step lowers the barrier function")
    trial.on = _near(slacks.on + dual * (on - slacks.on), mu / place.above)
    trial.off = _near(slacks.off + dual * (off - slacks.off), mu / trial.v)
    if not problem.margin:
        trial.low = _near(slacks.low + dual * (low - slacks.low), mu / (trial.a - place.t))
        trial.high = _near(slacks.high + dual * (high - slacks.high), mu / (trial.a + place.t))
    return place, trial


def _near(multiplier: np.ndarray, central: np.ndarray) -> np.ndarray:
    return np.clip(multiplier, central / _SPREAD, central * _SPREAD)


def _smoothing(problem: ConvexTraining, place: _Place, omega: np.ndarray, mu: float) -> float:
    """The length, at most R, at which smoothing the seminorms costs about mu and moves no hinge by more than that."""
    R = float(np.mean(place.R))
    weight = problem.eps * max(float(np.mean(omega)), float(problem.parts.jumps.max(initial=0.0)))
    return min(problem.norms.length(mu / weight, R), R) if weight > 0.0 and R > 0.0 else R


def minimise(problem: ConvexTraining, x: np.ndarray, *, tol: float, max_iter: int) -> Iterate:
    """Follow the central path from x until the gap is at rounding level, stalls, or the budget is used.

    Raises
    ------
    SeparableError
        If an iterate proves that there is no minimiser.
    """
    scale = problem.primal(x)
    mu = 0.1 * scale
    R = problem.norms.values(x)
    h = 0.5 * float(np.mean(R))
    slacks = _start(problem, x, mu, h)
    at = _opened(problem, x, slacks, h)
    best: Iterate | None = None
    inner: Iterate | None = None
    since = 0
    for iteration in range(1, max_iter + 1):
        try:
            d = _direction(problem, at, slacks, mu, h)
            problem.norms.moving(at.x, d.x, h)
            at, slacks = _advance(problem, at, slacks, d, mu, h)
        except LinAlgError:
            break
        if problem.separates(at.x):
            raise SeparableError(
                "the features separate the labels by the margin that the attack leaves, so that without penalty no "
                "theta is best: take ridge > 0, gradient_penalty > 0, a larger eps, or more samples; got "
                f"eps={problem.eps!r} and loss={problem.loss.name!r}"
            )
        point = problem.parts.dual_point(problem.y, at.z, slacks.low - slacks.high, slacks.on)
        value = problem.primal(at.x)
        gap = (value - problem.lower_bound(at.x, h, point)) / abs(value) if value else 0.0
        since += 1
        if inner is None and gap < np.inf:
            inner = Iterate(at.x, value, gap, h, point, iteration)
        if best is None or gap < best.gap or (gap == best.gap == np.inf and value < best.value):
            since = since if best is not None and gap > 0.5 * best.gap else 0
            best = Iterate(at.x, value, gap, h, point, iteration)
        if best.gap <= TARGET or since >= (_STALL if best.gap <= tol else _STUCK):
            break
        if mu <= 1e-16 * value or (gap * value > _CENTRAL * mu and -d.slope > _CENTRED * mu):
            continue
        mu *= _FALL if len(at.R) == 1 else _FALL_MANY
        new = min(h, _smoothing(problem, at, point.omega, mu))
        if new != h:
            h, closed = new, at.above
            at = _place(problem, at.x, slacks, h)
            slacks.v = slacks.v + np.where(slacks.v > closed, np.maximum(closed - at.above, 0.0), 0.0)
            at = _opened(problem, at.x, slacks, h)
    assert best is not None
    return replace(best, iterations=iteration, inner=inner)


def _opened(problem: ConvexTraining, x: np.ndarray, slacks: _Slacks, h: float) -> _Place:
    """The place of x, where the slacks of hinges that rounding or another smoothing has closed are opened."""
    place = _place(problem, x, slacks, h)
    least = 1e-15 * (np.abs(place.z)[:, None] + slacks.v)
    if (place.above < least).any():
        slacks.v = slacks.v + np.maximum(2.0 * least - place.above, 0.0)
        place = _place(problem, x, slacks, h)
    return place
