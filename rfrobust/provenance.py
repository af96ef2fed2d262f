"""The versions that the attributes of every result record."""

import numba
import numpy
import scipy

from . import __version__


def versions() -> dict[str, str]:
    """Return the versions of this package and of what computes its numbers."""
    return {
        "rfrobust_version": __version__,
        "numpy_version": numpy.__version__,
        "scipy_version": scipy.__version__,
        "numba_version": numba.__version__,
    }
