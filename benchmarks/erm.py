"""Robust ERM against cvxpy with Clarabel, warm starts against cold ones, and the largest problem promised."""

import resource
import time
import warnings

import cvxpy as cp
import numpy as np

from rfrobust.finite.erm import ConcentratedERM
from rfrobust.finite.features import FeatureMap

EPS, TAU = 0.3, 0.5


def draw(d: int, N: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([d, N, n])
    network = FeatureMap.draw(N, d, rng)
    X = rng.standard_normal((n, d))
    y = X[:, 0] + TAU * rng.standard_normal(n)
    return network.features(X), y, network.metric


def clarabel(F: np.ndarray, y: np.ndarray, J2: np.ndarray) -> float:
    n, N = F.shape
    root = np.linalg.cholesky(J2).T
    theta, size, norm = cp.Variable(N), cp.Variable(n), cp.Variable()
    constraints = [cp.abs(y - F @ theta) <= size, cp.norm(root @ theta) <= norm]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(size + EPS * norm) / (2 * n)), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-9, tol_gap_abs=1e-9, tol_feas=1e-9)
    return float(problem.value)


def best_of(count: int, function, *arguments):
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - begin)
    return min(times), result


def run() -> None:
    print(f"robust ERM, eps = {EPS}, tau = {TAU}")
    for n, N in ((600, 300), (400, 600)):
        F, y, J2 = draw(200, N, n)
        ours, fit = best_of(3, lambda F=F, y=y, J2=J2: ConcentratedERM(F, y, J2).solve(EPS))
        theirs, value = best_of(1, clarabel, F, y, J2)
        print(
            f"  n={n} N={N}: {ours:.3f} s (factorization included), cvxpy+Clarabel {theirs:.2f} s, ratio "
            f"{theirs / ours:.0f}; optima differ by {abs(value / fit.objective - 1):.1e} (relative); gap {fit.gap:.1e}"
        )
    radii = np.linspace(0.05, 0.8, 16)
    problem = ConcentratedERM(*draw(200, 600, 400))
    cold, fits = best_of(2, lambda: [problem.solve(eps) for eps in radii])
    warm, path = best_of(2, problem.path, radii)
    print(
        f"  16 radii at n=400 N=600: cold {cold:.2f} s ({sum(f.iterations for f in fits)} Newton steps), warm "
        f"{warm:.2f} s ({sum(f.iterations for f in path)} steps), ratio {cold / warm:.1f}"
    )
    F, y, J2 = draw(1000, 2000, 2000)
    begin = time.perf_counter()
    fit = ConcentratedERM(F, y, J2).solve(EPS)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  d=1000 n=2000 N=2000: {seconds:.1f} s, peak memory of the process {peak:.2f} GB, {fit}")


if __name__ == "__main__":
    run()
