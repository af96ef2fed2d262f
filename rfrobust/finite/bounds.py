"""Robust loss and dual bound on the data as given, with rounding bounded (docs, simulation page, "The certificate").

Features and metric are scaled by powers of two, which is exact, so that every sum below has terms of one size.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .definite import UNIT, Triangular, safe_cholesky

#: Parts that a factor of an accurate product is cut into: at least 4 x 20 bits.
_SLICES = 4


def best_length(size: float, alpha: np.ndarray, eps: float) -> float:
    """The rho that solves size = (eps/n) sum_i max(eps rho, |alpha_i|); 0 if size is below that at rho = 0."""
    n = len(alpha)
    absolute = np.sort(np.abs(alpha))
    tail = absolute.sum() - np.cumsum(absolute)
    if eps == 0.0 or size * n <= eps * absolute.sum():
        return 0.0
    # With the k + 1 smallest below eps rho, eps rho = (size n/eps - tail_k)/(k + 1); the right k is the first
    # whose value stays below the next |alpha|.
    candidates = (size * n / eps - tail) / np.arange(1, n + 1)
    fits = candidates <= np.append(absolute[1:], np.inf)
    return float(candidates[np.argmax(fits)]) / eps


def conjugate(size: float, alpha: np.ndarray, eps: float) -> float:
    """Convex conjugate of (1/2n) sum (|t_i| + eps |w|)^2 at (alpha/n, pull) with |pull| = size, for eps > 0."""
    n = len(alpha)
    absolute = np.abs(alpha)
    length = best_length(size, alpha, eps)
    short = np.maximum(eps * length - absolute, 0.0)
    return float(alpha @ alpha - short @ short) / (2 * n) + length * (size - eps * float(absolute.mean()))


class Products(Protocol):
    """Products with a matrix A whose errors are known."""

    def times(self, B: np.ndarray, *, transposed: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A B (A'B) as an unevaluated sum high + low, and a bound of its error, for a vector or columns of one size."""


class Rounded:
    """Products as they come, with the bound of their rounding that holds for any order of summation.

    (Higham, Accuracy and Stability of Numerical Algorithms, 2002, equation 3.5; k + 2 also covers that of the bound.)
    """

    def __init__(self, A: np.ndarray):
        self.A, self.absolute = A, np.abs(A)

    def times(self, B: np.ndarray, *, transposed: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See :class:`Products`."""
        A, absolute = (self.A.T, self.absolute.T) if transposed else (self.A, self.absolute)
        high = A @ B
        return high, np.zeros_like(high), (A.shape[1] + 2) * UNIT * (absolute @ np.abs(B))


class Sliced:
    """A matrix as a sum of parts so short that their products with those of a vector, and all sums of these, are exact.

    (Ozaki, Ogita, Oishi and Rump, Numer. Algorithms 59, 2012; one unit for the whole matrix, which is scaled.)
    """

    def __init__(self, A: np.ndarray):
        self.terms = max(A.shape)
        self.bits = (52 - math.ceil(math.log2(self.terms + 1))) // 2
        self.parts, self.top = _slices(A, self.bits)

    def times(self, B: np.ndarray, *, transposed: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See :class:`Products`."""
        left = [part.T for part in self.parts] if transposed else self.parts
        right, top = _slices(B, self.bits)
        high, low, size = np.zeros((3, len(left[0]), *B.shape[1:]))
        for i, j in ((i, k - i) for k in range(_SLICES) for i in range(k + 1)):
            part = left[i] @ right[j]
            total = high + part
            shift = total - high
            error = (high - (total - shift)) + (part - shift)  # exact (Knuth)
            low, size, high = low + error, size + np.abs(error), total
        # What is left out: products of parts whose orders add up to _SLICES or more.
        dropped = (_SLICES + 1) * self.terms * 2.0 ** (-self.bits * _SLICES) * self.top * top
        return high, low, dropped + 16 * UNIT * size


def _slices(A: np.ndarray, bits: int) -> tuple[list[np.ndarray], float]:
    """A as a sum of parts of ``bits`` bits below a power of two above its largest entry, and that power."""
    largest = float(np.abs(A).max(initial=0.0))
    top = unit = math.ldexp(1.0, math.frexp(largest)[1]) if largest > 0 else 0.0
    parts, rest = [], A.copy()
    for _ in range(_SLICES):
        unit *= 2.0**-bits
        anchor = 1.5 * unit * 2.0**52
        part = rest + anchor
        part -= anchor  # rest to a multiple of the unit
        rest -= part
        parts.append(part)
    return parts, top


class Coordinates(Protocol):
    """A basis B with |J theta| = |w[:penalised]| for theta = B w; its further columns, ``blind``, have no norm."""

    penalised: int
    blind: np.ndarray

    def back(self, w: np.ndarray) -> np.ndarray:
        """B w, for a vector or for columns."""

    def adjoint(self, g: np.ndarray) -> np.ndarray:
        """B'g, for a vector or for columns."""

    def reach(self, r: np.ndarray, error: np.ndarray) -> float:
        """A bound of <r + e, theta>^2 over the penalised theta with |J theta| <= 1 and the |e_j| <= error_j."""


@dataclass(frozen=True)
class GivenData:
    """Features, responses, metric and ridge of a problem, in the coordinates scale * theta.

    Parameters
    ----------
    F : ndarray, shape (n, N)
        Features, each divided by its scale.
    y : ndarray, shape (n,)
        Responses.
    C : ndarray, shape (N, N)
        J^2 divided by the scales of row and column.
    ridge : ndarray, shape (N,)
        Ridge penalties of these coordinates.
    """

    F: np.ndarray
    y: np.ndarray
    C: np.ndarray
    ridge: np.ndarray

    def certify(
        self, theta: np.ndarray, alpha: np.ndarray, eps: float, radius: float, basis: Coordinates, tol: float
    ) -> tuple[float, float, float]:
        """P(theta), a relative bound of what it is above the least loss, and |J theta|.

        The least loss is bounded from below by the dual at ``radius`` <= eps, since it grows with the radius.
        Accurate products take ten times as long: they are for what the plain ones do not certify to ``tol``. The
        matrix of all that bounds theta, a factorization more, is for what those do not certify.
        """
        zero = 0.5 * float(np.mean(self.y**2))
        for products, bounded in ((Rounded, False), (Sliced, False), (Sliced, True)):
            F, C = products(self.F), products(self.C)
            value, error, norm = self._primal(theta, eps, F, C)
            level = value + error
            excess = level - self._dual(alpha, theta, radius, basis, level, F, C, bounded)
            # Where directions without penalty fit the data the objective is 0 up to rounding.
            scale = max(value, 1e-15 * zero) if eps > 0 else zero
            gap = max(excess, 0.0) / scale if scale > 0 else 0.0
            if gap <= tol:
                break
        return value, gap, norm

    def residual(self, theta: np.ndarray) -> np.ndarray:
        """Y - F theta, accurate to its last digits."""
        fit, rest, _ = Sliced(self.F).times(theta)
        return np.asarray((self.y - fit) - rest)

    def conditions(self, theta: np.ndarray, alpha: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
        """Residuals of the optimality conditions (docs, simulation page), accurate to their last digits."""
        n, C = len(self.y), Sliced(self.C)
        seen = np.where(self.C.any(axis=0), theta, 0.0)
        high, low, _ = C.times(seen)
        norm = math.sqrt(_dot(seen, high, low, 0 * seen)[0])
        size = np.abs(alpha)
        pull, rest, _ = (part / n for part in Sliced(self.F).times(alpha, transposed=True))
        weight = eps * float(np.mean(np.maximum(eps * norm, size))) / norm
        primal = self.residual(theta) - np.sign(alpha) * np.maximum(size - eps * norm, 0.0)
        return primal, (pull - self.ridge * theta - weight * high) + (rest - weight * low)

    def _primal(self, theta: np.ndarray, eps: float, F: Products, C: Products) -> tuple[float, float, float]:
        """P(theta), a bound of the error of this value, and |J theta|."""
        fit, rest, fuzz = F.times(theta)
        residual = np.abs((self.y - fit) - rest)
        seen = np.where(self.C.any(axis=0), theta, 0.0)
        square, error = _dot(seen, *C.times(seen))
        norm = math.sqrt(max(square, 0.0))
        reach = math.sqrt(max(square + error, 0.0))
        penalty = math.fsum(0.5 * self.ridge * theta**2)
        n = len(self.y)
        value = math.fsum((residual + eps * norm) ** 2) / (2 * n) + penalty
        most = math.fsum((residual + fuzz + eps * reach) ** 2) / (2 * n) + penalty
        return value, (most - value) + 16 * UNIT * most, norm

    def _dual(
        self,
        alpha: np.ndarray,
        theta: np.ndarray,
        eps: float,
        basis: Coordinates,
        level: float,
        F: Products,
        C: Products,
        bounded: bool,
    ) -> float:
        """A lower bound of the least loss, which is at most ``level``: D(alpha, theta) with all rounding charged.

        The size |J^-1 g| of g = F'alpha/n - ridge theta is known by |J^-1 g|^2 = 2 g'x - x'Cx + |J^-1 r|^2, r = g - Cx;
        for x = C^-1 g up to rounding the last term is of second order. A ridge can take r instead: at theta + r/ridge
        what is left of g is Cx itself. If ``bounded``, r is also charged at the theta' that are left: a loss is at
        least |((y - F theta')/sqrt(n), eps J theta', sqrt(ridge) theta')|^2/2, so that one of at most ``level`` leaves
        (theta' - theta)'H(theta' - theta) <= 8 level, with the H of :meth:`_sizes`.
        """
        n = len(self.y)
        nothing = np.zeros(n)
        linear, error = (part / n for part in _dot(alpha, self.y, nothing, nothing))
        pull, rest, fuzz = (part / n for part in F.times(alpha, transposed=True))
        if eps == 0.0:
            size = float(alpha @ alpha) / (2 * n)
            bound = linear - size - self._slack_without_attack(pull + rest, fuzz, basis, level)
            bound -= error + (n + 8) * UNIT * (abs(linear) + size)
            return max(bound, self._quadratic(theta, F, C) if bounded else 0.0, 0.0)
        shrink = self.ridge * theta
        penalty = 0.5 * math.fsum(shrink * theta)
        g = pull - shrink
        on, bounds = self.C.any(axis=0), [self._quadratic(theta, F, C) if bounded else 0.0, 0.0]
        sizes = self._sizes(eps) if bounded else None
        held = ~on & self.ridge.astype(bool)
        for x in self._witnesses(g, theta, alpha, eps, basis):
            high, low, blur = C.times(x)
            r = (g - high) + (rest - low)
            doubt = fuzz + blur + 4 * UNIT * (np.abs(pull) + np.abs(shrink) + np.abs(high))
            form, form_error = _dot(x, high, low, blur)
            taken = np.zeros_like(r)
            if sizes:
                most = math.fsum(theta * r + np.abs(theta) * doubt) + math.sqrt(8 * level * sizes.dual(r, doubt))
                bounds.append(_attacked(linear, penalty + most, form + form_error, alpha, eps))
            if self.ridge.all():
                taken = theta * r + np.abs(theta) * doubt + 0.5 * (np.abs(r) + doubt) ** 2 / self.ridge
                bounds.append(_attacked(linear, penalty + math.fsum(taken), form + form_error, alpha, eps))
            if not (self.ridge.any() and basis.blind[on].any()):
                # The ridge takes what is along features without norm, the norm the rest.
                work, work_error = _dot(x, pull, rest, fuzz + UNIT * np.abs(pull))
                paid, paid_error = _dot(x, shrink, 0 * x, UNIT * np.abs(shrink))
                square = 2 * (work - paid) - form + basis.reach(np.where(held, 0.0, r), np.where(held, 0.0, doubt))
                square += 2 * (work_error + paid_error) + form_error + 8 * UNIT * (abs(work) + abs(paid) + form)
                bound = _attacked(linear, penalty + math.fsum(taken[held]), square, alpha, eps)
                bounds.append(bound if held.any() else bound - self._blind(r, doubt, eps, basis, level))
        return max(bounds) - error

    def _witnesses(
        self, g: np.ndarray, theta: np.ndarray, alpha: np.ndarray, eps: float, basis: Coordinates
    ) -> Iterator[np.ndarray]:
        """The x to try: C^-1 g and, where a ridge takes the rest, the multiple of theta that it is at a solution.

        At small radii |J^-1 g| is below the rounding of g, and D falls steeply with it.
        """
        yield basis.back(first(basis.adjoint(g), basis.penalised))
        norm = math.sqrt(max(float(theta @ self.C @ theta), 0.0))
        if self.ridge.all() and norm > 0:
            size = eps * float(np.mean(np.maximum(eps * norm, np.abs(alpha))))
            yield np.where(self.C.any(axis=0), theta, 0.0) * (size / norm)

    def _sizes(self, eps: float) -> "_Sizes | None":
        """H = F'F/n + eps^2 C + ridge, unless it is singular up to rounding."""
        n = len(self.y)
        H = self.F.T @ self.F / n + eps**2 * self.C
        H.flat[:: len(H) + 1] += self.ridge
        unit = np.sqrt(np.diag(H))
        root = safe_cholesky(H / unit / unit[:, None], n + 12) if unit.all() else None
        return None if root is None else _Sizes(unit, root)

    def _quadratic(self, theta: np.ndarray, F: Products, C: Products) -> float:
        """The least loss without attack: it is below that of theta by r'H^-1 r/2, r being minus the gradient there."""
        n, sizes = len(self.y), self._sizes(0.0)
        if sizes is None:
            return 0.0
        value, error, _ = self._primal(theta, 0.0, F, C)
        fit, rest, fuzz = F.times(theta)
        residual = (self.y - fit) - rest
        fuzz = fuzz + 2 * UNIT * (np.abs(self.y - fit) + np.abs(residual))
        pull, low, blur = (part / n for part in F.times(residual, transposed=True))
        shrink = self.ridge * theta
        doubt = blur + np.abs(self.F).T @ fuzz / n * 1.01 + 4 * UNIT * (np.abs(pull) + np.abs(shrink))
        return value - error - 0.5 * sizes.dual((pull - shrink) + low, doubt)

    def _slack_without_attack(self, pull: np.ndarray, error: np.ndarray, basis: Coordinates, level: float) -> float:
        """The least loss without attack is this much below alpha'y/n - |alpha|^2/2n, at most; pull = F'alpha/n."""
        if self.ridge.all():
            return 0.5 * math.fsum((np.abs(pull) + error) ** 2 / self.ridge) * (1 + 8 * UNIT)
        # F theta is at most this long, and alpha'F theta at most |projection of alpha| times that.
        fit = float(np.linalg.norm(self.y)) + math.sqrt(2 * len(self.y) * level)
        images = np.hstack([basis.adjoint(self.F.T)[: basis.penalised].T, self.F @ basis.blind])
        spread = np.linalg.svd(images, compute_uv=False)
        spread = spread[spread > max(images.shape) * 2 * UNIT * spread[0]]
        seen = math.sqrt(basis.reach(pull, error) + float(np.sum(self._size(basis.blind, pull, error) ** 2)))
        return seen / float(spread[-1]) * fit if spread.size else 0.0

    def _blind(self, r: np.ndarray, error: np.ndarray, eps: float, basis: Coordinates, level: float) -> float:
        """What r can gain along directions without norm (orthonormal images) before the loss exceeds ``level``."""
        if not basis.blind.size:
            return 0.0
        largest = float(np.linalg.norm(self.y)) + math.sqrt(2 * len(self.y) * level)
        largest += float(np.linalg.norm(basis.adjoint(self.F.T)[: basis.penalised])) * math.sqrt(2 * level) / eps
        return 1.01 * largest * float(np.linalg.norm(self._size(basis.blind, r, error)))

    @staticmethod
    def _size(basis: np.ndarray, r: np.ndarray, error: np.ndarray) -> np.ndarray:
        return np.abs(basis.T @ r) + np.abs(basis).T @ (error + len(r) * UNIT * np.abs(r))


@dataclass(frozen=True)
class _Sizes:
    """The norm |theta|^2 = theta'H theta: H is root L L' in the units of its diagonal."""

    unit: np.ndarray
    root: Triangular

    def dual(self, r: np.ndarray, error: np.ndarray) -> float:
        """A bound of (r + e)'H^-1 (r + e), with |e_j| <= error_j."""
        return self.root.reach(r / self.unit, error / self.unit)


def _attacked(linear: float, penalty: float, square: float, alpha: np.ndarray, eps: float) -> float:
    """linear - penalty - conjugate, lowered by its rounding."""
    value = conjugate(math.sqrt(max(square, 0.0)), alpha, eps)
    magnitude = abs(linear) + penalty + abs(value) + float(alpha @ alpha) / len(alpha)
    return linear - penalty - value - 8 * (4 + math.log2(len(alpha))) * UNIT * magnitude


def first(w: np.ndarray, count: int) -> np.ndarray:
    """Copy of w with zeros after the first ``count`` entries."""
    kept = np.zeros_like(w)
    kept[:count] = w[:count]
    return kept


def _dot(a: np.ndarray, high: np.ndarray, low: np.ndarray, fuzz: np.ndarray) -> tuple[float, float]:
    """a'(high + low) and a bound of its error, the vector being known up to ``fuzz``."""
    value = math.fsum(np.concatenate([*_exact_products(a, high), a * low]))
    return value, float(np.abs(a) @ (fuzz + 2 * UNIT * np.abs(low))) + 2 * UNIT * abs(value)


def _exact_products(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The a_i b_i rounded, and their rounding errors (Dekker)."""
    upper_a, upper_b = (part - (part - x) for x in (a, b) for part in [134217729.0 * x])
    lower_a, lower_b = a - upper_a, b - upper_b
    rounded = a * b
    return rounded, lower_a * lower_b - (((rounded - upper_a * upper_b) - lower_a * upper_b) - upper_a * lower_b)
