"""The paper figures, one module each: ``compute`` makes the labelled dataset, ``draw`` turns it into a picture.

A figure module defines

- ``TITLE``: a line for listings, and ``CAPTION``: what the figure shows, with every setting;
- ``compute(quick=False) -> xarray.Dataset``: all numbers the picture needs (``quick`` is a coarse preview);
- ``draw(data, width="double") -> matplotlib.figure.Figure``: reads nothing but the dataset.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import xarray as xr

from ..validation import choice  # the module name is taken by the figure "validation"

#: Figure name on the command line -> module in this package, in the order in which they are listed.
REGISTRY: dict[str, str] = {
    "curse": "curse",
    "against-eps": "against_eps",
    "sample-size": "sample_size",
    "phase-diagram": "phase_diagram",
    "training-loss": "training_loss",
    "double-descent": "double_descent",
    "activations-compared": "activations_compared",
    "linear-model": "linear_model",
    "infinite-width": "infinite_width",
    "validation": "validation",
    "finite-size": "finite_size",
    "train-radius": "train_radius",
    "boundaries": "boundaries",
    "memorize-rates": "memorize_rates",
    "memorize-capacity": "memorize_capacity",
    "cgro-phases": "cgro_phases",
    "cgro-diagram": "cgro_diagram",
    "cgro-scaling": "cgro_scaling",
    "cgro-width": "cgro_width",
    "adv-ntk-degeneration": "adv_ntk_degeneration",
    "adv-ntk-comparison": "adv_ntk_comparison",
    "wide-linearization": "wide_linearization",
}


def figure_module(name: str) -> Any:
    """Return the module that computes and draws the figure called ``name``."""
    return import_module(f"{__name__}.{REGISTRY[choice('figure', name, REGISTRY)]}")


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
