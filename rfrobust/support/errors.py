"""The common base of every error that is ours: ``except rfrobust.Error`` catches them all.

Bad arguments stay plain ``TypeError`` and ``ValueError`` (:mod:`rfrobust.support.validation`).
"""


class Error(Exception):
    """Something failed for a reason that the message names; each kind also derives from the built-in it resembles."""


class DivergenceError(Error, ArithmeticError):
    """A training run left the range of floating point numbers."""


class NumericalError(Error, RuntimeError):
    """An integration, an optimization or a search did not reach its end."""


class SweepWarning(UserWarning):
    """Some points of a sweep, or some networks of a simulation, have no solution; they are NaN and say why."""
