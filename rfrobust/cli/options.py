"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--activation`` and ``--spectrum``."""
    spectrum = click.option(
        "--spectrum", default="marchenko-pastur", show_default=True, help="Law of W W': marchenko-pastur or orthogonal."
    )
    activation = click.option(
        "--activation", default="relu", show_default=True, help="Name, or name:parameter; see 'rfrobust activations'."
    )
    return activation(spectrum(command))
