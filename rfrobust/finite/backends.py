"""Where replicates run: this process, worker processes on this machine (loky), or a Dask cluster."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from multiprocessing import resource_tracker
from typing import Any

from joblib.externals.loky import get_reusable_executor

from ..support.process import open_streams, signals_blocked
from ..support.workers import watch_parent
from .replicate import Task, run

#: One finished task: its index and the result of each of its radii.
Finished = tuple[int, list[dict[str, float]]]

#: Seconds after which idle worker processes end; the next simulation within them need not start any.
IDLE = 300


def _indexed(index: int, task: Task) -> Finished:
    return index, run(task)


def _pool(workers: int) -> Any:
    """Return the pool of worker processes that all simulations of this process share; none is started yet."""
    open_streams()
    with signals_blocked():
        pool = get_reusable_executor(workers, timeout=IDLE, initializer=watch_parent, initargs=(os.getpid(),))
        resource_tracker.ensure_running()  # at its start it unblocks signals: not between here and a worker's start
    return pool


def local(tasks: list[Task], workers: int) -> Iterator[Finished]:
    """Yield tasks as they finish, in any order; an interrupt kills the workers instead of waiting for them."""
    if workers == 1:
        for index, task in enumerate(tasks):
            yield _indexed(index, task)
        return
    pool = _pool(workers)
    left, running = enumerate(tasks), set[Future[Finished]]()
    try:
        while True:
            with signals_blocked():  # inherited by workers, which may be started at any task
                for index, task in left:
                    running.add(pool.submit(_indexed, index, task))
                    if len(running) >= 2 * workers:
                        break
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BaseException:
        end = time.monotonic() + 1.0  # loky fails on a task that it is just sending
        while time.monotonic() < end and not all(future.running() or future.done() for future in running):
            time.sleep(0.001)
        pool.shutdown(kill_workers=True)
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
