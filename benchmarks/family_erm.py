"""Certified training with any loss and norm against cvxpy with Clarabel, at the same optimum."""

import time
import warnings

import cvxpy as cp
import numpy as np

from rfrobust.finite.family_erm import FamilyERM
from rfrobust.finite.features import FeatureMap

EPS, TAU, RIDGE = 0.3, 0.5, 0.01
#: Points of the rule for the noise in E|alpha + s z|; cvxpy has no error function.
NODES = 12


def draw(d: int, N: int, n: int) -> tuple[FeatureMap, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([d, N, n])
    network = FeatureMap.draw(N, d, rng)
    X = rng.standard_normal((n, d))
    return network, network.features(X), X[:, 0] + TAU * rng.standard_normal(n)


def clarabel(network: FeatureMap, F: np.ndarray, y: np.ndarray, loss: str, norm: float, penalty: float) -> float:
    """The optimum; for l_inf attacks with the Gaussian noise in the dual norm replaced by NODES points."""
    n, N = F.shape
    theta, size = cp.Variable(N), cp.Variable()
    root = np.linalg.cholesky(network.metric).T
    constraints = []
    if norm == 2:
        constraints.append(cp.norm(root @ theta) <= size)
    else:
        a, d = network.activation, network.W.shape[1]
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        spread, above = cp.Variable(), cp.Variable((d, NODES))
        alpha = np.sqrt(d) * a.mu1 * network.W.T @ theta
        constraints.append(a.rho * cp.norm(theta) <= spread)
        for k, node in enumerate(nodes):
            constraints.append(cp.abs(alpha + node * spread) <= above[:, k])
        constraints.append(cp.sum(above @ (weights / weights.sum())) / d <= size)
    if loss in ("logistic", "hinge"):
        margin = cp.multiply(y, F @ theta) - EPS * size
        total = cp.sum(cp.logistic(-margin)) if loss == "logistic" else cp.sum(cp.pos(1 - margin))
    else:
        error = cp.Variable(n)
        constraints.append(cp.abs(y - F @ theta) <= error)
        z = error + EPS * size
        total = {"square": lambda: cp.sum_squares(z) / 2, "absolute": lambda: cp.sum(z),
                 "huber:0.5": lambda: cp.sum(cp.huber(z, 0.5)) / 2}[loss]()  # fmt: skip
    rest = 0.5 * RIDGE * cp.sum_squares(theta) + 0.5 * penalty * cp.sum_squares(root @ theta)
    problem = cp.Problem(cp.Minimize(total / n + rest), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-9, tol_gap_abs=1e-9, tol_feas=1e-9)
    return float(problem.value)


def run() -> None:
    print(f"robust ERM of any loss and norm, eps = {EPS}, tau = {TAU}, ridge = {RIDGE}")
    cases = [(loss, 2.0, 0.0) for loss in ("huber:0.5", "absolute", "logistic", "hinge")]
    cases += [("square", 2.0, 0.1), ("square", np.inf, 0.0), ("logistic", np.inf, 0.0)]
    for n, N in ((600, 300), (400, 600)):
        network, F, y = draw(200, N, n)
        _ = network.metric  # both start from it
        for loss, norm, penalty in cases:
            targets = np.sign(y) if loss in ("logistic", "hinge") else y
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                fit = FamilyERM(
                    F, targets, network, loss=loss, norm=norm, ridge=RIDGE, gradient_penalty=penalty
                ).solve(EPS)  # fmt: skip
                times.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            value = clarabel(network, F, targets, loss, norm, penalty)
            theirs, ours = time.perf_counter() - begin, min(times)
            print(
                f"  n={n} N={N} {loss} norm={norm:g} gradient penalty {penalty:g}: {ours:.3f} s "
                f"({fit.iterations} steps, gap {fit.gap:.0e}), cvxpy+Clarabel {theirs:.2f} s, ratio "
                f"{theirs / ours:.0f}; optima differ by {abs(value / fit.objective - 1):.1e}",
                flush=True,
            )


if __name__ == "__main__":
    run()
