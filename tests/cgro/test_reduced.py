"""The reduced system against the simulation, its parts against numerical integration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from rfrobust.cgro import (
    PatchProblem,
    ReducedStart,
    advance,
    blow_up,
    draw,
    find_phases,
    phase_times,
    reduced_trajectory,
    start_of,
    trajectories,
    typical_start,
)
from tests.refusals import refusals

DEFAULT = PatchProblem()


def gap(problem, coupling, steps):
    """Mean |V - V'| over seeds, steps and samples, and the largest |signal - signal'| / (1 + signal)."""
    run = trajectories(problem, replicates=4, steps=steps, test_samples=1)
    theory = reduced_trajectory(problem, replicates=4, steps=steps, coupling=coupling)
    memory = float(abs(run.V - theory.V).mean())
    return memory, float((abs(run.signal - theory.signal) / (1 + run.signal)).max())


@settings(deadline=None, max_examples=30)
@given(start=st.floats(-0.8, 0.8), share=st.floats(0.0, 0.95), q=st.integers(2, 5))
def test_the_closed_form_of_one_projection(start, share, q):
    limit = min(blow_up(start, q) if start > 1e-3 else 3.0, 3.0)
    clock = share * limit
    if clock < 1e-6:
        return
    solved = solve_ivp(
        lambda _, p: q * np.abs(p) ** (q - 1), (0, clock), [start], rtol=1e-11, atol=1e-14, method="DOP853"
    )
    assert float(advance(np.array(start), np.array(clock), q)) == pytest.approx(solved.y[0, -1], rel=1e-7, abs=1e-9)


def test_a_projection_past_its_blow_up_is_infinite_and_a_negative_one_never_crosses():
    assert blow_up(0.5, 3) == pytest.approx(1 / (3 * 0.5))
    assert float(advance(np.array(0.5), np.array(0.67), 3)) == np.inf
    assert float(advance(np.array(-0.5), np.array(1e9), 3)) == pytest.approx(0.0, abs=1e-8)
    assert float(advance(np.array(0.0), np.array(5.0), 4)) == 0.0
    assert blow_up(-1.0, 3) == np.inf
    assert blow_up(1.0, 2) == np.inf
    assert blow_up(5e-324, 3) == blow_up(1e-100, 8) == np.inf


def test_with_all_inner_products_the_flow_is_the_simulation_up_to_the_step():
    """The error of an Euler step is of first order: a fifth of the step, about a fifth of the error."""
    memory, signal = gap(DEFAULT, "full", 8000)
    fine_memory, fine_signal = gap(DEFAULT.with_(step=0.004), "full", 40_000)
    assert memory < 2e-3
    assert fine_memory < memory / 3
    assert signal < 0.5
    assert fine_signal < signal / 3


def test_the_clocks_track_the_simulation_better_in_higher_dimension():
    """Inner products of different patches are of relative size d^(-1/2); |xi|^2 is kept fixed."""
    errors = [gap(DEFAULT.with_(dim=d, sigma=2 / np.sqrt(d), step=0.01), "diagonal", 16_000) for d in (100, 1600)]
    assert errors[0][0] < 0.5
    assert errors[1][0] < 0.45 * errors[0][0]
    assert errors[1][1] < 0.15


def test_phases_of_the_theory_are_those_of_the_simulation():
    problem = DEFAULT.with_(dim=2500, sigma=0.04, step=0.005)
    seen = find_phases(trajectories(problem, replicates=4, steps=20_000, test_samples=1))
    told = find_phases(reduced_trajectory(problem, replicates=4, steps=20_000))
    np.testing.assert_allclose(told.signal_end, seen.signal_end, rtol=0.05)
    np.testing.assert_allclose(told.memorization_start, seen.memorization_start, rtol=0.1)


@pytest.mark.parametrize("q", [2, 3, 4])
def test_phase_times_by_quadrature_are_those_of_the_system(q):
    problem = DEFAULT.with_(q=q, dim=400, sigma=0.1, filters=20)
    start = start_of(draw(problem, 1, 1))
    times = phase_times(problem, start)
    steps = int(1.5 * times["memorization_end"] / problem.step)
    records = np.arange(0, steps, max(1, steps // 4000))
    told = find_phases(reduced_trajectory(problem, replicates=1, seed=1, steps=steps, records=records))
    # records every 1/4000 of the run; the quadrature neglects the clean pull after the signal phase (g << lam/2)
    assert times["signal_end"] / problem.step == pytest.approx(told.signal_end.item(), rel=0.05, abs=1.0)
    assert times["memorization_start"] / problem.step == pytest.approx(told.memorization_start.item(), rel=0.03)
    assert times["memorization_end"] / problem.step == pytest.approx(told.memorization_end.item(), rel=0.03)


def test_a_sample_without_a_positive_projection_is_never_memorized():
    start = ReducedStart(np.array([0.1]), np.array([[-0.2, -0.1], [0.2, -0.1]]), np.full((2, 2), 4.0))
    times = phase_times(DEFAULT.with_(samples=2), start)
    assert times["samples"][0] == np.inf
    assert times["memorization_end"] == np.inf
    assert times["memorization_start"] == times["samples"][1] < np.inf


def test_the_typical_start_has_the_moments_of_a_random_one():
    problem = DEFAULT.with_(filters=40, patches=3)
    typical = typical_start(problem)
    sd = problem.init_sd * problem.sigma * np.sqrt(99)
    assert typical.noise.shape == (1, 80)
    assert typical.noise.std() == pytest.approx(sd, rel=0.03)
    assert typical.signal.std() == pytest.approx(problem.init_sd, rel=0.04)
    drawn = np.concatenate([start_of(draw(problem, seed, 1)).noise.max(axis=1) for seed in range(30)])
    assert typical.noise.max() == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(drawn.size))


NEGATIVE = ReducedStart(np.array([-0.1]), np.array([[0.1]]), np.ones((1, 1)))
test_bad_arguments_are_refused = refusals(
    (lambda: reduced_trajectory(coupling="none"), "coupling must be one of"),
    (lambda: phase_times(DEFAULT.with_(lam=0.0)), "lam must be > 0"),
    (lambda: phase_times(DEFAULT, NEGATIVE), "start must have a filter with a positive projection"),
    (lambda: phase_times(DEFAULT, level=-1.0), "level must be"),
)
