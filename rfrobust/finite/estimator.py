"""Adversarially trained random features as scikit-learn estimators."""

import math
import warnings
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from ..problem.activation import Activation
from ..problem.attack import EUCLIDEAN, LEAST_NORM, norm_of
from ..problem.catalogue import resolve_activation
from ..problem.loss import SQUARE, Logistic, Loss, MarginLoss, resolve_loss
from ..problem.parameters import scalar
from ..support import validation
from .attack import inner_maximum, linearized_attack, pgd_attack
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .features import FeatureMap
from .linearized import LinearizedProblem, linearized_erm
from .replicate import ROBUST_OBJECTIVES
from .robust import concentrated_problem
from .training import PGDFit, pgd_erm


def _is_logistic(estimator: Any) -> bool:
    return isinstance(resolve_loss(estimator.loss), Logistic)


def scaling(X: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the shift and the one scale after which inputs have mean 0 and mean square length d."""
    mean = X.mean(axis=0)
    spread = math.sqrt(float(np.mean((X - mean) ** 2)))
    return mean, spread if spread > 0 else 1.0


@dataclass(eq=False, repr=False)
class _RandomFeatures(BaseEstimator):
    """What regression and classification share: the inputs' scale, the first layer, and training the second."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "activation": [str, Activation],
        "eps": [Interval(Real, 0, None, closed="left")],
        "ridge": [Interval(Real, 0, None, closed="left")],
        "objective": [StrOptions(set(ROBUST_OBJECTIVES))],
        "loss": [str, Loss],
        "norm": [Interval(Real, LEAST_NORM, None, closed="both")],
        "gradient_penalty": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    n_features: int = 100
    _: KW_ONLY
    activation: str | Activation = "relu"
    eps: float = 0.1
    ridge: float = 0.0
    objective: str = "concentrated"
    loss: str | Loss = "square"
    norm: float = EUCLIDEAN
    gradient_penalty: float = 0.0
    random_state: Any = None

    def _check(self) -> Loss:
        """Check what does not depend on data; return the loss."""
        self._validate_params()
        validation.integer("n_features", self.n_features, 1)
        for name in ("eps", "ridge", "gradient_penalty"):
            scalar(name, getattr(self, name))
        norm_of("norm", self.norm)
        loss = resolve_loss(self.loss)
        if self.objective != "concentrated":
            validation.real_scalar("eps", self.eps, 0.0, open_lower=True)
        if self.objective == "pgd":
            if loss != SQUARE:
                raise ValueError(f"loss must be 'square' for objective='pgd', got loss={loss.name!r}")
            if self.gradient_penalty > 0.0:
                raise ValueError(
                    f"gradient_penalty must be 0 for objective='pgd', got gradient_penalty={self.gradient_penalty!r}"
                )
        return loss

    def _train(self, X: np.ndarray, y: np.ndarray, loss: Loss) -> None:
        """Draw the first layer and train the second on responses without mean, or labels."""
        activation = resolve_activation(self.activation)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        self._network = FeatureMap.draw(self.n_features, X.shape[1], np.random.default_rng(seed), activation)
        self.weights_ = self._network.W
        self.mean_, self.scale_ = scaling(X)
        Z = (X - self.mean_) / self.scale_
        radius = self.eps / self.scale_
        sample = LinearizedProblem(self._network, Z, y, radius, self.ridge)
        kinds: dict[str, Any] = {"loss": loss, "norm": self.norm, "gradient_penalty": self.gradient_penalty}
        problem = concentrated_problem(
            sample.Z, y, sample.mean_metric() if self.norm == EUCLIDEAN else self._network, ridge=self.ridge, **kinds
        )
        self.null_threshold_ = problem.null_threshold * self.scale_
        interpolating = problem.interpolation_threshold if isinstance(problem, ConcentratedERM) else math.nan
        self.interpolation_threshold_ = interpolating * self.scale_
        self.fit_result_: RobustFit | PGDFit
        try:
            if self.objective == "concentrated":
                self.fit_result_ = problem.solve(radius)
            elif self.objective == "linearized":
                self.fit_result_ = linearized_erm(self._network, Z, y, radius, ridge=self.ridge, **kinds)
            else:
                self.fit_result_ = pgd_erm(self._network, Z, y, radius, ridge=self.ridge, norm=self.norm)
        except ConvergenceError as error:  # scikit-learn's convention: keep the best fit and warn
            self.fit_result_ = error.fit
            warnings.warn(str(error), ConvergenceWarning, stacklevel=3)
        self.theta_ = self.fit_result_.theta

    def _scaled(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return (X - self.mean_) / self.scale_

    def _output(self, X: Any) -> np.ndarray:
        Z = self._scaled(X)
        return self._network.features(Z) @ self.theta_

    def _goals(self, y: Any, count: int) -> np.ndarray:
        """The responses from which attacks push f away."""
        raise NotImplementedError

    def _tested(self, X: Any, y: Any, eps: float | None, norm: float | None) -> dict[str, Any]:
        """The arguments of attacks on the network."""
        Z = self._scaled(X)
        radius = validation.real_scalar("eps", self.eps if eps is None else eps, 0.0) / self.scale_
        return {
            "network": self._network, "theta": self.theta_, "X": Z, "y": self._goals(y, len(Z)), "eps": radius,
            "norm": norm_of("norm", self.norm if norm is None else norm),
        }  # fmt: skip

    def attack(
        self,
        X: Any,
        y: Any,
        eps: float | None = None,
        *,
        norm: float | None = None,
        method: str = "pgd",
        steps: int = 20,
        restarts: int | None = None,
    ) -> np.ndarray:
        """Return perturbed rows of X: those that maximise (y - f)^2, or lower the margin of labels.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs to perturb.
        y : array_like, shape (n,)
            True responses or labels.
        eps : float, optional
            Radius in units of X, of perturbations with |delta|_p <= eps d^(1/p - 1/2); the training radius by default.
        norm : float, optional
            p of the attacks' norm, 2, ``inf`` or any p >= 1.05; that of training by default.
        method : {"pgd", "linearized"}
            Projected gradient ascent with restarts, or one linearized step.
        steps, restarts : int, optional
            Of the ascent (:func:`rfrobust.finite.pgd_attack`); by default it restarts until the maximum stops moving.
        """
        tested = self._tested(X, y, eps, norm)
        if validation.choice("method", method, ("pgd", "linearized")) == "linearized":
            delta = linearized_attack(**tested)
        else:
            delta = pgd_attack(**tested, steps=steps, restarts=restarts)
        return np.asarray(X, dtype=float) + self.scale_ * delta


@dataclass(eq=False, repr=False)
class RobustRandomFeatures(RegressorMixin, _RandomFeatures):
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
        Training radius in units of x, >= 0 (> 0 for the objectives that attack the network): attacks have
        |delta|_p <= eps d^(1/p - 1/2).
    ridge : float, default 0.0
        Ridge penalty on theta, added as (ridge/2)|theta|^2.
    objective : {"concentrated", "linearized", "pgd"}, default "concentrated"
        Training problem (docs, simulation page). The concentrated one measures |J theta|^2 by the sample mean of
        |grad f|^2, which needs no assumption on the law of x; for another norm than 2 it takes the limit of Gaussian x.
        "pgd" is for the square loss and no gradient penalty.
    loss : str or Loss, default "square"
        Loss of residuals, as for :class:`rfrobust.Problem`.
    norm : float, default 2
        p of the attacks' norm, 2, ``inf`` or any p >= 1.05.
    gradient_penalty : float, default 0.0
        Weight g of (g/2)|J theta|^2.
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
        Largest training radius at which it gives the interpolator of least |J theta|; 0 if there is none, NaN for
        another loss than the square, another norm than 2, or with a gradient penalty.
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

    def fit(self, X: Any, y: Any) -> "RobustRandomFeatures":
        """Draw the first layer and train the second.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs.
        y : array_like, shape (n,)
            Responses.
        """
        loss = self._check()
        if isinstance(loss, MarginLoss):
            raise ValueError(
                f"loss must be one of residuals, got loss={loss.name!r}: those of margins are for classification"
            )
        X, y = validate_data(self, X, y, y_numeric=True, dtype=np.float64, ensure_min_samples=2)
        y = np.asarray(y, dtype=float)
        self.intercept_ = float(y.mean())
        self._train(X, y - self.intercept_, loss)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return f at the rows of X, shape (n,)."""
        return self._output(X) + self.intercept_

    def _goals(self, y: Any, count: int) -> np.ndarray:
        return validation.real_array("y", y, shape=(count,)) - self.intercept_

    def adversarial_loss(self, X: Any, y: Any, eps: float | None = None, **settings: Any) -> float:
        """Return the mean of (y - f)^2 at the attacked inputs; arguments as for :meth:`attack`.

        No attack is sure to find the maximum: a lower bound of the adversarial loss, see :meth:`adversarial_bounds`.
        """
        attacked = self.attack(X, y, eps, **settings)
        return float(np.mean((np.asarray(y, dtype=float) - self.predict(attacked)) ** 2))

    def adversarial_bounds(
        self, X: Any, y: Any, eps: float | None = None, *, norm: float | None = None
    ) -> tuple[float, float]:
        """Return a lower and an upper bound of the mean of max (y - f)^2 over the balls of radius eps.

        Arguments as for :meth:`attack`, bounds by :func:`rfrobust.finite.inner_maximum`.
        """
        found = inner_maximum(**self._tested(X, y, eps, norm))
        return float(found.lower.mean()), float(found.upper.mean())


@dataclass(eq=False, repr=False)
class RobustRandomFeaturesClassifier(ClassifierMixin, _RandomFeatures):
    """Random features classification of two classes by the sign of f(x) = theta'sigma(Wz), trained against attacks.

    Inputs are shifted and scaled as by :class:`RobustRandomFeatures`; there is no intercept.

    Parameters
    ----------
    n_features, activation, eps, norm, gradient_penalty, random_state
        As for :class:`RobustRandomFeatures`.
    ridge : float, default 0.01
        Ridge penalty. Without any penalty a loss of margins has no minimiser on classes that the features separate by
        the margin that the attack leaves.
    objective : {"concentrated", "linearized", "pgd"}, default "concentrated"
        As for :class:`RobustRandomFeatures`.
    loss : str or Loss, default "logistic"
        Loss of margins ("logistic", "hinge"), or one of residuals |1 - y f| of labels y = -1, 1.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The labels; f > 0 is the second.
    weights_, theta_, mean_, scale_, fit_result_, null_threshold_, interpolation_threshold_, n_features_in_
        As for :class:`RobustRandomFeatures`.

    Raises
    ------
    rfrobust.finite.SeparableError
        If there is no minimiser.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        As for :class:`RobustRandomFeatures`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> model = RobustRandomFeaturesClassifier(200, eps=0.3, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    ridge: float = 0.01
    loss: str | Loss = "logistic"

    def fit(self, X: Any, y: Any) -> "RobustRandomFeaturesClassifier":
        """Draw the first layer and train the second.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs.
        y : array_like, shape (n,)
            Labels of two classes.
        """
        loss = self._check()
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, index = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold two classes, got one class {self.classes_[0]!r} in y")
        self._train(X, 2.0 * index - 1.0, loss)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return f at the rows of X, shape (n,)."""
        return self._output(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row of X, shape (n,)."""
        positive = self._output(X) > 0.0
        return self.classes_[positive.astype(int)]

    @available_if(_is_logistic)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of both classes for the logistic loss, shape (n, 2)."""
        second = expit(self._output(X))
        return np.column_stack([1.0 - second, second])

    def adversarial_error(self, X: Any, y: Any, eps: float | None = None, **settings: Any) -> float:
        """Return the error rate at the attacked inputs, a lower bound of the adversarial one; as for :meth:`attack`."""
        return float(np.mean(self.predict(self.attack(X, y, eps, **settings)) != np.asarray(y)))

    def _goals(self, y: Any, count: int) -> np.ndarray:
        # So far on the side of the labels that the largest (y - f)^2 is the smallest margin.
        y = validation.as_array("y", y)
        if y.shape != (count,) or not np.isin(y, self.classes_).all():
            raise ValueError(f"y must hold a class of {self.classes_.tolist()!r} for each of the {count} rows of X")
        reach = 1e3 * (1.0 + float(np.abs(self.theta_).sum()))
        return np.where(y == self.classes_[1], reach, -reach)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
