"""From a user's samples to the theory of training on n of them."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import xarray as xr

from ..problem.activation import Activation
from ..problem.problem import Problem
from ..support import validation
from ..theory.covariances import CovarianceModel
from ..theory.drawn import positive_definite
from ..theory.equilibrium import Equilibrium, solve
from ..theory.thresholds import null_threshold
from ..tuning.optima import best_training
from ..tuning.search import Optimum
from .maps import feature_map
from .pool import Pool, PoolWarning, Residuals, covariance_model

#: Shares of the pool above which n and N are not small against it.
SAMPLES, FEATURES = 0.2, 0.1
#: Spread of phi' Sigma^-1 phi and kurtosis of the residuals from which on predictions are off by more than 10 percent.
SPREAD, KURTOSIS = 0.8, 30.0
_RISKS = ("standard_risk", "adversarial_risk", "gradient_norm", "training_loss")


@dataclass(frozen=True)
class DataTheory:
    """The theory of training on samples like those of a pool.

    Attributes
    ----------
    model : CovarianceModel
        Sigma, J^2, b and the law of the residuals, as measured on the pool, in the units of its inputs.
    halves : (CovarianceModel, CovarianceModel)
        The same of two halves of the pool, whose difference tells the error that its size causes.
    count : int
        Rows of the pool.
    kurtosis : float
        Of the leave-one-out residuals of the best linear predictor, E e^4/(E e^2)^2; 3 if they are Gaussian.
    spread : float
        Standard deviation over mean of phi' Sigma^-1 phi: small if the features are Gaussian enough for the theory.
    """

    model: CovarianceModel
    halves: tuple[CovarianceModel, CovarianceModel]
    count: int
    kurtosis: float
    spread: float

    def problem(self, n: float, eps: float, ridge: float = 0.0, **settings: Any) -> Problem:
        """Return the :class:`rfrobust.Problem` of training on n samples at a radius in units of the inputs."""
        self._warn(n)
        return self.model.problem(eps, ridge, n=n, **settings)

    def solve(self, n: float, eps: float, *, ridge: float = 0.0, **settings: Any) -> Equilibrium:
        """Return the limiting risks of training on n samples.

        Parameters
        ----------
        n : float
            Number of samples.
        eps : float
            Training radius, in units of the inputs; so is that of :meth:`Equilibrium.adversarial_risk`.
        ridge : float, default 0
            Ridge penalty.
        **settings
            ``loss`` and ``gradient_penalty``, as for :func:`rfrobust.solve`.

        Warns
        -----
        PoolWarning
            If n is not small against the pool.
        """
        return solve(self.problem(n, eps, ridge, **settings))

    def sweep(self, n: Any, eps: Any, *, ridge: Any = None, eps_test: Any = None, **settings: Any) -> xr.Dataset:
        """Solve every combination of the given parameters, on the pool and on its halves.

        Parameters
        ----------
        n, eps, ridge, eps_test
            As for :meth:`solve`; arrays become dimensions.

        Returns
        -------
        xarray.Dataset
            As of :func:`rfrobust.sweep`, over ``n`` in place of ``psi2``; ``standard_risk_error`` and so on are half
            the differences of the two half-pools, the standard error that a finite pool causes.
        """
        counts = validation.real_array("n", n, 1.0, ndim=(0, 1))
        self._warn(float(counts.max()))
        given = {"eps": eps, "eps_test": eps_test, "ridge": ridge, **settings}
        given = {name: value for name, value in given.items() if value is not None}
        whole, first, second = (
            model.sweep(psi2=counts / model.d, **given) for model in (self.model, *self.halves)
        )  # fmt: skip
        for name in _RISKS:
            error = 0.5 * abs(first[name] - second[name])
            whole[f"{name}_error"] = error.assign_attrs(
                long_name=f"standard error of {whole[name].attrs['long_name']}, from half-pools"
            )
        place = whole.psi2.dims
        whole = whole.assign_coords(n=(place, counts, {"long_name": "samples n"}))
        return whole.swap_dims(psi2="n").drop_vars("psi2") if place else whole.drop_vars("psi2")

    def null_threshold(self, n: float) -> float:
        """Return the radius from which on training on n samples gives theta = 0."""
        return null_threshold(self.model.problem(0.0, n=validation.real_scalar("n", n, 1.0)))

    def best_training(self, n: float, *, eps_test: float, **searched: Any) -> Optimum:
        """Return the training radius, and the ridge where it is None, of least adversarial risk on n samples.

        Arguments as for :func:`rfrobust.best_training`.
        """
        self._warn(n)
        return best_training(self.model.problem(0.0, n=n, dense="ridge" in searched), eps_test=eps_test, **searched)

    def _warn(self, n: float) -> None:
        validation.real_scalar("n", n, 1.0)
        if n > SAMPLES * self.count:
            warnings.warn(
                f"n = {n:g} is more than {SAMPLES:g} of the pool of {self.count} samples: predictions are for samples "
                "like those of the pool, and what it does not tell is not small",
                PoolWarning,
                stacklevel=3,
            )


def theory_of_data(
    X: Any,
    y: Any,
    features: Any = 300,
    *,
    activation: str | Activation = "relu",
    jacobian: Any = None,
    attack: Any = None,
    random_state: int = 0,
) -> DataTheory:
    r"""Measure what the theory needs on a pool of samples, and return the theory of training on n samples like them.

    .. math:: \Sigma=E\phi\phi^\top,\quad J^2=E\,\partial\phi\,M\,\partial\phi^\top,\quad b=E\phi y,\qquad
              y-b^\top\Sigma^{-1}\phi\sim\text{noise}

    Parameters
    ----------
    X : array_like, shape (m, d)
        Inputs.
    y : array_like, shape (m,)
        Targets; their mean is taken off, as :class:`rfrobust.RobustRandomFeatures` does.
    features : int, FeatureMap, RobustRandomFeatures or callable
        A number of random features, which are drawn for inputs scaled as by :class:`rfrobust.RobustRandomFeatures`; a
        network; a fitted estimator; or any function of X, shape (m, d) -> (m, N), with its ``jacobian``.
    activation : str or Activation
        Of random features.
    jacobian : callable, optional
        The derivatives of a function ``features``, shape (m, d) -> (m, N, d).
    attack : array_like, shape (d, d), optional
        M of attacks delta' M^-1 delta <= eps^2, symmetric positive definite; the identity by default.
    random_state : int
        Seed of the first layer and of the halves of the pool.

    Returns
    -------
    DataTheory
        ``solve``, ``sweep``, ``best_training`` and ``null_threshold`` at any number of samples.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shape.

    Warns
    -----
    PoolWarning
        If features are not few against the pool, or the data are so far from Gaussian that predictions are not sharp.

    Notes
    -----
    docs/spectra, "Features from data". Attacks are linearized; the features count as Gaussian with these moments.

    Examples
    --------
    >>> import numpy as np
    >>> from rfrobust import theory_of_data
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((4000, 10))
    >>> y = X[:, 0] + 0.3 * rng.standard_normal(4000)
    >>> theory = theory_of_data(X, y, features=40)
    >>> bool(theory.solve(n=100, eps=0.1).standard_risk < 0.5)
    True
    """
    X = validation.real_array("X", X, ndim=2)
    y = validation.real_array("y", y, shape=(len(X),))
    validation.integer("len(X)", len(X), 4)
    seed = validation.integer("random_state", random_state, 0)
    d = X.shape[1]
    M = None if attack is None else positive_definite("attack", attack, d)
    phi = feature_map(features, X, activation, jacobian, M, seed)
    pool = Pool(X, y - y.mean(), phi)
    parts = pool.moments(seed)
    moments = parts[0] + parts[1]
    residuals = pool.residuals(moments)
    _check(residuals, phi.size, len(X))
    n = 0.1 * len(X)
    halves = tuple(covariance_model(part, residuals, n, d) for part in parts)
    return DataTheory(
        covariance_model(moments, residuals, n, d), (halves[0], halves[1]), len(X), residuals.kurtosis, residuals.spread
    )  # fmt: skip


def _check(residuals: Residuals, N: int, count: int) -> None:
    """Warn of what makes predictions less sharp."""
    found = []
    if FEATURES * count < N:
        found.append(f"N = {N} features are more than {FEATURES:g} of the pool of {count} samples")
    if residuals.spread**2 - 2.0 / N > SPREAD**2:
        found.append(
            f"phi' Sigma^-1 phi varies by {residuals.spread:.2f} of its mean (> {SPREAD:g}; Gaussian features: "
            f"{math.sqrt(2.0 / N):.2f}): samples of several kinds, or of very different lengths"
        )
    if residuals.kurtosis > KURTOSIS:
        found.append(f"the residuals have kurtosis {residuals.kurtosis:.1f} (> {KURTOSIS:g})")
    if found:
        warnings.warn("predictions are not sharp: " + "; ".join(found), PoolWarning, stacklevel=3)
