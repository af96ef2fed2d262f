"""``rfrobust solve``: the risks at one point."""

from dataclasses import asdict
from typing import Any

import click

from ..checks.certificate import certify as prove
from ..problem.parameters import SWEPT
from ..theory.equilibrium import Equilibrium, solve
from ..theory.sensitivity import gradient as differentiate
from .options import model_options
from .output import print_json


def as_record(model: Equilibrium, eps_test: float | None) -> dict[str, Any]:
    """Return a solution and its risk at the test radius as plain values."""
    names = [
        *(*SWEPT, "standard_risk", "gradient_norm", "training_loss"),
        *("overlap", "output_power", "mean_abs_error", "mean_abs_residual", "zero_residual_fraction"),
        *("training_error", "attacked_training_error", "mean_margin", "q", "V", "k", "residual", "iterations"),
    ]
    values = {name: getattr(model, name) for name in names}
    return {name: value for name, value in values.items() if value == value} | {
        "adversarial_risk": model.adversarial_risk(eps_test),
        "phase": model.phase.name.lower(),
        "status": model.status.name.lower(),
        "activation": model.activation.name,
        "spectrum": model.spectrum.name,
        "loss": model.loss.name,
        "norm": model.norm,
        "labels": model.labels,
        "eps_test": model.eps if eps_test is None else eps_test,
    }


@click.command("solve")
@click.option("--psi1", type=float, required=True, help="N/d, features per dimension.")
@click.option("--psi2", type=float, required=True, help="n/d, samples per dimension; inf for the population.")
@click.option("--eps", type=float, required=True, help="Training attack radius.")
@click.option("--tau", type=float, default=0.0, show_default=True, help="Noise standard deviation.")
@click.option("--ridge", type=float, default=0.0, show_default=True, help="Ridge penalty lambda.")
@click.option("--gradient-penalty", type=float, default=0.0, show_default=True, help="Penalty on the squared gradient.")
@click.option("--eps-test", type=float, help="Test attack radius; the training radius by default.")
@model_options
@click.option("--gradient", is_flag=True, help="Add the derivatives with respect to every parameter.")
@click.option("--certify", is_flag=True, help="Add proved digits (needs the extra 'certify').")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(eps_test: float | None, gradient: bool, certify: bool, as_json: bool, **problem: Any) -> None:
    """Limiting standard and adversarial risk at one point."""
    model = solve(**problem)
    risk = model.adversarial_risk(eps_test)
    slopes = differentiate(model, eps_test) if gradient else None
    proof = prove(model, eps_test) if certify else None
    if as_json:
        record = as_record(model, eps_test)
        if slopes is not None:
            record["gradient"] = {
                name: dict(zip(column.parameter.values.tolist(), column.values.tolist(), strict=True))
                for name, column in slopes.items()
            }
        if proof is not None:
            record["certificate"] = asdict(proof) | {"relative_error": proof.relative_error if proof.proved else None}
        print_json(record)
        return
    click.echo(repr(model))
    if eps_test is not None:
        click.echo(f"  adversarial_risk({eps_test:g}) = {risk:.10g}")
    if slopes is not None:
        click.echo("\nderivatives")
        click.echo(slopes.to_dataframe().to_string(float_format="{:.6g}".format))
    if proof is not None:
        click.echo(f"\n{'PROVED' if proof.proved else 'NOT PROVED'}: {proof.reason}")
        for name, enclosure in proof.enclosures.items():
            click.echo(f"  {name} = {enclosure.digits}")
        if proof.proved:
            click.echo(f"  relative error of the values above: at most {proof.relative_error:.1e}")
