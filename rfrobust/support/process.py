"""This process and what surrounds it: the signals that end it, the streams it was started with."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

#: Signals of a terminal that closes, a batch system, a shutdown; Windows has the second only.
ENDS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)
)


@contextmanager
def orderly_end(*numbers: signal.Signals) -> Iterator[None]:
    """Let the signals inside unwind the program as a Ctrl-C does, and end it at the end of the ``with`` block.

    The first one raises ``KeyboardInterrupt`` in the main thread, where work is saved, files are removed and workers
    are ended; then the process dies of it, as whoever sent it expects. A second Ctrl-C does not wait for that. Signals
    that somebody else handles or ignores stay theirs.
    """
    usual = (signal.SIG_DFL, signal.default_int_handler)
    mine: dict[signal.Signals, Any] = {}
    received: list[int] = []

    def unwind(number: int, _frame: Any) -> None:
        received.append(number)
        for other in mine:
            signal.signal(other, signal.SIG_DFL if other == signal.SIGINT else signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        mine |= {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) in usual}
    try:
        for number in mine:
            signal.signal(number, unwind)
        yield
    finally:
        for number, handler in mine.items():
            signal.signal(number, handler)
        if received:
            with suppress(OSError, ValueError):  # nobody may be left to read it
                sys.stdout.flush()
            signal.signal(received[0], signal.SIG_DFL)
            signal.raise_signal(received[0])


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Keep Ctrl-C and the ends from this thread; processes and threads that it starts inside never see them.

    Workers are started so: their parent alone answers, and ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *ENDS})  # itself handles what has come: not outside
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def open_streams() -> None:
    """Put the null device in the place of standard streams that are closed.

    Else the next file or pipe that is opened takes their number, and what is printed goes there; in Python they are
    None, which worker processes cannot be started with.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def drop_unwritable_streams() -> None:
    """Send to the null device what standard output and error cannot take: a full disk, a reader that is gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
