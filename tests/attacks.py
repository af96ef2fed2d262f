"""What an attack misses."""

import numpy as np


def missed(clean, found, long):
    """Share of the rise above ``clean``, the larger of what two attacks found, that the first one misses, by sample."""
    most = np.maximum(found, long)
    return (most - found) / (most - clean)
