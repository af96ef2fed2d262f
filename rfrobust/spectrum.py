"""Laws of the eigenvalues of W W' (N x N), the only thing the limits know about the first layer."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from . import validation
from .traces import moments


class Spectrum(ABC):
    """A law of W W', given to the kernels as atoms and weights (both empty: Marchenko-Pastur)."""

    name: str
    #: Whether the law changes with psi1 in a way that the kernels do not know.
    depends_on_psi1: bool = False

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
    """Rows of W independent and uniform on the unit sphere (theory.md section 1)."""

    name = "marchenko-pastur"
    _EMPTY = np.empty(0)

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return no atoms: the kernels know this law in closed form."""
        return self._EMPTY, self._EMPTY


_BUILT_IN = {spectrum.name: spectrum for spectrum in (MarchenkoPastur(),)}


def resolve_spectrum(spectrum: "str | Spectrum") -> Spectrum:
    """Return the spectrum itself, or the built-in one of that name."""
    if isinstance(spectrum, Spectrum):
        return spectrum
    return _BUILT_IN[validation.choice("spectrum", spectrum, _BUILT_IN)]
