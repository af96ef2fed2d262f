"""The attack that training defends against."""

from dataclasses import dataclass
from functools import lru_cache

from ..engine.coordinates import DualNorm, dual_norm
from ..support import validation
from ..support.balls import dual_exponent
from .parameters import scalar
from .signal import Signal

EUCLIDEAN = 2.0
#: Smallest p of an l_p attack: the power of the dual norm is then 21, beyond which averages of powers lose digits.
LEAST_NORM = 1.05


def norm_of(name: str, value: object) -> float:
    """Return the p of an l_p norm of attacks as a float, or raise."""
    if type(value) is float and value == EUCLIDEAN:
        return value
    return validation.real_scalar(name, value, LEAST_NORM, allow_inf=True)


def radius_of(eps: float, norm: float, d: int) -> float:
    """Return the largest length in the norm of attacks of radius eps in dimension d: eps d^(1/p - 1/2)."""
    return eps * d ** (1.0 / norm - 0.5)


@lru_cache(maxsize=64)
def dual_of(norm: float, signal: Signal) -> DualNorm:
    """Return what the equations of l_p attacks see of the norm."""
    return dual_norm(dual_exponent(norm), signal.atoms())


@dataclass(frozen=True, slots=True, init=False)
class Attack:
    """Perturbations of x with |delta|_p <= eps d^(1/p - 1/2): eps/sqrt(d) a coordinate for p = inf.

    Parameters
    ----------
    radius : float
        eps >= 0; 0 is the limit eps -> 0+.
    norm : float, default 2
        p of the l_p norm, >= 1.05, or inf. For p > 2 the ball lies inside the Euclidean one of the same radius.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """

    radius: float
    norm: float

    def __init__(self, radius: float, norm: float = EUCLIDEAN) -> None:
        put = object.__setattr__
        put(self, "radius", scalar("eps", radius))
        put(self, "norm", norm_of("norm", norm))

    @property
    def key(self) -> str:
        """The content."""
        return f"radius={self.radius!r},norm={self.norm!r}"
