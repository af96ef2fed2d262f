"""``rfrobust memorize``: robustly overfitted networks by construction."""

import click


@click.group("memorize")
def command() -> None:
    """Networks with robust training error 0 that keep a given network's test errors."""


@command.command("digits")
@click.option("--delta", default=0.1, show_default=True, help="l_inf radius of cubes and attacks.")
@click.option("--theta", default=0.1, show_default=True, help="Width of the transition around a cube.")
@click.option("--hidden", default=64, show_default=True, help="Hidden units of the trained network.")
@click.option("--seed", default=0, show_default=True)
def digits(delta: float, theta: float, hidden: int, seed: int) -> None:
    """Print errors of a network trained on the digits before and after robust memorization."""
    from ..memorize.digits import digits_comparison

    data = digits_comparison(delta, theta, hidden, seed)
    click.echo(f"{'':22s}{'MLP':>12s}{'memorizer':>12s}")
    for values in data.data_vars.values():
        if values.dims:
            click.echo(f"{values.attrs['long_name']:22s}" + "".join(f"{v:12.6g}" for v in values.values))
    click.echo(f"test balls that meet a block: {float(data.test_reached):.4f}")
