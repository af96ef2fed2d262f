"""Certified training with any convex loss, attack norm and penalty: optima of other solvers, certificates, refusals."""

import contextlib
import math
import unittest
import warnings
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pytest
from scipy.special import hyp1f1
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import estimator_checks_generator

import rfrobust
from rfrobust import RobustRandomFeatures, RobustRandomFeaturesClassifier, robust_erm
from rfrobust.finite import (
    ConcentratedERM,
    ConvergenceError,
    FamilyERM,
    FeatureMap,
    SeparableError,
    exact_risks,
    gradient_norm,
    linearized_erm,
)
from rfrobust.finite.convex import ConvexTraining, SplitLoss
from rfrobust.finite.family_erm import ridge_start
from rfrobust.finite.seminorms import Concentrated, Euclidean, Linearized, mean_powers
from rfrobust.problem import resolve_loss
from tests.refusals import refusals

LOSSES = ["square", "huber:0.5", "absolute", "logistic", "hinge"]
EPS = 0.3


@dataclass(frozen=True)
class Insensitive(rfrobust.ResidualLoss):
    """Two kinks, flat at 0."""

    name = "insensitive"
    kinks = (0.3, 1.0)
    quadratic = True

    def jet(self):
        return lambda z: (0.0, 0.0, 0.0) if z < 0.3 else (z - 0.3, 1.0, 0.0) if z < 1.0 else (2.0 * z - 1.3, 2.0, 0.0)


@dataclass(frozen=True)
class LogCosh(rfrobust.ResidualLoss):
    """Smooth, not a quadratic."""

    name = "log-cosh"

    def jet(self):
        return lambda z: (z + math.log1p(math.exp(-2 * z)) - math.log(2), math.tanh(z), 1 - math.tanh(z) ** 2)


@dataclass(frozen=True)
class SquaredHinge(rfrobust.MarginLoss):
    """A kink of the curvature alone."""

    name = "squared-hinge"
    kinks = (1.0,)
    quadratic = True

    def jet(self):
        return lambda z: (0.5 * (1.0 - z) ** 2, z - 1.0, 1.0) if z < 1.0 else (0.0, 0.0, 0.0)


def draw(d, N, n, seed, kind="true", activation="relu"):
    rng = np.random.default_rng(seed)
    network = FeatureMap.draw(N, d, rng, activation, kind)
    X = rng.standard_normal((n, d))
    return network, X, X[:, 0] + 0.5 * rng.standard_normal(n), network.features(X, rng)


def responses(loss, y):
    return np.sign(y) if resolve_loss(loss).sign < 0 else y


def paper(theta, F, y, loss, sizes, ridge=0.0, gradient=0.0, metric=None):
    """The training problem as written on paper, with attacks of these sizes."""
    f = F @ theta
    z = y * f - sizes if resolve_loss(loss).sign < 0 else np.abs(y - f) + sizes
    value = {
        "square": lambda z: z**2 / 2, "huber:0.5": lambda z: np.where(z < 0.5, z**2 / 2, 0.5 * z - 0.125),
        "absolute": lambda z: z, "logistic": lambda z: np.logaddexp(0, -z), "hinge": lambda z: np.maximum(1 - z, 0),
    }[loss](z).mean()  # fmt: skip
    penalty = 0.5 * ridge * theta @ theta
    return value + penalty + (0.5 * gradient * theta @ metric @ theta if gradient else 0.0)


def concentrated_norm(network, theta, norm):
    """E|alpha + s z|^q by Kummer's function: docs/family, eq-dual-norm."""
    a, (_, d) = network.activation, network.W.shape
    q = 1.0 if norm == np.inf else norm / (norm - 1.0)
    alpha, s = math.sqrt(d) * a.mu1 * network.W.T @ theta, a.rho * np.linalg.norm(theta)
    top = 2 ** (q / 2) * math.gamma((1 + q) / 2) / math.sqrt(math.pi)
    return np.mean(top * s**q * hyp1f1(-q / 2, 0.5, -(alpha**2) / (2 * s * s))) ** (1 / q)


def convex(F, y, loss, sizes, theta, rest=0.0, constraints=()):
    """The optimal value by Clarabel, for attacks of the given sizes (an expression)."""
    n = len(y)
    if loss == "logistic":
        total = cp.sum(cp.logistic(sizes - cp.multiply(y, F @ theta)))
    elif loss == "hinge":
        total = cp.sum(cp.pos(1 + sizes - cp.multiply(y, F @ theta)))
    else:
        size = cp.abs(y - F @ theta) + sizes
        total = {
            "square": lambda: cp.sum_squares(size) / 2, "huber:0.5": lambda: cp.sum(cp.huber(size, 0.5)) / 2,
            "absolute": lambda: cp.sum(size),
        }[loss]()  # fmt: skip
    problem = cp.Problem(cp.Minimize(total / n + rest), list(constraints))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
    return problem.value


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("shape", "ridge", "gradient"), [
    ((20, 15, 40), 0.0, 0.0), ((20, 15, 40), 0.02, 0.1), ((20, 30, 24), 0.02, 0.0), ((20, 30, 24), 0.0, 0.1),
])  # fmt: skip
def test_l2_agrees_with_clarabel(loss, shape, ridge, gradient):
    network, _, y, F = draw(*shape, 1)
    y, J2 = responses(loss, y), network.metric
    fit = robust_erm(F, y, network, EPS, loss=loss, ridge=ridge, gradient_penalty=gradient)
    assert fit.gap <= 1e-11
    norm = math.sqrt(fit.theta @ J2 @ fit.theta)
    assert fit.norm == pytest.approx(norm, rel=1e-12)
    value = paper(fit.theta, F, y, loss, EPS * norm, ridge, gradient, J2)
    assert fit.objective == pytest.approx(value, rel=1e-12)
    theta, root = cp.Variable(F.shape[1]), np.linalg.cholesky(J2).T
    rest = 0.5 * ridge * cp.sum_squares(theta) + 0.5 * gradient * cp.sum_squares(root @ theta)
    assert value == pytest.approx(convex(F, y, loss, EPS * cp.norm(root @ theta), theta, rest), rel=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("norm", [np.inf, 4.0, 2.0])
def test_linearized_agrees_with_clarabel(loss, norm):
    network, X, y, F = draw(6, 8, 14, 2)
    y, slopes = responses(loss, y), network.activation.derivative(X @ network.W.T)
    fit = linearized_erm(network, X, y, EPS, loss=loss, norm=norm, ridge=0.02, gradient_penalty=0.05)
    assert fit.gap <= 1e-8
    q = 1.0 if norm == np.inf else norm / (norm - 1.0)
    scale = 6 ** (0.5 - 1.0 / q)
    sizes = EPS * scale * np.linalg.norm((slopes * fit.theta) @ network.W, q, axis=1)
    value = paper(fit.theta, F, y, loss, sizes, 0.02, 0.05, network.metric)
    assert fit.objective == pytest.approx(value, rel=1e-12)
    theta, root = cp.Variable(8), np.linalg.cholesky(network.metric).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        sizes = EPS * scale * cp.hstack([cp.pnorm((network.W.T * row) @ theta, q) for row in slopes])
        rest = 0.01 * cp.sum_squares(theta) + 0.025 * cp.sum_squares(root @ theta)
        assert value == pytest.approx(convex(F, y, loss, sizes, theta, rest), rel=2e-7)


@pytest.mark.parametrize("norm", [np.inf, 3.0, 1.3])
@pytest.mark.parametrize("loss", [*LOSSES, Insensitive(), LogCosh(), SquaredHinge()])
@pytest.mark.parametrize("ridge", [0.0, 0.02])
def test_no_step_improves_and_the_certificate_is_tight_in_any_norm(norm, loss, ridge):
    network, _, y, F = draw(12, 10, 40, 3)
    y, loss = responses(loss, y), resolve_loss(loss)
    fit = robust_erm(F, y, network, EPS, loss=loss, norm=norm, ridge=ridge)
    assert fit.gap <= 1e-11

    def value(theta):
        f, size = F @ theta, EPS * concentrated_norm(network, theta, norm)
        z = y * f - size if loss.sign < 0 else np.abs(y - f) + size
        return loss(z).mean() + 0.5 * ridge * theta @ theta

    assert fit.objective == pytest.approx(value(fit.theta), rel=1e-10)
    assert fit.norm == pytest.approx(concentrated_norm(network, fit.theta, norm), rel=1e-10)
    rng = np.random.default_rng(0)
    for length in (1e-4, 1e-2, 1.0):
        for _ in range(5):
            assert value(fit.theta + length * rng.standard_normal(10)) >= fit.objective


def test_the_square_loss_agrees_with_its_own_solver():
    for shape, ridge in (((20, 15, 40), 0.0), ((20, 30, 24), 0.02), ((20, 30, 24), 0.0)):
        network, _, y, F = draw(*shape, 4)
        ours, own = FamilyERM(F, y, network, ridge=ridge), ConcentratedERM(F, y, network.metric, ridge=ridge)
        assert ours.null_threshold == pytest.approx(own.null_threshold, rel=1e-12)
        for eps in (0.0, 0.05, 0.5, 0.99 * own.null_threshold, 1.01 * own.null_threshold):
            first, second = ours.solve(eps), own.solve(eps)
            assert first.phase is second.phase
            assert first.zero_residual_fraction == second.zero_residual_fraction
            np.testing.assert_allclose(first.theta, second.theta, atol=1e-7 * max(np.abs(second.theta).max(), 1e-9))


def test_directions_without_norm_are_found():
    """An unpenalised intercept, for every loss; the square loss by its own solver."""
    network, _, y, F = draw(20, 15, 60, 5)
    F, C = np.hstack([F, np.ones((60, 1))]), np.zeros((16, 16))
    C[:15, :15] = network.metric
    for loss in LOSSES:
        shifted = responses(loss, y) + (2.0 if resolve_loss(loss).sign > 0 else 0.0)
        fit = FamilyERM(F, shifted, C, loss=loss).solve(EPS)
        assert fit.gap <= 1e-11
        if loss == "square":
            np.testing.assert_allclose(fit.theta, robust_erm(F, shifted, C, EPS).theta, atol=1e-7)
        else:  # the best intercept, the rest held
            values = [
                paper(fit.theta + step * np.eye(16)[15], F, shifted, loss, EPS * fit.norm)
                for step in (-1e-3, 0.0, 1e-3)
            ]
            assert values[1] <= min(values) + 1e-14


@pytest.mark.parametrize("norm", [2.0, np.inf, 3.0])
@pytest.mark.parametrize("loss", ["huber:0.5", "absolute", "logistic", "hinge"])
def test_null_threshold_is_sharp_whatever_the_penalty(norm, loss):
    network, _, y, F = draw(15, 12, 30, 6)
    y = responses(loss, y)
    for penalty in ({}, {"ridge": 0.3}, {"gradient_penalty": 0.3}):
        problem = FamilyERM(F, y, network, loss=loss, norm=norm, **penalty)
        above, below = problem.solve(1.0001 * problem.null_threshold), problem.solve(0.99 * problem.null_threshold)
        assert above.phase is rfrobust.Phase.NULL
        assert not above.theta.any()
        assert below.theta.any()
        assert below.objective < above.objective
        assert below.gap <= 1e-10


@pytest.mark.parametrize("norm", [2.0, np.inf, 1.5])
def test_limit_without_attack_is_the_interpolator_of_least_norm(norm):
    network, _, y, F = draw(10, 40, 25, 7)
    for loss in ("huber:0.5", "absolute"):
        fit = robust_erm(F, y, network, 0.0, loss=loss, norm=norm)
        assert fit.phase is rfrobust.Phase.INTERPOLATING
        np.testing.assert_allclose(F @ fit.theta, y, atol=1e-9)
        kernel = np.linalg.svd(F)[2][25:]
        assert np.abs(kernel @ _norm_gradient(network, fit.theta, norm)).max() < 1e-5 * fit.norm
    assert robust_erm(F[:, :20], y, FeatureMap(network.W[:20], "relu"), 0.0, loss="absolute", norm=norm).gap <= 1e-8


@pytest.mark.parametrize("norm", [2.0, np.inf])
@pytest.mark.parametrize("loss", ["huber:0.5", "absolute"])
def test_interpolation_threshold_of_the_data_is_that_of_every_loss(norm, loss):
    """docs/family, "Interpolators": the interpolator is optimal up to 1/(n max |multiplier|), whatever the loss."""
    network, _, y, F = draw(10, 40, 25, 7)
    problem = FamilyERM(F, y, network, loss=loss, norm=norm)
    theta = problem.solve(0.0).theta
    multipliers = np.linalg.lstsq(F.T, _norm_gradient(network, theta, norm), rcond=None)[0]
    threshold = 1.0 / (25 * np.abs(multipliers).max())
    assert problem.solve(threshold * (1 - 1e-3)).phase is rfrobust.Phase.INTERPOLATING
    beyond = problem.solve(threshold * 1.01)
    assert beyond.phase is rfrobust.Phase.REGULAR
    assert np.argmax(np.abs(y - F @ beyond.theta)) == np.argmax(np.abs(multipliers))


def _norm_gradient(network, theta, norm):
    if norm == 2.0:
        return network.metric @ theta / math.sqrt(theta @ network.metric @ theta)
    steps = 1e-5 * np.eye(len(theta))
    ahead, behind = ([concentrated_norm(network, theta + s * h, norm) for h in steps] for s in (1, -1))
    return (np.array(ahead) - behind) / 2e-5


def test_separable_labels_have_no_minimiser():
    network, X, y, F = draw(20, 60, 25, 8)
    y = np.sign(y)
    for loss in ("logistic", "hinge", SquaredHinge()):
        for norm in (2.0, np.inf):
            with pytest.raises(SeparableError, match="no theta is best"):
                robust_erm(F, y, network, 0.1, loss=loss, norm=norm)
            with pytest.raises(SeparableError, match="ridge > 0"):
                linearized_erm(network, X, y, 0.1, loss=loss, norm=norm)
            assert robust_erm(F, y, network, 0.1, loss=loss, norm=norm, ridge=0.01).gap <= 1e-8
    assert robust_erm(F, y, network, 0.1, loss="absolute").gap <= 1e-8


def seminorms(network, X):
    slopes = network.activation.derivative(X @ network.W.T)
    a = network.activation
    yield Euclidean(len(network.W), len(network.W))
    for norm in (np.inf, 3.0, 1.3):
        yield Concentrated(network.W, a.mu1, a.rho, norm)
        yield Linearized(network.W, slopes, norm)
    yield Linearized(network.W, slopes, 2.0)


def test_smoothed_seminorms_and_their_derivatives():
    network, X, _, _ = draw(7, 9, 6, 9)
    rng = np.random.default_rng(0)
    for norms in seminorms(network, X):
        x, other, step = rng.standard_normal((3, 9))
        for h in (1e-3, 0.3):
            R, G = norms.smooth(x, h)
            assert (R >= norms.values(x) - 1e-14).all()
            np.testing.assert_allclose(norms.smooth(x, 1e-12)[0], norms.values(x), rtol=1e-9)
            # gradients of the smoothed norm are in the dual ball
            assert (G @ other <= norms.values(other) * (1 + 1e-12)).all()
            ahead, behind = norms.smooth(x + 1e-6 * step, h), norms.smooth(x - 1e-6 * step, h)
            np.testing.assert_allclose(G @ step, (ahead[0] - behind[0]) / 2e-6, rtol=1e-5, atol=1e-7)
            weights = rng.random(len(R))
            bend = norms.curvature(x, h, weights) @ step
            np.testing.assert_allclose(bend, weights @ (ahead[1] - behind[1]) / 2e-6, rtol=1e-4, atol=1e-5 / h)


@pytest.mark.parametrize("loss", [*LOSSES, Insensitive(), SquaredHinge()])
def test_no_dual_point_certifies_more_than_the_optimum(loss):
    """Weak duality: the bound of random dual points is below the loss of random and of trained networks."""
    network, X, y, F = draw(7, 9, 30, 10)
    loss = resolve_loss(loss)
    y, rng, held = responses(loss, y), np.random.default_rng(1), 0
    for norms in seminorms(network, X):
        Z = F if not isinstance(norms, Euclidean) else np.linalg.solve(np.linalg.cholesky(network.metric), F.T).T
        for M in (None, 0.05 * np.eye(9)):
            problem = ConvexTraining(Z, y, loss, EPS, norms, M)
            start = ridge_start(Z, y, None, M, EPS)
            least = min(problem.primal(start * t) for t in np.linspace(0, 2, 21))
            for _ in range(20):
                x, h = start + 0.3 * rng.standard_normal(9) * np.abs(start).mean(), 10 ** rng.uniform(-3, 0.5)
                z = problem.sizes(x, norms.smooth(x, h)[0])
                hinges = rng.random((30, len(problem.parts.jumps))) * problem.parts.jumps
                point = problem.parts.dual_point(y, z, rng.standard_normal(30), hinges)
                bound = problem.lower_bound(x, h, point)
                held += np.isfinite(bound)
                assert bound <= least + 1e-12
    assert held > 50


def test_losses_are_split_into_a_smooth_part_and_hinges():
    for loss, kinks, jumps in ((Insensitive(), [0.3, 1.0], [1.0, 1.0]), (resolve_loss("hinge"), [1.0], [1.0]),
                               (SquaredHinge(), [], []), (resolve_loss("huber:0.5"), [], [])):  # fmt: skip
        parts = SplitLoss(loss)
        np.testing.assert_allclose(parts.kinks, kinks)
        np.testing.assert_allclose(parts.jumps, jumps)
        z = np.linspace(max(loss.start, -3), 3, 50)
        whole = parts.smooth(z)[0] + np.maximum(z[:, None] - parts.kinks, 0) @ parts.jumps
        np.testing.assert_allclose(whole, loss(z), atol=1e-14)


def test_powers_are_averages_over_noise():
    rng = np.random.default_rng(0)
    nodes = np.linspace(-9, 9, 100_001)
    weights = np.exp(-(nodes**2) / 2)
    alpha = rng.standard_normal(5) * 3
    for q in (1.5, 3.0):
        e = mean_powers(alpha, 0.7, rfrobust.problem.attack.dual_of(q / (q - 1), rfrobust.problem.BernoulliGauss()))
        exact = np.abs(alpha[:, None] + 0.7 * nodes) ** q @ weights / weights.sum()
        np.testing.assert_allclose(e[0], exact, rtol=1e-7)


def test_exact_observables_against_sampling():
    rng = np.random.default_rng(2)
    network = FeatureMap.draw(60, 40, rng)
    theta, beta = rng.standard_normal(60) / 8, rng.standard_normal(40)
    theta += network.W @ beta / 10
    X, n = rng.standard_normal((200_000, 40)), 200_000
    f, latent = network.features(X) @ theta, X @ beta
    mixture = rfrobust.GaussianMixture((0.3, 3.0), (0.8, 0.2))
    real = rfrobust.problem.Data(np.linalg.norm(beta), 1.0, noise=mixture)
    y = latent + mixture.draw(n, rng)
    exact = exact_risks(network, theta, beta, real)
    for got, samples in ((exact.standard_risk, (y - f) ** 2), (exact.overlap, latent * f), (exact.output_power, f * f)):
        assert abs(got - samples.mean()) < 4 * samples.std() / math.sqrt(n)
    assert exact.mean_abs_error == pytest.approx(np.abs(y - f).mean(), rel=0.01)  # f is Gaussian to leading order
    labels = rfrobust.problem.Data(np.linalg.norm(beta), 0.5, labels="sign")
    y = np.sign(latent + 0.5 * rng.standard_normal(n))
    assert exact_risks(network, theta, beta, labels).standard_risk == pytest.approx(np.mean(y * f < 0), abs=0.01)
    slopes = (network.activation.derivative(X[:20_000] @ network.W.T) * theta) @ network.W
    for norm, q in ((np.inf, 1.0), (4.0, 4.0 / 3.0)):
        sampled = np.mean(np.abs(math.sqrt(40) * slopes) ** q) ** (1 / q)
        assert gradient_norm(network, theta, norm) == pytest.approx(sampled, rel=0.02)


SMALL = {"psi1": 1.0, "psi2": 2.0, "eps": [0.1, 0.3], "d": 20, "replicates": 3, "workers": 1}


def test_simulations_have_the_names_of_sweep():
    for settings in (
        {"loss": "logistic", "tau": 0.3, "ridge": 0.05},
        {"loss": "huber:0.5", "noise": rfrobust.Laplace()},
    ):
        data = rfrobust.simulate(**SMALL, **settings)
        theory = rfrobust.sweep(psi1=1.0, psi2=2.0, eps=[0.1, 0.3], **settings)
        ours = set(data.data_vars) - {"gap", "converged"}
        assert ours <= set(theory.data_vars)
        assert {"overlap", "output_power", "training_loss", "adversarial_risk", "standard_risk"} <= ours
        assert (data.gap <= 1e-8).all()
        assert ("mean_margin" in ours) == (data.attrs["labels"] == "sign") == ("mean_abs_error" not in ours)


def test_losses_norms_and_penalties_share_their_draws():
    """Training against l2 does not see the turn that gives beta its coordinates; lists become dimensions."""
    square = rfrobust.simulate(**SMALL, tau=0.5)
    both = rfrobust.simulate(**SMALL, tau=0.5, norm=[2.0, np.inf], norm_test=np.inf)
    np.testing.assert_allclose(both.standard_risk.sel(norm=2.0), square.standard_risk, rtol=1e-6)
    assert (both.test_gradient_norm.sel(norm=np.inf) == both.gradient_norm.sel(norm=np.inf)).all()
    assert (both.test_gradient_norm.sel(norm=2.0) != both.gradient_norm.sel(norm=2.0)).all()
    penalised = rfrobust.simulate(**SMALL, tau=0.5, gradient_penalty=[0.0, 0.5])
    np.testing.assert_array_equal(penalised.standard_risk.sel(gradient_penalty=0.0), square.standard_risk)
    assert (penalised.gradient_norm.diff("gradient_penalty") < 0).all()
    losses = rfrobust.simulate(**SMALL, tau=0.5, loss=["square", "absolute"])
    np.testing.assert_array_equal(losses.standard_risk.sel(loss="square"), square.standard_risk)


def test_networks_without_minimiser_are_counted():
    with pytest.warns(rfrobust.SweepWarning, match="no minimiser"):
        data = rfrobust.simulate(**SMALL | {"psi1": 4.0, "eps": 0.1}, loss="logistic")
    assert (data.converged == 0).all()
    assert data.standard_risk.isnull().all()


@pytest.mark.slow
@pytest.mark.parametrize("settings", [
    {"loss": "huber:0.5", "noise": rfrobust.GaussianMixture((0.3, 3.0), (0.8, 0.2)), "ridge": 0.05},
    {"loss": "absolute", "tau": 0.5}, {"loss": "logistic", "ridge": 0.01, "tau": 0.3},
    {"loss": "hinge", "ridge": 0.01, "tau": 0.3}, {"labels": "sign", "ridge": 0.01, "tau": 0.3},
    {"norm": np.inf, "ridge": 0.01, "tau": 0.5}, {"norm": np.inf, "loss": "logistic", "ridge": 0.01, "tau": 0.3},
    {"norm": 3.0, "loss": "absolute", "ridge": 0.01, "tau": 0.5}, {"gradient_penalty": 0.1, "tau": 0.5},
    {"norm": 1.5, "ridge": 0.01, "tau": 0.5},
], ids=lambda settings: "-".join(f"{name}={value}" for name, value in settings.items())[:60])  # fmt: skip
def test_networks_agree_with_theory(settings):
    """At d = infinity, by a line in 1/d, with seeds that nothing was chosen on."""
    theory = rfrobust.solve(1.0, 2.0, 0.3, **settings)
    runs = rfrobust.simulate(theory.problem, d=[50, 100], replicates=30, seed=20)
    limit = rfrobust.extrapolate(runs)
    scores = []
    for name in ("standard_risk", "gradient_norm", "overlap", "output_power", "training_loss", "zero_residual_fraction",
                 "training_error", "attacked_training_error", "mean_margin", "mean_abs_error"):  # fmt: skip
        expected = getattr(theory, name)
        if name in limit and math.isfinite(expected) and float(limit[f"{name}_se"]) > 0.0:
            scores.append(float((limit[name] - expected) / limit[f"{name}_se"]))
    assert len(scores) >= 6
    assert np.abs(scores).max() < 4.0


@pytest.mark.parametrize("objective", ["concentrated", "linearized"])
@pytest.mark.parametrize("estimator", [
    RobustRandomFeatures(20, random_state=0, loss="huber:0.5", norm=np.inf, gradient_penalty=0.01),
    RobustRandomFeaturesClassifier(20, random_state=0),
    RobustRandomFeaturesClassifier(20, random_state=0, loss="hinge", norm=4.0),
])  # fmt: skip
@pytest.mark.slow
def test_scikit_learn_check_estimator(estimator, objective):
    ran = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for instance, check in estimator_checks_generator(estimator.set_params(objective=objective)):
            with contextlib.suppress(unittest.SkipTest):  # what is not installed
                check(instance)
                ran += 1
    assert ran > 40


def test_classifier_on_real_data():
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    names = np.array(["benign", "malignant"])[y]
    X, X_test, names, names_test = train_test_split(X, names, random_state=0)
    plain = RobustRandomFeaturesClassifier(100, eps=0.0, ridge=1e-4, random_state=0).fit(X, names)
    robust = RobustRandomFeaturesClassifier(100, eps=1.0, random_state=0).fit(X, names)
    assert robust.fit_result_.gap <= 1e-8
    assert robust.score(X_test, names_test) > 0.9
    chances = robust.predict_proba(X_test)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    np.testing.assert_array_equal(robust.classes_[chances.argmax(axis=1)], robust.predict(X_test))
    assert robust.adversarial_error(X_test, names_test, 1.5) < plain.adversarial_error(X_test, names_test, 1.5)
    attacked = robust.attack(X_test, names_test, 1.5)
    np.testing.assert_array_less(np.linalg.norm(attacked - X_test, axis=1), 1.5 + 1e-9)
    weak = robust.adversarial_error(X_test, names_test, 1.5, method="linearized")
    assert np.mean(robust.predict(X_test) != names_test) <= weak <= robust.adversarial_error(X_test, names_test, 1.5)
    cube = RobustRandomFeaturesClassifier(100, eps=1.0, norm=np.inf, random_state=0).fit(X, names)
    moved = cube.attack(X_test, names_test, 0.5, method="linearized") - X_test
    np.testing.assert_allclose(np.abs(moved).max(axis=1), 0.5 / math.sqrt(X.shape[1]), rtol=1e-9)
    assert not hasattr(RobustRandomFeaturesClassifier(loss="hinge"), "predict_proba")


def test_a_used_budget_raises_with_the_best_point():
    network, _, y, F = draw(15, 12, 30, 11)
    with pytest.raises(ConvergenceError, match="relative duality gap") as caught:
        robust_erm(F, y, network, 0.1, loss="absolute", max_iter=3)
    assert caught.value.fit.iterations == 3


NETWORK, INPUTS, Y, FEATURES = draw(4, 3, 5, 12)
LABELS = np.sign(Y)
POINT = {"psi1": 1.0, "psi2": 2.0, "eps": 0.1, "d": 10}
test_bad_input = refusals(
    (lambda: robust_erm(FEATURES, Y, NETWORK, 0.1, loss="logistic"), "y must be -1 or 1 for the loss 'logistic'"),
    (lambda: linearized_erm(NETWORK, INPUTS, Y, 0.1, loss="hinge"), "y must be -1 or 1 for the loss 'hinge'"),
    (lambda: robust_erm(FEATURES, Y, NETWORK.metric, 0.1, norm=np.inf), "norm must be 2 for a metric"),
    (lambda: robust_erm(FEATURES, Y, NETWORK, 0.1, norm=1.0), "norm must be"),
    (lambda: robust_erm(FEATURES, Y, NETWORK, 0.1, loss="cubic"), "loss must be one of"),
    (lambda: robust_erm(FEATURES, Y, NETWORK, 0.1, gradient_penalty=-1.0), "gradient_penalty must be"),
    (lambda: robust_erm(FEATURES[:, :2], Y, NETWORK, 0.1, norm=np.inf), "metric must be a network of 2 units"),
    (lambda: robust_erm(FEATURES, Y, -NETWORK.metric, 0.1, loss="absolute"), "metric must be positive semidefinite"),
    (lambda: robust_erm(FEATURES, Y, np.triu(NETWORK.metric), 0.1, loss="absolute"), "metric must be symmetric"),
    (lambda: robust_erm(FEATURES, Y, NETWORK, 0.1, loss="absolute", start=robust_erm(FEATURES, Y, NETWORK, 0.1)),
     "start must be None unless"),
    (lambda: robust_erm(FEATURES, Y, FeatureMap(NETWORK.W, "identity"), 0.1, norm=np.inf), "norm must be 2 for linear"),
    (lambda: rfrobust.simulate(**POINT, objective="pgd", loss="absolute"), "loss must be 'square' for objective='pgd'"),
    (lambda: rfrobust.simulate(**POINT | {"eps": 0.0}, objective="least-norm", norm=np.inf), "norm must be 2 for obj"),
    (lambda: rfrobust.simulate(**POINT, objective="pgd", labels="sign"), "labels must be 'real' for objective='pgd'"),
    (lambda: rfrobust.simulate(**POINT, objective="pgd", gradient_penalty=0.1), "gradient_penalty must be 0 for obj"),
    (lambda: rfrobust.simulate(**POINT | {"eps": 0.0}, objective="least-norm", loss="absolute"), "loss must be"),
    (lambda: rfrobust.simulate(**POINT, labels="sign", test_samples=5), "test_samples must be 0 unless"),
    (lambda: rfrobust.simulate(**POINT, norm_test=1.0), "norm_test must be"),
    (lambda: RobustRandomFeatures(loss="hinge").fit(INPUTS, Y), "loss must be one of residuals"),
    (lambda: RobustRandomFeatures(loss="absolute", objective="pgd").fit(INPUTS, Y), "loss must be 'square'"),
    (lambda: RobustRandomFeaturesClassifier(3).fit(INPUTS, np.ones(5)), "y must hold two classes"),
    (lambda: RobustRandomFeaturesClassifier(3).fit(INPUTS, LABELS).attack(INPUTS, 7 * LABELS), "y must hold a class"),
)  # fmt: skip
