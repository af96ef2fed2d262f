"""How many parameters memorizing robustly takes, and what robust generalization would take in the worst case."""

from typing import Any

import numpy as np
import xarray as xr

from ..support import validation
from ..support.provenance import versions
from .memorizer import robust_memorizer
from .network import ReLUNetwork


def parameter_counts(N: Any, D: Any, *, eps: float = 0.1) -> xr.Dataset:
    r"""Return parameter counts of the construction beside the orders of the published bounds, without constants.

    Parameters
    ----------
    N, D : 1-d array_like of float
        Numbers of samples and of input dimensions, >= 1.
    eps : float
        Robust radius of the worst-case bound, in (0, 1/2).

    Returns
    -------
    xarray.Dataset
        Over ``N`` and ``D``: ``construction`` = N(12 D + 2) + 4, the parameters that the clip gate adds to a clean
        network (docs/memorize, "Memorizers"), N fewer where D = 1 and a bias of each block vanishes;
        ``memorize_lower`` = sqrt(N D) and ``memorize_upper`` = N D log(D/eps) + N log(N/eps)^2, the orders of the
        bounds for robust memorization ([LL], [LJ]; the power of the logarithm is not known to us and taken as 2);
        ``generalize_lower`` = (2 eps)^(-(D-1)/6), the order of the worst-case bound for robust generalization ([LJ]),
        whatever N.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """
    samples = validation.real_array("N", N, 1.0, ndim=1)
    dimensions = validation.real_array("D", D, 1.0, ndim=1)
    eps = validation.real_scalar("eps", eps, 0.0, 0.5, open_lower=True, open_upper=True)
    n = xr.DataArray(samples, dims="N", coords={"N": samples}, attrs={"long_name": "samples"})
    d = xr.DataArray(dimensions, dims="D", coords={"D": dimensions}, attrs={"long_name": "input dimensions"})
    return xr.Dataset(
        {
            "construction": n * (12.0 * d + 2.0 - (d == 1.0)) + 4.0,
            "memorize_lower": np.sqrt(n * d),
            "memorize_upper": n * d * np.log(d / eps) + n * np.log(n / eps) ** 2,
            "generalize_lower": xr.ones_like(n) * (2.0 * eps) ** (-(d - 1.0) / 6.0),
        },
        attrs={"eps": eps, **versions()},
    )


def built_parameters(N: int, D: int, *, seed: int = 0) -> int:
    """Build a memorizer of N random samples in D dimensions and count the parameters that it adds.

    The samples sit on lattice points with distinct first coordinates, far enough apart for the radii used here;
    the clean network has two hidden layers, next to which the clip gate costs no extra layer.

    Parameters
    ----------
    N, D : int
        Numbers of samples and of input dimensions, >= 1.
    seed : int
        Of the samples, labels and the clean network.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """
    seed = validation.integer("seed", seed, 0)
    N, D = validation.integer("N", N, 1), validation.integer("D", D, 1)
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, size=(N, D)) + 0.3
    X[:, 0] = rng.permutation(N) + 0.3
    clean = ReLUNetwork(
        [rng.normal(size=(3, D)), rng.normal(size=(3, 3)), rng.normal(size=(1, 3))],
        [rng.normal(size=3), rng.normal(size=3), rng.normal(size=1)],
    )
    memorizer = robust_memorizer(clean, X, rng.integers(0, 2, size=N), 0.1, 0.1, gate="clip")
    return memorizer.network.parameters - clean.parameters
