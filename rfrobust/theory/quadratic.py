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

from ..engine.numbers import Dual
from ..engine.records import AnyParameters, Law
from ..problem.attack import Attack
from ..problem.data import Data
from ..problem.features import Features
from ..problem.loss import SQUARE, resolve_loss
from ..problem.parameters import scalar
from ..problem.penalty import Penalty
from ..problem.problem import Problem
from ..problem.spectrum import digest
from ..support import validation
from .equilibrium import Equilibrium, solve
from .grid import sweep
from .thresholds import null_threshold


class GivenFeatures(Features):
    """Features of which Sigma, J^2 and b are given, for a number of samples n and dimensions d.

    Attributes
    ----------
    size : int
        Number N of features.
    data : Data
        Power and law of the response.
    """

    size: int
    n: float
    d: float
    data: Data
    #: There is no closed law.
    constants = (0.0, 0.0, 0.0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(N={self.size}, n={self.n:.8g})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GivenFeatures) and self.key(1.0) == other.key(1.0)

    def __hash__(self) -> int:
        return hash(self.key(1.0))

    def check(self, psi1: float, ridge: float) -> None:
        """Raise a ``ValueError`` unless psi1 is N/d."""
        expected = self.size / self.d
        if abs(psi1 - expected) > 1e-9 * expected:
            raise ValueError(f"psi1 must be N/d = {expected!r} of these features, got psi1={psi1!r}")

    def problem(
        self,
        eps: float,
        ridge: float = 0.0,
        *,
        gradient_penalty: float = 0.0,
        loss: Any = SQUARE,
        n: float | None = None,
    ) -> Problem:
        """Return the :class:`rfrobust.Problem` of these features and a number of samples at a training radius.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        """
        psi1, psi2 = self.size / self.d, (self.n if n is None else n) / self.d
        penalty = Penalty(ridge, gradient_penalty)
        return Problem(psi1, psi2, self.data, self, Attack(eps), penalty, resolve_loss(loss))

    def solve(self, eps: float, *, ridge: float = 0.0, **settings: Any) -> Equilibrium:
        """Return :func:`rfrobust.solve` of :meth:`problem`; errors are theirs."""
        return solve(self.problem(eps, ridge, **settings))

    def sweep(self, **axes: Any) -> xr.Dataset:
        """Return :func:`rfrobust.sweep` of :meth:`problem` over ``psi2``, ``eps``, ``tau`` or ``ridge``."""
        return sweep(self.problem(0.0), **axes)

    @property
    def null_threshold(self) -> float:
        r"""The radius from which on theta = 0: eps_c^2 = (pi/2)(b' J^-2 b/Y + tr(Sigma J^-2)/n)."""
        return null_threshold(self.problem(0.0))


class QuadraticModel(GivenFeatures):
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
        self.size = size = self.covariance.size
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

        self.data = Data(math.sqrt(self.signal), self.tau)
        for array in (self.covariance, self.metric, self.cross):
            array.setflags(write=False)

    def key(self, psi1: float) -> str:
        """Return the content."""
        return f"QuadraticModel({digest(*self._arrays, self.signal, self.d)})"

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return Sigma, J^2 and the explained share of the signal where Sigma > 0, and the share where it is 0."""
        seen = self.covariance > 0.0
        share = self.cross[seen] / self.covariance[seen] / self.signal
        return self.covariance[seen], self.metric[seen], share, 1.0 - seen.mean()

    def check(self, psi1: float, ridge: float) -> None:
        """Raise a ``ValueError`` unless psi1 is N/d and a ridge is diagonal in the basis."""
        super().check(psi1, ridge)
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
