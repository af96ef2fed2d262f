"""Each figure computes, draws from a saved copy of its numbers, and shows what its caption says."""

import functools

import numpy as np
import pytest
import xarray as xr

from rfrobust.figures import figure_module
from rfrobust.support.provenance import versions

pytestmark = pytest.mark.slow  # the figures are computed once and shared


@functools.cache
def quick(name):
    return figure_module(name).compute(quick=True)


@pytest.mark.parametrize("name", ["cgro-phases", "cgro-diagram", "cgro-scaling", "cgro-width"])
def test_quick_figures_draw_from_a_saved_dataset(name, tmp_path):
    module = figure_module(name)
    quick(name).to_netcdf(tmp_path / "numbers.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "numbers.nc", engine="h5netcdf") as saved:
        assert versions().items() <= saved.attrs.items()
        module.draw(saved.load(), width="double").savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_the_phases_figure_shows_signal_then_memory():
    run = quick("cgro-phases")
    assert (np.diff(run["change"]) > 0).all()
    np.testing.assert_allclose(run["change"][:2], run["change_predicted"][:2], rtol=0.1)
    assert run["robust_train_error"][-1] == 0
    assert abs(run["robust_test_error"][-1] - 0.5) < 0.08
