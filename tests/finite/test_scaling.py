"""Power laws and extrapolation, and the theory as the limit of finite networks."""

import numpy as np
import pytest

import rfrobust
from rfrobust.finite.scaling import extrapolate, power_law
from tests.refusals import refusals


def test_power_law_recovers_an_exact_one_and_its_error_is_calibrated():
    d = np.array([100.0, 200.0, 400.0, 800.0])
    slope, factor = power_law(d, 3.0 * d**-0.5, np.array([50.0, 40.0, 30.0, 20.0]))
    assert slope.value == pytest.approx(-0.5, abs=1e-12)
    assert factor == pytest.approx(3.0, rel=1e-12)
    rng = np.random.default_rng(0)
    draws = np.array([40, 40, 40, 40])
    scores = []
    for _ in range(400):
        size = [np.sqrt(np.mean((scale * rng.standard_normal(40)) ** 2)) for scale in d**-0.5]
        fit, _ = power_law(d, np.array(size), draws)
        scores.append((fit.value + 0.5) / fit.se)
    assert abs(np.mean(scores)) < 0.2
    assert 0.9 < np.std(scores) < 1.1


def test_extrapolation_recovers_a_line_and_its_error_is_calibrated():
    d = np.array([50.0, 100.0, 200.0])
    limit, slope = extrapolate(d, 2.0 + 7.0 / d, np.array([0.1, 0.2, 0.1]))
    assert limit.value == pytest.approx(2.0, abs=1e-12)
    assert slope.value == pytest.approx(7.0, abs=1e-9)
    rng = np.random.default_rng(1)
    error = np.array([0.1, 0.05, 0.2])
    scores = []
    for _ in range(500):
        fit, _ = extrapolate(d, 1.0 + error * rng.standard_normal(3), error)
        scores.append((fit.value - 1.0) / fit.se)
    assert 0.9 < np.std(scores) < 1.1


test_bad_input = refusals(
    (lambda: power_law(np.array([0.0, 1.0]), np.ones(2), np.ones(2)), "d must be finite and > 0"),
    (lambda: extrapolate(np.array([1.0, 2.0]), np.ones(2), np.ones(3)), "same length"),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("psi1", "psi2", "eps", "tau"),
    [
        (1.0, 2.0, 0.3, 0.5),
        (3.0, 2.0, 0.3, 0.5),
        (0.5, 2.0, 0.3, 0.5),
        (2.0, 1.0, 0.5, 0.2),
        (4.0, 1.0, 0.6, 0.2),
        (1.0, 3.0, 0.1, 1.0),
    ],
)
def test_extrapolated_finite_networks_meet_the_theory(psi1, psi2, eps, tau):
    """Mean against 1/d from d = 30, 60, 120: its value at d = infinity is the limit to 3 standard errors."""
    setting = {"psi1": psi1, "psi2": psi2, "eps": eps, "tau": tau}
    theory = rfrobust.solve(psi1, psi2, eps, tau)
    expected = {
        "standard_risk": theory.standard_risk,
        "gradient_norm": theory.gradient_norm,
        "training_loss": theory.training_loss,
        "adversarial_risk": theory.adversarial_risk(),
    }
    plan = {30: 120, 60: 60, 120: 30}
    runs = [
        rfrobust.summary(rfrobust.simulate(**setting, d=d, replicates=m, seed=5, workers=1)) for d, m in plan.items()
    ]
    assert all((run["gap"] <= 1e-8).all() for run in runs)
    for name, value in expected.items():
        mean = np.array([float(run[name]) for run in runs])
        error = np.array([float(run[f"{name}_se"]) for run in runs])
        limit, _ = extrapolate(np.array(list(plan)), mean, error)
        assert abs(limit.value - value) < 3 * limit.se, name
        assert limit.se < 0.08 * value


@pytest.mark.slow
def test_true_and_gaussian_features_approach_each_other():
    setting = {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "seed": 6, "workers": 1}
    size = []
    for d, draws in ((40, 60), (160, 40)):
        pair = [
            rfrobust.simulate(**setting, d=d, replicates=draws, features=kind).standard_risk
            for kind in ("true", "gaussian")
        ]
        size.append(float(np.sqrt(((pair[0] - pair[1]) ** 2).mean())))
    # d^{-1/2} would be a factor 2 (measured in docs: -0.5); anything that does not shrink is out.
    assert size[1] < 0.75 * size[0]
