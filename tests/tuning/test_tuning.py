"""Searches against brute force, published optima, stationarity, and the limits they must find."""

import math

import numpy as np
import pytest

import rfrobust
from rfrobust.tuning.optima import best_activation, best_training, best_width, pareto, polynomial_activation


def brute_force(**axes):
    return float(rfrobust.sweep(tau=0.5, **axes).adversarial_risk.min())


@pytest.mark.parametrize(("psi1", "lam", "excess"), [(3.0, 0.06302402, 0.428457095), (1.0, 0.19194576, 0.682678498)])
def test_best_ridge_is_the_published_one(psi1, lam, excess):
    """Optimal lambda of [MM], lam = psi1 lambda, at eps = 0."""
    best = best_training(psi1, 2, 0.5, eps_test=0.0, eps=0.0, ridge=None)
    assert best.at["ridge"] == pytest.approx(psi1 * lam, rel=1e-5)
    assert best.risk == pytest.approx(excess + 0.25, abs=1e-9)
    assert best.certified
    # the joint search contains this one
    both = best_training(psi1, 2, 0.5, eps_test=0.0, ridge=None)
    assert both.risk <= best.risk * (1 + 1e-13)


def test_best_radius_of_the_companion_page():
    best = best_training(3, 2, 0.5, eps_test=0.3)
    assert best.at["eps"] == pytest.approx(0.95, abs=0.03)
    assert best.risk == pytest.approx(1.10, abs=0.005)
    assert best.null_risk == 1.25
    assert rfrobust.solve(3, 2, 0.3, 0.5).adversarial_risk() == pytest.approx(1.93, abs=0.005)
    assert brute_force(psi1=3, psi2=2, eps=np.linspace(0.02, 1.5, 4000), eps_test=0.3) == pytest.approx(
        best.risk, abs=1e-6
    )
    slope = rfrobust.gradient(rfrobust.solve(3, 2, best.at["eps"], 0.5), 0.3).adversarial_risk.sel(parameter="eps")
    assert float(slope) == pytest.approx(0.0, abs=1e-5)


def test_best_radius_and_ridge_is_stationary_and_global():
    best = best_training(3, 2, 0.5, eps_test=0.3, ridge=None)
    assert best.certified
    assert not best.null
    slopes = rfrobust.gradient(rfrobust.solve(3, 2, best.at["eps"], 0.5, ridge=best.at["ridge"]), 0.3).adversarial_risk
    for name in ("eps", "ridge"):
        assert float(slopes.sel(parameter=name)) == pytest.approx(0.0, abs=1e-5)
    grid = brute_force(
        psi1=3, psi2=2, eps_test=0.3, eps=np.geomspace(1e-3, 1.4, 90), ridge=np.geomspace(1e-5, 1e3, 120)
    )
    assert best.risk <= grid
    assert grid == pytest.approx(best.risk, rel=1e-3)
    assert best.risk < best_training(3, 2, 0.5, eps_test=0.3).risk
    assert {"eps", "ridge"} == set(best.at) == set(best.neighbours)


@pytest.mark.parametrize(
    ("psi1", "psi2", "eps_test"),
    [(0.5, 2.0, 0.2), (1.9, 2.0, 0.1), (2.0, 2.0, 0.4), (8.0, 0.5, 0.7), (3.0, math.inf, 0.3)],
)
def test_best_radius_against_brute_force(psi1, psi2, eps_test):
    best = best_training(psi1, psi2, 0.5, eps_test=eps_test)
    grid = brute_force(psi1=psi1, psi2=psi2, eps=np.geomspace(1e-3, 10, 3000), eps_test=eps_test)
    assert best.certified
    assert best.risk <= grid * (1 + 1e-12)
    assert best.risk == pytest.approx(grid, rel=1e-5)


@pytest.mark.parametrize("psi1", [17, 20])
def test_a_plateau_of_small_radii_is_named_by_its_limit(psi1):
    """In wide networks under weak attacks all small radii are equal up to rounding, which used to choose among them."""
    best = rfrobust.best_training(psi1, 2, 0.5, eps_test=0.1)
    assert best.at == {"eps": 0.0}
    assert best.certified
    assert best.risk == rfrobust.solve(psi1, 2, 0.0, 0.5).adversarial_risk(0.1)


def test_infinite_data_needs_no_larger_radius():
    """At psi2 = inf the training objective is the test risk itself, so the best training radius is eps_test."""
    best = best_training(3, math.inf, 0.5, eps_test=0.4)
    assert best.at["eps"] == pytest.approx(0.4, rel=1e-5)


def test_null_is_returned_where_nothing_beats_it():
    best = best_training(3, 2, 0.5, eps_test=3.0)
    assert best.null
    assert best.risk == best.null_risk == 1.25
    assert best.at["eps"] == rfrobust.null_threshold(3, 2, 0.5)
    width = best_width(2, 1.0, 0.5)
    assert width.null
    assert width.at == {"psi1": 0.0}


@pytest.mark.parametrize("below", [1e-4, 1e-5, 1e-6])
def test_a_basin_is_found_however_little_it_beats_the_null_model(below):
    """Just below the transition the scan's points of the wide basin lie above the null risk, its minimum below."""
    eps = 0.30772149 * (1.0 - below)
    best = best_width(2, eps, 0.5)
    grid = brute_force(psi1=np.linspace(11.5, 12.0, 2001), psi2=2, eps=eps)
    assert not best.null
    assert best.certified
    assert best.risk <= grid < 1.25
    assert best.risk == pytest.approx(grid, rel=1e-10)


@pytest.mark.parametrize("psi1", [1.0, 3.0])
def test_a_dip_of_the_risk_just_before_the_null_phase_is_found(psi1):
    """The best radius joins the null threshold: 5e-4 below it the risk gains 1e-7."""
    edge = rfrobust.null_threshold(psi1, 2, 0.5)
    eps_test = {1.0: 0.49055, 3.0: 0.60712}[psi1]
    best = best_training(psi1, 2, 0.5, eps_test=eps_test)
    grid = brute_force(psi1=psi1, psi2=2, eps=edge * (1 - np.geomspace(1e-5, 1e-2, 2001)), eps_test=eps_test)
    assert not best.null
    assert best.risk <= grid * (1 + 1e-13)
    assert best.at["eps"] == pytest.approx(edge * (1 - 5e-4), rel=1e-4)


def test_two_basins_of_the_width():
    """eps = 0.3 tested at 0.1: a basin below psi1 = psi2 and a better one above it."""
    best = best_width(2, 0.3, 0.5, eps_test=0.1)
    places = sorted(basin.at["psi1"] for basin in best.basins)
    assert len(places) == 2
    assert places[0] < 2 < places[1]
    grid = brute_force(psi1=np.geomspace(0.05, 1e3, 4000), psi2=2, eps=0.3, eps_test=0.1)
    assert best.risk == pytest.approx(grid, rel=1e-7)
    assert best.certified


def test_wide_is_best_with_a_trace_of_ridge():
    """[MM]: at fixed lambda of theirs the risk of ridge regression falls with the width."""
    best = best_width(2, 0.0, 0.5, ridge=0.5, psi1_range=(1e-2, 1e4))
    assert best.at_bound
    assert best.at["psi1"] == pytest.approx(1e4)
    assert math.isnan(best.neighbours["psi1"][1])


def test_best_activation_against_sweeps_of_moments():
    best = best_activation(1, 2, 0.1, 0.5, mu1_over_mu2=4)
    assert best.optimum.certified
    assert best.optimum.at["mu1_over_mu2"] == 4.0
    for rho in np.geomspace(math.sqrt(2), 50, 25):
        activation = rfrobust.Activation.from_moments(4.0, 1.0, float(rho))
        risk = rfrobust.solve(1, 2, 0.1, 0.5, activation=activation).adversarial_risk()
        assert risk >= best.optimum.risk * (1 - 1e-12)
    attained = rfrobust.solve(1, 2, 0.1, 0.5, activation=best.activation).adversarial_risk()
    assert attained == pytest.approx(best.optimum.risk, rel=1e-10)
    for name in ("relu", "tanh"):
        exact = rfrobust.solve(1, 2, 0.1, 0.5, activation=name).adversarial_risk()
        assert best.built_in[name] == pytest.approx(exact, rel=1e-14)
    assert list(best.built_in.values()) == sorted(best.built_in.values())


def test_best_activation_does_not_depend_on_the_activation_of_the_problem():
    """Even and linear activations see another law of W W', which is none of those searched."""
    expected = best_activation(3, 2, 0.3, 0.5)
    for name in ("cos", "identity", "tanh"):
        problem = rfrobust.Problem.of(3, 2, 0.3, 0.5, ridge=0.1, activation=name)
        assert best_activation(problem) == expected


def test_best_activation_refuses_other_features_before_it_searches(monkeypatch):
    model = rfrobust.theory.QuadraticModel([1.0, 2.0], [1.0, 1.0], [0.3, 0.3], 1.25, 4, tau=0.5)
    monkeypatch.setattr("rfrobust.tuning.optima.search", lambda *_: pytest.fail("searched"))
    with pytest.raises(TypeError, match="activation is not one of psi1"):
        best_activation(model.problem(0.3))


def test_polynomial_activation_has_the_moments_it_names():
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    for mu1, mu2, rho in ((0.5, 0.4, math.sqrt(2) * 0.4), (1.0, 0.3, 0.8), (0.0, 0.7, 1.4)):
        activation = polynomial_activation(mu1, mu2, rho)
        values, slopes = activation.function(nodes), activation.derivative(nodes)
        assert weights @ values == pytest.approx(0.0, abs=1e-12)
        assert weights @ (nodes * values) == pytest.approx(mu1, abs=1e-12)
        assert weights @ values**2 - mu1**2 == pytest.approx(mu2**2, rel=1e-10)
        assert weights @ slopes**2 - mu1**2 == pytest.approx(rho**2, rel=1e-10)


def settings_tried(psi1, psi2, eps_test, **model):
    """Return standard and adversarial risks over a grid of radii and ridges denser than the scan of a search."""
    edge = rfrobust.null_threshold(psi1, psi2, **model)
    radii = np.unique(np.concatenate([[0.0], np.geomspace(1e-4, 1, 80), 1 - np.geomspace(1e-4, 0.2, 20)])) * edge
    ridges = np.concatenate([[0.0], np.geomspace(1e-8, 1e4, 240)])
    tried = rfrobust.sweep(psi1=psi1, psi2=psi2, eps=radii, ridge=ridges, eps_test=eps_test, **model)
    return tried.standard_risk.values.ravel(), tried.adversarial_risk.values.ravel()


def test_pareto_front_beats_a_grid_of_ridges():
    """A grid of 24 ridges left 4.1 percent here."""
    model = {"tau": 0.5, "activation": "tanh"}
    front = pareto(5.387, 7.711, eps_test=0.1659, points=12, **model)
    v, risk = settings_tried(5.387, 7.711, 0.1659, **model)
    for point in front.transpose("point").to_dataframe().itertuples():
        assert point.adversarial_risk <= risk[v <= point.standard_risk].min(initial=math.inf)
    assert float(front.standard_risk[0]) < 0.313
    assert float(front.adversarial_risk[0]) < 0.483


def test_nothing_beats_the_pareto_front_of_random_problems():
    rng = np.random.default_rng(0)
    for _ in range(6):
        psi1, psi2 = np.exp(rng.uniform(-2.5, 2.5, 2))
        tau, eps_test = float(rng.choice([0.1, 0.5, 1.0])), float(np.exp(rng.uniform(-3, 0.7)))
        model = {"tau": tau, "activation": str(rng.choice(["relu", "tanh", "gelu", "erf"]))}
        front = pareto(psi1, psi2, eps_test=eps_test, points=8, **model)
        v, risk = settings_tried(psi1, psi2, eps_test, **model)
        x, y = front.standard_risk.values[:, None], front.adversarial_risk.values[:, None]
        assert np.nanmin(np.maximum(v / x, risk / y)) > 1 - 1e-12
        # nor is a part of the front missing: some point is as good as each setting, up to the distance of two points
        apart = max(np.abs(np.diff(np.log(part[:, 0]))).max(initial=0.0) for part in (x, y))
        assert np.nanmax(np.maximum(x / v, y / risk).min(axis=0)) < math.exp(apart) * (1 + 1e-12)


def test_pareto_front_is_ordered_and_attained():
    front = pareto(3, 2, 0.5, eps_test=0.3, points=9)
    assert front.sizes["point"] == 9
    assert (np.diff(front.standard_risk) > 0).all()
    assert (np.diff(front.adversarial_risk) < 0).all()
    assert (np.diff(front.best_at) > 0).all()
    for i in (0, 4, 8):
        model = rfrobust.solve(3, 2, float(front.eps[i]), 0.5, ridge=float(front.ridge[i]))
        assert model.standard_risk == pytest.approx(float(front.standard_risk[i]), rel=1e-13)
        assert model.adversarial_risk(0.3) == pytest.approx(float(front.adversarial_risk[i]), rel=1e-13)
    both = best_training(3, 2, 0.5, eps_test=0.3, ridge=None)
    clean = best_training(3, 2, 0.5, eps_test=0.0, ridge=None)
    assert float(front.adversarial_risk[-1]) == both.risk
    assert float(front.standard_risk[0]) == clean.risk


def test_pareto_front_without_ridge():
    front = pareto(3, 2, 0.5, eps_test=0.3, ridge=0.0, points=6)
    assert (front.ridge == 0).all()
    assert float(front.adversarial_risk[-1]) == best_training(3, 2, 0.5, eps_test=0.3).risk


def test_spectrum_that_changes_with_the_width():
    best = best_width(2, 0.1, 0.5, spectrum="orthogonal", psi1_range=(0.1, 50.0))
    grid = brute_force(psi1=np.geomspace(0.1, 50, 300), psi2=2, eps=0.1, spectrum="orthogonal")
    assert best.risk == pytest.approx(grid, rel=1e-4)
    assert best.risk <= grid


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: best_training(3, 2, 0.5, eps_test=-1), r"eps_test must be in \[0, 1e\+40\]"),
        (lambda: best_training(3, 2, 0.5, eps_test=0.3, eps=0.3), "leave the one to be searched None"),
        (lambda: best_training(0, 2, 0.5, eps_test=0.3), r"psi1 must be in \[1e-20, 1e\+20\]"),
        (lambda: best_width(2, 0.1, psi1_range=(2, 1)), "psi1_range must be increasing"),
        (lambda: best_activation(3, 2, 0.1, mu1_over_mu2=0.0), "mu1_over_mu2 must be in"),
        (lambda: polynomial_activation(1, 1, 1), "rho\\^2 must be >= 2 mu2\\^2"),
        (lambda: polynomial_activation(1, 1, 20), "must be <= 60"),
        (lambda: polynomial_activation(1, 0, 1), "rho must be 0 where mu2 = 0"),
        (lambda: pareto(3, 2, eps_test=0.0), "eps_test must be finite and > 0"),
        (lambda: pareto(3, 2, eps_test=0.3, points=1), "points must be an integer >= 2"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("seed", range(4))
def test_searches_against_brute_force_on_random_problems(seed):
    """Grids denser than the scan, also next to the null threshold, where the risk may dip by less than 1e-3."""
    rng = np.random.default_rng(seed)
    for _ in range(40):
        psi1, psi2 = np.exp(rng.uniform(-2.5, 2.5, 2))
        tau, eps_test = rng.choice([0.1, 0.5, 1.0]), np.exp(rng.uniform(-3, 0.7))
        activation = rng.choice(["relu", "tanh", "gelu", "erf"])
        model = {"tau": tau, "activation": str(activation)}
        edge = rfrobust.null_threshold(psi1, psi2, **model)
        radii = np.unique(np.concatenate([np.geomspace(1e-4, 1, 400), 1 - np.geomspace(1e-4, 0.2, 200)])) * edge
        brute = rfrobust.sweep(psi1=psi1, psi2=psi2, eps=radii, eps_test=eps_test, **model)
        best = best_training(psi1, psi2, eps_test=eps_test, **model)
        assert best.risk <= float(brute.adversarial_risk.min()) * (1 + 1e-9)
        assert best.certified
        brute = rfrobust.sweep(psi1=np.geomspace(1e-3, 1e5, 1500), psi2=psi2, eps=eps_test, **model)
        best = best_width(psi2, eps_test, **model)
        assert best.risk <= float(brute.adversarial_risk.min()) * (1 + 1e-9)
        assert best.certified


def test_dip_just_before_the_null_threshold():
    psi1, psi2, tau, eps_test = 0.5086322595699095, 0.11496788928666343, 1.0, 0.09605920208913063
    threshold = rfrobust.null_threshold(psi1, psi2, tau, activation="tanh")
    near = rfrobust.solve(psi1, psi2, 0.97 * threshold, tau, activation="tanh").adversarial_risk(eps_test)
    best = best_training(psi1, psi2, tau, eps_test=eps_test, activation="tanh")
    assert not best.null
    assert best.risk < near < best.null_risk == 2.0
    assert best_training(psi1, psi2, tau, eps_test=eps_test, ridge=None, activation="tanh").risk <= best.risk


def test_search_without_any_solution_says_so():
    with pytest.raises(RuntimeError, match="no problem with a solution"):
        best_activation(2, 2, 0.0, 0.5)


def test_activations_without_solution_are_nan_and_last():
    ranking = best_activation(3, 2, 0.1, 0.0).built_in
    assert math.isnan(ranking["identity"])
    assert list(ranking)[-1] == "identity"
    assert all(risk < 10 for name, risk in ranking.items() if name != "identity")


def test_pareto_keeps_radius_zero_where_it_is_best():
    front = pareto(4.789, 7.876, 0.5, eps_test=0.74, activation="gelu", points=4)
    assert float(front.eps[0]) == 0.0
    assert float(front.ridge[0]) > 0.0


def test_pareto_front_at_the_pole_is_finite():
    front = pareto(2.0, 2.0, 0.5, eps_test=0.1, points=4)
    clean = best_training(2.0, 2.0, 0.5, eps_test=0.0, eps=0.0, ridge=None)
    assert float(front.standard_risk[0]) < clean.risk
    assert float(front.adversarial_risk.max()) < 1.25
