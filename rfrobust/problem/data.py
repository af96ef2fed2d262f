"""The data: a linear signal, what of the response is not linear, and noise."""

from dataclasses import dataclass

from .parameters import scalar


@dataclass(frozen=True, slots=True, init=False)
class Data:
    r"""y = <x, beta> + F_o (|x|^2 - d)/sqrt(2 d) + F_* P(x) + tau z for x ~ N(0, I_d) and z ~ N(0, 1).

    All parts have mean zero; docs/theory, "A radial part of the target", says what a constant does.

    Parameters
    ----------
    signal_norm : float, default 1
        \|beta\|, positive.
    tau : float, default 0
        Standard deviation of the label noise, >= 0.
    nonlinear_power : float, default 0
        F_*^2 >= 0, the power of a part P of E[y|x] that acts as extra noise: uncorrelated with linear functions and
        with |x|^2, asymptotically Gaussian and independent of the rest.
    radial_power : float, default 0
        F_o^2 >= 0, the power of the part of E[y|x] along |x|^2 - d, which networks with a_2 != 0 learn.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """

    signal_norm: float
    tau: float
    nonlinear_power: float
    radial_power: float

    def __init__(
        self, signal_norm: float = 1.0, tau: float = 0.0, nonlinear_power: float = 0.0, radial_power: float = 0.0
    ) -> None:
        put = object.__setattr__
        put(self, "signal_norm", scalar("signal_norm", signal_norm))
        put(self, "tau", scalar("tau", tau))
        put(self, "nonlinear_power", scalar("nonlinear_power", nonlinear_power))
        put(self, "radial_power", scalar("radial_power", radial_power))

    @property
    def signal(self) -> float:
        r"""\|beta\|^2."""
        return self.signal_norm * self.signal_norm

    @property
    def noise(self) -> float:
        """What no network can predict: tau^2 + F_*^2."""
        return self.tau * self.tau + self.nonlinear_power

    @property
    def null_risk(self) -> float:
        """The risk of predicting zero."""
        return self.signal + (self.noise + self.radial_power)

    @property
    def key(self) -> str:
        """The content."""
        names = ("signal_norm", "tau", "nonlinear_power", "radial_power")
        return ",".join(f"{name}={getattr(self, name)!r}" for name in names)
