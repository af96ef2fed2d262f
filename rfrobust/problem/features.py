"""The features: what the equations see of a first layer and its activation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..engine.equations import direction_of_atom
from ..engine.records import AnyParameters, Law
from ..support.validation import instance
from .activation import Activation
from .catalogue import resolve_activation
from .spectrum import EmpiricalSpectrum, MarchenkoPastur, OrthogonalRows, Spectrum, resolve_spectrum

_ORTHOGONAL = OrthogonalRows()
#: Ratio mu1^2/mu2^2 up to which the linear part changes no digit, also of a certificate.
EVEN = 1e-100
#: Largest coherence of rows whose Sigma and J^2 are taken for functions of W W': risks are then right to a few percent.
COHERENT = 0.1
#: Share of directions of x that W does not see, up to which rounding decides.
FULL_RANK = 1e-14


class Features(ABC):
    """Features by their pairs (Sigma, J^2): as constants of the closed law, or as arrays."""

    #: mu1^2, mu2^2 and rho^2 of the activation, zeros where there is none.
    constants: tuple[float, float, float]
    #: Whether Sigma, J^2 and a ridge are diagonal in one basis, so that a law of their eigenvalues is all there is.
    diagonal: bool = True

    @abstractmethod
    def key(self, psi1: float) -> str:
        """Return the content at a ratio psi1."""

    @abstractmethod
    def check(self, psi1: float, ridge: float) -> None:
        """Raise a ``TypeError`` or ``ValueError`` if there are no such features at this psi1 or ridge."""

    @property
    def spike(self) -> float:
        """What of a_2^2 a radial part of the target is learned through.

        Raises
        ------
        ValueError
            If it is unknown.
        """
        raise ValueError("radial_power must be 0 for features that are not random ones: it is a part of their E phi y")

    @property
    def closed(self) -> bool:
        """Whether the law is the closed one at every psi1 and ridge."""
        return False

    @abstractmethod
    def law(self, p: AnyParameters) -> Law | None:
        """Return the law at these parameters, None for the closed one.

        Raises
        ------
        TypeError, ValueError
            If there is none at this psi1 or ridge.
        """

    @abstractmethod
    def dual_law(self, p: AnyParameters) -> Law | None:
        """Return the law in numbers that carry derivatives."""

    def matrices(self, p: AnyParameters) -> Any:
        """Return what averages at these parameters where no law does, None where one does."""
        return None


@dataclass(frozen=True, slots=True)
class RandomFeatures(Features):
    """sigma(W x) with unit rows of W.

    Parameters
    ----------
    activation : Activation
        sigma.
    spectrum : Spectrum
        Law of W W'.
    """

    activation: Activation
    spectrum: Spectrum

    def __post_init__(self) -> None:
        instance("activation", self.activation, Activation)
        instance("spectrum", self.spectrum, Spectrum)

    @property
    def constants(self) -> tuple[float, float, float]:  # type: ignore[override]
        """mu1^2, mu2^2 and rho^2."""
        return self.activation.constants

    @property
    def spike(self) -> float:
        """a_2^2, or 0 for activations of mean not 0."""
        if isinstance(self.spectrum, EmpiricalSpectrum):
            raise ValueError(
                f"radial_power must be 0 for one drawn W, got {self.spectrum.name!r}: what is learned of a radial part "
                "depends on more than eigenvalues; use rfrobust.theory.drawn_network(W, n, radial_power=...)"
            )
        return self.activation.spike

    def key(self, psi1: float) -> str:
        """Return the content at a ratio psi1."""
        return f"activation={self.activation.key},spectrum={self.spectrum.key(psi1)}"

    def check(self, psi1: float, ridge: float) -> None:
        """Raise a ``TypeError`` or ``ValueError`` if there is no such first layer at this psi1, or it is coherent."""
        if type(self.spectrum) is not MarchenkoPastur:
            self.spectrum.checked_law(psi1)
        if self.spectrum.coherence > COHERENT and self.activation.mu2 > 0.0:
            raise ValueError(
                f"spectrum must be that of incoherent rows, got {self.spectrum.name!r} with sum_j <w_i, w_j>^4 larger "
                f"by {self.spectrum.coherence:.3g} (> {COHERENT:g}) than for independent rows: its eigenvalues do not "
                "decide the limit; use rfrobust.theory.drawn_network(W, n), which takes W itself"
            )

    @property
    def closed(self) -> bool:
        """Whether the law is the closed one at every psi1 and ridge."""
        linear, nonlinear, _ = self.activation.constants
        return self._atoms(linear, nonlinear, 0.0) is None

    def _atoms(self, linear: float, nonlinear: float, ridge: float) -> Spectrum | None:
        """Return the spectrum whose atoms make the law at mu1^2, mu2^2 and a ridge, None for the closed one.

        Even features (mu1 = 0, also up to rounding), and linear ones (mu2 = 0) without ridge, see of W W' only its mean
        and its mass at zero: there orthogonal rows stand for the Marchenko-Pastur law.
        """
        if type(self.spectrum) is not MarchenkoPastur:
            return self.spectrum
        return None if linear > EVEN * nonlinear and (nonlinear > 0.0 or ridge > 0.0) else _ORTHOGONAL

    def law(self, p: AnyParameters) -> Law | None:
        """Return the law at these parameters, None for the closed one."""
        spectrum = self._atoms(p.c, p.mu, p.ridge)
        if spectrum is None:
            return None
        x, w = spectrum.checked_law(p.psi1)
        zero = w[x == 0.0].sum()
        x, w = x[x > 0.0], w[x > 0.0]
        square = float(w @ (x * x))
        rest = 1.0 - p.psi1 * w.sum()
        unseen = p.signal * rest if rest > FULL_RANK else 0.0
        sigma, metric, explained, weights, missed = direction_of_atom(x, w, p)
        unexplained = unseen + missed.sum()
        if p.mu > 0.0 and zero > 0.0:  # features of x that W does not see
            sigma, metric = np.append(sigma, p.mu), np.append(metric, p.rho2)
            explained, weights, zero = np.append(explained, 0.0), np.append(weights, zero), 0.0
        # where orthogonal rows stand for Marchenko-Pastur's law, the excess is still that of the latter
        excess = float(p.psi1) if spectrum is not self.spectrum else square - 1.0
        return Law(sigma, metric, explained, weights, float(zero), float(unexplained), excess)

    def dual_law(self, p: AnyParameters) -> Law | None:
        """Return the law in numbers that carry derivatives."""
        spectrum = self._atoms(*(float(x.value) for x in (p.c, p.mu, p.ridge)))
        if spectrum is None:
            return None
        pairs = list(zip(*spectrum.dual_law(p.psi1), strict=True))
        seen = [(x, w) for x, w in pairs if not x.is_zero]
        directions = [direction_of_atom(x, w, p) for x, w in seen]
        none = p.psi1 * 0.0
        zero = sum((w for x, w in pairs if x.is_zero), none)
        rest = 1.0 - p.psi1 * sum((w for _, w in seen), none)
        # in balls orthogonal rows tell a full rank from one just below it, stored weights do not
        exact = isinstance(spectrum, OrthogonalRows)
        unseen = p.signal * rest if float(rest.value) > (0.0 if exact else FULL_RANK) else none
        unexplained = sum((missed for *_, missed in directions), unseen)
        entries = [direction[:4] for direction in directions]
        if p.mu.value > 0 and zero.value > 0:
            entries.append((p.mu + none, p.rho2 + none, none, zero))
            zero = none
        sigma, metric, explained, weights = zip(*entries, strict=True)
        excess = p.psi1 if spectrum is not self.spectrum else sum((w * (x * x) for x, w in seen), none) - 1.0
        return Law(sigma, metric, explained, weights, zero, unexplained, excess)


@lru_cache(maxsize=256)
def _named(activation: str, spectrum: str) -> RandomFeatures:
    return RandomFeatures(resolve_activation(activation), resolve_spectrum(spectrum))


def random_features(activation: str | Activation, spectrum: str | Spectrum) -> RandomFeatures:
    """Return random features from names or objects, or raise what is wrong with them."""
    if type(activation) is str and type(spectrum) is str:
        return _named(activation, spectrum)
    return RandomFeatures(resolve_activation(activation), resolve_spectrum(spectrum))
