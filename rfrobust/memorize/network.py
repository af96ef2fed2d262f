"""Real ReLU networks with explicit sparse weights: evaluation, composition, stacking, exact parameter counts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ..support import validation

Layer = tuple[sparse.csr_array, np.ndarray]

#: Largest hidden activation array, in numbers, that :meth:`ReLUNetwork.forward` holds at a time (128 MB).
_WORKSPACE = 2**24


@dataclass(frozen=True, eq=False)
class ReLUNetwork:
    """The function ``f(x) = W_L s(W_{L-1} ... s(W_1 x + b_1) ...) + b_L`` with ``s(t) = max(t, 0)``.

    Parameters
    ----------
    weights : sequence of (n_out, n_in) matrices
        Dense or sparse; kept as ``scipy.sparse.csr_array``.
    biases : sequence of (n_out,) arrays

    Raises
    ------
    TypeError, ValueError
        If the lists are empty or of different lengths, widths do not chain, or a number is not finite.
    """

    weights: tuple[sparse.csr_array, ...]
    biases: tuple[np.ndarray, ...]

    def __init__(self, weights: Iterable[Any], biases: Iterable[Any]) -> None:
        matrices = tuple(_matrix(f"weights[{k}]", w) for k, w in enumerate(validation.listed("weights", weights)))
        offsets = validation.listed("biases", biases)
        vectors = tuple(validation.real_array(f"biases[{k}]", b, ndim=1) for k, b in enumerate(offsets))
        if not matrices or len(matrices) != len(vectors):
            raise ValueError(
                f"weights and biases must have the same length >= 1, got {len(matrices)} and {len(vectors)}"
            )
        self._check_and_set(matrices, vectors)

    @classmethod
    def _from_layers(cls, layers: Iterable[Layer]) -> "ReLUNetwork":
        """Build from layers made here: no copies, so that a gigabyte of weights exists once."""
        network = object.__new__(cls)
        matrices, vectors = zip(*layers, strict=True)
        network._check_and_set(matrices, vectors)
        return network

    def _check_and_set(self, weights: tuple[sparse.csr_array, ...], biases: tuple[np.ndarray, ...]) -> None:
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            if w.shape[0] != b.size:
                raise ValueError(f"biases[{k}] must have {w.shape[0]} entries, got {b.size}")
            if k and w.shape[1] != weights[k - 1].shape[0]:
                raise ValueError(f"weights[{k}] must have {weights[k - 1].shape[0]} columns, got shape {w.shape}")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)

    @classmethod
    def affine(cls, weight: Any, bias: Any) -> "ReLUNetwork":
        """Return the network without hidden layer ``x -> W x + b``."""
        return cls([weight], [bias])

    @classmethod
    def from_sklearn(cls, model: Any) -> "ReLUNetwork":
        """Convert a fitted ``MLPClassifier`` or ``MLPRegressor`` with ReLU units.

        A classifier gives its logits: one output for two classes (positive means ``classes_[1]``), else one
        a class; a regressor gives its predictions.

        Raises
        ------
        TypeError
            If ``model`` is not a multilayer perceptron of scikit-learn.
        ValueError
            If it is not fitted or its activation is not ``"relu"``.
        """
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        if not isinstance(model, MLPClassifier | MLPRegressor):
            raise TypeError(f"model must be a fitted MLPClassifier or MLPRegressor, got {type(model).__name__}")
        if not hasattr(model, "coefs_"):
            raise ValueError("model must be fitted, got one without coefs_")
        if model.activation != "relu":
            raise ValueError(f"model must have activation 'relu', got activation={model.activation!r}")
        if model.out_activation_ == "logistic" and model.n_outputs_ > 1:
            raise ValueError(
                f"model must not be a multilabel classifier, got one with {model.n_outputs_} labels a sample"
            )
        return cls([w.T for w in model.coefs_], model.intercepts_)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The pairs (weight matrix, bias)."""
        return tuple(zip(self.weights, self.biases, strict=True))

    @property
    def depth(self) -> int:
        """Number L of affine layers; there are L - 1 hidden layers."""
        return len(self.weights)

    @property
    def width(self) -> int:
        """Neurons in the widest hidden layer (0 without hidden layer)."""
        return max((b.size for b in self.biases[:-1]), default=0)

    @property
    def neurons(self) -> int:
        """Neurons in all hidden layers."""
        return sum(b.size for b in self.biases[:-1])

    @property
    def parameters(self) -> int:
        """Exact number of non-zero weights and biases."""
        return sum(int(np.count_nonzero(w.data) + np.count_nonzero(b)) for w, b in self.layers)

    @property
    def largest_weight(self) -> float:
        """Largest absolute value among weights and biases."""
        largest = 0.0
        for w, b in self.layers:
            for values in (w.data, b):
                if values.size:
                    largest = max(largest, float(values.max()), -float(values.min()))
        return largest

    @property
    def inputs(self) -> int:
        """Dimension of the input."""
        return self.weights[0].shape[1]

    @property
    def outputs(self) -> int:
        """Dimension of the output."""
        return self.weights[-1].shape[0]

    def forward(self, x: Any) -> np.ndarray:
        """Return ``f(x)``, shape (n, outputs), for points ``x`` of shape (n, inputs)."""
        x = self._points("x", x)
        out = np.empty((len(x), self.outputs))
        for rows in self._chunks(len(x)):
            h = np.ascontiguousarray(x[rows].T)
            for k, (w, b) in enumerate(self.layers):
                if k:
                    np.maximum(h, 0.0, out=h)
                h = w @ h
                h += b[:, None]
            out[rows] = h.T
        return out

    __call__ = forward

    def gradient(self, x: Any, cotangent: Any) -> np.ndarray:
        """Return ``grad_x <c, f(x)>``, shape (n, inputs), for cotangents ``c`` of shape (n, outputs).

        The derivative of ``s`` at 0 is taken as 0.
        """
        x = self._points("x", x)
        cotangent = validation.real_array("cotangent", cotangent, shape=(len(x), self.outputs))
        out = np.empty_like(x)
        transposed = [sparse.csr_array(w.T) for w in self.weights]
        for rows in self._chunks(len(x), copies=self.depth):
            h = np.ascontiguousarray(x[rows].T)
            active = []
            for w, b in self.layers[:-1]:
                h = w @ h + b[:, None]
                active.append(h > 0)
                np.maximum(h, 0.0, out=h)
            back = transposed[-1] @ np.ascontiguousarray(cotangent[rows].T)
            for mask, w in zip(active[::-1], transposed[-2::-1], strict=True):
                back *= mask
                back = w @ back
            out[rows] = back.T
        return out

    def bounds(self, lower: Any, upper: Any) -> tuple[np.ndarray, np.ndarray]:
        """Bound ``f`` on boxes by interval propagation, ``lower <= f(x) <= upper`` (each (n, outputs)).

        ``lower`` and ``upper`` are opposite corners, shape (n, inputs). Sound up to float rounding, in general not
        tight; exact for a network without hidden layer.
        """
        lower = self._points("lower", lower)
        upper = validation.real_array("upper", upper, shape=lower.shape)
        if (upper < lower).any():
            raise ValueError("upper must be >= lower in every coordinate")
        low = np.empty((len(lower), self.outputs))
        high = np.empty_like(low)
        for rows in self._chunks(len(lower), copies=4):
            a, b = self._propagate(lower[rows].T, upper[rows].T, self.depth)[-1]
            low[rows], high[rows] = a.T, b.T
        return low, high

    def _propagate(self, lower: np.ndarray, upper: np.ndarray, depth: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Interval bounds (units, points) of the pre-activations of the first ``depth`` layers."""
        bounds = []
        for k, (w, b) in enumerate(self.layers[:depth]):
            if k:
                lower, upper = np.maximum(lower, 0.0), np.maximum(upper, 0.0)
            plus, minus = w.maximum(0.0), w.minimum(0.0)
            shift = b[:, None]
            lower, upper = plus @ lower + minus @ upper + shift, plus @ upper + minus @ lower + shift
            bounds.append((lower, upper))
        return bounds

    def activate(self) -> "ReLUNetwork":
        """Return ``x -> s(f(x))``: the outputs become a hidden layer, read by an identity."""
        return self._from_layers((*self.layers, identity_layer(self.outputs)))

    @validation.typed
    def deepen(self, depth: int, *, nonnegative: bool = False) -> "ReLUNetwork":
        """Return the same function with ``depth`` affine layers, carrying outputs as ``s(t) - s(-t)``.

        ``nonnegative=True`` carries ``t`` as ``s(t)``, half the parameters, for outputs that are never negative.
        """
        depth = validation.integer("depth", depth, self.depth)
        missing = depth - self.depth
        if not missing:
            return self
        if nonnegative:
            return self._from_layers((*self.layers, *(identity_layer(self.outputs) for _ in range(missing))))
        eye = sparse.eye_array(self.outputs, format="csr")
        both = sparse.csr_array(sparse.vstack([eye, -eye]))
        split = compose(self.affine(both, np.zeros(2 * self.outputs)), self)
        carried = split.deepen(depth - 1, nonnegative=True) if missing > 1 else split
        return self._from_layers((*carried.layers, (sparse.csr_array(both.T), np.zeros(self.outputs))))

    def _points(self, name: str, x: Any) -> np.ndarray:
        return validation.real_array(name, x, shape=(None, self.inputs))

    def _chunks(self, points: int, copies: int = 1) -> Iterator[slice]:
        """Slices of the points such that ``copies`` arrays of the widest layer fit the workspace."""
        widest = max(self.width, self.inputs, self.outputs)
        size = max(1, _WORKSPACE // (widest * copies))
        return (slice(start, start + size) for start in range(0, points, size))


def check_network(name: str, value: Any) -> ReLUNetwork:
    """Return ``value`` if it is a network, or raise."""
    if not isinstance(value, ReLUNetwork):
        raise TypeError(f"{name} must be a ReLUNetwork, got {type(value).__name__} (a memorizer has one: its .network)")
    return value


def compose(outer: ReLUNetwork, inner: ReLUNetwork) -> ReLUNetwork:
    """Return ``outer(inner(x))``; the two affine layers that meet are merged into one."""
    outer, inner = check_network("outer", outer), check_network("inner", inner)
    if outer.inputs != inner.outputs:
        raise ValueError(f"outer must take the {inner.outputs} output(s) of inner, got outer.inputs={outer.inputs}")
    (w_in, b_in), (w_out, b_out) = inner.layers[-1], outer.layers[0]
    merged = sparse.csr_array(w_out @ w_in)
    merged.eliminate_zeros()
    return ReLUNetwork._from_layers((*inner.layers[:-1], (merged, w_out @ b_in + b_out), *outer.layers[1:]))


def stack(networks: Sequence[ReLUNetwork]) -> ReLUNetwork:
    """Return ``x -> (f_1(x), f_2(x), ...)``; shallower networks are deepened by ``s(t) - s(-t)``."""
    networks = [check_network("networks", network) for network in validation.listed("networks", networks, empty=False)]
    if len({net.inputs for net in networks}) > 1:
        raise ValueError(f"networks must have the same inputs, got {[net.inputs for net in networks]}")
    depth = max(net.depth for net in networks)
    return ReLUNetwork._from_layers(beside([net.deepen(depth).layers for net in networks], same_input=True))


def parallel_sum(networks: Sequence[ReLUNetwork], coefficients: Any = None) -> ReLUNetwork:
    """Return ``x -> sum_k c_k f_k(x)`` (all ``c_k = 1`` by default)."""
    networks = validation.listed("networks", networks, empty=False)
    both = stack(networks)
    if len({net.outputs for net in networks}) > 1:
        raise ValueError(f"networks must have the same outputs, got {[net.outputs for net in networks]}")
    given = np.ones(len(networks)) if coefficients is None else coefficients
    c = validation.real_array("coefficients", given, shape=(len(networks),))
    outputs = networks[0].outputs
    return compose(ReLUNetwork.affine(np.kron(c[None, :], np.eye(outputs)), np.zeros(outputs)), both)


def identity_layer(size: int) -> Layer:
    """Return the affine layer ``x -> x``."""
    return sparse.eye_array(size, format="csr"), np.zeros(size)


def beside(networks: Sequence[Sequence[Layer]], *, same_input: bool = False) -> list[Layer]:
    """Return the layers of networks of equal depth run side by side, each on inputs of its own or all on the same."""
    layers = []
    for k, parts in enumerate(zip(*networks, strict=True)):
        join = sparse.vstack if same_input and k == 0 else sparse.block_diag
        weight = join([w for w, _ in parts], format="csr")
        layers.append((sparse.csr_array(weight), np.concatenate([b for _, b in parts])))
    return layers


def _matrix(name: str, value: Any) -> sparse.csr_array:
    if sparse.issparse(value):
        matrix = sparse.csr_array(value, copy=True)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        if matrix.nnz:
            matrix.data = validation.real_array(name, matrix.data)
        else:
            matrix = matrix.astype(float)
        return matrix
    return sparse.csr_array(validation.real_array(name, value, ndim=2))
