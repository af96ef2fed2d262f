"""Risks of one trained network: exact where a closed form exists, sampled with standard errors elsewhere."""

import math
from dataclasses import dataclass

import numpy as np

from ..support import validation
from .attack import pgd_attack
from .features import FeatureMap
from .linearized import gradients


def standard_risk(network: FeatureMap, theta: np.ndarray, beta: np.ndarray, tau: float) -> float:
    """Return E(y - f(x))^2 = tau^2 + |beta|^2 - 2 mu1 theta'W beta + theta' E[phi phi'] theta, without samples."""
    fit = float(theta @ network.second_moment @ theta)
    return tau**2 + float(beta @ beta) - 2.0 * float(theta @ network.target_moment(beta)) + fit


def gradient_norm(network: FeatureMap, theta: np.ndarray) -> float:
    """Return |J theta| = sqrt(E|grad f(x)|^2), exact at finite d for true features."""
    return math.sqrt(max(float(theta @ network.metric @ theta), 0.0))


@dataclass(frozen=True)
class SampledRisks:
    """Means over fresh test points with their standard errors, each a pair (mean, standard error).

    Attributes
    ----------
    standard : tuple of float
        E(y - f(x))^2.
    linearized : tuple of float
        E(|y - f(x)| + eps_test |grad f(x)|)^2.
    pgd : tuple of float
        E max_{|delta| <= eps_test} (y - f(x + delta))^2, from below, by projected gradient ascent.
    gradient : tuple of float
        E|grad f(x)|^2.
    """

    standard: tuple[float, float]
    linearized: tuple[float, float]
    pgd: tuple[float, float]
    gradient: tuple[float, float]


def sampled_risks(
    network: FeatureMap,
    theta: np.ndarray,
    beta: np.ndarray,
    tau: float,
    eps_test: float,
    samples: int,
    rng: np.random.Generator,
    *,
    steps: int = 20,
) -> SampledRisks:
    """Estimate the risks of a network with true features on ``samples`` fresh points."""
    samples = validation.integer("samples", samples, 2)
    eps_test = validation.real_scalar("eps_test", eps_test, 0.0)
    if network.kind != "true":
        raise ValueError(f"network must have true features, got kind={network.kind!r}")
    X = rng.standard_normal((samples, len(beta)))
    y = X @ beta + tau * rng.standard_normal(samples)
    residual = y - network.features(X) @ theta
    slope = np.linalg.norm(gradients(network, X, theta), axis=1)
    delta = pgd_attack(network, theta, X, y, eps_test, steps=steps, restarts=1, rng=rng)
    attacked = y - network.features(X + delta) @ theta
    return SampledRisks(
        _mean(residual**2),
        _mean((np.abs(residual) + eps_test * slope) ** 2),
        _mean(attacked**2),
        _mean(slope**2),
    )


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
