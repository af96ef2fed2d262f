"""The command line among other processes: signals that end it, workers it leaves, readers that leave it."""

import os
import signal
import sys
import threading
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

import pytest
import xarray as xr

from rfrobust.cli import main
from rfrobust.support import process
from rfrobust.support.process import ENDS, orderly_end
from rfrobust.support.workers import thread_pool
from tests.command_line import Unread, start
from tests.finite.test_simulate import wait_for_rows

#: Long enough for any machine, short beside what is to be excluded: idle workers live for five minutes.
PATIENCE = 100
CURVE = ["curve", "--psi1", "1:2:5", "--psi2", "2", "--eps", "0.3"]
SIMULATE = ["simulate", "--psi1", "1", "--psi2", "2", "--eps", "0.3", "--d", "20"]


def python(*arguments):
    return sys.executable, *arguments


@pytest.mark.slow
@pytest.mark.parametrize("to_group", [False, True], ids=["parent", "group"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_signal_leaves_no_worker_and_says_how_to_resume(tmp_path, name, to_group):
    number = getattr(signal, name)
    if to_group and number == signal.SIGKILL:
        pytest.skip("kills the workers, too")
    running = start(
        *python("-m", "rfrobust", *SIMULATE[:-1], "80", "--replicates", "5000", "--workers", "2", "--store", "runs.db"),
        cwd=tmp_path,
    )
    wait_for_rows(tmp_path / "runs.db", 3, lambda: running.poll() is None)
    (os.killpg if to_group else os.kill)(running.pid, number)
    _, err = running.communicate(timeout=PATIENCE)  # ends when nobody holds the pipes any more
    assert running.returncode == -number
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert "networks are saved in runs.db; run the same command again to resume" in err


@pytest.mark.slow
def test_an_interrupt_does_not_wait_for_threads(tmp_path):
    """Such as those that compile: here they would take an hour."""
    program = (
        "import time; from rfrobust.engine import regimes; from rfrobust.cli import main\n"
        "regimes.solve_rows = lambda *_, **__: (print('started', flush=True), time.sleep(3600))\n"
        f"main({CURVE!r})"
    )
    running = start(*python("-c", program), cwd=tmp_path)
    assert running.stdout.readline() == "started\n"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == -signal.SIGINT
    assert err.strip() == "rfrobust: error: interrupted"


def test_a_thread_pool_waits_for_threads_after_an_error_and_not_after_an_interrupt():
    release, done = threading.Event(), []
    with pytest.raises(KeyboardInterrupt), thread_pool(1) as pool:
        pool.submit(release.wait, PATIENCE)
        left = pool.submit(done.append, "started")
        raise KeyboardInterrupt
    assert left.cancelled()
    release.set()
    running = threading.Event()
    with pytest.raises(ZeroDivisionError), thread_pool(1) as pool:
        pool.submit(lambda: (running.set(), threading.Event().wait(0.2), done.append("finished")))
        running.wait(PATIENCE)
        raise ZeroDivisionError
    assert done == ["finished"]


@pytest.fixture
def raised(monkeypatch):
    """Signals that this process would have died of."""
    numbers = []
    monkeypatch.setattr(process.signal, "raise_signal", numbers.append)
    with ExitStack() as stack:
        for number in (*ENDS, signal.SIGINT):
            stack.callback(signal.signal, number, signal.getsignal(number))
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        yield numbers


@pytest.mark.parametrize("number", ENDS)
def test_an_end_unwinds_and_then_takes_its_course(raised, number):
    cleaned = []
    with pytest.raises(KeyboardInterrupt), orderly_end(*ENDS):
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(PATIENCE)
        finally:
            os.kill(os.getpid(), number)  # again, as a batch system does: it has been heard
            cleaned.append(True)
    assert cleaned
    assert raised == [number]


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
def test_signals_that_are_somebody_elses_stay_so(raised, handler):
    signal.signal(signal.SIGTERM, handler)
    with orderly_end(*ENDS):
        assert signal.getsignal(signal.SIGTERM) == handler
    with orderly_end(signal.SIGINT):
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert raised == []


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_stop_no_simulation(tmp_path, closed):
    command = python("-m", "rfrobust", *SIMULATE, "--replicates", "3", "--workers", "2", "--data", "runs.nc")
    running = start("sh", "-c", f'exec "$@" {closed}', "sh", *command, cwd=tmp_path)
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, err
    assert err == ""
    assert ("numbers: runs.nc" in out) == (closed == "2>&-")
    assert xr.load_dataset(tmp_path / "runs.nc").sizes["replicate"] == 3


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (CURVE, {"curve.png", "curve.csv"}),
        (["map", "--psi1", "1:2:3", "--psi2", "2", "--eps", "0.1:0.2:3"], {"map.png", "map.nc"}),
        (["figure", "training-loss", "--quick", "--data", "f.nc"], {"training-loss.png", "f.nc"}),
        ([*SIMULATE, "--replicates", "2", "--workers", "1"], {"simulation.nc"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_is_computed_is_saved_although_nobody_reads_the_output(tmp_path, monkeypatch, arguments, files):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit), redirect_stdout(Unread()):
        main(arguments)
    assert {path.name for path in tmp_path.iterdir()} == files


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(("stream", "message"), [(">", "No space left on device"), ("2>", "")])
def test_streams_on_a_full_disk_are_an_error_in_one_line(tmp_path, stream, message):
    psi1 = "1" if stream == ">" else "-1"
    command = python("-m", "rfrobust", "solve", "--psi1", psi1, "--psi2", "2", "--eps", "0.3")
    running = start("sh", "-c", f'exec "$@" {stream}/dev/full', "sh", *command, cwd=tmp_path)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 2
    assert message in err
    assert err.count("\n") == bool(message)
