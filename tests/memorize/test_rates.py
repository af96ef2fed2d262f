"""Costs of memorizing against uniform points on full students, Fourier series, and the stated exponents."""

import numpy as np
import pytest
import xarray as xr
from scipy.spatial import cKDTree
from scipy.stats import kstest

from rfrobust.memorize import interpolant, learning_rates, slopes, student
from rfrobust.memorize.rates import approximation_error, optimal_cells, rate_exponent, separated_samples, target
from rfrobust.memorize.splines import fit
from tests.refusals import changed, refusals


@pytest.mark.parametrize("r", [0.7, 1.0, 2.0])
def test_target_is_the_stated_series(r):
    x = np.random.default_rng(0).uniform(size=(20, 2))
    expected = np.zeros(20)
    for k in range(1, 2 if r == 2 else 257):
        expected += k ** (-r - 0.5) * (np.prod(1 + np.cos(2 * np.pi * k * x + k**2) / 2, axis=1) - 1)
    np.testing.assert_allclose(target(x, r), expected, atol=1e-11)


@pytest.mark.parametrize(("n", "d"), [(500, 1), (2000, 2), (3000, 3)])
def test_separated_samples(n, d):
    x = separated_samples(n, d, np.random.default_rng(0))
    assert x.shape == (n, d)
    nearest = cKDTree(x).query(x, k=2, p=np.inf)[0][:, 1].min()
    assert nearest >= 0.6 * n ** (-1 / d)
    assert nearest < 0.61 * n ** (-1 / d)
    for column in x.T:
        assert kstest(column, "uniform").pvalue > 0.01


@pytest.mark.parametrize("cells", [5, 8])
def test_error_of_the_best_spline_by_fourier_series(cells):
    """Projecting a wave e(q x) on periodic linear splines: only frequencies equal modulo ``cells`` mix.

    The hat function has Fourier coefficients sinc^2, so the part of a unit wave q = 1 outside the span is
    1 - sinc(q/m)^4 / sum_k sinc(q/m + k)^4.
    """
    share = np.sinc(1 / cells) ** 4 / np.sum(np.sinc(1 / cells + np.arange(-2000, 2001)) ** 4)
    expected = 0.25 / 2 * (1 - share)
    # A least squares fit on 16 noise-free samples a node exceeds the projection by a few percent.
    assert approximation_error(cells, 1, 2.0) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(("d", "r", "tolerance"), [(1, 1.0, 0.35), (2, 1.0, 0.35), (1, 2.0, 0.2), (2, 2.0, 0.35)])
def test_approximation_follows_the_smoothness(d, r, tolerance):
    fall = np.log(approximation_error(10, d, r) / approximation_error(20, d, r)) / np.log(2)
    assert abs(fall - 2 * r) < tolerance


def test_optimal_cells_are_no_worse_than_their_neighbours():
    cells, error = optimal_cells(4096, 2, 2.0, 0.5)
    for other in (cells - 1, cells, cells + 1):
        assert approximation_error(other, 2, 2.0) + 0.25 * other**2 / 4096 >= error


@pytest.fixture(scope="module")
def small():
    return learning_rates(2, 2.0, [128, 256, 512], replicates=3, scale=[0.15, 0.3, 0.6], seed=5, progress=False)


@pytest.mark.parametrize("replicate", [0, 1, 2])
def test_costs_against_uniform_points_and_the_student_of_all_samples(small, replicate):
    n, d, r = 128, 2, 2.0
    at = small.sel(n=n, scale=0.6).isel(replicate=replicate)
    rng = np.random.default_rng([5, n, replicate])
    X = separated_samples(n, d, rng)
    y = target(X, r) + 0.5 * np.sqrt(3) * rng.uniform(-1, 1, n)
    delta = float(at.delta)
    assert delta == pytest.approx(0.6 * n ** (-10 / 12))
    teacher = interpolant(fit(X, y, int(at.cells)))
    memorizing = student(teacher, X, y, delta, delta / 4, form="hinge")
    x = np.random.default_rng(99).uniform(size=(200_000, d))
    f, t, s = target(x, r), teacher(x)[:, 0], memorizing(x)[:, 0]

    def agree(found, samples, relative):
        error = samples.std() / np.sqrt(len(samples))
        assert abs(found - samples.mean()) < 4 * error + relative * samples.mean()

    agree(at.teacher_risk.item(), (t - f) ** 2, 0.04)  # 2^14 points there
    agree(at.distance.item(), (s - t) ** 2, 0.25)  # 256 points there
    agree(at.excess.item(), (s - f) ** 2 - (t - f) ** 2, 0.25)
    agree(at.reach.item(), memorizing.reaches(x, delta).astype(float), 0.08)
    assert at.reach < at.reach_bound < 1
    largest = max(np.abs(teacher.weights[-1].data).max(), np.abs(y).max())
    volume = n * (2 * (delta + delta / 4)) ** 2
    assert at.distance_bound.item() == pytest.approx((2 * largest) ** 2 * volume)
    assert at.distance < at.distance_bound
    np.testing.assert_allclose(memorizing(X)[:, 0], y, atol=1e-12)


def test_noise_of_the_integrals_is_the_one_allowed_above(small):
    """Over 9 independent draws the mean ratio of distance to noise^2 x volume is within a few percent of its limit."""
    volume = small.n * (2 * small.delta) ** 2
    ratio = (small.distance / volume / 0.25).isel(scale=0)
    assert ratio.std() < 0.3
    assert 1.0 < ratio.mean() < 1.6  # at least the cubes' own, (y_i - teacher)^2 = noise^2 there, and some transition


def test_critical_delta_doubles_the_risk(small):
    """The excess is a power law in delta, so the last radius measured tells where it meets the teacher's risk."""
    last = small.isel(scale=-1)
    expected = last.delta * (last.teacher_risk / last.excess) ** 0.5
    assert np.isfinite(small.critical_delta).all()
    assert float(np.abs(small.critical_delta / expected - 1).max()) < 0.05


def test_reach_where_balls_overlap():
    """Close to the largest radius the bound counts many points twice."""
    n, d = 128, 2
    data = learning_rates(d, 2.0, n, replicates=2, scale=1.2, seed=5, progress=False).squeeze(["n", "scale"])
    delta = float(data.delta)
    for replicate in range(2):
        rng = np.random.default_rng([5, n, replicate])
        X = separated_samples(n, d, rng)
        x = np.random.default_rng(7).uniform(size=(100_000, d))
        reached = cKDTree(X).query(x, p=np.inf)[0] < 2.25 * delta
        assert reached.mean() < 0.9 * float(data.reach_bound)
        assert float(data.reach[replicate]) == pytest.approx(reached.mean(), rel=0.04)


def test_risk_of_the_teacher_is_approximation_plus_variance():
    data = learning_rates(1, 2.0, [2048], replicates=12, scale=[0.3], progress=False)
    ratio = data.teacher_risk / data.expected_risk
    error = ratio.std("replicate", ddof=1) / np.sqrt(12)
    assert abs(ratio.mean("replicate") - 1).item() < 4 * error.item()


def test_slopes_of_power_laws_are_exact():
    n = xr.DataArray([100.0, 300.0, 1000.0], dims="n", coords={"n": [100.0, 300.0, 1000.0]})
    delta = n**-0.5 * xr.DataArray([0.1, 0.2], dims="scale")
    one = xr.DataArray(np.ones(3), dims="replicate")
    rate = rate_exponent(2, 1.0)
    data = xr.Dataset(
        {
            "delta": delta,
            "teacher_risk": n**rate * one,
            "excess": n**rate * (delta * n**0.5) ** 2 * one,
            "fixed_excess": 3 * n * one,
            "critical_delta": n**-0.7 * one,
        },
        attrs={"d": 2, "r": 1.0},
    )
    found = slopes(data)
    np.testing.assert_allclose(found.slope, [2.0, 1.0, rate, rate, -0.7], atol=1e-12)
    np.testing.assert_allclose(found.expected, [2.0, 1.0, -0.5, -0.5, -0.75], atol=1e-12)
    np.testing.assert_allclose(found.slope_se, 0, atol=1e-12)

    # Three draws whose exponents differ by 0.1 scatter by 0.1, their mean by 0.1/sqrt 3.
    data["critical_delta"] = n ** (-0.7 + xr.DataArray([-0.1, 0.0, 0.1], dims="replicate"))
    found = slopes(data)
    assert found.slope.values[-1] == pytest.approx(-0.7)
    assert found.slope_se.values[-1] == pytest.approx(0.1 / np.sqrt(3))
    data["critical_delta"][0, 1] = np.nan
    assert np.isnan(slopes(data).slope.values[-1])


def test_measured_slopes(small):
    found = slopes(small).set_index(quantity="quantity")
    assert found.slope.sel(quantity="excess in delta").item() == pytest.approx(2, abs=0.02)
    in_n = found.sel(quantity="excess in n")
    assert abs(in_n.slope - 1).item() < 4 * in_n.slope_se.item() + 0.1


def test_reproducible_and_independent_of_other_sizes(small):
    again = learning_rates(2, 2.0, 256, replicates=3, scale=[0.15, 0.3, 0.6], seed=5, progress=False)
    for name in ("teacher_risk", "excess", "reach", "critical_delta"):
        np.testing.assert_array_equal(again[name].sel(n=256), small[name].sel(n=256))
    other = learning_rates(2, 2.0, 256, replicates=3, scale=[0.15], seed=6, progress=False)
    assert (other.teacher_risk.values != again.teacher_risk.values).all()


test_bad_arguments = refusals(
    *changed(
        learning_rates,
        {"d": 2, "r": 1.0, "n": [128]},
        ({"d": 4}, "d must be an integer >= 1 and <= 3"),
        ({"r": 2.5}, r"r must be in \(0, 2\]"),
        ({"n": [10]}, "n must be an integer >= 32"),
        ({"n": "many"}, "n must be an integer", TypeError),
        ({"scale": [0.0]}, "scale must be finite and > 0"),
        ({"scale": [0.3, 9.0]}, "scale must be at most .* for n=128, d=2, got 9"),
        ({"noise": 0}, r"noise must be in \(0, 1e\+100\]"),
        ({"softness": -1}, "softness must be finite and > 0"),
        ({"n": []}, "n must hold one or more different values"),
        ({"n": [128, 128]}, "n must hold one or more different values"),
        ({"scale": [0.1, 0.1]}, "scale must hold one or more different values"),
        ({"replicates": 1}, "replicates must be an integer >= 2"),
    )
)


def test_slopes_need_two_sizes_and_scales(small):
    with pytest.raises(ValueError, match="two sizes n and two scales"):
        slopes(small.isel(scale=[0]))
