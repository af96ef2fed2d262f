"""Proved digits: against multiple precision, over random points, and when the proof must fail."""

import dataclasses
import math
import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath as mp
import numpy as np
import pytest

import rfrobust
from rfrobust.checks import certificate as certificate_module
from rfrobust.checks.certificate import certify
from rfrobust.problem.catalogue import TABLE
from tests import reference


@pytest.mark.parametrize(
    "problem",
    [
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5},
        {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "ridge": 0.05},
        {"psi1": 0.5, "psi2": 2.0, "eps": 0.5, "tau": 0.5},
        {"psi1": 5.0, "psi2": 0.5, "eps": 1.0, "tau": 0.1},
    ],
)
def test_digits_agree_with_another_multiple_precision_library(problem):
    model = rfrobust.solve(**problem)
    certificate = certify(model)
    assert certificate.proved
    v, r2, loss, p0 = reference.polish(model)
    with mp.workdps(35):
        for name, exact in (
            ("standard_risk", v), ("gradient_norm", mp.sqrt(r2)), ("training_loss", loss),
            ("zero_residual_fraction", p0),
        ):  # fmt: skip
            got = mp.mpf(certificate.enclosures[name].digits)
            assert abs(got / exact - 1) < mp.mpf("1e-25")
            assert certificate.enclosures[name].lower <= exact <= certificate.enclosures[name].upper


def assert_holds(model):
    """The certificate encloses what another library computes, and its digits are right to the last but some."""
    certificate = certify(model)
    assert certificate.proved, certificate.reason
    v, r2, loss, p0 = reference.polish(model)
    with mp.workdps(35):
        exact = {"standard_risk": v, "gradient_norm": mp.sqrt(r2), "training_loss": loss, "zero_residual_fraction": p0}
        for name, value in exact.items():
            enclosure = certificate.enclosures[name]
            assert abs(mp.mpf(enclosure.digits) / value - 1) < mp.mpf("1e-25"), name
            assert enclosure.lower <= value <= enclosure.upper, name


def test_atomic_laws_are_enclosed_exactly():
    """1/psi1 is no double, nor is a third: the law's weights are balls, and of sum 1."""
    assert_holds(rfrobust.solve(3.9257056999302744, 0.7527852749033905, 1.845016781855567, 0.5, spectrum="orthogonal"))
    rng = np.random.default_rng(6)
    for _ in range(15):
        psi1, psi2 = 10 ** rng.uniform(-1, 1, 2)
        eps = rfrobust.null_threshold(psi1, psi2, 0.5, spectrum="orthogonal") * rng.uniform(0.1, 0.9)
        model = rfrobust.solve(psi1, psi2, eps, 0.5, ridge=rng.choice([0.0, 0.1]), spectrum="orthogonal")
        assert_holds(model)
    thirds = rfrobust.DiscreteSpectrum([0.0, 0.9, 2.1])
    assert_holds(rfrobust.solve(1.3, 0.7, 0.4, 0.5, spectrum=thirds))
    assert_holds(rfrobust.solve(1.3, 0.7, 0.4, 0.5, spectrum=thirds, ridge=0.1, activation="tanh"))


@pytest.mark.parametrize(
    "activation", ["leaky-relu", "hard-tanh", "tanh", *(pytest.param(name, marks=pytest.mark.slow) for name in TABLE)]
)
def test_moments_of_built_in_activations_are_exact(activation):
    tau = 0.5
    eps = 0.4 * rfrobust.null_threshold(3, 2, tau, activation=activation)
    assert_holds(rfrobust.solve(3, 2, eps, tau, activation=activation))
    with mp.workdps(30):
        flint = pytest.importorskip("flint")
        with flint.ctx.workprec(certificate_module.PRECISION_BITS):
            balls = certificate_module._squared_moments(rfrobust.problem.built_in(activation), flint.arb)
        sigma, _ = reference.FORMULAS[activation]
        centred = abs(reference.mean(sigma, 40)) < mp.mpf("1e-30")
        a2 = reference.mean(lambda u: (u * u - 1) * sigma(u), 40) / mp.sqrt(2) if centred else mp.mpf(0)
        for ball, root in zip(balls, (*reference.moments(activation), a2), strict=True):
            assert abs(mp.mpf(ball.str(30, radius=False)) - root**2) < mp.mpf("1e-28")


def test_an_activation_that_is_scaled_keeps_its_exact_moments():
    relu = rfrobust.problem.built_in("relu")
    with_scale = certify(rfrobust.solve(3, 2, 0.3, 0.5, activation=relu.affine(3.0, 0.1)))
    plain = certify(rfrobust.solve(3, 2, 0.3, 0.5))
    assert with_scale.enclosures["standard_risk"].digits == plain.enclosures["standard_risk"].digits


def test_drawn_first_layers():
    """Equal weights are 1/N, not their rounding; a full rank leaves no signal unseen."""
    W = rfrobust.MarchenkoPastur().draw(35, 15, np.random.default_rng(0))
    for model in (
        rfrobust.solve(35 / 15, 2, 0.3, 0.0, spectrum=rfrobust.EmpiricalSpectrum(W)),
        rfrobust.theory.drawn_network(W, 30, 0.5).solve(0.3),
    ):
        certificate = certify(model)
        assert certificate.proved
        assert certificate.relative_error < 1e-11


def test_threads_take_turns_at_the_precision():
    models = [rfrobust.solve(psi1, 2, 0.3, 0.5) for psi1 in np.linspace(0.5, 5, 120)]
    with ThreadPoolExecutor(8) as pool:
        assert all(certificate.proved for certificate in pool.map(certify, models))


def test_square_loss_against_multiple_precision():
    model = rfrobust.solve(3, 2, 0, 0.5, ridge=1e-6)
    certificate = certify(model)
    assert certificate.proved
    with mp.workdps(30):
        assert abs(mp.mpf(certificate.enclosures["standard_risk"].digits) / reference.ridge_risk(model) - 1) < 1e-25


def random_point(rng):
    """A point of the reliability ranges, with the limits mixed in."""
    psi1, psi2 = 10 ** rng.uniform(-2, 2, 2)
    eps = 10 ** rng.uniform(-4, np.log10(30))
    tau = 0.0 if rng.random() < 0.3 else 10 ** rng.uniform(-3, 1)
    ridge = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-8, 2)
    if rng.random() < 0.1:
        eps = 0.0
    if rng.random() < 0.1:
        psi2 = math.inf
    return rfrobust.solve(float(psi1), float(psi2), float(eps), tau, ridge=ridge)


def test_random_points_of_the_reliability_ranges():
    rng = np.random.default_rng(11)
    models = [random_point(rng) for _ in range(300)]
    certificates = [certify(model) for model in models]
    assert sum(certificate.proved for certificate in certificates) >= 297
    for model, certificate in zip(models, certificates, strict=True):
        if certificate.proved:
            assert certificate.relative_error < 1e-8
            value = certificate.enclosures["standard_risk"]
            assert value.lower * (1 - 1e-8) <= model.standard_risk <= value.upper * (1 + 1e-8)
            assert value.upper - value.lower <= 1e-14 * value.upper
    assert {model.phase for model in models} == set(rfrobust.Phase)


@pytest.mark.parametrize(
    "problem",
    [
        {"psi1": 1.0, "psi2": 2.0, "eps": 0.0, "tau": 0.5},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.0, "tau": 0.5},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.01, "tau": 0.5},
        {"psi1": 3.0, "psi2": math.inf, "eps": 0.3, "tau": 0.5, "ridge": 0.1},
        {"psi1": 3.0, "psi2": 2.0, "eps": 5.0, "tau": 0.5},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "activation": "tanh"},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "activation": "cos"},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "spectrum": "orthogonal"},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "signal_norm": 2.0, "nonlinear_power": 0.3},
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.3, "ridge": 0.1, "radial_power": 0.8},
        {"psi1": 0.6, "psi2": 2.0, "eps": 0.3, "activation": "cos", "spectrum": "orthogonal", "radial_power": 0.8},
        {"psi1": 3.0, "psi2": 2.0, "eps": 5.0, "radial_power": 0.8},
    ],
)
def test_every_regime(problem):
    certificate = rfrobust.certify(rfrobust.solve(**problem))
    assert certificate.proved, certificate.reason
    # the mean residual of a near interpolator is a small difference in double precision
    assert certificate.relative_error < 1e-9


def test_interpolator_digits_are_the_published_ones():
    certificate = certify(rfrobust.solve(3, 2, 0, 0.5))
    assert certificate.enclosures["standard_risk"].digits.startswith("1.34899183252")
    assert float(certificate.enclosures["gradient_norm"].digits) ** 2 == pytest.approx(2.535938033743, abs=1e-12)
    assert "V" not in certificate.enclosures


def test_a_wrong_solution_is_not_certified():
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    shifted = dataclasses.replace(model, standard_risk=model.standard_risk * 1.001)
    certificate = certify(shifted)
    assert not certificate.proved
    assert "not the double-precision solution" in certificate.reason
    assert certificate.enclosures == {}
    assert certificate.relative_error == math.inf
    far = dataclasses.replace(model, V=1e30)
    assert not certify(far).proved


def test_a_false_null_phase_is_not_certified():
    null = rfrobust.solve(3, 2, 5, 0.5)
    certificate = certify(dataclasses.replace(null, problem=null.problem.vary(eps=0.3)))
    assert not certificate.proved
    assert "null threshold" in certificate.reason


def test_working_precision_is_restored():
    flint = pytest.importorskip("flint")
    before = flint.ctx.prec
    certify(rfrobust.solve(3, 2, 0.3, 0.5))
    assert flint.ctx.prec == before


def test_without_flint_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(ImportError, match="install the extra 'certify'"):
        certify(rfrobust.solve(3, 2, 0.3, 0.5))


def test_bad_arguments():
    with pytest.raises(TypeError, match=r"equilibrium must be a result of rfrobust\.solve, got float"):
        certify(0.3)
    with pytest.raises(ValueError, match="eps_test"):
        certify(rfrobust.solve(3, 2, 0.3, 0.5), -0.1)
