"""Predictions from a pool of samples: against known limits, other routes and trained models."""

import math

import numpy as np
import pytest

import rfrobust
from rfrobust import RobustRandomFeatures, theory_of_data
from rfrobust.finite import ConcentratedERM, FeatureMap
from rfrobust.samples import PoolWarning, image_patches
from rfrobust.theory import drawn_network

D, TAU = 20, 0.5


def samples(count, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((count, D))
    beta = np.ones(D) / math.sqrt(D)
    return scale * X, X @ beta + TAU * rng.standard_normal(count), beta


@pytest.fixture(scope="module")
def network():
    return FeatureMap.draw(40, D, np.random.default_rng(1), "tanh")


@pytest.fixture(scope="module")
def theory(network):
    X, y, _ = samples(40_000, 0)
    return theory_of_data(X, y, network)


@pytest.mark.parametrize("settings", [{}, {"ridge": 0.05}])
@pytest.mark.parametrize("n", [25, 60, 200])
def test_gaussian_inputs_have_the_theory_of_the_drawn_network(theory, network, settings, n):
    *_, beta = samples(1, 0)
    exact = drawn_network(network.W, n, TAU, activation="tanh", beta=beta).solve(0.2, **settings)
    found = theory.sweep(n, 0.2, **settings)
    for name in ("standard_risk", "adversarial_risk", "gradient_norm"):
        expected = exact.adversarial_risk() if name == "adversarial_risk" else getattr(exact, name)
        error = float(found[f"{name}_error"])
        assert 0 < error < 0.03 * expected
        assert abs(float(found[name]) - expected) < 5.0 * error + 0.005 * expected
    assert theory.null_threshold(n) == pytest.approx(drawn_network(
        network.W, n, TAU, activation="tanh", beta=beta).null_threshold, rel=0.02)  # fmt: skip


def test_a_function_with_its_jacobian_is_the_network(network):
    X, y, _ = samples(900, 2)

    def jacobian(rows):
        return (1.0 - np.tanh(rows @ network.W.T) ** 2)[:, :, None] * network.W

    M = np.diag(np.linspace(0.5, 2.0, D))
    maps = ((network, None), (lambda rows: np.tanh(rows @ network.W.T), jacobian))
    other, one = (theory_of_data(X, y, features, jacobian=slopes, attack=M) for features, slopes in maps)
    np.testing.assert_allclose(one.model.metric, other.model.metric, rtol=1e-10)
    assert one.solve(50, 0.1).standard_risk == pytest.approx(other.solve(50, 0.1).standard_risk, rel=1e-8)


def test_units_are_those_of_the_inputs():
    predicted = []
    for scale in (1.0, 10.0):
        X, y, _ = samples(4000, 3, scale)
        predicted.append(theory_of_data(X, y, 30, random_state=5).solve(80, 0.2 * scale).adversarial_risk())
    assert predicted[0] == pytest.approx(predicted[1], rel=1e-8)


def test_a_fitted_estimator_is_predicted():
    X, y, _ = samples(6000, 4)
    fitted = RobustRandomFeatures(30, eps=0.3, ridge=0.02, random_state=0).fit(X[:90], y[:90])
    theory = theory_of_data(X, y, fitted)
    test, answers = samples(6000, 5)[:2]
    error = np.abs(answers - fitted.predict(test)) ** 2
    predicted = theory.solve(90, 0.3, ridge=0.02).standard_risk
    assert np.mean(error) == pytest.approx(predicted, rel=0.2)  # one draw of 90 samples


def test_noise_of_the_pool_is_not_taken_for_signal(network):
    """A small pool alone, of which the best linear predictor explains noise."""
    found, exact = [], drawn_network(network.W, 30, TAU, activation="tanh", beta=samples(1, 0)[2]).solve(0.2)
    for seed in range(20):
        X, y, _ = samples(600, 10 + seed)
        found.append(theory_of_data(X, y, network).solve(30, 0.2).standard_risk)
    mean, se = np.mean(found), np.std(found, ddof=1) / math.sqrt(len(found))
    assert abs(mean - exact.standard_risk) < 4.0 * se + 0.02 * exact.standard_risk
    assert se < 0.03 * exact.standard_risk


def test_best_training_over_radius_and_ridge(theory):
    best = theory.best_training(60, eps_test=0.2, ridge=None)
    assert set(best.at) == {"eps", "ridge"}
    for eps, ridge in ((0.2, 0.0), (0.2, 0.1), (best.at["eps"] * 1.2, best.at["ridge"])):
        assert theory.solve(60, eps, ridge=ridge).adversarial_risk(0.2) >= best.risk * (1 - 1e-9)


def test_huber_on_heavy_tails(network):
    """Laplace noise enters by the law of the residuals."""
    rng = np.random.default_rng(6)
    X, y, beta = samples(40_000, 6)
    y = X @ beta + 0.3 * rng.laplace(size=len(X))
    found = theory_of_data(X, y, network).solve(100, 0.1, loss="huber:0.3")
    problem = drawn_network(network.W, 100, 0.0, activation="tanh", beta=beta).problem(0.1, loss="huber:0.3")
    exact = rfrobust.solve(problem.vary(noise="laplace", tau=0.3))
    assert found.standard_risk == pytest.approx(exact.standard_risk, rel=0.02)
    assert found.gradient_norm == pytest.approx(exact.gradient_norm, rel=0.02)
    assert found.mean_abs_error == pytest.approx(exact.mean_abs_error, rel=0.02)


@pytest.mark.slow
def test_patches_of_photographs():
    """Fresh certified models on held-out patches: within 2 percent at eps = .1, 5 at .5, and their errors."""
    X, y = image_patches(50_000)
    X, y = X / math.sqrt(np.mean(X**2)), (y - y.mean()) / y.std()
    network = FeatureMap.draw(300, X.shape[1], np.random.default_rng(1), "tanh")
    theory = theory_of_data(X[:30_000], y[:30_000], network)
    F, answers, rng = network.features(X[30_000:]), y[30_000:], np.random.default_rng(2)
    for eps, most in ((0.1, 0.02), (0.5, 0.05)):
        for n in (500, 1000, 2000):
            found = theory.solve(n, eps)
            measured = []
            for _ in range(8):
                rows = rng.choice(len(F), n, replace=False)
                fit = ConcentratedERM(F[rows], answers[rows], theory.model.metric).solve(eps)
                size = np.abs(answers - F @ fit.theta)
                measured.append((np.mean(size**2), np.mean((size + eps * fit.norm) ** 2)))
            mean, se = np.mean(measured, axis=0), np.std(measured, axis=0, ddof=1) / math.sqrt(8)
            for value, expected, error in zip((found.standard_risk, found.adversarial_risk()), mean, se, strict=True):
                assert abs(value / expected - 1.0) < most + 3.0 * error / expected, (eps, n, value, expected, error)


def test_inputs_of_very_different_lengths_are_told(network):
    X, y, _ = samples(3000, 7)
    X *= np.exp(np.random.default_rng(8).standard_normal((3000, 1)))
    with pytest.warns(PoolWarning, match="samples of several kinds, or of very different lengths"):
        theory_of_data(X, y, 40, activation="identity")


def test_a_number_of_samples_that_is_not_small_is_told(theory):
    with pytest.warns(PoolWarning, match="n = 20000 is more than"):
        theory.solve(20_000, 0.2)


def test_bad_arguments_are_named(network):
    X, y, _ = samples(100, 0)
    for arguments, settings, message in (
        ((X, y[:5]), {}, "y must have shape"),
        ((X, y, "many"), {}, "features must be"),
        ((X[:, :3], y, network), {}, "features must take inputs of dimension 3"),
        ((X, y, np.tanh), {}, "jacobian must be a function"),
        ((X, y, 5), {"jacobian": np.tanh}, "jacobian must be None"),
        ((X, y, 5), {"attack": np.ones((D, D))}, "attack must be symmetric and positive definite"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            theory_of_data(*arguments, **settings)
    with pytest.raises(ValueError, match="size must be odd"):
        image_patches(10, size=6)
    with pytest.raises(ValueError, match="count must be <="):
        image_patches(10**7)
