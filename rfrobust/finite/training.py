"""Robust training against the real inner maximum, attacked by projected gradient ascent in every step.

Each step solves a convex model that agrees, in value and gradient, with the attacked loss at the current theta: the
worst residual of a sample is |y - m| + h, where m +- h are the largest and the smallest f on its ball (docs, simulation
page, "Training against PGD"). By Danskin's theorem the attacked points need not be differentiated.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..problem.attack import EUCLIDEAN
from ..problem.parameters import scalar
from ..support import validation
from .attack import extreme_points, pgd_attack
from .features import FeatureMap
from .linearized import LinearizedProblem, linearized_erm
from .newton import semismooth_newton

#: Errors on the two sides of a sample that differ by less than this fraction count as equal.
_SAME = 0.02


@dataclass(frozen=True)
class PGDFit:
    """A network trained against PGD; the problem is not convex inside, so there is no duality gap.

    Attributes
    ----------
    theta : ndarray, shape (N,)
        The best second layer found.
    objective : float
        Its robust loss under the final, strongest attack: a lower bound.
    linearized_objective : float
        Minimum of the linearized problem, where the descent starts.
    linearized_gap : float
        (objective - linearized_objective)/linearized_objective, of either sign.
    initial_objective : float
        Robust loss of the linearized minimiser under the same strongest attack; never below ``objective``.
    zero_residual_fraction : float
        Share of samples whose worst error is the same, to 2 percent, whether f is pushed up or down: what a residual
        of zero becomes when f is not linear on the ball.
    iterations : int
        Accepted steps.
    converged : bool
        Whether no further step lowers the loss by more than the tolerance, within the budget.
    """

    theta: np.ndarray
    objective: float
    linearized_objective: float
    linearized_gap: float
    initial_objective: float
    zero_residual_fraction: float
    iterations: int
    converged: bool


class _AttackedModel(LinearizedProblem):
    """The linearized problem of l2 attacks corrected to first order at the current attacked points, of any norm.

    Only its curvature is that of |B_i theta|, which attacks in another norm see to a constant in high dimension.
    """

    def __init__(
        self, network: FeatureMap, X: np.ndarray, y: np.ndarray, eps: float, ridge: float,
        theta: np.ndarray, up: np.ndarray, down: np.ndarray,
    ):  # fmt: skip
        super().__init__(network, X, y, eps, ridge)
        high, low = network.features(X + up), network.features(X + down)
        self.Z = 0.5 * (high + low)
        self._shift = np.zeros_like(self.Z)
        self._shift = 0.5 * (high - low) / eps - super().norm_gradients(theta)[1]

    def norms(self, w: np.ndarray) -> np.ndarray:
        return super().norms(w) + self._shift @ w

    def norm_gradients(self, w: np.ndarray, smoothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        b, gradients = super().norm_gradients(w, smoothing)
        return b + self._shift @ w, gradients + self._shift

    def norm_curvature(self, b: np.ndarray, gradients: np.ndarray, weights: np.ndarray) -> np.ndarray:
        linear = gradients - self._shift
        size = np.einsum("ij,ij->i", linear, linear)
        return super().norm_curvature(np.where(size > 0, b, 0.0), linear, weights)

    def gap(self, w: np.ndarray, alpha: np.ndarray, smoothing: float = 0.0) -> float:
        """Scaled residual of the optimality conditions: a model needs no certificate."""
        b, gradients = self.norm_gradients(w)
        n, eps = len(self.y), self.eps
        primal = self.y - self.Z @ w - np.sign(alpha) * np.maximum(np.abs(alpha) - eps * b, 0.0)
        pull = self.Z.T @ alpha / n
        dual = pull - self.ridge * w - (eps / n) * (np.maximum(eps * b, np.abs(alpha)) @ gradients)
        return float(np.linalg.norm(primal) / np.linalg.norm(self.y) + np.linalg.norm(dual) / np.linalg.norm(pull))


@validation.typed
def pgd_erm(
    network: FeatureMap,
    X: Any,
    y: Any,
    eps: float,
    *,
    ridge: float = 0.0,
    norm: float = EUCLIDEAN,
    tol: float = 1e-4,
    max_iter: int = 40,
    attack_steps: int = 15,
) -> PGDFit:
    """Minimise (1/2n) sum_i max_delta (y_i - f(x_i + delta))^2 + (ridge/2)|theta|^2 ([HJ] eq. 4.3).

    The attacks have |delta|_p <= eps d^(1/p - 1/2).
    Starts at the linearized optimum; steps to the minimum of the convex model at the attacked points, halved until the
    newly attacked loss falls.

    Parameters
    ----------
    network : FeatureMap
        First layer with true features.
    X : array_like, shape (n, d)
        Samples.
    y : array_like, shape (n,)
        Responses.
    eps : float
        Training radius, > 0.
    ridge : float, default 0
        Ridge penalty, >= 0.
    norm : float, default 2
        p of the attacks' norm, 2, ``inf`` or any p >= 1.05.
    tol : float, default 1e-4
        Stop when a step lowers the loss by a smaller fraction.
    max_iter : int, default 40
        Budget of steps.
    attack_steps : int, default 15
        Gradient steps of each inner attack (the final evaluation uses twice as many and random restarts).
    """
    tol = validation.real_scalar("tol", tol, 0.0, 1.0, open_lower=True)
    max_iter = validation.integer("max_iter", max_iter, 1)
    attack_steps = validation.integer("attack_steps", attack_steps, 1)
    start = linearized_erm(network, X, y, eps, ridge=ridge, norm=norm, tol=1e-6)
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    theta, alpha = start.theta, start.alpha

    def attacked(point: np.ndarray, previous: tuple[np.ndarray, np.ndarray] | None) -> tuple[float, Any]:
        ends = extreme_points(network, point, X, eps, norm=norm, steps=attack_steps, start=previous)
        worst = np.max([np.abs(y - network.features(X + end) @ point) for end in ends], axis=0)
        return 0.5 * float(np.mean(worst**2) + ridge * (point @ point)), ends

    value, ends = attacked(theta, None)
    iterations, converged = 0, not theta.any() or not y.any()
    while iterations < max_iter and not converged:
        model = _AttackedModel(network, X, y, eps, ridge, theta, *ends)
        target = semismooth_newton(model, theta, alpha, 15)
        length = 1.0
        while length > 0.05:
            trial = theta + length * (target.w - theta)
            trial_value, trial_ends = attacked(trial, ends)
            if trial_value < value:
                break
            length *= 0.5
        else:
            converged = True
            break
        converged = value - trial_value <= tol * value
        theta, alpha = trial, alpha + length * (target.alpha - alpha)
        value, ends = trial_value, trial_ends
        iterations += 1
    objective = pgd_loss(network, theta, X, y, eps, ridge=ridge, norm=norm, steps=2 * attack_steps)
    initial = pgd_loss(network, start.theta, X, y, eps, ridge=ridge, norm=norm, steps=2 * attack_steps)
    if initial < objective:  # the stronger attack may reverse a small gain
        theta, objective = start.theta, initial
    gap = (objective - start.objective) / start.objective if start.objective > 0 else 0.0
    high, low = (network.features(X + end) @ theta for end in attacked(theta, ends)[1])
    zero = float(np.mean(np.abs(y - 0.5 * (high + low)) <= _SAME * 0.5 * (high - low)))
    return PGDFit(theta, objective, start.objective, gap, initial, zero, iterations, converged)


@validation.typed
def pgd_loss(
    network: FeatureMap,
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    eps: float,
    *,
    ridge: float = 0.0,
    norm: float = EUCLIDEAN,
    steps: int = 30,
    restarts: int | None = None,
) -> float:
    """Robust training loss of one theta under PGD, with the ridge term: from below, by :func:`pgd_attack`."""
    ridge = scalar("ridge", ridge)
    delta = pgd_attack(network, theta, X, y, eps, norm=norm, steps=steps, restarts=restarts)
    residual = y - network.features(X + delta) @ theta
    return 0.5 * float(np.mean(residual**2) + ridge * (theta @ theta))
