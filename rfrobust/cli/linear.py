"""``rfrobust linear``: adversarial linear regression at one point."""

import math

import click

from ..theory.linear_regression import linear, linear_null_threshold, linear_population
from .output import print_json
from .solve import as_record


@click.command("linear")
@click.option("--delta", type=float, required=True, help="n/p, samples per dimension; inf for the population.")
@click.option("--eps", type=float, required=True, help="Training attack radius (l2).")
@click.option("--tau", type=float, default=0.0, show_default=True, help="Noise standard deviation.")
@click.option("--ridge", type=float, default=0.0, show_default=True, help="Ridge penalty lambda.")
@click.option("--signal-norm", type=float, default=1.0, show_default=True, help="|theta_0|.")
@click.option("--eps-test", type=float, help="Test attack radius; the training radius by default.")
@click.option("--verify", is_flag=True, help="Also solve the published minimax and show the difference.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    delta: float, eps: float, tau: float, eps_test: float | None, verify: bool, as_json: bool, **more: float
) -> None:
    """Adversarially trained linear regression: limiting risks, null threshold, population optimum."""
    signal_norm = more["signal_norm"]
    if verify and more["ridge"]:
        raise ValueError(f"ridge must be 0 for the published minimax, got ridge={more['ridge']}")
    if verify and delta == math.inf:
        raise ValueError("delta must be finite for the published minimax, got delta=inf")
    threshold = linear_null_threshold(delta, tau, signal_norm=signal_norm)
    if verify and eps >= threshold:
        raise ValueError(
            f"eps must be below the null threshold {threshold:.10g}: the published minimax has no stationary point "
            f"in the null phase, got eps={eps}"
        )
    model = linear(delta, eps, tau, **more)
    extra = {"delta": delta, "null_threshold": threshold}
    if tau > 0.0:
        extra["population_shrinkage"] = linear_population(eps, tau, signal_norm=signal_norm)
    if verify:
        from ..checks.published_linear import linear_theorem

        saddle = linear_theorem(delta, eps, tau, signal_norm=signal_norm)
        extra["minimax_difference"] = max(
            abs(saddle.standard_risk - model.standard_risk),
            abs(saddle.gradient_norm - model.gradient_norm),
            abs(saddle.value - model.training_loss),
        )
    if as_json:
        print_json(as_record(model, eps_test) | extra)
        return
    click.echo(repr(model))
    if eps_test is not None:
        click.echo(f"  adversarial_risk({eps_test:g}) = {model.adversarial_risk(eps_test):.10g}")
    for name, value in extra.items():
        if name != "delta":
            click.echo(f"  {name} = {value:.10g}")
