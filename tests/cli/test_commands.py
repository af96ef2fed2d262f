"""The command line: output, files, and errors in one line with exit code 2."""

import json
import re

import pytest
import xarray as xr

import rfrobust
from rfrobust.cli import COMMANDS
from tests.command_line import run

POINT = ("--psi1", "3", "--psi2", "2", "--eps", "0.3", "--tau", "0.5")


def test_help_lists_every_command(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for name, (_, text) in COMMANDS.items():
        assert re.search(rf"{name}\s+{re.escape(text[:20])}", out)
    for name in COMMANDS:
        code, out, _ = run(capsys, name, "--help")
        assert code == 0
        assert "Usage:" in out


def test_version(capsys):
    assert rfrobust.__version__ in run(capsys, "--version")[1]


def test_solve_prints_the_solution(capsys):
    code, out, _ = run(capsys, "solve", *POINT, "--eps-test", "0.5")
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    assert code == 0
    assert repr(model) in out
    assert f"adversarial_risk(0.5) = {model.adversarial_risk(0.5):.10g}" in out


def test_solve_json(capsys):
    code, out, _ = run(capsys, "solve", *POINT, "--json")
    record = json.loads(out)
    assert code == 0
    assert record["adversarial_risk"] == rfrobust.solve(3, 2, 0.3, 0.5).adversarial_risk()
    assert record["phase"] == "regular"
    _, out, _ = run(capsys, "solve", "--psi1", "1", "--psi2", "inf", "--eps", "9", "--json")
    assert json.loads(out)["k"] == "inf"
    assert json.loads(out)["phase"] == "null"


def test_curve_writes_picture_and_numbers(capsys, tmp_path):
    picture = tmp_path / "deep" / "curve.svg"
    code, out, _ = run(
        capsys, "curve", "--ratio", "0.1:10:30", "--psi2", "2", "--eps", "0,0.3", "--tau", "0.5", "--log",
        "--out", str(picture),
    )  # fmt: skip
    assert code == 0
    assert f"picture: {picture}" in out
    assert f"numbers: {picture.with_suffix('.csv')}" in out
    assert picture.read_text().startswith("<?xml")
    rows = picture.with_suffix(".csv").read_text().splitlines()
    assert len(rows) == 61
    assert "adversarial_risk" in rows[0]


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_map_writes_picture_and_numbers(capsys, tmp_path, ending):
    picture = tmp_path / f"map.{ending}"
    code, _, _ = run(
        capsys, "map", "--psi1", "0.1:10:12", "--eps", "0.01:3:10", "--psi2", "2", "--tau", "0.5",
        "--out", str(picture),
    )  # fmt: skip
    assert code == 0
    assert picture.stat().st_size > 1000
    with xr.open_dataset(tmp_path / "map.nc", engine="h5netcdf") as data:
        assert dict(data.sizes) == {"psi1": 12, "eps": 10}


def test_map_of_labels_has_boundaries(capsys, tmp_path):
    ranges = ("--psi1", "0.1:10:8", "--eps", "0.05:1:8", "--psi2", "2", "--tau", "0.3", "--ridge", "0.01")
    out = ("--loss", "logistic", "--out", str(tmp_path / "map.png"))
    assert run(capsys, "map", *ranges, *out, "--quantity", "training_error")[0] == 0
    with xr.open_dataset(tmp_path / "map.nc", engine="h5netcdf") as data:
        assert float(data.margin_zero.min()) < 0.0 < float(data.margin_zero.max())
        assert float(data.margin_standard.min()) < 0.0 < float(data.margin_standard.max())
    code, _, error = run(capsys, "map", *ranges, *out, "--quantity", "mean_abs_residual")
    assert code != 0
    assert "--quantity must be one of adversarial_risk" in error
    penalties = ("--psi1", "0.1:10:4", "--gradient-penalty", "0.01:1:4", "--psi2", "2", "--eps", "0.1")
    assert run(capsys, "map", *penalties, *out)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("solve", "--psi1", "-3", "--psi2", "2", "--eps", "1"), "psi1 must be in [1e-20, 1e+20], got psi1=-3.0"),
        (("solve", "--psi1", "x", "--psi2", "2", "--eps", "1"), "Invalid value for '--psi1'"),
        (("solve", "--psi1", "2", "--psi2", "2", "--eps", "0"), "DIVERGENT"),
        (("solve", "--psi1", "2"), "Missing option '--psi2'"),
        (("solve", *POINT, "--activation", "nope"), "activation must be one of"),
        (("nonsense",), "No such command 'nonsense'"),
        (("curve", "--psi2", "2", "--eps", "1"), "give one of --psi1 and --ratio"),
        (("curve", "--psi1", "1:2", "--psi2", "2", "--eps", "1"), "START:STOP:COUNT"),
        (("curve", "--psi1", "2:1:5", "--psi2", "2", "--eps", "1"), "needs finite START < STOP"),
        (("curve", "--psi1", "0:1:5", "--log", "--psi2", "2", "--eps", "1"), "needs START > 0"),
        (("curve", "--ratio", "1:2:5", "--psi2", "inf", "--eps", "1"), "needs a finite psi2"),
        (("curve", "--psi1", "1:2:5", "--psi2", "2", "--eps", "1", "--out", "x.jpg"), "must end in .png, .svg, .pdf"),
        (("map", "--psi1", "1:2:5", "--psi2", "2", "--eps", "1"), "give two parameters as ranges"),
        (("map", "--psi1", "1:2:5", "--psi2", "2", "--eps", "0:1:5", "--quantity", "x"), "--quantity must be one of"),
        (("map", "--psi1", "1:2:5", "--psi2", "2", "--eps", "0:1:5", "--log", "x"), "--log takes names among"),
        (("curve", "--psi1", "1:2:1000000000000", "--psi2", "2", "--eps", "1"), "COUNT from 2 to 1,000,000"),
        (("curve", "--psi1", "1:inf:5", "--psi2", "2", "--eps", "1"), "finite START < STOP"),
        (("curve", "--psi1", "1:2:5", "--psi2", "2", "--eps", "1", "--out", ".png"), "must end in"),
        (("solve", *POINT, "--eps-test", "1e200", "--json"), "eps_test must be in [0, 1e+40]"),
        (("figure", "nope"), "figure must be one of"),
        (("figure", "curse", "--from-data", "missing.nc"), "there is no dataset at missing.nc"),
        (("figure", "curse", "--from-data", __file__), "must be a NetCDF file"),
        (("reproduce", "--only", ""), "figure must be one of"),
        (("tune", "width", "--psi2", "2", "--eps", ".1", "--tau", "1e200"), "tau must be in [1e-20, 1e+20] (or 0)"),
        (("linear", "--delta", "inf", "--eps", ".1", "--tau", ".5", "--verify"), "delta must be finite"),
        (("linear", "--delta", "2", "--eps", "5", "--tau", ".5", "--verify"), "eps must be below the null threshold"),
        (("figure", "curse", "--out", "x.jpg"), "must end in .png, .svg, .pdf"),
    ],
)  # fmt: skip
def test_errors_are_one_line_with_exit_code_two(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("rfrobust: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_folder_is_no_picture(capsys, tmp_path):
    (tmp_path / "d.png").mkdir()
    code, out, err = run(
        capsys, "curve", "--psi1", "1:2:5", "--psi2", "2", "--eps", "1", "--out", str(tmp_path / "d.png")
    )
    assert (code, out) == (2, "")
    assert "must not be a folder" in err
    assert not (tmp_path / "d.csv").exists()


@pytest.mark.filterwarnings("default::rfrobust.SweepWarning")
def test_points_without_solution_give_one_plain_warning_and_a_picture(capsys, tmp_path):
    picture = tmp_path / "curve.png"
    code, _, err = run(capsys, "curve", "--psi1", "2", "--psi2", "2", "--eps", "0,0.3", "--out", str(picture))
    assert code == 0
    assert picture.exists()
    assert err == "rfrobust: warning: 1 of 2 points have no solution; they are NaN, see the variable 'status'\n"


def test_no_command_shows_the_help(capsys):
    code, out, err = run(capsys)
    assert code == 0
    assert "Commands:" in out
    assert err == ""


@pytest.mark.filterwarnings("default::rfrobust.SweepWarning")
@pytest.mark.parametrize(
    "arguments", [("curve", "--psi1", "10:20:3", "--eps", "0.1"), ("map", "--psi1", "10:20:3", "--eps", "0.1:0.2:3")]
)
def test_nothing_is_drawn_where_no_problem_has_a_solution(capsys, tmp_path, arguments):
    out = tmp_path / "picture.png"
    code, _, err = run(capsys, *arguments, "--psi2", "2", "--tau", "0", "--activation", "identity", "--out", str(out))
    assert code == 2
    assert "problems has a solution" in err
    assert list(tmp_path.iterdir()) == []
