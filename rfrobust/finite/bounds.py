"""Robust loss and dual bound on the data as given, with rounding bounded (docs, simulation page, "The certificate").

Features and metric are scaled by powers of two, which is exact, so that every sum below has terms of one size.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..problem.loss import SQUARE, Loss, MarginLoss
from .definite import UNIT, Triangular, safe_cholesky
from .scores import DualPoint, Scores, largest

#: A vector as an unevaluated sum high + low, and a bound of its error.
Accurate = tuple[np.ndarray, np.ndarray, np.ndarray]
#: Parts that a factor of an accurate product is cut into: at least 4 x 20 bits.
_SLICES = 4
#: The gap up to which plain products do, whatever the tolerance.
_PLAIN = 1e-11


class Products(Protocol):
    """Products with a matrix A whose errors are known."""

    def times(self, B: np.ndarray, *, transposed: bool = False) -> Accurate:
        """A B (A'B) as an unevaluated sum high + low, and a bound of its error, for a vector or columns of one size."""


class Rounded:
    """Products as they come, with the bound of their rounding that holds for any order of summation.

    (Higham, Accuracy and Stability of Numerical Algorithms, 2002, equation 3.5; k + 2 also covers that of the bound.)
    """

    def __init__(self, A: np.ndarray):
        self.A, self.absolute = A, np.abs(A)

    def times(self, B: np.ndarray, *, transposed: bool = False) -> Accurate:
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

    def times(self, B: np.ndarray, *, transposed: bool = False) -> Accurate:
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

    def close_reach(self, r: np.ndarray, error: np.ndarray) -> float:
        """The same, as close as it gets for the price of B."""


@dataclass(frozen=True)
class LevelSet:
    """All theta' whose loss is not above that of theta: how long F theta' and J theta' are.

    And (theta' - theta)'H(theta' - theta) <= ball with H = share (F'F/n + eps^2 C) + penalties.
    """

    fit: float
    length: float
    share: float
    ball: float


@dataclass(frozen=True)
class GivenData:
    """Features, responses, metric and penalties of a problem, in the coordinates scale * theta.

    Parameters
    ----------
    F : ndarray, shape (n, N)
        Features, each divided by its scale.
    y : ndarray, shape (n,)
        Responses or labels.
    C : ndarray, shape (N, N)
        J^2 divided by the scales of row and column.
    ridge : ndarray, shape (N,)
        Ridge penalties of these coordinates.
    loss : Loss
        Of residuals or margins.
    gradient : float
        Weight of |J theta|^2/2.
    """

    F: np.ndarray
    y: np.ndarray
    C: np.ndarray
    ridge: np.ndarray
    loss: Loss = SQUARE
    gradient: float = 0.0

    @property
    def margin(self) -> bool:
        """Whether the loss is one of margins."""
        return isinstance(self.loss, MarginLoss)

    def certify(
        self,
        theta: np.ndarray,
        dual: Scores,
        eps: float,
        radius: float,
        basis: Coordinates,
        tol: float,
        inner: DualPoint | None = None,
    ) -> tuple[float, float, float]:
        """P(theta), a relative bound of what it is above the least loss, and |J theta|.

        The least loss is bounded from below by the dual at ``radius`` <= eps, since it grows with the radius.
        Accurate products take ten times as long: they are for what the plain ones know to few digits only. The matrix
        of all that bounds theta, a factorization more, is for what those do not certify to ``tol``. A dual point
        ``inner`` with room in its constraint bounds theta where losses of margins do not.
        """
        zero = abs(float(np.mean(self.loss(np.zeros_like(self.y) if self.margin else np.abs(self.y)))))
        for products, bounded in ((Rounded, False), (Sliced, False), (Sliced, True)):
            F, C = products(self.F), products(self.C)
            value, error, norm = self._primal(theta, eps, F, C)
            level = value + error
            where = self._level_set(inner, radius, basis, level, F, C)
            excess = level - self._dual(dual, theta, radius, basis, level, where, F, C, bounded)
            # Where directions without penalty fit the data the objective is 0 up to rounding.
            scale = max(abs(value), 1e-15 * zero) if eps > 0 else zero or abs(value)
            gap = max(excess, 0.0) / scale if scale > 0 else 0.0
            if gap <= (tol if products is Sliced else min(tol, _PLAIN)):
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
        seen = np.where(self.C.any(axis=0), theta, 0.0)
        square, error = _dot(seen, *C.times(seen))
        norm = math.sqrt(max(square, 0.0))
        reach = math.sqrt(max(square + error, 0.0))
        ridge = math.fsum(0.5 * self.ridge * theta**2)
        if self.margin:
            size = np.abs(fit + rest)
            z, worst = self.y * (fit + rest) - eps * norm, -1.0
        else:
            size = np.abs((self.y - fit) - rest)
            z, worst = size + eps * norm, 1.0
        spread = fuzz + eps * (reach - norm) + (4 * UNIT * (size + eps * norm) if self.loss is not SQUARE else 0.0)
        n = len(self.y)
        value = math.fsum(self.loss(z)) / n + ridge + 0.5 * self.gradient * norm**2
        most = math.fsum(self.loss(z + worst * spread)) / n + ridge + 0.5 * self.gradient * reach**2
        return value, (most - value) + 16 * UNIT * abs(most), norm

    @property
    def _floor(self) -> float:
        """The least value of the loss."""
        return float(self.loss([1e100 if self.margin else 0.0])[0])

    def _level_set(
        self, inner: DualPoint | None, eps: float, basis: Coordinates, level: float, F: Products, C: Products
    ) -> LevelSet:
        """Bounds of the theta' whose loss is at most ``level``.

        The mean of the sizes |t_i| + eps |J theta'| of residuals is at most the z with rho(z) = level, the largest the
        z of n level. Losses l of margins need the dual point ``inner``, whose pull is shorter than eps mean(omega) by
        some room: room |J theta'| is at most level + mean(l*_i), mean(omega_i |z_i|) twice that with the positive l*_i
        alone, but for what the pull along directions without norm adds (docs, "Its certificate").
        """
        n, above, length = len(self.y), level - self._floor, math.inf
        plain = self.loss is SQUARE
        if self.gradient > 0.0:
            length = math.sqrt(2.0 * above / self.gradient) * 1.01
        if self.ridge.all():
            length = min(length, math.sqrt(2.0 * above * float(np.sum(np.diag(self.C) / self.ridge))) * 1.01)
        if not self.margin:
            top = math.sqrt(2.0 * level) if plain else largest(self.loss, level)
            mean = top * (top if plain else largest(self.loss, self._floor + n * above))
            fit = (float(np.linalg.norm(self.y)) + math.sqrt(n * mean)) * 1.01
            share = 1.0 if plain or mean == 0.0 else 2.0 * above / mean
            length = min(length, top / eps * 1.01 if eps > 0.0 else math.inf)
            return LevelSet(fit, length, share, (8.0 if plain else 16.0) * above)
        fit = math.inf
        if inner is not None and not self.ridge.any():
            spent = level + float(np.mean(inner.conjugate)) + inner.error + 16 * UNIT * abs(level)
            twice = 2.0 * (level + float(np.mean(np.maximum(inner.conjugate, -self._floor))) + inner.error)
            pull = self._pull(inner, F)
            lightest = float((inner.omega - inner.blur).min()) / n
            if eps == 0.0 and self.gradient == 0.0:
                rest, shift, room = self._rest_without_norm(pull, basis), 0.0, math.inf
            else:
                x = self._whitened(pull[0], basis)
                form, form_error, (r, _, doubt) = self._left(x, pull, 0 * x, C)
                square = max(self._held(x, pull, 0 * x, form, form_error, basis.reach(r, doubt)), 0.0)
                room = eps * (float(np.mean(inner.omega - inner.blur)) * (1 - n * UNIT)) - math.sqrt(square)
                rest = float(np.linalg.norm(self._size(basis.blind, r, doubt)))
                shift = math.sqrt(n) * eps + self._images(basis)
            most = 0.0
            if length < math.inf:
                twice, most = twice + max(-room, 0.0) * length, shift * length
                shift, room = 0.0, math.inf
            if lightest > 0.0 and room > 0.0 and (left := 1.0 - 1.01 * rest * (1.0 / lightest + shift / room)) > 0.0:
                blind = 1.01 * (twice / lightest + shift * spent / room + most) / left
                length = min(length, 1.01 * (spent + rest * blind) / room) if room < math.inf else length
                fit = 1.01 * (twice + rest * blind) / lightest + (math.sqrt(n) * eps * length if eps > 0.0 else 0.0)
        return LevelSet(fit, length, 0.0, 8.0 * above)

    def _dual(
        self,
        dual: Scores,
        theta: np.ndarray,
        eps: float,
        basis: Coordinates,
        level: float,
        where: LevelSet,
        F: Products,
        C: Products,
        bounded: bool,
    ) -> float:
        """A lower bound of the least loss, which is at most ``level``: D(u, omega, theta) with all rounding charged.

        The size |J^-1 g| of g = F'u/n - ridge theta is known by |J^-1 g|^2 = 2 g'x - x'Cx + |J^-1 r|^2, r = g - Cx;
        for x = C^-1 g up to rounding the last term is of second order. A ridge can take r instead: at theta + r/ridge
        what is left of g is Cx itself. If ``bounded``, r is also charged at the theta' that are left: with H and ball
        of :class:`LevelSet` r costs r'theta + (ball r'H^-1 r)^1/2.
        """
        n = len(self.y)
        nothing = np.zeros(n)
        linear, error = (0.0, 0.0) if self.margin else (part / n for part in _dot(dual.u, self.y, nothing, nothing))
        given = self._pull(dual, F)
        pull, low, fuzz = given
        bounds = [self._floor, self._quadratic(theta, F, C) if bounded and self._is_quadratic else self._floor]

        def bound(penalty: float, square: float, lost: float = 0.0) -> None:
            """Note linear - penalty - cost, lowered by its rounding and by what is lost besides."""
            cost = dual.cost(math.sqrt(max(square, 0.0)), eps, self.gradient, where.length)
            magnitude = abs(linear) + abs(penalty) + abs(cost) + dual.magnitude
            bounds.append(linear - penalty - cost - 8 * (4 + math.log2(n)) * UNIT * magnitude - lost)

        if eps == 0.0 and self.gradient == 0.0:
            if self.ridge.all():
                lost = 0.5 * math.fsum((np.abs(pull + low) + fuzz) ** 2 / self.ridge) * (1 + 8 * UNIT)
            else:
                share = self._rest_without_norm(given, basis)
                lost = share * where.fit if share else 0.0
            bound(0.0, 0.0, lost + n * UNIT * (abs(linear) + dual.magnitude))
            return max(bounds) - error
        shrink = self.ridge * theta
        penalty = 0.5 * math.fsum(shrink * theta)
        on = self.C.any(axis=0)
        sizes = self._sizes(eps, where.share, self.gradient) if bounded else None
        held = ~on & self.ridge.astype(bool)
        for x in self._witnesses(pull - shrink, theta, dual, eps, basis):
            form, form_error, (r, _, doubt) = self._left(x, given, shrink, C)
            if sizes:
                most = math.fsum(theta * r + np.abs(theta) * doubt) + math.sqrt(where.ball * sizes.dual(r, doubt))
                bound(penalty + most, form + form_error)
            taken = np.zeros_like(r)
            if self.ridge.all():
                taken = theta * r + np.abs(theta) * doubt + 0.5 * (np.abs(r) + doubt) ** 2 / self.ridge
                bound(penalty + math.fsum(taken), form + form_error)
            if not (self.ridge.any() and basis.blind[on].any()):
                # The ridge takes what is along features without norm, the norm the rest.
                rest = basis.reach(np.where(held, 0.0, r), np.where(held, 0.0, doubt))
                square = self._held(x, given, shrink, form, form_error, rest)
                lost = 0.0 if held.any() else self._blind(r, doubt, basis, where)
                bound(penalty + math.fsum(taken[held]), square, lost)
        return max(bounds) - error

    def _pull(self, dual: Scores, F: Products) -> Accurate:
        """F'u/n as high + low, and a bound of its error."""
        n = len(self.y)
        high, low, fuzz = (part / n for part in F.times(dual.u, transposed=True))
        return high, low, fuzz + np.abs(self.F).T @ dual.doubt * (1.01 / n) if dual.doubt.any() else fuzz

    def _left(self, x: np.ndarray, pull: Accurate, shrink: np.ndarray, C: Products) -> tuple[float, float, Accurate]:
        """x'Cx, a bound of its error, and what Cx leaves of g = pull - shrink."""
        high, low, blur = C.times(x)
        r = ((pull[0] - shrink) - high) + (pull[1] - low)
        doubt = pull[2] + blur + 4 * UNIT * (np.abs(pull[0]) + np.abs(shrink) + np.abs(high))
        return *_dot(x, high, low, blur), (r, 0 * r, doubt)

    @staticmethod
    def _held(x: np.ndarray, pull: Accurate, shrink: np.ndarray, form: float, form_error: float, rest: float) -> float:
        """A bound of |J^-1 g|^2 of g = pull - shrink from x'Cx and a bound of |J^-1 (g - Cx)|^2."""
        work, work_error = _dot(x, pull[0], pull[1], pull[2] + UNIT * np.abs(pull[0]))
        paid, paid_error = _dot(x, shrink, 0 * x, UNIT * np.abs(shrink))
        square = 2 * (work - paid) - form + rest
        return square + 2 * (work_error + paid_error) + form_error + 8 * UNIT * (abs(work) + abs(paid) + form)

    @staticmethod
    def _whitened(g: np.ndarray, basis: Coordinates) -> np.ndarray:
        """C^-1 g up to rounding."""
        return basis.back(first(basis.adjoint(g), basis.penalised))

    def _witnesses(
        self, g: np.ndarray, theta: np.ndarray, dual: Scores, eps: float, basis: Coordinates
    ) -> Iterator[np.ndarray]:
        """The x to try: C^-1 g and, where a ridge takes the rest, the multiple of theta that it is at a solution.

        At small radii |J^-1 g| is below the rounding of g, and D falls steeply with it.
        """
        yield self._whitened(g, basis)
        norm = math.sqrt(max(float(theta @ self.C @ theta), 0.0))
        if self.ridge.all() and norm > 0:
            size = eps * dual.slope(eps * norm) + self.gradient * norm
            yield np.where(self.C.any(axis=0), theta, 0.0) * (size / norm)

    def _sizes(self, eps: float, share: float = 1.0, gradient: float = 0.0) -> "_Sizes | None":
        """H = share (F'F/n + eps^2 C) + ridge + gradient C, unless it is singular up to rounding."""
        n = len(self.y)
        H = (share / n) * (self.F.T @ self.F) + (share * eps**2 + gradient) * self.C
        H.flat[:: len(H) + 1] += self.ridge
        unit = np.sqrt(np.diag(H))
        root = safe_cholesky(H / unit / unit[:, None], n + 12) if unit.all() else None
        return None if root is None else _Sizes(unit, root)

    @property
    def _is_quadratic(self) -> bool:
        """Whether the loss without attack is a quadratic."""
        return self.loss is SQUARE and self.gradient == 0.0

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

    def _rest_without_norm(self, pull: Accurate, basis: Coordinates) -> float:
        """What the pull gains without norm and penalty, at most, along a theta' with |F theta'| = 1."""
        images = np.hstack([basis.adjoint(self.F.T)[: basis.penalised].T, self.F @ basis.blind])
        spread = np.linalg.svd(images, compute_uv=False)
        spread = spread[spread > max(images.shape) * 2 * UNIT * spread[0]]
        g, error = pull[0] + pull[1], pull[2]
        seen = math.sqrt(basis.close_reach(g, error) + float(np.sum(self._size(basis.blind, g, error) ** 2)))
        return seen / float(spread[-1]) if spread.size else 0.0

    def _images(self, basis: Coordinates) -> float:
        """A bound of |F theta| over the penalised theta with |J theta| = 1."""
        return float(np.linalg.norm(basis.adjoint(self.F.T)[: basis.penalised]))

    def _blind(self, r: np.ndarray, error: np.ndarray, basis: Coordinates, where: LevelSet) -> float:
        """What r can gain along directions without norm (orthonormal images) in the level set."""
        if not basis.blind.size:
            return 0.0
        largest = where.fit + self._images(basis) * where.length
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
