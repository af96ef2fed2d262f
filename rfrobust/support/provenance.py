"""What the attributes of every result record: versions, and the commit of a checkout."""

import subprocess
from functools import lru_cache
from pathlib import Path

import numba
import numpy
import scipy

from .version import __version__

_CHECKOUT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def commit() -> str:
    """Return the commit of the checkout that this package runs from, "" for an installed copy.

    A tree that differs from the commit is marked with "+".
    """
    if not (_CHECKOUT / ".git").exists():
        return ""
    command = ("git", "-C", str(_CHECKOUT), "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+")
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def versions() -> dict[str, str]:
    """Return the versions of this package and of what computes its numbers, and ``rfrobust_commit`` if there is one."""
    found = {
        "rfrobust_version": __version__,
        "numpy_version": numpy.__version__,
        "scipy_version": scipy.__version__,
        "numba_version": numba.__version__,
    }
    return found | ({"rfrobust_commit": commit()} if commit() else {})
