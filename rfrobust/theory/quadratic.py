r"""The two equations for any pair (Sigma, J^2) that one basis diagonalizes: drawn networks, other attack norms.

Features phi ~ N(0, Sigma), response y with E phi y = b and variance Y, attack gain eps (theta' J^2 theta)^(1/2),
n samples. With H = Sigma + k J^2 + l, the averages of docs/theory (eq-risks) become (docs/spectra)

    D   = (1/n) tr Sigma H^-1
    v   = (Y - 2 b' H^-1 b + b' H^-1 Sigma H^-1 b) / (1 - g (1/n) tr (Sigma H^-1)^2)
    r^2 = b' H^-1 J^2 H^-1 b + g v (1/n) tr Sigma H^-1 J^2 H^-1

and the equations (I), (II) are unchanged.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, eigh
from scipy.optimize import least_squares

from ..engine import regimes as solver
from ..engine.equations import SQRT_2_OVER_PI, gaussian_parts
from ..problem.activation import Activation, resolve_activation
from ..problem.parameters import scalar
from ..support import validation
from .equilibrium import Phase, SolverError, Status, adversarial_risk

_STARTS = (
    (0.0, 0.0),
    (-1.0, -2.0),
    (-1.0, 3.0),
    (0.5, 1.5),
    (-3.0, 0.0),
    (0.0, -4.0),
    (-3.0, 6.0),
    (1.0, 4.0),
)


@dataclass(frozen=True)
class AnisotropicEquilibrium:
    """The limiting trained model of a :class:`QuadraticModel`; fields as in :class:`rfrobust.Equilibrium`."""

    eps: float
    ridge: float
    q: float
    V: float
    k: float
    standard_risk: float
    gradient_norm: float
    training_loss: float
    mean_abs_residual: float
    zero_residual_fraction: float
    phase: Phase
    status: Status
    residual: float

    def adversarial_risk(self, eps_test: float | None = None) -> float:
        """Return the adversarial risk at radius ``eps_test``, the training radius by default."""
        radius = self.eps if eps_test is None else scalar("eps_test", eps_test)
        return float(adversarial_risk(self.standard_risk, self.gradient_norm, radius))


class QuadraticModel:
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
        blind = (self.covariance == 0.0) & (self.cross > 0.0)
        if blind.any():
            raise ValueError(
                "cross must be 0 where covariance is 0: features without variance correlate with nothing"
            )
        seen = self.covariance > 0.0
        explained = float((self.cross[seen] / self.covariance[seen]).sum())
        if explained > self.response_power * (1.0 + 1e-9):
            raise ValueError(
                f"response_power must be >= b' Sigma^-1 b = {explained:.6g}, the part of it that phi explains, got "
                f"response_power={self.response_power!r}"
            )

    @property
    def null_threshold(self) -> float:
        r"""The radius from which on theta = 0: eps_c^2 = (pi/2)(b' J^-2 b/Y + tr(Sigma J^-2)/n)."""
        gain = float((self.cross / self.metric).sum()) / self.response_power
        return math.sqrt(0.5 * math.pi * (gain + float((self.covariance / self.metric).sum()) / self.n))

    def _averages(self, k: float, l: float) -> tuple[float, float, float, float, float, float]:
        """(1/n) tr Sigma/H, its complement in trace, the risk without noise, its denominator parts, r^2 parts."""
        rest = k * self.metric + l
        H = self.covariance + rest
        share = self.covariance / H
        first = float(share.sum()) / self.n
        complement = float((rest / H).sum()) / self.n
        second = float((share * rest / H).sum()) / self.n
        noise = float((share * self.metric / H).sum()) / self.n
        seen = share > 0.0
        explained = self.cross[seen] / self.covariance[seen]
        bias = self.response_power - float(explained.sum()) + float((explained * (rest / H)[seen] ** 2).sum())
        signal = float((self.cross * self.metric / (H * H)).sum())
        return first, complement, second, noise, bias, signal

    def _state(
        self, q: float, V: float, eps: float, ridge: float
    ) -> tuple[float, float, float, float, float]:
        """Return the residuals of (II) and of D, then k, v and r^2."""
        s = q * V
        p0, p1, phi, m, A = gaussian_parts(s)
        y = 1.0 / (1.0 + V)
        D = p0 + p1 * V * y
        G = A + (p1 + 2.0 * s * phi + 4.0 * q * phi + q * q * p1) * (V * y) ** 2
        U = (s * m + p1 * V) * y * y  # D - G
        k = eps * eps * (m * y + q) * V / (D * q)
        first, complement, second, noise, bias, signal = self._averages(k, ridge * V / D)
        X = D * U + G * second
        v = bias * D * D / X
        r2 = signal + bias * G * noise / X
        # the complement of D keeps the digits of 1 - D, as in equations.py
        excess = self.covariance.size / self.n - 1.0
        left, right = (complement, p1 * y + excess) if excess >= 0.0 else (complement - excess, p1 * y)
        return (
            math.log(q * q * v / (eps * eps * r2)),
            math.log(D / first) + math.log(left / right),
            k,
            v,
            r2,
        )

    def solve(self, eps: float, *, ridge: float = 0.0) -> AnisotropicEquilibrium:
        """Return the limiting trained model at training radius ``eps`` > 0.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        SolverError
            If no start leads to a residual below 1e-10.
        """
        eps = validation.real_scalar("eps", eps, 0.0, open_lower=True)
        ridge = scalar("ridge", ridge)
        if ridge > 0.0 and not self.orthonormal:
            raise ValueError(
                f"ridge must be 0 for this model, whose basis is not orthonormal, got ridge={ridge!r}"
            )
        if eps >= self.null_threshold:
            Y = self.response_power
            return AnisotropicEquilibrium(
                eps, ridge, 0.0, 0.0, math.inf, Y, 0.0, 0.5 * Y, math.sqrt(Y) * SQRT_2_OVER_PI, 0.0,
                Phase.NULL, Status.SOLVED, 0.0,
            )  # fmt: skip

        def residuals(logs: np.ndarray) -> np.ndarray:
            return np.array(self._state(math.exp(logs[0]), math.exp(logs[1]), eps, ridge)[:2])

        best: Any = None
        for start in _STARTS:
            shifted = np.clip(np.add(start, (math.log(eps), 0.0)), -12.0, 12.0)
            fit = least_squares(residuals, shifted, bounds=(-25.0, 25.0), xtol=1e-15, ftol=1e-15, gtol=1e-15)
            if best is None or fit.cost < best.cost:
                best = fit
            if float(np.abs(best.fun).max()) <= 0.01 * solver.RESIDUAL_TOLERANCE:
                break
        q, V = (math.exp(value) for value in best.x)
        F1, F2, k, v, r2 = self._state(q, V, eps, ridge)
        residual = max(abs(F1), abs(F2))
        if not residual <= solver.RESIDUAL_TOLERANCE:
            raise SolverError(Status.NOT_CONVERGED, f"eps={eps!r}, ridge={ridge!r}, n={self.n!r}")
        phase = Phase.INTERPOLATING if math.erfc(q * V * math.sqrt(0.5)) == 0.0 else Phase.REGULAR
        p0, p1, _, m, _ = gaussian_parts(q * V)
        y = 1.0 / (1.0 + V)
        loss = 0.5 * v * ((p1 - q * V * m) * y * y + 2.0 * q * m * y + q * q)
        return AnisotropicEquilibrium(
            eps,
            ridge,
            q,
            V,
            k,
            v,
            math.sqrt(r2),
            loss,
            math.sqrt(v) * m * y,
            p0,
            phase,
            Status.SOLVED,
            residual,
        )


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
) -> QuadraticModel:
    r"""Return the semi-empirical theory of one drawn first layer, with its own Sigma and J^2 instead of limits.

    .. math:: \Sigma = E\phi\phi^\top - \mu_0^2 11^\top,\quad J^2 = (WW^\top)\circ E[\sigma'(Wx)\sigma'(Wx)^\top],
              \quad b = \mu_1 W\beta

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

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shape, rows of W are not of unit length, or J^2 is singular.

    Notes
    -----
    Derived here: the equivalents of docs/theory (eq-effective) hold for any Sigma and J^2 (docs/spectra).
    """
    W = validation.real_array("W", W, ndim=2)
    if np.abs(np.linalg.norm(W, axis=1) - 1.0).max() > 1e-6:
        raise ValueError("W must have rows of unit length")
    tau = scalar("tau", tau)
    a = resolve_activation(activation)
    gram = np.clip(W @ W.T, -1.0, 1.0)
    np.fill_diagonal(gram, 1.0)
    reach = gram if attack is None else W @ positive_definite("attack", attack, W.shape[1]) @ W.T
    metric = reach * a.derivative_dual(gram)
    covariance = a.dual(gram) - a.mu0**2
    try:
        values, vectors = eigh(covariance, metric)
    except LinAlgError as error:
        raise ValueError("W must give a positive definite J^2, got a singular one") from error
    values = np.maximum(values, 0.0)
    if beta is None:
        cross = a.mu1**2 / W.shape[1] * np.square(vectors.T @ W).sum(axis=1)
        signal = 1.0
    else:
        direction = validation.real_array("beta", beta, shape=(W.shape[1],))
        cross = np.square(a.mu1 * (vectors.T @ (W @ direction)))
        signal = float(direction @ direction)
    return QuadraticModel(values, np.ones_like(values), cross, signal + tau * tau, n, orthonormal=False)
