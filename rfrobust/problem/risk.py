"""The adversarial risk of a model that is linear on the attack's ball, from its standard risk and gradient norm."""

import math
from typing import Any

import numpy as np

_TWICE_MEAN_ABS = 2.0 * math.sqrt(2.0 / math.pi)


def adversarial_risk(standard_risk: Any, gradient_norm: Any, eps_test: Any) -> Any:
    r"""Return :math:`v + 2\sqrt{2/\pi}\,\epsilon\,r\sqrt v + \epsilon^2 r^2` (:eq:`eq-ar-limit`)."""
    shift = eps_test * gradient_norm
    return standard_risk + shift * (_TWICE_MEAN_ABS * np.sqrt(standard_risk) + shift)
