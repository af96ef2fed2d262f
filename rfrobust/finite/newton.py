"""Semismooth Newton for robust least squares: min (1/2n) sum_i (|y_i - <z_i, w>| + eps b_i(w))^2 + w'Rw/2.

The b_i are norms of linear images of w (one norm for all samples, or one each). With multipliers alpha_i the
optimality conditions are (docs, simulation page, "Optimality")

    y - Zw = soft(alpha, eps b(w)),      Z'alpha/n = Rw + (eps/n) sum_i max(eps b_i, |alpha_i|) grad b_i(w),

piecewise smooth in (w, alpha): |alpha_i| <= eps b_i means a residual that is exactly zero. A Newton step solves
one p x p positive definite system and a Schur complement in the zero residuals.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular

#: Newton goes on below the requested gap until the gap is this small or no longer falls: one more step is cheap
#: and w is only as accurate as the square root of the gap.
_TARGET = 1e-14
_STALL = 6
#: Near the null phase the loss hardly depends on w: a gap at rounding level says little there, so that the last
#: step must also be this short, relative to w in the norms (what it leaves is of the order of its square).
_STEP = 1e-4


class TrainingProblem(Protocol):
    """What the iteration needs to know: data, norms and a certificate."""

    Z: np.ndarray
    y: np.ndarray
    eps: float
    R: np.ndarray | None
    free: bool  # whether some direction of w has neither norm nor ridge

    def norms(self, w: np.ndarray) -> np.ndarray:
        """b_i(w), shape (n,)."""

    def norm_gradients(self, w: np.ndarray, smoothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """b_i and grad b_i, shapes (n,) and (n, p), of sqrt(b_i^2 + smoothing^2)."""

    def norm_curvature(self, b: np.ndarray, gradients: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """sum_i weights_i Hess b_i, shape (p, p)."""

    def gap(self, w: np.ndarray, alpha: np.ndarray, smoothing: float = 0.0) -> float:
        """Relative duality gap of the pair, for any w and alpha; smoothing as in :meth:`norm_gradients`."""


@dataclass(frozen=True)
class Iterate:
    """A primal-dual pair with its certificate."""

    w: np.ndarray
    alpha: np.ndarray
    gap: float
    iterations: int
    step: float = np.inf  # length of the Newton step that led here, relative to w in the norms

    def settled(self, tol: float) -> bool:
        """Whether the loss is certified to ``tol`` and the point has stopped moving."""
        return self.gap <= tol and self.step <= _STEP


def semismooth_newton(problem: TrainingProblem, w: np.ndarray, alpha: np.ndarray, max_iter: int) -> Iterate:
    """Newton steps from (w, alpha) until the gap is at rounding level, stalls, or the budget is used.

    Locally superlinear, not globalized: returns the best iterate seen, whose gap says whether it is a solution.
    """
    best = Iterate(w, alpha, problem.gap(w, alpha), 0)
    since_best, iteration = 0, 0
    while not best.settled(_TARGET) and iteration < max_iter:
        iteration += 1
        before = w
        try:
            step_w, step_alpha = newton_step(problem, w, alpha)
            w, alpha = w + step_w, alpha + step_alpha
        except LinAlgError:
            break
        gap = problem.gap(w, alpha)
        if not np.isfinite(gap):
            break
        size = float(np.mean(problem.norms(w)))
        step = float(np.mean(problem.norms(w - before))) / size if size > 0 else np.inf
        shorter = gap <= _TARGET and step < 0.5 * best.step
        since_best = 0 if gap < 0.5 * best.gap or shorter else since_best + 1
        if gap < best.gap or shorter:
            best = Iterate(w, alpha, gap, iteration, step)
        # At rounding level a step gains nothing; far from the solution the gap may rise before it falls.
        if since_best >= (1 if best.gap < 1e-11 and best.step <= _STEP else _STALL):
            break
    return replace(best, iterations=iteration)


def newton_step(
    problem: TrainingProblem, w: np.ndarray, alpha: np.ndarray, residuals: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The step of (w, alpha); the residuals of the optimality conditions may be known better than from these."""
    Z, y, eps, R = problem.Z, problem.y, problem.eps, problem.R
    n = len(y)
    b, gradients = problem.norm_gradients(w)
    if not b.any():
        raise LinAlgError("the norm has no derivative at w = 0")
    moving = np.abs(alpha) > eps * b
    signs = np.where(moving, np.sign(alpha), 0.0)
    weights = (eps / n) * np.maximum(eps * b, np.abs(alpha))
    if residuals is not None:
        primal, dual = residuals
    else:
        primal = y - Z @ w - signs * (np.abs(alpha) - eps * b)
        dual = Z.T @ alpha / n - weights @ gradients
        if R is not None:
            dual -= R @ w

    rows = (eps * np.where(moving, -signs, 1.0))[:, None] * gradients
    np.add(rows, Z, out=rows, where=moving[:, None])
    system = rows.T @ rows
    system /= n
    system += problem.norm_curvature(b, gradients, weights)
    if R is not None:
        system += R
    still = ~moving
    rhs = rows[moving].T @ primal[moving] / n + dual
    if still.any() and problem.free:
        # Directions without a norm are held by the constraints alone: add a multiple of those, exactly.
        pinned = Z[still].T @ Z[still]
        size = float(np.trace(pinned))
        weight = float(np.trace(system)) / size if size > 0 else 0.0
        system += weight * pinned
        rhs += weight * (Z[still].T @ primal[still])
    factor = cholesky_factor(system)
    half = solve_triangular(factor, rhs, lower=True, check_finite=False)
    step_alpha = np.empty(n)
    if still.any():
        columns = solve_triangular(factor, Z[still].T, lower=True, check_finite=False)
        schur = columns.T @ columns
        multipliers = cho_solve((cholesky_factor(schur), True), primal[still] - columns.T @ half, check_finite=False)
        half = half + columns @ multipliers
        step_alpha[still] = n * multipliers
    step = solve_triangular(factor, half, lower=True, trans=1, check_finite=False)
    step_alpha[moving] = primal[moving] - rows[moving] @ step
    return step, step_alpha


def cholesky_factor(matrix: np.ndarray) -> np.ndarray:
    """Lower Cholesky factor; a proximal term just above rounding admits repeated samples and flat directions."""
    scale = float(np.trace(matrix)) / len(matrix)
    for shift in (0.0, 1e-14, 1e-12, 1e-10):
        try:
            shifted = matrix + shift * scale * np.eye(len(matrix)) if shift else matrix
            return cholesky(shifted, lower=True, check_finite=False)
        except LinAlgError:
            continue
    raise LinAlgError("the Newton matrix is not positive definite")


def solve_definite(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a positive definite system, whose unknowns may differ in size by many orders of magnitude."""
    size = np.sqrt(np.diag(matrix))
    factor = cholesky_factor(matrix / size[:, None] / size)
    return cho_solve((factor, True), right / size, check_finite=False) / size


def smoothed_path(problem: TrainingProblem, w: np.ndarray) -> Iterator[Iterate]:
    """Damped Newton on the smooth convex problem with |t| -> sqrt(t^2 + h^2), b -> sqrt(b^2 + h_b^2), h -> 0.

    Globally convergent for each h; yields a primal-dual pair per level, closer and closer to the solution, with
    the steps that the level took.
    """
    residual_scale = float(np.sqrt(np.mean(problem.y**2)))
    norm_scale = max(float(np.mean(problem.norms(w))), 1e-3 * residual_scale / problem.eps)
    for level in range(1, 30):
        shrink = 0.25**level
        h, h_norm = residual_scale * shrink, norm_scale * shrink
        steps, decrement = 0, np.inf
        value, gradient, hessian, alpha = _smooth(problem, w, h, h_norm)
        while steps < 50:
            step = -cho_solve((cholesky_factor(hessian), True), gradient, check_finite=False)
            slope = float(gradient @ step)
            # A kink of the limit has curvature 1/h here: multipliers good to 1e-9 ask for a decrement of 1e-18 h.
            rounding = -slope < 1e-11 * value and -slope > 0.5 * decrement
            decrement = -slope
            if rounding or decrement <= 1e-18 * shrink * value:
                break
            steps += 1
            length = 1.0
            # Below the rounding of the value itself Newton is in its quadratic phase and needs no search.
            while (
                decrement > 1e-11 * value
                and length > 1e-8
                and not _smooth_value(problem, w + length * step, h, h_norm) <= value + 0.1 * length * slope
            ):
                length *= 0.5
            w = w + length * step
            value, gradient, hessian, alpha = _smooth(problem, w, h, h_norm)
        yield Iterate(w, alpha, problem.gap(w, alpha, h_norm), steps)


def _smooth_value(problem: TrainingProblem, w: np.ndarray, h: float, h_norm: float) -> float:
    b = np.hypot(problem.norms(w), h_norm)
    size = np.hypot(problem.y - problem.Z @ w, h) + problem.eps * b
    ridge = 0.0 if problem.R is None else 0.5 * float(w @ problem.R @ w)
    return 0.5 * float(np.mean(size**2)) + ridge


def _smooth(
    problem: TrainingProblem, w: np.ndarray, h: float, h_norm: float
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    Z, y, eps, R = problem.Z, problem.y, problem.eps, problem.R
    n = len(y)
    residual = y - Z @ w
    absolute = np.hypot(residual, h)
    b, gradients = problem.norm_gradients(w, h_norm)
    size = absolute + eps * b
    alpha = size * residual / absolute
    rows = eps * gradients - (residual / absolute)[:, None] * Z
    gradient = rows.T @ size / n
    bend = size * (h / absolute) ** 2 / absolute
    hessian = (rows.T @ rows + (Z.T * bend) @ Z) / n
    hessian += problem.norm_curvature(b, gradients, eps * size / n)
    if R is not None:
        gradient += R @ w
        hessian += R
    ridge = 0.0 if R is None else 0.5 * float(w @ R @ w)
    return 0.5 * float(np.mean(size**2)) + ridge, gradient, hessian, alpha


def minimise(problem: TrainingProblem, w: np.ndarray, alpha: np.ndarray, *, tol: float, max_iter: int) -> Iterate:
    """Semismooth Newton from the start; where that fails, from along the smoothed path. May return gap > tol."""
    best = semismooth_newton(problem, w, alpha, min(max_iter, 30))
    total = best.iterations
    if best.settled(tol) or total >= max_iter:
        return best
    for point in smoothed_path(problem, best.w):
        polished = semismooth_newton(problem, point.w, point.alpha, 12)
        total += point.iterations + polished.iterations
        best = polished if polished.settled(tol) else min(best, point, polished, key=lambda candidate: candidate.gap)
        if best.settled(tol) or total >= max_iter:
            break
    return replace(best, iterations=total)
