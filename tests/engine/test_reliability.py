"""A fixed-seed sample of the reliability test (the full one is ``make stress``)."""

import numpy as np

import rfrobust
from benchmarks.stress import recompute_errors, sample_problems, solve_all


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
