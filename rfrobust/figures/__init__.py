"""The paper figures, one module each: ``compute`` makes the labelled dataset, ``draw`` turns it into a picture.

A figure module defines

- ``TITLE``: a line for listings, and ``CAPTION``: what the full figure shows, with every setting;
- ``compute(quick=False) -> xarray.Dataset``: all numbers the picture needs (``quick`` is a coarse preview);
- ``draw(data, width="double") -> matplotlib.figure.Figure``: reads nothing but the dataset.
"""

import io
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import xarray as xr

from ..support import validation as arguments  # the module name is taken by the figure "validation"
from ..support.files import is_damaged
from ..support.provenance import versions

__all__ = ["FOLDERS", "PREVIEW", "REGISTRY", "compute", "figure_module", "load", "problem_key"]


def __dir__() -> list[str]:
    return __all__


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


#: What a preview says before the caption of the full figure, whose sizes are not its own.
PREVIEW = (
    "Quick preview with fewer points, draws or steps than the full figure. Sizes here: {sizes}; what else was set "
    "is in the dataset. Caption of the full figure: "
)

#: Figure name on the command line -> module, in the order in which they are listed.
REGISTRY: dict[str, str] = _discover()


def figure_module(name: str) -> Any:
    """Return the module that computes and draws the figure called ``name``."""
    return import_module(REGISTRY[arguments.choice("figure", name, REGISTRY)])


@arguments.typed
def compute(name: str, quick: bool = False) -> xr.Dataset:
    """Return the dataset of the figure called ``name`` with that name, a caption of what was done, and versions."""
    module = figure_module(name)
    data: xr.Dataset = module.compute(quick=quick)
    sizes = ", ".join(f"{dimension} {size}" for dimension, size in data.sizes.items())
    caption = f"{PREVIEW.format(sizes=sizes) if quick else ''}{module.CAPTION}"
    return data.assign_attrs(figure=name, quick=int(quick), caption=caption, **problem_key(name), **versions())


def problem_key(name: str) -> dict[str, str]:
    """Return the key of the problem that a figure varies, as ``problem_key``; nothing for figures of other models."""
    problem = getattr(figure_module(name), "PROBLEM", None)
    return {} if problem is None else {"problem_key": problem.key}


def load(name: str, path: Path) -> xr.Dataset:
    """Return the dataset of the figure called ``name`` from a file; raise if it holds another figure's."""
    path = arguments.path("path", path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no dataset at {path}")
    content = path.read_bytes()
    if is_damaged(content):  # HDF5 would return other numbers, or not return
        raise ValueError(f"{path} must be a NetCDF file as it was written, but its digest does not fit: it is damaged")
    try:
        with xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as opened:
            data = opened.load()
    except Exception as error:  # HDF5 and its readers fail on a damaged file in every way there is
        raise ValueError(f"{path} must be a NetCDF file as `rfrobust figure --data` writes it: {error}") from error
    found = data.attrs.get("figure")
    if found != name:
        raise ValueError(f"{path} must hold the dataset of figure {name!r}, got {found!r}")
    return data
