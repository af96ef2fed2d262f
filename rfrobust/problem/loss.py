"""The loss of one residual."""

from abc import ABC
from dataclasses import dataclass


class Loss(ABC):
    """A convex loss rho of the residual's size |y - f| + eps |gradient|; each kind is a class of its own."""

    name: str

    @property
    def key(self) -> str:
        """The content."""
        return self.name


@dataclass(frozen=True, slots=True)
class Square(Loss):
    """rho(t) = t^2/2 (``rfrobust.engine.equations``)."""

    name = "square"


SQUARE = Square()
