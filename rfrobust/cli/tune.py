"""``rfrobust tune``: the best training radius, ridge, width or activation for a test radius."""

import math
from dataclasses import asdict
from typing import Any

import click
from click.core import ParameterSource

from ..tuning.optima import Optimum, best_activation, best_training, best_width
from .options import model_options
from .output import print_json


def _report(best: Optimum) -> None:
    where = ", ".join(f"{name} = {value:.8g}" for name, value in best.at.items())
    click.echo(f"best: {where or 'predicting zero'}")
    click.echo(f"  adversarial_risk({best.eps_test:g}) = {best.risk:.10g} (predicting zero: {best.null_risk:.10g})")
    if best.null:
        click.echo("  nothing beats predicting zero")
    if best.at_bound:
        click.echo("  the risk still falls at the end of the range searched")
    for name, pair in best.neighbours.items():
        low, high = ("end of range" if math.isnan(risk) else f"{risk - best.risk:+.2e}" for risk in pair)
        click.echo(f"  {name} one percent lower: {low}, higher: {high}")
    beaten = "no point of the scan" if best.null else "no neighbour"
    click.echo(f"  {'certified' if best.certified else 'NOT certified'}: {beaten} is better")
    for basin in best.basins[1:]:
        place = ", ".join(f"{name} = {value:.6g}" for name, value in basin.at.items())
        click.echo(f"  other basin: {place}: {basin.risk:.8g}")


#: Options that a search leaves no place for.
SEARCHED = {
    "radius": {"eps"},
    "ridge": {"ridge"},
    "both": {"eps", "ridge"},
    "width": {"psi1"},
    "activation": {"ridge", "activation"},
}


@click.command("tune")
@click.argument("what", type=click.Choice(["radius", "ridge", "both", "width", "activation"]))
@click.option("--psi1", type=float, help="N/d, features per dimension (not for width).")
@click.option("--psi2", type=float, required=True, help="n/d, samples per dimension; inf for the population.")
@click.option("--eps", type=float, help="Training radius (for ridge, width, activation); 0 for ridge by default.")
@click.option("--eps-test", type=float, help="Test radius; the training radius by default.")
@click.option("--tau", type=float, default=0.0, show_default=True, help="Noise standard deviation.")
@click.option("--ridge", type=float, default=0.0, show_default=True, help="Ridge (for radius, width).")
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context, what: str, psi1: float | None, psi2: float, eps: float | None,
    eps_test: float | None, tau: float, ridge: float, activation: str, as_json: bool, **model: Any,
) -> None:  # fmt: skip
    """Search the best training radius, ridge, both, width or activation for a test radius."""
    given = {
        name
        for name in ("psi1", "eps", "ridge", "activation")
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    for name in sorted(SEARCHED[what] & given):
        raise click.UsageError(f"tune {what} searches --{name} or does not depend on it: leave it out")
    if what != "width" and psi1 is None:
        raise click.UsageError(f"tune {what} needs --psi1")
    if what in ("radius", "both") and eps_test is None:
        raise click.UsageError(f"tune {what} needs --eps-test")
    if what in ("width", "activation") and eps is None:
        raise click.UsageError(f"tune {what} needs --eps")
    built_in: dict[str, float] = {}
    if what == "activation":
        found = best_activation(psi1, psi2, eps, tau, eps_test=eps_test, **model)  # type: ignore[arg-type]
        best, built_in = found.optimum, found.built_in
    elif what == "width":
        best = best_width(psi2, eps, tau, eps_test=eps_test, ridge=ridge, activation=activation, **model)
    else:
        radius = None if what in ("radius", "both") else (eps or 0.0)
        penalty = None if what in ("ridge", "both") else ridge
        test = radius if eps_test is None else eps_test
        model |= {"eps_test": test, "eps": radius, "ridge": penalty, "activation": activation}
        best = best_training(psi1, psi2, tau, **model)  # type: ignore[arg-type]
    if as_json:
        print_json(asdict(best) | ({"built_in": built_in} if built_in else {}))
        return
    _report(best)
    for name, risk in built_in.items():
        click.echo(f"  {name:12s} {risk:.8g}" if math.isfinite(risk) else f"  {name:12s} no solution")
