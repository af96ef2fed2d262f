"""Robust training against the real inner maximum, attacked by projected gradient ascent in every step."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import validation
from .attack import pgd_attack
from .features import FeatureMap
from .linearized import linearized_erm


@dataclass(frozen=True)
class PGDFit:
    """A network trained against PGD; the problem is not convex inside, so there is no duality gap.

    Attributes
    ----------
    theta : ndarray, shape (N,)
        The best second layer found.
    objective : float
        Its robust loss under the final, strongest attack.
    linearized_objective : float
        Minimum of the linearized problem, which approximates this one from the same start.
    linearized_gap : float
        (objective - linearized_objective)/linearized_objective, of either sign.
    iterations : int
        Accepted steps.
    converged : bool
        Whether the last step improved the loss by less than the tolerance, within the budget.
    """

    theta: np.ndarray
    objective: float
    linearized_objective: float
    linearized_gap: float
    iterations: int
    converged: bool


def pgd_erm(
    network: FeatureMap,
    X: Any,
    y: Any,
    eps: float,
    *,
    ridge: float = 0.0,
    tol: float = 1e-4,
    max_iter: int = 60,
    attack_steps: int = 12,
) -> PGDFit:
    """Minimise (1/2n) sum_i max_{|delta| <= eps} (y_i - f(x_i + delta))^2 + (ridge/2)|theta|^2 ([HJ] eq. 4.3).

    Starts at the linearized optimum. By Danskin's theorem the gradient is that of the loss at the attacked points; it
    is preconditioned with the Gauss-Newton matrix there, and a step is accepted when the newly attacked loss falls.

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
    tol : float, default 1e-4
        Stop when a step lowers the loss by a smaller fraction.
    max_iter : int, default 60
        Budget of steps.
    attack_steps : int, default 12
        Gradient steps of each inner attack (the final evaluation uses twice as many and random restarts).
    """
    tol = validation.real_scalar("tol", tol, 0.0, 1.0, open_lower=True)
    max_iter = validation.integer("max_iter", max_iter, 1)
    attack_steps = validation.integer("attack_steps", attack_steps, 1)
    start = linearized_erm(network, X, y, eps, ridge=ridge, tol=1e-6)
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    n, theta = len(y), start.theta

    def attacked(point: np.ndarray, previous: np.ndarray | None) -> tuple[float, np.ndarray, np.ndarray]:
        delta = pgd_attack(network, point, X, y, eps, steps=attack_steps, restarts=0, start=previous)
        features = network.features(X + delta)
        residual = y - features @ point
        return 0.5 * float(np.mean(residual**2) + ridge * (point @ point)), delta, features

    value, delta, features = attacked(theta, None)
    length, iterations, converged = 1.0, 0, False
    while iterations < max_iter and not converged:
        hessian = features.T @ features / n
        hessian[np.diag_indices_from(hessian)] += ridge + 1e-3 * np.trace(hessian) / len(hessian)
        gradient = ridge * theta - features.T @ (y - features @ theta) / n
        step = -np.linalg.solve(hessian, gradient)
        while length > 1e-4:
            trial = attacked(theta + length * step, delta)
            if trial[0] < value:
                break
            length *= 0.5
        else:
            converged = True
            break
        converged = value - trial[0] <= tol * value
        theta = theta + length * step
        value, delta, features = trial
        iterations += 1
        length = min(1.0, 2.0 * length)
    objective = pgd_loss(network, theta, X, y, eps, ridge=ridge, steps=2 * attack_steps)
    initial = pgd_loss(network, start.theta, X, y, eps, ridge=ridge, steps=2 * attack_steps)
    if initial < objective:  # the stronger attack may reverse a small gain
        theta, objective = start.theta, initial
    return PGDFit(
        theta,
        objective,
        start.objective,
        (objective - start.objective) / start.objective,
        iterations,
        converged,
    )


def pgd_loss(
    network: FeatureMap,
    theta: np.ndarray,
    X: np.ndarray,
    y: np.ndarray,
    eps: float,
    *,
    ridge: float = 0.0,
    steps: int = 24,
    restarts: int = 1,
) -> float:
    """Robust training loss of one theta under PGD, with the ridge term."""
    delta = pgd_attack(network, theta, X, y, eps, steps=steps, restarts=restarts)
    residual = y - network.features(X + delta) @ theta
    return 0.5 * float(np.mean(residual**2) + ridge * (theta @ theta))
