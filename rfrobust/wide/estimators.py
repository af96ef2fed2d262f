"""scikit-learn estimators: the NTK interpolant, isotropic early stopping, and Adv-NTK."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from ..support import validation
from ..support.provenance import versions
from .architecture import Architecture
from .attacks import InputAttack, check_method
from .kernels import ntk
from .predictor import KernelPredictor
from .spectral import KernelSpectrum, StoppedKernel

#: Rows attacked at a time: bounds the memory of a kernel block and of its two derivatives.
_ATTACK_ROWS = 512


def encode_labels(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return one-hot targets less 1/classes, shape (samples, classes); ``classes`` are sorted."""
    return np.eye(len(classes))[np.searchsorted(classes, labels)] - 1 / len(classes)


@dataclass(eq=False, repr=False)
class _KernelEstimator(BaseEstimator):
    """What all estimators share: the network, the attack, prediction and its robustness."""

    depth: int = 3
    w_std: float = 1.76
    b_std: float = 0.18
    activation: str = "relu"
    _: KW_ONLY
    radius: float = 8 / 255
    norm: str = "linf"
    attack_steps: int = 10
    attack_method: str = "pgd"
    bounds: tuple[float, float] | None = None
    workers: int | None = None

    def _architecture(self) -> Architecture:
        return Architecture(self.depth, self.w_std, self.b_std, self.activation)

    def _attack(self, **changes: Any) -> InputAttack:
        steps = validation.integer("attack_steps", self.attack_steps, 1)
        own = check_method("attack_method", self.attack_method, self.norm)
        settings: dict[str, Any] = {"bounds": self.bounds, "method": own} | changes
        return InputAttack(self.radius, self.norm, steps, **settings)

    def _set_model(self, samples: np.ndarray, coefficients: np.ndarray) -> None:
        self.samples_ = samples
        self.coefficients_ = coefficients
        self.model_ = KernelPredictor(self._architecture(), samples, coefficients, self.workers)

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self.model_.predict(validate_data(self, X, reset=False, dtype=float))

    @validation.typed
    def attack(self, X: Any, y: Any, *, attack: InputAttack | None = None, seed: int = 0) -> np.ndarray:
        """Return attacked copies of ``X``, shape (samples, features).

        Parameters
        ----------
        X, y : array_like
            Samples, and the targets or labels to move the predictions away from.
        attack : InputAttack, optional
            The attack; by default PGD with restarts and the estimator's radius, norm and bounds, whatever it was fitted
            with: on the squared loss in regression, in classification until a sample is misclassified.
        seed : int
            Seed of the random starts.
        """
        check_is_fitted(self)
        X, y = validate_data(self, X, y, reset=False, dtype=float, multi_output=True)
        if attack is None:
            attack = self._attack(method="pgd", loss=self._evaluation_loss)
        targets = self._encode(y)
        rng = np.random.default_rng(validation.integer("seed", seed, 0))
        rows = range(0, len(X), _ATTACK_ROWS)
        parts = [slice(start, start + _ATTACK_ROWS) for start in rows]
        return np.concatenate([attack.run(self.model_, X[part], targets[part], rng) for part in parts])

    def robust_score(self, X: Any, y: Any, *, attack: InputAttack | None = None, seed: int = 0) -> float:
        """Return ``score`` on the attacked samples, from above the robust one. Arguments as :meth:`attack`."""
        return float(self.score(self.attack(X, y, attack=attack, seed=seed), y))


class _Regression(RegressorMixin):
    """Real targets, centred by their mean."""

    _evaluation_loss = "squared"
    _quality_name = "minus the squared error under attack"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, dtype=float, multi_output=True, y_numeric=True)
        if y.dtype.kind not in "biuf":
            raise TypeError(f"y must be real numbers, got dtype {y.dtype}")
        return X, y.astype(float)

    def _learn_encoding(self, y: np.ndarray) -> None:
        self.intercept_ = y.mean(axis=0)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        return (np.asarray(y, float) - self.intercept_).reshape(len(y), -1)

    def _quality(self, x: np.ndarray, targets: np.ndarray) -> float:
        return -float(np.mean((self.model_.predict(x) - targets) ** 2))

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted targets, shape (samples,) or (samples, outputs)."""
        outputs = self._outputs(X)
        return (outputs if np.ndim(self.intercept_) else outputs[:, 0]) + self.intercept_


class _Classification(ClassifierMixin):
    """Labels as one-hot targets less 1/classes, so that no information is the output zero."""

    _evaluation_loss = "error"
    _quality_name = "accuracy under attack"

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, dtype=float)
        check_classification_targets(y)
        return X, y

    def _learn_encoding(self, y: np.ndarray) -> None:
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs at least 2 classes, got 1 class: {self.classes_[0]!r}")

    def _encode(self, y: np.ndarray) -> np.ndarray:
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"y must hold the classes seen in fit, got {unknown[0]!r}")
        return encode_labels(y, self.classes_)

    def _quality(self, x: np.ndarray, targets: np.ndarray) -> float:
        return float(np.mean(self.model_.predict(x).argmax(axis=1) == targets.argmax(axis=1)))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the outputs, shape (samples, classes), or their difference (samples,) for two classes."""
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of the largest output, shape (samples,)."""
        winners = self._outputs(X).argmax(axis=1)
        return self.classes_[winners]


@dataclass(eq=False, repr=False, kw_only=True)
class _NTK(_KernelEstimator):
    """Standard training of the infinitely wide network for the time ``xi``."""

    xi: float = np.inf
    jitter: float = 0.0

    def fit(self, X: Any, y: Any) -> "_NTK":
        """Fit on all samples; ``rank_`` is the numerical rank of their kernel."""
        xi = validation.real_scalar("xi", self.xi, 0, allow_inf=True)
        jitter = validation.real_scalar("jitter", self.jitter, 0)
        self._attack()
        X, y = self._checked(X, y)
        self._learn_encoding(y)
        spectrum = KernelSpectrum.decompose(ntk(self._architecture(), X, workers=self.workers), jitter)
        self.rank_ = spectrum.rank
        self._set_model(X, spectrum.coefficients(self._encode(y), xi))
        return self


@dataclass(eq=False, repr=False, kw_only=True)
class _Validated(_KernelEstimator):
    """Estimators that set aside samples to tune stopping times under attack."""

    validation_fraction: float = 1 / 6
    random_state: Any = None

    def _split(self, X: Any, y: Any, validation_data: tuple[Any, Any] | None) -> tuple[np.ndarray, ...]:
        """Return kernel samples, their encoded targets, and the same of the validation part."""
        X, y = self._checked(X, y)
        if validation_data is None:
            share = validation.real_scalar(
                "validation_fraction", self.validation_fraction, 0, 1, open_lower=True, open_upper=True
            )
            held_out = max(1, round(share * len(X)))
            if held_out >= len(X):
                raise ValueError(f"n_samples = {len(X)} is too few to set validation_fraction={share:g} of them aside")
            order = check_random_state(self.random_state).permutation(len(X))
            x_held, y_held, X_kernel, y_kernel = (
                X[order[:held_out]], y[order[:held_out]], X[order[held_out:]], y[order[held_out:]],
            )  # fmt: skip
            self._learn_encoding(y)
        else:
            X_kernel, y_kernel = X, y
            self._learn_encoding(y)
            x_held, y_held = validate_data(self, *validation_data, reset=False, dtype=float, multi_output=True)
        return X_kernel, self._encode(y_kernel), x_held, self._encode(y_held)


@dataclass(eq=False, repr=False, kw_only=True)
class _EarlyStoppedNTK(_Validated):
    """Standard training stopped at the time that is best on attacked validation samples."""

    xis: Any = None

    def fit(self, X: Any, y: Any, validation_data: tuple[Any, Any] | None = None) -> "_EarlyStoppedNTK":
        """Choose ``xi_`` on a validation part of the samples, or on ``validation_data`` = (X, y).

        ``path_`` holds, along the times tried, the accuracy or squared error on the attacked validation samples.
        """
        attack = self._attack().once()
        if self.xis is not None:
            xis = validation.real_array("xis", self.xis, 0, ndim=1, open_lower=True)
        X_kernel, Y, x_held, Y_held = self._split(X, y, validation_data)
        spectrum = KernelSpectrum.decompose(ntk(self._architecture(), X_kernel, workers=self.workers))
        if self.xis is None:
            top, middle = spectrum.eigenvalues[-1], np.median(spectrum.eigenvalues)
            xis = np.geomspace(0.1 / top, 10 / max(middle, 1e-6 * top), 17)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        quality = []
        for xi in xis:
            self._set_model(X_kernel, spectrum.coefficients(Y, xi))
            quality.append(self._quality(attack.run(self.model_, x_held, Y_held, rng), Y_held))
        self.xi_ = float(xis[int(np.argmax(quality))])
        self._set_model(X_kernel, spectrum.coefficients(Y, self.xi_))
        self.path_ = xr.Dataset(
            {"quality": ("xi", quality, {"long_name": self._quality_name})},
            coords={"xi": ("xi", xis, {"long_name": "training time"})},
            attrs=versions(),
        )
        return self


@dataclass(eq=False, repr=False, kw_only=True)
class _AdvNTK(_Validated):
    """Adv-NTK: one stopping time a sample, found by gradient descent on attacked validation samples."""

    learning_rate: float = 0.1
    n_steps: int = 50
    batch_size: int = 128
    verbose: bool = False

    def fit(self, X: Any, y: Any, validation_data: tuple[Any, Any] | None = None) -> "_AdvNTK":
        """Fit on a kernel part and a validation part of the samples, or on ``validation_data`` = (X, y).

        ``path_`` holds the numbers a before every step and after the last, shape (step, sample), and the squared
        loss of the attacked minibatches; ``stopping_times_`` is |a| at the end.
        """
        learning_rate = validation.real_scalar("learning_rate", self.learning_rate, 0, open_lower=True)
        n_steps = validation.integer("n_steps", self.n_steps, 1)
        batch_size = validation.integer("batch_size", self.batch_size, 1)
        attack = self._attack().once()
        X_kernel, Y, x_held, Y_held = self._split(X, y, validation_data)
        architecture = self._architecture()
        theta = ntk(architecture, X_kernel, workers=self.workers)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        a = np.zeros(len(X_kernel))
        path, losses = [a], []
        for _ in tqdm(range(n_steps), desc="Adv-NTK", unit="step", leave=False, disable=not self.verbose):
            stopped = StoppedKernel.decompose(theta, np.abs(a))
            self._set_model(X_kernel, stopped.coefficients(Y))
            batch = rng.choice(len(x_held), min(batch_size, len(x_held)), replace=False)
            attacked = attack.run(self.model_, x_held[batch], Y_held[batch], rng)
            kernel = ntk(architecture, attacked, X_kernel, workers=self.workers)
            residual = kernel @ self.coefficients_ - Y_held[batch]
            losses.append(np.sum(residual**2) / (2 * len(batch)))
            gradient = stopped.times_gradient(Y, kernel.T @ residual / len(batch))
            gradient *= np.where(a < 0, -1.0, 1.0)
            length = np.linalg.norm(gradient)
            if length > 0:
                # A batch that is fitted exactly (constant targets, or a single one at their mean) asks for no move.
                a = a - learning_rate * gradient / length
            path.append(a)
        self.stopping_times_ = np.abs(a)
        self._set_model(X_kernel, StoppedKernel.decompose(theta, self.stopping_times_).coefficients(Y))
        self.path_ = xr.Dataset(
            {
                "a": (("step", "sample"), np.array(path), {"long_name": "stopping time with sign"}),
                "loss": ("update", losses, {"long_name": "squared loss of the attacked minibatch"}),
            },
            attrs={"learning_rate": learning_rate, "radius": attack.radius, **versions()},
        )
        return self


_PARAMETERS = """

    Parameters
    ----------
    depth, w_std, b_std, activation
        The network, see :class:`rfrobust.wide.Architecture`.{own}
    radius, norm, attack_steps, attack_method, bounds
        The attack of the training, see :class:`rfrobust.wide.InputAttack`; a step is a fifth of the radius.{held}
    workers : int, optional
        Threads of the kernel evaluations; all available cores by default.
    """
_HELD = """
    validation_fraction : float
        Share of the samples set aside when ``fit`` gets no ``validation_data``.
    random_state : int, RandomState or None
        Seed of the split, the minibatches and the random starts."""
_OWN = {
    _NTK: """
    xi : float
        Training time; infinity is the interpolant.
    jitter : float
        Added to the diagonal of the kernel (ridge regression for xi = inf). Without it, an interpolant of a kernel
        that is singular in floating point is the least-norm one, with a ``RankLossWarning``; see ``rank_``.""",
    _EarlyStoppedNTK: """
    xis : array_like, optional
        Times to choose from; by default 17, logarithmic, from 0.1 over the largest eigenvalue of the kernel to 10
        over the median one.""",
    _AdvNTK: """
    learning_rate : float
        Length of a step of the vector a.
    n_steps, batch_size : int
        Steps, and validation samples attacked in each.
    verbose : bool
        Show progress on standard error.""",
}


class NTKRegressor(_Regression, _NTK):
    """Regression by an infinitely wide network after standard training for the time ``xi``."""


class NTKClassifier(_Classification, _NTK):
    """Classification by an infinitely wide network after standard training for the time ``xi``."""


class EarlyStoppedNTKRegressor(_Regression, _EarlyStoppedNTK):
    """Regression with one stopping time for all samples, chosen under attack: the baseline of Adv-NTK."""


class EarlyStoppedNTKClassifier(_Classification, _EarlyStoppedNTK):
    """Classification with one stopping time for all samples, chosen under attack: the baseline of Adv-NTK."""


class AdvNTKRegressor(_Regression, _AdvNTK):
    """Regression by Adv-NTK (Fu and Wang): one stopping time for each sample, learned under attack."""


class AdvNTKClassifier(_Classification, _AdvNTK):
    """Classification by Adv-NTK (Fu and Wang): one stopping time for each sample, learned under attack."""


for _base, _own in _OWN.items():
    for _estimator in _base.__subclasses__():
        _parameters = _PARAMETERS.format(own=_own, held="" if _base is _NTK else _HELD)
        _estimator.__doc__ = (_estimator.__doc__ or "") + _parameters
