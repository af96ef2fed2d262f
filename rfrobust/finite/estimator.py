"""Adversarially trained random features regression as a scikit-learn estimator."""

import math
import warnings
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ..problem.activation import Activation
from ..problem.catalogue import resolve_activation
from ..problem.parameters import scalar
from ..support import validation
from .attack import inner_maximum, linearized_attack, pgd_attack
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .features import FeatureMap
from .linearized import LinearizedProblem, linearized_erm
from .replicate import ROBUST_OBJECTIVES
from .training import PGDFit, pgd_erm


@dataclass(eq=False, repr=False)
class RobustRandomFeatures(RegressorMixin, BaseEstimator):
    """Random features regression f(x) = theta'sigma(Wz) + mean(y), trained against attacks of radius eps.

    Inputs are shifted and scaled by two numbers per data set, z = (x - mean)/scale with one common scale (mean of
    |x - mean|^2 is d afterwards, as for N(0, I_d)), so that a ball in x stays a ball in z.

    Parameters
    ----------
    n_features : int, default 100
        Number N of random features.
    activation : str or Activation, default "relu"
        The activation.
    eps : float, default 0.1
        Training radius in units of x, >= 0 (> 0 for the objectives that attack the network).
    ridge : float, default 0.0
        Ridge penalty on theta, added as (ridge/2)|theta|^2.
    objective : {"concentrated", "linearized", "pgd"}, default "concentrated"
        Training problem (docs, simulation page). The concentrated one measures |J theta|^2 by the sample mean of
        |grad f|^2, which needs no assumption on the law of x.
    random_state : int, RandomState or None, default None
        Source of the first layer.

    Attributes
    ----------
    weights_ : ndarray, shape (N, d)
        First layer, rows of unit length.
    theta_ : ndarray, shape (N,)
        Second layer.
    mean_, scale_ : ndarray, shape (d,), and float
        Shift and scale of the inputs.
    intercept_ : float
        Mean response.
    fit_result_ : RobustFit or PGDFit
        Objective and certificate.
    null_threshold_ : float
        Smallest training radius (in units of x) at which the concentrated problem of this data set gives theta = 0.
    interpolation_threshold_ : float
        Largest training radius at which it gives the interpolator of least |J theta|; 0 if there is none.
    n_features_in_ : int
        Input dimension d.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the certificate of the training problem was not reached; ``fit_result_`` then holds the best point and its
        gap.

    Examples
    --------
    The diabetes data that ship with scikit-learn: training against an attack costs little clean accuracy and
    protects.

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = load_diabetes(return_X_y=True, scaled=False)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> plain = RobustRandomFeatures(300, eps=1e-3, random_state=0).fit(X, y)
    >>> robust = RobustRandomFeatures(300, eps=0.5, random_state=0).fit(X, y)
    >>> robust.adversarial_loss(X_test, y_test, 0.5) < plain.adversarial_loss(X_test, y_test, 0.5)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "activation": [str, Activation],
        "eps": [Interval(Real, 0, None, closed="left")],
        "ridge": [Interval(Real, 0, None, closed="left")],
        "objective": [StrOptions(set(ROBUST_OBJECTIVES))],
        "random_state": ["random_state"],
    }

    n_features: int = 100
    _: KW_ONLY
    activation: str | Activation = "relu"
    eps: float = 0.1
    ridge: float = 0.0
    objective: str = "concentrated"
    random_state: Any = None

    def fit(self, X: Any, y: Any) -> "RobustRandomFeatures":
        """Draw the first layer and train the second.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs.
        y : array_like, shape (n,)
            Responses.
        """
        self._validate_params()
        validation.integer("n_features", self.n_features, 1)
        for name in ("eps", "ridge"):
            scalar(name, getattr(self, name))
        X, y = validate_data(self, X, y, y_numeric=True, dtype=np.float64, ensure_min_samples=2)
        y = np.asarray(y, dtype=float)
        if self.objective != "concentrated":
            validation.real_scalar("eps", self.eps, 0.0, open_lower=True)
        activation = resolve_activation(self.activation)
        d = X.shape[1]
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        self._network = FeatureMap.draw(self.n_features, d, np.random.default_rng(seed), activation)
        self.weights_ = self._network.W
        self.mean_ = X.mean(axis=0)
        spread = math.sqrt(float(np.mean((X - self.mean_) ** 2)))
        self.scale_ = spread if spread > 0 else 1.0
        self.intercept_ = float(y.mean())
        Z, centred = (X - self.mean_) / self.scale_, y - self.intercept_
        radius = self.eps / self.scale_
        sample = LinearizedProblem(self._network, Z, centred, radius, self.ridge)
        problem = ConcentratedERM(sample.Z, centred, sample.mean_metric(), ridge=self.ridge)
        self.null_threshold_ = problem.null_threshold * self.scale_
        self.interpolation_threshold_ = problem.interpolation_threshold * self.scale_
        self.fit_result_: RobustFit | PGDFit
        try:
            if self.objective == "concentrated":
                self.fit_result_ = problem.solve(radius)
            elif self.objective == "linearized":
                self.fit_result_ = linearized_erm(self._network, Z, centred, radius, ridge=self.ridge)
            else:
                self.fit_result_ = pgd_erm(self._network, Z, centred, radius, ridge=self.ridge)
        except ConvergenceError as error:  # scikit-learn's convention: keep the best fit and warn
            self.fit_result_ = error.fit
            warnings.warn(str(error), ConvergenceWarning, stacklevel=2)
        self.theta_ = self.fit_result_.theta
        return self

    def _scaled(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return (X - self.mean_) / self.scale_

    def predict(self, X: Any) -> np.ndarray:
        """Return f at the rows of X, shape (n,)."""
        Z = self._scaled(X)
        return self._network.features(Z) @ self.theta_ + self.intercept_

    def attack(
        self,
        X: Any,
        y: Any,
        eps: float | None = None,
        *,
        method: str = "pgd",
        steps: int = 20,
        restarts: int | None = None,
    ) -> np.ndarray:
        """Return perturbed inputs within eps of the rows of X that maximise (y - f)^2.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs to perturb.
        y : array_like, shape (n,)
            True responses.
        eps : float, optional
            Radius in units of X; the training radius by default.
        method : {"pgd", "linearized"}
            Projected gradient ascent with restarts, or one linearized step.
        steps, restarts : int, optional
            Of the ascent (:func:`rfrobust.finite.pgd_attack`); by default it restarts until the maximum stops moving.
        """
        Z = self._scaled(X)
        y = validation.real_array("y", y, shape=(len(Z),)) - self.intercept_
        radius = validation.real_scalar("eps", self.eps if eps is None else eps, 0.0) / self.scale_
        if validation.choice("method", method, ("pgd", "linearized")) == "linearized":
            delta = linearized_attack(self._network, self.theta_, Z, y, radius)
        else:
            delta = pgd_attack(self._network, self.theta_, Z, y, radius, steps=steps, restarts=restarts)
        return np.asarray(X, dtype=float) + self.scale_ * delta

    def adversarial_loss(self, X: Any, y: Any, eps: float | None = None, **settings: Any) -> float:
        """Return the mean of (y - f)^2 at the attacked inputs; arguments as for :meth:`attack`.

        No attack is sure to find the maximum: a lower bound of the adversarial loss, see :meth:`adversarial_bounds`.
        """
        attacked = self.attack(X, y, eps, **settings)
        return float(np.mean((np.asarray(y, dtype=float) - self.predict(attacked)) ** 2))

    def adversarial_bounds(self, X: Any, y: Any, eps: float | None = None) -> tuple[float, float]:
        """Return a lower and an upper bound of the mean of max (y - f)^2 over the balls of radius eps.

        Arguments as for :meth:`attack`, bounds by :func:`rfrobust.finite.inner_maximum`.
        """
        Z = self._scaled(X)
        y = validation.real_array("y", y, shape=(len(Z),)) - self.intercept_
        radius = validation.real_scalar("eps", self.eps if eps is None else eps, 0.0) / self.scale_
        found = inner_maximum(self._network, self.theta_, Z, y, radius)
        return float(found.lower.mean()), float(found.upper.mean())
