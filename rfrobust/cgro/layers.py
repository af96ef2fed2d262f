"""Layers of image networks in NumPy, each with its exact backward pass; images are (n, height, width, channels)."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..support import validation

Array = np.ndarray


class Layer:
    """A layer: ``forward`` keeps what ``backward`` needs; ``backward`` fills ``gradients`` and returns d/dx.

    Attributes
    ----------
    parameters, gradients : list of ndarray
        The arrays that training moves, and the slopes in them.
    """

    def __init__(self) -> None:
        self.parameters: list[Array] = []
        self.gradients: list[Array] = []
        self._kept: Any = None

    def forward(self, x: Array, training: bool) -> Array:
        """Return the layer's output for a batch."""
        raise NotImplementedError

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Return the gradient in the input, and store those in the parameters if wanted."""
        raise NotImplementedError

    def leaves(self) -> Iterator["Layer"]:
        """Iterate over the layers that own parameters."""
        yield self


class Dense(Layer):
    """x W + b on flattened inputs, He initialization times ``scale``.

    Parameters
    ----------
    inputs, outputs : int
    rng : numpy.random.Generator
    scale : float
    """

    @validation.typed
    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator, scale: float = 1.0) -> None:
        super().__init__()
        inputs, outputs = validation.integer("inputs", inputs, 1), validation.integer("outputs", outputs, 1)
        weight = rng.standard_normal((inputs, outputs)) * (scale * np.sqrt(2.0 / inputs))
        self.parameters = [weight.astype(np.float32), np.zeros(outputs, np.float32)]

    def forward(self, x: Array, training: bool) -> Array:
        """Return the affine image."""
        flat = x.reshape(len(x), -1)
        self._kept = (flat, x.shape)
        return flat @ self.parameters[0] + self.parameters[1]

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Return slope W'."""
        flat, shape = self._kept
        if parameters:
            self.gradients = [flat.T @ slope, slope.sum(axis=0)]
        return (slope @ self.parameters[0].T).reshape(shape)


class ReLU(Layer):
    """max(x, 0)."""

    def forward(self, x: Array, training: bool) -> Array:
        """Return the positive part."""
        self._kept = x > 0
        return x * self._kept

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Return the slope where the input was positive."""
        return slope * self._kept


class Convolution(Dense):
    """Square convolution with He initialization: a dense layer on every window.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size : int
        Side of the window.
    rng : numpy.random.Generator
    stride, padding : int
        Step of the window, and zeros around the image.
    """

    @validation.typed
    def __init__(
        self, inputs: int, outputs: int, size: int, rng: np.random.Generator, stride: int = 1, padding: int = 0
    ) -> None:
        self.size, self.stride = validation.integer("size", size, 1), validation.integer("stride", stride, 1)
        self.padding = validation.integer("padding", padding, 0)
        super().__init__(size * size * validation.integer("inputs", inputs, 1), outputs, rng)

    def forward(self, x: Array, training: bool) -> Array:
        """Return the convolved images."""
        p, k, s = self.padding, self.size, self.stride
        padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0))) if p else x
        windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(1, 2))[:, ::s, ::s]
        columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(*windows.shape[:3], -1)
        self._kept = (columns, padded.shape)
        return columns @ self.parameters[0] + self.parameters[1]

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Spread the slopes back over the windows they came from."""
        columns, shape = self._kept
        p, k, s = self.padding, self.size, self.stride
        high, wide = slope.shape[1:3]
        if parameters:
            flat = slope.reshape(-1, slope.shape[-1])
            self.gradients = [columns.reshape(len(flat), -1).T @ flat, flat.sum(axis=0)]
        spread = (slope @ self.parameters[0].T).reshape(*slope.shape[:3], k, k, shape[-1])
        back = np.zeros(shape, slope.dtype)
        for a in range(k):
            for b in range(k):
                back[:, a : a + s * high : s, b : b + s * wide : s] += spread[:, :, :, a, b]
        return back[:, p : shape[1] - p, p : shape[2] - p]


class MaxPool(Layer):
    """Maximum over disjoint 2 x 2 windows; an odd last row or column is dropped."""

    def forward(self, x: Array, training: bool) -> Array:
        """Return the maxima."""
        n, high, wide, channels = x.shape
        cut = x[:, : high // 2 * 2, : wide // 2 * 2]
        windows = cut.reshape(n, high // 2, 2, wide // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4)
        flat = windows.reshape(n, high // 2, wide // 2, channels, 4)
        place = flat.argmax(axis=-1)
        self._kept = (place, x.shape)
        return np.take_along_axis(flat, place[..., None], axis=-1)[..., 0]

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Send each slope to its maximum."""
        place, shape = self._kept
        n, high, wide, channels = slope.shape
        flat = np.zeros((*slope.shape, 4), slope.dtype)
        np.put_along_axis(flat, place[..., None], slope[..., None], axis=-1)
        windows = flat.reshape(n, high, wide, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        back = np.zeros(shape, slope.dtype)
        back[:, : 2 * high, : 2 * wide] = windows.reshape(n, 2 * high, 2 * wide, channels)
        return back


class GlobalAverage(Layer):
    """Mean over height and width."""

    def forward(self, x: Array, training: bool) -> Array:
        """Return (n, channels) means."""
        self._kept = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Share each slope among the pixels."""
        pixels = self._kept[1] * self._kept[2]
        return np.broadcast_to(slope[:, None, None] / pixels, self._kept)


class BatchNorm(Layer):
    """Normalize each channel by the batch (training) or by running averages (otherwise), then scale and shift.

    Parameters
    ----------
    channels : int
    momentum : float
        Weight of a batch in the averages.
    floor : float
        Added to the variance.
    """

    def __init__(self, channels: int, momentum: float = 0.1, floor: float = 1e-5) -> None:
        super().__init__()
        self.parameters = [np.ones(channels, np.float32), np.zeros(channels, np.float32)]
        self.mean = np.zeros(channels, np.float32)
        self.variance = np.ones(channels, np.float32)
        self.momentum, self.floor = momentum, floor

    def forward(self, x: Array, training: bool) -> Array:
        """Return the normalized batch; a training pass updates the running averages."""
        if training:
            mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
            self.mean += self.momentum * (mean - self.mean)
            self.variance += self.momentum * (variance - self.variance)
        else:
            mean, variance = self.mean, self.variance
        scale = 1.0 / np.sqrt(variance + self.floor)
        unit = (x - mean) * scale
        self._kept = (unit, scale, training)
        return unit * self.parameters[0] + self.parameters[1]

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Differentiate through the batch statistics if they were used."""
        unit, scale, training = self._kept
        if parameters:
            self.gradients = [(slope * unit).sum(axis=(0, 1, 2)), slope.sum(axis=(0, 1, 2))]
        inner = slope * self.parameters[0]
        if training:
            inner = inner - inner.mean(axis=(0, 1, 2)) - unit * (inner * unit).mean(axis=(0, 1, 2))
        return inner * scale


class Chain(Layer):
    """Layers one after another.

    Parameters
    ----------
    layers : list of Layer
    """

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Array, training: bool) -> Array:
        """Return the last layer's output."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Return the gradient in the first layer's input."""
        for layer in reversed(self.layers):
            slope = layer.backward(slope, parameters)
        return slope

    def leaves(self) -> Iterator[Layer]:
        """Iterate over the layers inside."""
        for layer in self.layers:
            yield from layer.leaves()


class Residual(Layer):
    """Pre-activation residual block: s = shared(x), then body(s) + (shortcut(s), or x without a shortcut).

    Parameters
    ----------
    shared, body : Layer
    shortcut : Layer or None
    """

    def __init__(self, shared: Layer, body: Layer, shortcut: Layer | None) -> None:
        super().__init__()
        self.shared, self.body, self.shortcut = shared, body, shortcut

    def forward(self, x: Array, training: bool) -> Array:
        """Return the sum of the two branches."""
        s = self.shared.forward(x, training)
        side = x if self.shortcut is None else self.shortcut.forward(s, training)
        return self.body.forward(s, training) + side

    def backward(self, slope: Array, parameters: bool) -> Array:
        """Add the slopes of the two branches."""
        inner = self.body.backward(slope, parameters)
        if self.shortcut is None:
            return self.shared.backward(inner, parameters) + slope
        return self.shared.backward(inner + self.shortcut.backward(slope, parameters), parameters)

    def leaves(self) -> Iterator[Layer]:
        """Iterate over the layers inside."""
        for part in (self.shared, self.body, self.shortcut):
            if part is not None:
                yield from part.leaves()
