"""``rfrobust store``: look into a file of finished replicates, or export it."""

from pathlib import Path

import click

from ..finite.store import Store, StoreError, code_version
from .output import announce, check_ending, write_table

#: What makes two rows part of one experiment.
_GROUP = ["objective", "features", "activation", "seed", "d", "test_samples", "code"]
#: What tells its points from each other.
_POINT = ["N", "n", "eps", "tau", "ridge"]


@click.group("store")
def command() -> None:
    """List or export the replicates that `rfrobust simulate --store FILE` has saved."""


@command.command("ls")
@click.argument("path", type=click.Path(path_type=Path))
def ls(path: Path) -> None:
    """List the experiments in a store."""
    with Store(path, read_only=True) as store:
        table = store.table()
    needed = [*_GROUP, *_POINT, "converged"] if len(table) else []
    if lacks := [name for name in needed if name not in table or table[name].isna().any()]:
        raise StoreError(f"{path} has rows without {', '.join(lacks)}, which no simulation has written: export them")
    click.echo(f"{path}: {len(table)} replicates; code of this version: {code_version()}")
    if len(table):
        groups = table.groupby(_GROUP).agg(
            rows=("d", "size"), points=("N", lambda _: 0), failed=("converged", lambda c: int((c == 0).sum())),
            first=("finished", "min"), last=("finished", "max"),
        )  # fmt: skip
        sizes = table.groupby(_GROUP)[_POINT].apply(lambda g: len(g.drop_duplicates()))
        groups["points"] = sizes
        click.echo(groups.reset_index().to_string(index=False))


@command.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def export(path: Path, out: Path) -> None:
    """Write all replicates of a store as one flat table (.csv)."""
    check_ending(out, (".csv",))
    with Store(path, read_only=True) as store:
        table = store.table()
    write_table(table, out)
    announce(out)
