"""Training loss and dual bound under the seminorms of a network, on the features as given, with rounding bounded.

(Docs, simulation page, "Its certificate"; for one Euclidean norm with its own accurate products see :mod:`bounds`.)
"""

import math
from dataclasses import dataclass

import numpy as np

from ..problem.loss import Loss, MarginLoss
from .barrier import Iterate
from .bounds import Products, Rounded, Sliced
from .definite import UNIT, safe_cholesky
from .scores import DualPoint, largest
from .seminorms import BoundedSeminorms


@dataclass(frozen=True)
class GivenNetwork:
    """The problem of :class:`rfrobust.finite.convex.ConvexTraining`, with M = ridge + gradient J2."""

    F: np.ndarray
    y: np.ndarray
    loss: Loss
    norms: BoundedSeminorms
    ridge: float
    gradient: float
    J2: np.ndarray | None

    def certify(
        self, theta: np.ndarray, dual: DualPoint, eps: float, at: Iterate | np.ndarray, tol: float
    ) -> tuple[float, float, float]:
        """P(theta), a relative bound of what it is above the least loss, and the root mean square of the norms.

        ``at`` is where the dual norms are known, for eps > 0: the iterate, or a point without smoothing.
        """
        for products in (Rounded, Sliced):
            F = products(self.F)
            value, error, norm = self._primal(theta, eps, F)
            level = value + error
            excess = level - max(self._dual(theta, dual, eps, at, level, F), self._floor)
            gap = max(excess, 0.0) / abs(value) if value else 0.0
            if gap <= tol:
                break
        return value, gap, norm

    @property
    def _floor(self) -> float:
        return float(self.loss([1e100 if self.loss.sign < 0.0 else 0.0])[0])

    def _primal(self, theta: np.ndarray, eps: float, F: Products) -> tuple[float, float, float]:
        """P(theta), a bound of its error, and the norm."""
        fit, rest, fuzz = F.times(theta)
        R = self.norms.values(theta)
        blur = self.norms.error(theta, R)
        if isinstance(self.loss, MarginLoss):
            size = np.abs(fit + rest)
            z, worst = self.y * (fit + rest) - eps * R, -1.0
        else:
            size = np.abs((self.y - fit) - rest)
            z, worst = size + eps * R, 1.0
        spread = fuzz + eps * blur + 4 * UNIT * (size + eps * R)
        held, held_error = self._pull_of_penalties(theta)
        penalty = 0.5 * math.fsum(theta * held)
        value, most = (math.fsum(self.loss(points)) / len(z) for points in (z, z + worst * spread))
        error = (most - value) + 0.5 * float(np.abs(theta) @ held_error) + 16 * UNIT * (abs(most) + penalty)
        return value + penalty, error, float(np.sqrt(np.mean(R**2)))

    def _pull_of_penalties(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """M theta and a bound of its error."""
        held = self.ridge * theta
        error = 2 * UNIT * np.abs(held)
        if self.gradient > 0.0:
            assert self.J2 is not None
            image, _, fuzz = Rounded(self.J2).times(theta)
            held = held + self.gradient * image
            error = error + self.gradient * fuzz + 4 * UNIT * np.abs(held)
        return held, error

    def _dual(
        self, theta: np.ndarray, dual: DualPoint, eps: float, at: Iterate | np.ndarray, level: float, F: Products
    ) -> float:
        """A lower bound of the least loss, which is at most ``level``.

        With s'theta' <= eps mean(omega_i R_i(theta')) and e = F'u/n - M theta - s what is left of the pull, it is the
        linear part less theta'M theta/2, and less e'theta + e'M^-1 e/2, or the largest e'theta' in the level set that
        the room of s does not hold.
        """
        n = len(self.y)
        linear = 0.0 if dual.margin else float(np.mean(dual.u * self.y))
        held, held_error = self._pull_of_penalties(theta)
        penalty = 0.5 * math.fsum(theta * held)
        magnitude = (0.0 if dual.margin else float(np.mean(np.abs(dual.u * self.y)))) + dual.magnitude + penalty
        lost = dual.error + (n + 8) * UNIT * magnitude + 0.5 * float(np.abs(theta) @ held_error)
        base = linear - float(np.mean(dual.conjugate)) - penalty - lost
        bounds, length = [-math.inf], self._length(level, eps, at, F)
        for shared in (False, True):
            e, doubt, room = self._left(dual, eps, at, held, held_error, F, shared=shared)
            if self.ridge > 0.0 or self.gradient > 0.0:
                taken = math.fsum(theta * e) + float(np.abs(theta) @ doubt) + 0.5 * self._inverse(e, doubt)
                bounds.append(base - taken - 8 * UNIT * abs(taken))
            over = self.norms.reach(e, doubt) - room
            bounds.append(base - 1.01 * length * over if over > 0.0 else base)
        return max(bounds)

    def _left(
        self,
        dual: DualPoint,
        eps: float,
        at: Iterate | np.ndarray,
        held: np.ndarray,
        held_error: np.ndarray,
        F: Products,
        *,
        shared: bool,
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """F'u/n - held - s, a bound of its error, and the room of s."""
        n, (x, h) = len(self.y), (at.x, at.h) if isinstance(at, Iterate) else (at, 0.0)
        pull, low, fuzz = (part / n for part in F.times(dual.u, transposed=True))
        if dual.margin:
            fuzz = fuzz + np.abs(self.F).T @ dual.blur * (1.01 / n)
        g = (pull - held) + low
        weights = (eps / n) * np.maximum(dual.omega - dual.blur, 0.0)
        if self.norms.count == 1:
            weights = weights.sum(keepdims=True) * (1 - n * UNIT)
        s, error, room = self.norms.support(x, h, weights, g if shared else None)
        return g - s, fuzz + held_error + error + 4 * UNIT * (np.abs(pull) + np.abs(held) + np.abs(s)), room

    def _inverse(self, e: np.ndarray, doubt: np.ndarray) -> float:
        """A bound of e'M^-1 e."""
        if self.ridge > 0.0:
            return math.fsum((np.abs(e) + doubt) ** 2) / self.ridge
        assert self.J2 is not None
        unit = np.sqrt(np.diag(self.J2))
        root = safe_cholesky(self.J2 / unit / unit[:, None], 8) if unit.all() else None
        return math.inf if root is None else root.close_reach(e / unit, doubt / unit) / self.gradient

    def _length(self, level: float, eps: float, at: Iterate | np.ndarray, F: Products) -> float:
        """A bound of the mean norm of the theta' whose loss is at most ``level``."""
        if not isinstance(self.loss, MarginLoss):
            return 1.01 * largest(self.loss, level) / eps
        if isinstance(at, Iterate) and at.inner is not None:
            inner, zero = at.inner, np.zeros(self.F.shape[1])
            total = level + float(np.mean(inner.dual.conjugate)) + inner.dual.error + 16 * UNIT * abs(level)
            for shared in (False, True):
                e, doubt, room = self._left(inner.dual, eps, inner, zero, zero, F, shared=shared)
                spare = 0.99 * room - self.norms.reach(e, doubt)
                if spare > 0.0:
                    return 1.01 * total / spare
        return math.inf
