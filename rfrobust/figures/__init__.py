"""The paper figures, one module each: ``compute`` makes the labelled dataset, ``draw`` turns it into a picture.

A figure module defines

- ``TITLE``: a line for listings, and ``CAPTION``: what the figure shows, with every setting;
- ``compute(quick=False) -> xarray.Dataset``: all numbers the picture needs (``quick`` is a coarse preview);
- ``draw(data, width="double") -> matplotlib.figure.Figure``: reads nothing but the dataset.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import xarray as xr

from ..support.validation import choice  # the module name is taken by the figure "validation"

_ROOT = Path(__file__).parents[1]
#: Folders whose every module is a figure, called by the file's name; companions bring their own.
FOLDERS = ("figures", "memorize/figures", "cgro/figures", "wide/figures")


def _discover() -> dict[str, str]:
    """Return figure name -> module."""
    return {
        module.name.replace("_", "-"): f"rfrobust.{folder.replace('/', '.')}.{module.name}"
        for folder in FOLDERS
        for module in iter_modules([str(_ROOT / folder)])
        if not module.ispkg
    }


#: Figure name on the command line -> module, in the order in which they are listed.
REGISTRY: dict[str, str] = _discover()


def figure_module(name: str) -> Any:
    """Return the module that computes and draws the figure called ``name``."""
    return import_module(REGISTRY[choice("figure", name, REGISTRY)])


def compute(name: str, quick: bool = False) -> xr.Dataset:
    """Return the dataset of the figure called ``name``, marked with that name."""
    data: xr.Dataset = figure_module(name).compute(quick=quick)
    return data.assign_attrs(figure=name)


def load(name: str, path: Path) -> xr.Dataset:
    """Return the dataset of the figure called ``name`` from a file; raise if it holds another figure's."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no dataset at {path}")
    try:
        opened = xr.open_dataset(path, engine="h5netcdf")
    except OSError as error:
        raise ValueError(f"{path} must be a NetCDF file as `rfrobust figure --data` writes it") from error
    with opened as data:
        found = data.attrs.get("figure")
        if found != name:
            raise ValueError(f"{path} must hold the dataset of figure {name!r}, got {found!r}")
        return data.load()
