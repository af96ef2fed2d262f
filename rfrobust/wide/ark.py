"""The adversarial regularization kernel: its infinite-width value and finite-width Monte Carlo."""

from typing import NamedTuple

import numpy as np

from ..support import validation
from .architecture import Architecture
from .network import FiniteNetwork


class MonteCarlo(NamedTuple):
    """A mean over independent networks and its standard error.

    Attributes
    ----------
    mean, se : ndarray, shape (samples,)
        One of each per input.
    """

    mean: np.ndarray
    se: np.ndarray


@validation.typed
def ark_limit(architecture: Architecture, x: np.ndarray, *, finite_inputs: bool = True) -> np.ndarray:
    r"""Mean of :math:`\Theta_x(x, x) = |\nabla_x f(x)|^2` over infinitely wide networks.

    .. math:: \Theta_x(x, x) = W^2 \prod_{l<D} W^2 E\,\phi'(h_l)^2
              = \begin{cases} 2 (W^2/2)^D & \text{ReLU, whatever } x \text{ and } b, \\
              W^2 \prod_{l<D} W^2 (4/\pi)/\sqrt{1 + 4 k_l} & \text{erf}, \end{cases}

    the limit in which the number n0 of inputs is large as well.

    Parameters
    ----------
    architecture : Architecture
        Depth, scales and activation.
    x : ndarray, shape (samples, n0)
        Inputs.
    finite_inputs : bool
        Keep the correction of order 1/n0 (infinite widths, this n0), which is zero for ReLU. It arises since the
        derivative of h_l along x is correlated with h_l.

    Returns
    -------
    ndarray, shape (samples,)

    Notes
    -----
    docs/wide.md, section 2 (the limit and the correction were derived for this package).
    """
    x = validation.real_array("x", x, ndim=2)
    w2 = architecture.w_std**2
    variances = architecture.variances(x)
    gradient = np.full(len(x), w2)
    if architecture.activation == "relu":
        return gradient * (w2 / 2) ** (architecture.depth - 1)
    slopes = architecture.variance_slopes(variances)
    # |cov(h_1, grad h_1)|^2 = W^4 |x|^2/n0^2, and cov(h_l, grad h_l) = grad k_l/2 afterwards.
    first = w2**2 * np.einsum("ij,ij->i", x, x) / x.shape[1] ** 2 if finite_inputs else np.zeros(len(x))
    for k, slope in zip(variances[:-1], slopes[:-1], strict=True):
        correlated = first * slope**2 / k
        mean_square = 4 / np.pi / np.sqrt(1 + 4 * k)
        # E phi'(h)^2 h^2/k = E phi'(h)^2/(1 + 4k) for the part of the gradient that follows h.
        gradient = w2 * mean_square * (gradient - correlated + correlated / (1 + 4 * k))
    return gradient


@validation.typed
def ark_monte_carlo(
    architecture: Architecture, x: np.ndarray, *, width: int, replicates: int = 100, seed: int = 0
) -> MonteCarlo:
    r"""Average :math:`|\nabla_x f(x)|^2` over random networks of finite width.

    Parameters
    ----------
    architecture : Architecture
        Depth, scales and activation.
    x : ndarray, shape (samples, n0)
        Inputs.
    width : int
        Neurons of every hidden layer.
    replicates, seed : int
        Independent networks, at least 2, and the seed of all.

    Returns
    -------
    MonteCarlo
        ``mean`` and ``se``, each of shape (samples,). For ReLU the mean is that of :func:`ark_limit` at
        every width; for erf up to O(1/width).
    """
    x = validation.real_array("x", x, ndim=2)
    replicates = validation.integer("replicates", replicates, 2, validation.MOST_REPLICATES)
    seed = validation.integer("seed", seed, 0)
    draws = np.empty((replicates, len(x)))
    for row, child in zip(draws, np.random.SeedSequence(seed).spawn(replicates), strict=True):
        network = FiniteNetwork.random(architecture, inputs=x.shape[1], width=width, seed=child)
        gradient = network.input_gradient(x, np.ones((len(x), 1)))
        row[:] = np.einsum("ij,ij->i", gradient, gradient)
    return MonteCarlo(draws.mean(axis=0), draws.std(axis=0, ddof=1) / np.sqrt(replicates))
