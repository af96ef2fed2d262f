"""Finite-size analysis: power laws, and lines in 1/d, by weighted least squares."""

import math
from typing import NamedTuple

import numpy as np

from ..support import validation


class Estimate(NamedTuple):
    """A fitted number and its standard error."""

    value: float
    se: float


def mean_estimate(values: np.ndarray) -> Estimate:
    """Return the mean of independent values."""
    values = validation.real_array("values", values, ndim=1)
    return Estimate(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))))


def power_law(d: np.ndarray, size: np.ndarray, draws: np.ndarray) -> tuple[Estimate, float]:
    """Fit size = c d^a to root mean squares over ``draws`` independent values; return the exponent a and c.

    The logarithm of a root mean square of m normal values has standard error 1/sqrt(2m).
    """
    d, size, draws = _columns(d=d, size=size, draws=draws)
    intercept, slope = _fit(np.log(d), 2.0 * draws)
    value, se = float(slope @ np.log(size)), math.sqrt(float(slope**2 @ (0.5 / draws)))
    return Estimate(value, se), math.exp(float(intercept @ np.log(size)))


def line_weights(d: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the coefficients with which means at dimensions d give a and b of the fit a + b/d, shape (2, len(d)).

    Weighted least squares. The fit is unbiased for any weights that do not depend on the means.
    """
    d, weight = _columns(d=d, weight=weight)
    return _fit(1.0 / d, weight)


def _columns(**columns: np.ndarray) -> list[np.ndarray]:
    checked = [validation.real_array(name, values, 0.0, open_lower=True, ndim=1) for name, values in columns.items()]
    if len({len(values) for values in checked}) > 1 or len(checked[0]) < 2:
        raise ValueError(f"d and its data must have the same length >= 2, got {[len(values) for values in checked]}")
    return checked


def _fit(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    design = np.column_stack([np.ones_like(x), x])
    return np.linalg.solve(design.T @ (weight[:, None] * design), design.T * weight)
