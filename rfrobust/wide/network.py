"""A finite-width network in NTK parametrization: outputs and exact gradients by hand-written backpropagation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import erf

from ..support import validation
from .architecture import Architecture


@dataclass
class FiniteNetwork:
    """Weights and biases of a finite network; :meth:`random` draws them standard normal.

    Attributes
    ----------
    architecture : Architecture
        Depth, scales and activation.
    weights : list of ndarray
        W^l of shape (n_l, n_{l-1}), without the factor W_std/sqrt(n_{l-1}).
    biases : list of ndarray
        b^l of shape (n_l,), without the factor b_std.
    """

    architecture: Architecture
    weights: list[np.ndarray]
    biases: list[np.ndarray]

    @classmethod
    @validation.typed
    def random(
        cls,
        architecture: Architecture,
        *,
        inputs: int,
        width: int,
        outputs: int = 1,
        seed: int | np.random.SeedSequence = 0,
        dtype: str = "float64",
    ) -> "FiniteNetwork":
        """Draw a network with ``inputs`` inputs, hidden layers of ``width`` neurons and ``outputs`` outputs.

        ``dtype`` "float32" halves the time and memory of wide networks, which are limited by memory traffic.
        """
        width = validation.integer("width", width, 1)
        sizes = [validation.integer("inputs", inputs, 1)] + [width] * (architecture.depth - 1)
        sizes.append(validation.integer("outputs", outputs, 1))
        rng = np.random.default_rng(
            seed if isinstance(seed, np.random.SeedSequence) else validation.integer("seed", seed, 0)
        )
        kind = np.float32 if validation.choice("dtype", dtype, ("float32", "float64")) == "float32" else np.float64
        weights, biases = [], []
        for fan_in, fan_out in pairwise(sizes):
            weights.append(rng.standard_normal((fan_out, fan_in), dtype=kind))
            biases.append(rng.standard_normal(fan_out, dtype=kind))
        return cls(architecture, weights, biases)

    def _scale(self, weight: np.ndarray) -> float:
        return self.architecture.w_std / float(np.sqrt(weight.shape[1]))

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the outputs, the inputs x^{l-1} of every layer and the slopes phi'(h^l) of the hidden ones."""
        layer_inputs, slopes = [], []
        x = validation.real_array("x", x, shape=(None, self.weights[0].shape[1]), finite=False)
        signal = x.astype(self.weights[0].dtype, copy=False)
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True), 1):
            layer_inputs.append(signal)
            signal = signal @ weight.T
            signal *= self._scale(weight)
            signal += self.architecture.b_std * bias
            if depth < len(self.weights):
                if self.architecture.activation == "relu":
                    slopes.append((signal > 0).astype(signal.dtype))
                    signal = np.maximum(signal, 0)
                else:
                    slopes.append(2 / np.sqrt(np.pi).astype(signal.dtype) * np.exp(-signal * signal))
                    signal = erf(signal)
        return signal, layer_inputs, slopes

    def _backward(self, cotangent: np.ndarray, slopes: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
        """Iterate over the layers, the last one first, and the derivatives in their preactivations h^l.

        Those of the next layer are computed before a layer is handed out, so that its weights may be moved.
        """
        signal = np.asarray(cotangent, dtype=self.weights[0].dtype)
        for layer in range(len(self.weights) - 1, 0, -1):
            weight = self.weights[layer]
            below = (signal @ weight) * (self._scale(weight) * slopes[layer - 1])
            yield layer, signal
            signal = below
        yield 0, signal

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, shape (samples, outputs)."""
        return self._forward(x)[0]

    @validation.typed
    def predict_with_gradient(
        self, x: np.ndarray, cotangent: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the outputs and the pullback to the inputs of ``cotangent(outputs)``, shape (samples, n0)."""
        outputs, _, slopes = self._forward(x)
        for _, signal in self._backward(cotangent(outputs), slopes):
            first = signal
        return outputs, (first @ self.weights[0]) * self._scale(self.weights[0])

    def input_gradient(self, x: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
        """Return the sum over outputs of ``cotangent`` times the gradient in the inputs, shape (samples, n0)."""
        x = validation.real_array("x", x, ndim=2)
        cotangent = validation.real_array("cotangent", cotangent, shape=(len(x), self.weights[-1].shape[0]))
        return self.predict_with_gradient(x, lambda _: cotangent)[1]

    @validation.typed
    def descend(self, x: np.ndarray, cotangent: Callable[[np.ndarray], np.ndarray], step: float) -> np.ndarray:
        """Move the parameters by -step times the gradient of sum(cotangent(outputs) * outputs); return the outputs."""
        step = validation.real_scalar("step", step)
        outputs, layer_inputs, slopes = self._forward(x)
        for layer, signal in self._backward(cotangent(outputs), slopes):
            weight, bias = self.weights[layer], self.biases[layer]
            weight -= np.asarray(step * self._scale(weight), weight.dtype) * (signal.T @ layer_inputs[layer])
            bias -= (step * self.architecture.b_std * signal.sum(axis=0)).astype(weight.dtype)
        return outputs
