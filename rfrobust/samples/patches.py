"""A large set of real samples that ships with scikit-learn: a pixel of a photograph from its neighbours."""

import numpy as np

from ..support import validation


def image_patches(
    count: int | None = None, *, size: int = 7, contrast: float = 0.05, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return patches of scikit-learn's two sample photographs without their centre pixel, and that pixel.

    Parameters
    ----------
    count : int, optional
        Number of patches, in random order; all by default.
    size : int, default 7
        Side of a patch in pixels, odd and at least 3.
    contrast : float, default 0.05
        Least standard deviation of the grey levels, in [0, 1], of a patch that is kept.
    random_state : int, default 0
        Seed of the order.

    Returns
    -------
    X : ndarray, shape (count, size^2 - 1)
        Grey levels of the neighbours, shifted and scaled, each patch by itself, to mean 0 and mean square 1.
    y : ndarray, shape (count,)
        Grey level of the centre on the same scale.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Neighbouring patches overlap. Flat patches are left out: normalized, they are camera noise, of another texture.
    """
    from sklearn.datasets import load_sample_images

    size = validation.integer("size", size, 3)
    if size % 2 == 0:
        raise ValueError(f"size must be odd, got size={size!r}")
    contrast = validation.real_scalar("contrast", contrast, 0.0, open_lower=True)
    seed = validation.integer("random_state", random_state, 0)
    grey = [image.mean(axis=2) / 255.0 for image in load_sample_images().images]
    windows = [np.lib.stride_tricks.sliding_window_view(image, (size, size)).reshape(-1, size * size) for image in grey]
    patches = np.concatenate(windows)
    patches = patches[patches.std(axis=1) > contrast]
    if count is not None and validation.integer("count", count, 1) > len(patches):
        raise ValueError(f"count must be <= {len(patches)}, the number of such patches, got count={count!r}")
    patches = patches[np.random.default_rng(seed).permutation(len(patches))[:count]]
    centre = size * size // 2
    X = np.delete(patches, centre, axis=1)
    mean, spread = X.mean(axis=1, keepdims=True), X.std(axis=1, keepdims=True)
    return (X - mean) / spread, (patches[:, centre] - mean[:, 0]) / spread[:, 0]
