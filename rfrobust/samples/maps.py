"""Feature maps of inputs in the units of the user: features, and the mean of J J' over rows of inputs."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..finite.estimator import RobustRandomFeatures, scaling
from ..finite.features import FeatureMap
from ..support import validation


class Features(ABC):
    """Features phi(x) in R^N of inputs x in R^d, and their Jacobians.

    Attributes
    ----------
    size : int
        N.
    """

    size: int

    @abstractmethod
    def features(self, X: np.ndarray) -> np.ndarray:
        """Return phi at the rows of X, shape (n, N)."""

    @abstractmethod
    def metric(self, X: np.ndarray) -> np.ndarray:
        """Return the mean over the rows of X of J(x) M J(x)', J = d phi/dx, shape (N, N)."""


@dataclass(frozen=True)
class FirstLayer(Features):
    """sigma(W (x - mean)/scale).

    Parameters
    ----------
    network : FeatureMap
        W and sigma.
    mean : ndarray, shape (d,), or float
    scale : float
    attack : ndarray, shape (d, d), optional
        M of attacks delta' M^-1 delta <= eps^2, the identity by default.
    """

    network: FeatureMap
    mean: np.ndarray | float = 0.0
    scale: float = 1.0
    attack: np.ndarray | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", len(self.network.W))

    def features(self, X: np.ndarray) -> np.ndarray:
        """Return phi at the rows of X, shape (n, N)."""
        return self.network.features((X - self.mean) / self.scale)

    def metric(self, X: np.ndarray) -> np.ndarray:
        """Return the mean of J M J' over the rows of X, shape (N, N)."""
        W, sigma = self.network.W, self.network.activation
        slopes = sigma.derivative((X - self.mean) / self.scale @ W.T)
        reach = self.network.gram if self.attack is None else W @ self.attack @ W.T
        out: np.ndarray = reach * (slopes.T @ slopes) / (len(X) * self.scale**2)
        return out


class CallableFeatures(Features):
    """Features of any function with its Jacobian, such as the last hidden layer of a trained network.

    Parameters
    ----------
    function : callable
        Takes inputs, shape (n, d), returns phi, shape (n, N).
    jacobian : callable
        Takes inputs, shape (n, d), returns d phi/dx, shape (n, N, d).
    attack : ndarray, shape (d, d), optional
        M of attacks delta' M^-1 delta <= eps^2, the identity by default.
    """

    #: Rows of which the Jacobians are kept at a time.
    BLOCK = 64

    def __init__(
        self,
        function: Callable[[np.ndarray], Any],
        jacobian: Callable[[np.ndarray], Any],
        d: int,
        attack: np.ndarray | None = None,
    ) -> None:
        self._function, self._jacobian, self._attack, self._d = function, jacobian, attack, d
        self.size = np.atleast_2d(np.asarray(function(np.zeros((1, d))))).shape[1]

    def features(self, X: np.ndarray) -> np.ndarray:
        """Return phi at the rows of X, shape (n, N)."""
        return validation.real_array("features(X)", self._function(X), shape=(len(X), self.size))

    def metric(self, X: np.ndarray) -> np.ndarray:
        """Return the mean of J M J' over the rows of X, shape (N, N)."""
        total = np.zeros((self.size, self.size))
        for first in range(0, len(X), self.BLOCK):
            rows = X[first : first + self.BLOCK]
            J = validation.real_array("jacobian(X)", self._jacobian(rows), shape=(len(rows), self.size, self._d))
            right = J if self._attack is None else J @ self._attack
            total += np.tensordot(J, right, axes=([0, 2], [0, 2]))
        return total / len(X)


def feature_map(
    features: Any, X: np.ndarray, activation: Any, jacobian: Any, attack: np.ndarray | None, seed: int
) -> Features:
    """Return features from what a user gives: their number, a network, a fitted estimator, or a function.

    Raises
    ------
    TypeError, ValueError
        If it is none of these.
    """
    if jacobian is not None and not callable(features):
        raise ValueError(f"jacobian must be None unless features is a function, got features={features!r}")
    if isinstance(features, RobustRandomFeatures):
        features._scaled(X[:1])  # is it fitted, and for such inputs?
        return FirstLayer(features._network, features.mean_, features.scale_, attack)
    if isinstance(features, FeatureMap):
        if features.W.shape[1] != X.shape[1]:
            raise ValueError(
                f"features must take inputs of dimension {X.shape[1]}, got one for dimension {features.W.shape[1]}"
            )
        return FirstLayer(features, attack=attack)
    if isinstance(features, Features):
        return features
    if callable(features):
        if not callable(jacobian):
            raise TypeError(f"jacobian must be a function where features is one, got jacobian={jacobian!r}")
        return CallableFeatures(features, jacobian, X.shape[1], attack)
    mean, scale = scaling(X)
    network = FeatureMap.draw(
        validation.integer("features", features, 1), X.shape[1], np.random.default_rng(seed), activation
    )
    return FirstLayer(network, mean, scale, attack)
