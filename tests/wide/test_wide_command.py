"""The command line and the figures, from stored or coarse numbers."""

from contextlib import redirect_stdout

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from sklearn.datasets import load_digits

from rfrobust import figures
from rfrobust.cli import cli, main
from rfrobust.wide import compare, load_arrays
from tests.command_line import Unread


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    x, y = load_digits(return_X_y=True)
    x = (x * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    path = tmp_path_factory.mktemp("arrays") / "digits.npz"
    np.savez(path, x_train=x[:300], y_train=y[:300], x_test=x[300:400], y_test=y[300:400])
    return path


def test_command_prints_the_comparison(arrays, tmp_path):
    table = tmp_path / "table.nc"
    arguments = [str(arrays), "--kernel", "200", "--validate", "100", "--test", "80", "--lr", "1", "--steps", "2",
                 "--radius", "0.05", "--data", str(table)]  # fmt: skip
    result = CliRunner().invoke(cli, ["wide", *arguments])
    assert result.exit_code == 0, result.output
    expected = compare(
        load_arrays(arrays, kernel=200, validate=100, test=80), radius=0.05, learning_rate=1.0, n_steps=2
    )
    with xr.open_dataset(table, engine="h5netcdf") as saved:
        np.testing.assert_array_equal(saved.robust, expected.robust)
        assert saved.attrs["kernel_samples"] == 200
    for name in ("NTK", "early stopped", "Adv-NTK"):
        assert f"{float(expected.robust.sel(estimator=name)):.4f}" in result.output


def test_the_table_is_saved_although_nobody_reads_the_output(arrays, tmp_path):
    options = ["--kernel", "50", "--validate", "20", "--test", "10", "--steps", "1", "--data", str(tmp_path / "w.csv")]
    with pytest.raises(SystemExit), redirect_stdout(Unread()):
        main(["wide", str(arrays), *options])
    assert [path.name for path in tmp_path.iterdir()] == ["w.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "kernel + validate must be at most the 300 training samples"),
        (["--kernel", "200", "--validate", "50", "--radius", "-1"], "radius must be in [0, 1e+100]"),
        (["--kernel", "200", "--validate", "50", "--lr", "0"], "learning_rate must be finite and > 0"),
        (["--data", "table.txt"], "must end in .nc, .csv"),
    ],
)
def test_command_errors(arrays, options, message):
    result = CliRunner().invoke(cli, ["wide", str(arrays), *options])
    assert isinstance(result.exception, ValueError)
    assert message in str(result.exception)


def dataset(name):
    """Small numbers of the right shape."""
    rng = np.random.default_rng(0)
    if name == "adv-ntk-degeneration":
        coords = {"noise": [0.3, 0.0], "xi": [0.1, 1.0, np.inf], "kind": ["clean", "robust"], "replicate": range(3)}
        return xr.Dataset({"accuracy": (tuple(coords), rng.random((2, 3, 2, 3)))}, coords)
    if name == "adv-ntk-comparison":
        coords = {
            "radius": [0.02, 0.04],
            "estimator": ["NTK", "early stopped", "Adv-NTK", "finite width"],
            "replicate": range(3),
        }
        return xr.Dataset({kind: (tuple(coords), rng.random((2, 4, 3))) for kind in ("clean", "robust")}, coords)
    coords = {"inputs": ["width", "16"], "width": [64, 128]}
    return xr.Dataset(
        {
            "distance": (("inputs", "width", "replicate"), 0.1 * rng.random((2, 2, 3))),
            "replicates": (("inputs", "width"), [[3, 3], [3, 3]]),
        },
        coords,
    )


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("name", ["adv-ntk-degeneration", "adv-ntk-comparison", "wide-linearization"])
def test_figures_draw_what_the_dataset_holds(name, width):
    data = dataset(name)
    axes = figures.figure_module(name).draw(data, width=width).axes
    drawn = np.concatenate([line.get_ydata() for axis in axes for line in axis.lines if len(line.get_ydata()) > 1])
    variable = {"adv-ntk-degeneration": "accuracy", "adv-ntk-comparison": "robust", "wide-linearization": "distance"}
    means = data[variable[name]].mean("replicate").values.ravel()
    for mean in means:
        assert np.abs(drawn - mean).min() < 1e-12
    assert all(axis.get_ylabel() for axis in axes[:1])
