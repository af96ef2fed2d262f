"""The fully connected architecture whose infinite-width kernels this subpackage computes."""

from dataclasses import dataclass

import numpy as np

from ..support import validation

ACTIVATIONS = ("relu", "erf")


@dataclass(frozen=True)
class Architecture:
    r"""A fully connected network in NTK parametrization.

    .. math:: h^l = \frac{W_{std}}{\sqrt{n_{l-1}}} W^l x^{l-1} + b_{std} b^l, \qquad x^l = \phi(h^l),

    with standard normal weights and the linear output :math:`f = h^D`.

    Parameters
    ----------
    depth : int
        Number D of dense layers, at least 1 (D = 1 is a linear model).
    w_std, b_std : float
        Weight scale (positive) and bias scale (zero or more).
    activation : {"relu", "erf"}
        The nonlinearity :math:`\phi`.

    Notes
    -----
    Parametrization of Fu and Wang (arXiv:2310.06112), whose published settings are the defaults w_std = 1.76,
    b_std = 0.18.
    """

    depth: int = 3
    w_std: float = 1.76
    b_std: float = 0.18
    activation: str = "relu"

    def __post_init__(self) -> None:
        validation.store(
            self,
            depth=validation.integer("depth", self.depth, 1),
            w_std=validation.real_scalar("w_std", self.w_std, 0, 1e100, open_lower=True),
            b_std=validation.real_scalar("b_std", self.b_std, 0, 1e100),
            activation=validation.choice("activation", self.activation, ACTIVATIONS),
        )

    def variances(self, inputs: np.ndarray) -> np.ndarray:
        """Return the variances k_l of the preactivations, shape (D, samples), of the rows of ``inputs``."""
        inputs = validation.real_array("inputs", inputs, ndim=2, finite=False)
        w2, b2 = self.w_std**2, self.b_std**2
        layers = [w2 * np.einsum("ij,ij->i", inputs, inputs) / inputs.shape[1] + b2]
        for _ in range(self.depth - 1):
            k = layers[-1]
            second_moment = k / 2 if self.activation == "relu" else 2 / np.pi * np.arcsin(2 * k / (1 + 2 * k))
            layers.append(w2 * second_moment + b2)
        return np.array(layers)

    def variance_slopes(self, variances: np.ndarray) -> np.ndarray:
        """Return dk_l/dk_1 along the layers, shape (D, samples)."""
        if self.activation == "relu":
            steps = np.full_like(variances[:-1], self.w_std**2 / 2)
        else:
            k = variances[:-1]
            steps = self.w_std**2 * 4 / np.pi / ((1 + 2 * k) * np.sqrt(1 + 4 * k))
        return np.concatenate([np.ones((1, variances.shape[1])), np.cumprod(steps, axis=0)])
