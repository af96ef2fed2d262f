"""Coordinates w in which |J theta| is the length of the first part of w: theta = B w, B'J^2 B = diag(1, 0)."""

import numpy as np
from scipy.linalg import cholesky, eigh, qr, rq, solve_triangular, svd

from .bounds import Coordinates, Sliced
from .definite import UNIT, safe_cholesky


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

    close_reach = reach


def coordinates(C: np.ndarray) -> Coordinates:
    """Return coordinates for a metric whose diagonal entries are of order 1, or 0.

    Raises
    ------
    ValueError
        If the metric has an eigenvalue below -1e-9 times the largest.
    """
    on = C.any(axis=0)
    if on.all():
        root = safe_cholesky(C)
        return Dense(*_split(C)) if root is None else root
    rows = np.flatnonzero(on)
    seen, blind = np.zeros((2, len(C), 0))
    if rows.size:
        part = C[np.ix_(rows, rows)]
        root = safe_cholesky(part)
        inner, outer = (root.back(np.eye(len(part))), root.blind) if root is not None else _split(part)
        seen, blind = np.zeros((len(C), inner.shape[1])), np.zeros((len(C), outer.shape[1]))
        seen[rows], blind[rows] = inner, outer
    return Dense(seen, np.hstack([blind, np.eye(len(C))[:, ~on]]))


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
    """Return coordinates in which penalties of theta do not mix the two parts of w, and the matrix B' diag(ridge) B.

    Penalties may differ by many decades if they ascend: B is upper triangular, its last rows meet the last of the w
    only, and no entry of the matrix is a sum that a penalty from elsewhere drowns.
    """
    if isinstance(basis, Dense) and basis.blind.size:
        root = np.sqrt(ridge)[:, None]
        # Largest rows first and pivots, for rows of many scales (Cox and Higham, BIT 38, 1998).
        blind = qr((root * basis.blind)[::-1], mode="economic", pivoting=True)[0][::-1]
        basis = Dense(basis.seen - blind / root @ (blind.T @ (root * basis.seen)), blind / root)
    if isinstance(basis, Dense) and basis.seen.size and ridge[0] < ridge[-1]:
        basis = Dense(rq(basis.seen, mode="economic")[0], basis.blind)
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
