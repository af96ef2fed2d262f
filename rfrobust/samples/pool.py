"""Moments of a finite pool of samples, and how far they can be trusted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import eigh
from tqdm import tqdm

from ..problem.noise import GaussianMixture
from ..theory.covariances import CovarianceModel
from .maps import Features

#: Rows whose features are kept at a time.
BLOCK = 4096
#: Eigenvalues of Sigma, relative to the largest, a feature, below which directions are rounding.
FLAT = 1e-14
#: Gaussians of the law of the residuals.
ATOMS = 40


class PoolWarning(UserWarning):
    """A pool is too small, or its residuals or features too far from Gaussian, for predictions to be sharp."""


@dataclass(frozen=True)
class Moments:
    """E phi phi', E J M J', E phi y and E y^2 over some rows."""

    count: int
    covariance: np.ndarray
    metric: np.ndarray
    cross: np.ndarray
    power: float

    @cached_property
    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """The eigenvectors of Sigma that are not rounding, and the roots of their eigenvalues."""
        values, vectors = eigh(self.covariance)
        seen = values > FLAT * len(values) * values[-1]
        return vectors[:, seen], np.sqrt(values[seen])

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray, features: Features, bar: tqdm) -> "Moments":
        """Measure them, by blocks of rows."""
        N, n = features.size, len(X)
        covariance, metric, cross = np.zeros((N, N)), np.zeros((N, N)), np.zeros(N)
        for first in range(0, n, BLOCK):
            rows, targets = X[first : first + BLOCK], y[first : first + BLOCK]
            F = features.features(rows)
            covariance += F.T @ F
            metric += len(rows) * features.metric(rows)
            cross += F.T @ targets
            bar.update(len(rows))
        return cls(n, covariance / n, metric / n, cross / n, float(np.mean(y**2)))

    def __add__(self, other: "Moments") -> "Moments":
        """Return those over the rows of both."""
        total = self.count + other.count
        a, b = self.count / total, other.count / total
        return Moments(
            total,
            a * self.covariance + b * other.covariance,
            a * self.metric + b * other.metric,
            a * self.cross + b * other.cross,
            a * self.power + b * other.power,
        )


@dataclass(frozen=True)
class Residuals:
    """Leave-one-out residuals of the best linear predictor, and what they tell of the pool.

    Attributes
    ----------
    values : ndarray
        (y - yhat)/sqrt(1 - h) with the leverages h, of mean square E(y - yhat)^2/(1 - h), unbiased for equal variances.
    kurtosis : float
        E e^4/(E e^2)^2, 3 for Gaussian residuals.
    spread : float
        Standard deviation over mean of phi' Sigma^-1 phi over the rows: small for features that are Gaussian enough.
    """

    values: np.ndarray
    kurtosis: float
    spread: float

    @property
    def power(self) -> float:
        """Their mean square."""
        return float(np.mean(self.values**2))


@dataclass(frozen=True)
class Pool:
    """A user's inputs and targets under a feature map.

    Attributes
    ----------
    X, y : ndarray, shapes (m, d) and (m,)
        Inputs and targets without their mean.
    features : Features
        The feature map.
    """

    X: np.ndarray
    y: np.ndarray
    features: Features

    def moments(self, seed: int) -> tuple[Moments, Moments]:
        """Return the moments of two halves, drawn at random, of which the sum is that of the pool."""
        order = np.random.default_rng(seed).permutation(len(self.X))
        halves = np.array_split(order, 2)
        with tqdm(total=len(self.X), desc="pool", unit="row", delay=1.0, leave=False) as bar:
            first, second = (Moments.of(self.X[rows], self.y[rows], self.features, bar) for rows in halves)
        return first, second

    def residuals(self, moments: Moments) -> Residuals:
        """Return the residuals of the best linear predictor of these moments."""
        vectors, sizes = moments.directions
        root = vectors / sizes
        theta = root @ (root.T @ moments.cross)
        errors, leverage = np.empty(len(self.y)), np.empty(len(self.y))
        for first in range(0, len(self.y), BLOCK):
            rows = slice(first, first + BLOCK)
            F = self.features.features(self.X[rows])
            errors[rows] = self.y[rows] - F @ theta
            leverage[rows] = np.square(F @ root).sum(axis=1)
        h = np.minimum(leverage / moments.count, 1.0 - 1e-9)
        e = errors / np.sqrt(1.0 - h)
        power = np.mean(e**2)
        kurtosis = float(np.mean(e**4) / power**2) if power > 0.0 else np.nan
        return Residuals(e, kurtosis, float(leverage.std() / leverage.mean()))


def covariance_model(moments: Moments, residuals: Residuals, n: float, d: int) -> CovarianceModel:
    """Return the model of a pool: the law of the noise is that of the residuals, the rest is signal.

    A pool of m rows explains noise too: sigma^2/m in each direction of the features, which is taken from b.
    """
    noise = residuals.power
    vectors, sizes = moments.directions
    u = vectors.T @ moments.cross / sizes
    kept = np.maximum(u**2 - noise / moments.count, 0.0)
    source = vectors @ (sizes * np.sign(u) * np.sqrt(kept))
    law = GaussianMixture.of(residuals.values, ATOMS)
    power = float(kept.sum()) + law.variance
    return CovarianceModel(moments.covariance, moments.metric, source, power, n, tau=1.0, noise=law, d=d)
