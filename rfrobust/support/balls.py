"""Balls of l_p attacks, p > 1 or inf: projection, steepest direction, random points. Rows are points."""

import math

import numpy as np

from .jit import njit

#: The names of norms that the companions' users type.
NORMS = {"linf": math.inf, "l2": 2.0}
#: Steps of a Newton iteration at most; what follows one this short is rounding.
_STEPS, _SHORT = 100, 1e-8


def dual_exponent(norm: float) -> float:
    """Return p' with 1/p + 1/p' = 1."""
    return 1.0 if math.isinf(norm) else norm / (norm - 1.0)


def lengths(rows: np.ndarray, norm: float) -> np.ndarray:
    """Return the norm of each row."""
    if norm == 2.0:
        return np.linalg.norm(rows, axis=-1)
    largest = np.abs(rows).max(axis=-1)
    if math.isinf(norm):
        return largest
    scale = np.where(largest > 0.0, largest, 1.0)  # so that powers do not overflow
    return scale * np.sum((np.abs(rows) / scale[..., None]) ** norm, axis=-1) ** (1.0 / norm)


def unit_rows(rows: np.ndarray, norm: float = 2.0) -> np.ndarray:
    """Return the rows scaled to length 1; rows of zeros stay."""
    size = lengths(rows, norm)[..., None]
    return rows / np.where(size > 0, size, 1.0)


def steepest(slopes: np.ndarray, norm: float) -> np.ndarray:
    """Return the rows of length 1 in the norm along which linear functions of these slopes rise most; zeros stay.

    sign(g) |g|^(q - 1) / |g|_q^(q - 1) with 1/p + 1/q = 1.
    """
    if math.isinf(norm):
        return np.sign(slopes)
    if norm == 2.0:
        return unit_rows(slopes)
    scaled = unit_rows(slopes, math.inf)
    return unit_rows(np.sign(scaled) * np.abs(scaled) ** (dual_exponent(norm) - 1.0), norm)


def project(rows: np.ndarray, radius: float, norm: float) -> np.ndarray:
    """Return the point of the ball that is closest to each row in the Euclidean norm.

    Where |x|_p > radius it has the coordinates a_j >= 0 of a_j + nu a_j^(p - 1) = |x_j|, with the signs of x.
    """
    if math.isinf(norm):
        return np.clip(rows, -radius, radius)
    size = lengths(rows, norm)
    if norm == 2.0:
        return rows * (radius / np.maximum(size, radius if radius > 0.0 else 1.0))[:, None]
    if radius == 0.0:
        return np.zeros_like(rows)
    far = size > radius
    out = rows.copy()
    x, size = np.abs(rows[far], dtype=float) / radius, size[far] / radius
    out[far] = np.copysign(radius * _closest(x, norm, size, lengths(x, dual_exponent(norm))), rows[far])
    return out


@njit
def _closest(x, p, size, dual_size):
    """The points of the unit ball closest to rows of nonnegative numbers outside, of these l_p and dual lengths.

    In logarithms the left side of a + nu a^(p - 1) = x is convex and rises: Newton's method runs down to the root. nu
    is where |a|^(1 - p), nearly linear in it (linear for p = 2), is 1, and at most |x|_q.
    """
    out = np.zeros_like(x)
    count = x.shape[1]
    s = np.empty(count)
    for i in range(len(x)):
        low, high = 0.0, dual_size[i]
        nu = max(high * (1.0 - 1.0 / size[i]), 0.0)
        last = False
        for step in range(_STEPS):
            t = math.log(nu) if nu > 0.0 else -math.inf
            top = -math.inf
            for j in range(count):
                if x[i, j] > 0.0:
                    goal = math.log(x[i, j])
                    s_j = s[j] if step > 0 else min(goal, (goal - t) / (p - 1.0))
                    for _ in range(_STEPS):
                        other = t + (p - 1.0) * s_j
                        small = math.exp(-abs(s_j - other))
                        share = (1.0 if s_j > other else small) / (1.0 + small)
                        excess = max(s_j, other) + math.log1p(small) - goal
                        move = excess / (share + (p - 1.0) * (1.0 - share))
                        s_j -= move
                        if abs(move) <= _SHORT:
                            break
                    s[j] = s_j
                    top = max(top, s_j)
            total = pull = 0.0
            for j in range(count):
                if x[i, j] > 0.0:
                    weight = math.exp(p * (s[j] - top))
                    total += weight
                    pull += weight / (math.exp((2.0 - p) * s[j]) + (p - 1.0) * nu)
            height = top + math.log(total) / p
            if last:
                break
            if height > 0.0:
                low = nu
            else:
                high = nu
            change = math.expm1((p - 1.0) * height) / ((p - 1.0) * pull / total)
            target = nu + change
            if not low <= target <= high:
                target = 0.5 * (low + high)
            last = abs(target - nu) <= _SHORT * nu
            nu = target
        shrink = math.exp(-max(height, 0.0))
        for j in range(count):
            if x[i, j] > 0.0:
                out[i, j] = shrink * math.exp(s[j])
    return out


class Ball:
    """What points may reach: an l_p ball around each row of a centre, cut with a box that holds the centre.

    Parameters
    ----------
    centre : ndarray or float
        Centres, one a row (for p = inf of any shape); 0.0 for perturbations.
    radius : float
        In the norm.
    norm : float
        p.
    box : (float, float), optional
        Allowed range of every coordinate.
    """

    def __init__(
        self, centre: np.ndarray | float, radius: float, norm: float, box: tuple[float, float] | None = None
    ) -> None:
        self.centre, self.radius, self.norm, self.box = np.asarray(centre), radius, norm, box
        self.low, self.high = self._cut(self.centre - radius), self._cut(self.centre + radius)

    def take(self, rows: np.ndarray) -> "Ball":
        """Return the ball around some rows of the centres."""
        return Ball(self.centre[rows], self.radius, self.norm, self.box)

    def _cut(self, points: np.ndarray) -> np.ndarray:
        return points if self.box is None else np.clip(points, *self.box)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the points moved into the ball, then into the box."""
        if math.isinf(self.norm):
            return np.clip(points, self.low, self.high)
        return self._cut(self.centre + project(points - self.centre, self.radius, self.norm))

    def uphill(self, slope: np.ndarray) -> np.ndarray:
        """Return the directions of a step up slopes: the sign for p = inf, else the slope scaled to the ball's width.

        A maximum on the edge stays where it is under the step and the Euclidean projection only along its slope, which
        for other p than 2 is not the steepest direction in the norm.
        """
        if math.isinf(self.norm):
            return np.sign(slope)
        return unit_rows(slope) * slope.shape[-1] ** max(0.5 - 1.0 / self.norm, 0.0)

    def random_edge(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return points of the sphere or, for p = inf, of all faces of the cube: half the coordinates at their ends.

        For p < inf of the cone measure: coordinates of density exp(-|x|^p), scaled to the length (Schechtman and Zinn,
        Proc. Amer. Math. Soc. 110, 1990).
        """
        return self._cut(self.centre + (self.radius * self._edge(rng, shape)).astype(self.centre.dtype))

    def _edge(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if math.isinf(self.norm):
            return np.clip(rng.uniform(-2.0, 2.0, shape), -1.0, 1.0)
        if self.norm == 2.0:
            return unit_rows(rng.standard_normal(shape))
        signs = rng.choice([-1.0, 1.0], shape)
        return unit_rows(signs * rng.gamma(1.0 / self.norm, size=shape) ** (1.0 / self.norm), self.norm)

    def hop(self, rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
        """Return ``points`` with half of the coordinates drawn anew (p = inf) or moved by a radius at random."""
        fresh = self.random_edge(rng, points.shape)
        if math.isinf(self.norm):
            return np.where(rng.random(points.shape) < 0.5, fresh, points)
        return self.project(points + fresh - self.centre)

    def random_point(self, rng: np.random.Generator) -> np.ndarray:
        """Return points uniform in the ball, moved into the box."""
        shape = self.centre.shape
        if math.isinf(self.norm):
            offset = rng.uniform(-self.radius, self.radius, shape)
        else:
            edge = self._edge(rng, shape)
            offset = self.radius * rng.random((shape[0], 1)) ** (1 / shape[1]) * edge
        return self.project(self.centre + offset.astype(self.centre.dtype))
