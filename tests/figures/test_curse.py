"""The main figure: its finite networks against its theory, its dataset, and both layouts."""

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust.cli.output import write_figure
from rfrobust.figures import curse

pytestmark = pytest.mark.slow  # networks are trained


@pytest.fixture(scope="module")
def quick():
    return curse.compute(quick=True)


def test_finite_networks_agree_with_theory():
    """The networks of the figure and some at half their dimension, extrapolated; no tolerance besides the error."""
    ratios = (0.3, 1.6)
    simulated = xr.concat(
        [curse.monte_carlo(ratios, 8, d) for d in (100, 200)], xr.DataArray([100, 200], dims="d", name="d")
    )
    limit = rfrobust.extrapolate(simulated)
    scores = []
    for ratio in ratios:
        for eps in curse.EPS:
            model = rfrobust.solve(curse.PSI2 * ratio, curse.PSI2, eps, curse.TAU)
            at = limit.sel(mc_ratio=ratio, eps=eps)
            for name, exact in (
                ("mc_standard_risk", model.standard_risk),
                ("mc_adversarial_risk", model.adversarial_risk()),
            ):
                if at[f"{name}_se"] == 0.0:  # null in every draw
                    assert float(at[name]) == pytest.approx(exact, rel=1e-12)
                else:
                    scores.append(float((at[name] - exact) / at[f"{name}_se"]))
    assert np.abs(scores).max() < 4
    assert np.sqrt(np.mean(np.square(scores))) < 1.7


def test_dataset_survives_a_file_and_both_layouts_draw(quick, tmp_path):
    quick.to_netcdf(tmp_path / "curse.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "curse.nc", engine="h5netcdf") as back:
        for width, inches in (("single", 3.3), ("double", 6.8)):
            figure = curse.draw(back, width=width)
            assert figure.get_figwidth() == inches
            write_figure(figure, tmp_path / f"{width}.pdf")
            assert b"/FontFile2" in (tmp_path / f"{width}.pdf").read_bytes()


def test_the_figure_shows_its_message(quick):
    beyond = quick.sel(ratio=slice(4, 20))
    for eps in (0.1, 0.3):
        assert bool((beyond.adversarial_risk.sel(eps=eps).diff("ratio") > 0).all())
    assert bool((beyond.least_norm_standard_risk.diff("ratio") < 0).all())
