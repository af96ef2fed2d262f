"""Searches, derivatives and certificates: time a problem, against brute force, differences and a plain solve."""

import time

import numpy as np

import rfrobust
from rfrobust.checks.certificate import certify


def timings(function, count):
    """Return the times of ``count`` calls in milliseconds, the first (compilation) left out."""
    function()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return np.array(times)


def random_problems(count):
    """Draw problems from the reliability ranges."""
    rng = np.random.default_rng(4)
    for _ in range(count):
        psi1, psi2 = 10 ** rng.uniform(-2, 2, 2)
        tau = 0.0 if rng.random() < 0.3 else 10 ** rng.uniform(-3, 1)
        ridge = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-8, 2)
        yield rfrobust.solve(psi1, psi2, 10 ** rng.uniform(-4, np.log10(30)), tau, ridge=ridge)


def run() -> None:
    grid = {"eps": np.geomspace(1e-3, 1.44, 160), "ridge": np.geomspace(1e-8, 1e4, 160)}
    brute = timings(lambda: rfrobust.sweep(psi1=3, psi2=2, tau=0.5, eps_test=0.3, workers=1, **grid), 3).min()
    searches = {
        "radius": lambda: rfrobust.best_training(3, 2, 0.5, eps_test=0.3),
        "ridge": lambda: rfrobust.best_training(3, 2, 0.5, eps_test=0.3, eps=0.3, ridge=None),
        "radius and ridge": lambda: rfrobust.best_training(3, 2, 0.5, eps_test=0.3, ridge=None),
        "width": lambda: rfrobust.best_width(2, 0.1, 0.5),
        "activation": lambda: rfrobust.best_activation(10, 2, 0.1, 0.5),
        "Pareto frontier": lambda: rfrobust.pareto(3, 2, 0.5, eps_test=0.3),
    }
    for name, search in searches.items():
        times = timings(search, 10)
        print(f"search of {name}: median {np.median(times):.1f} ms, worst {times.max():.1f} ms")
    both = np.median(timings(searches["radius and ridge"], 10))
    print(f"brute force 160 x 160 in radius and ridge: {brute:.0f} ms, {brute / both:.0f} times the search")
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    gradient = np.median(timings(lambda: rfrobust.gradient(model), 50))
    point = np.median(timings(lambda: rfrobust.solve(3, 2, 0.3, 0.5), 50))
    print(f"gradient, 9 observables by 11 parameters: {gradient:.2f} ms, {gradient / point:.0f} times a solve")
    models = list(random_problems(1000))
    certify(models[0])
    proved, times = 0, []
    for model in models:
        start = time.perf_counter()
        proved += certify(model).proved
        times.append(1e3 * (time.perf_counter() - start))
    print(
        f"certificates: {proved} of {len(models)} random points proved, median {np.median(times):.1f} ms, "
        f"worst {max(times):.1f} ms, {np.median(times) / point:.0f} times a solve"
    )
