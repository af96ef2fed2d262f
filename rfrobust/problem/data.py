"""The data: a linear signal, what of the response is not linear, noise, and whether the response is a label."""

from dataclasses import dataclass

from ..support import validation
from .noise import GAUSSIAN_NOISE, Noise
from .parameters import scalar
from .signal import GAUSSIAN, Signal

#: Kinds of responses: real numbers, or their signs.
LABELS = ("real", "sign")


@dataclass(frozen=True, slots=True, init=False)
class Data:
    r"""y = <x, beta> + F_o (|x|^2 - d)/sqrt(2 d) + F_* P(x) + tau xi for x ~ N(0, I_d), or the sign of that.

    All parts have mean zero; docs/theory, "A radial part of the target", says what a constant does.

    Parameters
    ----------
    signal_norm : float, default 1
        \|beta\|, positive.
    tau : float, default 0
        Scale of the label noise, >= 0: its standard deviation where xi ~ N(0, 1).
    nonlinear_power : float, default 0
        F_*^2 >= 0, the power of a part P of E[y|x] that acts as extra noise: uncorrelated with linear functions and
        with |x|^2, asymptotically Gaussian and independent of the rest.
    radial_power : float, default 0
        F_o^2 >= 0, the power of the part of E[y|x] along |x|^2 - d, which networks with a_2 != 0 learn.
    noise : Noise
        Law of xi, N(0, 1) by default.
    labels : str, default "real"
        ``"sign"`` for labels, the sign of y.
    signal : Signal
        Law of the coordinates of beta, Gaussian by default; Euclidean attacks do not see it.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the noise of labels is not Gaussian.
    """

    signal_norm: float
    tau: float
    nonlinear_power: float
    radial_power: float
    noise: Noise
    labels: str
    signal: Signal

    def __init__(
        self,
        signal_norm: float = 1.0,
        tau: float = 0.0,
        nonlinear_power: float = 0.0,
        radial_power: float = 0.0,
        noise: Noise = GAUSSIAN_NOISE,
        labels: str = "real",
        signal: Signal = GAUSSIAN,
    ) -> None:
        put = object.__setattr__
        put(self, "signal_norm", scalar("signal_norm", signal_norm))
        put(self, "tau", scalar("tau", tau))
        put(self, "nonlinear_power", scalar("nonlinear_power", nonlinear_power))
        put(self, "radial_power", scalar("radial_power", radial_power))
        put(self, "noise", validation.instance("noise", noise, Noise))
        put(self, "labels", validation.choice("labels", labels, LABELS))
        put(self, "signal", validation.instance("signal", signal, Signal))
        if noise is not GAUSSIAN_NOISE and noise != GAUSSIAN_NOISE:
            if labels == "sign":
                raise ValueError(
                    f"noise must be Gaussian for labels, got noise={noise!r}: it is a law of real responses"
                )
            if self.tau == 0.0:
                raise ValueError(
                    f"tau must be > 0 with a law of the noise, whose scale it is, got tau=0.0, noise={noise!r}"
                )

    @property
    def signal_power(self) -> float:
        r"""\|beta\|^2."""
        return self.signal_norm * self.signal_norm

    @property
    def noise_power(self) -> float:
        """What no network can predict: tau^2 E xi^2 + F_*^2, perhaps infinite."""
        return self.tau * self.tau * self.noise.variance + self.nonlinear_power

    @property
    def power(self) -> float:
        """The mean square of the response, before its sign is taken."""
        return self.signal_power + (self.noise_power + self.radial_power)

    @property
    def null_risk(self) -> float:
        """The risk of predicting zero: its mean square error, or the error of a coin flip for labels."""
        return 0.5 if self.labels == "sign" else self.power

    @property
    def key(self) -> str:
        """The content."""
        numbers = ",".join(
            f"{name}={getattr(self, name)!r}" for name in ("signal_norm", "tau", "nonlinear_power", "radial_power")
        )
        return f"{numbers},noise={self.noise.key},labels={self.labels},signal={self.signal.key}"
