"""Risks of one trained network: exact where a closed form exists, sampled with standard errors elsewhere."""

import math
from dataclasses import dataclass

import numpy as np

from ..engine.channels import blurred, mean_abs
from ..problem.attack import EUCLIDEAN, norm_of, radius_of
from ..problem.data import Data
from ..problem.parameters import scalar
from ..support import validation
from ..support.balls import dual_exponent, lengths
from .attack import pgd_attack
from .features import FeatureMap, add_nonlinear
from .linearized import gradients
from .scaling import Estimate, mean_estimate
from .seminorms import Concentrated


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
    tau = validation.real_scalar("tau", tau, 0.0, allow_inf=True)
    nonlinear_power = scalar("nonlinear_power", nonlinear_power)
    moment = network.target_moment(beta)
    if nonlinear_power > 0.0:
        moment = moment + math.sqrt(nonlinear_power) * network.product_moment()
    if radial_power > 0.0:
        moment = moment + math.sqrt(radial_power) * network.radial_moment()
    fit = float(theta @ network.second_moment @ theta)
    return tau**2 + nonlinear_power + radial_power + float(beta @ beta) - 2.0 * float(theta @ moment) + fit


@validation.typed
def gradient_norm(network: FeatureMap, theta: np.ndarray, norm: float = EUCLIDEAN) -> float:
    """Return the norm of the gradient that attacks in an l_p norm see.

    |J theta| = sqrt(E|grad f(x)|^2) for p = 2, exact at finite d for true features. For other p the one of
    :eq:`eq-dual-norm` at this theta, in which the gradient's fluctuations are Gaussian: exact to leading order in d.
    """
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    norm = norm_of("norm", norm)
    if norm == EUCLIDEAN:
        return math.sqrt(max(float(theta @ network.metric @ theta), 0.0))
    a = network.activation
    return float(Concentrated(network.W, a.mu1, a.rho, norm).values(theta)[0])


@dataclass(frozen=True)
class ExactRisks:
    """Observables of a network on fresh data, without sampling.

    Attributes
    ----------
    standard_risk : float
        E(y - f)^2; for labels P(y f < 0), which takes f(x) for Gaussian, as it is to leading order in d.
    overlap : float
        E <x, beta> f.
    output_power : float
        E f^2.
    mean_abs_error : float
        E|y - f| of real responses, for the same Gaussian f; NaN for labels.
    """

    standard_risk: float
    overlap: float
    output_power: float
    mean_abs_error: float


@validation.typed
def exact_risks(network: FeatureMap, theta: np.ndarray, beta: np.ndarray, data: Data) -> ExactRisks:
    """Return the observables of a network whose responses follow the law ``data`` along ``beta``."""
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    overlap = float(theta @ network.target_moment(beta))
    power = float(theta @ network.second_moment @ theta)
    nonlinear, radial = data.nonlinear_power, data.radial_power
    if data.labels == "sign":
        seen = overlap
        if nonlinear > 0.0:
            seen += math.sqrt(nonlinear) * float(theta @ network.product_moment())
        scale = math.sqrt(power * data.power) if power > 0.0 else 0.0
        error = math.acos(min(max(seen / scale, -1.0), 1.0)) / math.pi if scale > 0.0 else 0.5
        return ExactRisks(error, overlap, power, math.nan)
    risk = standard_risk(network, theta, beta, data.tau * math.sqrt(data.noise.variance), nonlinear, radial)
    excess = risk if data.tau == 0.0 else standard_risk(network, theta, beta, 0.0, nonlinear, radial)
    return ExactRisks(risk, overlap, power, mean_abs(blurred(data.noise.atoms(), data.tau, max(excess, 0.0))))


@dataclass(frozen=True)
class SampledRisks:
    """Means over fresh test points with their standard errors.

    Attributes
    ----------
    standard : Estimate
        E(y - f(x))^2.
    linearized : Estimate
        E(|y - f(x)| + eps_test r(x))^2, r = d^(1/p - 1/2) |grad f(x)|_p' with 1/p + 1/p' = 1: |grad f(x)| for p = 2.
    pgd : Estimate
        E max (y - f(x + delta))^2 over |delta|_p <= eps_test d^(1/p - 1/2), from below, by projected gradient ascent.
    gradient : Estimate
        E r(x)^2.
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
    norm: float = EUCLIDEAN,
    nonlinear_power: float = 0.0,
    radial_power: float = 0.0,
    steps: int = 20,
    restarts: int | None = None,
) -> SampledRisks:
    """Estimate the risks of a network with true features on ``samples`` fresh points, attacked in an l_p norm."""
    theta = validation.real_array("theta", theta, shape=(len(network.W),))
    beta = validation.real_array("beta", beta, shape=network.W.shape[1:])
    tau, nonlinear_power = scalar("tau", tau), scalar("nonlinear_power", nonlinear_power)
    samples = validation.integer("samples", samples, 2)
    eps_test, norm = validation.real_scalar("eps_test", eps_test, 0.0), norm_of("norm", norm)
    if network.kind != "true":
        raise ValueError(f"network must have true features, got kind={network.kind!r}")
    X = rng.standard_normal((samples, len(beta)))
    y = X @ beta + tau * rng.standard_normal(samples)
    add_nonlinear(y, X, nonlinear_power, radial_power)
    residual = y - network.features(X) @ theta
    dual_lengths = lengths(gradients(network, X, theta), dual_exponent(norm))
    slope = radius_of(1.0, norm, len(beta)) * dual_lengths
    delta = pgd_attack(network, theta, X, y, eps_test, norm=norm, steps=steps, restarts=restarts, rng=rng)
    attacked = y - network.features(X + delta) @ theta
    return SampledRisks(
        mean_estimate(residual**2),
        mean_estimate((np.abs(residual) + eps_test * slope) ** 2),
        mean_estimate(attacked**2),
        mean_estimate(slope**2),
    )
