"""One unit of Monte Carlo work: a drawn network and data set, trained at several radii.

Every number of a replicate follows from its own problem: data are drawn from a seed sequence keyed by (d, N, n,
replicate), and every radius is solved from a cold start, so that neither the order nor the grouping of the work can
change a bit. Radii, noise levels, penalties, objectives and feature kinds share the draw: common random numbers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..problem.activation import Activation
from ..problem.loss import Loss
from ..problem.noise import Noise
from ..problem.problem import Problem
from ..problem.signal import Signal
from ..problem.spectrum import Spectrum
from .erm import ConcentratedERM, ConvergenceError, RobustFit
from .features import FeatureMap, add_nonlinear
from .linearized import linearized_erm
from .risks import gradient_norm, sampled_risks, standard_risk
from .training import PGDFit, pgd_erm

#: The three ways to train against attacks, and standard training without any.
ROBUST_OBJECTIVES = ("concentrated", "linearized", "pgd")
OBJECTIVES = (*ROBUST_OBJECTIVES, "least-norm")
SAMPLED = ("standard_risk", "linearized_risk", "pgd_risk", "gradient_norm_squared")


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

    def records(self) -> list[dict[str, Any]]:
        """Return what each radius is, as the store keys it; ``problem`` is the key of the whole content."""
        names = ("d", "N", "n", "replicate", "seed", "objective", "features", "test_samples")
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
    streams = np.random.SeedSequence(task.seed, spawn_key=key).spawn(5)
    weights, samples, noise, surrogate = (np.random.default_rng(stream) for stream in streams[:4])
    first, data = task.problem.settings, task.problem.data
    network = FeatureMap.draw(task.N, task.d, weights, first["activation"], task.features, first["spectrum"])
    X = samples.standard_normal((task.n, task.d))
    # The law of x is rotation invariant: any beta of this length will do, and this one needs no further draw.
    beta = np.zeros(task.d)
    beta[0] = data.signal_norm
    y = X @ beta + data.tau * noise.standard_normal(task.n)
    add_nonlinear(y, X, data.nonlinear_power, data.radial_power)
    problem = None
    if task.objective in ("concentrated", "least-norm"):
        # At eps = 0 the interpolator of least |J theta| is the one of least |theta| for J = I.
        metric = network.metric if task.objective == "concentrated" else np.eye(task.N)
        problem = ConcentratedERM(network.features(X, surrogate), y, metric, ridge=task.problem.ridge)
    results = []
    for eps, eps_test in zip(task.eps, task.eps_test, strict=True):
        result = _measure(task, network, X, y, beta, eps, problem)
        if task.test_samples > 0:
            test = np.random.default_rng(streams[4])
            result |= _sample(task, network, result["theta"], beta, eps_test, test)
        result.pop("theta", None)
        results.append({name: float(value) for name, value in result.items()})
    return results


def _measure(
    task: Task,
    network: FeatureMap,
    X: np.ndarray,
    y: np.ndarray,
    beta: np.ndarray,
    eps: float,
    problem: ConcentratedERM | None,
) -> dict[str, Any]:
    converged, data = True, task.problem.data
    fit: RobustFit | PGDFit
    try:
        if problem is not None:
            fit = problem.solve(eps)
        elif task.objective == "linearized":
            fit = linearized_erm(network, X, y, eps, ridge=task.problem.ridge)
        else:
            fit = pgd_erm(network, X, y, eps, ridge=task.problem.ridge)
            converged = fit.converged
    except ConvergenceError as error:
        fit, converged = error.fit, False
    features = network.features(X) if problem is None else problem.features
    return {
        "converged": converged,
        "theta": fit.theta,
        "standard_risk": standard_risk(network, fit.theta, beta, data.tau, data.nonlinear_power, data.radial_power),
        "gradient_norm": gradient_norm(network, fit.theta),
        "training_loss": fit.objective - 0.5 * task.problem.ridge * float(fit.theta @ fit.theta),
        "mean_abs_residual": float(np.mean(np.abs(y - features @ fit.theta))),
        "zero_residual_fraction": fit.zero_residual_fraction,
        "gap": fit.linearized_gap if isinstance(fit, PGDFit) else fit.gap,
        "iterations": fit.iterations,
    }


def _sample(
    task: Task, network: FeatureMap, theta: np.ndarray, beta: np.ndarray, eps_test: float, rng: np.random.Generator
) -> dict[str, float]:
    data = task.problem.data
    risks = sampled_risks(
        network, theta, beta, data.tau, eps_test, task.test_samples, rng, nonlinear_power=data.nonlinear_power,
        radial_power=data.radial_power,
    )  # fmt: skip
    named: dict[str, float] = {}
    for name, (mean, se) in zip(SAMPLED, vars(risks).values(), strict=True):
        named[f"sampled_{name}"], named[f"sampled_{name}_se"] = mean, se
    return named
