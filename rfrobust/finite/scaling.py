"""Finite-size analysis: power laws and extrapolation to infinite dimension by weighted least squares."""

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
    (intercept, _), slope = _line(np.log(d), np.log(size), 1.0 / np.sqrt(2.0 * draws))
    return slope, float(np.exp(intercept))


def extrapolate(d: np.ndarray, mean: np.ndarray, se: np.ndarray) -> tuple[Estimate, Estimate]:
    """Fit mean = a + b/d with standard errors ``se``; return a, the value at d = infinity, and b."""
    d, se = _columns(d=d, se=se)
    return _line(1.0 / d, validation.real_array("mean", mean, shape=d.shape), se)


def _columns(**columns: np.ndarray) -> list[np.ndarray]:
    checked = [validation.real_array(name, values, 0.0, open_lower=True, ndim=1) for name, values in columns.items()]
    if len({len(values) for values in checked}) > 1 or len(checked[0]) < 2:
        raise ValueError(f"d and its data must have the same length >= 2, got {[len(values) for values in checked]}")
    return checked


def _line(x: np.ndarray, y: np.ndarray, se: np.ndarray) -> tuple[Estimate, Estimate]:
    design = np.column_stack([np.ones_like(x), x]) / se[:, None]
    covariance = np.linalg.inv(design.T @ design)
    a, b = covariance @ design.T @ (y / se)
    return Estimate(float(a), float(covariance[0, 0] ** 0.5)), Estimate(float(b), float(covariance[1, 1] ** 0.5))
