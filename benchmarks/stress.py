"""The full reliability test: 100,000 random problems solved, 300 of them recomputed at 40 digits.

Run by ``make stress``; the test suite runs a fixed-seed sample of it.
"""

import sys
import time

import numpy as np
from tqdm import tqdm

import rfrobust
from rfrobust.engine.records import Point
from rfrobust.theory.grid import solve_points
from tests import reference


def sample_problems(count: int, seed: int) -> np.ndarray:
    """Draw problems log-uniformly over the promised ranges; a row a parameter, psi1 to ridge."""
    rng = np.random.default_rng(seed)
    psi1, psi2 = 10 ** rng.uniform(-2, 2, (2, count))
    eps = 10 ** rng.uniform(-4, np.log10(30), count)
    tau = np.where(rng.random(count) < 0.3, 0.0, 10 ** rng.uniform(-3, 1, count))
    ridge = np.where(rng.random(count) < 0.5, 0.0, 10 ** rng.uniform(-8, 2, count))
    return np.stack([psi1, psi2, eps, tau, ridge])


def solve_all(problems: np.ndarray) -> dict[str, np.ndarray]:
    """Solve every problem and return the observables by name."""
    table = solve_points(problems.T, rfrobust.Problem.of(1, 1, 1))
    return dict(zip(Point._fields, table.T, strict=True))


def recompute_errors(problems: np.ndarray) -> np.ndarray:
    """Return the largest relative error of (v, r^2, training loss) against 40 digits, problem by problem."""
    errors = []
    for psi1, psi2, eps, tau, ridge in tqdm(problems.T, desc="40 digits", delay=1.0, leave=False):
        model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
        if model.phase is rfrobust.Phase.NULL:
            continue
        v, r2, loss, _ = reference.polish(model)
        got = (model.standard_risk, model.gradient_norm**2, model.training_loss)
        errors.append(max(abs(float(a / b - 1)) for a, b in zip(got, (v, r2, loss), strict=True)))
    return np.array(errors)


def main() -> int:
    problems = sample_problems(100_000, seed=2024)
    start = time.perf_counter()
    table = solve_all(problems)
    seconds = time.perf_counter() - start
    failed = int(np.count_nonzero(table["status"] != rfrobust.Status.SOLVED))
    print(f"{problems.shape[1]} random problems in {seconds:.2f} s (compilation included on a cold cache)")
    for phase in rfrobust.Phase:
        print(f"  {phase.name.lower():14s} {np.count_nonzero(table['phase'] == phase):6d}")
    print(f"  failed         {failed:6d}")
    print(f"  largest residual {table['residual'].max():.1e}, most iterations {table['iterations'].max():.0f}")
    regular = np.flatnonzero(table["phase"] != rfrobust.Phase.NULL)[:300]
    errors = recompute_errors(problems[:, regular])
    print(f"  {errors.size} recomputed with mpmath at 40 digits: largest relative error {errors.max():.1e}")
    good = failed == 0 and table["residual"].max() <= 1e-10 and errors.size == 300 and errors.max() < 1e-9
    print("reliable" if good else "NOT reliable")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
