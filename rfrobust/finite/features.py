"""One drawn network: first-layer weights, features of samples, and the finite-d matrices of the theory."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..problem.activation import Activation
from ..problem.catalogue import resolve_activation
from ..problem.spectrum import Spectrum, first_layer, resolve_spectrum
from ..support import validation

#: The network's own features, and their Gaussian equivalent (docs/theory, eq-gaussian-features).
KINDS = ("true", "gaussian")


@dataclass(frozen=True)
class FeatureMap:
    r"""The random features of one draw of the first layer.

    ``true``: :math:`\phi(x) = \sigma(Wx)`, with the exact matrices at finite d. ``gaussian``: the equivalent model
    :math:`\mu_0 1 + \mu_1 Wx + \mu_2 u`, u ~ N(0, I_N), with the leading-order matrices.

    Parameters
    ----------
    W : ndarray, shape (N, d)
        Rows of unit length.
    activation : str or Activation, default "relu"
        The activation.
    kind : {"true", "gaussian"}
        Which feature map.
    """

    W: np.ndarray
    activation: Activation
    kind: str = "true"

    def __post_init__(self) -> None:
        validation.choice("kind", self.kind, KINDS)
        validation.store(self, W=first_layer(self.W), activation=resolve_activation(self.activation))

    @classmethod
    @validation.typed
    def draw(
        cls,
        N: int,
        d: int,
        rng: np.random.Generator,
        activation: str | Activation = "relu",
        kind: str = "true",
        spectrum: str | Spectrum = "marchenko-pastur",
    ) -> "FeatureMap":
        """Draw the first layer: N units in dimension d, W W' of the given law."""
        N, d = validation.integer("N", N, 1), validation.integer("d", d, 1)
        return cls(resolve_spectrum(spectrum).draw(N, d, rng), resolve_activation(activation), kind)

    def features(self, X: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Features of the rows of X, shape (n, N); the Gaussian equivalent draws its noise from ``rng``."""
        U = validation.real_array("X", X, shape=(None, self.W.shape[1])) @ self.W.T
        if self.kind == "true":
            return self.activation(U)
        if rng is None:
            raise ValueError("rng must be given for gaussian features, got rng=None")
        a = self.activation
        return a.mu0 + a.mu1 * U + a.mu2 * rng.standard_normal(U.shape)

    @cached_property
    def gram(self) -> np.ndarray:
        """Return W W', clipped to [-1, 1], with unit diagonal."""
        C = np.clip(self.W @ self.W.T, -1.0, 1.0)
        np.fill_diagonal(C, 1.0)
        return C

    @cached_property
    def metric(self) -> np.ndarray:
        r"""J^2: E|grad f|^2 = theta' J^2 theta.

        (W W') o E[sigma'(Wx) sigma'(Wx)'] for true features, mu1^2 W W' + rho^2 I for the Gaussian equivalent.
        """
        a = self.activation
        if self.kind == "true":
            return self.gram * a.derivative_dual(self.gram)
        return a.mu1**2 * self.gram + a.rho**2 * np.eye(len(self.W))

    @cached_property
    def second_moment(self) -> np.ndarray:
        """E phi phi', exact: the dual kernel of W W', or mu0^2 + mu1^2 W W' + mu2^2 I for the Gaussian equivalent."""
        a = self.activation
        if self.kind == "true":
            return a.dual(self.gram)
        return a.mu0**2 + a.mu1**2 * self.gram + a.mu2**2 * np.eye(len(self.W))

    def target_moment(self, beta: np.ndarray) -> np.ndarray:
        """E phi(x) <x, beta> = mu1 W beta (Stein's identity; rows of W have unit length)."""
        return self.activation.mu1 * (self.W @ validation.real_array("beta", beta, shape=self.W.shape[1:]))

    def product_moment(self) -> np.ndarray:
        """E phi(x) P(x) of the nonlinear part P of :func:`nonlinear_part` with power 1; 0 for the Gaussian equivalent.

        By Stein's identity E sigma(<w, x>) x_i x_j = w_i w_j E sigma(G)(G^2 - 1) = w_i w_j sqrt(2) a_2.
        """
        if self.kind != "true":
            return np.zeros(len(self.W))
        return math.sqrt(2.0) * self.activation.required_a2() * nonlinear_part(self.W)

    def radial_moment(self) -> np.ndarray:
        """E phi(x) (|x|^2 - d)/sqrt(2 d) = a_2/sqrt(d) of true features, by the same identity."""
        N, d = self.W.shape
        return np.full(N, self.activation.required_a2() / math.sqrt(d))


def radial_part(X: np.ndarray) -> np.ndarray:
    """Return (|x|^2 - d)/sqrt(2 d) of the rows of X, of power 1 for x ~ N(0, I)."""
    d = X.shape[1]
    return (np.einsum("ij,ij->i", X, X) - d) / math.sqrt(2.0 * d)


def add_nonlinear(y: np.ndarray, X: np.ndarray, nonlinear_power: float, radial_power: float) -> None:
    """Add the nonlinear parts of these powers at the rows of X to the responses."""
    for power, part in ((nonlinear_power, nonlinear_part), (radial_power, radial_part)):
        if power > 0.0:
            y += math.sqrt(power) * part(X)


def nonlinear_part(X: np.ndarray) -> np.ndarray:
    """Return P(x) = sum_j x_(2j-1) x_(2j) / sqrt(d // 2) of the rows of X, d >= 2.

    Of power 1 for x ~ N(0, I), uncorrelated with every linear function and with |x|^2, asymptotically Gaussian.
    """
    X = validation.real_array("X", X, ndim=2)
    pairs = X.shape[1] // 2
    return np.einsum("ij,ij->i", X[:, 0 : 2 * pairs : 2], X[:, 1 : 2 * pairs : 2]) / math.sqrt(pairs)
