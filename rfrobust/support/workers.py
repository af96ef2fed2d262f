"""How many workers (threads or processes) run at a time: the argument ``workers`` of every parallel function."""

import os

from . import validation


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(workers: int | None) -> int:
    """Return ``workers``, a positive integer, or every core that this process may use for None."""
    return available_cores() if workers is None else validation.integer("workers", workers, 1)
