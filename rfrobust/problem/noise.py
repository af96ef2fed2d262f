"""Laws of the label noise: mixtures of Gaussians, by their standard deviations, weights and centres.

The channel of residuals sees |xi| alone, and needs no more of a noise law (docs/family); Student's t and Laplace's law
are mixtures of centred Gaussians.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..engine.channels import Mixture
from ..support import validation

#: Step, in the logarithm of the scale, of the trapezoidal rule for continuous mixtures, and what its atoms may miss of
#: a moment, as a logarithm: moments are then right to 1e-13.
STEP, MISSED = 0.125, -35.0


class Noise(ABC):
    """A law of xi in the response <x, beta> + tau xi; the scale tau is 1 by default for any law but N(0, 1)."""

    @abstractmethod
    def atoms(self) -> Mixture:
        """Return standard deviations, weights and centres of the mixture, which is even as a whole."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """E xi^2, of which centres are a part; it may be infinite."""

    @abstractmethod
    def draw(self, shape: Any, rng: np.random.Generator) -> np.ndarray:
        """Draw independent xi."""

    @property
    def key(self) -> str:
        """The content."""
        return repr(self)


@dataclass(frozen=True)
class GaussianMixture(Noise):
    r"""A mixture of Gaussians: outliers, or any law given by atoms of its scale, or of its size.

    .. math:: |\xi|=|c_j+\sigma_jz|\quad\text{with probability }\pi_j,

    both signs of xi being equally likely: E xi = 0, and the law of a loss of |y - f| would be no other if they were not
    (docs/channel, "Residuals").

    Parameters
    ----------
    deviations : array_like, shape (m,)
        Standard deviations sigma_j, >= 0; 0 where all mass is at the centre.
    weights : array_like, shape (m,)
        Their probabilities pi_j, positive with sum 1.
    centres : array_like, shape (m,), optional
        Centres, c_j or -c_j; by default all are 0.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not such a mixture.

    Examples
    --------
    >>> from rfrobust.problem import GaussianMixture
    >>> GaussianMixture.of([-3.0, 1.0, -1.0, 3.0], atoms=2)
    GaussianMixture(deviations=(0.0, 0.0), weights=(0.5, 0.5), centres=(1.0, 3.0))
    """

    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    centres: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        deviations = validation.real_array("deviations", self.deviations, 1e-20, 1e20, allow_zero=True, ndim=1)
        weights = validation.real_array("weights", self.weights, 0.0, open_lower=True, shape=(deviations.size,))
        if abs(weights.sum() - 1.0) > 1e-9:
            raise ValueError(f"weights must have sum 1, got sum {float(weights.sum())!r} in weights")
        weights = weights / weights.sum()
        validation.store(self, deviations=tuple(deviations.tolist()), weights=tuple(weights.tolist()))
        if self.centres is not None:
            centres = validation.real_array("centres", self.centres, -1e20, 1e20, shape=(deviations.size,))
            validation.store(self, centres=tuple(np.abs(centres).tolist()) if centres.any() else None)

    @classmethod
    def of(cls, sample: np.ndarray, atoms: int = 40) -> "GaussianMixture":
        """Return the law of a sample, such as the residuals of a fit: its E xi^2 is the sample's mean square.

        Each Gaussian has the mean and the variance of the sizes |xi| between two quantiles of theirs.

        Parameters
        ----------
        sample : array_like, shape (n,)
            Values of xi, not all 0.
        atoms : int, default 40
            Number of Gaussians, of about equal weights; at most n.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        """
        sizes = np.sort(np.abs(validation.real_array("sample", sample, -1e20, 1e20, ndim=1)))
        if not sizes[-1] > 1e-20:
            raise ValueError(f"sample must have a value above 1e-20 in size, got at most {float(sizes[-1])!r}")
        bins = np.array_split(sizes, min(validation.integer("atoms", atoms, 1), sizes.size))
        moments = np.array([[part.std() for part in bins], [part.mean() for part in bins]])
        moments[moments < max(1e-15 * sizes[-1], 1e-20)] = 0.0  # rounding errors, where values are equal
        deviations, centres = moments.tolist()
        return cls(tuple(deviations), tuple(part.size / sizes.size for part in bins), tuple(centres))

    def __repr__(self) -> str:
        """Leave out centres where there are none."""
        centres = "" if self.centres is None else f", centres={self.centres!r}"
        return f"GaussianMixture(deviations={self.deviations!r}, weights={self.weights!r}{centres})"

    def atoms(self) -> Mixture:
        """Return the mixture as given, centres with half of their weights for either sign."""
        deviations, weights = np.array(self.deviations), np.array(self.weights)
        if self.centres is None:
            return Mixture(deviations, weights, np.zeros(weights.size))
        centres = np.array(self.centres)
        return Mixture(np.tile(deviations, 2), np.tile(0.5 * weights, 2), np.concatenate([centres, -centres]))

    @property
    def variance(self) -> float:
        """E xi^2."""
        deviations, weights, centres = self.atoms()
        return float(weights @ (deviations**2 + centres**2))

    def draw(self, shape: Any, rng: np.random.Generator) -> np.ndarray:
        """Draw independent xi."""
        if len(self.deviations) == 1 and self.centres is None:
            return self.deviations[0] * rng.standard_normal(shape)
        if self.centres is None:
            return rng.choice(self.deviations, shape, p=self.weights) * rng.standard_normal(shape)
        deviations, weights, centres = self.atoms()
        which = rng.choice(weights.size, shape, p=weights)
        return centres[which] + deviations[which] * rng.standard_normal(shape)


GAUSSIAN_NOISE = GaussianMixture((1.0,), (1.0,))


def _rule(low: float, high: float, step: float, log_density: Any) -> Mixture:
    """Return the mixture of the trapezoidal rule in the logarithm of the scale."""
    logs = step * np.arange(math.floor(low / step), math.ceil(high / step) + 1)
    weights = np.exp(log_density(logs))
    return Mixture(np.exp(logs), weights / weights.sum(), np.zeros(logs.size))


@dataclass(frozen=True)
class StudentT(Noise):
    r"""Student's t: xi = z/sqrt(chi^2/dof), in its usual scale (variance dof/(dof - 2), infinite up to dof = 2).

    Parameters
    ----------
    dof : float
        Degrees of freedom, in [1.25, 1e6] and 2 or at least .25 from 2: close to a moment that does not exist the
        atoms would be too many.

    Raises
    ------
    TypeError, ValueError
        If it is of the wrong kind or out of range.
    """

    dof: float

    def __post_init__(self) -> None:
        dof = validation.real_scalar("dof", self.dof, 1.25, 1e6)
        if 0.0 < abs(dof - 2.0) < 0.25:
            raise ValueError(f"dof must be 2 or at least .25 away from it, got dof={dof!r}")
        validation.store(self, dof=dof)

    def atoms(self) -> Mixture:
        """Return atoms of sqrt(dof/chi^2) that keep every moment which exists, up to the second."""
        return _student(self.dof)

    @property
    def variance(self) -> float:
        """dof/(dof - 2), or infinity."""
        return self.dof / (self.dof - 2.0) if self.dof > 2.0 else math.inf

    def draw(self, shape: Any, rng: np.random.Generator) -> np.ndarray:
        """Draw independent xi."""
        return rng.standard_t(self.dof, shape)


@lru_cache(maxsize=64)
def _student(dof: float) -> Mixture:
    # density of the logarithm u of the scale: exp(-dof (u + (exp(-2 u) - 1)/2)), about exp(-dof u^2) at its top;
    # moments of order m fall like exp((m - dof) u)
    low = -0.5 * math.log(1.0 + math.sqrt(-4.0 * MISSED / dof) - 2.0 * MISSED / dof)
    high = math.sqrt(-MISSED / dof) - MISSED / (dof - 2.0 if dof > 2.0 else dof - 1.0)
    return _rule(low, high, min(STEP, 0.5 / math.sqrt(dof)), lambda u: -dof * (u + 0.5 * np.expm1(-2.0 * u)))


@dataclass(frozen=True)
class Laplace(Noise):
    """Laplace's law of density exp(-|xi|)/2: xi = sqrt(2 e) z with exponential e, variance 2."""

    def atoms(self) -> Mixture:
        """Return atoms of sqrt(2 e)."""
        return _laplace()

    @property
    def variance(self) -> float:
        """2."""
        return 2.0

    def draw(self, shape: Any, rng: np.random.Generator) -> np.ndarray:
        """Draw independent xi."""
        return rng.laplace(size=shape)


@lru_cache(maxsize=1)
def _laplace() -> Mixture:
    # density of the logarithm u of the scale: exp(2 u - exp(2 u)/2)
    return _rule(0.5 * MISSED, 0.5 * math.log(-2.0 * MISSED + 10.0), STEP, lambda u: 2.0 * u - 0.5 * np.exp(2.0 * u))


def resolve_noise(noise: "str | Noise | None") -> Noise:
    """Return the law itself, N(0, 1) for None, or the law of a text.

    Texts are ``"gaussian"``, ``"laplace"``, ``"t:3"`` (degrees of freedom) and ``"mixture:0.3@0.8,3@0.2"`` (standard
    deviations and weights), ``"mixture:0.3@0.8,2:0.1@0.2"`` with centres.

    Raises
    ------
    TypeError, ValueError
        If there is no such law.
    """
    if noise is None or isinstance(noise, Noise):
        return GAUSSIAN_NOISE if noise is None else noise
    name, _, text = noise.partition(":") if isinstance(noise, str) else ("", "", "")
    if not isinstance(noise, str):
        raise TypeError(f"noise must be a law or a text, got {noise!r} ({type(noise).__name__})")
    if noise not in ("gaussian", "laplace") and (name not in ("t", "mixture") or not text):
        raise ValueError(
            f"noise must be 'gaussian', 'laplace', 't:DOF' or 'mixture:[CENTRE:]SD@WEIGHT,...', got noise={noise!r}"
        )
    try:
        return {"gaussian": _as_gaussian, "laplace": _as_laplace, "t": _as_student, "mixture": _as_mixture}[name](text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"noise={noise!r} is no law: {error}") from error


def _as_gaussian(_: str) -> Noise:
    return GAUSSIAN_NOISE


def _as_laplace(_: str) -> Noise:
    return Laplace()


def _as_student(text: str) -> Noise:
    return StudentT(float(text))


def _as_mixture(text: str) -> Noise:
    triples = []
    for part in text.split(","):
        place, weight = part.split("@")
        centre, colon, deviation = place.rpartition(":")
        triples.append((float(deviation), float(weight), float(centre) if colon else 0.0))
    return GaussianMixture(*zip(*triples, strict=True))
