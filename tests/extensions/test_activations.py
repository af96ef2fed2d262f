"""Activations: moments by SymPy, mpmath and quadrature, dual kernels by 2-d quadrature, invariance, bad input."""

import math
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit, ndtr

import rfrobust
from rfrobust.problem.activation import Activation
from rfrobust.problem.catalogue import TABLE, built_in
from rfrobust.problem.exact_moments import EXACT, exact_moments
from rfrobust.support.quadrature import QuadratureError, gaussian_mean
from tests import reference

NAMES = [*TABLE, "leaky-relu:-0.4", "abs-linear:0.3", "quadratic:1.5", "step:1"]
FIELDS = ("mu0", "mu1", "mu2", "rho")


@pytest.mark.parametrize("name", TABLE)
def test_moments_in_multiple_precision(name):
    a = built_in(name)
    mu0 = reference.mean(reference.FORMULAS[name][0], 25)
    assert a.mu0 == pytest.approx(float(mu0), abs=2e-13)
    assert [a.mu1, a.mu2, a.rho] == pytest.approx([float(x) for x in reference.moments(name, 25)], abs=2e-13)


@pytest.mark.parametrize("name", NAMES)
def test_moments_by_quadrature_of_function_and_derivative(name):
    a = built_in(name)
    again = Activation.from_callable(a.function, a.derivative, kinks=a.kinks)
    for field in FIELDS:
        assert getattr(again, field) == pytest.approx(getattr(a, field), abs=1e-13)


def test_published_constants():
    tanh, erf = built_in("tanh"), built_in("erf")
    assert tanh.mu1**2 == pytest.approx(0.3668791643624, abs=2e-13)
    assert tanh.mu2**2 == pytest.approx(0.02741532603543, abs=1e-14)
    assert tanh.rho**2 + tanh.mu1**2 == pytest.approx(0.4644029024483, abs=2e-13)
    assert erf.mu1**2 == pytest.approx(0.4244131815784, abs=1e-13)
    assert erf.mu2**2 == pytest.approx(0.04014587281915, abs=1e-14)
    assert erf.rho**2 + erf.mu1**2 == pytest.approx(0.5694100347337, abs=1e-13)


@pytest.mark.parametrize("name", EXACT)
def test_exact_moments_are_those_used(name):
    symbols = {"a": 0.1, "b": {"abs-linear": 1, "step": 5, "quadratic": 0}.get(name, 0)}
    a = built_in(name)
    for key, value in exact_moments(name).items():
        number = float(value.subs({s: symbols[s.name] for s in value.free_symbols}))
        assert number == pytest.approx(getattr(a, key.removesuffix("_squared")) ** 2, abs=5e-16)


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("leaky-relu", [("u/10", -sp.oo, 0), ("u", 0, sp.oo)]),
        ("abs-linear", [("0*u", -sp.oo, 0), ("2*u", 0, sp.oo)]),
        ("sin", [("sin(u)", -sp.oo, sp.oo)]),
        ("cos", [("cos(u)", -sp.oo, sp.oo)]),
        ("quadratic", [("u**2-1", -sp.oo, sp.oo)]),
    ],
)
def test_exact_moments_by_their_defining_integrals(name, pieces):
    u = sp.Symbol("u", real=True)
    density = sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)

    def mean(power, order, weight=1):
        total = 0
        for text, low, high in pieces:
            f = sp.sympify(text, locals={"u": u}, rational=True).diff(u, order)
            total += sp.integrate(sp.expand(f**power * weight) * density, (u, low, high))
        return total

    first = mean(1, 0, u) ** 2
    direct = {
        "mu0_squared": mean(1, 0) ** 2,
        "mu1_squared": first,
        "mu2_squared": mean(2, 0) - mean(1, 0) ** 2 - first,
        "rho_squared": mean(2, 1) - first,
    }
    symbols = {"a": sp.Rational(1, 10), "b": {"abs-linear": 1, "quadratic": 0}.get(name, 0)}
    for key, value in exact_moments(name).items():
        exact = value.subs({s: symbols[s.name] for s in value.free_symbols})
        assert abs(sp.N(direct[key] - exact, 30)) < 1e-25


@pytest.mark.parametrize("name", NAMES)
def test_dual_kernels_against_their_integrals(name):
    a = built_in(name)
    for c in (-0.95, -0.4, 0.0, 0.3, 0.8):
        # E f(u) f(cu + sqrt(1-c^2) w), the inner mean by panels that end at the kinks of its integrand
        root = math.sqrt(1.0 - c * c)
        nodes, weights = hermegauss(140)
        for function, kernel in ((a.function, a.dual), (a.derivative, a.derivative_dual)):

            def inner(u, function=function, c=c, root=root):
                cuts = [(kink - c * u) / root for kink in a.kinks]
                return gaussian_mean(lambda w: function(c * u + root * w), cuts)

            if a.kinks:
                grid = np.polynomial.legendre.leggauss(40)
                ends = sorted({-9.0, -1.0, 0.0, 1.0, 9.0})
                value = 0.0
                for low, high in pairwise(ends):
                    points = 0.5 * (low + high) + 0.5 * (high - low) * grid[0]
                    density = np.exp(-0.5 * points**2) / math.sqrt(2 * math.pi)
                    terms = [float(function(np.float64(u))) * inner(u) for u in points]
                    value += 0.5 * (high - low) * float(grid[1] @ (terms * density))
                tolerance = 2e-8
            else:
                mass = np.outer(weights, weights) / (2 * math.pi)
                U = nodes[:, None]
                V = c * nodes[:, None] + root * nodes[None, :]
                value = float(np.sum(mass * function(U) * function(V)))
                # Gauss-Hermite sees the poles of the logistic function and the steep step
                tolerance = 3e-3 if name == "step" else 1e-9
            assert float(kernel(np.array(c))) == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_dual_kernels_at_the_ends_are_moments(name):
    a = built_in(name)
    one, zero = np.array(1.0), np.array(0.0)
    assert a.dual(zero) == pytest.approx(a.mu0**2, abs=1e-14)
    assert a.dual(one) == pytest.approx(a.mu0**2 + a.mu1**2 + a.mu2**2, abs=1e-14)
    assert a.derivative_dual(zero) == pytest.approx(a.mu1**2, abs=1e-14)
    assert a.derivative_dual(one) == pytest.approx(a.mu1**2 + a.rho**2, abs=1e-14)
    opposite = gaussian_mean(lambda u: a.function(u) * a.function(-u), a.kinks)
    assert a.dual(-one) == pytest.approx(opposite, abs=1e-13)
    # the derivative kernel is the derivative of the kernel
    c = np.linspace(-0.9, 0.9, 13)
    h = 1e-5
    np.testing.assert_allclose((a.dual(c + h) - a.dual(c - h)) / (2 * h), a.derivative_dual(c), atol=2e-8)


@pytest.mark.parametrize("name", [n for n in TABLE if n not in ("tanh", "sigmoid", "softplus", "silu", "hard-tanh")])
def test_closed_kernels_agree_with_the_hermite_series(name):
    a = built_in(name)
    series = Activation.from_callable(a.function, a.derivative, kinks=a.kinks)
    c = np.array([-1.0, -0.96, -0.5, 0.0, 0.25, 0.7, 0.97, 1.0])
    np.testing.assert_allclose(series.dual(c), a.dual(c), atol=2e-14)
    np.testing.assert_allclose(series.derivative_dual(c), a.derivative_dual(c), atol=1e-12)


def test_hermite_series_of_a_kink_near_one():
    relu = built_in("relu")
    series = Activation.from_callable(relu.function, relu.derivative, kinks=[0.0])
    c = np.array([-0.999, 0.99, 0.999, 0.9999])
    np.testing.assert_allclose(series.dual(c), relu.dual(c), atol=1e-6)
    np.testing.assert_allclose(series.derivative_dual(c), relu.derivative_dual(c), atol=5e-3)


@given(
    st.sampled_from(NAMES),
    st.floats(0.1, 10).map(lambda x: x if x < 5 else -x / 5),
    st.floats(-3, 3),
    st.floats(0.05, 1.0),
)
def test_invariance_under_affine_maps(name, scale, shift, eps):
    a = built_in(name)
    b = a.affine(scale, shift)
    first = rfrobust.solve(3, 2, eps, 0.5, activation=a)
    second = rfrobust.solve(3, 2, eps, 0.5, activation=b)
    assert second.standard_risk == pytest.approx(first.standard_risk, rel=1e-9)
    assert second.gradient_norm == pytest.approx(first.gradient_norm, rel=1e-9)
    ridged = rfrobust.solve(3, 2, eps, 0.5, activation=b, ridge=0.1 * scale**2)
    assert ridged.standard_risk == pytest.approx(
        rfrobust.solve(3, 2, eps, 0.5, activation=a, ridge=0.1).standard_risk, rel=1e-9
    )


@pytest.mark.parametrize("name", ["gelu", "softplus", "leaky-relu"])
def test_affine_maps_of_everything(name):
    a = built_in(name)
    u, c = np.linspace(-3, 3, 7), np.linspace(-1, 1, 9)
    b = a.affine(-2.0, 0.7)
    fresh = Activation.from_callable(b.function, b.derivative, kinks=b.kinks)
    np.testing.assert_allclose(b(u), -2 * a(u) + 0.7)
    for field in FIELDS:
        assert getattr(b, field) == pytest.approx(getattr(fresh, field), abs=1e-13)
    np.testing.assert_allclose(b.dual(c), fresh.dual(c), atol=1e-13)
    assert a.centred().mu0 == pytest.approx(0.0, abs=1e-16)
    n = a.normalised()
    assert n.mu0 == pytest.approx(0.0, abs=1e-15)
    assert n.mu1**2 + n.mu2**2 == pytest.approx(1.0, rel=1e-14)
    assert n.rho / n.mu2 == pytest.approx(a.rho / a.mu2, rel=1e-14)


@given(st.floats(0, 3), st.floats(0.01, 2), st.floats(1.4143, 10))
def test_moments_alone(mu1, mu2, ratio):
    a = Activation.from_moments(mu1, mu2, ratio * mu2)
    assert a.constants == (mu1 * mu1, mu2 * mu2, (ratio * mu2) ** 2)


def test_moments_alone_are_enough_for_limits_not_for_networks():
    relu = built_in("relu")
    a = Activation.from_moments(relu.mu1, relu.mu2, relu.rho)
    assert rfrobust.solve(3, 2, 0.3, 0.5, activation=a).standard_risk == (rfrobust.solve(3, 2, 0.3, 0.5).standard_risk)
    for use in (a, a.dual, a.derivative_dual):
        with pytest.raises(ValueError, match="moments only"):
            use(np.zeros(2))


def test_quadratic_attains_the_bound_and_others_obey_it():
    assert built_in("quadratic").rho ** 2 == pytest.approx(2 * built_in("quadratic").mu2 ** 2, rel=1e-15)
    for name in NAMES:
        a = built_in(name)
        assert a.rho**2 >= 2 * a.mu2**2 * (1 - 1e-12)
    with pytest.raises(ValueError, match=r"rho\^2 must be >= 2 mu2\^2"):
        Activation.from_moments(1.0, 1.0, 1.41)


def test_even_activations_learn_nothing_linear():
    for name in ("cos", "quadratic"):
        at = {eps: rfrobust.solve(1, 4, eps, 0.5, activation=name) for eps in (0.0, 0.1, 0.3)}
        assert at[0.0].standard_risk == pytest.approx(1.25 / (1 - 0.25), rel=1e-12)  # pure noise fit, R = 1/4
        assert all(model.standard_risk > 1.25 for model in at.values())
        assert rfrobust.solve(1, math.inf, 1e-3, 0.5, activation=name).phase is rfrobust.Phase.NULL
        near = rfrobust.Activation.from_moments(1e-6, built_in(name).mu2, built_in(name).rho)
        assert rfrobust.solve(1, 4, 0.1, 0.5, activation=near).standard_risk == pytest.approx(
            at[0.1].standard_risk, rel=1e-9
        )


BAD = [
    ({"kinks": ["a"]}, TypeError, "kinks must be real numbers"),
    ({"function": "a"}, TypeError, "function must be callable"),
    (
        {"function": lambda u: np.exp(u * u / 3), "derivative": lambda u: 2 * u / 3 * np.exp(u * u / 3)},
        ValueError,
        "at most exponential growth",
    ),
    ({"derivative": np.sin}, ValueError, "derivative must be the derivative"),
    ({"function": np.sign, "derivative": np.zeros_like, "kinks": [0.0]}, ValueError, "function continuous"),
    ({"function": np.ones_like, "derivative": np.zeros_like}, ValueError, "constant"),
    ({"function": lambda u: np.full_like(u, np.nan)}, QuadratureError, "not finite"),
    # E sigma'^2 diverges like log
    (
        {
            "function": lambda u: np.sqrt(np.abs(u - 0.3)),
            "derivative": lambda u: 0.5 * np.sign(u - 0.3) / np.sqrt(np.abs(u - 0.3)),
            "kinks": [0.3],
        },
        QuadratureError,
        "did not converge near u = 0.3",
    ),
]


@pytest.mark.parametrize("name", TABLE)
def test_a_derivative_that_is_not_given_is_found(name):
    a = built_in(name)
    found = Activation.from_callable(a.function, kinks=a.kinks)
    for field in FIELDS:
        assert getattr(found, field) == pytest.approx(abs(getattr(a, field)), abs=1e-9)
    u = np.linspace(-4, 4, 64)
    np.testing.assert_allclose(found.derivative(u), a.derivative(u), atol=1e-10)


def silu(u):
    return u * expit(u)


def silu_slope(u):
    return expit(u) * (1 + u * expit(-u))


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize(
    "error",
    [
        lambda u: expit(u) + 0.8 * np.tanh(u) - silu_slope(u),  # odd: Stein's identity does not see it
        lambda u: 0.3 * np.sin(16 * np.pi * u) * np.exp(-u * u),
        lambda u: 0.1 * (np.abs(u) < 0.01) * np.sign(u),
    ],
)
def test_a_wrong_derivative_of_the_right_mean_is_refused(error, scale):
    with pytest.raises(ValueError, match=r"derivative must be the derivative of function: at u = \S+ it is"):
        Activation.from_callable(lambda u: scale * silu(u), lambda u: scale * (silu_slope(u) + error(u)))


def test_without_a_derivative_the_risk_is_that_of_the_right_one():
    found = Activation.from_callable(silu)
    assert rfrobust.solve(3, 2, 0.3, 0.5, activation=found).adversarial_risk() == pytest.approx(1.8677015, rel=1e-7)


@pytest.mark.parametrize("steepness", [30, 100, 300])
def test_steep_functions_with_and_without_their_derivative(steepness):
    def function(u):
        return np.tanh(steepness * u)

    def slope(u):
        return steepness * (1 - np.tanh(steepness * u) ** 2)

    given, found = Activation.from_callable(function, slope), Activation.from_callable(function)
    for field in FIELDS:
        assert getattr(found, field) == pytest.approx(getattr(given, field), rel=1e-9)
    # sech^4 integrated over a density that is flat across the step
    assert given.rho**2 + given.mu1**2 == pytest.approx(
        4 * steepness / 3 / math.sqrt(2 * math.pi), rel=0.2 / steepness**2
    )


def test_fast_oscillations_are_resolved_or_refused():
    for frequency in (100, 1000):
        found = Activation.from_callable(lambda u, w=frequency: np.sin(w * u) / w)
        assert found.rho == pytest.approx(math.sqrt(0.5), rel=1e-9)


@pytest.mark.parametrize("kink", [0.31, 0.0])
def test_a_kink_that_is_not_declared_is_found_or_does_no_harm(kink):
    def relu(u):
        return np.maximum(u - kink, 0.0)

    if kink:
        with pytest.raises(QuadratureError, match=r"did not converge near u = 0\.31"):
            Activation.from_callable(relu)
    else:
        assert Activation.from_callable(relu).rho == pytest.approx(0.5, abs=1e-12)
    declared = Activation.from_callable(relu, kinks=[kink])
    assert declared.rho**2 + declared.mu1**2 == pytest.approx(ndtr(-kink), abs=1e-10)


def test_kinks_closer_than_the_steps_of_differences():
    found = Activation.from_callable(lambda u: np.clip(u, 0, 0.002), kinks=[0, 0.002])
    assert found.rho**2 + found.mu1**2 == pytest.approx(ndtr(0.002) - 0.5, rel=1e-9)


def test_functions_close_to_linear_keep_the_digits_that_rounding_leaves():
    exact = built_in("tanh")
    given = Activation.from_callable(lambda u: u + 1e-5 * np.tanh(u), lambda u: 1 + 1e-5 * (1 - np.tanh(u) ** 2))
    assert given.mu2 == pytest.approx(1e-5 * exact.mu2, rel=1e-9)
    assert given.rho == pytest.approx(1e-5 * exact.rho, rel=1e-9)
    with pytest.raises(ValueError, match="derivative must be given for a function so close to linear"):
        Activation.from_callable(lambda u: u + 1e-10 * np.tanh(u))


def test_functions_of_single_numbers_are_taken_elementwise():
    scalar = Activation.from_callable(math.tanh, lambda u: 1 - math.tanh(u) ** 2)
    for field in FIELDS:
        assert getattr(scalar, field) == pytest.approx(getattr(built_in("tanh"), field), abs=1e-12)
    assert scalar(np.zeros((2, 3))).shape == (2, 3)
    for function in (lambda u: u if u > 0 else 0.2 * u, lambda u: max(u, 0.2 * u)):
        leaky = Activation.from_callable(function, lambda u: 1.0 if u > 0 else 0.2, kinks=[0.0])
        assert leaky.mu1 == pytest.approx(0.6)
        assert Activation.from_callable(function, kinks=[0.0]).rho == pytest.approx(leaky.rho, abs=1e-11)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda u: u / np.linalg.norm(u), "function must act elementwise"),
        (np.sort, "function must act elementwise"),
        (lambda u: np.tanh(u, out=u), "function must not change its argument"),
        (lambda u: np.tanh(u) + 0j, "function must have real values, got complex128"),
        (lambda u: "a", "function must take arrays elementwise or single numbers"),
    ],
)
def test_functions_that_do_not_act_on_numbers_are_refused(function, message):
    with pytest.raises(ValueError, match=message):
        Activation.from_callable(function)


def test_noise_is_no_function():
    rng = np.random.default_rng(0)
    with pytest.raises((QuadratureError, ValueError), match=r"did not converge|elementwise"):
        Activation.from_callable(lambda u: np.tanh(u) + 1e-12 * rng.standard_normal(np.shape(u)))


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_callables(change, error, message):
    good = {"function": np.sin, "derivative": np.cos} | change
    with pytest.raises(error, match=message), np.errstate(all="ignore"):
        Activation.from_callable(good.pop("function"), good.pop("derivative"), **good)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rellu", "activation must be one of 'relu'"),
        ("tanh:2", "takes no parameter"),
        ("leaky-relu:", "needs a number"),
        ("leaky-relu:nan", "needs a number"),
        ("step:-1", "sharpness must be"),
        ("leaky-relu:1e400", "needs a number"),
    ],
)
def test_bad_names(name, message):
    with pytest.raises(ValueError, match=message):
        rfrobust.solve(1, 2, 0.3, activation=name)


def test_bad_correlations_and_scales():
    a = built_in("tanh")
    for use in (a.dual, a.derivative_dual):
        with pytest.raises(ValueError, match=r"c must be in \[-1, 1\]"):
            use(np.array([0.0, 1.1]))
    with pytest.raises(ValueError, match="scale must not be 0"):
        a.affine(0.0)
    with pytest.raises(ValueError, match="name must be one of"):
        exact_moments("tanh")


def test_activations_travel_to_worker_processes():
    for name in NAMES:
        a = built_in(name).affine(2.0, 1.0)
        b = pickle.loads(pickle.dumps(a))
        np.testing.assert_array_equal(a(np.linspace(-2, 2, 5)), b(np.linspace(-2, 2, 5)))


def test_solving_does_not_import_sympy():
    code = (
        "import sys, rfrobust; rfrobust.solve(1, 2, .3, activation='gelu');"
        "rfrobust.Activation.from_callable; assert 'sympy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
