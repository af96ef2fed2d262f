"""Writing pictures and numbers, the format following from the file's ending, and saying where they are."""

import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import h5netcdf
import numpy as np
import pandas as pd
import xarray as xr
from xarray.backends import H5NetCDFStore

from ..support.files import check_target, replacing, sealed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = (".png", ".svg", ".pdf")
TABLES = (".nc", ".csv")


def check_ending(path: Path, allowed: tuple[str, ...]) -> None:
    """Raise if the file's ending is not allowed or it cannot be written; called before any work starts."""
    if path.suffix.lower() not in allowed:
        raise ValueError(f"the file must end in {', '.join(allowed)}, got {path}")
    check_target(path)


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a picture in the format of the path's ending, fonts embedded."""
    from ..support.style import house_style  # Matplotlib: it makes folders in the home, and says so where there is none

    with house_style(), replacing(path) as file:  # the style decides, among others, that fonts are embedded as outlines
        figure.savefig(file, format=path.suffix[1:].lower())


def write_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF, or as a flat CSV table."""
    if path.suffix.lower() == ".csv":
        write_table(dataset.to_dataframe().reset_index(), path)
        return
    content = io.BytesIO()  # HDF5 itself does not survive a full disk
    with h5netcdf.File(content, "w") as target:
        dataset.dump_to_store(H5NetCDFStore(target))
    with replacing(path) as file:
        file.write(sealed(content.getvalue()))


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV."""
    with replacing(path) as file:
        table.to_csv(file, mode="wb", index=False)


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


def announce(*paths: Path) -> None:
    """Print where files are, after all of them are written: whoever reads the output may be gone."""
    for path in paths:
        click.echo(f"{'picture' if path.suffix.lower() in PICTURES else 'numbers'}: {path}")
