"""Norms of the gradient of a network as convex functions of its second layer: what attacks in training see.

An attack of radius eps in some norm moves a network that is linear on its ball by eps R(theta), R being a seminorm: one
for all samples (concentrated), or one for each (linearized). Here are R, its gradient and its curvature, smoothed at
length h so that Newton's method can be used (docs, simulation page, "The general objective").
"""

import math
from typing import Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..engine.coordinates import DualNorm, mean_power
from ..problem.attack import dual_of
from ..problem.signal import GAUSSIAN
from ..support.jit import njit
from .definite import safe_cholesky
from .newton import cholesky_factor

#: Unit roundoff, what rounding may leave of terms of size 1, and steps of iterative refinement.
_UNIT = 2.0**-53
_ROUNDING, _REFINEMENTS = 64 * _UNIT, 4
#: Roundings in the table of E|u + z|^q and its derivatives, in units of roundoff: at most 110, a test.
_POWERS = 128


class Seminorms(Protocol):
    """One seminorm R, or one for each sample: m of them, in p unknowns."""

    @property
    def count(self) -> int:
        """The number of seminorms."""

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

    def lacks(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> float:
        """A c >= 0 with pull'y <= sum weights_m (R_m(y) - y' grad R_m(x)) + c R(y) for all y, gradients smoothed.

        Inf where none is known.
        """


class BoundedSeminorms(Seminorms, Protocol):
    """Seminorms whose rounding is bounded."""

    def error(self, x: np.ndarray, R: np.ndarray) -> np.ndarray:
        """A bound of the error of the values R at x, shape (m,)."""

    def support(
        self, x: np.ndarray, h: float, weights: np.ndarray, pull: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """An s, a bound of its error, and a room with s'y + room mean_m R_m(y) <= sum weights_m R_m(y) for all y.

        That of the smoothed gradients at x or, if there is a pull, one near it.
        """

    def reach(self, e: np.ndarray, error: np.ndarray) -> float:
        """A bound of e'y over the y of mean norm 1, e being known up to an error."""


def _hypot(R: float, gradient: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    smooth = math.hypot(R, h)
    return np.array([smooth]), (gradient * (R / smooth if smooth > 0.0 else 0.0))[None]


class Euclidean:
    """R = |w[:penalised]|: the l2 norm of the gradient, in coordinates of :class:`Whitened`."""

    count = 1

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

    def lacks(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> float:
        """See :class:`Seminorms`."""
        R = float(self.values(x)[0])
        room = float(weights[0]) * (1.0 - R / math.hypot(R, h)) if h > 0.0 else 0.0
        return np.inf if pull[self.penalised :].any() else max(float(np.linalg.norm(pull)) - room, 0.0)

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

    count = 1

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

    def lacks(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> float:
        """See :class:`Seminorms`."""
        R = float(self.values(x)[0])
        room = float(weights[0]) * (1.0 - R / math.hypot(R, h)) if h > 0.0 else 0.0
        return max(float(np.linalg.norm(pull)) / self.least - room, 0.0)

    def error(self, x: np.ndarray, R: np.ndarray) -> np.ndarray:
        """See :class:`BoundedSeminorms`: R is a norm of (alpha, s), hence continuous in them."""
        terms = (x.size + 6) * _UNIT
        shift = terms * float(np.mean((np.abs(self.A) @ np.abs(x)) ** self.q)) ** (1.0 / self.q)
        return np.array(
            [shift + terms * self.least * float(np.linalg.norm(x)) + (_POWERS + len(self.A)) * _UNIT * R[0]]
        )

    def support(
        self, x: np.ndarray, h: float, weights: np.ndarray, pull: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """See :class:`BoundedSeminorms`."""
        R, gradient, _ = self._jet(x, False)
        if R == 0.0:
            return np.zeros_like(x), np.zeros_like(x), float(weights[0])
        square = float(gradient @ gradient)
        weight = float(weights[0]) * (R / math.hypot(R, h))
        if pull is not None:
            weight = min(max(float(pull @ gradient) / square, 0.0), float(weights[0]))
        q, d, s = self.q, len(self.A), self.rho * float(np.linalg.norm(x))
        e, e_a, e_s, *_ = mean_powers(self.A @ x, s, self.norm)
        outer = float(e.mean()) ** (1.0 / q - 1.0) / q
        slopes = np.abs(e_a) + q * s ** (q - 1.0) * (self.least / self.rho) ** q
        error = np.abs(self.A).T @ slopes / d + float(e_s.mean()) * self.rho * np.abs(x) / float(np.linalg.norm(x))
        error *= weight * outer * ((2.0 - 1.0 / q) * _POWERS + d + x.size) * _UNIT
        return weight * gradient, error, float(weights[0]) - weight

    def reach(self, e: np.ndarray, error: np.ndarray) -> float:
        """See :class:`BoundedSeminorms`."""
        return float(np.linalg.norm(np.abs(e) + error)) / self.least * (1 + (_POWERS + e.size) * _UNIT)

    def dual(self, pull: np.ndarray) -> float:
        """The largest pull'x with R(x) <= 1, from above to rounding."""
        return self.steepest(pull)[0]

    def steepest(self, pull: np.ndarray) -> tuple[float, np.ndarray]:
        """The largest pull'x with R(x) <= 1, and such an x up to its length: Newton's method for min R^2/2 - pull'x."""
        size = float(np.linalg.norm(pull))
        if size == 0.0:
            return 0.0, pull
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
        return value * size, x


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

    @property
    def count(self) -> int:
        """See :class:`Seminorms`."""
        return len(self.slopes)

    def lacks(self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray) -> float:
        """See :class:`Seminorms`: the pull is shared out among the samples where their zeta leave room."""
        shared = self._shared(pull, x, h, weights)
        if shared is None:
            return np.inf
        total, rest = shared
        if float(np.linalg.norm(rest)) > _ROUNDING * float(np.abs(weights) @ np.linalg.norm(self.slopes, axis=1)):
            return np.inf
        return 0.0 if (self.size(total) <= 1.0 + _ROUNDING).all() else np.inf

    def _shared(
        self, pull: np.ndarray, x: np.ndarray, h: float, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The zeta that take the pull besides that of x, and what they leave of it; None where they cannot."""
        _, zeta, _ = self._jet(x, h)
        d = zeta.shape[1]
        left = 1.0 - d * np.abs(zeta) if self.q == 1.0 else (1.0 - self.size(zeta))[:, None]
        room = (weights[:, None] / d) * np.broadcast_to(np.maximum(left, 0.0), zeta.shape)
        form = self._form(room)
        try:
            factor = cholesky_factor(form)
        except LinAlgError:
            return None
        multiplier, rest = np.zeros_like(pull), pull
        for _ in range(_REFINEMENTS):  # undo the shift of the factor
            multiplier = multiplier + cho_solve((factor, True), rest, check_finite=False)
            share = room * self.images(multiplier)
            rest = pull - self.adjoint(share).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return zeta + np.where(weights[:, None] > 0.0, share / weights[:, None], 0.0), rest

    def error(self, x: np.ndarray, R: np.ndarray) -> np.ndarray:
        """See :class:`BoundedSeminorms`."""
        shift = (x.size + 6) * _UNIT * (np.abs(self.slopes * x) @ np.abs(self.W))
        return np.mean(shift**self.q, axis=1) ** (1.0 / self.q) + (len(self.W[0]) + 16) * _UNIT * R

    def support(
        self, x: np.ndarray, h: float, weights: np.ndarray, pull: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """See :class:`BoundedSeminorms`."""
        zeta = self._jet(x, h)[1]
        if pull is not None:
            shared = self._shared(pull - weights @ self.adjoint(zeta), x, h, weights)
            zeta = zeta if shared is None else shared[0]
        terms = (sum(zeta.shape) + 24) * _UNIT
        size = self.size(zeta) * (1.0 + terms)
        zeta = zeta / np.maximum(size, 1.0)[:, None]
        room = len(weights) * float(np.min(weights * np.maximum(1.0 - size, 0.0)))
        size = weights @ (np.abs(self.slopes) * (np.abs(zeta) @ np.abs(self.W.T)))
        return weights @ self.adjoint(zeta), terms * size, room

    def reach(self, e: np.ndarray, error: np.ndarray) -> float:
        """See :class:`BoundedSeminorms`: the mean of |B_i y| is at most sqrt(n) times its root mean square."""
        n, d = len(self.slopes), len(self.W[0])
        H = self.gram * (self.slopes.T @ self.slopes) / n
        unit = np.sqrt(np.diag(H))
        root = safe_cholesky(H / unit / unit[:, None], n + d + 8) if unit.all() else None
        if root is None:
            return math.inf
        least = d ** min(0.0, 0.5 - 1.0 / self.q)  # R_i over |B_i y|
        return 1.01 * math.sqrt(n * root.close_reach(e / unit, error / unit)) / least

    def size(self, zeta: np.ndarray) -> np.ndarray:
        """The norm dual to the mean of powers, of each row."""
        d = zeta.shape[1]
        if self.q == 1.0:
            return d * np.abs(zeta).max(axis=1)
        return d * np.mean(np.abs(zeta) ** self.p, axis=1) ** (1.0 / self.p)
