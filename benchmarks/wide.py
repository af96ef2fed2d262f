"""Wide-network kernels: time and memory of 2,000 and 10,000 samples of 3,072 inputs, beside plain NumPy."""

import subprocess
import sys
import time

import numpy as np

from rfrobust.wide import Architecture, ntk

INPUTS = 3072
DEPTH = 3
#: (samples, whether plain NumPy evaluates the whole kernel or only one block row of it)
SIZES = (2000, 10_000)
NUMPY_ROWS = 2000


def plain_numpy(architecture: Architecture, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Evaluate the ReLU recursion on whole matrices, as it is written."""
    w2, b2 = architecture.w_std**2, architecture.b_std**2
    k = w2 * x @ z.T / x.shape[1] + b2
    kx, kz = (w2 * np.mean(a**2, axis=1) + b2 for a in (x, z))
    theta = k
    for _ in range(architecture.depth - 1):
        q = np.sqrt(np.outer(kx, kz))
        cosine = np.clip(k / q, -1, 1)
        angle = np.arccos(cosine)
        slope = (np.pi - angle) / (2 * np.pi)
        k = w2 * q * (np.sin(angle) + (np.pi - angle) * cosine) / (2 * np.pi) + b2
        theta = k + w2 * slope * theta
        kx, kz = w2 * kx / 2 + b2, w2 * kz / 2 + b2
    return theta


def measure(samples: int, engine: str) -> None:
    """Print seconds, extra peak memory in bytes and a checksum; run in a process of its own."""
    import resource

    x = np.random.default_rng(0).standard_normal((samples, INPUTS))
    architecture = Architecture(DEPTH)
    ntk(architecture, x[:8])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    if engine == "numpy":
        # One block row of a large kernel: time scales with the rows, memory of the whole would not fit.
        theta = plain_numpy(architecture, x[:NUMPY_ROWS], x)
        seconds = (time.perf_counter() - start) * samples / min(samples, NUMPY_ROWS)
    else:
        theta = ntk(architecture, x)
        seconds = time.perf_counter() - start
    peak = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    print(seconds, peak, theta[0].sum())


def run() -> None:
    """Print time and peak memory beside the kernel's own size, and the ratio to plain NumPy."""
    for samples in SIZES:
        results = {}
        for engine in ("rfrobust", "numpy"):
            code = f"from benchmarks.wide import measure; measure({samples}, {engine!r})"
            out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
            results[engine] = [float(field) for field in out.stdout.split()]
        (ours, memory, total), (plain, plain_memory, plain_total) = results["rfrobust"], results["numpy"]
        assert np.isclose(total, plain_total, rtol=1e-6)
        rows = min(samples, NUMPY_ROWS)
        print(
            f"NTK depth {DEPTH}, {samples} x {INPUTS}: {ours:.2f} s, peak {memory / 1e6:.0f} MB above the data "
            f"(the kernel itself {8e-6 * samples**2:.0f} MB)"
        )
        print(
            f"  plain NumPy: {plain:.2f} s{' (extrapolated)' if rows < samples else ''}, {plain / ours:.1f} times "
            f"as long; peak {plain_memory / 1e6:.0f} MB for {rows} rows of {samples}"
        )
