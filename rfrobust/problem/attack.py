"""The attack that training defends against."""

from dataclasses import dataclass

from ..support import validation
from .parameters import scalar

#: The norm of attacks that the theory solves.
EUCLIDEAN = 2.0


@dataclass(frozen=True, slots=True, init=False)
class Attack:
    """Perturbations of x of at most the given norm.

    Parameters
    ----------
    radius : float
        eps >= 0; 0 is the limit eps -> 0+.
    norm : float, default 2
        p of the l_p norm; 2 is the only one so far.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """

    radius: float
    norm: float

    def __init__(self, radius: float, norm: float = EUCLIDEAN) -> None:
        if norm is not EUCLIDEAN and validation.real_scalar("norm", norm, allow_inf=True) != EUCLIDEAN:
            raise ValueError(f"norm must be 2, the only one so far, got norm={norm!r}")
        put = object.__setattr__
        put(self, "radius", scalar("eps", radius))
        put(self, "norm", EUCLIDEAN)

    @property
    def key(self) -> str:
        """The content."""
        return f"radius={self.radius!r},norm={self.norm!r}"
