"""Numbers that carry their derivatives: the values may be floats or balls (python-flint's ``arb``)."""

from typing import Any

import numpy as np


class Dual:
    """``value + sum_i gradient[i] e_i`` with e_i e_j = 0.

    Parameters
    ----------
    value : float or arb
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
            return Dual(ratio, (self.gradient - other.gradient * ratio) / other.value)
        return Dual(self.value / other, self.gradient / other)

    def __rtruediv__(self, other: Any) -> "Dual":
        ratio = other / self.value
        return Dual(ratio, self.gradient * (-ratio / self.value))


def seed(value: Any, index: int, size: int, one: Any = 1.0) -> Dual:
    """Return the independent variable number ``index`` of ``size``, at ``value``."""
    zero = one - one
    gradient = np.array([zero] * size, dtype=object if not isinstance(one, float) else float)
    gradient[index] = one
    return Dual(value, gradient)
