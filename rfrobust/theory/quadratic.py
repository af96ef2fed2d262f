r"""The two equations for any pair (Sigma, J^2) that one basis diagonalizes: drawn networks, other attack norms.

Features phi ~ N(0, Sigma), response y with E phi y = b and variance Y, attack gain eps (theta' J^2 theta)^(1/2),
n samples. With H = Sigma + k J^2 + l, the averages of docs/theory (eq-risks) become (docs/spectra)

    D   = (1/n) tr Sigma H^-1
    v   = (Y - 2 b' H^-1 b + b' H^-1 Sigma H^-1 b) / (1 - g (1/n) tr (Sigma H^-1)^2)
    r^2 = b' H^-1 J^2 H^-1 b + g v (1/n) tr Sigma H^-1 J^2 H^-1

and the equations (I), (II) are unchanged.
"""

import math
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy.linalg import eigh

from ..engine.numbers import Dual
from ..engine.records import AnyParameters, Law
from ..problem.activation import Activation
from ..problem.attack import Attack
from ..problem.catalogue import resolve_activation
from ..problem.data import Data
from ..problem.features import Features
from ..problem.parameters import scalar
from ..problem.penalty import Penalty
from ..problem.problem import Problem
from ..problem.spectrum import digest, first_layer
from ..support import validation
from .equilibrium import Equilibrium, solve
from .grid import sweep
from .thresholds import null_threshold

#: Eigenvalues of J^2 relative to the largest one, a row, below which they are rounding.
FLAT = 1e-13
#: Distance of a correlation from 1 below which rows are the same up to rounding.
SAME = 1e-14


class QuadraticModel(Features):
    r"""Gaussian features with covariance Sigma under an attack of gain eps \|J theta\|, both diagonal in one basis.

    Parameters
    ----------
    covariance, metric : array_like, shape (N,)
        Eigenvalues of Sigma, >= 0, and of J^2, > 0.
    cross : array_like, shape (N,)
        Squared coordinates of b = E phi y, >= 0.
    response_power : float
        Y = E y^2, positive; b' Sigma^-1 b <= Y.
    n : float
        Number of samples, positive.
    tau : float, default 0
        Standard deviation of label noise that ``response_power`` contains.
    d : float, optional
        Input dimension, to which psi1 = N/d and psi2 = n/d refer; N by default.
    orthonormal : bool
        Whether the common basis is orthonormal; if it is not (generalized eigenvectors), a ridge is not diagonal in
        it and :meth:`solve` refuses one.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, shape or range.

    Notes
    -----
    Derived here (docs/spectra); :eq:`eq-risks` is the case of features that see x through W W'.
    """

    def __init__(
        self,
        covariance: Any,
        metric: Any,
        cross: Any,
        response_power: float,
        n: float,
        *,
        tau: float = 0.0,
        d: float | None = None,
        orthonormal: bool = True,
    ) -> None:
        if not isinstance(orthonormal, bool | np.bool_):
            raise TypeError(f"orthonormal must be True or False, got {orthonormal!r}")
        self.orthonormal = bool(orthonormal)
        self.covariance = validation.real_array("covariance", covariance, 0.0, ndim=1)
        size = self.covariance.size
        self.metric = validation.real_array("metric", metric, 0.0, open_lower=True, shape=(size,))
        self.cross = validation.real_array("cross", cross, 0.0, shape=(size,))
        self.response_power = validation.real_scalar("response_power", response_power, 0.0, open_lower=True)
        self.n = validation.real_scalar("n", n, 0.0, open_lower=True)
        self.d = float(size) if d is None else validation.real_scalar("d", d, 0.0, open_lower=True)
        self.tau = scalar("tau", tau)
        blind = (self.covariance == 0.0) & (self.cross > 0.0)
        if blind.any():
            raise ValueError("cross must be 0 where covariance is 0: features without variance correlate with nothing")
        seen = self.covariance > 0.0
        explained = float((self.cross[seen] / self.covariance[seen]).sum())
        if explained > self.response_power * (1.0 + 1e-9):
            raise ValueError(
                f"response_power must be >= b' Sigma^-1 b = {explained:.6g}, the part of it that phi explains, got "
                f"response_power={self.response_power!r}"
            )
        self.signal = self.response_power - self.tau * self.tau
        if not self.signal > 0.0:
            raise ValueError(
                f"response_power must be > tau^2, got response_power={self.response_power!r}, tau={self.tau!r}"
            )

        for array in (self.covariance, self.metric, self.cross):
            array.setflags(write=False)

    #: There is no closed law.
    constants = (0.0, 0.0, 0.0)

    def __repr__(self) -> str:
        return f"QuadraticModel(N={self.covariance.size}, n={self.n:.8g})"

    def key(self, psi1: float) -> str:
        """Return the content."""
        return f"QuadraticModel({digest(*self._arrays, self.signal, self.d)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuadraticModel) and self.key(1.0) == other.key(1.0)

    def __hash__(self) -> int:
        return hash(self.key(1.0))

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return Sigma, J^2 and the explained share of the signal where Sigma > 0, and the share where it is 0."""
        seen = self.covariance > 0.0
        share = self.cross[seen] / self.covariance[seen] / self.signal
        return self.covariance[seen], self.metric[seen], share, 1.0 - seen.mean()

    def check(self, psi1: float, ridge: float) -> None:
        """Raise a ``ValueError`` unless psi1 is N/d and a ridge is diagonal in the basis."""
        expected = self.covariance.size / self.d
        if abs(psi1 - expected) > 1e-9 * expected:
            raise ValueError(f"psi1 must be N/d = {expected!r} of these features, got psi1={psi1!r}")
        if ridge > 0.0 and not self.orthonormal:
            raise ValueError(f"ridge must be 0 for this model, whose basis is not orthonormal, got ridge={ridge!r}")

    def law(self, p: AnyParameters) -> Law:
        """Return the arrays; ``p.psi1`` must be N/d."""
        self.check(p.psi1, p.ridge)
        sigma, metric, share, null = self._arrays
        weights = np.full(sigma.size, 1.0 / self.covariance.size)
        return Law(sigma, metric, p.signal * share, weights, null, p.signal * max(1.0 - share.sum(), 0.0), 0.0)

    def dual_law(self, p: AnyParameters) -> Law:
        """Return the arrays in numbers that carry derivatives."""
        self.check(float(p.psi1.value), float(p.ridge.value))
        zero = p.signal * 0.0

        def numbers(values: np.ndarray) -> list[Dual]:
            return [zero + float(value) for value in values]

        seen, count = self.covariance > 0.0, self.covariance.size
        sigma, metric, cross = (numbers(values[seen]) for values in (self.covariance, self.metric, self.cross))
        share = [b / s / self.signal for b, s in zip(cross, sigma, strict=True)]
        rest = 1.0 - sum(share, zero)
        explained = [p.signal * part for part in share]
        weights = [(zero + 1.0) / count] * len(sigma)
        unexplained = p.signal * rest if float(rest.value) > 0.0 else zero
        null = (zero + float(count - len(sigma))) / count
        return Law(sigma, metric, explained, weights, null, unexplained, zero)

    def problem(self, eps: float, ridge: float = 0.0) -> Problem:
        """Return the :class:`rfrobust.Problem` of these features and this number of samples at a training radius.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        """
        data = Data(math.sqrt(self.signal), self.tau)
        psi1, psi2 = self.covariance.size / self.d, self.n / self.d
        return Problem(psi1, psi2, data, self, Attack(eps), Penalty(ridge))

    def solve(self, eps: float, *, ridge: float = 0.0) -> Equilibrium:
        """Return :func:`rfrobust.solve` of :meth:`problem`; errors are theirs."""
        return solve(self.problem(eps, ridge))

    def sweep(self, **axes: Any) -> xr.Dataset:
        """Return :func:`rfrobust.sweep` of :meth:`problem` over ``psi2``, ``eps``, ``tau`` or ``ridge``."""
        return sweep(self.problem(0.0), **axes)

    @property
    def null_threshold(self) -> float:
        r"""The radius from which on theta = 0: eps_c^2 = (pi/2)(b' J^-2 b/Y + tr(Sigma J^-2)/n)."""
        return null_threshold(self.problem(0.0))


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
) -> QuadraticModel:
    r"""Return the semi-empirical theory of one drawn first layer, with its own Sigma and J^2 instead of limits.

    .. math:: \Sigma = E\phi\phi^\top - \mu_0^2 11^\top,\quad J^2 = (WW^\top)\circ E[\sigma'(Wx)\sigma'(Wx)^\top],
              \quad b = \mu_1 W\beta + a_2F_od^{-1/2}1

    by the dual kernels of the activation; the averages follow from the generalized eigenvalues of (Sigma, J^2).
    The model refuses a ridge, which is not diagonal in the generalized eigenvectors.

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
    values, vectors = _common_basis(covariance, metric)
    null = len(W) - values.size
    source = np.zeros(len(W))
    if radial_power > 0.0:
        source += a.required_a2() * math.sqrt(radial_power / W.shape[1])
    if beta is None:
        cross = a.mu1**2 / W.shape[1] * np.square(vectors.T @ W).sum(axis=1) + np.square(vectors.T @ source)
        signal = 1.0
    else:
        direction = validation.real_array("beta", beta, shape=(W.shape[1],))
        cross = np.square(vectors.T @ (a.mu1 * (W @ direction) + source))
        signal = float(direction @ direction)
    values, cross = np.append(values, np.zeros(null)), np.append(cross, np.zeros(null))
    power = signal + radial_power + tau * tau
    return QuadraticModel(values, np.ones_like(values), cross, power, n, tau=tau, d=W.shape[1], orthonormal=False)


def _common_basis(covariance: np.ndarray, metric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the generalized eigenvalues and eigenvectors of (Sigma, J^2) where J^2 is not 0.

    Directions without gradient, as those of repeated rows, are functions without variance: nothing happens there.
    """
    squares, basis = eigh(metric)
    seen = squares > FLAT * len(squares) * squares[-1]
    basis = basis[:, seen] / np.sqrt(squares[seen])
    values, vectors = eigh(basis.T @ covariance @ basis)
    return np.maximum(values, 0.0), basis @ vectors
