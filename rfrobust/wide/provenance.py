"""What a dataset has to carry to be computed again: settings and versions, in a form every file format takes."""

from typing import Any

import numba
import numpy
import scipy
import sklearn
import xarray

from .. import __version__


def provenance(**settings: Any) -> dict[str, Any]:
    """Return the settings beside the versions of everything that computes."""
    versions = {
        "rfrobust": __version__,
        **{module.__name__: module.__version__ for module in (numpy, scipy, numba, sklearn, xarray)},
    }
    return {**settings, **{f"{name}_version": version for name, version in versions.items()}}
