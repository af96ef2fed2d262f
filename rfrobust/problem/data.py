"""The data: a linear signal, what of the response is not linear, and noise."""

from dataclasses import dataclass

from .parameters import scalar


@dataclass(frozen=True, slots=True, init=False)
class Data:
    r"""y = <x, beta> + F_* part + tau z for x ~ N(0, I_d) and z ~ N(0, 1).

    Parameters
    ----------
    signal_norm : float, default 1
        \|beta\|, positive.
    tau : float, default 0
        Standard deviation of the label noise, >= 0.
    nonlinear_power : float, default 0
        F_*^2 >= 0, the power of a part of E[y|x] orthogonal to linear functions; it acts as extra noise when it is
        asymptotically Gaussian and independent of the linear part.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """

    signal_norm: float
    tau: float
    nonlinear_power: float

    def __init__(self, signal_norm: float = 1.0, tau: float = 0.0, nonlinear_power: float = 0.0) -> None:
        put = object.__setattr__
        put(self, "signal_norm", scalar("signal_norm", signal_norm))
        put(self, "tau", scalar("tau", tau))
        put(self, "nonlinear_power", scalar("nonlinear_power", nonlinear_power))

    @property
    def signal(self) -> float:
        r"""\|beta\|^2."""
        return self.signal_norm * self.signal_norm

    @property
    def noise(self) -> float:
        """Everything that a linear function of x cannot predict: tau^2 + F_*^2."""
        return self.tau * self.tau + self.nonlinear_power

    @property
    def null_risk(self) -> float:
        """The risk of predicting zero."""
        return self.signal + self.noise

    @property
    def key(self) -> str:
        """The content."""
        return f"signal_norm={self.signal_norm!r},tau={self.tau!r},nonlinear_power={self.nonlinear_power!r}"
