"""``rfrobust activations``: the built-in activations with their moments."""

import json

import click

from ..problem.catalogue import TABLE, built_in


@click.command("activations")
@click.argument("names", nargs=-1)
@click.option("--exact", is_flag=True, help="Closed forms instead of numbers, where there are any.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(names: tuple[str, ...], exact: bool, as_json: bool) -> None:
    """List activations and their Gaussian moments; NAMES such as tanh or leaky-relu:0.2, all by default.

    r is rho/mu2 (at least sqrt 2, attained by a quadratic), m is mu1/mu2: what robustness and fit depend on.
    """
    chosen = names or tuple(TABLE)
    activations = {name: built_in(name) for name in chosen}
    if exact:
        _print_exact(chosen, as_json)
        return
    if as_json:
        fields = ("mu0", "mu1", "mu2", "rho")
        click.echo(json.dumps({k: {f: getattr(a, f) for f in fields} for k, a in activations.items()}))
        return
    click.echo(
        f"{'name':16s} {'mu0':>13s} {'mu1':>13s} {'mu2':>13s} {'rho':>13s} {'mu1/mu2':>8s} {'rho/mu2':>8s}  formula"
    )
    for name, a in activations.items():
        ratios = (f"{a.mu1 / a.mu2:8.4f}", f"{a.rho / a.mu2:8.4f}") if a.mu2 else (f"{'inf':>8s}", f"{'-':>8s}")
        click.echo(
            f"{name:16s} {a.mu0:13.10f} {a.mu1:13.10f} {a.mu2:13.10f} {a.rho:13.10f} {ratios[0]} {ratios[1]}  "
            f"{TABLE[name.partition(':')[0]].formula}"
        )


def _print_exact(names: tuple[str, ...], as_json: bool) -> None:
    from ..problem.exact_moments import EXACT, exact_moments

    families = list(dict.fromkeys(name.partition(":")[0] for name in names))
    table = {
        name: {key: str(value) for key, value in exact_moments(name).items()} if name in EXACT else None
        for name in families
    }
    if as_json:
        click.echo(json.dumps(table))
        return
    for name, moments in table.items():
        click.echo(f"{name}: {TABLE[name].formula.partition(';')[0]}")
        if moments is None:
            click.echo("  no closed form: adaptive quadrature")
            continue
        for key, value in moments.items():
            click.echo(f"  {key.replace('_squared', '^2')} = {value}")
