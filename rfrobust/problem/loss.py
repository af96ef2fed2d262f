"""Convex losses: of the size of a residual, or of the margin of a label.

A loss is one function z -> (value, slope, curvature) and the kinks between which it is smooth; nothing else of the
library knows one loss from another.
"""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..engine.channels import LossTable, piece_jet, piece_of
from ..support import validation
from ..support.jit import function_pointer, njit

#: From z to the value, the slope and the curvature of a loss there; at a kink those to its right.
Jet = Callable[[float], tuple[float, float, float]]

#: Bends of a loss that the probe of its convexity reaches, and points a piece.
PROBED, PROBES = 30.0, 400
#: Rounding, relative to the sizes on the probe, that is no violation; and what differences say of a curvature.
ROUNDING, DIFFERENCE = 1e-9, 1e-2


class Pieces(NamedTuple):
    """A loss as the kernels take it: its table, and the compiled jet of its smooth pieces, None without any."""

    table: LossTable
    jet: Any


class Loss(ABC):
    """A convex loss; derive from :class:`ResidualLoss` or :class:`MarginLoss`.

    Attributes
    ----------
    name : str
        Name shown in results.
    kinks : tuple of float
        Where slope or curvature jump, increasing.
    bend : float
        Length over which the slope of a smooth loss changes: panels of quadratures are as fine.
    quadratic : bool
        Whether the loss is a quadratic between its kinks: then averages are closed forms.
    """

    name: str
    kinks: tuple[float, ...] = ()
    bend: float = 1.0
    quadratic: bool = False
    #: First point of the domain, the sign of the slopes, and the kind of responses that the loss is for.
    start: float
    sign: float
    labels: str

    @abstractmethod
    def jet(self) -> Jet:
        """Return the function z -> (value, slope, curvature), of floats, in plain :mod:`math` that Numba compiles.

        At a kink it returns the slope and curvature to the right.
        """

    @property
    def key(self) -> str:
        """The content: name, and a digest of sampled values."""
        samples = np.array([self.jet()(z) for z in _probe(self)])
        return f"{self.name}({hashlib.sha256(samples.tobytes()).hexdigest()[:16]})"

    @property
    def pieces(self) -> Pieces:
        """The loss as kernels take it, checked.

        Raises
        ------
        TypeError, ValueError
            If the loss is not what its class says: convex, of one direction, smooth between its kinks.
        """
        return _pieces(self)

    @property
    def bounded(self) -> bool:
        """Whether the slope is bounded, as far as floats show."""
        far = self.sign * (1e6 * self.bend + max(self.kinks, default=0.0))
        (_, near, _), (_, beyond, _) = self.jet()(far), self.jet()(1e3 * far)
        return abs(beyond) <= 2.0 * abs(near)

    def __call__(self, z: Any) -> np.ndarray:
        """Return the values at points of any shape."""
        return self.derivatives(z)[0]

    def derivatives(self, z: Any) -> np.ndarray:
        """Return value, slope and curvature, first axis, at points of any shape."""
        points = validation.real_array("z", z, self.start)
        out = np.empty((3, points.size))
        _evaluate(points.ravel(), *self.pieces, out)
        return out.reshape(3, *points.shape)


class ResidualLoss(Loss):
    """A loss rho(z) of the size z = |y - f| + eps r of an attacked residual: convex, not decreasing, z >= 0."""

    start, sign, labels = 0.0, 1.0, "real"


class MarginLoss(Loss):
    """A loss l(z) of the attacked margin z = y f - eps r of a label y = +-1: convex, not increasing."""

    start, sign, labels = -math.inf, -1.0, "sign"


@dataclass(frozen=True)
class Square(ResidualLoss):
    """rho(z) = z^2/2."""

    name = "square"
    quadratic = True

    def jet(self) -> Jet:
        """Return z -> (z^2/2, z, 1)."""
        return lambda z: (0.5 * z * z, z, 1.0)


@dataclass(frozen=True)
class Absolute(ResidualLoss):
    """rho(z) = z."""

    name = "absolute"
    quadratic = True

    def jet(self) -> Jet:
        """Return z -> (z, 1, 0)."""
        return lambda z: (z, 1.0, 0.0)


@dataclass(frozen=True)
class Huber(ResidualLoss):
    """rho(z) = z^2/2 up to delta, then the line delta z - delta^2/2.

    Parameters
    ----------
    delta : float, default 1
        Where the line begins, in [1e-20, 1e20].

    Raises
    ------
    TypeError, ValueError
        If delta is of the wrong kind or out of range.
    """

    delta: float = 1.0
    quadratic = True

    def __post_init__(self) -> None:
        validation.store(self, delta=validation.real_scalar("delta", self.delta, 1e-20, 1e20))

    @property
    def name(self) -> str:  # type: ignore[override]
        """``huber:`` and delta."""
        return f"huber:{self.delta:.12g}"

    @property
    def kinks(self) -> tuple[float, ...]:  # type: ignore[override]
        """Delta."""
        return (self.delta,)

    @property
    def bend(self) -> float:  # type: ignore[override]
        """Delta."""
        return self.delta

    def jet(self) -> Jet:
        """Return value, slope and curvature of the quadratic, and of the line."""
        delta = self.delta
        return lambda z: (0.5 * z * z, z, 1.0) if z < delta else (delta * (z - 0.5 * delta), delta, 0.0)


@dataclass(frozen=True)
class Hinge(MarginLoss):
    """l(z) = max(1 - z, 0)."""

    name = "hinge"
    quadratic = True
    kinks = (1.0,)

    def jet(self) -> Jet:
        """Return (1 - z, -1, 0) below 1, zeros above."""
        return lambda z: (1.0 - z, -1.0, 0.0) if z < 1.0 else (0.0, 0.0, 0.0)


def _logistic(z: float) -> tuple[float, float, float]:
    tail = math.exp(-abs(z))
    slope = (tail if z > 0.0 else 1.0) / (1.0 + tail)
    return math.log1p(tail) + max(-z, 0.0), -slope, slope * (1.0 - slope)


@dataclass(frozen=True)
class Logistic(MarginLoss):
    """l(z) = log(1 + exp(-z))."""

    name = "logistic"
    bend = 2.0  # poles at +- i pi

    def jet(self) -> Jet:
        """Return value, slope and curvature without overflow."""
        return _logistic


#: Name -> class, in the order in which they are listed.
LOSSES: dict[str, type[Loss]] = {
    "square": Square, "huber": Huber, "absolute": Absolute, "logistic": Logistic, "hinge": Hinge,
}  # fmt: skip
SQUARE = Square()


def resolve_loss(loss: str | Loss) -> Loss:
    """Return the loss itself, or the built-in one of that name (``"huber:0.3"`` sets its parameter).

    Raises
    ------
    TypeError, ValueError
        If there is no such name, or the value after the colon is not an admissible number.
    """
    if loss is SQUARE or isinstance(loss, Loss):  # the usual one fast
        return loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise TypeError(f"loss must be a loss, got the class {loss.__name__}: call it")
    name, colon, text = loss.partition(":") if isinstance(loss, str) else ("", "", "")
    if name not in LOSSES:
        validation.choice("loss", loss, LOSSES)
    made: Any = LOSSES[name]
    if not colon:
        return made()
    fields = getattr(made, "__dataclass_fields__", {})
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not fields or math.isnan(value):
        allowed = f"needs a number after the colon ({min(fields)})" if fields else "takes no parameter"
        raise ValueError(f"loss {name!r} {allowed}, got loss={loss!r}")
    return made(value)


def _ends(loss: Loss) -> list[float]:
    """Return the kinks with the ends of the probe before and after them."""
    kinks = list(loss.kinks)
    first = loss.start if loss.start > -math.inf else min(kinks, default=0.0) - PROBED * loss.bend
    return [first, *kinks, max([*kinks, 0.0]) + PROBED * loss.bend]


def _probe(loss: Loss) -> np.ndarray:
    """Return points of every piece, its left end included."""
    steps = np.arange(PROBES) / PROBES
    return np.concatenate([a + (b - a) * steps for a, b in pairwise(_ends(loss))])


def _checked(loss: Loss) -> Jet:
    """Return the jet of a loss whose probe shows what its class says, or raise."""

    def refuse(what: str, where: float, got: Any) -> None:
        raise ValueError(f"loss must {what}, got {got:.6g} at z={where:.6g} of {loss.name!r}")

    validation.instance("name", loss.name, str)
    kinks = validation.real_array("kinks", [loss.start if loss.sign > 0 else -1e300, *loss.kinks], ndim=1)
    if (np.diff(kinks) <= 0.0).any():
        raise ValueError(f"kinks must increase inside the domain of the loss, got kinks={loss.kinks!r}")
    validation.real_scalar("bend", loss.bend, 1e-20, 1e20)
    jet = validation.instance("jet", loss.jet(), Callable)
    z = _probe(loss)
    try:
        rows = np.array([jet(float(point)) for point in z], dtype=float)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TypeError(f"jet of {loss.name!r} must return (value, slope, curvature): {error}") from error
    if rows.shape != (z.size, 3) or not np.isfinite(rows).all():
        raise ValueError(f"jet of {loss.name!r} must return three finite numbers (value, slope, curvature)")
    value, slope, curvature = rows.T
    gap, rise = np.diff(z), np.diff(value)
    room = ROUNDING * (np.abs(value).max() + np.abs(slope).max() * gap)
    direction, wrong = ("fall", "rise") if loss.sign < 0.0 else ("rise", "fall")
    if (i := int(np.argmin(loss.sign * slope))) >= 0 and loss.sign * slope[i] < -ROUNDING * np.abs(slope).max():
        refuse(f"not {wrong}", z[i], slope[i])
    if not slope.any():
        raise ValueError(f"loss must {direction} somewhere, got slopes of 0 in {loss.name!r}")
    bad = np.flatnonzero((rise < slope[:-1] * gap - room) | (rise > slope[1:] * gap + room))
    if bad.size:  # slopes that are not between the chords: a wrong slope, or no convexity
        refuse("be convex with this slope", z[bad[0]], slope[bad[0]])
    if (i := int(np.argmin(curvature))) >= 0 and curvature[i] < -ROUNDING * np.abs(curvature).max():
        refuse("be convex", z[i], curvature[i])
    inside = np.concatenate([np.arange(i * PROBES, (i + 1) * PROBES - 1) for i in range(len(loss.kinks) + 1)])
    mean = 0.5 * (curvature[inside] + curvature[inside + 1])
    off = np.abs(np.diff(slope)[inside] - mean * gap[inside])
    top = (np.abs(curvature).max() + np.abs(slope).max() / loss.bend) * gap[inside]
    bad = inside[off > DIFFERENCE * top]
    if bad.size:
        refuse("have the curvature that it returns, or a kink there", z[bad[0]], curvature[bad[0]])
    return jet


def _check_quadratic(loss: Loss, jet: Jet, z: float, other: float) -> None:
    """Raise if a loss said to be quadratic between its kinks is not the same quadratic at two points of a piece."""
    (value, slope, bend), y = jet(z), other - z
    expected = (value + slope * y + 0.5 * bend * y * y, slope + bend * y, bend)
    size = abs(value) + abs(slope * y) + abs(bend * y * y)
    if any(
        abs(a - b) * abs(y) ** i > ROUNDING * size for i, (a, b) in enumerate(zip(jet(other), expected, strict=True))
    ):
        raise ValueError(f"quadratic must be False for a loss that is not one between its kinks, got {loss.name!r}")


@lru_cache(maxsize=256)
def _pieces(loss: Loss) -> Pieces:
    jet = _checked(loss)
    borders = [loss.start, *loss.kinks, math.inf]
    starts = [loss.kinks[0] if loss.kinks else 0.0, *loss.kinks] if loss.start == -math.inf else borders[:-1]
    anchor, rows = np.array(starts, dtype=float), np.zeros((len(starts), 3))
    if loss.quadratic:
        for i, (a, b) in enumerate(pairwise(_ends(loss))):
            middle = 0.5 * (a + b)
            value, slope, bend = jet(middle)
            y = starts[i] - middle
            rows[i] = value + slope * y + 0.5 * bend * y * y, slope + bend * y, bend
            _check_quadratic(loss, jet, middle, 0.5 * (middle + b))
    smooth = np.full(len(starts), 0.0 if loss.quadratic else float(loss.bend))
    value, slope, bend = np.ascontiguousarray(rows.T)
    table = LossTable(np.array(borders), anchor, value, slope, bend, smooth)
    if loss.quadratic:
        return Pieces(table, None)
    return Pieces(table, function_pointer(jet))


@njit
def _evaluate(points, table, jet, out):
    for i in range(points.size):
        at = piece_jet(piece_of(points[i], table), points[i], table, jet)
        out[0, i], out[1, i], out[2, i] = at.value, at.slope, at.bend
