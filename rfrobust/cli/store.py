"""``rfrobust store``: look into a file of finished replicates, or export it."""

from pathlib import Path

import click

from ..finite.store import Store, code_version

#: What makes two rows part of one experiment.
_GROUP = ["objective", "features", "activation", "seed", "d", "test_samples", "code"]


@click.group("store")
def command() -> None:
    """List or export the replicates that `rfrobust simulate --store FILE` has saved."""


@command.command("ls")
@click.argument("path", type=click.Path(path_type=Path))
def ls(path: Path) -> None:
    """List the experiments in a store."""
    with Store(path, must_exist=True) as store:
        table = store.table()
    click.echo(f"{path}: {len(table)} replicates; code of this version: {code_version()}")
    if len(table):
        groups = table.groupby(_GROUP).agg(
            rows=("d", "size"), points=("N", lambda _: 0), failed=("converged", lambda c: int((c == 0).sum())),
            first=("finished", "min"), last=("finished", "max"),
        )  # fmt: skip
        sizes = table.groupby(_GROUP)[["N", "n", "eps", "tau", "ridge"]].apply(lambda g: len(g.drop_duplicates()))
        groups["points"] = sizes
        click.echo(groups.reset_index().to_string(index=False))


@command.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def export(path: Path, out: Path) -> None:
    """Write all replicates of a store as one flat table (.csv)."""
    if out.suffix.lower() != ".csv":
        raise ValueError(f"the file must end in .csv, got {out}")
    with Store(path, must_exist=True) as store:
        store.table().to_csv(out, index=False)
    click.echo(f"numbers: {out}")
