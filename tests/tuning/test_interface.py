"""Command line and figures of tuning, boundaries, gradients and certificates."""

import json

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust.cli import main
from rfrobust.figures import figure_module


def run(capsys, *arguments):
    main(list(arguments))
    return capsys.readouterr().out


def test_tune_prints_the_search_result(capsys):
    problem = ("--psi1", "3", "--psi2", "2", "--tau", "0.5", "--eps-test", "0.3")
    best = rfrobust.best_training(3, 2, 0.5, eps_test=0.3)
    record = json.loads(run(capsys, "tune", "radius", *problem, "--json"))
    assert record["at"]["eps"] == best.at["eps"]
    assert record["risk"] == best.risk
    text = run(capsys, "tune", "both", *problem)
    assert "certified: no neighbour is better" in text
    assert "other basin" in text


def test_tune_width_and_activation(capsys):
    record = json.loads(run(capsys, "tune", "width", "--psi2", "2", "--eps", "0.1", "--tau", "0.5", "--json"))
    assert record["at"] == rfrobust.best_width(2, 0.1, 0.5).at
    record = json.loads(
        run(capsys, "tune", "activation", "--psi1", "3", "--psi2", "2", "--eps", "0.1", "--tau", "0.5", "--json")
    )
    assert record["built_in"]["relu"] == rfrobust.solve(3, 2, 0.1, 0.5).adversarial_risk()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tune", "radius", "--psi2", "2", "--eps-test", "1"), "needs --psi1"),
        (("tune", "radius", "--psi1", "1", "--psi2", "2"), "needs --eps-test"),
        (("tune", "width", "--psi2", "2"), "needs --eps"),
        (("tune", "width", "--psi2", "2", "--eps", "1", "--psi1", "1"), "leave it out"),
        (("tune", "ridge", "--psi1", "3", "--psi2", "2", "--ridge", "5"), "--ridge or does not depend on it"),
        (("tune", "both", "--psi1", "3", "--psi2", "2", "--eps-test", "1", "--eps", "1"), "leave it out"),
        (("tune", "activation", "--psi1", "3", "--psi2", "2", "--eps", "1", "--activation", "tanh"), "leave it out"),
        (("tune", "activation", "--psi1", "2", "--psi2", "2", "--eps", "0"), "no problem with a solution"),
    ],
)
def test_tune_usage_errors(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_solve_gradient_and_certificate(capsys):
    problem = ("solve", "--psi1", "3", "--psi2", "2", "--eps", "0.3", "--tau", "0.5", "--gradient", "--certify")
    record = json.loads(run(capsys, *problem, "--json"))
    slopes = rfrobust.gradient(rfrobust.solve(3, 2, 0.3, 0.5))
    assert record["gradient"]["standard_risk"]["eps"] == float(slopes.standard_risk.sel(parameter="eps"))
    assert record["certificate"]["proved"] is True
    text = run(capsys, *problem)
    assert "PROVED: one root in the box" in text
    assert "1.0841356992159415808806693" in text


def test_map_saves_the_boundaries(capsys, tmp_path):
    arguments = ("map", "--psi1", "1:20:6", "--psi2", "2", "--eps", "0.05:1:5", "--tau", "0.5")
    run(capsys, *arguments, "--out", str(tmp_path / "map.png"))
    with xr.open_dataset(tmp_path / "map.nc") as data:
        assert {"margin_zero", "margin_standard", "best_psi1"} <= set(data)
    run(capsys, *arguments, "--no-boundaries", "--out", str(tmp_path / "plain.png"))
    with xr.open_dataset(tmp_path / "plain.nc") as data:
        assert "margin_zero" not in data


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train-radius", "boundaries"])
def test_figures(name, tmp_path):
    module = figure_module(name)
    data = module.compute(quick=True)
    data.to_netcdf(tmp_path / "data.nc")
    module.draw(data, width="single").savefig(tmp_path / "figure.pdf")
    if name == "train-radius":
        same, radius, ridge, both = (data.risk.sel(strategy=s) for s in data.strategy.values)
        assert (radius <= same + 1e-12).all()
        assert (both <= np.minimum(radius, ridge) + 1e-12).all()
        assert (data.best_radius > data.eps_test).where(data.best_radius.notnull(), True).all()
        theory = np.array([risk for _, _, risk in module._strategies(data.attrs["simulated_eps_test"])])
        assert (abs(data.simulated - theory) < 4 * data.simulated_se).all()
