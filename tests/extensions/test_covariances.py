"""Matrices Sigma and J^2 that need not commute, with a ridge: by other routes, and against trained models."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

import rfrobust
from rfrobust.finite.robust import concentrated_problem
from rfrobust.theory import CovarianceModel, QuadraticModel, drawn_network


def pair(N, seed):
    """Return Sigma, J^2 and the coefficients of a target, with spread eigenvalues and no common basis."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((2 * N, N)) / math.sqrt(2 * N) * np.geomspace(1.0, 0.2, N)
    B = rng.standard_normal((N + 5, N)) / math.sqrt(N) * rng.uniform(0.2, 1.5, N)
    return A.T @ A, B.T @ B, 1.5 * rng.standard_normal(N) / math.sqrt(N)


def model_of(N, seed, n, tau=0.4, **settings):
    Sigma, J2, target = pair(N, seed)
    return CovarianceModel(Sigma, J2, Sigma @ target, target @ Sigma @ target + tau**2, n, tau=tau, **settings)


SETTINGS = [
    {"ridge": 0.1},
    {"ridge": 1e-9},
    {"ridge": 0.01, "gradient_penalty": 0.2},
    {"ridge": 0.03, "loss": "huber:0.3"},
    {"ridge": 0.03, "loss": "absolute"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("eps", [0.0, 0.2, 1.0])
def test_a_pair_that_commutes_is_that_of_its_eigenvalues(settings, eps):
    rng = np.random.default_rng(0)
    N = 30
    sigma, metric, b = rng.uniform(0.2, 3.0, N), rng.uniform(0.2, 2.0, N), 0.05 * rng.standard_normal(N)
    Q = np.linalg.qr(rng.standard_normal((N, N)))[0]
    matrices = CovarianceModel((Q * sigma) @ Q.T, (Q * metric) @ Q.T, Q @ b, 1.0, 50, tau=0.5)
    vectors = QuadraticModel(sigma, metric, b * b, 1.0, 50, tau=0.5)
    assert matrices.null_threshold == pytest.approx(vectors.null_threshold, rel=1e-12)
    found, expected = (model.solve(eps, **settings) for model in (matrices, vectors))
    for name in ("standard_risk", "gradient_norm", "training_loss", "overlap", "zero_residual_fraction"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-12)


def test_averages_by_inverses():
    model = model_of(25, 1, 40)
    p = model.problem(0.3, 0.1).parameters
    a, k, l = 0.7, 0.3, 0.2
    H = np.linalg.inv(a * model.covariance + k * model.metric + l * np.eye(25))
    b, S, J = model.source[:, 0], model.covariance, model.metric
    S1, x = H @ S, H @ b
    found = model.matrices(p).overlaps(a, k, l)
    expected = (
        np.trace(S1) / 25, np.trace(S1 @ S1) / 25, b @ x, x @ J @ x,
        model.signal - 2 * a * b @ x + a * a * x @ S @ x, x @ S @ x, np.trace(S1 @ H @ J) / 25,
    )  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 3.0])
def test_without_attack_it_is_ridge_regression_of_gaussian_covariates(ridge):
    """ridge = kappa (1 - tr Sigma (Sigma + kappa)^-1/n), v = (kappa^2 theta'S(S + kappa)^-2 theta + tau^2)/(1 - df2/n)
    (Hastie, Montanari, Rosset and Tibshirani, Ann. Statist. 50, 2022)."""
    n, tau = 60, 0.4
    Sigma, _, target = pair(40, 2)
    values, vectors = np.linalg.eigh(Sigma)
    theta = vectors.T @ target

    def excess(log_kappa):
        kappa = math.exp(log_kappa)
        return kappa * (1.0 - np.sum(values / (values + kappa)) / n) - ridge

    kappa = math.exp(brentq(excess, -30.0, 10.0, xtol=1e-14))
    bias = kappa**2 * np.sum(theta**2 * values / (values + kappa) ** 2)
    risk = (bias + tau**2) / (1.0 - np.sum((values / (values + kappa)) ** 2) / n)
    assert model_of(40, 2, n).solve(0.0, ridge=ridge).standard_risk == pytest.approx(risk, rel=1e-9)


@pytest.mark.parametrize(
    ("eps", "settings"),
    [
        (0.2, {"ridge": 1e-3}),
        (0.2, {"ridge": 0.1}),
        (0.1, {"ridge": 0.03, "loss": "huber:0.3"}),
        (0.3, {"ridge": 0.02, "loss": "logistic"}),
    ],
)
def test_against_trained_models(eps, settings):
    N, n, tau, draws = 120, 150, 0.4, 16
    Sigma, J2, target = pair(N, 3)
    labels = "sign" if settings.get("loss") == "logistic" else "real"
    theory = model_of(N, 3, n, tau, labels=labels).solve(eps, **settings)
    root, rng, found = np.linalg.cholesky(Sigma), np.random.default_rng(4), []
    for _ in range(draws):
        F = rng.standard_normal((n, N)) @ root.T
        y = F @ target + tau * rng.standard_normal(n)
        fit = concentrated_problem(F, np.sign(y) if labels == "sign" else y, J2, **settings).solve(eps)
        error = fit.theta - target
        if labels == "sign":
            cosine = (
                fit.theta
                @ Sigma
                @ target
                / math.sqrt(fit.theta @ Sigma @ fit.theta * (target @ Sigma @ target + tau**2))
            )
            risk = math.acos(cosine) / math.pi
        else:
            risk = error @ Sigma @ error + tau**2
        found.append((risk, fit.norm, fit.theta @ Sigma @ target))
    mean, se = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(draws)
    z = (mean - (theory.standard_risk, theory.gradient_norm, theory.overlap)) / se
    assert np.abs(z).max() < 4.0, z


def test_a_drawn_network_with_a_ridge_tends_to_the_limit():
    limit = rfrobust.solve(3, 2, 0.3, 0.5, ridge=0.05)
    far = []
    for d in (50, 200):
        W = np.random.default_rng(0).standard_normal((3 * d, d))
        W /= np.linalg.norm(W, axis=1, keepdims=True)
        drawn = drawn_network(W, 2 * d, 0.5).solve(0.3, ridge=0.05)
        far.append(abs(drawn.adversarial_risk() / limit.adversarial_risk() - 1.0))
    assert far[1] < 0.005
    assert far[1] < 0.6 * far[0]


def test_a_sweep_over_ridges_and_samples_joins_solutions():
    model = model_of(30, 5, 40)
    data = model.sweep(psi2=[1.0, 2.0], eps=[0.1, 0.3], ridge=[0.0, 0.1])
    for index in np.ndindex(2, 2, 2):
        point = data.isel(dict(zip(("psi2", "eps", "ridge"), index, strict=True)))
        other = model_of(30, 5, 30 * float(point.psi2)).solve(float(point.eps), ridge=float(point.ridge))
        assert float(point.standard_risk) == pytest.approx(other.standard_risk, rel=1e-9)


def test_bad_arguments_are_named():
    S, J, t = pair(4, 0)
    cases = [
        ((S[:3], J, S @ t, 5.0, 10), "covariance must have shape"),
        ((S + np.triu(S), J, S @ t, 5.0, 10), "covariance must be symmetric"),
        ((-S, J, S @ t, 5.0, 10), "covariance must be positive semidefinite"),
        ((S, -J, S @ t, 5.0, 10), "metric must be positive semidefinite"),
        ((S, np.zeros((4, 4)), S @ t, 5.0, 10), "metric must be positive in some direction"),
        ((S, np.diag([0.0, 1, 1, 1]), S @ t, 5.0, 10), "directions without gradient"),
        ((S, J, t[:3], 5.0, 10), "source must have shape"),
        ((S, J, S @ t, 1e-9, 10), "response_power must be >= b' Sigma"),
    ]
    for arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            CovarianceModel(*arguments)
