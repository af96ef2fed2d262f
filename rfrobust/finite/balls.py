"""Balls of l_p attacks, p >= 1.05 or inf: projection, steepest direction, random points of the edge.

Rows are perturbations; the ball of :class:`rfrobust.problem.Attack` is that of :func:`radius_of`.
"""

import math

import numpy as np

from ..problem.attack import dual_exponent, norm_of
from ..support import pgd, validation

#: Bisections that bring every root to rounding.
_STEPS = 200


def radius_of(eps: float, norm: float, d: int) -> float:
    """Return the length in the norm of attacks of radius eps in dimension d: eps d^(1/p - 1/2)."""
    norm, d = norm_of("norm", norm), validation.integer("d", d, 1)
    return validation.real_scalar("eps", eps, 0.0) * d ** (1.0 / norm - 0.5)


def lengths(rows: np.ndarray, norm: float) -> np.ndarray:
    """Return the norm of each row, which does not overflow."""
    largest = np.abs(rows).max(axis=-1)
    if math.isinf(norm):
        return largest
    scale = np.where(largest > 0.0, largest, 1.0)
    return scale * np.sum((np.abs(rows) / scale[..., None]) ** norm, axis=-1) ** (1.0 / norm)


def steepest(slopes: np.ndarray, norm: float) -> np.ndarray:
    """Return the rows of length 1 in the norm along which linear functions of these slopes rise most; zeros stay.

    sign(g) |g|^(q - 1) / |g|_q^(q - 1) with 1/p + 1/q = 1.
    """
    if math.isinf(norm):
        return np.sign(slopes)
    q = dual_exponent(norm)
    largest = np.abs(slopes).max(axis=-1, keepdims=True)
    scaled = slopes / np.where(largest > 0.0, largest, 1.0)
    moved = np.sign(scaled) * np.abs(scaled) ** (q - 1.0)
    size = lengths(moved, norm)[..., None]
    return moved / np.where(size > 0.0, size, 1.0)


def project(rows: np.ndarray, radius: float, norm: float) -> np.ndarray:
    """Return the point of the ball that is closest to each row in the Euclidean norm.

    Where |x|_p > radius it has the coordinates a_j >= 0 of a_j + nu a_j^(p - 1) = |x_j|, with the signs of x. The norm
    of a falls with nu, which is found by bisection in its logarithm.
    """
    if math.isinf(norm):
        return np.clip(rows, -radius, radius)
    size = lengths(rows, norm)
    out = np.array(rows, dtype=float)
    if radius == 0.0:
        return np.zeros_like(out)
    far = size > radius
    if norm == 2.0:
        out[far] *= (radius / size[far])[:, None]
    elif far.any():
        out[far] = np.sign(out[far]) * radius * _closest(np.abs(out[far]) / radius, norm)
    return out


def _closest(x: np.ndarray, p: float) -> np.ndarray:
    """The points of the unit ball closest to rows of nonnegative numbers outside."""
    # a <= (x/nu)^(1/(p - 1)), so that beyond nu = |x|_q the norm of a is at most 1
    high = np.log(lengths(x, dual_exponent(p)))
    low, step = high - 1.0, np.ones_like(high)
    while (within := lengths(_shrunk(x, low, p), p) <= 1.0).any():
        step = np.where(within, 2.0 * step, step)
        high, low = np.where(within, low, high), np.where(within, low - step, low)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        outside = lengths(_shrunk(x, middle, p), p) > 1.0
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
        if ((high - low) <= 1e-15 * (1.0 + np.abs(high))).all():
            break
    found = _shrunk(x, high, p)
    return found / np.maximum(lengths(found, p), 1.0)[:, None]


def _shrunk(x: np.ndarray, log_nu: np.ndarray, p: float) -> np.ndarray:
    """The a with a + nu a^(p - 1) = x, of nonnegative numbers.

    In logarithms the left side is convex and rises: from above Newton's method runs down to the root.
    """
    with np.errstate(divide="ignore"):
        goal = np.log(x)
    nu, seen = log_nu[:, None], x > 0.0
    goal = np.where(seen, goal, 0.0)
    s = np.minimum(goal, (goal - nu) / (p - 1.0))
    for _ in range(100):
        other = nu + (p - 1.0) * s
        total = np.logaddexp(s, other)
        share = np.exp(s - total)
        step = (total - goal) / (share + (p - 1.0) * (1.0 - share))
        s = s - step
        if (np.abs(step) <= 1e-15 * (1.0 + np.abs(s))).all():
            break
    return np.where(seen, np.exp(s), 0.0)


def random_edge(rng: np.random.Generator, shape: tuple[int, ...], radius: float, norm: float) -> np.ndarray:
    """Return rows of length ``radius``: for p < inf of the cone measure, for inf on faces of all dimensions.

    Coordinates of density exp(-|x|^p), scaled (Schechtman and Zinn, Proc. Amer. Math. Soc. 110, 1990); for inf about
    half of the coordinates are at an end.
    """
    if math.isinf(norm):
        rows = np.clip(rng.uniform(-2.0, 2.0, shape), -1.0, 1.0)
        return radius * rows / np.abs(rows).max(axis=1, keepdims=True)
    rows = rng.choice([-1.0, 1.0], shape) * rng.gamma(1.0 / norm, size=shape) ** (1.0 / norm)
    return radius * rows / lengths(rows, norm)[:, None]


class LpBall(pgd.Ball):
    """The l_p ball around each row of a centre, for the searches of :mod:`rfrobust.support.pgd`.

    Parameters
    ----------
    centre : ndarray or float
        Centres, one a row; 0.0 for perturbations.
    radius : float
        In the norm; :func:`radius_of` an attack.
    norm : float
        p.
    """

    def __init__(self, centre: np.ndarray | float, radius: float, norm: float) -> None:
        super().__init__(centre, radius, "linf" if math.isinf(norm) else "l2")
        self.p = norm

    def take(self, rows: np.ndarray) -> "LpBall":
        """See :class:`rfrobust.support.pgd.Ball`."""
        return LpBall(self.centre[rows], self.radius, self.p)

    def project(self, points: np.ndarray) -> np.ndarray:
        """See :class:`rfrobust.support.pgd.Ball`."""
        return self.centre + project(points - self.centre, self.radius, self.p)

    def steepest(self, slope: np.ndarray) -> np.ndarray:
        """See :class:`rfrobust.support.pgd.Ball`."""
        return steepest(slope, self.p)

    def random_edge(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """See :class:`rfrobust.support.pgd.Ball`."""
        return self.centre + random_edge(rng, shape, self.radius, self.p)
