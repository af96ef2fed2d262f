"""Laws of the eigenvalues of W W' (N x N), the only thing the limits know about the first layer."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ..engine.traces import moments
from ..support import validation


class Spectrum(ABC):
    """A law of W W', given to the kernels as atoms and weights (both empty: Marchenko-Pastur)."""

    name: str
    #: Whether the law changes with psi1 in a way that the kernels do not know.
    depends_on_psi1: bool = False

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            np.array_equal(value, vars(other)[name]) for name, value in vars(self).items()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    @abstractmethod
    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return atoms and weights at ratio ``psi1 = N/d``."""

    def resolvents(self, z: Any, psi1: float) -> tuple[Any, Any]:
        r"""Return :math:`s_1(z) = E\,1/(x+z)` and :math:`s_2(z) = E\,1/(x+z)^2`.

        Parameters
        ----------
        z : array_like
            Positive numbers, any shape.
        psi1 : float
            N/d, positive.

        Returns
        -------
        s1, s2 : float or ndarray
            Same shape as ``z``; relative error near rounding for psi1 in [1e-3, 1e4], z in [1e-12, 1e8].

        Raises
        ------
        TypeError, ValueError
            If an argument is not a positive real number.

        Notes
        -----
        [HJ]'s S(z; psi1) (eq. 4.4) is S(-z) = -s1(z).
        """
        psi1 = validation.real_scalar("psi1", psi1, 0.0, open_lower=True)
        points = validation.real_array("z", z, 0.0, open_lower=True)
        atoms, weights = self.law(psi1)
        s1, s2 = np.empty(points.shape), np.empty(points.shape)
        for index, point in np.ndenumerate(points):
            parts = moments(point, psi1, atoms, weights)
            s1[index], s2[index] = parts[1] / point, parts[4] / point**2
        return s1[()], s2[()]


class MarchenkoPastur(Spectrum):
    """Rows of W independent and uniform on the unit sphere (:eq:`eq-mp`)."""

    name = "marchenko-pastur"
    _EMPTY = np.empty(0)

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return no atoms: the kernels know this law in closed form."""
        return self._EMPTY, self._EMPTY


class OrthogonalRows(Spectrum):
    """Orthonormal rows (N <= d), or orthonormal columns times sqrt(N/d) (N > d): x in {0, max(1, psi1)}."""

    name = "orthogonal"
    depends_on_psi1 = True

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the atom 1, or the atoms 0 and psi1 with weights 1 - 1/psi1 and 1/psi1."""
        if psi1 <= 1.0:
            return np.ones(1), np.ones(1)
        return np.array([0.0, psi1]), np.array([1.0 - 1.0 / psi1, 1.0 / psi1])


class DiscreteSpectrum(Spectrum):
    r"""Any law of W W' with finitely many atoms.

    Parameters
    ----------
    atoms : array_like, shape (m,)
        Eigenvalues, >= 0.
    weights : array_like, shape (m,), optional
        Their probabilities, positive with sum 1; equal by default.
    name : str, default "discrete"
        Name shown in results.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not such a law, or its mean is not 1: rows of W have unit length, so that the units
        see standard normal inputs, to which the moments of the activation refer. A solve at a ratio psi1 also fails
        where the law has more than the share min(1, 1/psi1) of non-zero eigenvalues that N x d allows.
    """

    depends_on_psi1 = True  # not the law, but whether it is possible

    def __init__(self, atoms: Any, weights: Any = None, *, name: str = "discrete") -> None:
        x = validation.real_array("atoms", atoms, 0.0, ndim=1)
        if weights is None:
            weights = np.full(x.size, 1.0 / x.size)
        w = validation.real_array("weights", weights, 0.0, open_lower=True, shape=(x.size,))
        if abs(w.sum() - 1.0) > 1e-9:
            raise ValueError(f"weights must have sum 1, got sum {w.sum()!r} in weights")
        w /= w.sum()
        if abs(w @ x - 1.0) > 1e-6:
            raise ValueError(
                f"atoms must have mean 1 (rows of W have unit length), got mean {float(w @ x)!r} in atoms"
            )
        self.atoms, self.weights, self.name = x, w, name
        self._share = float(w[x > 0.0].sum())

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the atoms and weights as given."""
        if self._share * psi1 > 1.0 + 1e-9:
            raise ValueError(
                f"psi1 must be <= 1/{self._share:g} for this spectrum: an N x d matrix has at most d non-zero "
                f"eigenvalues, got psi1={psi1!r}"
            )
        return self.atoms, self.weights


class EmpiricalSpectrum(DiscreteSpectrum):
    """The eigenvalues of W W' of one drawn first layer.

    Parameters
    ----------
    W : array_like, shape (N, d)
        First layer, rows of unit length.

    Raises
    ------
    TypeError, ValueError
        If W is not such a matrix; solving at another ratio than psi1 = N/d is a ``ValueError``.

    Notes
    -----
    docs/theory, "The Marchenko-Pastur law", last paragraph. :func:`rfrobust.theory.drawn_network` goes further and uses
    the network's own Sigma and J^2.
    """

    def __init__(self, W: Any) -> None:
        W = validation.real_array("W", W, ndim=2)
        norms = np.linalg.norm(W, axis=1)
        if np.abs(norms - 1.0).max() > 1e-6:
            worst = float(norms[np.argmax(np.abs(norms - 1.0))])
            raise ValueError(f"W must have rows of unit length, got a row of length {worst!r}")
        N, d = W.shape
        values = np.linalg.svd(W, compute_uv=False) ** 2
        values[values < 1e-12 * values[0]] = 0.0
        atoms = np.concatenate([values, np.zeros(N - len(values))])
        positive = atoms[atoms > 0.0]
        null = N - len(positive)
        if null:
            atoms = np.append(positive, 0.0)
            weights = np.append(np.full(len(positive), 1.0 / N), null / N)
        else:
            weights = np.full(N, 1.0 / N)
        super().__init__(atoms, weights, name=f"empirical {N}x{d}")
        self.psi1 = N / d

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the eigenvalues; ``psi1`` must be N/d."""
        if abs(psi1 - self.psi1) > 1e-9 * self.psi1:
            raise ValueError(f"psi1 must be N/d = {self.psi1!r} of the drawn W, got psi1={psi1!r}")
        return self.atoms, self.weights


_BUILT_IN = {spectrum.name: spectrum for spectrum in (MarchenkoPastur(), OrthogonalRows())}


def resolve_spectrum(spectrum: "str | Spectrum") -> Spectrum:
    """Return the spectrum itself, or the built-in one of that name."""
    if isinstance(spectrum, Spectrum):
        return spectrum
    return _BUILT_IN[validation.choice("spectrum", spectrum, _BUILT_IN)]
