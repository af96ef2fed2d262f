"""Closed-form NNGP and neural tangent kernels of wide networks, over large data sets, with input derivatives.

The inner products are one BLAS product a block; everything after them is elementwise, so that the whole recursion
over the layers runs in registers and a block needs no memory beyond its output. Blocks run on threads, and a
symmetric kernel computes its upper triangle only.
"""

import math
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from ..support import validation
from ..support.jit import njit
from ..support.workers import thread_pool, worker_count
from .architecture import Architecture

#: Rows of a block: large enough for BLAS, small enough that a block of a wide data set stays in the cache.
_BLOCK = 1024
#: Two inputs whose cosine is closer to 1 than this are the same input: the arc cosine turns the rounding error e of
#: a cosine into an angle sqrt(2 e), so anything closer (8e-8 in angle) is noise.
_SAME = 16 * np.finfo(float).eps


@njit
def _relu_kernels(k1, roots_x, roots_z, w2, b2, ntk, out):
    """Run the ReLU recursion on a block of first-layer covariances; ``out`` may be ``k1`` itself."""
    for i in range(k1.shape[0]):
        for j in range(k1.shape[1]):
            k = k1[i, j]
            theta = k
            for layer in range(roots_x.shape[0] - 1):
                q = roots_x[layer, i] * roots_z[layer, j]
                cosine = k / q if q > 0.0 else 0.0
                if cosine > 1.0 - _SAME:
                    k_phi, k_dot = 0.5 * q, 0.5
                else:
                    cosine = max(cosine, -1.0)
                    rest = math.pi - math.acos(cosine)
                    k_phi = q * (math.sqrt(1.0 - cosine * cosine) + rest * cosine) / (2.0 * math.pi)
                    k_dot = rest / (2.0 * math.pi)
                k = w2 * k_phi + b2
                theta = k + w2 * k_dot * theta
            out[i, j] = theta if ntk else k


@njit
def _erf_kernels(k1, scales_x, scales_z, w2, b2, ntk, out):
    """Run the erf recursion on a block of first-layer covariances; ``scales`` are 1 + 2 k of each layer."""
    for i in range(k1.shape[0]):
        for j in range(k1.shape[1]):
            k = k1[i, j]
            theta = k
            for layer in range(scales_x.shape[0] - 1):
                product = scales_x[layer, i] * scales_z[layer, j]
                k_dot = 4.0 / math.pi / math.sqrt(product - 4.0 * k * k)
                k = w2 * 2.0 / math.pi * math.asin(2.0 * k / math.sqrt(product)) + b2
                theta = k + w2 * k_dot * theta
            out[i, j] = theta if ntk else k


@njit
def _relu_partials(k1, roots_x, slopes_x, roots_z, w2, b2, theta_out, by_s, by_k):
    """Compute the NTK and its derivatives in s = k1(x, z) and k = k1(x, x)."""
    for i in range(k1.shape[0]):
        for j in range(k1.shape[1]):
            k, k_s, k_k = k1[i, j], 1.0, 0.0
            theta, theta_s, theta_k = k, 1.0, 0.0
            for layer in range(roots_x.shape[0] - 1):
                root = roots_x[layer, i]
                q = root * roots_z[layer, j]
                cosine = k / q if q > 0.0 else 0.0
                slope = slopes_x[layer, i]
                if cosine > 1.0 - _SAME or q == 0.0:
                    # The kink at x = z: the mean of the one-sided derivatives, in which the angle drops out.
                    k_phi, k_dot, dot_s, dot_k, phi_k = 0.5 * q, 0.5, 0.0, 0.0, 0.0
                else:
                    cosine = max(cosine, -1.0)
                    sine = math.sqrt(1.0 - cosine * cosine)
                    rest = math.pi - math.acos(cosine)
                    k_phi = q * (sine + rest * cosine) / (2.0 * math.pi)
                    k_dot = rest / (2.0 * math.pi)
                    phi_k = sine * q / (4.0 * math.pi * root * root) * slope
                    dot_s, dot_k = 0.0, 0.0
                    if sine > 0.0:
                        by_angle = 1.0 / (2.0 * math.pi * sine)
                        dot_s = by_angle / q * k_s
                        dot_k = by_angle * (k_k / q - 0.5 * cosine / (root * root) * slope)
                k_s, k_k = w2 * k_dot * k_s, w2 * (k_dot * k_k + phi_k)
                k = w2 * k_phi + b2
                theta_s = k_s + w2 * (dot_s * theta + k_dot * theta_s)
                theta_k = k_k + w2 * (dot_k * theta + k_dot * theta_k)
                theta = k + w2 * k_dot * theta
            theta_out[i, j], by_s[i, j], by_k[i, j] = theta, theta_s, theta_k


@njit
def _erf_partials(k1, scales_x, slopes_x, scales_z, w2, b2, theta_out, by_s, by_k):
    """Compute the NTK and its derivatives in s = k1(x, z) and k = k1(x, x)."""
    for i in range(k1.shape[0]):
        for j in range(k1.shape[1]):
            k, k_s, k_k = k1[i, j], 1.0, 0.0
            theta, theta_s, theta_k = k, 1.0, 0.0
            for layer in range(scales_x.shape[0] - 1):
                scale_x, scale_z = scales_x[layer, i], scales_z[layer, j]
                slope = slopes_x[layer, i]
                gap = scale_x * scale_z - 4.0 * k * k
                k_dot = 4.0 / math.pi / math.sqrt(gap)
                dot_s = k_dot * 4.0 * k / gap * k_s
                dot_k = k_dot * (4.0 * k * k_k - scale_z * slope) / gap
                phi_k = -k_dot * k / scale_x * slope
                k_s, k_k = w2 * k_dot * k_s, w2 * (k_dot * k_k + phi_k)
                k = w2 * 2.0 / math.pi * math.asin(2.0 * k / math.sqrt(scale_x * scale_z)) + b2
                theta_s = k_s + w2 * (dot_s * theta + k_dot * theta_s)
                theta_k = k_k + w2 * (dot_k * theta + k_dot * theta_k)
                theta = k + w2 * k_dot * theta
            theta_out[i, j], by_s[i, j], by_k[i, j] = theta, theta_s, theta_k


def _layer_scales(architecture: Architecture, variances: np.ndarray) -> np.ndarray:
    return np.sqrt(variances) if architecture.activation == "relu" else 1 + 2 * variances


def _slices(size: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK, size)) for start in range(0, size, _BLOCK)]


def _run_blocks(
    work: Callable[[slice, slice], None], blocks: Iterable[tuple[slice, slice]], workers: int | None
) -> None:
    count, listed = worker_count(workers), list(blocks)
    if len(listed) == 1:
        # Starting threads would take longer than a small block; BLAS has its own.
        with nullcontext() if workers is None else _blas().limit(limits=count):
            work(*listed[0])
        return
    with _blas().limit(limits=1), thread_pool(count) as pool:
        for done in [pool.submit(work, rows, columns) for rows, columns in listed]:
            done.result()


@cache
def _blas() -> ThreadpoolController:
    """Finding the libraries takes longer than a small block."""
    return ThreadpoolController()


def _inputs(x: np.ndarray, z: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    x = validation.real_array("x", x, ndim=2)
    return x, x if z is None else validation.real_array("z", z, shape=(None, x.shape[1]))


def _covariance(architecture: Architecture, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return K_1 without a temporary of its size."""
    block = x @ z.T
    block *= architecture.w_std**2 / x.shape[1]
    block += architecture.b_std**2
    return block


def _kernel(
    architecture: Architecture, x: np.ndarray, z: np.ndarray | None, ntk: bool, workers: int | None
) -> np.ndarray:
    symmetric = z is None
    x, z = _inputs(x, z)
    w2, b2 = architecture.w_std**2, architecture.b_std**2
    scales_x = _layer_scales(architecture, architecture.variances(x))
    scales_z = scales_x if symmetric else _layer_scales(architecture, architecture.variances(z))
    recursion = _relu_kernels if architecture.activation == "relu" else _erf_kernels
    out = np.empty((len(x), len(z)))

    def work(rows: slice, columns: slice) -> None:
        block = _covariance(architecture, x[rows], z[columns])
        recursion(block, scales_x[:, rows], scales_z[:, columns], w2, b2, ntk, block)
        out[rows, columns] = block
        if symmetric and rows != columns:
            out[columns, rows] = block.T

    blocks = (
        (rows, columns)
        for rows in _slices(len(x))
        for columns in _slices(len(z))
        if not symmetric or rows.start <= columns.start
    )
    _run_blocks(work, blocks, workers)
    return out


@validation.typed
def nngp(
    architecture: Architecture, x: np.ndarray, z: np.ndarray | None = None, *, workers: int | None = None
) -> np.ndarray:
    r"""Covariance of the outputs at initialization (the neural network Gaussian process kernel).

    .. math:: K_1 = W^2 \langle x, z\rangle / n_0 + b^2, \qquad K_{l+1} = W^2 E[\phi(u)\phi(v)] + b^2,

    with (u, v) centred Gaussian of covariance :math:`K_l`.

    Parameters
    ----------
    architecture : Architecture
        Depth, scales and activation.
    x : ndarray, shape (rows, n0)
        Inputs.
    z : ndarray, shape (columns, n0), optional
        Second inputs; the symmetric kernel of ``x`` with itself by default (half the work, exactly symmetric).
    workers : int, optional
        Threads; all available cores by default.

    Returns
    -------
    ndarray, shape (rows, columns)

    Raises
    ------
    TypeError, ValueError
        If an input is not a finite real matrix, or the numbers of features differ.

    Notes
    -----
    docs/wide.md, section 1. A ReLU network cannot tell inputs closer than 8e-8 in angle: their rounding noise is
    set to the same input exactly, which keeps the diagonal exact and the kernel of duplicated rows singular.
    """
    return _kernel(architecture, x, z, False, workers)


@validation.typed
def ntk(
    architecture: Architecture, x: np.ndarray, z: np.ndarray | None = None, *, workers: int | None = None
) -> np.ndarray:
    r"""Neural tangent kernel at infinite width.

    .. math:: \Theta_1 = K_1, \qquad \Theta_{l+1} = K_{l+1} + W^2 E[\phi'(u)\phi'(v)]\, \Theta_l.

    Parameters, errors and the treatment of coinciding inputs are those of :func:`nngp`.
    """
    return _kernel(architecture, x, z, True, workers)


@validation.typed
def ntk_with_gradient(
    architecture: Architecture, x: np.ndarray, z: np.ndarray, *, workers: int | None = None
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    r"""Return the NTK of ``x`` against ``z`` and the exact pullback of its derivative in ``x``.

    The kernel depends on x through :math:`s = K_1(x, z)` and :math:`k = K_1(x, x)` only, so that

    .. math:: \sum_j G_{ij} \nabla_{x_i} \Theta(x_i, z_j)
              = \frac{W^2}{n_0} \Big( \sum_j G_{ij} \Theta_s(x_i, z_j)\, z_j
                + 2 x_i \sum_j G_{ij} \Theta_k(x_i, z_j) \Big).

    Parameters
    ----------
    architecture : Architecture
        Depth, scales and activation.
    x, z : ndarray, shapes (rows, n0) and (columns, n0)
        Inputs, and the samples they are compared with.
    workers : int, optional
        Threads; all available cores by default.

    Returns
    -------
    theta : ndarray, shape (rows, columns)
        The kernel.
    pullback : callable
        Takes the weights G, shape (rows, columns), and returns the gradients, shape (rows, n0).

    Notes
    -----
    docs/wide.md, section 1. The ReLU kernel has a kink where x equals some z; there the mean of the one-sided
    derivatives is returned.
    """
    x, z = _inputs(x, z)
    w2, b2 = architecture.w_std**2, architecture.b_std**2
    variances = architecture.variances(x)
    slopes = architecture.variance_slopes(variances)
    scales_x, scales_z = (_layer_scales(architecture, v) for v in (variances, architecture.variances(z)))
    partials = _relu_partials if architecture.activation == "relu" else _erf_partials
    theta, by_s, by_k = (np.empty((len(x), len(z))) for _ in range(3))

    def work(rows: slice, columns: slice) -> None:
        block = _covariance(architecture, x[rows], z[columns])
        scales = scales_x[:, rows], slopes[:, rows], scales_z[:, columns]
        partials(block, *scales, w2, b2, *(out[rows, columns] for out in (theta, by_s, by_k)))

    _run_blocks(work, ((rows, columns) for rows in _slices(len(x)) for columns in _slices(len(z))), workers)

    def pullback(weights: np.ndarray) -> np.ndarray:
        along_z = (weights * by_s) @ z
        along_x = np.einsum("ij,ij->i", weights, by_k)[:, None] * x
        return w2 / x.shape[1] * (along_z + 2 * along_x)

    return theta, pullback
