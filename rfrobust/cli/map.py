"""``rfrobust map``: a phase diagram over any two parameters."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from ..problem.parameters import SWEPT
from ..problem.problem import Problem
from ..theory.grid import absent_of, sweep
from .options import model_options
from .output import PICTURES, TABLES, announce, check_ending, refuse_without_solution, write_dataset, write_figure
from .ranges import RANGE, expand


@click.command("map")
@click.option("--psi1", type=RANGE, required=True, help="N/d.")
@click.option("--psi2", type=RANGE, required=True, help="n/d.")
@click.option("--eps", type=RANGE, required=True, help="Training radius.")
@click.option("--tau", type=RANGE, default="0", show_default=True, help="Noise standard deviation.")
@click.option("--ridge", type=RANGE, default="0", show_default=True, help="Ridge penalty lambda.")
@click.option("--gradient-penalty", type=RANGE, default="0", show_default=True, help="Penalty on the squared gradient.")
@click.option("--eps-test", type=float, help="Test radius; the training radius of each point by default.")
@click.option(
    "--quantity", default="adversarial_risk", show_default=True,
    help="Variable to draw: adversarial_risk, standard_risk, gradient_norm, training_loss, ...",
)  # fmt: skip
@click.option("--log", "log_axes", default="psi1,psi2", show_default=True, help="Parameters on a logarithmic scale.")
@click.option(
    "--boundaries/--no-boundaries", default=True, show_default=True,
    help="Where the risk exceeds that of predicting zero, where standard training is better, the best width.",
)  # fmt: skip
@model_options
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("map.png"), show_default=True,
    help="Picture (.png, .svg, .pdf).",
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Numbers (.csv, .nc); the picture's name with .nc.")
def command(
    quantity: str, log_axes: str, eps_test: float | None, out: Path, data: Path | None, boundaries: bool, **given: Any,
) -> None:  # fmt: skip
    """Draw a quantity over two parameters given as ranges START:STOP:COUNT; the others are numbers."""
    from ..figures.drawing.heatmap import QUANTITIES, draw
    from ..tuning.boundaries import add_margins

    data = data or out.with_suffix(".nc")
    check_ending(out, PICTURES)
    check_ending(data, TABLES)
    model = {name: value for name, value in given.items() if name not in SWEPT}
    absent = absent_of(Problem.of(1, 1, 0, 1, **model))
    if quantity not in QUANTITIES or quantity in absent:
        drawn = ", ".join(name for name in QUANTITIES if name not in absent)
        raise ValueError(f"--quantity must be one of {drawn}, got {quantity!r}")
    logarithmic = [name for name in log_axes.split(",") if name]
    unknown = [name for name in logarithmic if name not in SWEPT]
    if unknown:
        raise ValueError(f"--log takes names among {', '.join(SWEPT)}, got {unknown[0]!r}")
    values = {name: np.unique(expand(name, given[name], name in logarithmic)) for name in SWEPT}
    swept = [name for name in SWEPT if values[name].size > 1]
    if len(swept) != 2:
        raise ValueError(f"give two parameters as ranges START:STOP:COUNT, got {len(swept)} ({', '.join(swept)})")
    arguments: dict[str, Any] = {
        name: value if name in swept else float(np.squeeze(value)) for name, value in values.items()
    }
    dataset = sweep(**arguments, eps_test=eps_test, **model)
    refuse_without_solution(dataset)
    if boundaries:
        dataset = add_margins(dataset)
    write_dataset(dataset, data)
    write_figure(draw(dataset, quantity=quantity, log=[name for name in swept if name in logarithmic]), out)
    announce(data, out)
