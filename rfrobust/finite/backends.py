"""Where replicates run: this process, worker processes on this machine (joblib), or a Dask cluster."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from .replicate import Task, run

#: One finished task: its index and the result of each of its radii.
Finished = tuple[int, list[dict[str, float]]]


def _indexed(index: int, task: Task) -> Finished:
    return index, run(task)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start worker processes inside: they inherit an ignored Ctrl-C, which the parent alone has to answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def local(tasks: list[Task], workers: int) -> Iterator[Finished]:
    """Yield tasks as they finish, in any order; an interrupt kills the workers instead of waiting for them."""
    if workers == 1:
        for index, task in enumerate(tasks):
            yield _indexed(index, task)
        return
    try:
        pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
        with _interrupts_ignored():
            finished = pool(delayed(_indexed)(index, task) for index, task in enumerate(tasks))
        yield from finished
    except (KeyboardInterrupt, GeneratorExit):
        get_reusable_executor().shutdown(wait=False, kill_workers=True)
        raise


def dask(tasks: list[Task], client: Any) -> Iterator[Finished]:
    """Yield tasks as the cluster finishes them; the scheduler runs the tasks of a lost worker again elsewhere."""
    from distributed import as_completed

    futures = [client.submit(_indexed, index, task, pure=False) for index, task in enumerate(tasks)]
    try:
        for future in as_completed(futures):
            yield future.result()
            future.release()
    finally:
        client.cancel(futures)


def backend(client: Any, workers: int) -> Callable[[list[Task]], Iterator[Finished]]:
    """Return the runner: the cluster of ``client`` if there is one, else this machine."""
    if client is not None:
        return lambda tasks: dask(tasks, client)
    return lambda tasks: local(tasks, min(workers, max(len(tasks), 1)))
