"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

from ..problem.data import LABELS


class Norm(click.ParamType):
    """A number >= 1.05, or ``inf``."""

    name = "p"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it as a float."""
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)


_MODEL = (
    click.option(
        "--activation", default="relu", show_default=True, help="Name, or name:parameter; see 'rfrobust activations'."
    ),
    click.option(
        "--spectrum", default="marchenko-pastur", show_default=True, help="Law of W W': marchenko-pastur or orthogonal."
    ),
    click.option(
        "--loss", default="square", show_default=True, help="square, huber:DELTA, absolute, logistic or hinge."
    ),
    click.option("--norm", type=Norm(), default="2", show_default=True, help="p of the attack's l_p norm, or inf."),
    click.option(
        "--noise",
        default="gaussian",
        show_default=True,
        help="gaussian, laplace, t:DOF or mixture:[CENTRE:]SD@WEIGHT,...",
    ),
    click.option(
        "--labels", type=click.Choice(LABELS), help="Real responses or their signs; what the loss is for by default."
    ),
)


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what the model is."""
    for option in reversed(_MODEL):
        command = option(command)
    return command
