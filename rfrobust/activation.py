"""Activations: the function, its derivative and the four Gaussian moments that the theory needs."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import dual_kernels, validation


@dataclass(frozen=True)
class Activation:
    r"""An activation with its moments under G ~ N(0, 1).

    .. math:: \mu_0 = E\sigma(G),\quad \mu_1 = E\,G\sigma(G),\quad \mu_2^2 = E\sigma(G)^2-\mu_0^2-\mu_1^2,\quad
              \rho^2 = E\sigma'(G)^2-\mu_1^2.

    Parameters
    ----------
    name : str
        Name shown in results and accepted by :func:`rfrobust.solve`.
    function, derivative : callable
        sigma and sigma', elementwise on arrays.
    mu0, mu1, mu2, rho : float
        The moments above; ``mu2`` and ``rho`` are nonnegative roots. ``mu0`` and the sign of ``mu1`` do not
        matter for a linear target.

    Source: theory.md section 1; [HJ] section 4 for the shifted ReLU.
    """

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray], np.ndarray]
    mu0: float
    mu1: float
    mu2: float
    rho: float

    def __post_init__(self) -> None:
        for field in ("mu0", "mu1"):
            validation.real_scalar(field, getattr(self, field))
        for field in ("mu2", "rho"):
            validation.real_scalar(field, getattr(self, field), 0.0)
        # Poincare's inequality in the Hermite basis, with room for rounding
        if self.rho**2 < 2.0 * self.mu2**2 * (1.0 - 1e-9):
            raise ValueError(
                f"rho^2 must be >= 2 mu2^2 for any activation, got rho={self.rho!r}, mu2={self.mu2!r}"
            )
        if self.mu1 == 0.0 and self.mu2 == 0.0:
            raise ValueError("mu1 and mu2 must not both be 0: the activation would be constant")

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Evaluate sigma elementwise."""
        return self.function(u)

    def dual(self, c: np.ndarray) -> np.ndarray:
        """Return E sigma(u)sigma(v) at correlations ``c`` in [-1, 1] of two standard normals, elementwise."""
        c = validation.real_array("c", c, -1.0, 1.0)
        return dual_kernels.relu(c) if self.name == "relu" else dual_kernels.hermite(self.function, c)

    def derivative_dual(self, c: np.ndarray) -> np.ndarray:
        """Return E sigma'(u)sigma'(v) at correlations ``c`` in [-1, 1] of two standard normals, elementwise."""
        c = validation.real_array("c", c, -1.0, 1.0)
        return (
            dual_kernels.relu_derivative(c)
            if self.name == "relu"
            else dual_kernels.hermite(self.derivative, c)
        )

    @property
    def constants(self) -> tuple[float, float, float]:
        """``(mu1^2, mu2^2, rho^2)``, all that the equations see."""
        return self.mu1 * self.mu1, self.mu2 * self.mu2, self.rho * self.rho


def _shifted_relu(u: np.ndarray) -> np.ndarray:
    return np.maximum(u, 0.0) - 1.0 / math.sqrt(2.0 * math.pi)


def _step(u: np.ndarray) -> np.ndarray:
    return np.where(np.asarray(u) > 0.0, 1.0, 0.0)


_BUILT_IN = {
    "relu": Activation(
        "relu", _shifted_relu, _step, mu0=0.0, mu1=0.5, mu2=math.sqrt(0.25 - 0.5 / math.pi), rho=0.5
    ),
}


def resolve_activation(activation: "str | Activation") -> Activation:
    """Return the activation itself, or the built-in one of that name."""
    if isinstance(activation, Activation):
        return activation
    return _BUILT_IN[validation.choice("activation", activation, _BUILT_IN)]
