r"""Predictions of a kernel model stopped early, sample by sample, without inverting the kernel.

Everything of this subpackage that is trained for a finite time predicts :math:`\Theta(x, X)\, P(a)\, Y` with

.. math:: P(a) = \Theta^{-1} (I - e^{-\Theta A}) = A^{1/2} \varphi(S) A^{1/2}, \qquad A = \mathrm{diag}(a),
          \quad S = A^{1/2} \Theta A^{1/2}, \quad \varphi(z) = (1 - e^{-z})/z,

for :math:`a \geq 0`. The right-hand side needs no inverse, so that it holds for a singular kernel too, and a
symmetric eigendecomposition :math:`S = U \mathrm{diag}(m) U'` gives it and its derivative (docs/wide.md, section 4).
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from ..support import validation

#: Eigenvalues below this share of the largest one, times the size of the kernel, are rounding noise.
_RANK_TOLERANCE = np.finfo(float).eps
#: Asymmetry, and negative eigenvalues per row, relative to the largest entry and eigenvalue, that are rounding noise.
_SYMMETRY = 1e-10
#: Rows compared at a time.
_ROWS = 512
#: Closer eigenvalues than this share of 1 + m take the derivative in place of the divided difference.
_NEAR = 1e-4


class RankLossWarning(UserWarning):
    """The kernel matrix is singular in floating point, and the result is the least-norm one."""


def phi1(z: np.ndarray) -> np.ndarray:
    """Return (1 - exp(-z))/z, with the value 1 at 0."""
    return np.divide(-np.expm1(-z), z, out=np.ones_like(z), where=z != 0)


def phi2(z: np.ndarray) -> np.ndarray:
    """Return (z - 1 + exp(-z))/z^2, with the value 1/2 at 0."""
    series = 0.5 - z / 6 * (1 - z / 4 * (1 - z / 5 * (1 - z / 6 * (1 - z / 7 * (1 - z / 8)))))
    small = z < 0.02
    safe = np.where(small, 1.0, z)
    return np.where(small, series, (safe + np.expm1(-safe)) / safe**2)


def _phi2_slopes(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and third derivatives of :func:`phi2`."""
    small = z < 1.0
    safe = np.where(small, 1.0, z)
    decay, p = np.exp(-safe), phi2(safe)
    first = (1 - decay - 2 * safe * p) / safe**2
    second = (decay - 2 * p - 4 * safe * first) / safe**2
    third = (-decay - 6 * first - 6 * safe * second) / safe**2
    # phi2(z) = sum_k (-z)^k/(k + 2)!; 20 terms reach rounding for z < 1.
    first_series, third_series = np.zeros_like(z), np.zeros_like(z)
    term = np.ones_like(z)
    factorial = 6.0
    for k in range(1, 21):
        first_series -= k * term / factorial
        third_series -= k * (k + 1) * (k + 2) * term / (factorial * (k + 3) * (k + 4))
        term = term * -z
        factorial *= k + 3
    return np.where(small, first_series, first), np.where(small, third_series, third)


def second_difference(m: np.ndarray) -> np.ndarray:
    r"""Return :math:`C_{ij} = \int_0^1 \psi_i(1-u)\psi_j(u)\,du`, :math:`\psi_i(u) = (1 - e^{-u m_i})/m_i`.

    It is the divided difference of exp at (0, 0, -m_i, -m_j), that is (phi2(m_i) - phi2(m_j))/(m_j - m_i).
    """
    values = phi2(m)
    gap = m[None, :] - m[:, None]
    middle = (m[None, :] + m[:, None]) / 2
    near = np.abs(gap) < _NEAR * (1 + middle)
    result = np.divide(values[:, None] - values[None, :], gap, out=np.zeros_like(gap), where=~near)
    first, third = _phi2_slopes(middle[near])
    result[near] = -first - gap[near] ** 2 / 24 * third
    return result


@dataclass(frozen=True)
class StoppedKernel:
    """The matrix P(a) of one kernel and one vector of non-negative times, ready for products and derivatives.

    Attributes
    ----------
    theta : ndarray, shape (n, n)
        The kernel.
    root : ndarray, shape (n,)
        Square roots of the times.
    eigenvalues, vectors : ndarray, shapes (n,) and (n, n)
        Of S.
    """

    theta: np.ndarray
    root: np.ndarray
    eigenvalues: np.ndarray
    vectors: np.ndarray

    @classmethod
    def decompose(cls, theta: np.ndarray, times: np.ndarray) -> "StoppedKernel":
        """Decompose S = A^{1/2} Theta A^{1/2} (one symmetric eigendecomposition)."""
        times = validation.real_array("times", times, 0, ndim=1)
        theta = checked_kernel(theta, len(times))
        root = np.sqrt(times)
        eigenvalues, vectors = linalg.eigh(
            theta * np.outer(root, root), driver="evd", overwrite_a=True, check_finite=False
        )
        return cls(theta, root, nonnegative(eigenvalues), vectors)

    def coefficients(self, targets: np.ndarray) -> np.ndarray:
        """Return P(a) Y, shape of ``targets`` (samples, outputs)."""
        targets = validation.real_array("targets", targets, shape=(len(self.root), None))
        return self.root[:, None] * (self.vectors @ (phi1(self.eigenvalues)[:, None] * self._rotate(targets)))

    def times_gradient(self, targets: np.ndarray, sensitivity: np.ndarray) -> np.ndarray:
        r"""Return the gradient in a of :math:`\mathrm{tr}(H' P(a) Y)`, shape (samples,).

        .. math:: \frac{\partial}{\partial a_k} = \int_0^1 \sum_c (e^{-(1-u) \Theta A} H)_{kc}
                  (e^{-u \Theta A} Y)_{kc}\, du, \qquad
                  e^{-u \Theta A} = I - V \psi(u) U' A^{1/2}, \quad V = \Theta A^{1/2} U,

        whose integrals are those of :func:`phi2` and :func:`second_difference`.

        Parameters
        ----------
        targets, sensitivity : ndarray, shape (samples, outputs)
            Y and H, where H is the derivative of the loss in the coefficients P(a) Y.
        """
        targets = validation.real_array("targets", targets, shape=(len(self.root), None))
        sensitivity = validation.real_array("sensitivity", sensitivity, shape=targets.shape)
        targets_hat, sensitivity_hat = self._rotate(targets), self._rotate(sensitivity)
        lifted = (self.theta * self.root) @ self.vectors
        weights = phi2(self.eigenvalues)[:, None]
        pairs = second_difference(self.eigenvalues) * (sensitivity_hat @ targets_hat.T)
        return (
            np.einsum("kc,kc->k", sensitivity, targets - lifted @ (weights * targets_hat))
            - np.einsum("kc,kc->k", targets, lifted @ (weights * sensitivity_hat))
            + np.einsum("ki,ki->k", lifted @ pairs, lifted)
        )

    def _rotate(self, targets: np.ndarray) -> np.ndarray:
        return self.vectors.T @ (self.root[:, None] * targets)


@dataclass(frozen=True)
class KernelSpectrum:
    """Eigendecomposition of a kernel: every isotropic stopping time, and the interpolant, for one decomposition.

    Attributes
    ----------
    eigenvalues, vectors : ndarray, shapes (n,) and (n, n)
        Increasing, and in columns.
    rank : int
        Number of eigenvalues above rounding.
    """

    eigenvalues: np.ndarray
    vectors: np.ndarray
    rank: int

    @classmethod
    def decompose(cls, theta: np.ndarray, jitter: float = 0.0) -> "KernelSpectrum":
        """Decompose ``theta + jitter * I`` and count the eigenvalues above rounding."""
        jitter = validation.real_scalar("jitter", jitter, 0)
        theta = checked_kernel(theta)
        eigenvalues, vectors = linalg.eigh(theta, driver="evd", check_finite=False)
        eigenvalues = nonnegative(eigenvalues) + jitter
        rank = int(np.sum(eigenvalues > len(theta) * _RANK_TOLERANCE * eigenvalues[-1]))
        return cls(eigenvalues, vectors, rank)

    def coefficients(self, targets: np.ndarray, xi: float) -> np.ndarray:
        r"""Return :math:`\Theta^{-1}(I - e^{-\xi \Theta}) Y`; the interpolant for ``xi = inf``.

        The interpolant of a singular kernel is the least-norm least-squares one, with a :class:`RankLossWarning`.
        """
        xi = validation.real_scalar("xi", xi, 0, allow_inf=True)
        targets = validation.real_array("targets", targets, shape=(len(self.eigenvalues), None))
        if xi == np.inf:
            lost = len(self.eigenvalues) - self.rank
            if lost:
                warnings.warn(
                    f"the kernel of {len(self.eigenvalues)} samples has numerical rank {self.rank}: {lost} "
                    "directions are left at zero; remove duplicated samples or pass jitter > 0",
                    RankLossWarning,
                    stacklevel=3,
                )
            filters = np.zeros_like(self.eigenvalues)
            filters[lost:] = 1 / self.eigenvalues[lost:]
        else:
            filters = xi * phi1(xi * self.eigenvalues)
        return self.vectors @ (filters[:, None] * (self.vectors.T @ targets))


def checked_kernel(theta: np.ndarray, n: int | None = None) -> np.ndarray:
    """Return ``theta`` if it is n x n, finite and symmetric, or raise, by blocks of rows: no copy of a large kernel."""
    # the sum finds what is not finite without a copy
    good = isinstance(theta, np.ndarray) and theta.dtype == float and theta.ndim == 2 and np.isfinite(np.sum(theta))
    theta = theta if good else validation.real_array("theta", theta, ndim=2)
    n = len(theta) if n is None else n
    if theta.shape != (n, n):
        raise ValueError(f"theta must have shape ({n}, {n}), got {theta.shape}")
    rows = [slice(start, start + _ROWS) for start in range(0, n, _ROWS)]
    size = max(float(np.abs(theta[part]).max()) for part in rows)
    asymmetry = max(float(np.abs(theta[part] - theta[:, part].T).max()) for part in rows)
    if asymmetry > _SYMMETRY * size:
        raise ValueError(f"theta must be symmetric, got a difference of {asymmetry:g} from its transpose")
    return theta


def nonnegative(eigenvalues: np.ndarray) -> np.ndarray:
    """Return increasing eigenvalues of a kernel with those that are negative by rounding set to 0, or raise."""
    if eigenvalues[0] < -_SYMMETRY * len(eigenvalues) * max(float(eigenvalues[-1]), 0.0):
        raise ValueError(
            f"theta must be positive semidefinite, got an eigenvalue {eigenvalues[0]:g} with a largest one of "
            f"{eigenvalues[-1]:g}"
        )
    return np.maximum(eigenvalues, 0)
