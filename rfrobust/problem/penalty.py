"""The penalties on the network."""

from dataclasses import dataclass

from .parameters import scalar


@dataclass(frozen=True, slots=True, init=False)
class Penalty:
    """(ridge/2) |theta|^2 + (gradient/2) |J theta|^2.

    Parameters
    ----------
    ridge : float, default 0
        lambda >= 0.
    gradient : float, default 0
        Weight >= 0 of the mean square of the network's gradient.

    Raises
    ------
    TypeError, ValueError
        If one is of the wrong kind or out of range.
    """

    ridge: float
    gradient: float

    def __init__(self, ridge: float = 0.0, gradient: float = 0.0) -> None:
        object.__setattr__(self, "ridge", scalar("ridge", ridge))
        object.__setattr__(self, "gradient", scalar("gradient_penalty", gradient))

    @property
    def key(self) -> str:
        """The content."""
        return f"ridge={self.ridge!r},gradient={self.gradient!r}"
