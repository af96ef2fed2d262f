"""Samples and labels that users bring in one file."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from . import validation

NAMES = ("x_train", "y_train", "x_test", "y_test")


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Return ``x_train``, ``y_train``, ``x_test`` and ``y_test`` of an .npz file, labels in one dimension.

    Raises
    ------
    OSError
        If the file cannot be opened.
    TypeError, ValueError
        If it is damaged or no .npz file, an array is missing or empty, samples are not finite real numbers, or labels
        are neither numbers nor text.
    """
    path = validation.path("path", path)
    with path.open("rb") as opened:
        try:
            # the sums of the archive are checked before anything in it is believed, such as the size of an array
            damaged = zipfile.ZipFile(opened).testzip()
            if damaged is not None:
                raise ValueError(f"{damaged} is damaged")
            opened.seek(0)
            with np.load(opened, allow_pickle=False) as file:
                missing = [name for name in NAMES if name not in file]
                arrays = {} if missing else {name: file[name] for name in NAMES}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise ValueError(f"{path} must be an .npz file of arrays of numbers: {error}") from error
    if missing:
        raise ValueError(f"{path} must hold {', '.join(NAMES)}; it lacks {', '.join(missing)}")
    for name, array in arrays.items():
        kinds, allowed = ("iuf", "real numbers") if name.startswith("x_") else ("biufU", "numbers or text")
        if array.dtype.kind not in kinds:
            raise TypeError(f"{name} must be {allowed}, got dtype {array.dtype}")
        if array.ndim == 0 or array.size == 0:
            raise ValueError(f"{name} must hold samples, got shape {array.shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got {float(array[~np.isfinite(array)].flat[0])!r} in {name}")
    return {name: array.ravel() if name.startswith("y_") else array for name, array in arrays.items()}
