"""The semi-empirical theory of one drawn first layer: its own Sigma and J^2 instead of their limits."""

import math
from typing import Any

import numpy as np

from ..problem.activation import Activation
from ..problem.catalogue import resolve_activation
from ..problem.parameters import scalar
from ..problem.spectrum import first_layer
from ..support import validation
from .covariances import CovarianceModel

#: Distance of a correlation from 1 below which rows are the same up to rounding.
SAME = 1e-14


def positive_definite(name: str, value: Any, size: int) -> np.ndarray:
    """Return ``value`` as a symmetric positive definite matrix, or raise."""
    matrix = validation.real_array(name, value, shape=(size, size))
    if np.abs(matrix - matrix.T).max() > 1e-10 * np.abs(matrix).max() or np.linalg.eigvalsh(matrix)[0] <= 0.0:
        raise ValueError(f"{name} must be symmetric and positive definite, got another matrix in {name}")
    return matrix


def drawn_network(
    W: Any,
    n: float,
    tau: float = 0.0,
    *,
    activation: str | Activation = "relu",
    beta: Any = None,
    attack: Any = None,
    radial_power: float = 0.0,
) -> CovarianceModel:
    r"""Return the semi-empirical theory of one drawn first layer, with its own Sigma and J^2 instead of limits.

    .. math:: \Sigma = E\phi\phi^\top - \mu_0^2 11^\top,\quad J^2 = (WW^\top)\circ E[\sigma'(Wx)\sigma'(Wx)^\top],
              \quad b = \mu_1 W\beta + a_2F_od^{-1/2}1

    by the dual kernels of the activation; the averages follow from the generalized eigenvalues of (Sigma, J^2).

    Parameters
    ----------
    W : array_like, shape (N, d)
        First layer, rows of unit length.
    n : float
        Number of samples.
    tau : float
        Noise.
    activation : str or Activation
        As for :func:`rfrobust.solve`.
    beta : array_like, shape (d,), optional
        Signal; by default the average over all unit vectors.
    attack : array_like, shape (d, d), optional
        M of attacks delta' M^-1 delta <= eps^2, symmetric positive definite; the identity by default. Then
        J^2 = (W M W') o E[sigma' sigma''], for any M.
    radial_power : float
        F_o^2 >= 0 of the response's radial part, as for :func:`rfrobust.solve`. With it the mean of the features
        stays in Sigma: where mu0 is not 0, it is what keeps the network from learning that part.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shape, or rows of W are not of unit length.

    Notes
    -----
    Derived here: the equivalents of docs/theory (eq-effective) hold for any Sigma and J^2 (docs/spectra).
    """
    W = first_layer(W)
    tau = scalar("tau", tau)
    a = resolve_activation(activation)
    gram = W @ W.T
    gram = np.where(np.abs(gram) > 1.0 - SAME, np.sign(gram), gram)  # kernels have infinite slopes at 1
    reach = gram if attack is None else W @ positive_definite("attack", attack, W.shape[1]) @ W.T
    metric = reach * a.derivative_dual(gram)
    radial_power = scalar("radial_power", radial_power)
    covariance = a.dual(gram) - (a.mu0**2 if radial_power == 0.0 else 0.0)
    d = W.shape[1]
    radial = np.full((len(W), 1), a.required_a2() * math.sqrt(radial_power / d) if radial_power > 0.0 else 0.0)
    if beta is None:
        source, signal = np.hstack([a.mu1 / math.sqrt(d) * W, radial]), 1.0
    else:
        direction = validation.real_array("beta", beta, shape=(d,))
        source, signal = a.mu1 * (W @ direction) + radial[:, 0], float(direction @ direction)
    power = signal + radial_power + tau * tau
    return CovarianceModel(covariance, metric, source, power, n, tau=tau, d=d)
