"""Robust training with any convex loss, against attacks in any norm, with a gradient penalty: solved to a certificate.

    P(theta) = (1/n) sum_i L_i(<theta, phi_i>, eps R(theta)) + (ridge/2)|theta|^2 + (g/2)|J theta|^2

with L_i(f, s) = rho(|y_i - f| + s) or l(y_i f - s) (docs, simulation page, "The general objective").
"""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.loss import SQUARE, Absolute, Loss, MarginLoss, resolve_loss
from ..problem.parameters import scalar
from ..problem.phase import Phase
from ..support import validation
from .barrier import Iterate, minimise
from .convex import ConvexTraining, SplitLoss
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .features import FeatureMap
from .frame import Frame, symmetric_metric
from .network_bounds import GivenNetwork
from .newton import solve_definite
from .scores import DualPoint
from .seminorms import Concentrated, Euclidean, Linearized

#: Shares of the null threshold at which interpolators are sought fall by this factor.
_SHARE = 0.3
#: Steps that fit the samples again that the iteration fits up to rounding.
_REFINEMENTS = 2


def labels_of(loss: Loss, y: np.ndarray) -> np.ndarray:
    """Return the responses, or raise if the loss is one of margins and they are not -1 and 1."""
    if isinstance(loss, MarginLoss) and not (np.abs(y) == 1.0).all():
        bad = float(y[np.abs(y) != 1.0][0])
        raise ValueError(f"y must be -1 or 1 for the loss {loss.name!r} of margins, got {bad!r} in y")
    return y


def fitted(
    problem: ConvexTraining,
    point: Iterate,
    theta: np.ndarray,
    certificate: tuple[float, float, float],
    tol: float,
    *,
    phase: Phase | None = None,
) -> RobustFit:
    """Return the fit at a point of the iteration, whose certificate is (objective, gap, norm), or raise if it fails."""
    t = np.abs(problem.y - problem.Z @ point.x)
    dual = point.dual
    # strictly complementary: of the residual and the room of its score one is zero
    slope = max(float(np.mean(dual.omega)), np.finfo(float).tiny)
    room = (dual.omega - np.abs(dual.u)) / slope
    zero = 0.0 if problem.margin else float(np.mean(t <= np.abs(problem.y).mean() * room))
    if phase is None:
        phase = Phase.INTERPOLATING if zero == 1.0 else Phase.REGULAR
    objective, gap, norm = certificate
    fit = RobustFit(theta, objective, gap, point.iterations, zero, norm, dual.u, phase)
    return certified(fit, tol)


def certified(fit: RobustFit, tol: float) -> RobustFit:
    """Return the fit, or raise if its gap is above ``tol``."""
    if not fit.gap <= tol:
        raise ConvergenceError(
            f"robust ERM stopped at a certified relative duality gap of {fit.gap:.2e} > tol={tol:.2e} after "
            f"{fit.iterations} Newton steps; raise max_iter or tol, add a small ridge, or choose features that are "
            "less dependent",
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
    return solve_definite(system, Z.T @ y / n)


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
        self._J2: np.ndarray | None = None
        if self.norm == EUCLIDEAN or self.gradient_penalty > 0.0:
            self._J2 = symmetric_metric(metric if self.network is None else self.network.metric, N)
        self.M: np.ndarray | None = None
        self.norms: Euclidean | Concentrated
        if self.norm == EUCLIDEAN:
            self.Z, k, p = self._frame.Z, self._frame.penalised, self._frame.Z.shape[1]
            self.norms, self.M = Euclidean(k, p), self._frame.R
            if self.gradient_penalty > 0.0:
                self.M = np.zeros((p, p)) if self.M is None else self.M
                self.M[np.arange(k), np.arange(k)] += self.gradient_penalty
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
                if self._J2 is not None:
                    self.M += self.gradient_penalty * self._J2

    @cached_property
    def _frame(self) -> Frame:
        """Coordinates in which R is a length; without attack any will do."""
        J2 = np.eye(self.features.shape[1]) if self._J2 is None else self._J2
        return Frame(self.features, self.y, J2, self.ridge, self.loss, self.gradient_penalty)

    @property
    def _free(self) -> bool:
        """Whether there are directions without norm."""
        return isinstance(self.norms, Euclidean) and self.norms.penalised < self.norms.size

    def _null_dual(self) -> DualPoint:
        """The scores at theta = 0."""
        size = np.zeros_like(self.y) if isinstance(self.loss, MarginLoss) else np.abs(self.y)
        parts = SplitLoss(self.loss)
        hinges = np.where(size[:, None] >= parts.kinks, parts.jumps, 0.0)
        return parts.dual_point(self.y, size, np.copysign(np.inf, self.y), hinges)

    @property
    def null_threshold(self) -> float:
        """Radius from which on theta = 0 is the minimiser, whatever the penalties: R*(F'u)/sum_i omega_i.

        R* is the norm dual to R, u_i and omega_i are the scores and slopes of the loss at theta = 0. Infinite where a
        direction that the metric does not see would still be used.
        """
        if self._free:
            return np.inf
        dual = self._null_dual()
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
        if isinstance(self.norms, Euclidean) and self.norms.penalised == 0:
            eps = 0.0  # there is no gradient
        if not (self.y.any() and self.features.any()) or (eps > 0.0 and eps >= self.null_threshold):
            fit = self._null(eps, tol)
            if fit.gap <= tol:
                return fit
        if eps == 0.0 and self.M is None and self._interpolates():
            return self._interpolator(tol, max_iter)
        problem = ConvexTraining(self.Z, self.y, self.loss, eps, self.norms, self.M)
        point = minimise(problem, self._start(eps), tol=tol, max_iter=max_iter)
        theta = self._frame.theta(self._frame.scaled(point.x)) if self.norm == EUCLIDEAN else point.x
        certificate = self._certify(theta, point.dual, eps, point, tol)
        if self.norm == EUCLIDEAN and not problem.margin:
            for _ in range(_REFINEMENTS):
                if certificate[1] <= tol:
                    break
                refined = self._refit(theta, point.dual)
                better = self._certify(refined, point.dual, eps, point, tol)
                if better[1] >= certificate[1]:
                    break
                theta, certificate = refined, better
        return fitted(problem, point, theta, certificate, tol)

    def _refit(self, theta: np.ndarray, dual: DualPoint) -> np.ndarray:
        """Theta with the samples fitted whose scores leave room, by residuals on the data as given.

        In the coordinates of the iteration their residuals are known to few digits only.
        """
        frame = self._frame
        scaled = frame.coordinates(theta)
        fitted = np.abs(dual.u) < (1.0 - 1e-6) * dual.omega
        rows = self.Z[fitted]
        size = np.linalg.norm(rows, axis=0)
        size[size == 0.0] = 1.0
        step = np.linalg.lstsq(rows / size, frame.given.residual(scaled)[fitted], rcond=None)[0] / size
        return frame.theta(scaled + frame.scaled(step))

    def _null(self, eps: float, tol: float) -> RobustFit:
        """The fit at theta = 0."""
        theta, dual = np.zeros(self.features.shape[1]), self._null_dual()
        at = theta
        if isinstance(self.norms, Concentrated):
            at = self.norms.steepest(self.Z.T @ dual.u)[1]
        objective, gap, _ = self._certify(theta, dual, eps, at, tol)
        zero = 0.0 if dual.margin else float(np.mean(self.y == 0.0))
        return RobustFit(theta, objective, gap, 0, zero, 0.0, dual.u, Phase.NULL)

    def _certify(
        self, theta: np.ndarray, dual: DualPoint, eps: float, at: Iterate | np.ndarray, tol: float
    ) -> tuple[float, float, float]:
        """Objective, certified gap and norm at a theta; ``at`` as for :class:`GivenNetwork`."""
        if eps > 0.0 and isinstance(self.norms, Concentrated):
            given = GivenNetwork(
                self.features, self.y, self.loss, self.norms, self.ridge, self.gradient_penalty, self._J2
            )
            return given.certify(theta, dual, eps, at, tol)
        frame, inner = self._frame, at.inner.dual if isinstance(at, Iterate) and at.inner is not None else None
        value, gap, _ = frame.given.certify(frame.coordinates(theta), dual, eps, eps, frame.basis, tol, inner)
        return value, gap, float(self.norms.values(theta)[0]) if isinstance(self.norms, Concentrated) else _

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
            fit = ConcentratedERM(self.features, self.y, self._J2).solve(0.0, tol=tol)
            theta = fit.theta
        else:
            # small attacks leave the interpolator where it is: an absolute loss is an exact penalty
            eps = _SHARE * self.null_threshold
            exact = FamilyERM(self.features, self.y, self.network, loss=Absolute(), norm=self.norm)
            while (fit := exact.solve(eps, tol=tol, max_iter=max_iter)).zero_residual_fraction < 1.0:
                eps *= _SHARE
            theta = fit.theta + np.linalg.lstsq(self.Z, self.y - self.Z @ fit.theta, rcond=None)[0]
        zero = np.zeros_like(self.y)
        parts = SplitLoss(self.loss)
        nothing = parts.dual_point(self.y, zero, zero, np.zeros((len(zero), len(parts.kinks))))
        value, gap, norm = self._certify(theta, nothing, 0.0, theta, tol)
        fit = replace(fit, theta=theta, objective=value, gap=max(gap, fit.gap), norm=norm, zero_residual_fraction=1.0)
        return certified(fit, tol)


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
    norms = Linearized(network.W, slopes, norm)
    problem = ConvexTraining(Z, y, loss, eps, norms, M)
    if not y.any():
        value = float(np.mean(loss(y)))
        return RobustFit(np.zeros(N), value, 0.0, 0, 1.0, 0.0, np.zeros_like(y), Phase.NULL)
    metric = network.gram * (slopes.T @ slopes) / len(y)
    point = minimise(problem, ridge_start(Z, y, metric, M, eps), tol=tol, max_iter=max_iter)
    phase = None
    if float(np.linalg.norm(Z @ point.x)) <= 1e-6 * float(np.linalg.norm(y)):
        phase = Phase.NULL
    given = GivenNetwork(Z, y, loss, norms, ridge, gradient_penalty, network.metric if gradient_penalty > 0.0 else None)
    return fitted(problem, point, point.x, given.certify(point.x, point.dual, eps, point, tol), tol, phase=phase)
