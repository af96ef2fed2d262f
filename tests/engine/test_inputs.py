"""Bad input: a clear error that names the argument, its value and what is allowed."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rfrobust
from rfrobust.theory import QuadraticModel

GOOD = {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "ridge": 0.1}

OUT_OF_RANGE = [
    ("psi1", 0.0), ("psi1", -1.0), ("psi1", math.inf), ("psi1", math.nan),
    ("psi2", 0), ("psi2", -math.inf), ("psi2", math.nan),
    ("eps", -1e-9), ("eps", math.inf), ("eps", math.nan),
    ("tau", -0.1), ("tau", math.inf),
    ("ridge", -1), ("ridge", math.nan),
    ("signal_norm", 0.0), ("nonlinear_power", -0.1),
    ("radial_power", -0.1), ("radial_power", math.inf), ("radial_power", math.nan),
]  # fmt: skip
WRONG_KIND = ["1", None, 1 + 0j, True, [1.0], np.array([1.0]), {}, b"1", np.ma.masked]


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_values_out_of_range(name, value):
    with pytest.raises(ValueError, match=rf"{name} must be .*got {name}={float(value)!r}"):
        rfrobust.solve(**GOOD | {name: value})
    if name in GOOD:
        with pytest.raises(ValueError, match=f"{name} must be"):
            rfrobust.sweep(**GOOD | {name: [1.0, value]})


@pytest.mark.parametrize("name", [*GOOD, "signal_norm", "nonlinear_power", "radial_power"])
@pytest.mark.parametrize("value", WRONG_KIND)
def test_wrong_kinds(name, value):
    with pytest.raises(TypeError, match=f"{name} must be a real number, got"):
        rfrobust.solve(**GOOD | {name: value})


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([], ValueError, "must not be empty"),
        ([[1.0]], ValueError, r"must have 0 or 1 dimension\(s\), got shape \(1, 1\)"),
        (["a"], TypeError, "must be real numbers"),
        ([1j], TypeError, "must be real numbers"),
        ([True], TypeError, "must be real numbers"),
        ([1.0, [2.0]], TypeError, "must be an array of real numbers"),
    ],
)
def test_bad_grids(name, value, error, message):
    with pytest.raises(error, match=f"{name} {message}"):
        rfrobust.sweep(**GOOD | {name: value})


@pytest.mark.parametrize("name", ["activation", "spectrum"])
def test_unknown_names(name):
    for function in (rfrobust.solve, rfrobust.sweep):
        with pytest.raises(ValueError, match=f"{name} must be one of .*, got {name}='nope'"):
            function(**GOOD, **{name: "nope"})
        with pytest.raises(TypeError, match=f"{name} must be one of"):
            function(**GOOD, **{name: 3})


def test_test_radius():
    model = rfrobust.solve(**GOOD)
    assert model.adversarial_risk([0.0, 0.3]).shape == (2,)
    assert model.adversarial_risk(np.full((2, 3), 0.1)).shape == (2, 3)
    assert model.adversarial_risk([0.3])[0] == model.adversarial_risk() == model.adversarial_risk(0.3)
    assert model.adversarial_risk(0) == model.standard_risk
    for bad, error in ((-0.1, ValueError), (math.nan, ValueError), ([], ValueError), ("x", TypeError)):
        with pytest.raises(error, match="eps_test must"):
            model.adversarial_risk(bad)
        with pytest.raises(error, match="eps_test must"):
            rfrobust.sweep(**GOOD, eps_test=bad)


def test_activation_moments_are_checked():
    with pytest.raises(ValueError, match=r"rho\^2 must be >= 2 mu2\^2"):
        rfrobust.Activation("bad", np.sin, np.cos, 0.0, 0.5, 0.5, 0.6)
    for moments in (
        (1e-200, 1e-200, 2e-200),
        (1e-11, 0.0, 0.0),
        (1.0, 1e-200, 1e-200),
        (1e200, 1.0, 2.0),
        (1.0, 0.0, 1.0),
    ):
        with pytest.raises(ValueError, match=r"(mu1|mu2|rho|mu1 and mu2) must "):
            rfrobust.Activation.from_moments(*moments)
    with pytest.raises(ValueError, match="must not both be below 1e-10"):
        rfrobust.Activation("constant", np.sin, np.cos, 1.0, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="mu2 must be"):
        rfrobust.Activation("negative", np.sin, np.cos, 0.0, 0.5, -0.5, 1.0)


def test_divergence_is_an_error_with_a_remedy():
    with pytest.raises(rfrobust.SolverError, match=r"DIVERGENT at psi1=2.0, psi2=2.0.*take eps > 0") as caught:
        rfrobust.solve(2, 2, 0.0, 0.5)
    assert caught.value.status is rfrobust.Status.DIVERGENT


@pytest.mark.parametrize("spectrum", ["marchenko-pastur", "orthogonal"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_divergence_is_recognised_on_the_whole_diagonal(activation, spectrum):
    for psi in np.geomspace(1e-3, 1e3, 101):
        with pytest.raises(rfrobust.SolverError, match="DIVERGENT"):
            rfrobust.solve(psi, psi, 0.0, 0.5, activation=activation, spectrum=spectrum)


def test_linear_features_diverge_at_their_own_rank():
    for psi1 in (1.0, 1.7, 30.0):
        with pytest.raises(rfrobust.SolverError, match="DIVERGENT"):
            rfrobust.solve(psi1, 1.0, 0.0, 0.5, activation="identity")
    assert rfrobust.solve(3.0, 3.0, 0.0, 0.5, activation="identity").standard_risk < 1


def test_exact_recovery_has_its_own_status():
    with pytest.raises(rfrobust.SolverError, match="take tau > 0") as caught:
        rfrobust.solve(1, 2, 0.3, activation="identity")
    assert caught.value.status is rfrobust.Status.DEGENERATE


def test_huge_integers_masks_and_scalars_of_other_libraries():
    import xarray as xr

    with pytest.raises(ValueError, match="psi1 must be"):
        rfrobust.solve(10**400, 2, 0.3)
    with pytest.raises(TypeError, match="psi1 must be an array without mask"):
        rfrobust.sweep(psi1=np.ma.array([1.0, 99.0], mask=[0, 1]), psi2=2, eps=0.3)
    assert rfrobust.solve(xr.DataArray(3.0), np.float32(2), 0.25) == rfrobust.solve(3, 2, 0.25)


def test_solutions_survive_pickling():
    import pickle

    model = rfrobust.solve(3, 2, 0.3, spectrum="orthogonal")
    assert pickle.loads(pickle.dumps(model)) == model


#: Two directions so far apart that one of them is lost in double precision.
BEYOND = QuadraticModel([1e-150, 1e150], [1e150, 1e-150], [0.0, 1e150], 2.0, 1.0)


def test_beyond_double_precision_is_an_error_not_a_number():
    with pytest.raises(rfrobust.SolverError, match="NOT_CONVERGED"):
        BEYOND.solve(1e-3, ridge=1e-3)


def test_thresholds_check_their_input():
    with pytest.raises(ValueError, match="n must be an integer >= 2, got n=1"):
        rfrobust.interpolation_threshold(3, 2, 0.5, 1)
    with pytest.raises(TypeError, match="n must be an integer"):
        rfrobust.interpolation_threshold(3, 2, 0.5, 10.0)
    with pytest.raises(ValueError, match="psi1 must be"):
        rfrobust.null_threshold(-1, 2)
    with pytest.raises(ValueError, match="z must be"):
        rfrobust.MarchenkoPastur().resolvents([1.0, 0.0], 2.0)


number = st.one_of(st.floats(), st.integers(), st.text(max_size=2), st.none(), st.complex_numbers())


@given(number, number, number, number, number)
def test_any_input_gives_a_solution_or_a_clear_error(psi1, psi2, eps, tau, ridge):
    try:
        model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
    except (ValueError, TypeError) as error:
        assert any(str(error).startswith(f"{name} must be") for name in ("psi1", "psi2", "eps", "tau", "ridge"))
    except rfrobust.SolverError as error:
        assert error.status is not rfrobust.Status.SOLVED
    else:
        assert model.residual <= 1e-10
        assert math.isfinite(model.standard_risk)


extreme = st.floats(-20, 20).map(lambda x: 10**x)


@given(extreme, extreme, st.one_of(st.just(0.0), extreme), extreme, st.one_of(st.just(0.0), extreme))
def test_extreme_input_is_solved(psi1, psi2, eps, tau, ridge):
    assume(psi1 != psi2 or eps > 0 or ridge > 0)
    model = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
    assert model.residual <= 1e-10
    assert math.isfinite(model.standard_risk)
    assert math.isfinite(model.gradient_norm)
    assert model.standard_risk >= tau * tau * (1 - 1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: rfrobust.sweep(psi1=3, psi2=2, eps=0.1, signal_norm=1e308),
        lambda: rfrobust.null_threshold(3, 2, 0.5, signal_norm=1e200),
        lambda: rfrobust.null_threshold(1e21, 2, 0.5),
        lambda: rfrobust.solve(3, 2, 1e-200, 0.5),
        lambda: rfrobust.solve(3, 2, 0.3, 1e-30),
        lambda: rfrobust.sweep(psi1=3, psi2=2, eps=[0.1, 0.2], ridge=[0.0, 1e-25]),
        lambda: rfrobust.theory.linear_null_threshold(2, 0.5, signal_norm=1e200),
        lambda: rfrobust.theory.infinitely_wide(2, 1e200, 0.5, ridge=0.1),
        lambda: rfrobust.theory.small_eps_expansion(1, 2, 1e200),
        lambda: rfrobust.theory.linear_population(0.3, 1e200),
        lambda: rfrobust.theory.linear_population(0.3, 1e-200),
        lambda: rfrobust.theory.null_model(1e200),
        lambda: rfrobust.simulate(psi1=1, psi2=2, eps=0.3, d=10, ridge=1e200, replicates=1),
    ],
)
def test_parameters_beyond_floats_are_refused(call):
    with pytest.raises(ValueError, match=r"^\w+ must be in \["):
        call()


@pytest.mark.parametrize("psi1", [1e-20, 1e20])
@pytest.mark.parametrize("psi2", [1e-20, 1e20])
@pytest.mark.parametrize("size", [1e-20, 1e20])
def test_thresholds_are_finite_at_the_ends_of_the_ranges(psi1, psi2, size):
    assert math.isfinite(rfrobust.null_threshold(psi1, psi2, 1.0 / size, signal_norm=size))


def test_arguments_of_the_interpolation_threshold_at_the_pole():
    assert rfrobust.interpolation_threshold(3, 1, 0.5, 100, activation="identity") == 0.0
    for arguments, message in (((2, 2, "a", 10), "tau must be a real number"), ((2, 2, -1, 10), "tau must be in")):
        with pytest.raises((TypeError, ValueError), match=message):
            rfrobust.interpolation_threshold(*arguments)
    with pytest.raises(ValueError, match="activation must be one of"):
        rfrobust.interpolation_threshold(2, 2, 0.5, 10, activation="nonsense")


@pytest.mark.parametrize("activation", [[], {}, np.zeros(2), 3])
def test_activations_of_the_wrong_kind(activation):
    with pytest.raises(TypeError, match="activation must be one of"):
        rfrobust.solve(3, 2, 0.3, activation=activation)


@pytest.mark.parametrize("psi1", [1.0, 400.0])
@pytest.mark.parametrize("psi2", [2.0, math.inf])
def test_exact_recovery_is_named(psi1, psi2):
    """Linear features without noise: below sqrt(2/pi), at infinite data, training finds the target itself."""
    with pytest.raises(rfrobust.SolverError, match="recovers it") as caught:
        rfrobust.solve(psi1, psi2, 0.1, 0.0, activation="identity", spectrum="orthogonal")
    assert caught.value.status is rfrobust.Status.DEGENERATE
    above = rfrobust.solve(1, math.inf, 0.85, 0.0, activation="identity", spectrum="orthogonal")
    assert above.standard_risk > 1e-3


@pytest.mark.parametrize(
    ("psi1", "psi2", "keywords"),
    [(2, math.inf, {"activation": "cos"}), (1, 2, {"activation": "identity", "spectrum": "orthogonal"})],
)
def test_derivatives_and_certificates_where_a_risk_is_zero(psi1, psi2, keywords):
    """An even activation learns nothing of a linear target (r = 0); linear features recover it (v = 0)."""
    model = rfrobust.solve(psi1, psi2, 0.0, 0.0, **keywords)
    assert model.standard_risk * model.gradient_norm == 0.0
    slopes = rfrobust.gradient(model)
    assert np.isnan(slopes.standard_risk).all()
    assert slopes.standard_risk.attrs["value"] == model.standard_risk
    certificate = rfrobust.certify(rfrobust.solve(psi1, psi2, 0.0, 0.0, **keywords))
    assert not certificate.proved
    assert "v = 0 or r = 0" in certificate.reason


def test_a_linear_part_too_small_to_square_is_none():
    tiny, none = (rfrobust.Activation.from_moments(mu1, 1, 2) for mu1 in (1e-80, 0.0))
    for ridge in (0.0, 0.1):
        got, even = (rfrobust.solve(3, 2, 0.3, 0.5, ridge=ridge, activation=a) for a in (tiny, none))
        assert got.phase is even.phase is rfrobust.Phase.REGULAR
        assert got.standard_risk == pytest.approx(even.standard_risk, rel=1e-14)
    assert even.standard_risk > 1.25


@pytest.mark.slow
def test_kernels_run_without_compilation():
    code = "import rfrobust; print(rfrobust.solve(3, 2, 0.3, 0.5).standard_risk)"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) == pytest.approx(rfrobust.solve(3, 2, 0.3, 0.5).standard_risk, rel=1e-14)
