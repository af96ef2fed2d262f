"""The command line run in this process and in others."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import rfrobust
from rfrobust.cli import main

ROOT = Path(rfrobust.__file__).parents[1]


class Unread(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def run(capsys, *arguments):
    """Return exit code, standard output and standard error."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


#: Undoes what whoever runs the tests in the background has had ignored.
USUAL_SIGNALS = """import os, signal, sys
for name in ("SIGINT", "SIGHUP", "SIGTERM"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])"""


def start(*command, cwd):
    """Start a program of this package as the first of a new process group."""
    return subprocess.Popen(
        [sys.executable, "-c", USUAL_SIGNALS, *command], cwd=cwd, start_new_session=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
