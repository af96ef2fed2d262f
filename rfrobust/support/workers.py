"""How many workers (threads or processes) run at a time: the argument ``workers`` of every parallel function."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from . import validation

#: Seconds between two looks of a worker process after its parent.
WATCH = 0.2


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(workers: int | None) -> int:
    """Return ``workers``, a positive integer, or every core that this process may use for None."""
    return available_cores() if workers is None else validation.integer("workers", workers, 1)


@contextmanager
def thread_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads; a failure drops what has not started, an interrupt waits for nothing at all."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    pool.shutdown()


def watch_parent(parent: int) -> None:
    """End this worker process soon after the process that started it is gone, whatever ended that one."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH)
        os._exit(1)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()
