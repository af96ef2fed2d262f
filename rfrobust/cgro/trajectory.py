"""Training runs as labelled datasets: signal, memory, margins and errors along the way, for a batch of replicates."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from ..support import validation
from ..support.provenance import versions
from ..support.workers import thread_pool, worker_count
from .network import GramDescent, attacked, descend, margins
from .problem import PatchAttack, PatchData, PatchProblem, draw


def log_records(steps: int, count: int = 120) -> np.ndarray:
    """Return step numbers from 0 to ``steps``, about evenly spaced in log(1 + step)."""
    steps = validation.integer("steps", steps, 1)
    count = validation.integer("count", count, 2)
    return np.unique(np.rint(np.expm1(np.linspace(0.0, np.log1p(steps), count))).astype(np.int64))


def odd(z: np.ndarray, q: int) -> np.ndarray:
    """Return sign(z) |z|^q."""
    return np.sign(z) * np.abs(z) ** q


@validation.typed
def memory(weights: np.ndarray, data: PatchData, q: int) -> np.ndarray:
    r"""Return :math:`V_i = y_i \sum_r \sum_{j \ne \mathrm{signal}} \phi(\langle w_r, x_i[j]\rangle)`, shape (N,)."""
    weights = validation.real_array("weights", weights, shape=(None, data.x.shape[2]))
    q = validation.integer("q", q, 2, 8)
    return data.y * odd(data.noise() @ weights.T, q).sum(axis=(1, 2))


def _one_run(
    problem: PatchProblem, seed: int, records: np.ndarray, attack: PatchAttack, test_samples: int
) -> dict[str, np.ndarray]:
    drawn = draw(problem, seed, test_samples)
    weights = drawn.weights
    structured = attack.kind == "structured"
    tested = replace(attack, restarts=None)  # a short attack in training must not decide what counts as robust
    gram = GramDescent(problem, drawn.train, weights) if structured else None
    frames: list[dict[str, Any]] = []
    for before, now in zip(np.concatenate([[0], records[:-1]]), records, strict=True):
        if gram is not None:
            gram.run(int(now - before))
            weights = gram.weights
        else:
            weights = descend(weights, drawn.train, problem, int(now - before), attack)
        frame: dict[str, Any] = {"signal_weight": weights @ drawn.train.direction}
        frame["V"] = memory(weights, drawn.train, problem.q)
        for part, data in (("train", drawn.train), ("test", drawn.test)):
            clean = margins(weights, data, problem.q)
            robust = margins(weights, attacked(weights, data, problem, tested), problem.q)
            frame[f"clean_{part}_error"] = np.mean(clean <= 0.0)
            frame[f"robust_{part}_error"] = np.mean(robust <= 0.0)
            if part == "train":
                frame["clean_margin"], frame["robust_margin"] = clean, robust
        frame["loss"] = np.mean(
            np.logaddexp(0.0, -frame["clean_margin"]) + problem.lam * np.logaddexp(0.0, -frame["robust_margin"])
        )
        frames.append(frame)
    return {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}


_DIMS: dict[str, tuple[tuple[str, ...], str]] = {
    "signal_weight": (("filter",), "projection of filter r on the signal direction"),
    "V": (("sample",), "memory of sample i"),
    "clean_margin": (("sample",), "clean training margin"),
    "robust_margin": (("sample",), "adversarial training margin"),
    "clean_train_error": ((), "clean training error"),
    "robust_train_error": ((), "robust training error"),
    "clean_test_error": ((), "clean test error"),
    "robust_test_error": ((), "robust test error"),
    "loss": ((), "training loss"),
}


def replicate_seeds(replicates: int, seed: int) -> range:
    """Return the seeds of the replicates: ``seed`` and those that follow it."""
    first = validation.integer("seed", seed, 0)
    return range(first, first + validation.integer("replicates", replicates, 1, validation.MOST_REPLICATES))


def in_threads(
    function: Callable[[Any], Any], items: Sequence[Any], workers: int | None, progress: bool, name: str | None = None
) -> list[Any]:
    """Return the results of ``function`` for all ``items``, computed in threads."""
    with thread_pool(worker_count(workers)) as pool:
        results = pool.map(function, items)
        return list(tqdm(results, total=len(items), desc=name, leave=False, disable=not progress))


def provenance(problem: PatchProblem) -> dict[str, Any]:
    """Return the problem and the versions as dataset attributes."""
    return {**problem.attrs(), **versions()}


def record_steps(steps: int, records: Sequence[int] | None) -> np.ndarray:
    """Return the steps to record: the given ones, checked, or :func:`log_records` of ``steps``."""
    steps = validation.integer("steps", steps, 1)
    if records is None:
        return log_records(steps)
    wanted = validation.real_array("records", records, 0, steps, ndim=1)
    at = wanted.astype(np.int64)
    if (at != wanted).any() or (np.diff(at) <= 0).any():
        raise ValueError(f"records must be increasing integers, got {list(wanted)}")
    return at


@validation.typed
def trajectories(
    problem: PatchProblem | None = None,
    *,
    replicates: int = 8,
    seed: int = 0,
    steps: int = 10_000,
    records: Sequence[int] | None = None,
    attack: PatchAttack | None = None,
    test_samples: int = 1000,
    workers: int | None = None,
    progress: bool = False,
) -> xr.Dataset:
    r"""Train several replicates and return everything that happens on the way.

    Parameters
    ----------
    problem : PatchProblem, optional
        Data, network and training; the default shows every phase.
    replicates, seed : int
        Independent runs; data, test data and first weights of the i-th all follow from ``seed + i``.
    steps : int
        Steps of gradient descent (>= 1).
    records : sequence of int, optional
        Step numbers to record, increasing, within 0 to ``steps``; about 120 in log spacing by default.
    attack : PatchAttack, optional
        The attack trained and tested against; the structured one by default. Training restarts as often as it says, by
        default never; errors and margins are those under restarts until the margin stops falling.
    test_samples : int
        Fresh examples behind the test errors (>= 1).
    workers : int, optional
        Replicates run at once; the cores of this process by default.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    xarray.Dataset
        Dimensions ``replicate``, ``step``, ``sample``, ``filter``. ``U``, ``signal`` (alpha^q U), ``V``,
        ``clean_margin``, ``robust_margin`` (training), the four errors, ``loss``, ``signal_weight``, and
        the coordinates ``seed`` (replicate) and ``time`` = step size times step.

    Raises
    ------
    ValueError, TypeError
        For bad arguments.
    DivergenceError
        If a run overflows (the step is too long).
    """
    problem = problem or PatchProblem()
    attack = attack or PatchAttack()
    seeds = replicate_seeds(replicates, seed)
    at = record_steps(steps, records)
    test_samples = validation.integer("test_samples", test_samples, 1)

    def one(seed: int) -> dict[str, np.ndarray]:
        return _one_run(problem, seed, at, attack, test_samples)

    results = in_threads(one, seeds, workers, progress, "replicates")
    variables = {
        name: (("replicate", "step", *dims), np.stack([run[name] for run in results]), {"long_name": text})
        for name, (dims, text) in _DIMS.items()
    }
    data = xr.Dataset(
        variables,
        coords={
            "seed": ("replicate", seeds),
            "step": ("step", at, {"long_name": "gradient descent step"}),
            "time": ("step", at * problem.step, {"long_name": "step size times step"}),
        },
        attrs={
            **provenance(problem),
            "attack": attack.kind,
            "attack_radius": attack.radius_for(problem),
            "attack_steps": attack.steps,
            "attack_target": attack.target,
            "test_samples": test_samples,
        },
    )
    strength = odd(data["signal_weight"].values, problem.q).sum(axis=-1)
    data["U"] = (("replicate", "step"), strength, {"long_name": "signal strength U"})
    data["signal"] = problem.clean_gain * data["U"]
    data["signal"].attrs["long_name"] = "signal part of the clean margin, alpha^q U"
    return data
