"""One problem: data x features x attack x penalty x loss at the ratios N/d and n/d."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, Unpack

from ..engine.channels import LossTable, Mixture
from ..engine.coordinates import DualNorm
from ..engine.equations import parameters
from ..engine.records import AnyParameters
from ..support.validation import instance
from .activation import Activation
from .attack import EUCLIDEAN, Attack, dual_of
from .data import Data
from .features import Features, RandomFeatures, random_features
from .loss import SQUARE, Loss, MarginLoss, resolve_loss
from .noise import GAUSSIAN_NOISE, Noise, resolve_noise
from .parameters import scalar
from .penalty import Penalty
from .signal import GAUSSIAN, Signal
from .spectrum import MarchenkoPastur, Spectrum


class Target(TypedDict, total=False):
    """Keyword arguments of :meth:`Problem.of` about W, the response, and what the loss and the attack are."""

    spectrum: str | Spectrum
    signal_norm: float
    nonlinear_power: float
    radial_power: float
    loss: Any  # one, or a list where problems are swept
    norm: Any
    noise: str | Noise | None
    labels: str | None
    signal: Signal


class FirstLayer(Target, total=False):
    """Those and the activation."""

    activation: str | Activation


class Settings(FirstLayer, total=False):
    """All keyword arguments of :meth:`Problem.of` that have defaults."""

    ridge: float
    gradient_penalty: float


class Ratios(Settings, total=False):
    """All arguments of :meth:`Problem.of` by name."""

    psi1: float
    psi2: float
    eps: float
    tau: float


class _Default(float):
    """The default of a parameter, told from the same value given: with a problem there must be none."""


NO_NOISE, AS_GIVEN = _Default(0.0), _Default(0.0)
NO_PENALTY = Penalty()
#: Settings that a problem shows only where they are unusual.
_USUAL: dict[str, Any] = {
    "signal_norm": 1.0, "nonlinear_power": 0.0, "radial_power": 0.0, "gradient_penalty": 0.0, "loss": SQUARE,
    "norm": EUCLIDEAN, "noise": GAUSSIAN_NOISE, "labels": "real", "signal": GAUSSIAN,
}  # fmt: skip


class Kinds(NamedTuple):
    """What the kernels of every loss and norm see of a problem besides its parameters and law.

    ``norm`` is None for Euclidean attacks, ``noise``, at tau = 1, for labels.
    """

    norm: DualNorm | None
    noise: Mixture | None
    margin: bool
    loss: LossTable
    jet: Any


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Problem:
    r"""Adversarial training of random features, in the limit N/d -> psi1, n/d -> psi2.

    .. math::
       \hat\theta = \arg\min_\theta \frac1n\sum_i \max_{\|\delta_i\|_p\le\epsilon d^{1/p-1/2}}
       L(y_i,\theta^\top\sigma(W(x_i+\delta_i))) + \frac\lambda2\|\theta\|^2+\frac g2\|J\theta\|^2

    for x ~ N(0, I_d), y = <x, beta> + tau xi or its sign, and unit-norm rows of W; L(y, f) is rho(|y - f|) for a loss
    rho of residuals, l(y f) for a loss l of margins. :meth:`of` builds one from plain numbers and names; problems are
    frozen, checked once, equal where their content is, and hashable.

    Parameters
    ----------
    psi1, psi2 : float
        N/d and n/d, positive; psi2 = inf is the population.
    data : Data
        Signal, noise, and whether responses are labels.
    features : Features
        Activation and law of W W'.
    attack : Attack
        Training radius and norm.
    penalty : Penalty
        Ridge and gradient penalty.
    loss : Loss
        Loss of one residual or margin.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import rfrobust
    >>> problem = rfrobust.Problem.of(psi1=3, psi2=2, eps=0.3, tau=0.5)
    >>> problem.vary(eps=0.5, activation="tanh")
    Problem.of(psi1=3, psi2=2, eps=0.5, tau=0.5, ridge=0, activation='tanh', spectrum='marchenko-pastur')
    """

    psi1: float
    psi2: float
    data: Data
    features: Features
    attack: Attack
    penalty: Penalty
    loss: Loss

    def __init__(
        self,
        psi1: float,
        psi2: float,
        data: Data,
        features: Features,
        attack: Attack,
        penalty: Penalty = NO_PENALTY,
        loss: Loss = SQUARE,
    ) -> None:
        put = object.__setattr__
        put(self, "psi1", scalar("psi1", psi1))
        put(self, "psi2", scalar("psi2", psi2))
        put(self, "data", instance("data", data, Data))
        put(self, "features", instance("features", features, Features))
        put(self, "attack", instance("attack", attack, Attack))
        put(self, "penalty", instance("penalty", penalty, Penalty))
        put(self, "loss", instance("loss", loss, Loss))
        features.check(self.psi1, penalty.ridge)
        if data.radial_power > 0.0:
            _ = features.spike
        if not self.plain:
            self._check_kinds()

    def _check_kinds(self) -> None:
        """Raise if loss, norm, labels, noise and penalty do not fit together or with the features."""
        data, loss = self.data, self.loss
        loss.pieces  # noqa: B018
        if isinstance(loss, MarginLoss) and data.labels != "sign":
            raise ValueError(f"labels must be 'sign' for the loss {loss.name!r} of margins, got labels={data.labels!r}")
        if data.radial_power > 0.0:
            raise ValueError(
                "radial_power must be 0 unless the loss is square, responses are real with Gaussian noise and attacks "
                f"Euclidean, got radial_power={data.radial_power!r}"
            )
        if math.isinf(data.noise.variance) and data.labels == "real" and not loss.bounded:
            raise ValueError(
                f"noise must have a finite variance for the loss {loss.name!r}, whose slope is not bounded, got "
                f"noise={data.noise!r}"
            )
        if self.attack.norm == EUCLIDEAN:
            return
        features = self.features
        what = f"got norm={self.attack.norm!r}"
        if self.penalty.gradient > 0.0:
            raise ValueError(
                "gradient_penalty must be 0 unless the norm is 2: the equations of other norms are solved without one "
                f"(docs/second_comparison), {what} and gradient_penalty={self.penalty.gradient!r}"
            )
        if not isinstance(features, RandomFeatures) or type(features.spectrum) is not MarchenkoPastur:
            raise ValueError(f"norm must be 2 unless rows of W are independent and uniform on the sphere, {what}")
        if features.activation.mu1 == 0.0 or features.activation.mu2 == 0.0:
            raise ValueError(f"norm must be 2 for activations with mu1 = 0 or mu2 = 0, {what}")

    @classmethod
    def of(
        cls,
        psi1: float,
        psi2: float,
        eps: float,
        tau: float = NO_NOISE,
        *,
        ridge: float = 0.0,
        activation: str | Activation = "relu",
        spectrum: str | Spectrum = "marchenko-pastur",
        signal_norm: float = 1.0,
        nonlinear_power: float = 0.0,
        radial_power: float = 0.0,
        loss: str | Loss = SQUARE,
        norm: float = EUCLIDEAN,
        noise: str | Noise | None = None,
        labels: str | None = None,
        gradient_penalty: float = 0.0,
        signal: Signal = GAUSSIAN,
    ) -> "Problem":
        r"""Return the problem with these parameters.

        Parameters
        ----------
        psi1 : float
            N/d, features per dimension, positive.
        psi2 : float
            n/d, samples per dimension, positive; ``inf`` is the population optimum.
        eps : float
            Training radius, >= 0; 0 is the limit eps -> 0+ (with ridge = 0 and N > n: the interpolator of least
            \|J theta\|, not the least-norm one).
        tau : float
            Standard deviation of the label noise, >= 0, or the scale of the law ``noise``; 0 by default, 1 with a law.
        ridge : float
            lambda of the objective, >= 0.
        activation : str or Activation
            A built-in name or an :class:`Activation`.
        spectrum : str or Spectrum
            Law of W W'.
        signal_norm : float
            \|beta\|, positive.
        nonlinear_power : float
            F_*^2 >= 0, the power of a part of E[y|x] that acts as extra noise: uncorrelated with linear functions and
            with \|x\|^2, asymptotically Gaussian and independent of the rest.
        radial_power : float
            F_o^2 >= 0, the power of the part F_o (\|x\|^2 - d)/sqrt(2 d) of E[y|x], which is learned through the second
            Hermite coefficient of the activation unless E sigma(G) != 0 (:eq:`eq-radial`).
        loss : str or Loss
            ``"square"``, ``"huber:delta"``, ``"absolute"``, ``"logistic"``, ``"hinge"``, or a :class:`Loss`.
        norm : float
            p of the attack's norm, 2, ``inf`` or any p >= 1.05; its radius is eps d^(1/p - 1/2).
        noise : str or Noise, optional
            Law of xi, N(0, 1) by default: :class:`GaussianMixture`, :class:`StudentT`, :class:`Laplace`, or a text such
            as ``"t:3"`` (``rfrobust.problem.resolve_noise``).
        labels : str, optional
            ``"sign"`` for y = sign(<x, beta> + tau xi), ``"real"`` without the sign; by default what the loss is for.
        gradient_penalty : float
            Weight g >= 0 of (g/2) \|J theta\|^2, for Euclidean attacks.
        signal : Signal
            Law of the coordinates of beta, Gaussian by default; it matters only where the norm is not 2.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        """
        loss = resolve_loss(loss)
        labels = loss.labels if labels is None else labels
        if tau is NO_NOISE and noise is not None:
            tau = 1.0
        return cls(
            psi1,
            psi2,
            Data(signal_norm, tau, nonlinear_power, radial_power, resolve_noise(noise), labels, signal),
            random_features(activation, spectrum),
            Attack(eps, norm),
            Penalty(ridge, gradient_penalty),
            loss,
        )

    @property
    def eps(self) -> float:
        """Training radius."""
        return self.attack.radius

    @property
    def tau(self) -> float:
        """Standard deviation of the label noise."""
        return self.data.tau

    @property
    def ridge(self) -> float:
        """Ridge penalty."""
        return self.penalty.ridge

    @property
    def settings(self) -> dict[str, Any]:
        """What :meth:`of` would need to build the problem; features that are not random ones are left out."""
        given: dict[str, Any] = {
            "psi1": self.psi1, "psi2": self.psi2, "eps": self.eps, "tau": self.tau, "ridge": self.ridge,
            "signal_norm": self.data.signal_norm, "nonlinear_power": self.data.nonlinear_power,
            "radial_power": self.data.radial_power, "gradient_penalty": self.penalty.gradient, "loss": self.loss,
            "norm": self.attack.norm, "noise": self.data.noise, "labels": self.data.labels, "signal": self.data.signal,
        }  # fmt: skip
        if isinstance(self.features, RandomFeatures):
            given |= {"activation": self.features.activation, "spectrum": self.features.spectrum}
        return given

    def vary(self, **changes: Unpack[Ratios]) -> "Problem":
        """Return the problem with some parameters of :meth:`of` changed.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range, or names a first layer that the features do not have.
        """
        new, features = {**self.settings, **changes}, self.features
        unknown = changes.keys() - self.settings.keys()
        if unknown:
            raise TypeError(f"{min(unknown)} is not one of {', '.join(self.settings)}, the parameters of this problem")
        if isinstance(features, RandomFeatures):
            features = random_features(new["activation"], new["spectrum"])
        loss, labels = resolve_loss(new["loss"]), new["labels"]
        if labels is None or (loss.labels == "sign" and "labels" not in changes):
            labels = loss.labels
        data = Data(
            new["signal_norm"], new["tau"], new["nonlinear_power"], new["radial_power"], resolve_noise(new["noise"]),
            labels, new["signal"],
        )  # fmt: skip
        attack, penalty = Attack(new["eps"], new["norm"]), Penalty(new["ridge"], new["gradient_penalty"])
        return Problem(new["psi1"], new["psi2"], data, features, attack, penalty, loss)

    @property
    def plain(self) -> bool:
        """Whether this is the square loss of real responses with Gaussian noise under Euclidean attacks.

        Then the two equations of docs/theory are all there is to solve.
        """
        data = self.data
        return (
            (self.loss is SQUARE or self.loss == SQUARE) and self.attack.norm == EUCLIDEAN and data.labels == "real"
            and (data.noise is GAUSSIAN_NOISE or data.noise == GAUSSIAN_NOISE) and self.features.diagonal
        )  # fmt: skip

    @property
    def kinds(self) -> Kinds:
        """What the kernels of every loss and norm see besides parameters and law."""
        data, (table, jet) = self.data, self.loss.pieces
        norm = None if self.attack.norm == EUCLIDEAN else dual_of(self.attack.norm, data.signal)
        if data.labels == "sign":
            return Kinds(norm, None, isinstance(self.loss, MarginLoss), table, jet)
        return Kinds(norm, data.noise.atoms(), False, table, jet)

    @property
    def parameters(self) -> AnyParameters:
        """What the equations see, apart from the law of the features."""
        penalty = self.penalty
        return self.parameters_at(
            self.psi1, self.psi2, self.attack.radius, self.data.tau, penalty.ridge, penalty.gradient
        )  # fmt: skip

    def parameters_at(
        self, psi1: Any, psi2: Any, eps: Any, tau: Any, ridge: Any, gradient_penalty: Any
    ) -> AnyParameters:
        """Return what the equations see at other values, numbers or columns, of these parameters."""
        data, features = self.data, self.features
        deviation = tau if data.noise is GAUSSIAN_NOISE else tau * math.sqrt(data.noise.variance)
        return parameters(
            psi1, psi2, eps, deviation, ridge, features.constants, data.signal_norm, data.nonlinear_power,
            data.radial_power, features.spike if data.radial_power > 0.0 else None, gradient_penalty,
        )  # fmt: skip

    @property
    def key(self) -> str:
        """A digest of the whole content, the same in every process."""
        parts = (self.data, self.attack, self.penalty, self.loss)
        ratios = f"psi1={self.psi1!r},psi2={self.psi2!r}"
        text = ";".join([ratios, self.features.key(self.psi1), *(part.key for part in parts)])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def summary(self) -> str:
        """The parameters in brief, as text."""
        settings = self.settings
        shown = {name: f"{value:.8g}" for name, value in settings.items() if isinstance(value, float)}
        for name, usual in _USUAL.items():
            if settings[name] == usual:
                shown.pop(name, None)
            elif name == "loss":
                shown[name] = repr(self.loss.name)
            elif name not in shown:
                shown[name] = repr(settings[name])
        if isinstance(self.features, RandomFeatures):
            shown["activation"] = repr(self.features.activation.name)
            shown["spectrum"] = repr(self.features.spectrum.name)
        else:
            shown["features"] = repr(self.features)
        return ", ".join(f"{key}={value}" for key, value in shown.items())

    def __repr__(self) -> str:
        return f"Problem.of({self.summary})"


def as_problem(
    psi1: Any, psi2: Any = None, eps: Any = None, tau: Any = NO_NOISE, **settings: Unpack[Settings]
) -> Problem:
    """Return a problem given as one, perhaps with changed settings, or by its parameters."""
    unknown = settings.keys() - Settings.__annotations__.keys()
    if unknown:
        raise TypeError(f"got an unexpected keyword argument {min(unknown)!r}")
    if isinstance(psi1, Problem):
        for name, value in (("psi2", psi2), ("eps", eps), ("tau", None if tau is NO_NOISE else tau)):
            if value is not None:
                raise TypeError(
                    f"{name} is a part of the problem that is given, got {name}={value!r}: use problem.vary({name}=...)"
                )
        return psi1.vary(**settings) if settings else psi1
    return Problem.of(psi1, psi2, eps, tau, **settings)


def setting_of(psi1: Any, psi2: Any, tau: Any, settings: Mapping[str, Any]) -> Problem:
    """Return :func:`as_problem` for functions in which radius and ridge have no place, or are searched."""
    refuse(settings, "ridge", "eps")
    return as_problem(psi1, psi2, None if isinstance(psi1, Problem) else 0.0, tau, **settings)


def without_width(psi1: float, psi2: Any, eps: Any, tau: Any, settings: Settings) -> Problem:
    """Return :func:`as_problem` at this width for functions in which the width has no place, or is searched.

    ``psi2`` may be the problem.
    """
    if isinstance(psi2, Problem):
        return as_problem(psi2, None, eps, tau, **settings).vary(psi1=psi1)
    return as_problem(psi1, psi2, eps, tau, **settings)


def refuse(settings: Mapping[str, Any], *names: str) -> None:
    """Raise if one of the names is among the settings of a function that leaves no place for it."""
    for name in names:
        if name in settings:
            raise TypeError(f"{name} must not be given here, got {name}={settings[name]!r}")
