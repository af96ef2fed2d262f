"""The penalty on the second layer."""

from dataclasses import dataclass

from .parameters import scalar


@dataclass(frozen=True, slots=True, init=False)
class Penalty:
    """(ridge/2) |theta|^2.

    Parameters
    ----------
    ridge : float, default 0
        lambda >= 0.

    Raises
    ------
    TypeError, ValueError
        If it is of the wrong kind or out of range.
    """

    ridge: float

    def __init__(self, ridge: float = 0.0) -> None:
        object.__setattr__(self, "ridge", scalar("ridge", ridge))

    @property
    def key(self) -> str:
        """The content."""
        return f"ridge={self.ridge!r}"
