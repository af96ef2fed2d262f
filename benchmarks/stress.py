"""The full reliability test: random problems solved, some of them recomputed at 40 digits, certificates of robust ERM
on ill-conditioned data recomputed at 60, and the equations of every loss and norm at 30.

100,000 problems of the promised ranges for the shifted ReLU and the Marchenko-Pastur law; 5,000 for every built-in
activation with that law, orthogonal rows and a law of three atoms; as many over all the ranges that are accepted, half
of them below the null threshold. Run by ``make stress``; the test suite runs a fixed-seed sample of it.
"""

import sys
import time
from typing import Any

import numpy as np
from tqdm import tqdm

import rfrobust
from rfrobust.engine.records import Point
from rfrobust.finite.erm import ConcentratedERM, ConvergenceError
from rfrobust.problem.catalogue import TABLE
from rfrobust.theory.grid import solve_points
from tests import exact_erm, family_problems, reference


def sample_problems(count: int, seed: int) -> np.ndarray:
    """Draw problems log-uniformly over the promised ranges; a row a parameter, psi1 to ridge."""
    rng = np.random.default_rng(seed)
    psi1, psi2 = 10 ** rng.uniform(-2, 2, (2, count))
    eps = 10 ** rng.uniform(-4, np.log10(30), count)
    tau = np.where(rng.random(count) < 0.3, 0.0, 10 ** rng.uniform(-3, 1, count))
    ridge = np.where(rng.random(count) < 0.5, 0.0, 10 ** rng.uniform(-8, 2, count))
    penalty = np.where(rng.random(count) < 0.7, 0.0, 10 ** rng.uniform(-8, 2, count))
    return np.stack([psi1, psi2, eps, tau, ridge, penalty])


def sample_extremes(count: int, seed: int) -> np.ndarray:
    """Draw problems log-uniformly over 20 decades to either side, half of them below the null threshold."""
    rng = np.random.default_rng(seed)
    psi1, psi2 = 10 ** rng.uniform(-20, 20, (2, count))
    tau = np.where(rng.random(count) < 0.3, 0.0, 10 ** rng.uniform(-20, 20, count))
    ridge = np.where(rng.random(count) < 0.5, 0.0, 10 ** rng.uniform(-20, 20, count))
    eps = 10 ** rng.uniform(-40, 40, count)
    for i in np.flatnonzero(rng.random(count) < 0.5):
        threshold = rfrobust.null_threshold(psi1[i], psi2[i], tau[i])
        below = rng.choice([1 - 10 ** rng.uniform(-12, 0), 10 ** rng.uniform(-6, 0)])
        eps[i] = threshold * below
    penalty = np.where(rng.random(count) < 0.7, 0.0, 10 ** rng.uniform(-20, 20, count))
    return np.stack([psi1, psi2, eps, tau, ridge, penalty])


def solve_all(problems: np.ndarray, **settings: Any) -> dict[str, np.ndarray]:
    """Solve every problem and return the observables by name."""
    table = solve_points(problems.T, rfrobust.Problem.of(1, 1, 1, **settings))
    return dict(zip(Point._fields, table.T, strict=True))


def recompute_errors(problems: np.ndarray, digits: int = 40, **settings: Any) -> np.ndarray:
    """Return the largest relative error of (v, r^2, training loss) in multiple precision, problem by problem.

    It is multiplied by the relative distance to the null threshold, which divides the threshold's own rounding.
    """
    errors = []
    for psi1, psi2, eps, tau, ridge, penalty in tqdm(problems.T, desc=f"{digits} digits", delay=1.0, leave=False):
        model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge, gradient_penalty=penalty, **settings)
        if model.phase is rfrobust.Phase.NULL:
            continue
        v, r2, loss, _ = reference.polish(model, digits)
        distance = 1.0 - eps / rfrobust.null_threshold(psi1, psi2, tau, **settings)
        got = (model.standard_risk, model.gradient_norm**2, model.training_loss)
        errors.append(distance * max(abs(float(a / b - 1)) for a, b in zip(got, (v, r2, loss), strict=True)))
    return np.array(errors)


def is_reliable(title: str, problems: np.ndarray, recomputed: int, digits: int = 40, **settings: Any) -> bool:
    """Solve all, recompute some, say how it went, and return whether all went well.

    Linear features without noise may recover the target: that is named and no failure.
    """
    table = solve_all(problems, **settings)
    failed = int(np.count_nonzero(~np.isin(table["status"], (rfrobust.Status.SOLVED, rfrobust.Status.DEGENERATE))))
    solved = table["status"] == rfrobust.Status.SOLVED
    residual = table["residual"][solved].max()
    regular = np.flatnonzero(solved & (table["phase"] != rfrobust.Phase.NULL))[:recomputed]
    errors = recompute_errors(problems[:, regular], digits, **settings)
    phases = ", ".join(f"{np.count_nonzero(solved & (table['phase'] == p))} {p.name.lower()}" for p in rfrobust.Phase)
    error = f", {errors.size} recomputed with error {errors.max():.1e}" if recomputed else ""
    print(
        f"{title}: {problems.shape[1]} problems, {phases}, {np.count_nonzero(~solved) - failed} recovered, "
        f"{failed} failed, residual {residual:.1e}{error}"
    )
    return bool(failed == 0 and residual <= 1e-10 and errors.size == recomputed and np.all(errors < 1e-9))


#: Laws of W W' with how far psi1 may go under them; the last one has features of no variance.
LAWS: dict[str, tuple[str | rfrobust.DiscreteSpectrum, float]] = {
    "marchenko-pastur": ("marchenko-pastur", 100.0),
    "orthogonal": ("orthogonal", 100.0),
    "three atoms": (rfrobust.DiscreteSpectrum([0.0, 0.8, 2.2], name="three atoms"), 1.5),
}


def check_robust_erm(count: int) -> bool:
    """Compare the certificates of ill-conditioned training problems with losses and dual bounds at 60 digits."""
    wrong, refused, largest = [], 0, 0.0
    for seed in tqdm(range(count), desc="robust ERM", delay=1.0, leave=False):
        F, y, metric, ridge, share = exact_erm.ill_conditioned(seed)
        problem = ConcentratedERM(F, y, metric, ridge=ridge)
        eps = share * problem.null_threshold
        if eps == 0.0:
            continue
        try:
            fit = problem.solve(eps)
        except ConvergenceError:
            refused += 1
            continue
        largest = max(largest, fit.gap)
        true, loss = exact_erm.excess(fit, F, y, metric, eps, ridge)
        if true > fit.gap or abs(float(loss / fit.objective) - 1) > max(fit.gap, 1e-13):
            wrong.append(seed)
    print(f"{count} ill-conditioned problems of robust ERM against a dual bound at 60 digits")
    print(f"  gap or loss wrong {len(wrong)} {wrong[:10]}, refused {refused}, largest gap {largest:.1e}")
    return not wrong and refused < 0.005 * count


def check_family(count: int, recomputed: int) -> bool:
    """Solve random problems of every loss and norm, over three decades of every parameter; recompute the equations."""
    good = True
    for seed, kind in enumerate(tqdm(family_problems.KINDS, desc="losses and norms", delay=1.0, leave=False)):
        solved, separable, failed, largest = family_problems.solve_random(kind, count, seed, recomputed)
        print(
            f"{', '.join(kind)}: {count} problems, {solved} solved, {separable} separable, {len(failed)} failed, "
            f"residual of {recomputed} at 30 digits {largest:.1e}"
        )
        good = good and not failed and largest <= 1e-10
    return good


def main() -> int:
    start = time.perf_counter()
    good = [is_reliable("relu, marchenko-pastur", sample_problems(100_000, seed=2024), 300)]
    for i, activation in enumerate(TABLE):
        for j, (name, (spectrum, largest)) in enumerate(LAWS.items()):
            problems = sample_problems(5_000, seed=3 * i + j)
            problems[0] = np.minimum(problems[0], largest)
            settings = {"activation": activation, "spectrum": spectrum}
            good.append(is_reliable(f"{activation}, {name}", problems, 20, **settings))
            if name != "three atoms":
                extremes = sample_extremes(5_000, seed=3 * i + j)
                again = 50 if activation == "relu" else 0  # 200 digits of moments by integrals take minutes
                good.append(is_reliable(f"{activation}, {name}, extremes", extremes, again, 200, **settings))
    good.append(check_robust_erm(1_000))
    good.append(check_family(2_000, 10))
    print(f"{time.perf_counter() - start:.0f} s (compilation included on a cold cache)")
    print("reliable" if all(good) else "NOT reliable")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
