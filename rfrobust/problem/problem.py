"""One problem: data x features x attack x penalty x loss at the ratios N/d and n/d."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from ..engine.equations import parameters
from ..engine.records import AnyParameters
from ..support.validation import instance
from .activation import Activation
from .attack import Attack
from .data import Data
from .features import Features, RandomFeatures, random_features
from .loss import SQUARE, Loss
from .parameters import scalar
from .penalty import Penalty
from .spectrum import Spectrum


class Target(TypedDict, total=False):
    """Keyword arguments of :meth:`Problem.of` about W and the response."""

    spectrum: str | Spectrum
    signal_norm: float
    nonlinear_power: float
    radial_power: float


class FirstLayer(Target, total=False):
    """Those and the activation."""

    activation: str | Activation


class Settings(FirstLayer, total=False):
    """All keyword arguments of :meth:`Problem.of` that have defaults."""

    ridge: float


class Ratios(Settings, total=False):
    """All arguments of :meth:`Problem.of` by name."""

    psi1: float
    psi2: float
    eps: float
    tau: float


NO_PENALTY = Penalty()


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Problem:
    r"""Adversarial training of random features regression, in the limit N/d -> psi1, n/d -> psi2.

    .. math::
       \hat\theta = \arg\min_\theta \frac1{2n}\sum_i \max_{\|\delta_i\|_2\le\epsilon}
       (y_i-\theta^\top\sigma(W(x_i+\delta_i)))^2 + \frac\lambda2\|\theta\|^2

    for x ~ N(0, I_d), y = <x, beta> + tau z and unit-norm rows of W. :meth:`of` builds one from plain numbers and
    names; problems are frozen, checked once, equal where their content is, and hashable.

    Parameters
    ----------
    psi1, psi2 : float
        N/d and n/d, positive; psi2 = inf is the population.
    data : Data
        Signal and noise.
    features : Features
        Activation and law of W W'.
    attack : Attack
        Training radius.
    penalty : Penalty
        Ridge.
    loss : Loss
        Loss of one residual.

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

    @classmethod
    def of(
        cls,
        psi1: float,
        psi2: float,
        eps: float,
        tau: float = 0.0,
        *,
        ridge: float = 0.0,
        activation: str | Activation = "relu",
        spectrum: str | Spectrum = "marchenko-pastur",
        signal_norm: float = 1.0,
        nonlinear_power: float = 0.0,
        radial_power: float = 0.0,
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
            Standard deviation of the label noise, >= 0.
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

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range.
        """
        return cls(
            psi1,
            psi2,
            Data(signal_norm, tau, nonlinear_power, radial_power),
            random_features(activation, spectrum),
            Attack(eps),
            Penalty(ridge),
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
            "radial_power": self.data.radial_power,
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
        data = Data(new["signal_norm"], new["tau"], new["nonlinear_power"], new["radial_power"])
        attack, penalty = Attack(new["eps"], self.attack.norm), Penalty(new["ridge"])
        return Problem(new["psi1"], new["psi2"], data, features, attack, penalty, self.loss)

    @property
    def parameters(self) -> AnyParameters:
        """What the equations see, apart from the law of the features."""
        return self.parameters_at(self.psi1, self.psi2, self.attack.radius, self.data.tau, self.penalty.ridge)

    def parameters_at(self, psi1: Any, psi2: Any, eps: Any, tau: Any, ridge: Any) -> AnyParameters:
        """Return what the equations see at other values, numbers or columns, of these parameters."""
        data, features = self.data, self.features
        return parameters(
            psi1, psi2, eps, tau, ridge, features.constants, data.signal_norm, data.nonlinear_power,
            data.radial_power, features.spike if data.radial_power > 0.0 else None,
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
        shown = {name: f"{value:.8g}" for name, value in self.settings.items() if isinstance(value, float)}
        for name, usual in (("signal_norm", 1.0), ("nonlinear_power", 0.0), ("radial_power", 0.0)):
            if self.settings[name] == usual:
                del shown[name]
        if isinstance(self.features, RandomFeatures):
            shown["activation"] = repr(self.features.activation.name)
            shown["spectrum"] = repr(self.features.spectrum.name)
        else:
            shown["features"] = repr(self.features)
        return ", ".join(f"{key}={value}" for key, value in shown.items())

    def __repr__(self) -> str:
        return f"Problem.of({self.summary})"


class _Default(float):
    """The default of a parameter, told from the same value given: with a problem there must be none."""


NO_NOISE, NO_RIDGE = _Default(0.0), _Default(0.0)


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
    return Problem.of(psi1, psi2, eps, 0.0 if tau is NO_NOISE else tau, **settings)


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
