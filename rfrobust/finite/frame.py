"""Features and metric in the coordinates that a training problem is solved in, and on the scales it is certified on."""

from typing import Any

import numpy as np
from scipy.linalg import get_lapack_funcs, qr

from ..problem.loss import SQUARE, Loss
from ..support import validation
from .bounds import Coordinates, GivenData
from .coordinates import coordinates, with_orthonormal_images, with_ridge


def symmetric_metric(metric: Any, N: int) -> np.ndarray:
    """Return J^2 as an array of shape (N, N), or raise if it is not symmetric."""
    J2 = validation.real_array("metric", metric, shape=(N, N))
    asymmetry = float(np.abs(J2 - J2.T).max())
    if asymmetry > 1e-8 * float(np.abs(J2).max()):
        raise ValueError(f"metric must be symmetric, got an asymmetry of {asymmetry:.3g} in metric")
    return 0.5 * (J2 + J2.T) if asymmetry > 0.0 else J2


class Frame:
    """Coordinates w of theta in which |J theta| = |w[:penalised]|, with features Z and the ridge matrix R, or None.

    theta is scaled by powers of two that bring the metric's diagonal to order 1 and, under a ridge, ordered by them, so
    that the penalties ascend. Without a ridge the directions that no sample sees are left out: a QR step leaves n
    unknowns of a metric that is definite.
    """

    def __init__(
        self, F: np.ndarray, y: np.ndarray, J2: np.ndarray, ridge: float, loss: Loss = SQUARE, gradient: float = 0.0
    ):
        n, N = F.shape
        self._order, scale = np.arange(N), _powers_of_two(F, J2)
        if ridge > 0 and (np.diff(scale) > 0).any():
            self._order = np.argsort(-scale, kind="stable")  # ridge / scale^2 ascends
            scale, F, J2 = scale[self._order], F[:, self._order], J2[np.ix_(self._order, self._order)]
        self._scale, C, self.basis = _scaled_coordinates(scale, J2)
        F = F / self._scale
        #: The problem as given, in the scaled coordinates.
        self.given = GivenData(F, y, C, ridge / self._scale**2, loss, gradient)
        self.reflectors: tuple[np.ndarray, np.ndarray] | None = None
        self.R: np.ndarray | None = None
        if ridge > 0:
            self.basis, self.R = with_ridge(self.basis, self.given.ridge)
        elif self.basis.blind.size:
            self.basis = with_orthonormal_images(self.basis, F)
        self.penalised = self.basis.penalised
        self.Z = self.basis.adjoint(F.T).T
        if ridge == 0 and n < N and self.penalised == N:
            self.reflectors, triangle = qr(self.Z.T, mode="raw", check_finite=False)
            self.Z = np.ascontiguousarray(triangle[:n].T)
            self.penalised = n

    def scaled(self, w: np.ndarray) -> np.ndarray:
        """B w: theta in the scaled coordinates."""
        return self.basis.back(w if self.reflectors is None else rotated(*self.reflectors, w))

    def theta(self, scaled: np.ndarray) -> np.ndarray:
        """Theta as given of the scaled one."""
        given = np.empty_like(scaled)
        given[self._order] = scaled / self._scale
        return given

    def coordinates(self, theta: np.ndarray) -> np.ndarray:
        """The scaled coordinates of a theta as given."""
        return theta[self._order] * self._scale

    def without_blind(self, scores: np.ndarray) -> np.ndarray:
        """Scores that do not pull along directions without norm and ridge."""
        if self.R is not None or not self.basis.blind.size:
            return scores
        images = self.Z[:, self.penalised :]
        return scores - images @ (images.T @ scores)


def rotated(reflectors: np.ndarray, factors: np.ndarray, w: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """Q w or Q'w for the Q of a QR factorization in LAPACK's form, without Q."""
    (multiply,) = get_lapack_funcs(("ormqr",), (reflectors,))
    column = np.zeros((len(reflectors), 1), order="F")
    column[: len(w), 0] = w
    return multiply("L", "T" if transposed else "N", reflectors, factors, column, 64, overwrite_c=True)[0][:, 0]


def _powers_of_two(F: np.ndarray, J2: np.ndarray) -> np.ndarray:
    """Scales that bring the diagonal of J^2 to order 1, and the features where it is 0."""
    size = np.sqrt(np.maximum(np.diag(J2), 0.0))
    size = np.where(size > 0, size, np.abs(F).max(axis=0))
    return np.ldexp(1.0, np.frexp(np.where(size > 0, size, 1.0))[1])


def _scaled_coordinates(scale: np.ndarray, J2: np.ndarray) -> tuple[np.ndarray, np.ndarray, Coordinates]:
    """The scales, the metric so scaled, and its coordinates.

    A metric that is semidefinite only up to the rounding of its largest entries is given one scale.
    """
    try:
        C = J2 / scale
        C /= scale[:, None]
        return scale, C, coordinates(C)
    except ValueError:
        common = np.full_like(scale, scale.max())
        C = J2 / common[0] ** 2
        return common, C, coordinates(C)
