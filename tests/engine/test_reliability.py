"""A fixed-seed sample of the reliability test (the full one is ``make stress``)."""

import time

import mpmath as mp
import numpy as np
import pytest

import rfrobust
from benchmarks.stress import LAWS, is_reliable, recompute_errors, sample_extremes, sample_problems, solve_all
from rfrobust.engine.regimes import solve_point
from tests import family_problems, reference


def test_every_random_problem_is_solved():
    problems = sample_problems(4000, seed=11)
    table = solve_all(problems)
    assert np.all(table["status"] == rfrobust.Status.SOLVED)
    assert table["residual"].max() <= 1e-10
    assert set(np.unique(table["phase"])) == {0, 1, 2}


def test_random_problems_recomputed_at_forty_digits():
    problems = sample_problems(40, seed=12)
    errors = recompute_errors(problems)
    assert errors.size >= 25  # the null phase has nothing to recompute
    assert errors.max() < 1e-9


@pytest.mark.parametrize("law", LAWS)
def test_laws_and_activations(law):
    spectrum, largest = LAWS[law]
    problems = sample_problems(1000, seed=14)
    problems[0] = np.minimum(problems[0], largest)
    assert is_reliable(law, problems, 10, activation="relu", spectrum=spectrum)
    assert is_reliable(law, problems, 3, activation="hard-tanh", spectrum=spectrum)


@pytest.mark.parametrize("spectrum", ["marchenko-pastur", "orthogonal"])
@pytest.mark.parametrize("activation", ["relu", "identity", "cos"])
def test_everything_that_is_accepted_is_solved(activation, spectrum):
    assert is_reliable("extremes", sample_extremes(2000, seed=15), 0, activation=activation, spectrum=spectrum)


#: (psi1, psi2, tau, ridge): near the threshold t/distance bends at distances far below 1.
BENT = [(22, 9236, 0.035, 19.6), (4469.6, 97046, 0.2242, 915350), (15660, 751200, 0, 129940)]


@pytest.mark.parametrize(("psi1", "psi2", "tau", "ridge"), BENT)
def test_near_the_null_threshold_where_the_solution_bends(psi1, psi2, tau, ridge):
    threshold = rfrobust.null_threshold(psi1, psi2, tau)
    for distance in (3e-5, 1e-6, 1e-8, 1e-10):
        model = rfrobust.solve(psi1, psi2, threshold * (1 - distance), tau, ridge=ridge)
        _, r2, _, _ = reference.polish(model, 80)
        assert model.gradient_norm == pytest.approx(float(mp.sqrt(r2)), rel=1e-9 + 1e-15 / distance)


def test_recovery_without_noise_is_found_fast():
    """Linear features without noise: no nested bisection to find that there is no root."""
    p = rfrobust.Problem.of(3, 2, 0.01, 0.0, activation="identity", spectrum="orthogonal")
    parameters = p.parameters
    law = p.features.law(parameters)
    assert solve_point(parameters, law).status == rfrobust.Status.DEGENERATE
    start = time.perf_counter()
    for _ in range(100):
        solve_point(parameters, law)
    assert time.perf_counter() - start < 100 * 5e-4


@pytest.mark.parametrize("kind", family_problems.KINDS, ids="-".join)
def test_random_problems_of_every_loss_and_norm(kind):
    """Solved, or labels that a network separates; and the equations hold at 30 digits."""
    _, _, failed, largest = family_problems.solve_random(kind, 200, 5, 0 if kind[2] == "l_1.5" else 1)
    assert not failed
    assert largest < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("kind", family_problems.KINDS, ids="-".join)
def test_random_problems_of_every_loss_and_norm_at_thirty_digits(kind):
    solved, _, failed, largest = family_problems.solve_random(kind, 20, 6, 4)
    assert (solved >= 4, failed) == (True, [])
    assert largest < 1e-12
