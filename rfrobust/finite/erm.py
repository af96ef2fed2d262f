"""Robust empirical risk minimisation with one concentrated norm, solved to a certified duality gap.

    P(theta) = (1/2n) sum_i (|y_i - <theta, phi_i>| + eps |J theta|)^2 + (ridge/2) |theta|^2

is the convex training problem of the theory (docs, simulation page, "The concentrated objective").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, solve_triangular

from ..problem.parameters import scalar
from ..problem.phase import Phase
from ..support import validation
from ..support.errors import Error
from .frame import Frame, rotated, symmetric_metric
from .newton import minimise, newton_step, solve_definite
from .scores import SquareScores, best_length, conjugate

#: From this share of the null threshold on, the solution is sought from the null point.
_NEAR_NULL = 0.99
#: An attack that adds this share to the least loss without attack leaves its minimiser where it is, up to rounding.
_NO_ATTACK = 1e-13
#: Newton steps with accurate residuals that are tried before a point is refused.
_REFINEMENTS = 4


class ConvergenceError(Error, RuntimeError):
    """The requested certificate was not reached; ``fit`` holds the best point found and its gap."""

    def __init__(self, message: str, fit: "RobustFit"):
        super().__init__(message, fit)  # what pickle hands to the copy in another process
        self.message, self.fit = message, fit

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class RobustFit:
    """A certified minimiser of the robust training loss.

    Attributes
    ----------
    theta : ndarray, shape (N,)
        The minimiser.
    objective : float
        P(theta), with the ridge term.
    gap : float
        Relative duality gap (P(theta) - D(alpha))/P(theta) on the data as given, rounding included: D is a lower bound
        of every training loss. Where P may vanish it is relative to P(0) (eps = 0) or counts as at least 1e-15 P(0).
    iterations : int
        Newton steps (0 where a closed form applied).
    zero_residual_fraction : float
        Share of samples fitted exactly, those with |alpha_i| <= eps |J theta|.
    norm : float
        |J theta|, with the metric as given.
    alpha : ndarray, shape (n,)
        Dual solution; the best start for a neighbouring problem with the same samples.
    phase : Phase
        Null, regular or interpolating.
    """

    theta: np.ndarray
    objective: float
    gap: float
    iterations: int
    zero_residual_fraction: float
    norm: float
    alpha: np.ndarray
    phase: Phase

    def __repr__(self) -> str:
        return (
            f"RobustFit(objective={self.objective:.6g}, gap={self.gap:.1e}, norm={self.norm:.6g}, "
            f"zero_residual_fraction={self.zero_residual_fraction:.4g}, iterations={self.iterations}, "
            f"phase={self.phase.name.lower()})"
        )


class ConcentratedERM:
    """The training problem of one data set, factored once and solved for any number of radii.

    Parameters
    ----------
    features : array_like, shape (n, N)
        Rows phi_i.
    y : array_like, shape (n,)
        Responses.
    metric : array_like, shape (N, N)
        J^2, symmetric positive semidefinite.
    ridge : float, default 0
        Ridge penalty, >= 0.

    Raises
    ------
    ValueError, TypeError
        For wrong shapes, values that are not finite, or a metric that is not symmetric positive semidefinite.

    Notes
    -----
    In w = L'theta, J^2 = L L', the norm is Euclidean. Directions that J^2 does not see keep their own coordinates:
    those of eigenvalues at rounding level once J^2 is scaled to a diagonal of order 1 (``finite/coordinates.py``).
    With ridge = 0 and N > n the minimiser lies in the span of the n samples: a QR step leaves n unknowns.
    """

    def __init__(self, features: Any, y: Any, metric: Any, *, ridge: float = 0.0):
        F = validation.real_array("features", features, ndim=2)
        n, N = F.shape
        self.y = validation.real_array("y", y, shape=(n,))
        J2 = symmetric_metric(metric, N)
        self.ridge = scalar("ridge", ridge)
        self.features = F
        self._frame = Frame(F, self.y, J2, self.ridge)
        self.Z, self.R, self.penalised = self._frame.Z, self._frame.R, self._frame.penalised
        self._y_scale = float(np.sqrt(np.mean(self.y**2)))
        self._null_point()

    def _null_point(self) -> None:
        """The best w whose penalised part is zero, and its residuals."""
        self._null_w = np.zeros(self.Z.shape[1])
        free = self.Z[:, self.penalised :]
        if free.shape[1]:
            if self.R is None:
                self._null_w[self.penalised :] = np.linalg.lstsq(free, self.y, rcond=None)[0]
            else:
                hessian = free.T @ free / len(self.y) + self.R[self.penalised :, self.penalised :]
                self._null_w[self.penalised :] = np.linalg.solve(hessian, free.T @ self.y / len(self.y))
        self._null_residual = self.y - self.Z @ self._null_w
        self._null_pull = float(np.linalg.norm(self.Z[:, : self.penalised].T @ self._null_residual))

    @property
    def null_threshold(self) -> float:
        """Radius from which on theta = 0 (or its unpenalised part alone) is the minimiser: |J^{-1}F'y|/|y|_1."""
        size = float(np.abs(self._null_residual).sum())
        # Residuals at rounding level: the data are fitted without the penalised part.
        if size <= 1e-13 * float(np.abs(self.y).sum()) or self._null_pull == 0.0:
            return 0.0
        return self._null_pull / size

    @property
    def interpolation_threshold(self) -> float:
        """Radius up to which the least-|J theta| interpolator is the minimiser; 0 where there is none.

        |J theta|/(n |alpha|_inf) with alpha = (F J^{-2} F')^{-1} y, for features of full row rank and ridge = 0.
        """
        point = self._interpolator()
        return 0.0 if point is None else point[2]

    def _interpolator(self) -> tuple[np.ndarray, np.ndarray, float] | None:
        n = len(self.y)
        if self.R is not None or self.Z.shape != (n, n) or self.penalised != n:
            return None
        try:
            triangular = self._frame.reflectors is not None
            diagonal = np.abs(np.diag(self.Z)) if triangular else np.linalg.svd(self.Z, compute_uv=False)
            if diagonal.min() < 1e-12 * diagonal.max():
                return None
            w = self._interpolate(self.y)
            if triangular:
                a = solve_triangular(self.Z, w, lower=True, trans=1, check_finite=False)
            else:
                a = np.linalg.solve(self.Z.T, w)
        except LinAlgError:
            return None
        largest = float(np.abs(a).max())
        return w, a, float(np.linalg.norm(w)) / (n * largest) if largest > 0 else np.inf

    def _interpolate(self, values: np.ndarray) -> np.ndarray:
        """The w with Z w = values, Z being square (lower triangular after the QR step)."""
        if self._frame.reflectors is None:
            return np.linalg.solve(self.Z, values)
        return solve_triangular(self.Z, values, lower=True, check_finite=False)

    def _refined(
        self, eps: float, theta: np.ndarray, alpha: np.ndarray, w: np.ndarray, phase: Phase
    ) -> tuple[np.ndarray, np.ndarray]:
        """(theta, alpha) after a Newton step with residuals on the data as given, for coordinates known to few digits.

        An interpolator, whose loss at small radii is not above the rounding of the residuals, keeps its alpha.
        """
        if phase is Phase.INTERPOLATING:
            return theta + self._frame.scaled(self._interpolate(self._frame.given.residual(theta))), alpha
        scaled, p = self._scaled(eps), len(w)
        unit = self._y_scale / scaled.z_scale
        primal, dual = self._frame.given.conditions(theta, alpha, eps)
        force = self._frame.basis.adjoint(dual)
        if self._frame.reflectors is not None:
            force = rotated(*self._frame.reflectors, force, transposed=True)
        residuals = primal / self._y_scale, force[:p] / (scaled.z_scale * self._y_scale)
        step, step_alpha = newton_step(scaled, w / unit, alpha / self._y_scale, residuals)
        step = unit * step
        if len(force) > p:  # outside the span of the samples there is only the norm
            size = float(np.linalg.norm(w))
            pulled = eps * float(np.mean(np.maximum(eps * size, np.abs(alpha))))
            step = np.concatenate([step, force[p:] * (size / pulled)])
        return theta + self._frame.scaled(step), alpha + self._y_scale * step_alpha

    def solve(
        self, eps: float, *, start: "RobustFit | None" = None, tol: float = 1e-8, max_iter: int = 500
    ) -> RobustFit:
        """Minimise at one radius.

        Parameters
        ----------
        eps : float
            Training radius, >= 0.
        start : RobustFit, optional
            A fit with the same samples (another radius or other features), whose dual solution is the start.
        tol : float, default 1e-8
            Largest admissible relative duality gap.
        max_iter : int, default 500
            Budget of Newton steps.

        Raises
        ------
        ConvergenceError
            If the gap is above ``tol`` when the budget is used; carries the best point found.
        """
        eps = validation.real_scalar("eps", eps, 0.0)
        tol = validation.real_scalar("tol", tol, 0.0, 1.0, open_lower=True)
        max_iter = validation.integer("max_iter", max_iter, 1)
        if start is not None and not isinstance(start, RobustFit):
            raise TypeError(f"start must be a RobustFit, got {type(start).__name__}")
        if start is not None and start.alpha.shape != self.y.shape:
            raise ValueError(f"start must be a fit of {len(self.y)} samples, got start with {len(start.alpha)} samples")
        if eps == 0.0:
            w = self._least_squares()
            phase = Phase.REGULAR if self._interpolator() is None else Phase.INTERPOLATING
            return self._finish(0.0, w, self.y - self.Z @ w, 0, phase, tol, max_iter)
        if eps >= self.null_threshold:
            return self._finish(eps, self._null_w, self._null_residual, 0, Phase.NULL, tol, max_iter)
        interpolator = self._interpolator()
        if interpolator is not None and eps <= interpolator[2]:
            w, a, _ = interpolator
            alpha = len(self.y) * eps**2 * a
            return self._finish(eps, w, alpha, 0, Phase.INTERPOLATING, tol, max_iter)
        if eps <= _NO_ATTACK * self.null_threshold:
            w = self._least_squares()
            if _loss(self, w, eps) <= (1 + _NO_ATTACK) * _loss(self, w, 0.0):
                return self._finish(eps, w, self.y - self.Z @ w, 0, Phase.REGULAR, tol, max_iter, radius=0.0)
        scaled = self._scaled(eps)
        if eps > _NEAR_NULL * self.null_threshold:
            w, alpha = scaled.null_start(self._null_w * (scaled.z_scale / self._y_scale))
        elif start is None:
            w, alpha = scaled.ridge_start()
        else:
            w, alpha = scaled.dual_start(start.alpha / self._y_scale)
        point = minimise(scaled, w, alpha, tol=tol, max_iter=max_iter)
        w = point.w * self._y_scale / scaled.z_scale
        return self._finish(eps, w, point.alpha * self._y_scale, point.iterations, Phase.REGULAR, tol, max_iter)

    def path(self, eps: Iterable[float], **settings: Any) -> list[RobustFit]:
        """Minimise at several radii, each started from the one before; same settings as :meth:`solve`."""
        radii = [validation.real_scalar("eps", value, 0.0) for value in validation.listed("eps", eps)]
        fits: list[RobustFit] = []
        for value in radii:
            warm = fits[-1] if fits and fits[-1].phase is not Phase.NULL else None
            fits.append(self.solve(value, start=warm, **settings))
        return fits

    def _scaled(self, eps: float) -> "_ScaledProblem":
        z_scale = self._null_pull / (len(self.y) * self._y_scale)
        R = None if self.R is None else self.R / z_scale**2
        return _ScaledProblem(self.Z / z_scale, self.y / self._y_scale, eps / z_scale, R, self.penalised, z_scale)

    def _least_squares(self) -> np.ndarray:
        """Minimiser for eps = 0: ridge regression, or for ridge = 0 the limit eps -> 0+, the one of least |J theta|."""
        n, p = self.Z.shape
        if self.R is not None:
            return solve_definite(self.Z.T @ self.Z / n + self.R, self.Z.T @ self.y / n)
        if p > self.penalised and p > np.linalg.matrix_rank(self.Z):
            return self._least_norm_square()
        return np.linalg.lstsq(self.Z, self.y, rcond=None)[0]

    def _least_norm_square(self) -> np.ndarray:
        k = self.penalised
        basis, _ = np.linalg.qr(self.Z[:, k:])
        rest = self.Z[:, :k] - basis @ (basis.T @ self.Z[:, :k])
        first = np.linalg.lstsq(rest, self.y - basis @ (basis.T @ self.y), rcond=None)[0]
        second = np.linalg.lstsq(self.Z[:, k:], self.y - self.Z[:, :k] @ first, rcond=None)[0]
        return np.concatenate([first, second])

    def _finish(
        self,
        eps: float,
        w: np.ndarray,
        alpha: np.ndarray,
        iterations: int,
        phase: Phase,
        tol: float,
        max_iter: int,
        radius: float | None = None,
    ) -> RobustFit:
        """The fit at w with its certificate, the dual bound being that of a ``radius`` of at most eps (default eps)."""
        budget = min(_REFINEMENTS, max_iter - iterations)
        norm = float(np.linalg.norm(w[: self.penalised]))
        theta = self._frame.scaled(w)
        alpha = self._frame.without_blind(alpha)
        radius = eps if radius is None else radius
        given, basis = self._frame.given, self._frame.basis
        objective, gap, length = given.certify(theta, SquareScores(alpha), eps, radius, basis, tol)
        point = theta, alpha
        while gap > tol and budget > 0 and length > 0 and (eps > 0 or self.ridge > 0):
            budget, iterations = budget - 1, iterations + 1
            try:
                point = self._refined(eps, *point, w, phase)
            except LinAlgError:
                break
            certified = given.certify(point[0], SquareScores(point[1]), eps, radius, basis, tol)
            if certified[1] < gap:
                (theta, alpha), (objective, gap, length) = point, certified
        # With no norm alpha is the residual: exact fits by directions without penalty leave its rounding.
        least = eps * norm if norm > 0 else 1e-13 * np.abs(self.y).max()
        zero = float(np.mean(np.abs(alpha) <= least))
        if phase is Phase.INTERPOLATING:
            zero = 1.0
        fit = RobustFit(self._frame.theta(theta), objective, gap, iterations, zero, length, alpha, phase)
        if not gap <= tol:
            raise ConvergenceError(
                f"robust ERM stopped at a certified relative duality gap of {gap:.2e} > tol={tol:.2e} after "
                f"{iterations} Newton steps ({phase.name.lower()}); raise max_iter or tol, or choose features "
                "that are less dependent; interpolators at small radii may be out of reach in double precision",
                fit,
            )
        return fit


class _ScaledProblem:
    """The problem in coordinates w, with |w[:penalised]| as its one norm (see :class:`newton.Problem`)."""

    def __init__(self, Z: np.ndarray, y: np.ndarray, eps: float, R: np.ndarray | None, penalised: int, z_scale: float):
        self.Z, self.y, self.eps, self.R = Z, y, eps, R
        self.penalised, self.z_scale = penalised, z_scale
        self._free_basis: np.ndarray | None = None
        self.free = R is None and penalised < Z.shape[1]
        if self.free:
            self._free_basis = np.linalg.qr(Z[:, penalised:])[0]

    def norms(self, w: np.ndarray) -> np.ndarray:
        return np.full(len(self.y), np.linalg.norm(w[: self.penalised]))

    def norm_gradients(self, w: np.ndarray, smoothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        norm = float(np.hypot(np.linalg.norm(w[: self.penalised]), smoothing))
        gradient = np.zeros_like(w)
        if norm > 0:
            gradient[: self.penalised] = w[: self.penalised] / norm
        n = len(self.y)
        return np.full(n, norm), np.broadcast_to(gradient, (n, len(w)))

    def norm_curvature(self, b: np.ndarray, gradients: np.ndarray, weights: np.ndarray) -> np.ndarray:
        total = float(weights.sum()) / float(b[0])
        curvature = -total * np.outer(gradients[0], gradients[0])
        curvature[np.arange(self.penalised), np.arange(self.penalised)] += total
        return curvature

    def ridge_start(self) -> tuple[np.ndarray, np.ndarray]:
        """Ridge regression with the penalty that the norm exerts at its own solution, by a few fixed-point steps."""
        n, p = self.Z.shape
        gram = self.Z.T @ self.Z / n
        if self.R is not None:
            gram += self.R
        pull = self.Z.T @ self.y / n
        diagonal = np.arange(p)
        penalised = diagonal < self.penalised
        weight = self.eps**2 + 0.3 * self.eps
        for _ in range(4):
            hessian = gram.copy()
            hessian[diagonal, diagonal] += np.where(penalised, weight, 1e-12)
            w = solve_definite(hessian, pull)
            residual = self.y - self.Z @ w
            norm = float(np.linalg.norm(w[: self.penalised]))
            previous, weight = weight, self.eps**2 + self.eps * float(np.mean(np.abs(residual))) / norm
            if 0.5 < weight / previous < 2.0:
                break
        return w, residual + self.eps * norm * np.sign(residual)

    def null_start(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The minimiser to leading order in 1 - eps/eps_c: from the null point ``w`` along its steepest descent."""
        n, k = len(self.y), self.penalised
        residual = self.y - self.Z @ w
        signs = np.sign(residual)
        direction = np.zeros_like(w)
        direction[:k] = self.Z[:, :k].T @ residual
        direction /= np.linalg.norm(direction)
        slope = (self.Z @ direction @ residual - self.eps * np.abs(residual).sum()) / n
        bend = float(np.mean((signs * (self.Z @ direction) - self.eps) ** 2))
        if self.R is not None:
            bend += float(direction @ self.R @ direction)
        length = slope / bend
        w = w + length * direction
        residual = self.y - self.Z @ w
        return w, residual + self.eps * length * np.sign(residual)

    def dual_start(self, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The w that goes with a dual point, up to its length, from the stationarity condition in w."""
        if self.R is not None or self._free_basis is not None:
            return self.ridge_start()[0], alpha
        pull = self.Z.T @ alpha / len(self.y)
        size = float(np.linalg.norm(pull))
        length = best_length(size, alpha, self.eps)
        if length == 0.0:
            return self.ridge_start()
        return length / size * pull, alpha

    def primal(self, w: np.ndarray) -> float:
        return _loss(self, w, self.eps)

    def gap(self, w: np.ndarray, alpha: np.ndarray, smoothing: float = 0.0) -> float:
        value = self.primal(w)
        if self._free_basis is not None:
            alpha = alpha - self._free_basis @ (self._free_basis.T @ alpha)
        zero = 0.5 * float(np.mean(self.y**2))  # the objective at w = 0
        # Where directions without penalty fit the data the objective is 0 up to rounding.
        return (value - self._dual(w, alpha)) / max(value, 1e-15 * zero)

    def _dual(self, w: np.ndarray, alpha: np.ndarray) -> float:
        """D(alpha, w): a lower bound of the primal for every alpha and w (docs, "The certificate")."""
        n, k = len(self.y), self.penalised
        pull = self.Z.T @ alpha / n
        ridge = 0.0
        if self.R is not None:
            w = w.copy()
            w[k:] = pull[k:] / np.diag(self.R)[k:]
            ridge_pull = self.R @ w
            ridge = 0.5 * float(w @ ridge_pull)
            pull = pull - ridge_pull
        size = float(np.linalg.norm(pull[:k]))
        return float(alpha @ self.y) / n - ridge - conjugate(size, alpha, self.eps)


def _loss(problem: ConcentratedERM | _ScaledProblem, w: np.ndarray, eps: float) -> float:
    size = np.abs(problem.y - problem.Z @ w) + eps * np.linalg.norm(w[: problem.penalised])
    return 0.5 * float(np.mean(size**2)) + (0.0 if problem.R is None else 0.5 * float(w @ problem.R @ w))
