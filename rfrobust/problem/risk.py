"""The adversarial risk of a model that is linear on the attack's ball, from what fresh data see of it."""

import math
from typing import Any, NamedTuple

import numpy as np

from ..engine import equations


class _Arrays:
    """What the equation needs of NumPy and xarray."""

    pi = math.pi
    sqrt = staticmethod(np.sqrt)
    sqrt_value = staticmethod(math.sqrt)


def adversarial_risk(standard_risk: Any, gradient_norm: Any, eps_test: Any, mean_abs_error: Any = None) -> Any:
    r"""Return :math:`v + 2\epsilon\,r\,E|y-f| + \epsilon^2 r^2`.

    E|y - f| is sqrt(2 v/pi), as for a Gaussian error (:eq:`eq-ar-limit`), where it is None (:eq:`eq-family-risk`).
    """
    if mean_abs_error is None:
        return equations.adversarial_risk(standard_risk, gradient_norm, eps_test, _Arrays)  # type: ignore[arg-type]
    shift = eps_test * gradient_norm
    return standard_risk + shift * (2.0 * mean_abs_error + shift)


def adversarial_error(standard_error: Any, gradient_norm: Any, eps_test: Any, output_power: Any) -> Any:
    r"""Return P(y f < eps r) of labels, :math:`\Phi(h) - 2T(h,\kappa)` with h = eps r/sqrt(E f^2).

    T is Owen's function, and kappa = cot(pi P(y f < 0)) (:eq:`eq-robust-error`). The zero network guesses: its error is
    one half.
    """
    from scipy.special import ndtr, owens_t

    error, power = np.asarray(standard_error), np.asarray(output_power)
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(power > 0.0, np.asarray(eps_test * gradient_norm) / np.sqrt(power), 0.0)
        kappa = 1.0 / np.tan(math.pi * error)
        attacked = np.where(h > 0.0, ndtr(h) - 2.0 * owens_t(h, kappa), error)
    # rounding of a small error must not make the attacked one smaller
    return np.where(error <= 1.0, np.maximum(attacked, error), error)


class Risks(NamedTuple):
    """What the adversarial risks of models follow from; arrays of one shape.

    ``scale`` is E|y - f| of real responses and E f^2 of labels.
    """

    standard_risk: Any
    gradient_norm: Any
    scale: Any
    labels: bool

    def at(self, eps_test: Any) -> Any:
        """Return the adversarial risks at test radii."""
        risk = adversarial_error if self.labels else adversarial_risk
        return risk(self.standard_risk, self.gradient_norm, eps_test, self.scale)
