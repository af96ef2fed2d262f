"""Grids: dimensions, agreement with single points, flags, and files."""

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust.theory import QuadraticModel, grid, points


def test_dimensions_follow_the_arrays():
    data = rfrobust.sweep(psi1=[1, 3], psi2=2, eps=[0.1, 0.3, 9.0], tau=0.5, ridge=[0.0, 0.1])
    assert data.adversarial_risk.dims == ("psi1", "eps", "ridge")
    assert dict(data.sizes) == {"psi1": 2, "eps": 3, "ridge": 2}
    assert data.psi2.ndim == 0
    for point in data.adversarial_risk.stack(point=data.adversarial_risk.dims).point.values:
        psi1, eps, ridge = point
        model = rfrobust.solve(psi1, 2, eps, 0.5, ridge=ridge)
        cell = data.sel(psi1=psi1, eps=eps, ridge=ridge)
        assert float(cell.adversarial_risk) == model.adversarial_risk()
        for name in ("q", "V", "k", "standard_risk", "gradient_norm", "training_loss", "mean_abs_residual",
                     "zero_residual_fraction", "residual", "iterations", "phase", "status"):  # fmt: skip
            assert float(cell[name]) == float(getattr(model, name))


def test_test_radius_is_a_dimension_of_the_risk_alone():
    data = rfrobust.sweep(psi1=[1, 3], psi2=2, eps=0.3, tau=0.5, eps_test=[0.0, 0.3, 1.0])
    assert data.adversarial_risk.dims == ("psi1", "eps_test")
    assert data.standard_risk.dims == ("psi1",)
    np.testing.assert_array_equal(data.adversarial_risk.sel(eps_test=0.0), data.standard_risk)
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    np.testing.assert_allclose(data.adversarial_risk.sel(psi1=3), model.adversarial_risk([0.0, 0.3, 1.0]), rtol=1e-15)
    scalar = rfrobust.sweep(psi1=[1, 3], psi2=2, eps=0.3, tau=0.5, eps_test=0.3)
    np.testing.assert_array_equal(scalar.adversarial_risk, data.adversarial_risk.sel(eps_test=0.3))


def test_scalars_give_a_dataset_without_dimensions():
    data = rfrobust.sweep(psi1=3, psi2=2, eps=0.3, tau=0.5)
    assert dict(data.sizes) == {}
    assert float(data.standard_risk) == rfrobust.solve(3, 2, 0.3, 0.5).standard_risk


def test_population_and_limits_in_one_grid():
    data = rfrobust.sweep(psi1=[1.0, 3.0], psi2=[2.0, np.inf], eps=[0.0, 0.3], tau=0.5)
    assert bool((data.status == 0).all())
    assert float(data.standard_risk.sel(psi1=3, psi2=2, eps=0)) == pytest.approx(1.348991832520, abs=1e-12)


def test_a_point_without_solution_is_flagged_and_stops_nothing():
    with pytest.warns(rfrobust.SweepWarning, match=r"1 of 3 points have no solution"):
        data = rfrobust.sweep(psi1=[1.0, 2.0, 3.0], psi2=2.0, eps=0.0, tau=0.5)
    assert np.isnan(data.standard_risk.sel(psi1=2.0))
    assert np.isnan(data.adversarial_risk.sel(psi1=2.0))
    assert data.status.values.tolist() == [0, rfrobust.Status.DIVERGENT, 0]
    assert data.status.attrs["flag_meanings"].split()[1] == "divergent"
    assert float(data.standard_risk.sel(psi1=3.0)) == pytest.approx(1.348991832520, abs=1e-12)


def test_a_point_beyond_double_precision_leaves_no_number():
    with pytest.warns(rfrobust.SweepWarning, match="1 of 2 points"):
        # two directions so far apart that one is lost in double precision
        data = QuadraticModel([1e-150, 1e150], [1e150, 1e-150], [0.0, 1e150], 2.0, 1.0).sweep(eps=[1e-3, 0.0])
    lost = data.isel(eps=0)
    assert int(lost.status) == rfrobust.Status.NOT_CONVERGED
    for name in ("standard_risk", "gradient_norm", "training_loss", "q", "V", "k", "adversarial_risk"):
        assert np.isnan(lost[name])
    assert not np.isnan(data.standard_risk.isel(eps=1))


def test_threads_and_chunks_do_not_matter(monkeypatch):
    axes = {"psi1": np.geomspace(0.1, 10, 23), "psi2": np.geomspace(0.1, 10, 17), "eps": 0.3, "tau": 0.5}
    one = rfrobust.sweep(**axes, workers=1)
    monkeypatch.setattr(grid, "CHUNK", 50)
    xr.testing.assert_identical(one, rfrobust.sweep(**axes, workers=2))


def test_starts_from_neighbours_change_nothing_but_the_steps(monkeypatch):
    axes = {
        "psi1": np.geomspace(0.1, 20, 100),
        "psi2": [0.5, 2.0, np.inf],
        "eps": np.linspace(0.0, 3.0, 12),
        "tau": 0.5,
    }
    for settings in ({}, {"ridge": 0.01, "activation": "tanh"}, {"spectrum": "orthogonal"}, {"activation": "identity"}):
        near = rfrobust.sweep(**axes, **settings)
        with monkeypatch.context() as patch:
            patch.setattr(grid, "SHORT", 10**9)
            cold = rfrobust.sweep(**axes, **settings)
        for name in ("standard_risk", "gradient_norm", "training_loss", "zero_residual_fraction"):
            np.testing.assert_allclose(near[name], cold[name], rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(near.phase, cold.phase)
        assert float(near.iterations.sum()) < 0.8 * float(cold.iterations.sum())


def test_a_failing_thread_fails_the_sweep(monkeypatch):
    def broken(*_args, **_keywords):
        raise MemoryError("no memory")

    monkeypatch.setattr(points.regimes, "solve_rows", broken)
    with pytest.raises(MemoryError, match="no memory"):
        rfrobust.sweep(psi1=[1, 2, 3, 4], psi2=2, eps=0.3)


def test_attributes_and_files(tmp_path):
    data = rfrobust.sweep(psi1=[1, 3], psi2=2, eps=[0.1, 0.3], tau=0.5)
    assert data.attrs["rfrobust_version"] == rfrobust.__version__
    assert data.attrs["activation"] == "relu"
    assert all(data[name].attrs["long_name"] for name in data.variables)
    data.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "sweep.nc", engine="h5netcdf") as back:
        xr.testing.assert_equal(back, data)
