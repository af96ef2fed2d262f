"""The general convex training problem, and a lower bound of its least value from any dual point.

    P(x) = (1/n) sum_i L_i(<z_i, x>, eps R_i(x)) + x'Mx/2,

with L_i(f, s) = rho(|y_i - f| + s) for a loss of residuals, l(y_i f - s) for one of margins, and seminorms R_i (docs,
simulation page, "The general objective").
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..problem.loss import Loss, MarginLoss
from .definite import UNIT
from .scores import LOSS_ROUNDINGS, DualPoint, largest
from .seminorms import Seminorms

#: Jumps of a slope below this share of the slopes around it are rounding.
_NO_JUMP = 1e-12
#: What a pull along directions that nothing penalises may be, in units of the rounding of its terms.
_ROUNDING = 64 * 2.0**-53


class SplitLoss:
    """A loss as a continuously differentiable convex function and hinges: r(z) + sum_k jump_k max(z - kink_k, 0)."""

    def __init__(self, loss: Loss):
        self.loss = loss
        points = np.array([kink for kink in loss.kinks if kink > loss.start], dtype=float)
        self.kinks, self.jumps = np.zeros(0), np.zeros(0)
        if points.size:
            around = [
                points,
                np.nextafter(points, -np.inf),
                points + loss.bend,
                np.maximum(points - loss.bend, loss.start),
            ]
            right, left, after, before = (loss.derivatives(z)[1] for z in around)
            jumps = right - left
            kept = jumps > _NO_JUMP * (np.abs(after) + np.abs(before))
            self.kinks, self.jumps = points[kept], jumps[kept]

    def smooth(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """r, r' and r''."""
        value, slope, bend = self.loss.derivatives(z)
        for kink, jump in zip(self.kinks, self.jumps, strict=True):
            value = value - jump * np.maximum(z - kink, 0.0)
            slope = slope - jump * (z >= kink)
        return value, slope, bend

    def dual_point(self, y: np.ndarray, z: np.ndarray, score: np.ndarray, hinges: np.ndarray) -> DualPoint:
        """The dual point of slopes r'(z_i) + sum_k hinges_ik, 0 <= hinges_ik <= jump_k, and scores ``score``.

        The conjugate of a sum is at most the sum of the conjugates: that of r is z r'(z) - r(z), that of a hinge
        linear.
        """
        r, slope, _ = self.smooth(z)
        hinges = np.clip(hinges, 0.0, self.jumps)
        conjugate = slope * z - r + hinges @ self.kinks
        total = slope + hinges.sum(axis=1)
        terms = np.abs(slope * z) + np.abs(r) + np.maximum(z[:, None] - self.kinks, 0.0) @ self.jumps
        error = LOSS_ROUNDINGS * UNIT * float(np.mean(terms + hinges @ np.abs(self.kinks)))
        blur = 4 * UNIT * (np.abs(slope) + hinges.sum(axis=1))
        if isinstance(self.loss, MarginLoss):
            return DualPoint(self.loss, -y * total, -total, conjugate, blur, error)
        within = np.maximum(total - blur, 0.0)
        return DualPoint(self.loss, np.clip(score, -within, within), total, conjugate, blur, error)


class ConvexTraining:
    """The problem in p unknowns x, in the notation of the module.

    Parameters
    ----------
    Z : ndarray, shape (n, p)
        Rows z_i.
    y : ndarray, shape (n,)
        Responses or labels.
    loss : Loss
        Of residuals or margins.
    eps : float
        Radius.
    norms : Seminorms
        R, for all samples or for each.
    M : ndarray, shape (p, p), or None
        Quadratic penalty, None for none.
    """

    def __init__(
        self, Z: np.ndarray, y: np.ndarray, loss: Loss, eps: float, norms: Seminorms, M: np.ndarray | None
    ) -> None:
        self.Z, self.y, self.eps, self.norms, self.M = Z, y, eps, norms, M
        self.loss, self.parts, self.margin = loss, SplitLoss(loss), isinstance(loss, MarginLoss)
        self._factor = None
        if M is not None:
            try:
                self._factor = cho_factor(M, check_finite=False)
            except LinAlgError:  # semidefinite: it holds only some directions
                self._factor = None
        self._sizes = np.abs(Z)

    def sizes(self, x: np.ndarray, R: np.ndarray) -> np.ndarray:
        """The z_i at which the loss is taken, from x and the seminorms."""
        f = self.Z @ x
        return self.y * f - self.eps * R if self.margin else np.abs(self.y - f) + self.eps * R

    def penalty(self, x: np.ndarray) -> float:
        """x'Mx/2."""
        return 0.0 if self.M is None else 0.5 * float(x @ self.M @ x)

    def primal(self, x: np.ndarray) -> float:
        """P(x)."""
        return float(np.mean(self.loss(self.sizes(x, self.norms.values(x))))) + self.penalty(x)

    def separates(self, x: np.ndarray) -> bool:
        """Whether the loss falls for ever along x, so that there is no minimiser."""
        if not self.margin or self.M is not None:
            return False
        return bool(self.sizes(x, self.norms.values(x)).min() > 0.0)

    def lower_bound(self, x: np.ndarray, h: float, point: DualPoint) -> float:
        """A number that no value of P is below; -inf where the dual point is not feasible.

        The gradients of the seminorms at x, smoothed at length h, and the penalty at x share out the pull Z'u/n of the
        scores. What is left of it is held by the room that smoothing leaves in the seminorms, by the penalty, or by
        steeper slopes.
        """
        n, eps = len(self.y), self.eps
        R, G = self.norms.smooth(x, h)
        weights = eps / n * (point.omega if len(R) > 1 else point.omega.sum(keepdims=True))
        pull = self.Z.T @ point.u / n
        rest = -pull + weights @ G
        level = -float(np.mean(point.conjugate))
        if not self.margin:
            level += float(np.mean(point.u * self.y))
        held = 0.0
        if self.M is not None:
            held = self.M @ x
            rest += held
            level -= 0.5 * float(x @ held)
        size = self._sizes.T @ np.abs(point.u) / n + np.abs(weights) @ np.abs(G) + np.abs(held)
        bounds = [-np.inf]
        if self._factor is not None:
            lost = 0.5 * float(rest @ cho_solve(self._factor, rest, check_finite=False))
            bounds.append(level + float(rest @ x) - lost)
        small = np.where(np.abs(rest) <= _ROUNDING * size, 0.0, rest)
        lack = self.norms.lacks(-small, x, h, weights) if small.any() else 0.0
        if lack == 0.0:
            bounds.append(level)
        elif lack < np.inf and not self.margin and eps > 0.0:
            cost = point.cost(
                eps * float(np.mean(point.omega)) + lack, eps, 0.0, largest(self.loss, self.primal(x)) / eps
            )
            bounds.append(level + float(np.mean(point.conjugate)) - cost)
        return max(bounds)
