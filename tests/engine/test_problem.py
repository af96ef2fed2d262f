"""Problems as objects: content, equality, what functions make of one, and what they refuse beside it."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

import rfrobust
from rfrobust import tuning
from rfrobust.problem.spectrum import OrthogonalRows
from rfrobust.theory import (
    QuadraticModel,
    drawn_network,
    interpolation_threshold,
    least_gradient_interpolator,
    population,
    small_eps_expansion,
)

P = rfrobust.Problem.of(3, 2, 0.3, 0.5, ridge=0.1, activation="tanh", signal_norm=1.2, nonlinear_power=0.1)
KEYS = {"tau": 0.5, "activation": "tanh", "signal_norm": 1.2, "nonlinear_power": 0.1}

#: What functions of a problem return, from the problem and from its parameters.
SAME = {
    "solve": (rfrobust.solve, lambda: rfrobust.solve(3, 2, 0.3, ridge=0.1, **KEYS)),
    "null_threshold": (rfrobust.null_threshold, lambda: rfrobust.null_threshold(3, 2, **KEYS)),
    "interpolation": (lambda p: interpolation_threshold(p, n=50), lambda: interpolation_threshold(3, 2, n=50, **KEYS)),
    "small_eps": (lambda p: small_eps_expansion(p.vary(psi1=1)), lambda: small_eps_expansion(1, 2, **KEYS)),
    "least_gradient": (least_gradient_interpolator, lambda: least_gradient_interpolator(3, 2, **KEYS)),
    "population": (population, lambda: population(3, 0.3, ridge=0.1, **KEYS)),
    "best_training": (
        lambda p: rfrobust.best_training(p, eps_test=0.2),
        lambda: rfrobust.best_training(3, 2, eps_test=0.2, ridge=0.1, **KEYS),
    ),
    "best_width": (rfrobust.best_width, lambda: rfrobust.best_width(2, 0.3, ridge=0.1, **KEYS)),
    "best_activation": (
        lambda p: rfrobust.best_activation(p).optimum,
        lambda: rfrobust.best_activation(3, 2, 0.3, 0.5, signal_norm=1.2, nonlinear_power=0.1).optimum,
    ),
    "width_transition": (tuning.width_transition, lambda: tuning.width_transition(2, ridge=0.1, **KEYS)),
}


@pytest.mark.parametrize("name", SAME)
def test_a_problem_is_its_parameters(name):
    of_problem, of_parameters = SAME[name]
    got, expected = of_problem(P), of_parameters()
    if name in ("least_gradient", "population"):  # of another problem, which the result carries
        got, expected = got.standard_risk, expected.standard_risk
    assert got == expected


def test_datasets_of_a_problem_are_those_of_its_parameters():
    axes = {"psi1": [1.0, 3.0], "eps": [0.1, 0.3]}
    keys = KEYS | {"psi2": 2.0, "ridge": 0.1}
    assert rfrobust.sweep(P, **axes).identical(rfrobust.sweep(**axes, **keys))
    assert tuning.radius_curves([2.0], P).equals(tuning.radius_curves([2.0], 2, ridge=0.1, **KEYS))
    assert tuning.best_widths([0.1], P).equals(tuning.best_widths([0.1], 2, ridge=0.1, **KEYS))
    curves = rfrobust.pareto(P, eps_test=0.2, points=10)
    assert curves.equals(rfrobust.pareto(3, 2, eps_test=0.2, points=10, **KEYS))
    networks = {"d": 10, "replicates": 1, "workers": 1}
    assert rfrobust.simulate(P, **networks).equals(rfrobust.simulate(psi1=3, eps=0.3, **keys, **networks))
    assert rfrobust.sweep(P).attrs["problem_key"] == P.key


BESIDE = [
    lambda **more: rfrobust.solve(P, **more),
    lambda **more: rfrobust.null_threshold(P, **more),
    lambda **more: rfrobust.best_training(P, eps_test=0.3, **more),
    lambda **more: rfrobust.best_width(P, **more),
    lambda **more: rfrobust.best_activation(P, **more),
    lambda **more: rfrobust.pareto(P, eps_test=0.3, **more),
    lambda **more: tuning.width_transition(P, **more),
    lambda **more: tuning.radius_curves([2.0], P, **more),
    lambda **more: tuning.best_widths([0.1], P, **more),
    lambda **more: small_eps_expansion(P, **more),
    lambda **more: interpolation_threshold(P, n=50, **more),
]


@pytest.mark.parametrize("call", BESIDE)
@pytest.mark.parametrize("tau", [0.0, 0.9])
def test_nothing_given_beside_a_problem_is_ignored(call, tau):
    with pytest.raises(TypeError, match=rf"tau is a part of the problem that is given, got tau={tau}"):
        call(tau=tau)


def test_radius_and_ratio_beside_a_problem_are_refused():
    for call in (lambda: rfrobust.best_width(P, 0.1), lambda: rfrobust.solve(P, eps=0.1), lambda: population(P, 0.3)):
        with pytest.raises(TypeError, match="eps is a part of the problem"):
            call()
    with pytest.raises(TypeError, match="psi2 is a part of the problem"):
        rfrobust.solve(P, 2.0)
    with pytest.raises(TypeError, match="eps must not be given here"):
        rfrobust.null_threshold(psi1=3, psi2=2, eps=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rfrobust.sweep(3), "problem must be a Problem, got int"),
        (lambda: rfrobust.simulate({"psi1": 3}, d=20), "problem must be a Problem, got dict"),
        (lambda: rfrobust.gradient(P), "equilibrium must be a result of rfrobust.solve, got Problem"),
        (lambda: rfrobust.verify(3), "model must be a result of rfrobust.solve, got int"),
        (lambda: rfrobust.certify(P), "equilibrium must be a result of rfrobust.solve, got Problem"),
        (lambda: rfrobust.solve(3, 2, 0.3, seed=1), "unexpected keyword argument 'seed'"),
        (lambda: rfrobust.sweep(psi1=[1], psi2=2, eps=0.3, n_jobs=2), "unexpected keyword argument 'n_jobs'"),
        (lambda: rfrobust.sweep(psi1=[1], psi2=2), "eps must be given where there is no problem"),
        (lambda: P.vary(n=3), "n is not one of psi1, psi2"),
        (lambda: rfrobust.Problem(3, 2, 1.0, P.features, P.attack), "data must be of type Data, got 1.0 .float."),
    ],
)
def test_wrong_kinds_are_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_problems_are_checked_when_they_are_made():
    W = rfrobust.MarchenkoPastur().draw(20, 10, np.random.default_rng(0))
    drawn = drawn_network(W, 40, 0.5).problem(0.1)
    with pytest.raises(ValueError, match=r"psi1 must be N/d = 2\.0"):
        drawn.vary(psi1=3)
    with pytest.raises(ValueError, match="ridge must be 0"):
        drawn.vary(ridge=0.1)
    with pytest.raises(ValueError, match="psi1 must be <= 1/1"):
        rfrobust.Problem.of(2, 2, 0.3, spectrum=rfrobust.DiscreteSpectrum([1.0]))
    with pytest.raises(ValueError, match=r"norm must be finite and >= 1\.05"):
        rfrobust.problem.Attack(0.3, norm=1.0)
    with pytest.raises(TypeError, match="norm must be a real number"):
        rfrobust.problem.Attack(0.3, norm=np.array([2.0, 2.0]))


def test_what_a_problem_holds_cannot_be_changed():
    law = rfrobust.DiscreteSpectrum([0.5, 1.5])
    arrays = QuadraticModel([1.0, 2.0], [1.0, 1.0], [0.1, 0.1], 1.0, 5.0)
    for array in (law.atoms, law.weights, arrays.covariance, arrays.metric, arrays.cross):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0
    with pytest.raises((AttributeError, TypeError)):
        P.psi1 = 1.0


def test_equal_content_is_equal_hashable_and_of_one_key():
    named = rfrobust.problem.built_in("tanh")
    custom = [rfrobust.Activation.from_callable(lambda u: u / (1 + np.exp(-u)), name="mine") for _ in range(2)]
    problems = [
        (P, P.vary(psi1=3.0)),
        (rfrobust.Problem.of(3, 2, 0.0), rfrobust.Problem.of(3, 2, -0.0)),
        tuple(P.vary(activation=a) for a in custom),
        (P.vary(activation=named.normalised()), P.vary(activation=copy.deepcopy(named.normalised()))),
        (P.vary(spectrum=OrthogonalRows()), P.vary(spectrum="orthogonal")),
    ]
    for a, b in problems:
        assert a == b
        assert len({a, b}) == 1
        assert a.key == b.key
    for other in (P.vary(eps=0.4), P.vary(activation="erf"), P.vary(spectrum="orthogonal"), P.vary(tau=0.6)):
        assert other != P
        assert other.key != P.key
    back = pickle.loads(pickle.dumps(P))
    assert (back, back.key) == (P, P.key)


class Tunable(rfrobust.Spectrum):
    """A law that its attributes do not tell."""

    name = "tunable"
    low = 0.5

    def law(self, psi1):
        return [Tunable.low, 2.0 - Tunable.low], [0.5, 0.5]


def test_the_key_holds_the_law_not_its_name(monkeypatch):
    problem = rfrobust.Problem.of(0.5, 2, 0.3, spectrum=Tunable())
    before = problem.key
    monkeypatch.setattr(Tunable, "low", 0.05)
    assert problem.key != before


@pytest.mark.slow
def test_the_key_is_the_same_in_every_process():
    code = (
        "import numpy as np, rfrobust; a = rfrobust.Activation.from_callable(lambda u: np.sin(u) + u, name='a');"
        "print(rfrobust.Problem.of(0.5, 2, 0.3, activation=a, spectrum=rfrobust.DiscreteSpectrum([0.5, 1.5])).key)"
    )
    keys = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(keys) == 1


def test_exact_recovery_is_exact():
    for psi1 in (18.31807272010358, 1.0, 3.3, 1 / 0.3):
        model = rfrobust.solve(psi1, 10, 0, 0, activation="identity", signal_norm=3)
        assert (model.standard_risk, model.mean_abs_residual) == (0.0, 0.0)
    with pytest.raises(rfrobust.SolverError, match="DIVERGENT"):
        rfrobust.solve(0.49999999999999994, 0.5, 0, 0.5, activation="identity")


@pytest.mark.parametrize(("law", "N", "d"), [("orthogonal", 1, 1), ("orthogonal", 1, 10), ("orthogonal", 11, 10)])
def test_first_layers_of_a_law_are_isotropic(law, N, d):
    spectrum, rng = rfrobust.problem.resolve_spectrum(law), np.random.default_rng(0)
    draws = np.array([spectrum.draw(N, d, rng) for _ in range(2000)])
    np.testing.assert_allclose(np.linalg.norm(draws, axis=2), 1.0, rtol=1e-12)
    # each coordinate has mean 0 and variance 1/d
    assert np.abs(draws.mean(axis=0)).max() < 4.5 / math.sqrt(2000 * d)
    with pytest.raises(ValueError, match="d must be an integer >= 1, got d=0"):
        spectrum.draw(5, 0, rng)


def test_near_the_null_threshold_against_fifty_digits():
    from tests import reference

    threshold = rfrobust.null_threshold(3, 2, 0.5)
    for distance in (6e-5, 2e-5, 2e-6, 1e-6):
        model = rfrobust.solve(3, 2, threshold * (1 - distance), 0.5)
        v, r2, _, _ = reference.polish(model, 50)
        assert model.standard_risk == pytest.approx(float(v), rel=1e-13)
        # the radius itself is known to 1e-16 only
        assert model.gradient_norm == pytest.approx(float(r2) ** 0.5, rel=1e-11 + 4e-16 / distance)
