import itertools

import numpy as np
import pytest

from rfrobust.memorize import ReLUNetwork


@pytest.fixture(scope="session")
def make_network():
    """Random dense network with the given layer sizes."""

    def make(*sizes, seed=0):
        rng = np.random.default_rng(seed)
        pairs = list(itertools.pairwise(sizes))
        return ReLUNetwork(
            [rng.normal(size=(b, a)) / np.sqrt(a) for a, b in pairs], [rng.normal(size=b) for _, b in pairs]
        )

    return make


@pytest.fixture
def two_classes():
    """Samples on a jittered grid of spacing 1/4, so at least 0.15 apart in l_inf, with random labels."""

    def make(dimension=2, seed=0):
        rng = np.random.default_rng(seed)
        grid = np.stack(np.meshgrid(*[np.arange(4) / 4 + 0.1] * dimension), axis=-1).reshape(-1, dimension)
        X = grid + rng.uniform(-0.05, 0.05, grid.shape)
        return X, rng.integers(0, 2, len(X))

    return make
