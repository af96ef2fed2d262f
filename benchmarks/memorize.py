"""Memory and time of 10,000 memorized samples in 784 dimensions: neighbour search against the explicit network."""

import multiprocessing
import resource
import time

import numpy as np

from rfrobust.memorize import ReLUNetwork, robust_memorizer
from rfrobust.memorize.bricks import FORMS


def measure(form: str, samples: int, dimension: int) -> None:
    rng = np.random.default_rng(0)
    clean = ReLUNetwork(
        [rng.normal(size=(64, dimension)) / 28, rng.normal(size=(64, 64)) / 8, rng.normal(size=(1, 64)) / 8],
        [rng.normal(size=64), rng.normal(size=64), np.ones(1)],
    )
    X = rng.uniform(size=(samples, dimension))
    y = rng.integers(0, 2, samples)
    start = time.perf_counter()
    memorizer = robust_memorizer(clean, X, y, 0.05, 0.05, form=form)
    print(f"{form}: separation checked, memorizer built: {time.perf_counter() - start:.1f} s")
    start = time.perf_counter()
    network = memorizer.network
    print(f"  explicit network: {network.parameters:,} parameters, {time.perf_counter() - start:.1f} s")
    half = min(500, samples)
    x = np.vstack([X[:half] + rng.uniform(-0.07, 0.07, (half, dimension)), rng.uniform(size=(half, dimension))])
    start = time.perf_counter()
    fast = memorizer(x)
    by_search = (time.perf_counter() - start) / len(x)
    start = time.perf_counter()
    slow = network(x[:3])
    explicit = (time.perf_counter() - start) / 3
    print(f"  {len(x)} points: {by_search * len(x):.2f} s")
    print(f"  {explicit / by_search:.0f} times faster a point than the explicit network")
    print(f"  largest difference: {np.abs(fast[:3] - slow).max():.1e}")
    print(f"  peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def run(samples: int = 10_000, dimension: int = 784) -> None:
    for form in FORMS:
        # A process of its own, so that the peak is this form's.
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(form, samples, dimension))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f"the measurement of form {form!r} failed with exit code {process.exitcode}")
