"""Writing pictures and numbers, the format following from the file's ending, and saying where they are."""

import json
import math
import os
from pathlib import Path
from typing import Any

import click
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..support.style import house_style

PICTURES = (".png", ".svg", ".pdf")
TABLES = (".nc", ".csv")


def check_ending(path: Path, allowed: tuple[str, ...]) -> None:
    """Raise if the file's ending is not allowed or it cannot be written; called before any work starts."""
    if path.suffix.lower() not in allowed:
        raise ValueError(f"the file must end in {', '.join(allowed)}, got {path}")
    if path.is_dir():
        raise ValueError(f"the file must not be a folder, got {path}")
    folder = next(parent for parent in path.resolve().parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise ValueError(f"the file must be in a writable folder, got {path}")


def write_figure(figure: Figure, path: Path) -> None:
    """Write a picture in the format of the path's ending, fonts embedded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with house_style():  # the style decides, among others, that fonts are embedded as outlines
        figure.savefig(path)


def write_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF, or as a flat CSV table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".nc":
        dataset.to_netcdf(path, engine="h5netcdf")
    else:
        dataset.to_dataframe().reset_index().to_csv(path, index=False)


def refuse_without_solution(dataset: xr.Dataset) -> None:
    """Raise if no point of a sweep has a solution: there is nothing to draw or to save."""
    if not bool(np.isfinite(dataset["adversarial_risk"]).any()):
        raise RuntimeError(f"none of the {dataset['adversarial_risk'].size} problems has a solution")


def plain(value: Any) -> Any:
    """Return values that JSON has: NaN becomes null and infinity the string "inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(plain(record), allow_nan=False))


def save_figure(figure: Figure, path: Path) -> None:
    """Check the ending, write a picture and print where it is."""
    check_ending(path, PICTURES)
    write_figure(figure, path)
    click.echo(f"picture: {path}")


def save_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Check the ending, write the numbers and print where they are."""
    check_ending(path, TABLES)
    write_dataset(dataset, path)
    click.echo(f"numbers: {path}")
