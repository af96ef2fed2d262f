"""docs/penalty_theorem: gradient penalties return networks at least as good as attacked ones; where that ends."""

import math

import numpy as np
import pytest

import rfrobust
from rfrobust.problem import resolve_activation

LOSSES = ("square", "huber:0.3", "huber:3", "absolute")
MIX = rfrobust.GaussianMixture((0.3, 3.0), (0.8, 0.2))


def slope_times_step(model):
    """Return D = R E Sigma/H at H = Sigma + k J^2 under the law of Marchenko and Pastur (eq-z, eq-traces)."""
    c, mu, rho2 = resolve_activation("relu").constants
    K, zeta = 1 / (1 + model.k), mu + model.k * rho2
    z = zeta * K / c
    s1 = 2 / (math.hypot(z + 1 - model.psi1, 2 * math.sqrt(model.psi1 * z)) + z + 1 - model.psi1)
    return model.psi1 / model.psi2 * (K * (1 - z * s1) + mu / zeta * z * s1)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(8))
def test_penalty_of_the_theorem_against_any_loss_under_attack(loss, seed):
    rng = np.random.default_rng(seed)
    psi1, psi2 = np.exp(rng.uniform(-1.2, 1.5, 2))
    setting = {"psi1": psi1, "psi2": psi2, "tau": rng.uniform(0.1, 1.0)}
    penalty = float(rng.choice([0.0, 0.2]))
    attacked = rfrobust.solve(**setting, eps=rng.uniform(0.05, 0.5), loss=loss, gradient_penalty=penalty)
    assert attacked.phase is rfrobust.Phase.REGULAR
    D = slope_times_step(attacked)
    assert 0 < D < 1
    best = rfrobust.solve(**setting, eps=0, gradient_penalty=attacked.k * (1 - D))
    assert (best.k, best.overlap) == pytest.approx((attacked.k, attacked.overlap), rel=1e-9)
    # at D within rounding of 1 nearly all residuals are zero, and the score is nearly linear
    assert best.standard_risk <= attacked.standard_risk * (1 + 1e-10)
    assert best.gradient_norm <= attacked.gradient_norm * (1 + 1e-10)
    if D < 0.99:
        assert best.standard_risk < attacked.standard_risk
        assert best.gradient_norm < attacked.gradient_norm


@pytest.mark.parametrize("ridge", [0.01, 0.3])
def test_equivalent_ridge_is_smaller(ridge):
    attacked = rfrobust.solve(1.5, 2, 0.3, 0.5, ridge=ridge)
    V, zeros = attacked.V, attacked.zero_residual_fraction
    D = zeros + (1 - zeros) * V / (1 + V)
    equivalent = ridge * (1 - D) * V / D
    assert equivalent < ridge
    best = rfrobust.solve(1.5, 2, 0, 0.5, ridge=equivalent, gradient_penalty=attacked.k * (1 - D))
    assert best.overlap == pytest.approx(attacked.overlap, rel=1e-10)
    assert best.standard_risk < attacked.standard_risk
    assert best.gradient_norm < attacked.gradient_norm
    assert best.adversarial_risk(0.3, consistent=True) < attacked.adversarial_risk(0.3, consistent=True)


@pytest.mark.parametrize("noise", [None, MIX, rfrobust.StudentT(2)])
def test_absolute_loss_sees_an_attack_as_a_penalty(noise):
    setting = {"psi1": 1.5, "psi2": 2, "tau": 0.5, "ridge": 0.05, "noise": noise, "loss": "absolute"}
    attacked = rfrobust.solve(**setting, eps=0.2)
    penalty = rfrobust.solve(**setting, eps=0, gradient_penalty=0.2 / attacked.gradient_norm)
    for name in ("excess_risk", "gradient_norm", "overlap", "V", "k", "zero_residual_fraction"):
        assert getattr(penalty, name) == pytest.approx(getattr(attacked, name), rel=1e-9), name


def test_an_attack_wins_under_outliers():
    problem = rfrobust.Problem.of(3, 2, 0, noise=MIX)
    attack = rfrobust.best_training(problem, eps_test=0.3)
    penalty = rfrobust.best_training(problem, eps_test=0.3, eps=0, gradient_penalty=None)
    assert attack.risk < penalty.risk - 2e-3
