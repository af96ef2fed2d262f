r"""Attacks bounded in Mahalanobis norm: delta' M^-1 delta <= eps^2 (docs/linear, "The adversary's geometry").

The worst case of a linearized residual t is \|t\| + eps \|M^(1/2) grad f\|, so that only J^2 changes. Where M has the
eigenvectors of the data covariance (linear model) or of W' W (random features), Sigma and J^2 still commute.
"""

from typing import Any

import numpy as np

from ..problem.activation import Activation
from ..problem.catalogue import resolve_activation
from ..problem.parameters import scalar
from ..support import validation
from .quadratic import QuadraticModel


def mahalanobis_linear(
    delta: float, attack: Any, tau: float = 0.0, *, signal: Any = None, covariance: Any = None
) -> QuadraticModel:
    r"""Return adversarial linear regression with data covariance C and attack matrix M of the same eigenvectors.

    .. math:: \min_\theta\frac1{2n}\sum_i(|y_i-\langle x_i,\theta\rangle|+\epsilon\sqrt{\theta^\top M\theta})^2,\qquad
              x\sim N(0,C)

    so that Sigma = C, J^2 = M and b = C theta_0 in :class:`rfrobust.theory.QuadraticModel`.

    Parameters
    ----------
    delta : float
        n/p, positive.
    attack : array_like, shape (p,)
        Eigenvalues of M, positive.
    tau : float
        Noise.
    signal : array_like, shape (p,), optional
        Squared coordinates of theta_0 in the common basis; 1/p each by default.
    covariance : array_like, shape (p,), optional
        Eigenvalues of C, positive; 1 by default.

    Returns
    -------
    QuadraticModel
        Solve it at a training radius; ``gradient_norm`` is the limit of sqrt(theta' M theta).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, shape or range.

    Notes
    -----
    Derived here. In the coordinates M^(1/2) theta the attack is Euclidean and the covariance M^-1/2 C M^-1/2: an
    anisotropic attack on isotropic data is an isotropic attack on anisotropic data.
    """
    delta = validation.real_scalar("delta", delta, 0.0, open_lower=True)
    m = validation.real_array("attack", attack, 0.0, open_lower=True, ndim=1)
    p = m.size
    tau = scalar("tau", tau)
    c = np.ones(p)
    if covariance is not None:
        c = validation.real_array("covariance", covariance, 0.0, open_lower=True, shape=(p,))
    power = np.full(p, 1.0 / p)
    if signal is not None:
        power = validation.real_array("signal", signal, 0.0, shape=(p,))
    return QuadraticModel(c, m, c * c * power, float(c @ power) + tau * tau, delta * p, tau=tau)


def mahalanobis_features(
    psi1: float, psi2: float, attack: Any, eigenvalues: Any, tau: float = 0.0, *, activation: str | Activation = "relu"
) -> QuadraticModel:
    r"""Return random features under an attack whose matrix M has the eigenvectors of W' W.

    .. math:: \Sigma=\mu_1^2x+\mu_2^2,\qquad J^2=\mu_1^2\,x\,m+\rho^2E[x\,m]

    for eigenvalues x of W W' and m of M: W M W' has the eigenvalues x m, and the second part of J^2 is
    rho^2 diag(w_i' M w_i), whose entries agree in the limit for rows of W in general position.

    Parameters
    ----------
    psi1, psi2 : float
        N/d and n/d, ``psi2`` finite.
    attack : array_like, shape (N,)
        m for each eigenvector of W W', positive; where x = 0 it does not matter.
    eigenvalues : array_like, shape (N,)
        x, >= 0 and of mean 1, at most d = N/psi1 of them positive.
    tau : float
        Noise.
    activation : str or Activation
        As for :func:`rfrobust.solve`, with rho > 0.

    Returns
    -------
    QuadraticModel
        Solve it at a training radius.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, shape or range.

    Notes
    -----
    Derived here. For a fixed M, which the drawn W does not know, W W' and W M W' do not commute, and the spectrum of
    W W' alone does not decide the limit; :func:`rfrobust.theory.drawn_network` covers any M for one drawn W.
    """
    psi1 = scalar("psi1", psi1)
    psi2 = validation.real_scalar("psi2", psi2, 0.0, open_lower=True)
    tau = scalar("tau", tau)
    m = validation.real_array("attack", attack, 0.0, open_lower=True, ndim=1)
    x = validation.real_array("eigenvalues", eigenvalues, 0.0, shape=(m.size,))
    if abs(x.mean() - 1.0) > 1e-6:
        raise ValueError(f"eigenvalues must have mean 1, got mean {float(x.mean())!r} in eigenvalues")
    if np.count_nonzero(x) > m.size / psi1 * (1.0 + 1e-9):
        raise ValueError(f"eigenvalues must have at most N/psi1 positive entries, got {np.count_nonzero(x)}")
    c, mu, rho2 = resolve_activation(activation).constants
    cross = c * x * psi1 / m.size
    return QuadraticModel(
        c * x + mu, c * x * m + rho2 * float(np.mean(x * m)), cross, 1.0 + tau * tau, m.size * psi2 / psi1,
        tau=tau, d=m.size / psi1,
    )  # fmt: skip
