"""The paper figures, one module each: ``compute`` makes the labelled dataset, ``draw`` turns it into a picture.

A figure module defines

- ``TITLE``: a line for listings, and ``CAPTION``: what the figure shows, with every setting;
- ``compute(quick=False) -> xarray.Dataset``: all numbers the picture needs (``quick`` is a coarse preview);
- ``draw(data, width="double") -> matplotlib.figure.Figure``: reads nothing but the dataset.
"""

from importlib import import_module
from typing import Any

from .. import validation

#: Figure name on the command line -> module in this package, in the order in which they are listed.
REGISTRY: dict[str, str] = {
    "curse": "curse",
    "validation": "validation",
    "finite-size": "finite_size",
    "train-radius": "train_radius",
    "boundaries": "boundaries",
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
    return import_module(f"{__name__}.{REGISTRY[validation.choice('figure', name, REGISTRY)]}")
