"""The bricks: trapezoids, blocks, gates, squaring and product networks, each with its exact error and size.

Formulas: docs/memorize, "Bricks".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from ..support import validation
from .network import Layer, ReLUNetwork, compose, identity_layer, stack

#: The two ways of writing one and the same block function as a network.
FORMS = ("trapezoid", "hinge")


def trapezoid(a: float, b: float, theta: float) -> ReLUNetwork:
    """Return ``T(t) = [s(t-a+theta) - s(t-a) - s(t-b) + s(t-b-theta)]/theta``.

    1 on [a, b], 0 outside [a - theta, b + theta], linear between; one hidden layer of 4 neurons.
    """
    a = validation.real_scalar("a", a)
    b = validation.real_scalar("b", b, a)
    theta = _width(theta)
    hidden = np.array([theta - a, -a, -b, -b - theta])
    return ReLUNetwork([np.ones((4, 1)), np.array([[1, -1, -1, 1]]) / theta], [hidden, np.zeros(1)])


def blocks(centers: Any, delta: float, theta: float, form: str = "trapezoid") -> ReLUNetwork:
    """Return the N block networks ``Gamma_i`` of l_inf cubes of radius ``delta`` around the rows of ``centers``.

    ``Gamma_i(x) = s(1 - sum_j dist(x_j, [c_ij - delta, c_ij + delta])/theta)`` wherever it is positive; exactly 1
    on the cube, exactly 0 outside the cube of radius ``delta + theta``, in [0, 1] between.

    Parameters
    ----------
    centers : (N, D) array
    delta, theta : float
        Cube radius (>= 0) and width of the transition (> 0).
    form : {"trapezoid", "hinge"}
        ``"trapezoid"``: ``s(sum_j T_j(x_j) - (D - 1))``, 4D + 1 neurons and 12D + 2 non-zero parameters a block, fewer
        by one for each bias that happens to be 0 (for D = 1 the last one always is). Differences of four terms round
        by some 1e-16 D max|x|/theta; a theta that makes this exceed 1e-6 is refused.
        ``"hinge"``: ``s(1 - sum_j [s(x_j - b_j) + s(a_j - x_j)]/theta)``, 2D + 1 neurons and 6D + 2 parameters; the
        same function, and exact in floating point as well (no cancellation of four terms).
    """
    centers = validation.real_array("centers", centers, ndim=2)
    delta, theta = check_radii(delta, theta)
    form = validation.choice("form", form, FORMS)
    layers = block_layers(centers, delta, theta, form)
    return ReLUNetwork._from_layers([*layers, identity_layer(len(centers))])


def block(center: Any, delta: float, theta: float, form: str = "trapezoid") -> ReLUNetwork:
    """Return one block, see :func:`blocks`; ``center`` has shape (D,)."""
    return blocks(validation.real_array("center", center, ndim=1)[None, :], delta, theta, form)


def check_radii(delta: float, theta: float) -> tuple[float, float]:
    """Validate a cube radius and a transition width."""
    delta = validation.real_scalar("delta", delta, 0)
    return delta, _width(theta)


def _width(theta: float) -> float:
    theta = validation.real_scalar("theta", theta, 0, open_lower=True)
    if theta < np.finfo(float).tiny:
        raise ValueError(f"theta must be large enough for 1/theta to be a float, got theta={theta!r}")
    return theta


def block_layers(
    centers: np.ndarray, delta: float, theta: float, form: str, above: Sequence[Layer] | None = None
) -> list[Layer]:
    """Return the two affine layers whose outputs, positive parts taken, are the blocks.

    The rows of ``above``, the first two layers of another network on the same input, come first. They are written in
    place: at 10,000 blocks in 784 dimensions a copy takes a gigabyte. Indices have 32 bits where they fit.
    """
    count, dimension = centers.shape
    (w1, b1), (w2, b2) = above or 2 * [(sparse.csr_array((0, 0)), np.empty(0))]
    signs, offsets, slopes, constant = _hinges(centers, delta, theta, form)
    pieces = len(signs)
    neurons = count * dimension * pieces
    index: Any = np.int32 if neurons + max(w1.nnz, w2.nnz, b1.size) < 2**31 else np.int64

    def follow(first: np.ndarray, each: Any, dtype: Any = float) -> np.ndarray:
        """Return ``first`` followed by one entry a neuron, ``each`` broadcast to (block, coordinate, piece)."""
        out = np.empty(first.size + neurons, dtype=dtype)
        out[: first.size] = first
        out[first.size :].reshape(count, dimension, pieces)[:] = each
        return out

    def run(start: int, step: int, length: int) -> np.ndarray:
        return np.arange(start, start + step * length, step, dtype=index)

    hidden = (
        follow(w1.data, signs),
        follow(w1.indices, np.arange(dimension)[:, None], index),
        np.concatenate([w1.indptr[:-1], run(w1.nnz, 1, neurons + 1)]),
    )
    sums = (
        follow(w2.data, slopes),
        np.concatenate([w2.indices, run(b1.size, 1, neurons)]),
        np.concatenate([w2.indptr[:-1], run(w2.nnz, dimension * pieces, count + 1)]),
    )
    return [
        (sparse.csr_array(hidden, shape=(b1.size + neurons, dimension)), follow(b1, offsets)),
        (sparse.csr_array(sums, shape=(b2.size + count, b1.size + neurons)), np.append(b2, np.full(count, constant))),
    ]


def _hinges(
    centers: np.ndarray, delta: float, theta: float, form: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return signs p, offsets q, slopes m and a constant c: a block is ``s(c + sum_jk m_k s(p_k x_j + q_jk))``."""
    low, high = centers - delta, centers + delta
    if form == "trapezoid":
        rounding = np.finfo(float).eps * centers.shape[1] * (np.abs(centers).max() + delta + theta) / theta
        if rounding > 1e-6:
            raise ValueError(
                f"theta={theta:g} is too small for form='trapezoid', whose differences of four terms would be wrong by "
                f"{rounding:.1g}; take form='hinge' or a larger theta"
            )
        offsets = np.stack([theta - low, -low, -high, -high - theta], axis=-1)
        return np.ones(4), offsets, np.array([1.0, -1, -1, 1]) / theta, 1.0 - centers.shape[1]
    return np.array([1.0, -1]), np.stack([-high, low], axis=-1), np.array([-1.0, -1]) / theta, 1.0


def exact_gate(bound: float) -> ReLUNetwork:
    """Return ``(f, g) -> s(f - B g) - s(-f - B g)``: f where g = 0, exactly 0 where g >= 1, if ``|f| <= B``."""
    bound = validation.real_scalar("bound", bound, 0)
    return ReLUNetwork([[[1.0, -bound], [-1.0, -bound]], [[1.0, -1.0]]], [np.zeros(2), np.zeros(1)])


def clip_gate(bound: float) -> ReLUNetwork:
    """Return ``(f, g) -> clip(f + (B + 1) g, -1, 1)`` as ``1 - s(2 - s(f + (B + 1) g + 1))``.

    It is ``clip(f, -1, 1)`` where g = 0 and exactly the label g where g = -1 or 1, if ``|f| <= B``. Written with one
    neuron a layer, so that a network f with a bias at its output pays 4 parameters for it.
    """
    bound = validation.real_scalar("bound", bound, 0)
    return ReLUNetwork([[[1.0, bound + 1]], [[-1.0]], [[-1.0]]], [[1.0], [2.0], [1.0]])


def squaring(levels: int) -> ReLUNetwork:
    """Return ``f_m(x) = x - sum_{s=1}^m g^{o s}(x)/4^s``, g the tent map: the interpolant of x^2 at k/2^m on [0, 1].

    ``0 <= f_m(x) - x^2 <= 2^{-2m-2}``, attained midway between neighbouring nodes; f_m(0) = 0 exactly. ``levels`` = m
    hidden layers of at most 3 neurons, 8m - 3 parameters.
    """
    levels = validation.integer("levels", levels, 1, 500)  # beyond, 4^-m is no float
    # Hidden layer k holds a = s(t), b = s(t - 1/2) of t = g^{o(k-1)}(x), and c = s(f_{k-1}); g(t) = 2a - 4b.
    weights: list[Any] = [np.ones((2, 1))]
    biases: list[Any] = [np.array([0.0, -0.5])]
    read = np.array([0.5, 1.0])
    for level in range(2, levels + 1):
        tent = np.array([2.0, -4.0, 0.0])[: len(read)]
        weights.append(np.stack([tent, tent, read]))
        biases.append(np.array([0.0, -0.5, 0.0]))
        read = np.array([-2.0 / 4**level, 4.0 / 4**level, 1.0])
    return ReLUNetwork([*weights, read[None, :]], [*biases, np.zeros(1)])


def product(levels: int, bound: float = 1.0) -> ReLUNetwork:
    """Return ``(x, y) -> M^2 [f_m(|x + y|/2M) - f_m(|x - y|/2M)]``, close to xy for ``|x|, |y| <= M``.

    The error is at most ``M^2 2^{-2m-2}``, attained (x = y = M/2^{m+1}), and the value is exactly 0 when a factor is 0.
    ``levels`` = m; m + 2 hidden layers, 16m + 8 parameters; the last hidden layer holds the two squares, so that they
    cancel in floating point as well.
    """
    bound = validation.real_scalar("bound", bound, 0, 1e100, open_lower=True)
    half = 1 / (2 * bound)
    signs = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]])
    absolute = ReLUNetwork([signs * half, [[1, 1, 0, 0], [0, 0, 1, 1]]], [np.zeros(4), np.zeros(2)])
    square = squaring(levels)
    first = compose(square, ReLUNetwork.affine([[1, 0]], [0]))
    second = compose(square, ReLUNetwork.affine([[0, 1]], [0]))
    difference = ReLUNetwork.affine([[bound**2, -(bound**2)]], [0])
    return compose(compose(difference, stack([first, second]).activate()), absolute)
