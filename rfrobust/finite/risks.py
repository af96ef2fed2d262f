"""Risks of one trained network: exact where a closed form exists, sampled with standard errors elsewhere."""

import math
from dataclasses import dataclass

import numpy as np

from ..problem.parameters import scalar
from ..support import validation
from .attack import pgd_attack
from .features import FeatureMap, add_nonlinear
from .linearized import gradients
from .scaling import Estimate, mean_estimate


@validation.typed
def standard_risk(
    network: FeatureMap,
    theta: np.ndarray,
    beta: np.ndarray,
    tau: float,
    nonlinear_power: float = 0.0,
    radial_power: float = 0.0,
) -> float:
    """Return E(y - f)^2 = E y^2 - 2 theta'E[phi y] + theta'E[phi phi']theta, exactly.

    With ``nonlinear_power`` F_*^2 the response has the part F_* P(x), P being :func:`nonlinear_part` of features.py,
    with ``radial_power`` F_o^2 the part F_o (|x|^2 - d)/sqrt(2 d).
    """
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    tau, nonlinear_power = scalar("tau", tau), scalar("nonlinear_power", nonlinear_power)
    moment = network.target_moment(beta)
    if nonlinear_power > 0.0:
        moment = moment + math.sqrt(nonlinear_power) * network.product_moment()
    if radial_power > 0.0:
        moment = moment + math.sqrt(radial_power) * network.radial_moment()
    fit = float(theta @ network.second_moment @ theta)
    return tau**2 + nonlinear_power + radial_power + float(beta @ beta) - 2.0 * float(theta @ moment) + fit


@validation.typed
def gradient_norm(network: FeatureMap, theta: np.ndarray) -> float:
    """Return |J theta| = sqrt(E|grad f(x)|^2), exact at finite d for true features."""
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    return math.sqrt(max(float(theta @ network.metric @ theta), 0.0))


@dataclass(frozen=True)
class SampledRisks:
    """Means over fresh test points with their standard errors.

    Attributes
    ----------
    standard : Estimate
        E(y - f(x))^2.
    linearized : Estimate
        E(|y - f(x)| + eps_test |grad f(x)|)^2.
    pgd : Estimate
        E max_{|delta| <= eps_test} (y - f(x + delta))^2, from below, by projected gradient ascent.
    gradient : Estimate
        E|grad f(x)|^2.
    """

    standard: Estimate
    linearized: Estimate
    pgd: Estimate
    gradient: Estimate


@validation.typed
def sampled_risks(
    network: FeatureMap,
    theta: np.ndarray,
    beta: np.ndarray,
    tau: float,
    eps_test: float,
    samples: int,
    rng: np.random.Generator,
    *,
    nonlinear_power: float = 0.0,
    radial_power: float = 0.0,
    steps: int = 20,
    restarts: int | None = None,
) -> SampledRisks:
    """Estimate the risks of a network with true features on ``samples`` fresh points."""
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    beta = validation.real_array("beta", beta, shape=network.W.shape[1:])
    tau, nonlinear_power = scalar("tau", tau), scalar("nonlinear_power", nonlinear_power)
    samples = validation.integer("samples", samples, 2)
    eps_test = validation.real_scalar("eps_test", eps_test, 0.0)
    if network.kind != "true":
        raise ValueError(f"network must have true features, got kind={network.kind!r}")
    X = rng.standard_normal((samples, len(beta)))
    y = X @ beta + tau * rng.standard_normal(samples)
    add_nonlinear(y, X, nonlinear_power, radial_power)
    residual = y - network.features(X) @ theta
    slope = np.linalg.norm(gradients(network, X, theta), axis=1)
    delta = pgd_attack(network, theta, X, y, eps_test, steps=steps, restarts=restarts, rng=rng)
    attacked = y - network.features(X + delta) @ theta
    return SampledRisks(
        mean_estimate(residual**2),
        mean_estimate((np.abs(residual) + eps_test * slope) ** 2),
        mean_estimate(attacked**2),
        mean_estimate(slope**2),
    )
