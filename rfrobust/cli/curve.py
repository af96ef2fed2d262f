"""``rfrobust curve``: risks against overparametrization, for several training radii."""

from pathlib import Path
from typing import Any

import click

from ..problem import parameters
from ..theory.grid import sweep
from .options import model_options
from .output import PICTURES, TABLES, announce, check_ending, refuse_without_solution, write_dataset, write_figure
from .ranges import RANGE, expand


@click.command("curve")
@click.option("--psi1", type=RANGE, help="Range of N/d (or give --ratio).")
@click.option("--ratio", type=RANGE, help="Range of N/n, instead of --psi1.")
@click.option("--psi2", type=float, required=True, help="n/d.")
@click.option("--eps", type=RANGE, required=True, help="Training radius, or a list of them.")
@click.option("--tau", type=float, default=0.0, show_default=True, help="Noise standard deviation.")
@click.option("--ridge", type=float, default=0.0, show_default=True, help="Ridge penalty lambda.")
@click.option("--eps-test", type=float, help="Test radius; the training radius of each curve by default.")
@click.option("--log", is_flag=True, help="Space the range, and draw the axis, logarithmically.")
@model_options
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("curve.png"), show_default=True,
    help="Picture (.png, .svg, .pdf).",
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Numbers (.csv, .nc); the picture's name with .csv.")
def command(
    psi1: Any, ratio: Any, psi2: float, eps: Any, tau: float, ridge: float, eps_test: float | None, log: bool,
    out: Path, data: Path | None, **model: Any,
) -> None:  # fmt: skip
    """Draw adversarial and standard risk against N/d or N/n."""
    from ..figures.drawing.curve import draw

    data = data or out.with_suffix(".csv")
    check_ending(out, PICTURES)
    check_ending(data, TABLES)
    if (psi1 is None) == (ratio is None):
        raise click.UsageError("give one of --psi1 and --ratio")
    psi2 = parameters.scalar("psi2", psi2)
    if ratio is not None and psi2 == float("inf"):
        raise ValueError("--ratio N/n needs a finite psi2, got psi2=inf; give --psi1")
    widths = expand("psi1", psi1, log) if ratio is None else psi2 * expand("ratio", ratio, log)
    dataset = sweep(
        psi1=widths, psi2=psi2, eps=expand("eps", eps, False), tau=tau, ridge=ridge, eps_test=eps_test,
        **model,
    )  # fmt: skip
    refuse_without_solution(dataset)
    write_dataset(dataset, data)
    write_figure(draw(dataset, against="psi1" if ratio is None else "ratio", log=log), out)
    announce(data, out)
