"""The published minimax: its derivatives, its inner problems, its solver, and its agreement with the engine."""

import math

import numpy as np
import pytest

import rfrobust
from rfrobust.checks import published as theorem

POINTS = [(1, 2, 0.3, 0.5), (3, 2, 0.3, 0.5), (0.5, 2, 0.5, 0.5), (4, 1, 0.6, 0.2), (5, 0.5, 1, 0.1)]


def test_partial_derivatives_against_differences():
    rng = np.random.default_rng(0)
    settings = {"psi1": 1.7, "psi2": 0.9, "eps": 0.4, "tau": 0.3}
    active = 0
    for _ in range(50):
        x = np.exp(rng.normal(0, 0.7, 5))
        _, gradient = theorem.objective_and_gradient(*x, **settings)
        v = x[0] ** 2 + theorem.noise_floor(1.7, 0.3)
        active += x[2] * (x[4] + x[1]) / (0.4 * x[1] * math.sqrt(v)) > math.sqrt(2 / math.pi)
        for i in range(5):
            h = np.zeros(5)
            h[i] = 1e-6 * x[i]
            up, down = theorem.R(*(x + h), **settings), theorem.R(*(x - h), **settings)
            assert gradient[i] == pytest.approx((up - down) / (2 * h[i]), rel=1e-5, abs=1e-7)
    assert 10 < active < 50  # both branches of the indicator were seen


def test_inner_supremum_against_dense_search():
    rng = np.random.default_rng(1)
    l = np.linspace(0, 1 - 1e-6, 200_001)
    for _ in range(20):
        psi1, T, beta, gamma = np.exp(rng.normal(0, 1, 4))
        best = theorem.inner_argmax(T, beta, gamma, psi1)
        values = [theorem._inner(x, T, beta, gamma, psi1)[0] for x in l[::100]]
        assert theorem._inner(best, T, beta, gamma, psi1)[0] >= max(values) - 1e-12


def test_nu_root():
    for c, ratio in ((0.9, 0.1), (3.0, 2.0), (40.0, 1e-3)):
        nu = theorem.nu_root(c, ratio)
        left = c - ratio * nu - nu * math.erf(nu / math.sqrt(2)) - math.sqrt(2 / math.pi) * math.exp(-nu * nu / 2)
        assert abs(left) < 1e-13 * c


def regular_points(decades, count):
    """Random regular points, also close to the null threshold."""
    rng = np.random.default_rng(2)
    while count:
        psi1, psi2 = 10 ** rng.uniform(-decades, decades, 2)
        tau = 0.0 if rng.random() < 0.3 else 10 ** rng.uniform(-decades, decades)
        below = 10 ** rng.uniform(-10, 0) if rng.random() < 0.3 else rng.uniform(0.02, 0.98)
        eps = rfrobust.null_threshold(psi1, psi2, tau) * (1 - below)
        model = rfrobust.solve(psi1, psi2, eps, tau)
        if model.phase is rfrobust.Phase.REGULAR:
            count -= 1
            yield model


@pytest.mark.parametrize("decades", [1, 6])
def test_verify_at_random_regular_points(decades):
    for model in regular_points(decades, 12):
        check = rfrobust.verify(model)
        assert check.gradient < 1e-13
        assert check.value < 1e-12


def test_verify_where_the_supremum_is_lost_to_rounding():
    model = rfrobust.solve(14.949810671794475, 1.4833300899281695e-17, 0.056 * rfrobust.null_threshold(15, 1.5e-17))
    with pytest.raises(rfrobust.Error, match="do not determine the inner supremum"):
        rfrobust.verify(model)


def test_verify_with_noise_that_drowns_the_signal():
    check = rfrobust.verify(rfrobust.solve(1, 2, 0.1, 1e5))
    assert max(check.gradient, check.value) < 1e-14


def test_verify_notices_a_wrong_solution():
    import dataclasses

    model = rfrobust.solve(3, 2, 0.3, 0.5)
    for name in ("standard_risk", "gradient_norm", "q", "V", "k"):
        wrong = dataclasses.replace(model, **{name: getattr(model, name) * 1.001})
        assert rfrobust.verify(wrong).gradient > 1e-4
    assert rfrobust.verify(dataclasses.replace(model, training_loss=model.training_loss * 1.001)).value > 1e-4


@pytest.mark.parametrize("point", POINTS)
def test_published_solver_agrees(point):
    psi1, psi2, eps, tau = point
    saddle = theorem.minimax(psi1, psi2, eps, tau)
    model = rfrobust.solve(psi1, psi2, eps, tau)
    assert saddle.value == pytest.approx(model.training_loss, rel=1e-6)
    assert saddle.standard_risk == pytest.approx(model.standard_risk, rel=1e-6)
    for eps_test in (None, 0.0, 0.8):
        assert saddle.adversarial_risk(eps_test) == pytest.approx(model.adversarial_risk(eps_test), rel=1e-6)


def test_published_solver_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="eps > 0 and finite psi2"):
        theorem.minimax(1, 2, 0.0)
    with pytest.raises(RuntimeError, match="above the null threshold"):
        theorem.minimax(1, 2, 5.0, starts=2)


@pytest.mark.parametrize(
    "model",
    [
        rfrobust.solve(1, 2, 0.3, ridge=0.1),
        rfrobust.solve(1, 2, 0.0),
        rfrobust.solve(1, 2, 9.0),
        rfrobust.solve(1, math.inf, 0.3),
        rfrobust.solve(1, 2, 0.3, signal_norm=2.0),
        rfrobust.solve(1, 2, 0.3, nonlinear_power=0.1),
        rfrobust.solve(1, 2, 0.3, activation="tanh"),
        # the name is not the law
        rfrobust.solve(0.5, 2, 0.3, spectrum=rfrobust.DiscreteSpectrum([0.5, 1.5], name="marchenko-pastur")),
    ],
)
def test_verify_says_what_the_theorem_covers(model):
    with pytest.raises(ValueError, match="the published theorem covers"):
        rfrobust.verify(model)
