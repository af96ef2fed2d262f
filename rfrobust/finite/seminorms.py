"""Norms of the gradient of a network as convex functions of its second layer: what attacks in training see.

An attack of radius eps in some norm moves a network that is linear on its ball by eps R(theta), R being a seminorm: one
for all samples (concentrated), or one for each (linearized). Here are R, its gradient and its curvature, smoothed at
length h so that Newton's method can be used (docs, simulation page, "The general objective").
"""

import math
from typing import Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky, eigh, solve_triangular

from ..engine.coordinates import DualNorm, mean_power
from ..problem.attack import dual_of
from ..problem.signal import GAUSSIAN
from ..support.jit import njit
from .newton import cholesky_factor

#: Unit roundoff, what rounding may leave of terms of size 1, and steps of iterative refinement.
_UNIT = 2.0**-53
_ROUNDING, _REFINEMENTS = 64 * _UNIT, 4


class Seminorms(Protocol):
    """One seminorm R, or one for each sample: m of them, in p unknowns."""

    def values(self, x: np.ndarray) -> np.ndarray:
        """R, shape (m,)."""

    def smooth(self, x: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
        """R smoothed at length h, at least R, and its gradients, in the dual ball: shapes (m,) and (m, p)."""

    def curvature(self, x: np.ndarray, h: float, weights: np.ndarray) -> np.ndarray:
        """sum weights_m Hess R_m of the smoothed R, shape (p, p)."""

    def length(self, cost: float, R: float) -> float:
        """The smoothing length that adds about ``cost`` to an R of this size."""

    def moving(self, x: np.ndarray, step: np.ndarray, h: float) -> None:
        """Take note of Newton's step from x, which may change the curvature that is given from here on."""

    def absorbs(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> bool:
        """Whether pull'y <= sum weights_m (R_m(y) - y' grad R_m(x)) for all y, with the smoothed gradients."""


def _hypot(R: float, gradient: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    smooth = math.hypot(R, h)
    return np.array([smooth]), (gradient * (R / smooth if smooth > 0.0 else 0.0))[None]


class Euclidean:
    """R = |w[:penalised]|: the l2 norm of the gradient, in coordinates of :class:`Whitened`."""

    def __init__(self, penalised: int, size: int):
        self.penalised, self.size = penalised, size

    def values(self, x: np.ndarray) -> np.ndarray:
        """See :class:`Seminorms`."""
        return np.array([np.linalg.norm(x[: self.penalised])])

    def smooth(self, x: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Seminorms`."""
        R = float(self.values(x)[0])
        gradient = np.zeros_like(x)
        if R > 0.0:
            gradient[: self.penalised] = x[: self.penalised] / R
        return _hypot(R, gradient, h)

    def curvature(self, x: np.ndarray, h: float, weights: np.ndarray) -> np.ndarray:
        """See :class:`Seminorms`."""
        smooth, (gradient,) = self.smooth(x, h)
        scale = float(weights[0]) / float(smooth[0])
        matrix = -scale * np.outer(gradient, gradient)
        seen = np.arange(self.penalised)
        matrix[seen, seen] += scale
        return matrix

    def length(self, cost: float, R: float) -> float:
        """See :class:`Seminorms`."""
        return math.sqrt(cost * R)

    def moving(self, x: np.ndarray, step: np.ndarray, h: float) -> None:
        """See :class:`Seminorms`."""

    def absorbs(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> bool:
        """See :class:`Seminorms`."""
        R = float(self.values(x)[0])
        room = float(weights[0]) * (1.0 - R / math.hypot(R, h)) if h > 0.0 else 0.0
        return not pull[self.penalised :].any() and float(np.linalg.norm(pull)) <= room

    def dual(self, pull: np.ndarray) -> float:
        """The largest pull'x with R(x) <= 1."""
        return float(np.linalg.norm(pull))


@njit
def _powers(u, norm):
    """E|u + z|^q and its first two derivatives, for an array."""
    out = np.empty((3, u.size))
    for i in range(u.size):
        f, f1, f2 = mean_power(abs(u[i]), norm)
        out[0, i], out[1, i], out[2, i] = f, f1 if u[i] >= 0.0 else -f1, f2
    return out


def mean_powers(alpha: np.ndarray, s: float, norm: DualNorm) -> np.ndarray:
    r"""Return e(alpha; s) = E|alpha + s z|^q and its derivatives e_a, e_s, e_aa, e_as, e_ss, first axis.

    e is homogeneous of degree q, and e_s = s e_aa.
    """
    q = norm.exponent
    u = alpha / s
    f, f1, f2 = (row.reshape(alpha.shape) for row in _powers(u.ravel(), norm))
    e_as = (q - 1.0) * f1 - u * f2
    e_ss = (q - 1.0) * f2 - u * e_as
    return np.stack([s**q * f, s ** (q - 1) * f1, s ** (q - 1) * f2, *(s ** (q - 2) * row for row in (f2, e_as, e_ss))])


class Concentrated:
    r"""R = (mean_j E_z|alpha_j + rho |theta| z|^q)^(1/q), alpha = sqrt(d) mu1 W'theta (:eq:`eq-dual-norm`).

    The gradient's limit norm, dual to an attack in the l_p norm, 1/p + 1/q = 1.
    """

    def __init__(self, W: np.ndarray, mu1: float, rho: float, norm: float):
        self.A = math.sqrt(W.shape[1]) * mu1 * W.T
        self.rho, self.norm = rho, dual_of(norm, GAUSSIAN)
        self.q = self.norm.exponent
        #: R(theta) is at least this multiple of |theta|: a random shift only adds to E|alpha + z|^q.
        self.least = rho * float(_powers(np.zeros(1), self.norm)[0, 0]) ** (1.0 / self.q)

    def _mean(self, x: np.ndarray) -> float:
        alpha, s = self.A @ x, self.rho * float(np.linalg.norm(x))
        return float(np.mean(np.abs(alpha) ** self.q if s == 0.0 else mean_powers(alpha, s, self.norm)[0]))

    def values(self, x: np.ndarray) -> np.ndarray:
        """See :class:`Seminorms`."""
        return np.array([self._mean(x) ** (1.0 / self.q)])

    def smooth(self, x: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Seminorms`."""
        R, gradient, _ = self._jet(x, False)
        return _hypot(R, gradient, h)

    def curvature(self, x: np.ndarray, h: float, weights: np.ndarray) -> np.ndarray:
        """See :class:`Seminorms`."""
        R, gradient, hessian = self._jet(x, True)
        smooth = math.hypot(R, h)
        bend = (h / smooth) ** 2 / smooth
        return float(weights[0]) * (R / smooth * hessian + bend * np.outer(gradient, gradient))

    def _jet(self, x: np.ndarray, bent: bool) -> tuple[float, np.ndarray, np.ndarray]:
        """R, its gradient, and its Hessian where it is asked for."""
        q, rho, size, A = self.q, self.rho, float(np.linalg.norm(x)), self.A
        if size == 0.0:
            return 0.0, np.zeros_like(x), np.zeros((x.size, x.size) if bent else (0, 0))
        e, e_a, e_s, e_aa, e_as, e_ss = mean_powers(A @ x, rho * size, self.norm)
        d, unit = len(A), x / size
        T = float(e.mean())
        slope = A.T @ e_a / d + float(e_s.mean()) * rho * unit
        outer = T ** (1.0 / q - 1.0) / q
        R, gradient = T ** (1.0 / q), outer * slope
        if not bent:
            return R, gradient, np.zeros((0, 0))
        rows = A * np.sqrt(e_aa / d)[:, None]
        hessian = rows.T @ rows
        cross = np.outer(A.T @ e_as * (rho / d), unit)
        hessian += cross + cross.T
        round_, along = float(e_s.mean()) * rho / size, float(e_ss.mean()) * rho * rho
        hessian += (along - round_) * np.outer(unit, unit)
        hessian[np.diag_indices_from(hessian)] += round_
        hessian -= (1.0 - 1.0 / q) / T * np.outer(slope, slope)
        return R, gradient, outer * hessian

    def length(self, cost: float, R: float) -> float:
        """See :class:`Seminorms`."""
        return math.sqrt(cost * R)

    def moving(self, x: np.ndarray, step: np.ndarray, h: float) -> None:
        """See :class:`Seminorms`."""

    def absorbs(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> bool:
        """See :class:`Seminorms`."""
        R = float(self.values(x)[0])
        room = float(weights[0]) * (1.0 - R / math.hypot(R, h)) if h > 0.0 else 0.0
        return float(np.linalg.norm(pull)) <= room * self.least

    def dual(self, pull: np.ndarray) -> float:
        """The largest pull'x with R(x) <= 1, by Newton's method for min R^2/2 - pull'x, from above to rounding."""
        size = float(np.linalg.norm(pull))
        if size == 0.0:
            return 0.0
        x = pull / (size * self.least**2)
        value = np.inf
        for _ in range(200):
            R, gradient, hessian = self._jet(x, True)
            rest = pull / size - R * gradient
            value = min(value, R + float(np.linalg.norm(rest)) / self.least)
            if float(np.linalg.norm(rest)) <= 1e-13 * self.least * R:
                break
            hessian = R * hessian + np.outer(gradient, gradient)
            step = cho_solve(cho_factor(hessian), rest, check_finite=False)
            rise, start, length = float(rest @ step), pull @ x / size - 0.5 * R * R, 1.0
            while length > 1e-8 and not (
                float(pull @ (x + length * step)) / size - 0.5 * float(self.values(x + length * step)[0]) ** 2
                >= start + 0.1 * length * rise - 1e-14 * abs(start)
            ):
                length *= 0.5
            x = x + length * step
        return value * size


class Whitened:
    """Coordinates x with theta = B x in which theta'C theta = |x[:penalised]|^2, for a positive semidefinite C.

    Directions that C does not see keep coordinates of their own, after the others.
    """

    def __init__(self, C: np.ndarray):
        self.scale = np.sqrt(np.maximum(np.diag(C), 0.0))
        self.scale[self.scale == 0.0] = 1.0
        scaled = C / self.scale / self.scale[:, None]
        N = len(C)
        shifted = scaled - 4 * N * (N + 2) * _UNIT * np.eye(N)
        try:
            cholesky(shifted, lower=True, check_finite=False)
            self.root: np.ndarray | None = cholesky(scaled, lower=True, check_finite=False)
            self.penalised = N
        except LinAlgError:
            values, vectors = eigh(scaled, check_finite=False)
            top = max(float(values[-1]), 0.0)
            if values[0] < -1e-9 * max(top, float(np.abs(scaled).max())):
                raise ValueError(
                    f"metric must be positive semidefinite, got smallest eigenvalue {values[0]:.3g} in metric"
                ) from None
            seen = values > 16 * N * _UNIT * top
            self.root, self.penalised = None, int(seen.sum())
            self.basis = np.hstack([vectors[:, seen] / np.sqrt(values[seen]), vectors[:, ~seen]])

    def back(self, x: np.ndarray) -> np.ndarray:
        """Theta of x."""
        if self.root is None:
            return (self.basis @ x) / self.scale
        return solve_triangular(self.root, x, lower=True, trans=1, check_finite=False) / self.scale

    def adjoint(self, g: np.ndarray) -> np.ndarray:
        """B'g, for a vector or for columns."""
        scaled = (g.T / self.scale).T
        if self.root is None:
            return self.basis.T @ scaled
        return solve_triangular(self.root, scaled, lower=True, check_finite=False)


class Linearized:
    """R_i = (mean_j |sqrt(d) (B_i theta)_j|^q)^(1/q), B_i theta being the gradient at the sample i.

    Smoothed, R_i = (mean_j E_z|sqrt(d) (B_i theta)_j + h z|^q)^(1/q). For q = 1, where up to N of the n d coordinates
    end at a kink, |a| becomes sqrt(a^2 + h^2) and its slope a variable of its own (Chan, Golub and Mulet, SIAM J. Sci.
    Comput. 20, 1999): Newton's method then takes steps far beyond h.
    """

    def __init__(self, W: np.ndarray, slopes: np.ndarray, norm: float):
        self.W, self.slopes, self.norm = math.sqrt(W.shape[1]) * W, slopes, dual_of(norm, GAUSSIAN)
        self.q, self.p = self.norm.exponent, norm
        self.gram = W @ W.T
        self._duals: np.ndarray | None = None

    def images(self, x: np.ndarray) -> np.ndarray:
        """Rows sqrt(d) B_i x, shape (n, d)."""
        return (self.slopes * x) @ self.W

    def adjoint(self, images: np.ndarray) -> np.ndarray:
        """Rows sqrt(d) B_i' q_i, shape (n, N)."""
        return self.slopes * (images @ self.W.T)

    def values(self, x: np.ndarray) -> np.ndarray:
        """See :class:`Seminorms`."""
        return np.mean(np.abs(self.images(x)) ** self.q, axis=1) ** (1.0 / self.q)

    def _jet(self, x: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """R, the dual images zeta with grad R_i = B_i' zeta_i, and the curvatures e_aa of the coordinates over q."""
        alpha = self.images(x)
        if self.q == 1.0:
            size, d = np.hypot(alpha, h), alpha.shape[1]
            return size.mean(axis=1), alpha / size / d, self._bend(alpha, size) / d
        e, e_a, _, e_aa, _, _ = mean_powers(alpha, h, self.norm)
        T = e.mean(axis=1)
        outer = (T ** (1.0 / self.q - 1.0) / (self.q * alpha.shape[1]))[:, None]
        return T ** (1.0 / self.q), outer * e_a, outer * e_aa

    def smooth(self, x: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Seminorms`."""
        R, zeta, _ = self._jet(x, h)
        return R, self.adjoint(zeta)

    def curvature(self, x: np.ndarray, h: float, weights: np.ndarray) -> np.ndarray:
        """See :class:`Seminorms`."""
        R, zeta, bend = self._jet(x, h)
        matrix = self._form(weights[:, None] * bend)
        if self.q > 1.0:
            rows = self.adjoint(zeta)
            matrix -= (rows.T * (weights * (self.q - 1.0) / R)) @ rows
        return matrix

    def length(self, cost: float, R: float) -> float:
        """See :class:`Seminorms`. For q = 1 the few coordinates at zero add to R in proportion to the length."""
        square, (N, d) = math.sqrt(cost * R), self.W.shape
        return square if self.q > 1.0 else min(square, cost * max(1.0, len(self.slopes) * d / N))

    def moving(self, x: np.ndarray, step: np.ndarray, h: float) -> None:
        """See :class:`Seminorms`."""
        if self.q == 1.0:
            alpha, change = self.images(x), self.images(step)
            size = np.hypot(alpha, h)
            self._duals = np.clip((alpha + self._bend(alpha, size) * size * change) / size, -1.0, 1.0)

    def _bend(self, alpha: np.ndarray, size: np.ndarray) -> np.ndarray:
        """The curvature of the size with the duals of the last step in place of alpha/size."""
        duals = alpha / size if self._duals is None else self._duals
        return (1.0 - duals * alpha / size) / size

    def _form(self, c: np.ndarray) -> np.ndarray:
        """sum_ij c_ij b_ij b_ij', b_ij being row j of sqrt(d) B_i."""
        if self.q == 2.0:  # the coordinates of a sample bend alike
            return len(self.W[0]) * self.gram * ((self.slopes.T * c[:, 0]) @ self.slopes)
        matrix = np.zeros((len(self.W), len(self.W)))
        live = c > 1e-18 * c.max()
        for i in np.flatnonzero(live.any(axis=1)):
            rows = self.W[:, live[i]] * self.slopes[i][:, None]
            matrix += (rows * c[i, live[i]]) @ rows.T
        return matrix

    def absorbs(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> bool:
        """See :class:`Seminorms`: the pull is shared out among the samples where their zeta leave room."""
        _, zeta, _ = self._jet(x, h)
        d = zeta.shape[1]
        left = 1.0 - d * np.abs(zeta) if self.q == 1.0 else (1.0 - self.size(zeta))[:, None]
        room = (weights[:, None] / d) * np.broadcast_to(np.maximum(left, 0.0), zeta.shape)
        form = self._form(room)
        try:
            factor = cholesky_factor(form)
        except LinAlgError:
            return False
        multiplier, rest = np.zeros_like(pull), pull
        for _ in range(_REFINEMENTS):  # undo the shift of the factor
            multiplier = multiplier + cho_solve((factor, True), rest, check_finite=False)
            share = room * self.images(multiplier)
            rest = pull - self.adjoint(share).sum(axis=0)
        if float(np.linalg.norm(rest)) > _ROUNDING * float(np.abs(weights) @ np.linalg.norm(self.slopes, axis=1)):
            return False
        with np.errstate(divide="ignore", invalid="ignore"):
            total = zeta + np.where(weights[:, None] > 0.0, share / weights[:, None], 0.0)
        return bool((self.size(total) <= 1.0 + _ROUNDING).all())

    def size(self, zeta: np.ndarray) -> np.ndarray:
        """The norm dual to the mean of powers, of each row."""
        d = zeta.shape[1]
        if self.q == 1.0:
            return d * np.abs(zeta).max(axis=1)
        return d * np.mean(np.abs(zeta) ** self.p, axis=1) ** (1.0 / self.p)
