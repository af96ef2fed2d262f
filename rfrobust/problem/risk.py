"""The adversarial risk of a model that is linear on the attack's ball, from its standard risk and gradient norm."""

import math
from typing import Any

import numpy as np

from ..engine import equations


class _Arrays:
    """What the equation needs of NumPy and xarray."""

    pi = math.pi
    sqrt = staticmethod(np.sqrt)
    sqrt_value = staticmethod(math.sqrt)


def adversarial_risk(standard_risk: Any, gradient_norm: Any, eps_test: Any) -> Any:
    r"""Return :math:`v + 2\sqrt{2/\pi}\,\epsilon\,r\sqrt v + \epsilon^2 r^2` (:eq:`eq-ar-limit`)."""
    return equations.adversarial_risk(standard_risk, gradient_norm, eps_test, _Arrays)  # type: ignore[arg-type]
