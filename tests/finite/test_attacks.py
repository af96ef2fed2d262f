"""Attacks of networks in any norm: true maxima of tiny networks, bounds from both sides, estimators, simulations."""

import warnings

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.utils.estimator_checks import estimator_checks_generator

import rfrobust
from rfrobust import RobustRandomFeatures, RobustRandomFeaturesClassifier
from rfrobust.finite import FeatureMap, inner_maximum, linearized_attack, pgd_attack, sampled_risks
from rfrobust.finite.attack import extreme_points
from rfrobust.finite.linearized import gradients, linearized_erm
from rfrobust.finite.training import pgd_erm, pgd_loss
from rfrobust.problem.attack import Attack, radius_of
from tests.attacks import missed
from tests.exact_attack import true_maximum, true_maximum_in_the_plane
from tests.refusals import refusals

NORMS = [1.05, 1.5, 3.0, 10.0, np.inf]


def draw(d, N, n, seed, activation="relu"):
    rng = np.random.default_rng(seed)
    network = FeatureMap.draw(N, d, rng, activation)
    X = rng.standard_normal((n, d))
    return network, X, X[:, 0] + 0.3 * rng.standard_normal(n)


def errors(network, theta, X, y, delta=0.0):
    return (y - network.features(X + delta) @ theta) ** 2


def trained(d, N, n, seed):
    network, X, y = draw(d, N, n, seed)
    return network, X, y, rfrobust.robust_erm(network.features(X), y, network.metric, 0.05).theta


def test_enumerated_maxima_are_those_of_a_dense_grid():
    grid = np.stack(np.meshgrid(*[np.linspace(-1.0, 1.0, 601)] * 2), -1).reshape(-1, 2)
    for seed, norm in enumerate([1.5, 2.0, 3.0, np.inf]):
        network, X, y = draw(2, 5, 3, seed)
        theta, radius = 2 * np.random.default_rng(seed).standard_normal(5), 0.8
        offset = float(network.activation(np.zeros(1))[0])
        ball = radius * grid[np.linalg.norm(grid, norm, axis=1) <= 1.0]
        for x, one in zip(X, y, strict=True):
            true = true_maximum_in_the_plane(network.W, offset, theta, x, one, radius, norm)
            assert 0.99 * true <= errors(network, theta, x, one, ball).max() <= true * (1 + 1e-12)
            if norm == 2.0:
                assert true == pytest.approx(true_maximum(network.W, offset, theta, x, one, radius), rel=1e-9)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 80), marks=pytest.mark.slow)])
def test_default_attack_reaches_the_true_maximum_of_tiny_trained_networks(seeds, norm):
    missed = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 78])
        network, X, y, theta = trained(2, int(rng.integers(2, 8)), int(rng.integers(4, 16)), seed)
        eps = rng.uniform(0.1, 1.5)
        found = inner_maximum(network, theta, X[:4], y[:4], eps, norm=norm)
        radius, offset = eps * 2 ** (1 / norm - 0.5), float(network.activation(np.zeros(1))[0])
        assert (np.linalg.norm(found.delta, norm, axis=1) <= radius * (1 + 1e-12)).all()
        for i in range(4):
            true = true_maximum_in_the_plane(network.W, offset, theta, X[i], y[i], radius, norm)
            missed += [seed] if found.lower[i] < 0.99 * true else []
            assert found.lower[i] <= true * (1 + 1e-9)
            assert found.upper[i] >= true * (1 - 1e-9)
    assert len(missed) <= len(seeds) // 70


@pytest.mark.parametrize(
    "norm", [pytest.param(1.5, marks=pytest.mark.slow), pytest.param(3.0, marks=pytest.mark.slow), np.inf]
)
def test_default_attack_is_as_strong_as_a_long_one_in_100_dimensions(norm):
    network, X, y = draw(100, 200, 150, 11)
    theta = rfrobust.robust_erm(network.features(X), y, network.metric, 0.1).theta
    X, y = X[:10], y[:10]
    found = pgd_attack(network, theta, X, y, 1.0, norm=norm)
    long = pgd_attack(network, theta, X, y, 1.0, norm=norm, steps=60, restarts=20, rng=np.random.default_rng(1))
    misses = missed(*(errors(network, theta, X, y, delta) for delta in (0 * X, found, long)))
    assert misses.mean() < 0.01
    assert misses.max() < 0.05


@pytest.mark.parametrize("norm", NORMS)
def test_attacks_of_a_linear_network_are_exact(norm):
    """|y - f| + eps d^(1/p - 1/2) |grad f|_p' for every p, from both sides."""
    network, X, y = draw(15, 20, 8, 3, "identity")
    theta = np.random.default_rng(4).standard_normal(20) / 5
    q = 1.0 if norm == np.inf else norm / (norm - 1.0)
    exact = (np.sqrt(errors(network, theta, X, y)) + 0.4 * 15 ** (1 / norm - 0.5)
             * np.linalg.norm(gradients(network, X, theta), q, axis=1)) ** 2  # fmt: skip
    linear = linearized_attack(network, theta, X, y, 0.4, norm=norm)
    np.testing.assert_allclose(errors(network, theta, X, y, linear), exact, rtol=1e-12)
    found = inner_maximum(network, theta, X, y, 0.4, norm=norm)
    np.testing.assert_allclose(found.lower, exact, rtol=1e-12)
    np.testing.assert_allclose(found.upper, exact, rtol=1e-12)


@pytest.mark.parametrize("norm", NORMS)
def test_an_ascent_alone_beats_the_linearized_attack_and_extremes_are_on_both_sides(norm):
    """An ascent whose steps do not belong to its projection leaves the maximum: it finds nothing beyond its start."""
    network, X, y, theta = trained(60, 120, 90, 7)
    X, y = X[:20], y[:20]
    linear = errors(network, theta, X, y, linearized_attack(network, theta, X, y, 1.5, norm=norm))
    ascent = errors(network, theta, X, y, pgd_attack(network, theta, X, y, 1.5, norm=norm, restarts=0))
    found = inner_maximum(network, theta, X, y, 1.5, norm=norm)
    assert (ascent >= linear).all()
    if 1.2 < norm:  # close to 1 the attack moves one coordinate
        assert (ascent > 1.01 * linear).mean() > 0.9
    assert missed(errors(network, theta, X, y), ascent, found.lower).mean() < 0.05
    assert (ascent <= found.upper).all()
    high, low = extreme_points(network, theta, X, 0.5, norm=norm, steps=20)
    assert (network.features(X + high) @ theta > network.features(X) @ theta).all()
    assert (network.features(X + low) @ theta < network.features(X) @ theta).all()
    assert np.linalg.norm(high, norm, axis=1).max() <= radius_of(0.5, norm, 60) * (1 + 1e-12)


def test_radius_is_that_of_the_problem():
    assert radius_of(0.3, np.inf, 100) == pytest.approx(0.03)
    assert radius_of(0.3, 2.0, 100) == 0.3
    assert radius_of(0.3, Attack(0.3, 4.0).norm, 16) == pytest.approx(0.3 * 16**-0.25)


def sample():
    rng = np.random.default_rng(5)
    X = 2.0 * rng.standard_normal((25, 6)) + 1.0
    return X, X[:, 0] - X[:, 1] + 0.5 * rng.standard_normal(25)


@pytest.mark.parametrize("norm", [1.5, pytest.param(4.0, marks=pytest.mark.slow), np.inf])
def test_regressor_is_attacked_in_every_norm(norm):
    """Whatever norm it was trained against, and by the training norm if none is given."""
    X, y = sample()
    plain, model = (RobustRandomFeatures(20, eps=0.3, norm=p, random_state=0).fit(X, y) for p in (2.0, norm))
    clean = np.mean((y - model.predict(X)) ** 2)
    weak, strong = (model.adversarial_loss(X, y, method=method) for method in ("linearized", "pgd"))
    assert clean < weak < strong
    lower, upper = model.adversarial_bounds(X, y)
    assert lower == pytest.approx(strong, rel=1e-12)
    assert lower < upper < np.inf
    moved = np.linalg.norm(model.attack(X, y, 0.7) - X, norm, axis=1)
    np.testing.assert_array_less(moved, 0.7 * 6 ** (1 / norm - 0.5) * (1 + 1e-9))
    assert moved.max() == pytest.approx(0.7 * 6 ** (1 / norm - 0.5), rel=1e-9)
    np.testing.assert_array_equal(model.attack(X, y), model.attack(X, y, norm=norm))
    loss = plain.adversarial_loss(X, y, norm=norm)
    assert plain.adversarial_bounds(X, y, norm=norm)[0] == pytest.approx(loss, rel=1e-12)
    assert loss != plain.adversarial_loss(X, y)


def test_classifier_is_attacked_in_every_norm():
    X, y = sample()
    labels = np.where(y > 0.0, "up", "down")
    model = RobustRandomFeaturesClassifier(20, eps=0.3, norm=np.inf, random_state=0).fit(X, labels)
    side = np.where(labels == model.classes_[1], 1.0, -1.0)
    for norm in (None, 2.0, 1.5):
        margins = [side * model.decision_function(model.attack(X, labels, norm=norm, method=method))
                   for method in ("linearized", "pgd")]  # fmt: skip
        assert (margins[0] < side * model.decision_function(X)).all()
        assert (margins[1] <= margins[0] + 1e-12).all()
        assert model.adversarial_error(X, labels, norm=norm) == np.mean(margins[1] < 0.0)
    assert model.adversarial_error(X, labels) > np.mean(model.predict(X) != labels)


@pytest.mark.parametrize("estimator", [
    RobustRandomFeatures(10, random_state=0, norm=np.inf), RobustRandomFeaturesClassifier(10, random_state=0, norm=3.0),
])  # fmt: skip
def test_scikit_learn_check_estimator(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ran = [check(instance) for instance, check in estimator_checks_generator(estimator)]
    assert len(ran) > 40


@pytest.mark.parametrize(("norm", "norm_test"), [(2.0, np.inf), (np.inf, None), (3.0, 1.5)])
def test_simulations_attack_fresh_points_in_the_test_norm(norm, norm_test):
    data = rfrobust.simulate(
        psi1=1, psi2=2, eps=0.3, tau=0.5, d=40, replicates=2, test_samples=150, eps_test=0.2, workers=1, norm=norm,
        norm_test=norm_test,
    )  # fmt: skip
    r = data.gradient_norm if norm_test is None else data.test_gradient_norm
    far = (data.sampled_standard_risk - data.standard_risk) / data.sampled_standard_risk_se
    assert np.abs(far).max() < 4
    np.testing.assert_allclose(data.sampled_gradient_norm_squared, r**2, rtol=0.06)  # to leading order in d
    far = (data.sampled_linearized_risk - data.adversarial_risk) / data.sampled_linearized_risk_se
    assert np.abs(far).max() < 4
    np.testing.assert_allclose(data.sampled_pgd_risk, data.sampled_linearized_risk, rtol=0.02)
    assert (data.sampled_pgd_risk > 1.1 * data.sampled_standard_risk).all()


@pytest.mark.parametrize("norm", [1.5, pytest.param(3.0, marks=pytest.mark.slow), np.inf])
def test_training_against_pgd_in_every_norm(norm):
    network, X, y = draw(30, 60, 50, 11)
    fit, linear = pgd_erm(network, X, y, 0.4, norm=norm), linearized_erm(network, X, y, 0.4, norm=norm)
    assert fit.converged
    assert fit.objective < 0.998 * fit.initial_objective
    assert fit.initial_objective == pytest.approx(pgd_loss(network, linear.theta, X, y, 0.4, norm=norm), rel=1e-4)
    assert fit.objective == pytest.approx(pgd_loss(network, fit.theta, X, y, 0.4, norm=norm), rel=1e-9)
    assert abs(fit.linearized_gap) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("norm", [1.5, np.inf])
def test_training_against_pgd_is_close_to_a_direct_search_on_a_tiny_network(norm):
    network, X, y = draw(2, 3, 6, 12)
    fit = pgd_erm(network, X, y, 0.4, norm=norm, tol=1e-8)
    search = min(
        minimize(lambda theta: pgd_loss(network, theta, X, y, 0.4, norm=norm, restarts=2), start, method="Nelder-Mead",
                 options={"maxiter": 300}).fun for start in (fit.theta, np.zeros(3))
    )  # fmt: skip
    assert fit.objective < 1.01 * search


def test_pgd_objective_of_simulations_and_estimators_has_the_norm():
    one = {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.3, "d": 15, "replicates": 1, "workers": 1}
    cube, ball = (rfrobust.simulate(**one, objective="pgd", norm=norm) for norm in (np.inf, 2.0))
    linear = rfrobust.simulate(**one, objective="linearized", norm=np.inf)
    assert float(cube.training_loss[0]) == pytest.approx(float(linear.training_loss[0]), rel=0.1)
    assert float(cube.training_loss[0]) < 0.9 * float(ball.training_loss[0])
    X, y = sample()
    model = RobustRandomFeatures(20, eps=0.3, objective="pgd", norm=np.inf, random_state=0).fit(X, y)
    loss = 0.5 * model.adversarial_loss(X, y)
    assert loss == pytest.approx(model.fit_result_.objective, rel=1e-3)


NETWORK, X, Y = draw(3, 4, 5, 13)
THETA = np.ones(4)
test_bad_input = refusals(
    (lambda: pgd_attack(NETWORK, THETA, X, Y, 0.1, norm=1.0), "norm must be"),
    (lambda: linearized_attack(NETWORK, THETA, X, Y, 0.1, norm=0.5), "norm must be"),
    (lambda: inner_maximum(NETWORK, THETA, X, Y, -0.1, norm=3.0), "eps must be"),
    (lambda: sampled_risks(NETWORK, THETA, np.ones(3), 0.1, 0.1, 5, np.random.default_rng(0), norm=1.0), "norm must"),
    (lambda: RobustRandomFeatures(3).fit(X, Y).attack(X, Y, norm=1.0), "norm must be"),
    (lambda: RobustRandomFeatures(3).fit(X, Y).adversarial_bounds(X, Y, norm=0.0), "norm must be"),
)
