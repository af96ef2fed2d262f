"""``rfrobust simulate``: Monte Carlo over finite networks, resumable, on one machine or a Dask cluster."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import numpy as np
import xarray as xr

from ..finite.features import KINDS
from ..finite.montecarlo import extrapolate, simulate, summary
from ..finite.replicate import OBJECTIVES
from .options import model_options
from .output import TABLES, announce, check_ending, write_dataset
from .ranges import RANGE, expand

#: Columns of the printed table.
_SHOWN = ("standard_risk", "gradient_norm", "adversarial_risk", "zero_residual_fraction")


@click.command("simulate")
@click.option("--psi1", type=RANGE, required=True, help="N/d: a number, a list or a range.")
@click.option("--psi2", type=RANGE, required=True, help="n/d.")
@click.option("--eps", type=RANGE, required=True, help="Training radius.")
@click.option("--d", type=RANGE, required=True, help="Input dimension.")
@click.option("--tau", type=RANGE, default="0", show_default=True, help="Noise standard deviation.")
@click.option("--ridge", type=RANGE, default="0", show_default=True, help="Ridge penalty lambda.")
@click.option("--eps-test", type=float, help="Test radius; the training radius by default.")
@click.option("--replicates", type=int, default=10, show_default=True, help="Draws of network and data.")
@click.option("--objective", type=click.Choice(OBJECTIVES), default="concentrated", show_default=True)
@click.option("--features", type=click.Choice(KINDS), default="true", show_default=True)
@model_options
@click.option("--seed", type=int, default=0, show_default=True, help="Root of all random streams.")
@click.option("--test-samples", type=int, default=0, show_default=True, help="Fresh points to attack.")
@click.option("--store", type=click.Path(path_type=Path), help="SQLite file to resume from and commit to.")
@click.option("--workers", type=int, help="Worker processes; every core by default.")
@click.option("--scheduler", help="Address of a Dask scheduler to run on instead (tcp://HOST:PORT).")
@click.option("--log", is_flag=True, help="Space ranges logarithmically.")
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("simulation.nc"), show_default=True,
    help="Numbers (.nc, .csv), every replicate.",
)  # fmt: skip
def command(
    psi1: Any, psi2: Any, eps: Any, d: Any, tau: Any, ridge: Any, eps_test: float | None, replicates: int,
    objective: str, features: str, seed: int, test_samples: int, store: Path | None, workers: int | None,
    scheduler: str | None, log: bool, data: Path, **model: Any,
) -> None:  # fmt: skip
    """Train finite networks and measure their risks; for several --d also at d = infinity, by a line in 1/d.

    With --store the run can be stopped at any moment (Ctrl-C, kill, power) and continued by the same command.
    """
    check_ending(data, TABLES)
    ranges = {"psi1": psi1, "psi2": psi2, "eps": eps, "tau": tau, "ridge": ridge, "d": d}
    axes = {name: _squeeze(expand(name, value, log and value is not tau)) for name, value in ranges.items()}
    if (np.asarray(axes["d"]) % 1 != 0).any():
        raise ValueError(f"--d must be integers, got {axes['d']}")
    axes["d"] = np.asarray(axes["d"]).astype(int)
    cluster: Any = nullcontext()
    if scheduler is not None:
        from distributed import Client

        cluster = Client(scheduler, timeout=10)
    with cluster as client:
        result = simulate(
            **axes, eps_test=eps_test, replicates=replicates, objective=objective, features=features,
            seed=seed, test_samples=test_samples, store=store, workers=workers, client=client, **model,
        )  # fmt: skip
    write_dataset(result, data)
    announce(data)
    means = summary(result)
    table = means[[name for shown in _SHOWN for name in (shown, f"{shown}_se")]]
    if means.sizes.get("d", 1) > 1:
        limit = extrapolate(result)[list(table.data_vars)].assign_coords(d=np.inf)
        table = xr.concat([table, limit], "d", data_vars="all", combine_attrs="override")
    frame = table.to_dataframe() if table.dims else table.expand_dims("psi1").to_dataframe()
    swept = [name for name in result.dims if name != "replicate"]
    frame = frame.drop(columns=[c for c in frame.columns if c not in table.data_vars and c not in swept])
    click.echo(frame.rename(columns=lambda name: name.replace("_se", " +-")).to_string(float_format="%.5g"))


def _squeeze(values: np.ndarray) -> Any:
    return float(values[0]) if values.size == 1 else values
