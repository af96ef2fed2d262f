"""Whole training runs: who generalizes, what is memorized, in which order."""

import numpy as np
import pytest
import xarray as xr

from rfrobust.cgro import (
    PHASES,
    PatchAttack,
    PatchProblem,
    attacked,
    descend,
    draw,
    find_phases,
    log_records,
    margins,
    trajectories,
)
from rfrobust.cgro.phases import first_crossing
from tests.refusals import refusals

DEFAULT = PatchProblem()


@pytest.fixture(scope="module")
def runs():
    return trajectories(DEFAULT, replicates=8, steps=20_000, records=log_records(20_000, 70), test_samples=4000)


def test_clean_generalization_with_robust_overfitting():
    """16 filters, so that no sample starts without a filter of its sign (chance 20/2^16 a run)."""
    wide = DEFAULT.with_(filters=16)
    last = trajectories(wide, replicates=10, records=[0, 15_000], steps=15_000, test_samples=10_000).isel(step=-1)
    assert (last.robust_train_error == 0).all()
    assert (last.clean_test_error == 0).all()
    # a binomial standard error is .005
    assert (abs(last.robust_test_error - 0.5) < 0.03).all()
    assert (last.V > 1).all()


def test_a_sample_stays_out_only_if_every_filter_has_the_wrong_sign(runs):
    """At 10 filters a sample may be left with negative projections only, which decay towards zero and stay."""
    last = runs.isel(step=-1)
    stuck = last.V < 1
    assert 0 < int(stuck.any("sample").sum()) <= 2
    np.testing.assert_array_equal(last.robust_train_error, stuck.mean("sample"))
    assert ((last.V < 0) & (last.V > -1e-3)).values[stuck.values].all()
    assert (abs(last.robust_test_error - 0.5) < 0.03).all()


def test_a_weaker_attack_is_learned_robustly():
    last = trajectories(DEFAULT.with_(ratio=0.8), replicates=8, records=[0, 10_000]).isel(step=-1)
    assert (last.robust_train_error == 0).all()
    assert (last.robust_test_error == 0).all()
    assert (abs(last.V).median("sample") < 0.5).all()
    assert (PatchProblem(ratio=0.8).robust_gain * last.U > abs(last.V).max("sample")).all()


def test_without_the_adversarial_half_nothing_is_memorized():
    clean = trajectories(DEFAULT.with_(lam=0.0), replicates=4, records=[0, 10_000])
    robust = trajectories(DEFAULT, replicates=4, records=[0, 10_000])
    assert (abs(clean.V.diff("step")) < 0.1).all()
    assert (robust.V.diff("step").mean("sample") > 5).all()
    assert (clean.clean_test_error.isel(step=-1) == 0).all()


def test_signal_and_memory_end_where_the_theorem_says(runs):
    last = runs.isel(step=-1)
    assert ((last.signal > 7) & (last.signal < 13)).all()
    assert (last.V.median("sample") > 5).all()
    wide = trajectories(DEFAULT.with_(alpha=1.5, step=0.02 * 4.4), replicates=3, steps=3000, records=[3000]).signal
    long = trajectories(DEFAULT.with_(alpha=5.0, step=0.02 / 2.5), replicates=3, steps=33_000, records=[33_000]).signal
    # alpha^q changes 37-fold
    assert float(long.mean() / wide.mean()) < 1.5


def test_phases_come_in_order(runs):
    found = find_phases(runs.isel(replicate=slice(5)))
    assert (found.signal_end < 50).all()
    assert (found.memorization_start > 4 * found.signal_end).all()
    assert (found.memorization_end > found.memorization_start).all()
    assert (found.growth.sel(interval="stall") < found.growth.sel(interval="signal growth")).all()
    assert (found.phase.diff("step") >= 0).all()
    assert (found.phase.isel(step=-1) == PHASES.index("memorized")).all()
    assert (found.phase.isel(step=0) == PHASES.index("signal growth")).all()


def test_phase_changes_of_a_made_up_run():
    step = np.arange(11.0)
    signal = np.minimum(step, 2.5) / 2
    first, last = np.maximum(step - 5, 0), np.maximum(step - 7.5, 0)
    data = xr.Dataset(
        {
            "signal": (("replicate", "step"), signal[None]),
            "V": (("replicate", "step", "sample"), np.stack([first, last], axis=-1)[None]),
        },
        coords={"step": step},
    )
    found = find_phases(data)
    assert found.signal_end.item() == pytest.approx(2.0)
    assert found.memorization_start.item() == pytest.approx(6.0)
    assert found.memorization_end.item() == pytest.approx(8.5)
    assert found.phase.values.tolist() == [[0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3]]
    assert found.growth.sel(interval="stall").item() == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(find_phases(data, 50.0).memorization_end.item())


def test_first_crossing_at_the_start_and_never():
    assert first_crossing(np.array([0.0, 1.0]), np.array([3.0, 4.0]), 2.0) == 0.0
    assert np.isnan(first_crossing(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 2.0))


def test_records_and_threads_do_not_change_a_run():
    many = trajectories(DEFAULT, replicates=2, steps=300, workers=2)
    few = trajectories(DEFAULT, replicates=1, seed=1, records=[0, 300], steps=300, workers=1)
    xr.testing.assert_allclose(many.isel(replicate=[1]).sel(step=[0, 300]), few, rtol=1e-9)


def test_margins_split_into_signal_and_memory(runs):
    split = runs.signal + runs.V
    np.testing.assert_allclose(split.transpose(*runs.clean_margin.dims), runs.clean_margin, atol=1e-9)
    robust = DEFAULT.robust_gain * runs.U + runs.V
    np.testing.assert_allclose(robust.transpose(*runs.robust_margin.dims), runs.robust_margin, atol=1e-9)


@pytest.mark.slow
def test_an_attack_found_by_gradients_is_overfitted_too():
    """In the whole l2 ball the attack may leave the signal's line, and does better than one half."""
    attack = PatchAttack("l2", steps=10, restarts=1)
    last = trajectories(DEFAULT, replicates=2, records=[3000], steps=3000, attack=attack, test_samples=300).isel(
        step=-1
    )
    assert (last.clean_test_error == 0).all()
    assert (last.robust_train_error <= 2 / 20).all()
    assert (last.robust_test_error > 0.8).all()
    assert (last.V.median("sample") > 2).all()


def test_a_short_attack_in_training_is_no_robustness():
    """Against single ascents the network hides its gradients; the reported errors are those of the full attack."""
    last = trajectories(
        DEFAULT, replicates=1, records=[600], steps=600, attack=PatchAttack("l2", restarts=0), test_samples=50
    ).isel(step=-1, replicate=0)
    drawn = draw(DEFAULT, 0)
    weights = descend(drawn.weights, drawn.train, DEFAULT, 600, PatchAttack("l2"))
    found = {
        restarts: margins(weights, attacked(weights, drawn.train, DEFAULT, PatchAttack("l2", restarts=restarts)), 3)
        for restarts in (0, None)
    }
    assert (found[0] > 0).mean() > (found[None] > 0).mean()
    np.testing.assert_allclose(last.robust_margin, found[None], rtol=1e-9)


def test_a_dataset_can_be_written(runs, tmp_path):
    runs.to_netcdf(tmp_path / "runs.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "runs.nc", engine="h5netcdf") as back:
        assert back.attrs["ratio"] == 0.98
        np.testing.assert_array_equal(back.U, runs.U)


test_bad_arguments_are_refused = refusals(
    (lambda: trajectories(steps=0), "steps must be an integer >= 1"),
    (lambda: trajectories(replicates=[1, 2]), "replicates must be an integer", TypeError),
    (lambda: trajectories(replicates=10**15), "replicates must be an integer >= 1 and <= 1000000, got"),
    (lambda: trajectories(seed=-1), "seed must be an integer >= 0"),
    (lambda: trajectories(records=[0, 50], steps=20), "records must be in"),
    (lambda: trajectories(records=[0, 1.5], steps=20), "increasing integers"),
    (lambda: find_phases(xr.Dataset({"signal": 1.0})), "without V"),
    (lambda: find_phases(xr.Dataset({"signal": 1.0, "V": 1.0}), 0.0), "level must be"),
    (lambda: log_records(10, 1), "count must be"),
)
