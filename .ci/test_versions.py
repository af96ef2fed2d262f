"""Run the tests with the lowest versions that are declared, and with the newest ones on every Python that is claimed.

``python .ci/test_versions.py [PYTHON:RESOLUTION ...]`` runs some of them, such as ``3.11:lowest-direct``.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = ["3.11:lowest-direct", "3.11:highest", "3.12:highest", "3.13:highest", "3.14:highest"]
#: Not claimed yet: left out, and said so, where it cannot be had.
OPTIONAL = {"3.14"}
#: Old libraries cannot know what new ones will deprecate; everything else is an error there too.
OLD = ("-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning")


def uv(*command: object) -> int:
    """Run uv and return its exit code."""
    return subprocess.run([sys.executable, "-m", "uv", *map(str, command)], check=False).returncode


def tested(run: str, folder: Path) -> str:
    """Return how one run ended."""
    version, resolution = run.split(":")
    python = folder / "bin" / "python"
    if uv("venv", "--quiet", "--python", version, folder):
        return "left out: no such Python" if version in OPTIONAL else "FAILED: no such Python"
    if uv("pip", "install", "--quiet", "--python", python, "--resolution", resolution, f"{ROOT}[test]"):
        return "left out: no versions for it" if version in OPTIONAL else "FAILED: no versions for it"
    options = OLD if resolution != "highest" else ()
    # compiled kernels of one Python and Numba beside those of another would be overwritten in turn
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "numba")}
    command = [python, "-m", "pytest", "-n", "2", "-m", "not slow", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    return "passed" if done.returncode == 0 else "FAILED"


ends = {}
for number, run in enumerate(sys.argv[1:] or RUNS):
    with tempfile.TemporaryDirectory(prefix="rfrobust-versions-") as scratch:
        print(f"== {run}", flush=True)
        ends[run] = tested(run, Path(scratch) / str(number))
for run, end in ends.items():
    print(f"{run:20s} {end}")
sys.exit(any(end.startswith("FAILED") for end in ends.values()))
