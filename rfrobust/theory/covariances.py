"""Features whose Sigma, J^2 and b are matrices and a vector, as measured or computed, that need not commute."""

import math
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy.linalg import eigh

from ..engine.records import AnyParameters, Law
from ..problem.data import Data
from ..problem.loss import SQUARE
from ..problem.noise import Noise, resolve_noise
from ..problem.parameters import scalar
from ..problem.problem import Problem
from ..problem.spectrum import digest
from ..support import validation
from .grid import sweep
from .matrices import Matrices
from .quadratic import GivenFeatures, QuadraticModel

#: Eigenvalues of J^2 relative to the largest one, a row, below which they are rounding.
FLAT = 1e-13
#: Asymmetry, relative to the largest entry, that is rounding.
SYMMETRIC = 1e-10


class CovarianceModel(GivenFeatures):
    r"""Features phi with E phi phi' = Sigma under an attack of gain eps \|J theta\|, given as matrices.

    .. math:: \frac1n\sum_i L(y_i,\theta^\top\phi_i,\epsilon\sqrt{\theta^\top J^2\theta})+\frac\lambda2\|\theta\|^2

    Parameters
    ----------
    covariance, metric : array_like, shape (N, N)
        Sigma and J^2, symmetric positive semidefinite.
    source : array_like, shape (N,) or (N, m)
        b = E phi y; of m columns the risks are those of b b' = source source', the average over a random signal.
    response_power : float
        Y = E y^2, positive; b' Sigma^-1 b <= Y.
    n : float
        Number of samples, positive.
    tau : float, default 0
        Scale of the noise that ``response_power`` contains.
    noise : Noise or str, optional
        Its law, N(0, 1) by default.
    labels : {"real", "sign"}
        ``"sign"`` for labels, the sign of a response of this power.
    d : float, optional
        Input dimension, to which psi1 = N/d and psi2 = n/d refer; N by default.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, shape or range.

    Notes
    -----
    docs/spectra: averages are traces of rational functions of Sigma and J^2. Without ridge the generalized
    eigenvectors of the pair diagonalize both, and everything is as fast as for :class:`QuadraticModel`; with one a
    matrix is factorized at each step of Newton's method.

    Examples
    --------
    >>> import numpy as np
    >>> from rfrobust.theory import CovarianceModel
    >>> rng = np.random.default_rng(0)
    >>> A, b = rng.standard_normal((2, 40, 20)) / 6, 0.1 * rng.standard_normal(20)
    >>> model = CovarianceModel(A[0].T @ A[0], A[1].T @ A[1], b, 10.0, n=60)
    >>> model.solve(0.3, ridge=0.1).status.name
    'SOLVED'
    """

    diagonal = False

    def __init__(
        self,
        covariance: Any,
        metric: Any,
        source: Any,
        response_power: float,
        n: float,
        *,
        tau: float = 0.0,
        noise: str | Noise | None = None,
        labels: str = "real",
        d: float | None = None,
    ) -> None:
        self.covariance = _symmetric("covariance", covariance)
        self.size = len(self.covariance)
        self.metric = _symmetric("metric", metric, self.size)
        source = validation.real_array("source", source)
        if source.ndim not in (1, 2) or len(source) != self.size:
            raise ValueError(f"source must have shape ({self.size},) or ({self.size}, m), got shape {source.shape}")
        self.source = source.reshape(self.size, -1)
        self.response_power = validation.real_scalar("response_power", response_power, 0.0, open_lower=True)
        self.n = validation.real_scalar("n", n, 0.0, open_lower=True)
        self.d = float(self.size) if d is None else validation.real_scalar("d", d, 0.0, open_lower=True)
        law = resolve_noise(noise)
        self.signal = self.response_power - scalar("tau", tau) ** 2 * law.variance
        if not self.signal > 0.0:
            raise ValueError(
                f"response_power must be > {self.response_power - self.signal:g}, the power of the noise, got "
                f"response_power={self.response_power!r}, tau={tau!r}"
            )
        self.data = Data(math.sqrt(self.signal), tau, noise=law, labels=labels)
        self.eigen  # noqa: B018 - checks what the features explain
        for array in (self.covariance, self.metric, self.source):
            array.setflags(write=False)

    @cached_property
    def _basis(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return generalized eigenvectors of (Sigma, J^2) as unit columns, and Sigma and J^2 there.

        Directions without gradient, as those of repeated rows, must be functions without variance, and are left out.
        """
        squares, basis = eigh(self.metric)
        _refuse_negative("metric", squares)
        seen = squares > FLAT * self.size * squares[-1]
        if not seen.any():
            raise ValueError("metric must be positive in some direction, got a metric of 0")
        blind = float(np.sum(basis[:, ~seen] * (self.covariance @ basis[:, ~seen])))
        if blind > 1e-8 * abs(float(np.trace(self.covariance))):
            raise ValueError(
                f"metric must be positive where covariance is, got directions without gradient of variance {blind:.3g}"
            )
        basis = basis[:, seen] / np.sqrt(squares[seen])
        values, vectors = eigh(basis.T @ self.covariance @ basis)
        _refuse_negative("covariance", values)
        values = np.where(values > FLAT * self.size * values[-1], values, 0.0)
        vectors = basis @ vectors
        squared = np.square(vectors).sum(axis=0)
        return vectors / np.sqrt(squared), values / squared, 1.0 / squared

    @cached_property
    def eigen(self) -> QuadraticModel:
        """The same in generalized eigenvectors of (Sigma, J^2); without a ridge no more is needed."""
        _, sigma, metric = self._basis
        covariance, reach, cross = np.zeros(self.size), np.ones(self.size), np.zeros(self.size)
        seen = slice(sigma.size)
        covariance[seen], reach[seen], cross[seen] = sigma, metric, np.square(self._source).sum(axis=1)
        return QuadraticModel(covariance, reach, cross, self.signal, self.n, d=self.d, orthonormal=False)

    @cached_property
    def _source(self) -> np.ndarray:
        basis, sigma, _ = self._basis
        return np.where(sigma[:, None] > 0.0, basis.T @ self.source, 0.0)

    @cached_property
    def _gram(self) -> np.ndarray:
        basis, _, _ = self._basis
        return basis.T @ basis

    def key(self, psi1: float) -> str:
        """Return the content."""
        return f"CovarianceModel({digest(self.covariance, self.metric, self.source, self.signal, self.d)})"

    def law(self, p: AnyParameters) -> Law:
        """Return the arrays of :attr:`eigen`: without a ridge all that is to know, with one a start."""
        self.check(p.psi1, 0.0)
        return self.eigen.law(p._replace(ridge=0.0))

    def dual_law(self, p: AnyParameters) -> Law:
        """Return the arrays in numbers that carry derivatives, without a ridge."""
        self.check(float(p.psi1.value), 0.0)
        return self.eigen.dual_law(p)

    def matrices(self, p: AnyParameters) -> Matrices | None:
        """Return what averages at a ridge, None without one."""
        if p.ridge == 0.0:
            return None
        _, sigma, metric = self._basis
        source = math.sqrt(p.signal / self.signal) * self._source
        return Matrices(sigma, metric, self._gram, source, self.size, p.signal)

    def problem(
        self,
        eps: float,
        ridge: float = 0.0,
        *,
        gradient_penalty: float = 0.0,
        loss: Any = SQUARE,
        n: float | None = None,
        dense: bool = False,
    ) -> Problem:
        """Return the :class:`rfrobust.Problem` of these features and a number of samples at a training radius.

        Without a ridge its features are :attr:`eigen`, unless they are to be varied to one (``dense``).

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        """
        problem = super().problem(eps, ridge, gradient_penalty=gradient_penalty, loss=loss, n=n)
        return problem if dense or ridge > 0.0 else self._without_ridge(problem)

    def _without_ridge(self, problem: Problem) -> Problem:
        return Problem(
            problem.psi1, problem.psi2, problem.data, self.eigen, problem.attack, problem.penalty, problem.loss
        )  # fmt: skip

    def sweep(self, **axes: Any) -> xr.Dataset:
        """Return :func:`rfrobust.sweep` of :meth:`problem` over ``psi2``, ``eps``, ``tau`` or penalties."""
        ridge = axes.get("ridge")
        problem = super().problem(0.0)
        return sweep(self._without_ridge(problem) if ridge is None else problem, **axes)


def _symmetric(name: str, value: Any, size: int | None = None) -> np.ndarray:
    """Return ``value`` as a symmetric matrix, or raise."""
    matrix = validation.real_array(name, value, ndim=2)
    size = len(matrix) if size is None else size
    if matrix.shape != (size, size) or size == 0:
        raise ValueError(f"{name} must have shape ({size}, {size}), got shape {matrix.shape}")
    asymmetry = float(np.abs(matrix - matrix.T).max())
    if asymmetry > SYMMETRIC * float(np.abs(matrix).max()):
        raise ValueError(f"{name} must be symmetric, got an asymmetry of {asymmetry:.3g} in {name}")
    return 0.5 * (matrix + matrix.T)


def _refuse_negative(name: str, eigenvalues: np.ndarray) -> None:
    least = float(eigenvalues[0])
    if least < -1e-10 * len(eigenvalues) * float(np.abs(eigenvalues).max()):
        raise ValueError(f"{name} must be positive semidefinite, got an eigenvalue {least:.3g} in {name}")
