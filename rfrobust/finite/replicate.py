"""One unit of Monte Carlo work: a drawn network and data set, trained at several radii.

Every number of a replicate follows from its own problem: data are drawn from a seed sequence keyed by (d, N, n,
replicate), and every radius is solved from a cold start, so that neither the order nor the grouping of the work can
change a bit. Radii, noise levels, penalties, objectives and feature kinds share the draw: common random numbers.
"""

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..problem.activation import Activation
from ..problem.attack import EUCLIDEAN
from ..problem.loss import Loss
from ..problem.noise import Noise
from ..problem.problem import Problem
from ..problem.signal import Signal
from ..problem.spectrum import Spectrum
from .barrier import SeparableError
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .family_erm import FamilyERM
from .features import FeatureMap, add_nonlinear
from .linearized import linearized_erm
from .risks import exact_risks, gradient_norm, sampled_risks
from .robust import concentrated_problem
from .seminorms import Linearized
from .training import PGDFit, pgd_erm

#: The three ways to train against attacks, and standard training without any.
ROBUST_OBJECTIVES = ("concentrated", "linearized", "pgd")
OBJECTIVES = (*ROBUST_OBJECTIVES, "least-norm")
SAMPLED = ("standard_risk", "linearized_risk", "pgd_risk", "gradient_norm_squared")
_ALWAYS = (
    "converged", "standard_risk", "gradient_norm", "overlap", "output_power", "training_loss",
    "zero_residual_fraction", "gap", "iterations",
)  # fmt: skip
_OF_RESIDUALS = ("mean_abs_error", "mean_abs_residual")
_OF_LABELS = ("training_error", "attacked_training_error", "mean_margin")


@dataclass(frozen=True)
class Task:
    """The radii of one replicate of a problem (whose own radius does not count) that are still to be computed."""

    problem: Problem
    d: int
    N: int
    n: int
    replicate: int
    seed: int
    objective: str
    features: str
    test_samples: int
    eps: tuple[float, ...]
    eps_test: tuple[float, ...]
    norm_test: float | None = None

    def records(self) -> list[dict[str, Any]]:
        """Return what each radius is, as the store keys it; ``problem`` is the key of the whole content."""
        names = ("d", "N", "n", "replicate", "seed", "objective", "features", "test_samples", "norm_test")
        common = {name: getattr(self, name) for name in names} | {
            name: value.name if isinstance(value, Activation | Spectrum | Loss) else _plain(value)
            for name, value in self.problem.settings.items()
        }
        return [
            common
            | {"eps": eps, "eps_test": test if self.test_samples > 0 else None}
            | {"problem": self.problem.vary(eps=eps).key}
            for eps, test in zip(self.eps, self.eps_test, strict=True)
        ]


def _plain(value: Any) -> Any:
    return repr(value) if isinstance(value, Noise | Signal) else value


def run(task: Task) -> list[dict[str, float]]:
    """Train and measure one replicate at each of its radii, on one BLAS thread."""
    with threadpool_limits(1):
        return _run(task)


def _run(task: Task) -> list[dict[str, float]]:
    key = (task.d, task.N, task.n, task.replicate)
    streams = np.random.SeedSequence(task.seed, spawn_key=key).spawn(6)
    weights, samples, noise, surrogate, test, signal = (np.random.default_rng(stream) for stream in streams)
    problem, data = task.problem, task.problem.data
    first = problem.settings
    network = FeatureMap.draw(task.N, task.d, weights, first["activation"], task.features, first["spectrum"])
    X = samples.standard_normal((task.n, task.d))
    # The law of x is rotation invariant: any beta of this length will do, and this one needs no further draw.
    beta = np.zeros(task.d)
    beta[0] = data.signal_norm
    if any(norm != EUCLIDEAN for norm in (problem.attack.norm, task.norm_test) if norm is not None):
        # Other norms see the coordinates of beta: turn all that was drawn, which l2 attacks do not see.
        beta = data.signal_norm * data.signal.draw(task.d, signal)
        X, network = _turned(X, beta), replace(network, W=_turned(network.W, beta))
    y = X @ beta + data.tau * data.noise.draw(task.n, noise)
    add_nonlinear(y, X, data.nonlinear_power, data.radial_power)
    if data.labels == "sign":
        y = np.where(y >= 0.0, 1.0, -1.0)
    sample = _Sample(network, X, y, beta, network.features(X, surrogate))
    solver = None
    if task.objective in ("concentrated", "least-norm"):
        # At eps = 0 the interpolator of least |J theta| is the one of least |theta| for J = I.
        metric: Any = network if task.objective == "concentrated" else np.eye(task.N)
        solver = concentrated_problem(
            sample.features, y, metric, loss=problem.loss, norm=problem.attack.norm, ridge=problem.ridge,
            gradient_penalty=problem.penalty.gradient,
        )  # fmt: skip
    results = []
    for eps, eps_test in zip(task.eps, task.eps_test, strict=True):
        try:
            fit, converged = _trained(task, sample, eps, solver)
        except SeparableError:
            names = measured(data.labels == "sign", task.norm_test is not None)
            names += [f"sampled_{name}{end}" for name in SAMPLED for end in ("", "_se") if task.test_samples > 0]
            results.append(dict.fromkeys(names, math.nan) | {"converged": 0.0, "iterations": 0.0})
            continue
        result = {"converged": converged} | _measure(task, sample, fit, eps)
        if task.test_samples > 0:
            result |= _sample(task, network, fit.theta, beta, eps_test, copy.deepcopy(test))
        results.append({name: float(value) for name, value in result.items()})
    return results


def _turned(rows: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Reflect rows so that the first coordinate becomes that along beta (Householder)."""
    mirror = beta / np.linalg.norm(beta)
    mirror[0] -= 1.0
    size = float(mirror @ mirror)
    return rows if size == 0.0 else rows - (rows @ mirror)[:, None] * (2.0 / size * mirror)


@dataclass(frozen=True)
class _Sample:
    """One drawn network and data set."""

    network: FeatureMap
    X: np.ndarray
    y: np.ndarray
    beta: np.ndarray
    features: np.ndarray


def _trained(
    task: Task, sample: _Sample, eps: float, solver: ConcentratedERM | FamilyERM | None
) -> tuple[RobustFit | PGDFit, bool]:
    problem = task.problem
    try:
        if solver is not None:
            return solver.solve(eps), True
        if task.objective == "pgd":
            fit = pgd_erm(sample.network, sample.X, sample.y, eps, ridge=problem.ridge, norm=problem.attack.norm)
            return fit, fit.converged
        return linearized_erm(
            sample.network, sample.X, sample.y, eps, ridge=problem.ridge, loss=problem.loss, norm=problem.attack.norm,
            gradient_penalty=problem.penalty.gradient,
        ), True  # fmt: skip
    except ConvergenceError as error:
        return error.fit, False


def measured(labels: bool, transfer: bool) -> list[str]:
    """Return the names of what is measured of every network."""
    return [*_ALWAYS, *(_OF_LABELS if labels else _OF_RESIDUALS), *(["test_gradient_norm"] if transfer else [])]


def _measure(task: Task, sample: _Sample, fit: RobustFit | PGDFit, eps: float) -> dict[str, Any]:
    problem, network, theta = task.problem, sample.network, fit.theta
    penalty = 0.5 * problem.ridge * float(theta @ theta)
    if problem.penalty.gradient > 0.0:
        penalty += 0.5 * problem.penalty.gradient * gradient_norm(network, theta) ** 2
    f = sample.features @ theta
    norm = problem.attack.norm
    result = {
        **vars(exact_risks(network, theta, sample.beta, problem.data)),
        "gradient_norm": gradient_norm(network, theta, norm),
        "training_loss": fit.objective - penalty,
        "zero_residual_fraction": fit.zero_residual_fraction,
        "gap": fit.linearized_gap if isinstance(fit, PGDFit) else fit.gap,
        "iterations": fit.iterations,
    }
    if task.norm_test is not None:
        result["test_gradient_norm"] = gradient_norm(network, theta, task.norm_test)
    if problem.data.labels == "sign":
        margins = sample.y * f
        reach = np.full(len(f), result["gradient_norm"])
        if task.objective == "linearized":
            slopes = network.activation.derivative(sample.X @ network.W.T)
            reach = Linearized(network.W, slopes, norm).values(theta)
        result |= {
            "training_error": _wrong(margins), "attacked_training_error": _wrong(margins - eps * reach),
            "mean_margin": float(margins.mean()),
        }  # fmt: skip
    else:
        result["mean_abs_residual"] = float(np.mean(np.abs(sample.y - f)))
    return {name: result[name] for name in measured(problem.data.labels == "sign", task.norm_test is not None)[1:]}


def _wrong(margins: np.ndarray) -> float:
    """The share of negative margins; a network that is zero guesses."""
    return float(np.mean(margins < 0.0) + 0.5 * np.mean(margins == 0.0))


def _sample(
    task: Task, network: FeatureMap, theta: np.ndarray, beta: np.ndarray, eps_test: float, rng: np.random.Generator
) -> dict[str, float]:
    data = task.problem.data
    risks = sampled_risks(
        network, theta, beta, data.tau, eps_test, task.test_samples, rng,
        norm=task.norm_test or task.problem.attack.norm, nonlinear_power=data.nonlinear_power,
        radial_power=data.radial_power,
    )  # fmt: skip
    named: dict[str, float] = {}
    for name, (mean, se) in zip(SAMPLED, vars(risks).values(), strict=True):
        named[f"sampled_{name}"], named[f"sampled_{name}_se"] = mean, se
    return named
