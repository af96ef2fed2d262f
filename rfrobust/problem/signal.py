"""Laws of the coordinates of the signal beta; they matter only under attacks in other norms than the Euclidean one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..support import validation


class Signal(ABC):
    """A law of the independent coordinates of sqrt(d) beta/|beta|: a mixture of Gaussians, even, of mean square 1."""

    @abstractmethod
    def atoms(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return weights, standard deviations and centres >= 0, each of which stands for itself and its negative."""

    @validation.typed
    def draw(self, d: int, rng: np.random.Generator) -> np.ndarray:
        """Draw a direction beta/|beta|, shape (d,)."""
        d = validation.integer("d", d, 1)
        weights, deviations, centres = self.atoms()
        which = rng.choice(weights.size, d, p=weights)
        signs = rng.choice([-1.0, 1.0], d)
        beta = signs * centres[which] + deviations[which] * rng.standard_normal(d)
        size = float(np.linalg.norm(beta))
        return beta / size if size > 0.0 else self.draw(d, rng)

    @property
    def key(self) -> str:
        """The content."""
        return repr(self)


@dataclass(frozen=True)
class BernoulliGauss(Signal):
    """Coordinates that are 0 but for a share of them, which are Gaussian.

    Parameters
    ----------
    share : float, default 1
        Share of coordinates that are not 0, in [1e-6, 1]; 1 is the Gaussian signal.

    Raises
    ------
    TypeError, ValueError
        If it is of the wrong kind or out of range.
    """

    share: float = 1.0

    def __post_init__(self) -> None:
        validation.store(self, share=validation.real_scalar("share", self.share, 1e-6, 1.0))

    def atoms(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return zeros and Gaussians of variance 1/share."""
        if self.share == 1.0:
            return np.ones(1), np.ones(1), np.zeros(1)
        weights = np.array([1.0 - self.share, self.share])
        return weights, np.array([0.0, self.share**-0.5]), np.zeros(2)


@dataclass(frozen=True)
class Rademacher(Signal):
    """Coordinates +-1, each with probability one half."""

    def atoms(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the centre 1."""
        return np.ones(1), np.zeros(1), np.ones(1)


GAUSSIAN = BernoulliGauss()
