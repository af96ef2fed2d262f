"""Cholesky factors of matrices that are proved to be positive definite in spite of rounding."""

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

#: Unit roundoff.
UNIT = 2.0**-53


class Triangular:
    """B = L'^-1 of a matrix L L' that is safely positive definite."""

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
        # L L' is the matrix to a relative error below 1/2, which doubles both terms of |a + b|^2 <= 2|a|^2 + 2|b|^2.
        return 4.0 * float(seen @ seen) + 2.0 * float(error @ error) / self.smallest

    def close_reach(self, r: np.ndarray, error: np.ndarray) -> float:
        """See :class:`rfrobust.finite.bounds.Coordinates`: the rounding of B is below 1e-6 of it."""
        columns = np.abs(self.back(np.eye(len(self.L))))
        seen = np.abs(self.adjoint(r)) + columns.T @ error
        return 2.01 * float(seen @ seen)


def safe_cholesky(C: np.ndarray, terms: int = 0) -> Triangular | None:
    """Coordinates by Cholesky if its rounding, in norm at most N gamma max C_ii, is below a third of the spectrum.

    The entries of C may be known up to ``terms`` units of roundoff of the largest one.
    """
    N = len(C)
    rounding = N * (N + 2 + terms) * UNIT * float(np.abs(np.diag(C)).max())
    shifted = C.copy()
    shifted.flat[:: N + 1] -= 4.0 * rounding
    try:
        cholesky(shifted.T, lower=True, overwrite_a=True, check_finite=False)  # proves eigenvalues >= 3 rounding
        return Triangular(cholesky(C, lower=True, check_finite=False), 2.0 * rounding)
    except LinAlgError:
        return None
