"""Boundary curves: their margins vanish, they separate the sides they name, and they meet known limits."""

import math

import numpy as np
import pytest

import rfrobust
from rfrobust.tuning.boundaries import add_margins, best_widths, radius_curves, width_transition

WIDTHS = np.array([0.1, 0.3, 1.0, 4.0, 10.0, 50.0])


@pytest.fixture(scope="module")
def curves():
    return radius_curves(WIDTHS, 2.0, 0.5)


def test_null_curve_is_where_training_returns_zero(curves):
    for width, eps in zip(WIDTHS, curves.null.values, strict=True):
        assert rfrobust.solve(width, 2, eps * (1 + 1e-9), 0.5).phase is rfrobust.Phase.NULL
        assert rfrobust.solve(width, 2, eps * (1 - 1e-6), 0.5).gradient_norm > 0


def test_worse_than_zero_changes_sides(curves):
    found = 0
    for width, roots in zip(WIDTHS, curves.worse_than_zero.values, strict=True):
        for eps in roots[~np.isnan(roots)]:
            risk, below, above = (
                rfrobust.solve(width, 2, eps * factor, 0.5).adversarial_risk() for factor in (1.0, 0.99, 1.01)
            )
            assert risk == pytest.approx(1.25, abs=1e-9)
            assert (below - 1.25) * (above - 1.25) < 0
            found += 1
    assert found >= 4
    assert np.isnan(curves.worse_than_zero.sel(psi1=1.0)).all()
    assert bool(curves.worse_at_small_eps.sel(psi1=1.0))


def test_standard_training_is_the_least_norm_solution(curves):
    eps = float(curves.beats_standard.sel(psi1=10.0)[0])
    standard = rfrobust.solve(10, 2, 0, 0.5, ridge=1e-11).adversarial_risk(eps)
    assert rfrobust.solve(10, 2, eps, 0.5).adversarial_risk() == pytest.approx(standard, rel=1e-7)
    assert rfrobust.solve(10, 2, 1.2 * eps, 0.5).adversarial_risk() < rfrobust.solve(
        10, 2, 0, 0.5, ridge=1e-11
    ).adversarial_risk(1.2 * eps)
    assert bool(curves.standard_better_at_small_eps.sel(psi1=10.0))
    # below N = n, robust training wins at every radius
    assert np.isnan(curves.beats_standard.sel(psi1=[0.1, 0.3, 1.0])).all()


def test_width_transition_separates_wide_from_narrow():
    star = width_transition(2, 0.5)
    for factor, wide in ((0.98, True), (1.02, False)):
        eps = star * factor
        risks = rfrobust.sweep(psi1=np.geomspace(1e-2, 1e4, 3000), psi2=2, eps=eps, tau=0.5).adversarial_risk
        best = float(risks.psi1[int(np.argmin(risks.values))])
        assert (best > 2 and float(risks.min()) < 1.25) == wide
    for factor, sign in ((1 - 1e-8, -1.0), (1 + 1e-8, 1.0)):
        risks = rfrobust.sweep(psi1=np.linspace(11.7, 11.8, 2001), psi2=2, eps=star * factor, tau=0.5).adversarial_risk
        assert sign * (float(risks.min()) - 1.25) > 0


def test_best_widths_contain_the_overall_best():
    widths = best_widths([0.05, 0.2, 0.5], 2, 0.5)
    narrow, wide = widths.risk.sel(side="narrow"), widths.risk.sel(side="wide")
    np.testing.assert_array_equal(widths.risk.sel(side="all"), np.minimum(narrow, wide))
    assert (widths.psi1.sel(side="narrow") <= 2).all()
    assert bool(widths.null.sel(side="all")[-1])
    assert float(widths.psi1.sel(side="all", eps=0.05)) > 2


def test_margins_of_a_sweep():
    data = add_margins(rfrobust.sweep(psi1=[1.0, 8.0, 40.0], psi2=2.0, eps=[0.1, 0.5, 9.0], tau=0.5))
    point = data.sel(psi1=8.0, eps=0.1)
    risk = rfrobust.solve(8, 2, 0.1, 0.5).adversarial_risk()
    assert float(point.margin_zero) == pytest.approx(risk - 1.25, rel=1e-12)
    standard = rfrobust.solve(8, 2, 0, 0.5, ridge=1e-12).adversarial_risk(0.1)
    assert float(point.margin_standard) == pytest.approx(risk - standard, rel=1e-9)
    assert np.isnan(data.margin_zero.sel(eps=9.0)).all()
    assert data.best_psi1.sel(eps=0.1) == 8.0
    assert np.isnan(data.best_psi1.sel(eps=9.0))


def test_margins_at_a_fixed_test_radius():
    data = add_margins(rfrobust.sweep(psi1=[1.0, 8.0], psi2=[1.0, 2.0], eps=0.2, tau=0.5, eps_test=0.4))
    risk = rfrobust.solve(8, 1, 0.2, 0.5).adversarial_risk(0.4)
    standard = rfrobust.solve(8, 1, 0, 0.5, ridge=1e-12).adversarial_risk(0.4)
    assert float(data.margin_standard.sel(psi1=8.0, psi2=1.0)) == pytest.approx(risk - standard, rel=1e-9)
    assert data.best_psi1.dims == ("psi2",)


def test_margins_are_those_of_the_activation_swept_not_of_its_name():
    named = rfrobust.Activation.from_callable(lambda u: u * u - 1 + u, lambda u: 2 * u + 1, name="relu")
    axes = {"psi1": [3.0], "psi2": 2.0, "eps": [0.3], "tau": 0.5}
    margin = add_margins(rfrobust.sweep(**axes, activation=named)).margin_standard
    quadratic, relu = (
        add_margins(rfrobust.sweep(**axes, activation=name)).margin_standard for name in ("quadratic:1", "relu")
    )
    np.testing.assert_allclose(margin, quadratic, rtol=1e-9)
    assert abs(float(margin.item() - relu.item())) > 0.1


def test_margins_of_a_spectrum_of_ones_own():
    law = rfrobust.DiscreteSpectrum([0.5, 1.5], name="marchenko-pastur")
    data = rfrobust.sweep(psi1=[0.5, 0.8], psi2=2.0, eps=[0.3], tau=0.5, spectrum=law)
    with pytest.raises(ValueError, match="problem must be the one that was swept"):
        add_margins(data)
    at = add_margins(data, rfrobust.Problem.of(0.8, 1.0, 0.0, spectrum=law)).sel(psi1=0.8).margin_standard.item()
    standard = rfrobust.solve(0.8, 2, 0, 0.5, ridge=1e-12, spectrum=law).adversarial_risk(0.3)
    assert at == pytest.approx(rfrobust.solve(0.8, 2, 0.3, 0.5, spectrum=law).adversarial_risk() - standard, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: radius_curves([-1.0], 2), "psi1 must be finite and > 0"),
        (lambda: width_transition(math.inf), "psi2 must be finite and > 0"),
        (lambda: best_widths([0.0], 2), "eps must be finite and > 0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_exact_recovery_is_no_boundary():
    """Without noise linear features recover the target up to some radius: no solution, but a low risk."""
    exact = radius_curves([3.0], 2.0, 0.0, activation="identity")
    noisy = radius_curves([3.0], 2.0, 1e-8, activation="identity")
    np.testing.assert_allclose(exact.worse_than_zero, noisy.worse_than_zero, rtol=1e-6)
    assert not exact.worse_at_small_eps.item()
    assert not noisy.worse_at_small_eps.item()


@pytest.mark.parametrize("scale", [1e-5, 1e5])
def test_boundaries_scale_with_the_signal(scale):
    one, scaled = (radius_curves([3.0], 2.0, 0.5 * s, signal_norm=s) for s in (1.0, scale))
    for name in ("null", "worse_than_zero", "beats_standard"):
        np.testing.assert_allclose(scaled[name], one[name], rtol=1e-6)
    for name in ("worse_at_small_eps", "standard_better_at_small_eps"):
        np.testing.assert_array_equal(scaled[name], one[name])
