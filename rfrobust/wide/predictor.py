"""A function in the span of a kernel's samples, with exact input gradients."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..support import validation
from ..support.workers import worker_count
from .architecture import Architecture
from .kernels import ntk, ntk_with_gradient


@dataclass(frozen=True)
class KernelPredictor:
    r"""The function :math:`f(x) = \Theta(x, X)\, c`.

    Attributes
    ----------
    architecture : Architecture
        The network whose NTK it is.
    samples : ndarray, shape (n, n0)
        X.
    coefficients : ndarray, shape (n, outputs)
        c.
    workers : int, optional
        Threads; all available cores by default.
    """

    architecture: Architecture
    samples: np.ndarray
    coefficients: np.ndarray
    workers: int | None = None

    def __post_init__(self) -> None:
        validation.instance("architecture", self.architecture, Architecture)
        worker_count(self.workers)
        validation.real_array("samples", self.samples, ndim=2)
        validation.real_array("coefficients", self.coefficients, shape=(len(self.samples), None))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, shape (rows, outputs)."""
        return ntk(self.architecture, x, self.samples, workers=self.workers) @ self.coefficients

    def predict_with_gradient(
        self, x: np.ndarray, cotangent: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the outputs and the pullback of ``cotangent(outputs)`` to the inputs, shape of ``x``."""
        theta, pullback = ntk_with_gradient(self.architecture, x, self.samples, workers=self.workers)
        outputs = theta @ self.coefficients
        return outputs, pullback(cotangent(outputs) @ self.coefficients.T)
