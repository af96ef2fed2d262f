"""Coordinates w in which |J theta| is the length of the first part of w: theta = B w, B'J^2 B = diag(1, 0)."""

import numpy as np
from scipy.linalg import LinAlgError, cholesky, eigh, qr, solve_triangular, svd

from .bounds import UNIT, Coordinates, Sliced


class Triangular:
    """B = L'^-1 of a metric L L' that is safely positive definite."""

    def __init__(self, L: np.ndarray, smallest: float):
        self.L, self.smallest = L, smallest
        self.penalised, self.blind = len(L), np.zeros((len(L), 0))

    def back(self, w: np.ndarray) -> np.ndarray:
        """B w."""
        return solve_triangular(self.L, w, lower=True, trans=1, check_finite=False)

    def adjoint(self, g: np.ndarray) -> np.ndarray:
        """B'g."""
        return solve_triangular(self.L, g, lower=True, check_finite=False)

    def reach(self, r: np.ndarray, error: np.ndarray) -> float:
        """See :class:`rfrobust.finite.bounds.Coordinates`."""
        seen = self.adjoint(r)
        # L L' is the metric to a relative error below 1/2, which doubles both terms of |a + b|^2 <= 2|a|^2 + 2|b|^2.
        return 4.0 * float(seen @ seen) + 2.0 * float(error @ error) / self.smallest


class Dense:
    """B as a matrix: ``seen`` columns with norm 1, ``blind`` ones with norm 0."""

    def __init__(self, seen: np.ndarray, blind: np.ndarray):
        self.seen, self.blind, self.penalised = seen, blind, seen.shape[1]
        self._basis = np.hstack([seen, blind])

    def back(self, w: np.ndarray) -> np.ndarray:
        """B w."""
        return self._basis @ w

    def adjoint(self, g: np.ndarray) -> np.ndarray:
        """B'g."""
        return self._basis.T @ g

    def reach(self, r: np.ndarray, error: np.ndarray) -> float:
        """See :class:`rfrobust.finite.bounds.Coordinates`."""
        seen = np.abs(self.seen.T @ r) + np.abs(self.seen).T @ (error + len(r) * UNIT * np.abs(r))
        return 2.0 * float(seen @ seen)


def coordinates(C: np.ndarray) -> Coordinates:
    """Return coordinates for a metric whose diagonal entries are of order 1, or 0.

    Raises
    ------
    ValueError
        If the metric has an eigenvalue below -1e-9 times the largest.
    """
    on = C.any(axis=0)
    if on.all():
        root = _safe_cholesky(C)
        return Dense(*_split(C)) if root is None else root
    rows = np.flatnonzero(on)
    seen, blind = np.zeros((2, len(C), 0))
    if rows.size:
        part = C[np.ix_(rows, rows)]
        root = _safe_cholesky(part)
        inner, outer = (root.back(np.eye(len(part))), root.blind) if root is not None else _split(part)
        seen, blind = np.zeros((len(C), inner.shape[1])), np.zeros((len(C), outer.shape[1]))
        seen[rows], blind[rows] = inner, outer
    return Dense(seen, np.hstack([blind, np.eye(len(C))[:, ~on]]))


def _safe_cholesky(C: np.ndarray) -> Triangular | None:
    """Coordinates by Cholesky if its rounding, in norm at most N gamma max C_ii, is below a third of the spectrum."""
    N = len(C)
    rounding = N * (N + 2) * UNIT * float(np.abs(np.diag(C)).max())
    shifted = C.copy()
    shifted.flat[:: N + 1] -= 4.0 * rounding
    try:
        cholesky(shifted.T, lower=True, overwrite_a=True, check_finite=False)  # proves eigenvalues >= 3 rounding
        return Triangular(cholesky(C, lower=True, check_finite=False), 2.0 * rounding)
    except LinAlgError:
        return None


def _split(C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bases of the directions that a nearly singular metric sees, with B'CB = 1, and of those it does not.

    An eigenvalue at rounding level is 0. A small one above it has a large relative error: the metric in its
    eigenvectors is computed with accurate products and factored once more.
    """
    values, vectors = eigh(C, check_finite=False)
    top = max(float(values[-1]), 0.0)
    if values[0] < -1e-9 * max(top, float(np.abs(C).max())):
        raise ValueError(f"metric must be positive semidefinite, got smallest eigenvalue {values[0]:.3g} in metric")
    seen = values > 16 * len(C) * UNIT * top
    blind = vectors[:, ~seen]
    basis, root = vectors[:, seen], np.sqrt(values[seen])
    if root.size:
        rows = Sliced(basis)
        gram = sum(rows.times(part, transposed=True)[0] for part in Sliced(C).times(basis)[:2])
        gram = gram / root[:, None] / root
        factor = cholesky(0.5 * (gram + gram.T), lower=True, check_finite=False)
        basis = solve_triangular(factor, (basis / root).T, lower=True, check_finite=False).T
    return basis, blind


def with_ridge(basis: Coordinates, ridge: np.ndarray) -> tuple[Coordinates, np.ndarray]:
    """Return coordinates in which penalties of theta do not mix the two parts of w, and the matrix B' diag(ridge) B."""
    if isinstance(basis, Dense) and basis.blind.size:
        root = np.sqrt(ridge)[:, None]
        blind = qr(root * basis.blind, mode="economic")[0]
        basis = Dense(basis.seen - blind / root @ (blind.T @ (root * basis.seen)), blind / root)
    columns = np.sqrt(ridge) * basis.adjoint(np.eye(len(ridge)))
    matrix = columns @ columns.T
    matrix[basis.penalised :, : basis.penalised] = matrix[: basis.penalised, basis.penalised :] = 0.0
    return basis, matrix


def with_orthonormal_images(basis: Coordinates, F: np.ndarray) -> Coordinates:
    """Return coordinates with F blind orthonormal, without the directions that the features do not tell from zero."""
    assert isinstance(basis, Dense)
    _, singular, right = svd(F @ basis.blind, full_matrices=False, check_finite=False)
    rounding = 2 * max(F.shape) * UNIT * float(np.linalg.norm(np.abs(F) @ np.abs(basis.blind)))
    kept = singular > rounding
    return Dense(basis.seen, basis.blind @ (right[kept].T / singular[kept]))
