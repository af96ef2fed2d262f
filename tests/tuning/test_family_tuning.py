"""Searches and boundaries of every loss, norm, noise and label: brute force, and cases that are the square loss."""

import math

import numpy as np
import pytest
from scipy.special import ndtr, owens_t

import rfrobust
from rfrobust.problem import Problem
from rfrobust.tuning.boundaries import add_margins, best_widths, radius_curves, width_transition
from rfrobust.tuning.optima import best_activation, best_training, best_width, pareto
from tests.extensions.test_family import Kinked

INF = math.inf
MIX = rfrobust.GaussianMixture((0.3, 3.0), (0.8, 0.2))
KINDS = [
    {"loss": "huber:0.5", "noise": MIX},
    {"loss": "absolute", "tau": 0.5},
    {"norm": INF, "tau": 0.5},
    pytest.param({"norm": INF, "tau": 0.5, "norm_test": 2.0}, marks=pytest.mark.slow),
    pytest.param({"loss": "logistic", "tau": 0.3}, marks=pytest.mark.slow),
    pytest.param(
        {"loss": "square", "labels": "sign", "tau": 0.3, "norm": 3.0, "norm_test": INF}, marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::rfrobust.SweepWarning")
def test_nothing_beats_the_pareto_front_of_any_problem(kind):
    norm_test = kind.get("norm_test")
    model = {name: value for name, value in kind.items() if name != "norm_test"}
    front = pareto(1.5, 2, eps_test=0.3, norm_test=norm_test, points=4, **model)
    edge = float(front.attrs["eps_null"])
    radii = np.concatenate([[0.0], np.geomspace(1e-3, 0.99, 25) * edge])
    ridges = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 40)])
    tried = rfrobust.sweep(psi1=1.5, psi2=2, eps=radii, ridge=ridges, eps_test=0.3, norm_test=norm_test, **model)
    v, risk = tried.standard_risk.values.ravel(), tried.adversarial_risk.values.ravel()
    x, y = front.standard_risk.values[:, None], front.adversarial_risk.values[:, None]
    assert (np.diff(x[:, 0]) > 0).all()
    assert (np.diff(y[:, 0]) < 0).all()
    assert np.nanmin(np.maximum(v / x, risk / y)) > 1 - 1e-9
    best = best_training(1.5, 2, eps_test=0.3, ridge=None, norm_test=norm_test, **model)
    assert y[-1, 0] == pytest.approx(best.risk, rel=1e-12)
    assert best.risk <= np.nanmin(risk) * (1 + 1e-9)
    point = front.isel(point=0)
    here = rfrobust.solve(1.5, 2, float(point.eps), ridge=float(point.ridge), **({"tau": 1.0} | model))
    assert here.standard_risk == pytest.approx(float(point.standard_risk), rel=1e-9)
    assert here.adversarial_risk(0.3, norm=norm_test) == pytest.approx(float(point.adversarial_risk), rel=1e-9)


def test_pareto_front_of_a_wide_huber_loss_is_that_of_the_square_loss():
    square, huber = (pareto(3, 2, 0.5, eps_test=0.3, points=5, loss=loss) for loss in ("square", "huber:1e6"))
    for name in ("standard_risk", "adversarial_risk", "best_at"):
        np.testing.assert_allclose(huber[name], square[name], rtol=1e-8)


def test_pareto_searches_the_knobs_of_best_training():
    knobs = {"ridge": 0.1, "gradient_penalty": None, "eps": 0.0}
    front = pareto(3, 2, 0.5, eps_test=0.3, points=4, **knobs)
    assert (front.ridge == 0.1).all()
    assert (front.eps == 0.0).all()
    assert float(front.adversarial_risk[-1]) == best_training(3, 2, 0.5, eps_test=0.3, **knobs).risk
    given = Problem.of(1.5, 3, 0, 0.5, noise=MIX, loss="huber:1", ridge=0.1)
    deltas = pareto(given, eps_test=0.2, eps=0.1, ridge=0.1, delta=None, points=3)
    best = best_training(given, eps_test=0.2, eps=0.1, delta=None)
    assert float(deltas.delta[-1]) == pytest.approx(best.at["delta"], rel=1e-12)
    assert float(deltas.adversarial_risk[-1]) == pytest.approx(best.risk, rel=1e-12)
    with pytest.raises(ValueError, match="delta is the parameter of Huber's loss"):
        pareto(3, 2, 0.5, eps_test=0.3, delta=None)
    with pytest.raises(ValueError, match="leave the one to be searched None"):
        pareto(3, 2, 0.5, eps_test=0.3, eps=0.1, ridge=0.1)


def test_two_errors_cross_once():
    """docs/channel, "Two risks at once", for random pairs of networks with labels."""
    rng = np.random.default_rng(0)
    kappa, slope = np.exp(rng.uniform(-4, 4, (2, 20_000))), np.exp(rng.uniform(-4, 4, (2, 20_000)))
    kappa.sort(axis=0)
    h = np.linspace(0.0, 1.0, 60)[:, None, None] * slope
    first, second = np.moveaxis(ndtr(h) - 2 * owens_t(h, kappa), 1, 0)
    better = second[-1] <= first[-1] - 1e-12  # the second has the lower standard error, and here the lower other one
    assert better.sum() > 5_000
    assert (second <= first + 1e-12)[:, better].all()


@pytest.mark.parametrize("search", [best_training, pareto, best_activation])
def test_noise_without_variance_has_no_finite_risk(search):
    problem = Problem.of(3, 2, 0.1, noise="t:1.5", loss="absolute")
    with pytest.raises(ValueError, match="noise must have a finite variance"):
        search(problem, eps_test=0.1)


def test_best_training_under_another_norm():
    best = best_training(1, 2, 0.5, eps_test=0.3, norm=INF, norm_test=2)
    grid = rfrobust.sweep(psi1=1, psi2=2, tau=0.5, eps=np.linspace(0, 1.2, 2000), eps_test=0.3, norm=INF, norm_test=2)
    assert best.risk == pytest.approx(float(grid.adversarial_risk.min()), rel=1e-6)
    width = best_width(2, 0.1, 0.5, norm=INF, norm_test=2)
    grid = rfrobust.sweep(psi1=np.geomspace(0.1, 1e3, 1500), psi2=2, tau=0.5, eps=0.1, norm=INF, norm_test=2)
    assert width.risk == pytest.approx(float(grid.adversarial_risk.min()), rel=1e-5)


def test_best_activation_of_a_wide_huber_loss_is_that_of_the_square_loss():
    square, huber = (best_activation(1, 2, 0.1, 0.5, mu1_over_mu2=4, loss=loss) for loss in ("square", "huber:1e6"))
    assert huber.optimum.risk == pytest.approx(square.optimum.risk, rel=1e-10)
    for name, risk in square.built_in.items():
        assert huber.built_in[name] == pytest.approx(risk, rel=1e-8)


@pytest.mark.parametrize(
    "kind",
    [{"norm": INF}, {"loss": "absolute", "gradient_penalty": 0.1}, {"loss": "logistic", "gradient_penalty": 0.1}],
)
def test_best_activation_against_moments(kind):
    best = best_activation(1, 2, 0.1, 0.5, mu1_over_mu2=4, **kind)
    for rho in np.geomspace(math.sqrt(2), 50, 25):
        activation = rfrobust.Activation.from_moments(4.0, 1.0, float(rho))
        assert rfrobust.solve(1, 2, 0.1, 0.5, activation=activation, **kind).adversarial_risk() >= best.optimum.risk * (
            1 - 1e-10
        )
    for scale in (1.0, 7.0):  # the scale of an activation does not matter without ridge
        moments = (4.0 * scale, scale, best.optimum.at["rho_over_mu2"] * scale)
        activation = rfrobust.Activation.from_moments(*moments)
        attained = rfrobust.solve(1, 2, 0.1, 0.5, activation=activation, **kind).adversarial_risk()
        assert attained == pytest.approx(best.optimum.risk, rel=1e-8)
    relu = rfrobust.solve(1, 2, 0.1, 0.5, **kind).adversarial_risk()
    assert best.built_in["relu"] == pytest.approx(relu, rel=1e-9)
    assert math.isnan(best.built_in["identity"]) == (kind.get("norm") == INF)


@pytest.mark.parametrize(
    "kind",
    [
        {"loss": "huber:0.5", "noise": MIX},
        {"loss": "absolute", "noise": "t:3"},
        {"norm": INF, "tau": 0.5, "signal": rfrobust.BernoulliGauss(0.2)},
        {"loss": "logistic", "tau": 0.3, "ridge": 0.01},
        {"loss": "hinge", "tau": 0.3},
        {"gradient_penalty": 0.1, "tau": 0.5},
    ],
)
def test_margins_of_sweeps_of_every_kind(kind):
    problem = Problem.of(1.0, 2.0, 0.1, **kind)
    data = rfrobust.sweep(problem, psi1=[0.5, 1.0], eps=[0.2, 0.3, 9.0], eps_test=0.25)
    margins = add_margins(data)
    assert add_margins(data, problem).equals(margins)
    here = problem.vary(psi1=0.5, eps=0.3)
    risk = rfrobust.solve(here).adversarial_risk(0.25)
    standard = rfrobust.solve(here.vary(eps=0.0, ridge=max(here.ridge, 1e-8)))
    at = margins.sel(psi1=0.5, eps=0.3)
    assert float(at.margin_zero) == pytest.approx(risk - here.data.null_risk, abs=1e-9)
    assert float(at.margin_standard) == pytest.approx(risk - standard.adversarial_risk(0.25), abs=2e-5)
    assert np.isnan(margins.margin_zero.sel(eps=9.0)).all()
    assert np.isnan(margins.best_psi1.sel(eps=9.0)).all()


def test_margins_of_a_wide_huber_loss_are_those_of_the_square_loss():
    axes = {"psi1": [1.0, 8.0, 40.0], "psi2": 2.0, "eps": [0.1, 0.5, 9.0], "tau": 0.5}
    huber = add_margins(rfrobust.sweep(**axes, loss=["square", "huber:1e6"]))
    plain = add_margins(rfrobust.sweep(**axes))
    for name in ("margin_zero", "margin_standard", "best_psi1"):
        for loss in huber.loss.values:
            np.testing.assert_allclose(huber[name].sel(loss=loss), plain[name], rtol=1e-7, atol=1e-9)


def test_margins_along_norms_and_test_norms():
    data = rfrobust.sweep(
        psi1=[1.0, 4.0],
        psi2=2.0,
        eps=[0.1, 0.3],
        tau=0.5,
        norm=[2, INF],
        norm_test=[2, INF],
        loss=["square", "absolute"],
    )
    margins = add_margins(data)
    assert set(margins.margin_standard.dims) == set(data.adversarial_risk.dims)
    at = margins.sel(psi1=4.0, eps=0.3, norm=INF, norm_test=2.0, loss="absolute")
    trained, standard = (
        rfrobust.solve(4, 2, eps, 0.5, norm=INF, loss="absolute", ridge=ridge).adversarial_risk(0.3, norm=2)
        for eps, ridge in ((0.3, 0.0), (0.0, 1e-10))
    )
    assert float(at.margin_standard) == pytest.approx(trained - standard, rel=1e-6)


def test_margins_of_what_names_do_not_tell():
    problem = Problem.of(1.0, 2.0, 0.1, 0.5, loss=Kinked(True))
    data = rfrobust.sweep(problem, psi1=[0.5, 1.0], eps=[0.1, 0.3])
    with pytest.raises(ValueError, match=r"problem must be given where names do not tell it.*loss='kinked'"):
        add_margins(data)
    with pytest.raises(ValueError, match="problem must be the one that was swept"):
        add_margins(data, problem.vary(loss="absolute"))
    risk = rfrobust.solve(problem.vary(psi1=0.5, eps=0.3)).adversarial_risk()
    assert float(add_margins(data, problem).margin_zero.sel(psi1=0.5, eps=0.3)) == pytest.approx(risk - 1.25, rel=1e-9)
    with pytest.raises(ValueError, match="data must be a sweep of one kind of responses"):
        add_margins(data.drop_attrs())
    features = rfrobust.theory.QuadraticModel([1.0, 2.0], [1.0, 1.0], [0.3, 0.3], 1.25, 4, tau=0.5).problem(0.1)
    drawn = rfrobust.sweep(features, eps=[0.1, 0.2])
    with pytest.raises(ValueError, match="problem must be given"):
        add_margins(drawn)
    assert np.isfinite(add_margins(drawn, features).margin_standard).all()


@pytest.mark.parametrize(
    "kind",
    [{"norm": INF, "tau": 0.5}, {"loss": "logistic", "tau": 0.3, "ridge": 0.01}, {"loss": "huber:0.5", "tau": 0.5}],
)
def test_radius_curves_of_every_kind_change_sides(kind):
    widths, found = [0.3, 1.0, 10.0], 0
    curves = radius_curves(widths, 2.0, **kind)
    null_risk = Problem.of(1, 2, 0, **kind).data.null_risk
    for width in widths:
        at = curves.sel(psi1=width)
        assert float(at.null) == rfrobust.null_threshold(
            width, 2, **{name: value for name, value in kind.items() if name != "ridge"}
        )
        for name in ("worse_than_zero", "beats_standard"):
            for eps in at[name].values[~np.isnan(at[name].values)]:
                margins = []
                for radius in (eps * 0.99, eps, eps * 1.01):
                    risk = rfrobust.solve(width, 2, radius, **kind).adversarial_risk()
                    standard = rfrobust.solve(width, 2, 0, **({"ridge": 1e-12} | kind)).adversarial_risk(radius)
                    margins.append(risk - (null_risk if name == "worse_than_zero" else standard))
                assert margins[0] * margins[2] < 0
                assert margins[1] == pytest.approx(0.0, abs=1e-8)
                found += 1
    assert found >= 2


def test_boundaries_of_a_wide_huber_loss_are_those_of_the_square_loss():
    square, huber = (radius_curves([0.3, 1.0, 10.0], 2.0, 0.5, loss=loss) for loss in ("square", "huber:1e6"))
    for name in ("null", "worse_than_zero", "beats_standard"):
        np.testing.assert_allclose(huber[name], square[name], rtol=1e-6)
    assert width_transition(2, 0.5, loss="huber:1e6") == pytest.approx(width_transition(2, 0.5), rel=1e-6)


@pytest.mark.slow
def test_width_transition_under_other_norms_separates_wide_from_narrow():
    star = width_transition(2, 0.5, norm=INF)
    for factor, wide in ((0.98, True), (1.02, False)):
        eps = star * factor
        risks = rfrobust.sweep(psi1=np.geomspace(1e-2, 1e4, 600), psi2=2, eps=eps, tau=0.5, norm=INF).adversarial_risk
        best = float(risks.psi1[int(np.argmin(risks.values))])
        assert (best > 2 and float(risks.min()) < 1.25) == wide
    widths = best_widths([0.1], 2, 0.5, norm=INF)
    assert float(widths.psi1.sel(side="all").item()) == pytest.approx(7.576, abs=1e-3)
