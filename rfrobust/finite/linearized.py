"""Robust training against the linearized attack: each sample has its own gradient norm.

    P(theta) = (1/2n) sum_i (|y_i - f(x_i)| + eps |B_i theta|)^2 + (ridge/2)|theta|^2,   B_i = W' diag(sigma'(W x_i)),

convex, because B_i theta = grad f(x_i) is linear in theta (docs, simulation page, "The linearized objective").
"""

from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky, eigh, svd

from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.loss import SQUARE, Loss, resolve_loss
from ..problem.parameters import scalar
from ..problem.phase import Phase
from ..support import validation
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .family_erm import linearized_family
from .features import FeatureMap
from .newton import minimise


def gradients(network: FeatureMap, X: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Gradients of f at the rows of X: W'(sigma'(Wx) o theta), shape (n, d)."""
    return (network.activation.derivative(X @ network.W.T) * theta) @ network.W


class LinearizedProblem:
    """The linearized training problem in the form that :mod:`newton` minimises."""

    def __init__(self, network: FeatureMap, X: np.ndarray, y: np.ndarray, eps: float, ridge: float):
        U = X @ network.W.T
        self.Z, self.y, self.eps, self.ridge = network.activation(U), y, eps, ridge
        self._W, self._slopes, self._gram = network.W, network.activation.derivative(U), network.gram
        self.R = ridge * np.eye(U.shape[1]) if ridge > 0 else None
        self.free = self.R is None
        self._free_basis = self._directions_without_norm() if self.free else None

    def _directions_without_norm(self) -> np.ndarray | None:
        """Orthonormal basis of Z v over the v that no gradient sees (units that are off on all samples are one)."""
        metric = self.mean_metric()
        try:
            diagonal = np.diag(cholesky(metric, lower=True, check_finite=False))
            if diagonal.min() ** 2 > 1e-12 * len(metric) * metric.diagonal().max():
                return None
        except LinAlgError:
            pass
        values, vectors = eigh(metric, check_finite=False)
        images = self.Z @ vectors[:, values <= 1e-12 * len(metric) * max(float(values[-1]), 0.0)]
        left, singular, _ = svd(images, full_matrices=False, check_finite=False)
        kept = singular > 1e-10 * max(float(np.linalg.norm(self.Z)), np.finfo(float).tiny)
        return left[:, kept] if kept.any() else None

    def mean_metric(self) -> np.ndarray:
        """(1/n) sum_i B_i'B_i, the sample's own J^2."""
        return self._gram * (self._slopes.T @ self._slopes) / len(self.y)

    def images(self, w: np.ndarray) -> np.ndarray:
        """Rows B_i w, shape (n, d)."""
        return (self._slopes * w) @ self._W

    def adjoint(self, images: np.ndarray) -> np.ndarray:
        """Rows B_i' q_i, shape (n, N)."""
        return self._slopes * (images @ self._W.T)

    def norms(self, w: np.ndarray) -> np.ndarray:
        """|B_i w|, shape (n,)."""
        return np.linalg.norm(self.images(w), axis=1)

    def norm_gradients(self, w: np.ndarray, smoothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Norms and their gradients B_i'B_i w/|B_i w|, zero where the norm is."""
        images = self.images(w)
        b = np.hypot(np.linalg.norm(images, axis=1), smoothing)
        return b, self.adjoint(images / np.where(b > 0, b, 1.0)[:, None])

    def norm_curvature(self, b: np.ndarray, gradients: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """sum_i weights_i Hess |B_i w|, as one product: sum_i c_i B_i'B_i = W W' o (S' diag(c) S)."""
        scaled = np.where(b > 0, weights / np.where(b > 0, b, 1.0), 0.0)
        bent = gradients * np.sqrt(scaled)[:, None]
        return self._gram * ((self._slopes.T * scaled) @ self._slopes) - bent.T @ bent

    def primal(self, w: np.ndarray) -> float:
        """P(w)."""
        size = np.abs(self.y - self.Z @ w) + self.eps * self.norms(w)
        return 0.5 * float(np.mean(size**2)) + 0.5 * self.ridge * float(w @ w)

    def gap(self, w: np.ndarray, alpha: np.ndarray, smoothing: float = 0.0) -> float:
        """Relative duality gap."""
        value = self.primal(w)
        return (value - self._dual(w, alpha, smoothing)) / value if value > 0 else 0.0

    def _dual(self, w: np.ndarray, alpha: np.ndarray, smoothing: float) -> float:
        """A lower bound of P from alpha and q_i, made feasible: sum_i B_i'q_i + ridge theta = Z'alpha/n."""
        n, eps = len(self.y), self.eps
        if self._free_basis is not None:
            alpha = alpha - self._free_basis @ (self._free_basis.T @ alpha)
        images = self.images(w)
        b = np.hypot(np.linalg.norm(images, axis=1), smoothing)
        q = images * ((eps / n) * np.maximum(eps * b, np.abs(alpha)) / np.where(b > 0, b, 1.0))[:, None]
        target = self.Z.T @ alpha / n
        defect = target - self.adjoint(q).sum(axis=0)
        ridge = 0.0
        if self.R is None:
            q = q + self._correction(defect, alpha)
            defect = target - self.adjoint(q).sum(axis=0)
            if np.linalg.norm(defect) > 1e-10 * np.linalg.norm(target):
                return -np.inf
        else:
            ridge = float(defect @ defect) / (2 * self.ridge)
        reach = np.maximum(np.abs(alpha), np.linalg.norm(q, axis=1) * (n / eps))
        return float(alpha @ self.y) / n - ridge - float(reach @ reach) / (2 * n)

    def _correction(self, defect: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """Least change of the q_i, in the norm weighted by 1/|alpha_i|, that removes the defect."""
        weights = np.abs(alpha) + 1e-3 * np.mean(np.abs(alpha))
        normal = self._gram * ((self._slopes.T * weights) @ self._slopes)
        normal[np.diag_indices_from(normal)] += 1e-14 * np.trace(normal) / len(normal)
        try:
            factor = cho_factor(normal, check_finite=False)
        except LinAlgError:
            return np.zeros((len(alpha), self._W.shape[1]))
        multiplier = np.zeros(len(defect))
        remaining = defect
        for _ in range(3):  # iterative refinement undoes the diagonal shift
            multiplier += cho_solve(factor, remaining, check_finite=False)
            remaining = defect - self.adjoint(weights[:, None] * self.images(multiplier)).sum(axis=0)
        return weights[:, None] * self.images(multiplier)


@validation.typed
def linearized_erm(
    network: FeatureMap,
    X: Any,
    y: Any,
    eps: float,
    *,
    ridge: float = 0.0,
    loss: str | Loss = SQUARE,
    norm: float = EUCLIDEAN,
    gradient_penalty: float = 0.0,
    tol: float = 1e-8,
    max_iter: int = 500,
) -> RobustFit:
    r"""Train against the attack on the network linearized at each sample, with a certificate.

    .. math:: \min_\theta\frac1n\sum_i L_i\bigl(f(x_i),\epsilon\,d^{1/p-1/2}|\nabla f(x_i)|_{p'}\bigr)
              +\frac\lambda2|\theta|^2+\frac g2|J\theta|^2

    with the losses L_i of :func:`rfrobust.robust_erm` and 1/p + 1/p' = 1; the default is
    (1/2n) sum_i (\|y_i - f(x_i)\| + eps \|grad f(x_i)\|)^2.

    Parameters
    ----------
    network : FeatureMap
        First layer with true features.
    X : array_like, shape (n, d)
        Samples.
    y : array_like, shape (n,)
        Responses; labels -1 and 1 for losses of margins.
    eps : float
        Training radius, > 0.
    ridge, loss, norm, gradient_penalty, tol, max_iter
        As for :func:`rfrobust.robust_erm`; \|J theta\|^2 is the mean over all x.

    Returns
    -------
    RobustFit
        ``norm`` is the root mean square of the (dual) norms of the gradient at the samples.

    Raises
    ------
    ConvergenceError
        If the relative duality gap stays above ``tol``.
    SeparableError
        If there is no minimiser, as for :func:`rfrobust.robust_erm`.
    """
    X = validation.real_array("X", X, shape=(None, network.W.shape[1]))
    y = validation.real_array("y", y, shape=(len(X),))
    eps = validation.real_scalar("eps", eps, 0.0, open_lower=True)
    ridge, gradient_penalty = scalar("ridge", ridge), scalar("gradient_penalty", gradient_penalty)
    loss, norm = resolve_loss(loss), norm_of("norm", norm)
    tol = validation.real_scalar("tol", tol, 0.0, 1.0, open_lower=True)
    max_iter = validation.integer("max_iter", max_iter, 1)
    if network.kind != "true":
        raise ValueError(f"network must have true features, got kind={network.kind!r}")
    if loss != SQUARE or norm != EUCLIDEAN or gradient_penalty > 0.0:
        return linearized_family(network, X, y, eps, ridge, loss, norm, gradient_penalty, tol, max_iter)
    problem = LinearizedProblem(network, X, y, eps, ridge)
    if not y.any():
        zero = np.zeros(problem.Z.shape[1])
        return RobustFit(zero, 0.0, 0.0, 0, 1.0, 0.0, np.zeros_like(y), Phase.NULL)
    start = ConcentratedERM(problem.Z, y, problem.mean_metric(), ridge=ridge).solve(eps, tol=1e-6)
    point = minimise(problem, start.theta, start.alpha, tol=tol, max_iter=max_iter)
    b = problem.norms(point.w)
    zero_fraction = float(np.mean(np.abs(point.alpha) <= eps * b))
    phase = Phase.INTERPOLATING if zero_fraction == 1.0 else Phase.REGULAR
    if float(np.linalg.norm(problem.Z @ point.w)) <= 1e-6 * float(np.linalg.norm(y)):
        phase = Phase.NULL
    fit = RobustFit(
        point.w,
        problem.primal(point.w),
        max(point.gap, 0.0),
        point.iterations,
        zero_fraction,
        float(np.sqrt(np.mean(b**2))),
        point.alpha,
        phase,
    )
    if not point.gap <= tol:
        raise ConvergenceError(
            f"linearized ERM stopped at a relative duality gap of {point.gap:.2e} > tol={tol:.2e} after "
            f"{point.iterations} Newton steps; raise max_iter or tol, or add a small ridge",
            fit,
        )
    return fit
