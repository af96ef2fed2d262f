"""Samples and labels that users bring in one file."""

from pathlib import Path

import numpy as np

NAMES = ("x_train", "y_train", "x_test", "y_test")


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Return ``x_train``, ``y_train``, ``x_test`` and ``y_test`` of an .npz file, labels in one dimension.

    Raises
    ------
    ValueError
        If one is missing.
    """
    with np.load(path, allow_pickle=False) as file:
        missing = [name for name in NAMES if name not in file]
        if missing:
            raise ValueError(f"{path} must hold {', '.join(NAMES)}; it lacks {', '.join(missing)}")
        return {name: file[name].ravel() if name.startswith("y_") else file[name] for name in NAMES}
