"""``rfrobust wide``: the published Adv-NTK settings, beside the baselines, on a user's own arrays."""

from pathlib import Path
from typing import Any

import click

from .output import TABLES, announce, check_ending, write_dataset


@click.command("wide")
@click.argument("arrays", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kernel", default=10_000, show_default=True, help="Training samples of the kernel.")
@click.option("--validate", default=2_000, show_default=True, help="Training samples for validation.")
@click.option("--test", type=int, help="Test samples; all by default.")
@click.option("--depth", default=3, show_default=True, help="Dense layers (published: 3, 4, 5, 8, 10).")
@click.option("--w-std", default=1.76, show_default=True, help="Weight scale.")
@click.option("--b-std", default=0.18, show_default=True, help="Bias scale.")
@click.option("--activation", type=click.Choice(["relu", "erf"]), default="relu", show_default=True)
@click.option("--radius", default=8 / 255, show_default="8/255", help="l_inf radius, inputs being in [0, 1].")
@click.option(
    "--lr", "learning_rate", default=0.1, show_default=True, help="Adv-NTK's step (published: .1 CIFAR-10, 1 SVHN)."
)
@click.option("--steps", "n_steps", default=50, show_default=True, help="Adv-NTK's steps.")
@click.option(
    "--attack", "attack_method", type=click.Choice(["pgd", "single-gradient"]), default="pgd", show_default=True,
    help="Attack of Adv-NTK's training; the test is always PGD.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Also save the table (.nc or .csv).")
def command(
    arrays: Path, kernel: int, validate: int, test: int | None, seed: int, data: Path | None, **settings: Any
) -> None:
    """Compare NTK, isotropic early stopping and Adv-NTK on the .npz file ARRAYS.

    The file holds x_train, y_train, x_test and y_test; pictures may have any shape, bytes are divided by 255,
    other inputs have to lie in [0, 1]. The defaults are the published CIFAR-10 settings at depth 3: one
    eigendecomposition of a 10,000 x 10,000 matrix for each of the 50 steps, hours on a desktop, and about 8 GB of
    memory. Start with --kernel 2000.
    """
    if data is not None:
        check_ending(data, TABLES)
    # imported late: scikit-learn takes a second to load
    from ..wide import Architecture, compare, load_arrays

    samples = load_arrays(arrays, kernel=kernel, validate=validate, test=test, seed=seed)
    network = Architecture(**{name: settings.pop(name) for name in ("depth", "w_std", "b_std", "activation")})
    table = compare(samples, architecture=network, seed=seed, progress=True, **settings)
    if data is not None:
        write_dataset(table, data)
    click.echo(f"{'':15s}{'clean':>16s}{'robust':>18s}")
    for name in table.estimator.values:
        row = table.sel(estimator=name)
        click.echo(
            f"{name:15s}{float(row.clean):8.4f} ± {float(row.clean_se):.4f}"
            f"{float(row.robust):10.4f} ± {float(row.robust_se):.4f}"
        )
    if data is not None:
        announce(data)
