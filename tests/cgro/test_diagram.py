"""The boundary between memorization and robust learning, and the scaling of signal and memory."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

import rfrobust
from rfrobust.cgro import (
    PatchProblem,
    boundary,
    memory_share,
    memory_time,
    phase_diagram,
    phase_times,
    scaling,
    simulated_boundary,
    stall_level,
    typical_start,
)
from rfrobust.cgro.diagram import outcome, waiting_time
from tests.refusals import refusals

DEFAULT = PatchProblem()


@pytest.mark.parametrize("q", [2, 3, 5])
def test_waiting_time_is_the_integral(q):
    integral = quad(lambda p: 1 / (q * p ** (q - 1)), 0.2, 1.4)[0]
    assert waiting_time(0.2, 1.4, q) == pytest.approx(integral, rel=1e-10)


@pytest.mark.parametrize("q", [2, 3, 4])
def test_the_stall_law_solves_its_equation(q):
    problem = DEFAULT.with_(q=q)
    scale = q * q * problem.alpha**2
    late = 1e4
    solved = solve_ivp(
        lambda _, c: scale * c ** (2 - 2 / q) * np.exp(-c), (0, late), [1.0], method="LSODA", rtol=1e-9, atol=1e-12
    )
    # dropping the slow factor's own drift costs a relative (2 - 2/q)/c^2 or so
    assert stall_level(problem, late) == pytest.approx(solved.y[0, -1], rel=0.02)
    c = stall_level(problem, late)
    assert np.expm1(c) == pytest.approx(scale * c ** (2 - 2 / q) * late, rel=1e-9)


def test_memory_time_is_close_to_the_typical_sample():
    """The closed form keeps the pull at lambda/2; with its fall to lambda/(1 + e) the wait is a little longer."""
    quick = memory_time(DEFAULT)
    exact = phase_times(DEFAULT)["samples"][0]
    assert quick < exact * 1.05
    assert quick == pytest.approx(exact, rel=0.1)
    assert memory_time(DEFAULT.with_(lam=0.0)) == np.inf


def test_the_closed_formula_is_the_limit_of_the_boundary():
    """Small first projections: the far ends of both waits do not matter and the formula is explicit."""
    problem = DEFAULT.with_(dim=4000, sigma=0.002, init_sd=0.01)
    ratio = boundary(problem, "formula")
    c = stall_level(problem, memory_time(problem))
    v0 = typical_start(problem).noise.max()
    explicit = 0.002**2 * 3999 / (20 * 3.15**2) * v0 * c ** (-1 / 3)
    assert (1 - ratio) ** 3 == pytest.approx(explicit, rel=0.02)


def test_memory_share_runs_from_zero_to_one():
    shares = [memory_share(DEFAULT.with_(ratio=ratio)) for ratio in (0.7, 0.8, 0.85, 0.87, 0.95)]
    assert shares == sorted(shares)
    assert shares[0] < 0.02
    assert shares[-1] > 0.99


@pytest.mark.slow
def test_more_samples_shorter_noise_and_a_longer_signal_favour_robust_learning():
    base = boundary(DEFAULT)
    assert boundary(DEFAULT.with_(samples=80)) > base + 0.02
    assert boundary(DEFAULT.with_(sigma=0.1)) > base + 0.04
    assert boundary(DEFAULT.with_(alpha=6.0)) > base + 0.02
    # lambda acts only through the logarithm in the stall level
    assert boundary(DEFAULT.with_(lam=4.0)) == pytest.approx(boundary(DEFAULT.with_(lam=0.1)), abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes", [{}, {"sigma": 0.1}, {"samples": 40, "dim": 900, "sigma": 0.2 / 3}, {"lam": 2.0}, {"q": 4}]
)
def test_the_boundary_is_where_the_simulation_turns(changes):
    """As a ratio of 1 - delta/alpha. At N = 40, d = 100 (N/d = .4) patches are not nearly orthogonal: d = 900."""
    problem = DEFAULT.with_(**changes)
    middle = boundary(problem, "formula")
    data = phase_diagram(
        problem,
        axis="sigma",
        values=[problem.sigma],
        ratios=1 - (1 - middle) * np.geomspace(1.6, 0.6, 8),
        replicates=6,
        test_samples=1,
    )
    assert (data.finished == 1).all()
    turn = 1 - simulated_boundary(data).item()
    told = 1 - data.boundary.isel(sigma=0)
    assert turn / told.sel(route="ode").item() == pytest.approx(1.0, abs=0.1)
    assert turn / told.sel(route="formula").item() == pytest.approx(1.0, abs=0.2)


def test_the_two_sides_of_the_diagram_are_robust_learning_and_cgro():
    data = phase_diagram(axis="lam", values=[0.5], ratios=[0.75, 0.96], replicates=4, test_samples=2000).isel(lam=0)
    assert (data.clean_test_error == 0).all()
    assert (data.robust_test_error.sel(ratio=0.75) < 0.01).all()
    assert (abs(data.robust_test_error.sel(ratio=0.96) - 0.5) < 0.05).all()
    assert (data.memory_share.sel(ratio=0.96) > 0.95).all()


def test_an_unfinished_run_is_flagged():
    assert outcome(DEFAULT, 0, 1.0, 20, 10)["finished"] == 0.0


def test_signal_falls_as_the_power_and_memory_stays():
    data = scaling(PatchProblem(filters=16), alphas=[1.5, 3.0, 6.0], replicates=4)
    fold = float(data.U.isel(alpha=0).mean() / data.U.isel(alpha=-1).mean())
    assert fold > 40
    assert data.attrs["slope"] == pytest.approx(-0.91, abs=0.03)
    predicted = np.polyfit(3 * np.log(data.alpha), np.log(data.stall) - 3 * np.log(data.alpha), 1)[0]
    assert data.attrs["slope"] == pytest.approx(predicted, abs=0.03)
    np.testing.assert_allclose(data.signal.mean("replicate"), data.stall, rtol=0.1)
    medians = data.V.median("sample").mean("replicate")
    assert float(medians.max() / medians.min()) < 1.02


test_bad_arguments_are_refused = refusals(
    (lambda: phase_diagram(axis="ratio", values=[1], ratios=[0.5]), "axis must be one of"),
    (lambda: phase_diagram(axis="samples", values=[3.5], ratios=[0.5]), "values must be integers for axis 'samples'"),
    (lambda: phase_diagram(axis="lam", values=[0.5], ratios=[1.5]), "ratios must be in"),
    (lambda: boundary(method="guess"), "method must be one of"),
    (lambda: boundary(DEFAULT.with_(lam=0.0)), "lam must be > 0"),
    (lambda: memory_share(DEFAULT.with_(lam=0.0)), "lam must be > 0"),
    (lambda: stall_level(DEFAULT, 0.0), "time must be"),
    (lambda: stall_level(DEFAULT, 1e-6), "time must be long enough"),
    (lambda: scaling(alphas=[2.0]), "two different lengths"),
)


@pytest.mark.parametrize("changes", [{"init_sd": 1e-10}, {"init_sd": 1e-6, "q": 4}])
def test_first_weights_too_small_for_the_clocks_are_refused(changes):
    """The clocks end at a pole: their rounding hid the memory, said that there is no boundary, or stopped the clock."""
    with pytest.raises(rfrobust.NumericalError, match=r"init_sd=1e-\d+ is too small for the reduced system"):
        boundary(PatchProblem(**changes))
    assert 0.9 < boundary(PatchProblem(**changes), "formula") < 1


@pytest.mark.slow
def test_the_boundary_tends_to_its_formula_for_small_first_weights():
    problem = PatchProblem(init_sd=1e-5)
    assert boundary(problem) == pytest.approx(boundary(problem, "formula"), rel=1e-3)
