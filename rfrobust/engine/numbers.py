"""The numbers that the equations are evaluated in: floats, balls or traced expressions, each with derivatives."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from .gaussian import gaussian_parts


class Dual:
    """``value + sum_i gradient[i] e_i`` with e_i e_j = 0.

    Parameters
    ----------
    value : float, arb or Expression
        The number.
    gradient : ndarray
        Its partial derivatives, shape (m,), of the same kind of number.
    """

    __slots__ = ("gradient", "value")
    #: Keeps NumPy from spreading ``array * Dual`` over the array.
    __array_ufunc__ = None

    def __init__(self, value: Any, gradient: np.ndarray) -> None:
        self.value = value
        self.gradient = gradient

    @property
    def is_zero(self) -> bool:
        """Whether the value is exactly 0, in floats and in balls."""
        return bool(self.value == 0)

    def chain(self, value: Any, derivative: Any) -> "Dual":
        """Return f(self) from f and f' at the value."""
        return Dual(value, self.gradient * derivative)

    def __add__(self, other: Any) -> "Dual":
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.gradient + other.gradient)
        return Dual(self.value + other, self.gradient)

    __radd__ = __add__

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.gradient)

    def __sub__(self, other: Any) -> "Dual":
        if isinstance(other, Dual):
            return Dual(self.value - other.value, self.gradient - other.gradient)
        return Dual(self.value - other, self.gradient)

    def __rsub__(self, other: Any) -> "Dual":
        return Dual(other - self.value, -self.gradient)

    def __mul__(self, other: Any) -> "Dual":
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.gradient * other.value + other.gradient * self.value)
        return Dual(self.value * other, self.gradient * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Dual":
        if isinstance(other, Dual):
            ratio = self.value / other.value
            return Dual(ratio, (self.gradient - other.gradient * ratio) * (1.0 / other.value))
        return Dual(self.value / other, self.gradient / other)

    def __rtruediv__(self, other: Any) -> "Dual":
        inverse = 1.0 / self.value
        ratio = other / self.value
        return Dual(ratio, self.gradient * (-ratio * inverse))


def seed(value: Any, index: int, size: int, one: Any = 1.0) -> Dual:
    """Return the independent variable number ``index`` of ``size``, at ``value``."""
    gradient = np.array([one - one] * size, dtype=float if isinstance(one, float) else object)
    gradient[index] = one
    return Dual(value, gradient)


class Field(ABC):
    """Elementary functions and choices of one kind of number, lifted to dual numbers."""

    pi: Any

    @abstractmethod
    def exp_value(self, x: Any) -> Any:
        """Return e^x of a plain number."""

    @abstractmethod
    def log_value(self, x: Any) -> Any:
        """Return log x of a plain number."""

    @abstractmethod
    def sqrt_value(self, x: Any) -> Any:
        """Return the square root of a plain number."""

    @abstractmethod
    def gaussian_values(self, s: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return p0, p1, phi, m, A of ``gaussian_parts`` of a plain number."""

    def if_at_least(self, x: Dual, bound: float, then: Callable[[], Dual], other: Callable[[], Dual]) -> Dual:
        """Return ``then()`` where x >= bound, else ``other()``."""
        return then() if float(x.value) >= bound else other()

    def positive_part(self, x: Dual) -> Dual:
        """Return max(x, 0)."""
        return self.if_at_least(x, 0.0, lambda: x, lambda: x * 0.0)

    def exp(self, x: Dual) -> Dual:
        """Return e^x."""
        value = self.exp_value(x.value)
        return x.chain(value, value)

    def log(self, x: Dual) -> Dual:
        """Return log x."""
        return x.chain(self.log_value(x.value), 1.0 / x.value)

    def sqrt(self, x: Dual) -> Dual:
        """Return the square root; 0 with derivative 0 at 0, where r vanishes identically."""
        value = self.sqrt_value(x.value)
        return x.chain(value, 0.5 / value if value != 0 else value)

    def power(self, x: Dual, exponent: Any) -> Dual:
        """Return x^exponent of x > 0."""
        return self.exp(self.log(x) * exponent)

    def gaussian(self, s: Dual) -> tuple[Dual, Dual, Dual, Dual, Dual]:
        """Return p0, p1, phi, m, A."""
        p0, p1, phi, m, A = self.gaussian_values(s.value)
        return (
            s.chain(p0, 2.0 * phi),
            s.chain(p1, -2.0 * phi),
            s.chain(phi, -s.value * phi),
            s.chain(m, -p1),
            s.chain(A, 2.0 * phi * s.value * s.value),
        )


class FloatField(Field):
    """Double precision."""

    pi = math.pi

    def exp_value(self, x: Any) -> Any:
        """Return e^x."""
        return math.exp(x)

    def log_value(self, x: Any) -> Any:
        """Return log x."""
        return math.log(x)

    def sqrt_value(self, x: Any) -> Any:
        """Return the square root."""
        return math.sqrt(x)

    def gaussian_values(self, s: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return p0, p1, phi, m, A."""
        return gaussian_parts(s)
