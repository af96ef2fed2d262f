"""``rfrobust figure``: compute and draw one of the project's figures."""

from pathlib import Path

import click

from .. import figures
from .output import PICTURES, TABLES, announce, check_ending, write_dataset, write_figure


@click.command("figure")
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="List the figures and stop.")
@click.option("--out", type=click.Path(path_type=Path), help="Picture file (.png, .svg or .pdf); NAME.png by default.")
@click.option("--data", type=click.Path(path_type=Path), help="Also save the dataset (.nc or .csv).")
@click.option(
    "--from-data", type=click.Path(path_type=Path), help="Redraw from a saved dataset (.nc), computing nothing."
)
@click.option("--width", type=click.Choice(["single", "double"]), default="double", show_default=True)
@click.option("--quick", is_flag=True, help="A coarse preview.")
def command(
    name: str | None, listing: bool, out: Path | None, data: Path | None, from_data: Path | None, width: str,
    quick: bool,
) -> None:  # fmt: skip
    """Compute and draw the figure called NAME."""
    if listing or name is None:
        for key in figures.REGISTRY:
            click.echo(f"{key:28s} {figures.figure_module(key).TITLE}")
        return
    module = figures.figure_module(name)
    out = out or Path(f"{name}.png")
    check_ending(out, PICTURES)
    if data is not None:
        check_ending(data, TABLES)
    dataset = figures.compute(name, quick) if from_data is None else figures.load(name, from_data)
    if data is not None:
        write_dataset(dataset, data)
    write_figure(module.draw(dataset, width=width), out)
    announce(*([] if data is None else [data]), out)
