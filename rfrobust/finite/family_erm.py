"""Robust training with any convex loss, against attacks in any norm, with a gradient penalty: solved to a certificate.

    P(theta) = (1/n) sum_i L_i(<theta, phi_i>, eps R(theta)) + (ridge/2)|theta|^2 + (g/2)|J theta|^2

with L_i(f, s) = rho(|y_i - f| + s) or l(y_i f - s) (docs, simulation page, "The general objective").
"""

from typing import Any

import numpy as np
from scipy.linalg import cho_solve, qr, svd

from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.loss import SQUARE, Absolute, Loss, MarginLoss, resolve_loss
from ..problem.parameters import scalar
from ..problem.phase import Phase
from ..support import validation
from .barrier import Iterate, minimise
from .convex import ConvexTraining, DualPoint
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .features import FeatureMap
from .newton import cholesky_factor
from .seminorms import Concentrated, Euclidean, Linearized, Seminorms, Whitened

#: Shares of the null threshold at which interpolators are sought fall by this factor.
_SHARE = 0.3


def labels_of(loss: Loss, y: np.ndarray) -> np.ndarray:
    """Return the responses, or raise if the loss is one of margins and they are not -1 and 1."""
    if isinstance(loss, MarginLoss) and not (np.abs(y) == 1.0).all():
        bad = float(y[np.abs(y) != 1.0][0])
        raise ValueError(f"y must be -1 or 1 for the loss {loss.name!r} of margins, got {bad!r} in y")
    return y


def fitted(
    problem: ConvexTraining, point: Iterate, theta: np.ndarray, norm: float, tol: float, *, phase: Phase | None = None
) -> RobustFit:
    """Return the fit at a point of the iteration, or raise if its gap is above ``tol``."""
    t = np.abs(problem.y - problem.Z @ point.x)
    dual = point.dual
    # strictly complementary: of the residual and the room of its score one is zero
    slope = max(float(np.mean(dual.omega)), np.finfo(float).tiny)
    room = (dual.omega - np.abs(dual.u)) / slope
    zero = 0.0 if problem.margin else float(np.mean(t <= np.abs(problem.y).mean() * room))
    if phase is None:
        phase = Phase.INTERPOLATING if zero == 1.0 else Phase.REGULAR
    fit = RobustFit(theta, point.value, max(point.gap, 0.0), point.iterations, zero, norm, dual.u, phase)
    if not point.gap <= tol:
        raise ConvergenceError(
            f"robust ERM stopped at a relative duality gap of {point.gap:.2e} > tol={tol:.2e} after {point.iterations} "
            "Newton steps; raise max_iter or tol, add a small ridge, or choose features that are less dependent",
            fit,
        )
    return fit


def ridge_start(
    Z: np.ndarray, y: np.ndarray, metric: np.ndarray | None, M: np.ndarray | None, eps: float
) -> np.ndarray:
    """Ridge regression with about the penalty that the attack exerts."""
    n, p = Z.shape
    system = Z.T @ Z / n
    size = float(np.trace(system)) / p
    bend = np.eye(p) if metric is None else metric
    scale = size / max(float(np.trace(bend)) / p, np.finfo(float).tiny)
    system += (eps**2 + 0.3 * eps) * bend + (1e-3 * scale) * bend + 1e-12 * size * np.eye(p)
    if M is not None:
        system += M
    return cho_solve((cholesky_factor(system), True), Z.T @ y / n, check_finite=False)


class FamilyERM:
    """The training problem of one data set, for any loss, norm and penalty, for any number of radii.

    Parameters
    ----------
    features : array_like, shape (n, N)
        Rows phi_i.
    y : array_like, shape (n,)
        Responses; -1 or 1 for losses of margins.
    metric : array_like, shape (N, N), or FeatureMap
        J^2, or the network, which also knows the norms of its gradient that other attacks see.
    loss : str or Loss, default "square"
        As for :class:`rfrobust.Problem`.
    norm : float, default 2
        p of the attack's norm, >= 1.05, or inf. The radius is that of :class:`rfrobust.Problem`:
        |delta|_p <= eps d^(1/p - 1/2).
    ridge, gradient_penalty : float, default 0
        Weights of the penalties, >= 0.

    Raises
    ------
    TypeError, ValueError
        For wrong shapes or values, a metric that is not symmetric positive semidefinite, labels that are none, or a
        norm other than 2 without the network.
    """

    def __init__(
        self,
        features: Any,
        y: Any,
        metric: Any,
        *,
        loss: str | Loss = SQUARE,
        norm: float = EUCLIDEAN,
        ridge: float = 0.0,
        gradient_penalty: float = 0.0,
    ):
        F = validation.real_array("features", features, ndim=2)
        n, N = F.shape
        self.loss, self.norm = resolve_loss(loss), norm_of("norm", norm)
        self.loss.pieces  # noqa: B018 - checks a user's own loss
        self.y = labels_of(self.loss, validation.real_array("y", y, shape=(n,)))
        self.ridge, self.gradient_penalty = scalar("ridge", ridge), scalar("gradient_penalty", gradient_penalty)
        self.features, self.network = F, metric if isinstance(metric, FeatureMap) else None
        if self.network is None and self.norm != EUCLIDEAN:
            raise ValueError(
                f"norm must be 2 for a metric that is given as a matrix, got norm={self.norm!r}: give the FeatureMap"
            )
        self._metric = metric if self.network is None else None
        if self.norm == EUCLIDEAN or self.gradient_penalty > 0.0:
            J2 = self._metric_matrix(N)
        self.M: np.ndarray | None = None
        self.norms: Seminorms
        if self.norm == EUCLIDEAN:
            self._euclidean(J2)
        else:
            assert self.network is not None
            a = self.network.activation
            if len(self.network.W) != N:
                raise ValueError(f"metric must be a network of {N} units, got one of {len(self.network.W)} units")
            if a.rho <= 0.0:
                raise ValueError(f"norm must be 2 for linear features, got norm={self.norm!r} and {a.name!r}")
            self.norms = Concentrated(self.network.W, a.mu1, a.rho, self.norm)
            self.Z = F
            if self.ridge > 0.0 or self.gradient_penalty > 0.0:
                self.M = self.ridge * np.eye(N)
                if self.gradient_penalty > 0.0:
                    self.M += self.gradient_penalty * J2

    def _metric_matrix(self, N: int) -> np.ndarray:
        if self.network is not None:
            return validation.real_array("metric", self.network.metric, shape=(N, N))
        J2 = validation.real_array("metric", self._metric, shape=(N, N))
        asymmetry = float(np.abs(J2 - J2.T).max())
        if asymmetry > 1e-8 * float(np.abs(J2).max()):
            raise ValueError(f"metric must be symmetric, got an asymmetry of {asymmetry:.3g} in metric")
        return J2

    def _euclidean(self, J2: np.ndarray) -> None:
        """Choose coordinates in which R is a length; without a ridge those that no sample sees are left out."""
        F, n = self.features, len(self.y)
        self._basis = Whitened(J2)
        self.Z = self._basis.adjoint(F.T).T
        self._rotation: np.ndarray | None = None
        k, N = self._basis.penalised, F.shape[1]
        if self.ridge == 0.0 and k < N:
            left, size, right = svd(self.Z[:, k:], full_matrices=False, check_finite=False)
            kept = size > 1e-12 * float(np.linalg.norm(self.Z))
            self._rotation = np.zeros((N, k + int(kept.sum())))
            self._rotation[:k, :k] = np.eye(k)
            self._rotation[k:, k:] = right[kept].T / size[kept]
            self.Z = np.hstack([self.Z[:, :k], left[:, kept]])
        elif self.ridge == 0.0 and n < N:
            self._rotation, triangle = qr(self.Z.T, mode="economic", check_finite=False)
            self.Z = np.ascontiguousarray(triangle.T)
            k = n
        p = self.Z.shape[1]
        self.norms = Euclidean(k, p)
        if self.ridge > 0.0:
            columns = self._basis.adjoint(np.eye(N))
            self.M = self.ridge * (columns @ columns.T)
        if self.gradient_penalty > 0.0:
            self.M = np.zeros((p, p)) if self.M is None else self.M
            seen = np.arange(k)
            self.M[seen, seen] += self.gradient_penalty

    @property
    def _free(self) -> bool:
        """Whether there are directions without norm."""
        return isinstance(self.norms, Euclidean) and self.norms.penalised < self.norms.size

    def theta(self, x: np.ndarray) -> np.ndarray:
        """The second layer of a point of the iteration."""
        if self.norm != EUCLIDEAN:
            return x
        return self._basis.back(x if self._rotation is None else self._rotation @ x)

    @property
    def _null_sizes(self) -> np.ndarray:
        """Where the loss is taken at theta = 0."""
        return np.zeros_like(self.y) if isinstance(self.loss, MarginLoss) else np.abs(self.y)

    def _null_dual(self) -> DualPoint:
        """The scores at theta = 0."""
        size = self._null_sizes
        value, slope, _ = self.loss.derivatives(size)
        if isinstance(self.loss, MarginLoss):
            return DualPoint(-self.y * slope, -slope, slope * size - value)
        return DualPoint(np.sign(self.y) * slope, slope, slope * size - value)

    @property
    def null_threshold(self) -> float:
        """Radius from which on theta = 0 is the minimiser, whatever the penalties: R*(F'u)/sum_i omega_i.

        R* is the norm dual to R, u_i and omega_i are the scores and slopes of the loss at theta = 0. Infinite where a
        direction that the metric does not see would still be used.
        """
        if self._free:
            return np.inf
        dual = self._null_dual()
        assert isinstance(self.norms, Euclidean | Concentrated)
        total = float(dual.omega.sum())
        return self.norms.dual(self.Z.T @ dual.u) / total if total > 0.0 else 0.0

    def solve(self, eps: float, *, tol: float = 1e-8, max_iter: int = 200) -> RobustFit:
        """Minimise at one radius.

        Parameters
        ----------
        eps : float
            Training radius, >= 0; 0 is the limit eps -> 0+ for losses of residuals.
        tol : float, default 1e-8
            Largest admissible relative duality gap.
        max_iter : int, default 200
            Budget of Newton steps.

        Raises
        ------
        ConvergenceError
            If the gap is above ``tol`` when the budget is used; carries the best point found.
        SeparableError
            If there is no minimiser.
        """
        eps = validation.real_scalar("eps", eps, 0.0)
        tol = validation.real_scalar("tol", tol, 0.0, 1.0, open_lower=True)
        max_iter = validation.integer("max_iter", max_iter, 1)
        N = self.features.shape[1]
        if not self.y.any() or (eps > 0.0 and eps >= self.null_threshold):
            value = float(np.mean(self.loss(self._null_sizes)))
            zero = 0.0 if isinstance(self.loss, MarginLoss) else float(np.mean(self.y == 0.0))
            return RobustFit(np.zeros(N), value, 0.0, 0, zero, 0.0, self._null_dual().u, Phase.NULL)
        if eps == 0.0 and self.M is None and self._interpolates():
            return self._interpolator(tol, max_iter)
        problem = ConvexTraining(self.Z, self.y, self.loss, eps, self.norms, self.M)
        point = minimise(problem, self._start(eps), tol=tol, max_iter=max_iter)
        return fitted(problem, point, self.theta(point.x), float(self.norms.values(point.x)[0]), tol)

    def _start(self, eps: float) -> np.ndarray:
        metric = None
        if isinstance(self.norms, Concentrated):
            A = self.norms.A
            metric = A.T @ A / len(A) + self.norms.rho**2 * np.eye(A.shape[1])
        return ridge_start(self.Z, self.y, metric, self.M, eps)

    def _interpolates(self) -> bool:
        """Whether some theta fits all responses."""
        n, p = self.Z.shape
        return not isinstance(self.loss, MarginLoss) and p >= n and int(np.linalg.matrix_rank(self.Z)) == n

    def _interpolator(self, tol: float, max_iter: int) -> RobustFit:
        """The interpolator of least R: the limit eps -> 0+ of every loss that grows from 0 on."""
        if self.norm == EUCLIDEAN:
            metric = self._metric if self.network is None else self.network.metric
            fit = ConcentratedERM(self.features, self.y, metric).solve(0.0, tol=tol)
            return RobustFit(fit.theta, fit.objective, fit.gap, fit.iterations, 1.0, fit.norm, fit.alpha, fit.phase)
        # small attacks leave the interpolator where it is: an absolute loss is an exact penalty
        eps = _SHARE * self.null_threshold
        while True:
            problem = ConvexTraining(self.Z, self.y, Absolute(), eps, self.norms, None)
            point = minimise(problem, self._start(eps), tol=tol, max_iter=max_iter)
            fit = fitted(problem, point, point.x, float(self.norms.values(point.x)[0]), tol)
            if fit.zero_residual_fraction == 1.0:
                break
            eps *= _SHARE
        theta = point.x + np.linalg.lstsq(self.Z, self.y - self.Z @ point.x, rcond=None)[0]
        value = float(np.mean(self.loss(np.abs(self.y - self.Z @ theta))))
        norm = float(self.norms.values(theta)[0])
        return RobustFit(theta, value, fit.gap, fit.iterations, 1.0, norm, fit.alpha, fit.phase)


def linearized_family(
    network: FeatureMap,
    X: np.ndarray,
    y: np.ndarray,
    eps: float,
    ridge: float,
    loss: Loss,
    norm: float,
    gradient_penalty: float,
    tol: float,
    max_iter: int,
) -> RobustFit:
    """Solve the linearized problem; see :func:`rfrobust.finite.linearized_erm`."""
    y = labels_of(loss, y)
    U = X @ network.W.T
    Z, slopes, N = network.activation(U), network.activation.derivative(U), len(network.W)
    M = None
    if ridge > 0.0 or gradient_penalty > 0.0:
        M = ridge * np.eye(N) + gradient_penalty * network.metric
    problem = ConvexTraining(Z, y, loss, eps, Linearized(network.W, slopes, norm), M)
    if not y.any():
        value = float(np.mean(loss(y)))
        return RobustFit(np.zeros(N), value, 0.0, 0, 1.0, 0.0, np.zeros_like(y), Phase.NULL)
    metric = network.gram * (slopes.T @ slopes) / len(y)
    point = minimise(problem, ridge_start(Z, y, metric, M, eps), tol=tol, max_iter=max_iter)
    phase = None
    if float(np.linalg.norm(Z @ point.x)) <= 1e-6 * float(np.linalg.norm(y)):
        phase = Phase.NULL
    sizes = problem.norms.values(point.x)
    return fitted(problem, point, point.x, float(np.sqrt(np.mean(sizes**2))), tol, phase=phase)
