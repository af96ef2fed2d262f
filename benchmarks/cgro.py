"""Training kernels of the patch model, and gradient steps of the image networks."""

import time
from collections.abc import Callable

import numpy as np

from rfrobust.cgro import (
    AdversarialTraining,
    GramDescent,
    ImageData,
    PatchProblem,
    descend,
    draw,
    reduced_trajectory,
    train_network,
    trajectories,
)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _numpy_steps(problem: PatchProblem, count: int) -> None:
    """Plain NumPy gradient descent, the named alternative."""
    drawn = draw(problem, 0, 1)
    x, y, weights = drawn.train.x, drawn.train.y, drawn.weights.copy()
    adversarial = x.copy()
    rows = np.arange(len(y))
    adversarial[rows, drawn.train.signal] *= 1.0 - problem.ratio
    q = problem.q
    for _ in range(count):
        update = np.zeros_like(weights)
        for points, weight in ((x, 1.0), (adversarial, problem.lam)):
            z = points @ weights.T
            margin = y * (np.sign(z) * np.abs(z) ** q).sum(axis=(1, 2))
            pull = weight * y / (1.0 + np.exp(margin)) / len(y)
            update += np.einsum("ijr,ijd->rd", pull[:, None, None] * q * np.abs(z) ** (q - 1), points)
        weights += problem.step * update


def run() -> None:
    """Print times and ratios."""
    descend(draw(PatchProblem(), 0, 1).weights, draw(PatchProblem(), 0, 1).train, PatchProblem(), 1)
    trajectories(replicates=1, steps=2)
    for dim, samples, steps in ((100, 20, 10_000), (1000, 200, 1000)):
        problem = PatchProblem(dim=dim, samples=samples, sigma=2 / np.sqrt(dim))
        drawn = draw(problem, 0, 1)
        gram = _seconds(lambda p=problem, d=drawn: GramDescent(p, d.train, d.weights).run(10_000))
        direct = _seconds(lambda p=problem, d=drawn, s=steps: descend(d.weights, d.train, p, s)) * 10_000 / steps
        plain = _seconds(lambda p=problem, s=steps: _numpy_steps(p, s // 10)) * 100_000 / steps
        print(
            f"10,000 steps, d = {dim}, N = {samples}, 10 filters: inner products {gram:.3f} s, weights {direct:.2f} s "
            f"({direct / gram:.0f} times), NumPy {plain:.1f} s ({plain / gram:.0f} times)"
        )
    full = _seconds(lambda: trajectories(replicates=8))
    theory = _seconds(lambda: reduced_trajectory(replicates=8))
    print(f"8 seeds with 100 records and errors: {full:.2f} s; reduced theory: {theory:.2f} s")
    images = np.random.default_rng(0).uniform(0, 1, (128, 28, 28, 1)).astype(np.float32)
    labels = np.arange(128) % 10
    once = AdversarialTraining(radius=0.3, attack_steps=40, epochs=1, batch=128)
    for width in (1, 4):
        mnist = ImageData(images, labels, images, labels)
        step = _seconds(lambda d=mnist, w=width: train_network(d, "lenet", w, once))
        print(f"LeNet x{width}, 128 images with 40 attack steps: {step:.1f} s, an epoch {step * 469 / 3600:.1f} h")
    colour = np.random.default_rng(0).uniform(0, 1, (8, 32, 32, 3)).astype(np.float32)
    cifar = ImageData(colour, labels[:8], colour, labels[:8])
    step = _seconds(
        lambda: train_network(cifar, "wrn34", 1, AdversarialTraining(radius=8 / 255, attack_steps=10, epochs=1))
    )
    print(f"WRN-34 x1, 8 images with 10 attack steps: {step:.1f} s, an epoch {step * 6250 / 3600:.1f} h")


if __name__ == "__main__":
    run()
