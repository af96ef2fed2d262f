"""Standard training: least-norm networks (eps = 0, vanishing ridge), the baseline of adversarial training."""

import os
from itertools import product

import numpy as np
import xarray as xr
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .features import FeatureMap
from .risks import gradient_norm, standard_risk


def least_norm_networks(
    psi1: np.ndarray, psi2: float, tau: float, *, d: int, replicates: int, seed: int
) -> xr.Dataset:
    """Fit least-norm (below interpolation: least-squares) networks of true shifted ReLU features.

    Returns the exact ``standard_risk`` and ``gradient_norm`` of every network over ``psi1`` and ``replicate``.
    """
    jobs = list(product(psi1, range(replicates)))
    runs = Parallel(n_jobs=os.cpu_count(), return_as="generator")(
        delayed(_fit)(round(a * d), round(psi2 * d), d, tau, (seed, replicate, round(a * d)))
        for a, replicate in jobs
    )
    measured = [
        *tqdm(runs, total=len(jobs), desc="least-norm networks", unit="network", delay=1.0, leave=False)
    ]
    table = np.array(measured).reshape(len(psi1), replicates, 2)
    dims = ("psi1", "replicate")
    return xr.Dataset(
        {"standard_risk": (dims, table[..., 0]), "gradient_norm": (dims, table[..., 1])},
        coords={"psi1": psi1, "replicate": range(replicates)},
    )


def _fit(N: int, n: int, d: int, tau: float, key: tuple[int, int, int]) -> tuple[float, float]:
    with threadpool_limits(1):
        rng = np.random.default_rng(key)
        network = FeatureMap.draw(N, d, rng)
        beta = np.eye(d)[0]
        X = rng.standard_normal((n, d))
        y = X @ beta + tau * rng.standard_normal(n)
        theta = np.linalg.lstsq(network.features(X), y, rcond=None)[0]
        return standard_risk(network, theta, beta, tau), gradient_norm(network, theta)
