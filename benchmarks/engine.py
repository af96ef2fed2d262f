"""The theory engine: time per point, against the published minimax solved on the same points; start-up times."""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import rfrobust
from rfrobust.checks import published as theorem


def best_of(count, function):
    """Return the shortest of ``count`` timings of ``function``, in seconds."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def fresh_process(code, **environment):
    """Return the wall time of a fresh Python process that runs ``code``, and what it printed."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return time.perf_counter() - start, done.stdout.strip()


def run() -> None:
    points = [(1, 2, 0.3, 0.5), (3, 2, 0.3, 0.5), (0.5, 2, 0.5, 0.5), (4, 1, 0.6, 0.2), (5, 0.5, 1, 0.1)]
    rfrobust.solve(*points[0])
    calls = 2000
    single = best_of(5, lambda: [rfrobust.solve(*points[i % 5]) for i in range(calls)]) / calls

    axis = np.geomspace(0.1, 10, 300)
    grid = {"psi1": axis, "psi2": axis, "eps": 0.3, "tau": 0.5}
    size = axis.size**2
    per_point = {
        workers: best_of(5, lambda workers=workers: rfrobust.sweep(**grid, workers=workers)) / size
        for workers in (1, 2)
    }
    minimax = best_of(1, lambda: [theorem.minimax(*point) for point in points]) / len(points)
    same = best_of(5, lambda: [rfrobust.solve(*point) for point in points]) / len(points)

    print(f"solve, warm                      {single * 1e6:9.2f} us a point")
    for workers, seconds in per_point.items():
        print(f"sweep 300 x 300, {workers} worker(s)      {seconds * 1e6:9.2f} us a point")
    print(f"published minimax, SciPy         {minimax * 1e6:9.0f} us a point (five points of the theory page)")
    print(f"minimax / sweep (its own grid)   {minimax / per_point[1]:9.0f} times")
    print(f"minimax / solve, same points     {minimax / same:9.0f} times")
    print(f"sweep, one thread / two          {per_point[1] / per_point[2]:9.2f} times")

    bare = min(fresh_process("pass")[0] for _ in range(5))
    imported = min(fresh_process("import rfrobust")[0] for _ in range(5)) - bare
    code = "import rfrobust; rfrobust.solve(3, 2, 0.3, 0.5)"
    with tempfile.TemporaryDirectory() as cache:
        cold = fresh_process(code, NUMBA_CACHE_DIR=cache)[0]
        warm = min(fresh_process(code, NUMBA_CACHE_DIR=cache)[0] for _ in range(5))
    print(f"import rfrobust                  {imported:9.3f} s above a bare interpreter")
    print(f"first solve, cold disk cache     {cold:9.2f} s, whole process")
    print(f"first solve, warm disk cache     {warm:9.2f} s, whole process; cold / warm {cold / warm:.1f}")
