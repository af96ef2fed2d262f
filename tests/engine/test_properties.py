"""Properties that must hold everywhere, on random problems."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rfrobust
from rfrobust import Activation, Phase

ratio = st.floats(-2, 2).map(lambda x: 10**x)
radius = st.floats(-4, 1.4).map(lambda x: 10**x)
noise = st.one_of(st.just(0.0), st.floats(-3, 1).map(lambda x: 10**x))
penalty = st.one_of(st.just(0.0), st.floats(-8, 2).map(lambda x: 10**x))


@given(ratio, ratio, radius, noise, penalty, st.floats(0, 10))
def test_adversarial_risk_lies_between_its_bounds(psi1, psi2, eps, tau, ridge, e):
    model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
    v, r = model.standard_risk, model.gradient_norm
    risk = model.adversarial_risk(e)
    assert (v + e * e * r * r) * (1 - 1e-14) <= risk <= (math.sqrt(v) + e * r) ** 2 * (1 + 1e-14)
    assert 0 <= model.zero_residual_fraction <= 1
    # 1 - p0 = erfc(q V/sqrt 2) is below rounding from q V = 8.3 on
    assert model.zero_residual_fraction < 1 or model.q * model.V > 8 or model.V == math.inf
    assert model.residual <= 1e-10
    assert v >= tau * tau


@given(ratio, ratio, radius, noise, st.floats(1.0, 3.0))
def test_training_loss_grows_with_eps_up_to_the_null_value(psi1, psi2, eps, tau, factor):
    low = rfrobust.solve(psi1, psi2, eps, tau)
    high = rfrobust.solve(psi1, psi2, eps * factor, tau)
    null = (1 + tau * tau) / 2
    assert low.training_loss <= high.training_loss * (1 + 1e-9) + 1e-15
    assert high.training_loss <= null * (1 + 1e-9)
    if eps >= rfrobust.null_threshold(psi1, psi2, tau):
        assert low.training_loss == null
        assert low.phase is Phase.NULL


@given(ratio, ratio, radius, noise, penalty, st.floats(0.1, 10))
def test_scaling_signal_and_noise_scales_the_risks(psi1, psi2, eps, tau, ridge, factor):
    base = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
    scaled = rfrobust.solve(psi1, psi2, eps, tau * factor, ridge=ridge, signal_norm=factor)
    near = abs(eps / rfrobust.null_threshold(psi1, psi2, tau) - 1) < 1e-4
    assume(not near)  # a transcritical point amplifies rounding
    assert scaled.standard_risk == pytest.approx(factor**2 * base.standard_risk, rel=1e-9)
    assert scaled.gradient_norm == pytest.approx(factor * base.gradient_norm, rel=1e-9, abs=1e-12)


@given(ratio, ratio, radius, noise, st.floats(0.2, 5), st.floats(-3, 3))
def test_affine_change_of_the_activation_changes_nothing_without_ridge(psi1, psi2, eps, tau, a, b):
    base = rfrobust.solve(psi1, psi2, eps, tau)
    assume(abs(eps / rfrobust.null_threshold(psi1, psi2, tau) - 1) > 1e-4)
    relu = base.activation
    changed = Activation(
        "affine", lambda u: a * relu(u) + b, lambda u: a * relu.derivative(u),
        a * relu.mu0 + b, a * relu.mu1, a * relu.mu2, a * relu.rho,
    )  # fmt: skip
    model = rfrobust.solve(psi1, psi2, eps, tau, activation=changed)
    assert model.standard_risk == pytest.approx(base.standard_risk, rel=1e-9)
    assert model.gradient_norm == pytest.approx(base.gradient_norm, rel=1e-9, abs=1e-12)


@given(ratio, ratio, radius, noise, penalty)
def test_nonlinear_power_is_noise(psi1, psi2, eps, tau, ridge):
    split = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge, nonlinear_power=0.3)
    joint = rfrobust.solve(psi1, psi2, eps, math.sqrt(tau * tau + 0.3), ridge=ridge)
    assert split.standard_risk == pytest.approx(joint.standard_risk, rel=1e-7)


@given(ratio, ratio, noise, penalty)
def test_robust_training_never_beats_its_own_objective(psi1, psi2, tau, ridge):
    """The robust training loss of the minimiser at eps is below that of any other solution's parameters."""
    eps = 0.7 * rfrobust.null_threshold(psi1, psi2, tau)
    model = rfrobust.solve(psi1, psi2, eps, tau)
    ridged = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
    assert model.training_loss <= ridged.training_loss * (1 + 1e-9) + 1e-15
