"""Problems of every loss, norm, noise and kind of label through the public functions."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import integrate, stats

import rfrobust
from rfrobust.problem import Logistic, Loss, Problem, adversarial_error, resolve_loss, resolve_noise
from rfrobust.theory.differences import derivatives
from rfrobust.theory.sensitivity import OBSERVABLES, PARAMETERS

INF = math.inf
MIX = rfrobust.GaussianMixture((0.3, 3.0), (0.8, 0.2))


@dataclass(frozen=True)
class PseudoHuber(rfrobust.ResidualLoss):
    """delta^2 (sqrt(1 + (z/delta)^2) - 1), as a user would write it."""

    delta: float = 1.0
    name = "pseudo-huber"

    @property
    def bend(self):
        return self.delta

    def jet(self):
        delta = self.delta

        def jet(z):
            root = math.sqrt(1.0 + (z / delta) ** 2)
            return delta * delta * (root - 1.0), z / root, root**-3

        return jet


@dataclass(frozen=True)
class SquaredHinge(rfrobust.MarginLoss):
    """max(1 - z, 0)^2/2."""

    name = "squared-hinge"
    kinks = (1.0,)
    quadratic = True

    def jet(self):
        return lambda z: (0.5 * (1.0 - z) ** 2, z - 1.0, 1.0) if z < 1.0 else (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            {"psi1": 1, "psi2": 2, "eps": 0.3, "tau": 0.5, "loss": "huber:0.3"},
            {"excess_risk": 0.749453459899, "gradient_norm": 0.799963968138, "zero_residual_fraction": 0.226642191639,
             "training_loss": 0.174621378698},
        ),
        (
            {"psi1": 3, "psi2": 2, "eps": 0.2, "noise": MIX, "ridge": 0.05, "loss": rfrobust.Huber(0.5)},
            {"excess_risk": 0.616426177198, "gradient_norm": 1.04868071356, "zero_residual_fraction": 0.336789239352,
             "training_loss": 0.215291523492},
        ),
        (
            {"psi1": 1, "psi2": 3, "eps": 0.2, "noise": "mixture:0.3@0.8,3@0.2", "ridge": 0.01},
            {"excess_risk": 0.898048538212, "gradient_norm": 1.06211307275, "zero_residual_fraction": 0.0373724206302,
             "training_loss": 1.04874628799},
        ),
        (
            {"psi1": 1, "psi2": 2, "eps": 0.3, "tau": 0.3, "loss": "logistic", "ridge": 0.01},
            {"output_power": 1.89298535685, "gradient_norm": 1.69292019886, "training_loss": 0.517521453175,
             "standard_risk": 0.338324311153, "attacked": 0.493939286688},
        ),
        (
            {"psi1": 1, "psi2": 2, "eps": 0.3, "tau": 0.3, "loss": "hinge", "ridge": 0.01},
            {"output_power": 2.44261234399, "gradient_norm": 1.94238888386, "training_loss": 0.540011625301,
             "standard_risk": 0.345526315919, "attacked": 0.502130693931},
        ),
        (
            {"psi1": 3, "psi2": 2, "eps": 0.3, "tau": 0.5, "norm": INF},
            {"standard_risk": 1.20333964055, "gradient_norm": 1.17512752948, "zero_residual_fraction": 0.813529206889,
             "attacked": 1.94474400499},
        ),
        (
            {"psi1": 3, "psi2": 2, "eps": 0.3, "tau": 0.5, "norm": INF, "ridge": 0.1},
            {"standard_risk": 0.713666144494, "gradient_norm": 0.727395943804, "attacked": 1.05546327238},
        ),
    ],
)  # fmt: skip
def test_values_of_another_code(problem, expected):
    model = rfrobust.solve(**problem)
    found = {name: model.adversarial_risk() if name == "attacked" else getattr(model, name) for name in expected}
    assert found == pytest.approx(expected, rel=2e-11)


@pytest.mark.parametrize(
    ("lam", "delta", "a", "excess"),
    [
        (0.21966547, 0.95454846, 0.25513416, 0.578463832),
        (0.13875727, 2.53536449, 0.21243187, 0.209228678),
        (0.11319164, 6.73415066, 0.23234077, 0.049487213),
    ],
)
def test_published_linear_huber_regression_under_outliers(lam, delta, a, excess):
    """Linear features without attack: psi1 = N/d large, where W W' is the identity on the d directions that count."""
    law = rfrobust.GaussianMixture((math.sqrt(0.1), math.sqrt(5.0)), (0.7, 0.3))
    problem = Problem.of(
        1, delta, 0, noise=law, ridge=lam / delta, activation="identity", spectrum="orthogonal", loss=f"huber:{a}"
    )
    assert rfrobust.solve(problem).excess_risk == pytest.approx(excess, rel=3e-8)  # as many digits as are printed


@pytest.mark.parametrize("norm", [2.0, INF])
def test_every_loss_between_its_neighbours(norm):
    setting = {"psi1": 1.5, "psi2": 2.0, "eps": 0.2, "tau": 0.5, "ridge": 0.05, "norm": norm}
    square, wide = rfrobust.solve(**setting), rfrobust.solve(**setting, loss="huber:100")
    assert wide.standard_risk == pytest.approx(square.standard_risk, rel=1e-10)
    absolute = rfrobust.solve(**setting | {"ridge": 0.05 * 1e4}, loss="absolute")
    narrow = rfrobust.solve(**setting | {"ridge": 0.05}, loss="huber:0.0001")
    assert narrow.standard_risk == pytest.approx(absolute.standard_risk, rel=1e-4)
    smooth, kinked = rfrobust.solve(**setting, loss=PseudoHuber(100.0)), square
    assert smooth.standard_risk == pytest.approx(kinked.standard_risk, rel=1e-3)


def test_losses_of_users_are_losses_everywhere():
    model = rfrobust.solve(1.5, 2, 0.2, 0.5, loss=PseudoHuber(0.5))
    assert model.residual < 1e-10
    curve = rfrobust.sweep(psi1=[1.0, 2.0], psi2=2, eps=0.1, tau=0.5, loss=[PseudoHuber(0.5), "square"], norm=[2, INF])
    assert curve.sizes == {"loss": 2, "norm": 2, "psi1": 2}
    assert bool((curve.status == 0).all())
    labels = rfrobust.solve(1.5, 2, 0.2, 0.5, ridge=0.1, loss=SquaredHinge())
    assert 0 < labels.standard_risk < labels.adversarial_risk() < 1


def test_square_loss_by_both_solvers():
    """The general equations and the two of the square loss give the same networks: two codes, one theorem."""
    for more in ({}, {"ridge": 0.1}, {"gradient_penalty": 0.2}, {"eps": 0.0}, {"psi1": 0.7, "nonlinear_power": 0.2}):
        setting = {"psi1": 1.5, "psi2": 2.0, "eps": 0.2, "tau": 0.5} | more
        direct = rfrobust.solve(**setting)
        # a mixture of twice the same Gaussian is a law of its own
        other = rfrobust.solve(**setting, noise=rfrobust.GaussianMixture((1.0, 1.0), (0.5, 0.5)))
        assert len(other.unknowns) == 3
        for name in ("V", "k", "standard_risk", "gradient_norm", "overlap", "output_power", "mean_abs_error",
                     "training_loss", "zero_residual_fraction"):  # fmt: skip
            assert getattr(other, name) == pytest.approx(getattr(direct, name), rel=1e-10, abs=1e-14), name


def test_gradient_penalty_of_the_square_loss_is_never_worse():
    """docs/family: a penalty with the same H has noise gain 1, an attack more; here at settings that were not tuned."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        psi1, psi2 = np.exp(rng.uniform(-1.5, 1.5, 2))
        tau, eps, ridge = rng.uniform(0.05, 1.0), rng.uniform(0.02, 0.5), rng.choice([0.0, 0.1])
        attacked = rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge)
        if attacked.phase is rfrobust.Phase.NULL:
            continue
        # the same H = Sigma + k J^2 + l without attack: V of the square loss is fixed by E Sigma/H
        a = attacked.k
        best = rfrobust.best_training(psi1, psi2, tau, eps_test=0.3, eps=0.0, ridge=None, gradient_penalty=None)
        tuned = rfrobust.best_training(psi1, psi2, tau, eps_test=0.3, ridge=ridge)
        assert a >= 0
        assert best.risk <= tuned.risk * (1 + 1e-9)


def test_published_gap_between_penalty_and_attack():
    attack = rfrobust.best_training(3, 2, 0.5, eps_test=0.3)
    penalty = rfrobust.best_training(3, 2, 0.5, eps_test=0.3, eps=0.0, gradient_penalty=None)
    assert (attack.risk, penalty.risk) == pytest.approx((1.10164, 1.09529), abs=5e-6)
    both = rfrobust.best_training(3, 2, 0.5, eps_test=0.3, ridge=None)
    all_penalties = rfrobust.best_training(3, 2, 0.5, eps_test=0.3, eps=0.0, ridge=None, gradient_penalty=None)
    assert (both.risk, all_penalties.risk) == pytest.approx((1.01478, 1.01433), abs=5e-6)


def test_maximum_norm_training_has_its_own_curse():
    curve = rfrobust.sweep(psi1=[1, 8, 16, 32], psi2=2, eps=0.1, tau=0.3, norm=INF)
    assert curve.adversarial_risk.values.tolist() == pytest.approx([1.082, 0.686, 0.801, 0.924], abs=6e-4)


def test_robust_error_of_labels_is_its_integral():
    model = rfrobust.solve(1, 2, 0.3, 0.3, ridge=0.01, loss="logistic")
    kappa = 1.0 / math.tan(math.pi * model.standard_risk)
    for eps in (0.0, 0.1, 0.7):
        h = eps * model.gradient_norm / math.sqrt(model.output_power)
        expected, _ = integrate.quad(lambda x: 2 * stats.norm.pdf(x) * stats.norm.cdf(kappa * x), -12, h, epsabs=1e-13)
        assert model.adversarial_risk(eps) == pytest.approx(expected, abs=1e-12)
    assert model.adversarial_risk([0.0, 0.1]).shape == (2,)
    # cosine of output and signal, from the overlap
    cosine = model.overlap / math.sqrt(model.output_power * (1 + 0.3**2))
    assert math.acos(cosine) / math.pi == pytest.approx(model.standard_risk, rel=1e-9)
    assert adversarial_error(0.5, 0.0, 0.3, 0.0) == 0.5


def test_risks_under_noise_that_is_not_gaussian():
    model = rfrobust.solve(1.5, 2, 0.1, 0.5, noise="laplace", loss="absolute")
    rng = np.random.default_rng(0)
    error = math.sqrt(model.excess_risk) * rng.standard_normal(400_000) + 0.5 * rng.laplace(size=400_000)
    assert model.standard_risk == pytest.approx(np.mean(error**2), rel=0.01)
    attacked = (np.abs(error) + 0.3 * model.gradient_norm) ** 2
    assert model.adversarial_risk(0.3) == pytest.approx(attacked.mean(), abs=4 * attacked.std() / 632)
    heavy = rfrobust.solve(1.5, 2, 0.1, 0.5, noise=rfrobust.StudentT(2), loss="absolute")
    assert math.isinf(heavy.standard_risk)
    assert heavy.excess_risk == pytest.approx(math.exp(2 * heavy.unknowns[0]), rel=1e-9)


@pytest.mark.parametrize("law", [rfrobust.Laplace(), *(rfrobust.StudentT(dof) for dof in (1.25, 2.0, 2.5, 5.0, 300.0))])
def test_mixtures_are_the_laws_that_they_stand_for(law):
    deviations, weights, _ = law.atoms()
    exact = stats.laplace() if isinstance(law, rfrobust.Laplace) else stats.t(law.dof)
    for c in (0.1, 1.0, 10.0):
        assert weights @ stats.norm.sf(c / deviations) == pytest.approx(exact.sf(c), rel=1e-11)
    if math.isfinite(law.variance):
        assert weights @ deviations**2 == pytest.approx(exact.var(), rel=1e-11)
    drawn = law.draw(20_000, np.random.default_rng(1))
    assert stats.kstest(drawn, exact.cdf).pvalue > 1e-3


def test_consistent_attacks_leave_out_the_signal():
    model = rfrobust.solve(3, 2, 0.3, 0.5, signal_norm=2.0)
    r = model.dual_norm(consistent=True)
    assert r**2 == pytest.approx(model.gradient_norm**2 - model.overlap**2 / 4.0, rel=1e-12)
    assert model.standard_risk < model.adversarial_risk(0.3, consistent=True) < model.adversarial_risk(0.3)


@pytest.mark.parametrize(
    ("setting", "law"),
    [((0.1, 0.5, 0.2), (0.1483314773548, 0.8516685226452, 0.2559214670675)),
     ((1.0, 2.0, 0.2), (0.6449747468306, 0.2307611844575, 0.8633562206217))],
)  # fmt: skip
def test_published_linear_ridge_regression_under_consistent_attacks(setting, law):
    ridge, gamma, variance = setting
    model = rfrobust.solve(
        1, 1 / gamma, 0, math.sqrt(variance), ridge=ridge, activation="identity", spectrum="orthogonal"
    )
    assert (model.excess_risk, model.gradient_norm**2) == pytest.approx(law[:2], rel=1e-12)
    # theirs is the adversarial risk against the response without noise
    noiseless = rfrobust.problem.adversarial_risk(model.excess_risk, model.dual_norm(consistent=True), 0.4)
    assert noiseless == pytest.approx(law[2], rel=1e-11)


@pytest.mark.parametrize(
    "problem",
    [
        {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "ridge": 0.1},
        {
            "psi1": 1.0,
            "psi2": 2.0,
            "eps": 0.1,
            "tau": 0.5,
            "ridge": 0.1,
            "gradient_penalty": 0.2,
            "nonlinear_power": 0.1,
        },
    ],
)
def test_derivatives_by_differences_are_those_of_implicit_differentiation(problem):
    model = rfrobust.solve(**problem)
    exact = rfrobust.gradient(model, 0.7)
    exact = np.array([exact[name].values for name in OBSERVABLES])
    found = derivatives(model.problem, 0.7, OBSERVABLES, PARAMETERS)
    known = ~np.isnan(found)
    assert known.sum() > 100
    np.testing.assert_allclose(found[known], exact[known], rtol=1e-6, atol=1e-8)


def test_derivatives_of_labels():
    problem = Problem.of(1, 2, 0.3, 0.3, ridge=0.01, loss="logistic")
    slopes = rfrobust.gradient(rfrobust.solve(problem))
    up, down = (rfrobust.solve(problem.vary(psi1=1 + h)).standard_risk for h in (1e-4, -1e-4))
    assert float(slopes.standard_risk.sel(parameter="psi1")) == pytest.approx((up - down) / 2e-4, rel=1e-6)


@pytest.mark.parametrize("loss", ["square", "huber:0.3", "absolute", "logistic", "hinge"])
def test_training_labels_in_vain_leaves_the_loss_of_no_network(loss):
    model = rfrobust.solve(0.5, 2, 3, 0.3, loss=loss, labels="sign")
    assert model.phase is rfrobust.Phase.NULL
    at_zero = 0.0 if loss in ("logistic", "hinge") else 1.0  # margin, or residual of a label
    assert model.training_loss == pytest.approx(float(model.loss(at_zero)), rel=1e-14)


def test_searches_over_every_knob():
    best = rfrobust.best_training(
        Problem.of(1.5, 3, 0, 0.5, noise=MIX, loss="huber:1"), eps_test=0.2, eps=0.1, ridge=0.1, delta=None
    )
    assert set(best.at) == {"delta"}
    assert best.certified
    problem = Problem.of(1.5, 3, 0.1, 0.5, noise=MIX, loss=rfrobust.Huber(best.at["delta"]), ridge=0.1)
    assert rfrobust.solve(problem).adversarial_risk(0.2) == pytest.approx(best.risk, rel=1e-9)
    labels = rfrobust.best_training(1.5, 3, 0.3, eps_test=0.1, ridge=0.1, loss="logistic")
    assert labels.null_risk == 0.5
    assert labels.risk < 0.5
    width = rfrobust.best_width(2, 0.1, 0.3, ridge=0.01, loss="hinge", psi1_range=(0.1, 100))
    assert width.certified


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"loss": "hinge", "labels": "real"}, "labels must be 'sign' for the loss 'hinge'"),
        ({"noise": rfrobust.StudentT(2)}, "noise must have a finite variance for the loss 'square'"),
        ({"norm": 1.0}, r"norm must be finite and >= 1\.05 \(or inf\), got norm=1\.0"),
        ({"norm": INF, "gradient_penalty": 0.1}, "gradient_penalty must be 0 unless the norm is 2"),
        ({"norm": INF, "spectrum": "orthogonal"}, "norm must be 2 unless rows of W are independent"),
        ({"norm": INF, "activation": "cos"}, "norm must be 2 for activations with mu1 = 0"),
        ({"loss": "logistic", "noise": "laplace"}, "noise must be Gaussian for labels"),
        ({"loss": "huber:-1"}, r"delta must be in \[1e-20, 1e\+20\], got delta=-1\.0"),
        ({"loss": "huber:x"}, "loss 'huber' needs a number after the colon"),
        ({"loss": rfrobust.Huber}, "loss must be a loss, got the class Huber: call it"),
        ({"loss": "hing"}, "loss must be one of 'square'"),
        ({"tau": 0.0, "noise": "laplace"}, "tau must be > 0 with a law of the noise"),
        ({"noise": "t:3:4"}, "is no law"),
        ({"noise": "cauchy"}, "noise must be 'gaussian', 'laplace'"),
        ({"labels": "binary"}, "labels must be one of 'real', 'sign'"),
        ({"radial_power": 0.1, "loss": "absolute"}, "radial_power must be 0 unless the loss is square"),
        ({"gradient_penalty": -1}, "gradient_penalty must be in"),
    ],
)
def test_what_does_not_fit_together_is_named(setting, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Problem.of(**{"psi1": 3, "psi2": 2, "eps": 0.3, "tau": 0.5} | setting)


def bad(jet, quadratic=False, name="bad", kind=rfrobust.ResidualLoss, kinks=()):
    members = {"name": name, "quadratic": quadratic, "kinks": kinks, "jet": lambda self: jet}
    return type("Bad", (kind,), members)()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (bad(lambda z: (math.sin(z), math.cos(z), -math.sin(z))), "loss must not fall"),
        (bad(lambda z: (1 - math.exp(-z * z), 2 * z * math.exp(-z * z), (2 - 4 * z * z) * math.exp(-z * z))), "convex"),
        (bad(lambda z: (z * z, z, 1.0)), "loss must be convex with this slope"),
        (bad(lambda z: (z * z / 2, z, 2.0)), "loss must have the curvature that it returns, or a kink there"),
        (bad(lambda z: (max(z - 1, 0.0), float(z >= 1), 0.0)), "or a kink there"),
        (bad(lambda z: (0.0, 0.0, 0.0)), "loss must rise somewhere"),
        (bad(lambda z: (z,)), "must return"),
        (bad(lambda z: (math.nan, 1.0, 0.0)), "three finite numbers"),
        (bad(lambda z: (math.cosh(z) - 1, math.sinh(z), math.cosh(z)), quadratic=True), "quadratic must be False"),
        (bad(lambda z: (z, 1.0, 0.0), kind=rfrobust.MarginLoss), "loss must not rise"),
        (bad(lambda z: (z, 1.0, 0.0), kinks=(2.0, 1.0)), "kinks must increase"),
    ],
)
def test_functions_that_are_no_convex_losses_are_refused(loss, message):
    with pytest.raises((TypeError, ValueError), match=message):
        rfrobust.solve(1, 2, 0.1, 0.5, loss=loss, labels="sign")


@pytest.mark.parametrize("function", [rfrobust.certify, rfrobust.verify])
def test_what_is_proved_for_the_square_loss_only_is_refused_for_others(function):
    model = rfrobust.solve(0.8, 2, 0.2, 0.5, loss="absolute")
    with pytest.raises(ValueError, match=r"square loss.*norm 2"):
        function(model)


def test_losses_and_noises_by_name():
    assert resolve_loss("huber:0.5") == rfrobust.Huber(0.5)
    assert resolve_loss("logistic") == Logistic()
    assert resolve_noise("t:3") == rfrobust.StudentT(3)
    assert resolve_noise("mixture:0.3@0.8,3@0.2") == MIX
    np.testing.assert_allclose(rfrobust.Huber(0.5).derivatives([0.2, 2.0]), [[0.02, 0.875], [0.2, 0.5], [1.0, 0.0]])
    assert isinstance(PseudoHuber(), Loss)
    assert PseudoHuber(0.5).key != PseudoHuber(0.6).key


def test_labels_that_are_separable_are_named():
    with pytest.raises(rfrobust.SolverError, match="take ridge > 0") as caught:
        rfrobust.solve(20, 2, 0.0, 0.3, loss="logistic")
    assert caught.value.status is rfrobust.Status.SEPARABLE


def test_every_residual_loss_without_attack_interpolates_alike():
    least = rfrobust.solve(3, 2, 0, 0.5)
    for loss in ("absolute", "huber:0.3"):
        model = rfrobust.solve(3, 2, 0, 0.5, loss=loss)
        assert model.phase is rfrobust.Phase.INTERPOLATING
        assert model.standard_risk == pytest.approx(least.standard_risk, rel=1e-12)
        near = rfrobust.solve(3, 2, 1e-4, 0.5, loss=loss)
        assert near.standard_risk == pytest.approx(least.standard_risk, rel=1e-3)


@pytest.mark.parametrize(
    "kind",
    [
        {"norm": INF},
        {"norm": 3.0, "loss": "huber:0.3"},
        {"norm": INF, "signal": rfrobust.Rademacher(), "noise": MIX, "loss": "absolute"},
        {"labels": "sign"},
        {"labels": "sign", "norm": INF, "loss": "absolute"},
    ],
)
def test_interpolators_are_limits_of_weak_attacks(kind):
    """The interpolator of least dual norm, which does not depend on the loss of residuals."""
    limit, near = (rfrobust.solve(3, 2, eps, 0.5, **kind) for eps in (0.0, 1e-7))
    assert limit.phase is rfrobust.Phase.INTERPOLATING
    assert (limit.q, limit.V, limit.training_loss, limit.zero_residual_fraction) == (0.0, INF, 0.0, 1.0)
    for name in ("standard_risk", "gradient_norm", "k", "overlap", "output_power"):
        assert getattr(limit, name) == pytest.approx(getattr(near, name), rel=1e-11), name
    other = rfrobust.solve(3, 2, 0.0, 0.5, **(kind | {"loss": "square"}))
    assert limit.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-11)
    assert limit.dual_norm(4.0) == pytest.approx(near.dual_norm(4.0), rel=1e-11)
    if kind.get("norm", 2.0) != 2.0 and "signal" not in kind:
        least = rfrobust.solve(3, 2, 0.0, 0.5, **(kind | {"norm": 2.0}))
        assert limit.gradient_norm < least.dual_norm(kind["norm"])


def test_noise_without_variance_is_not_interpolated():
    with pytest.raises(rfrobust.SolverError, match="noise of infinite variance") as caught:
        rfrobust.solve(3, 2, 0, noise="t:1.5", loss="absolute")
    assert caught.value.status is rfrobust.Status.DIVERGENT
    assert rfrobust.interpolation_threshold(3, 2, noise="t:1.5", loss="absolute", n=100) == 0.0


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"loss": "absolute"},
        {"noise": MIX, "loss": "huber:0.3"},
        {"norm": INF},
        {"norm": 3.0, "loss": "absolute"},
        {"labels": "sign"},
        {"labels": "sign", "loss": "absolute", "norm": INF},
    ],
)
def test_one_residual_of_n_is_left_at_the_interpolation_threshold(kind):
    n = 10**6
    kind = {"tau": 0.5} | kind
    eps = rfrobust.interpolation_threshold(3, 2, n=n, **kind)
    assert n * (1.0 - rfrobust.solve(3, 2, eps, **kind).zero_residual_fraction) == pytest.approx(1.0, rel=1e-4)
    assert rfrobust.interpolation_threshold(1, 2, n=n, **kind) == 0.0
    square = rfrobust.interpolation_threshold(3, 2, n=n, **(kind | {"loss": "square"}))
    assert eps == pytest.approx(square, rel=1e-10)


def test_interpolation_needs_residuals():
    with pytest.raises(ValueError, match="loss must be one of residuals"):
        rfrobust.interpolation_threshold(3, 2, 0.5, 100, loss="hinge")


@pytest.mark.parametrize(
    "kind",
    [
        {"loss": "huber:0.5", "noise": MIX},
        {"loss": "absolute"},
        {"norm": INF},
        {"loss": "hinge", "psi2": 10.0},
        {"labels": "sign", "norm": 3.0},
    ],
)
def test_expansions_in_small_radii(kind):
    kind = {"psi1": 1.0, "psi2": 2.0, "tau": 0.5} | kind
    expansion = rfrobust.theory.small_eps_expansion(**kind)

    def at(eps):
        model = rfrobust.solve(eps=eps, **kind)
        return np.array([model.standard_risk, model.gradient_norm, model.adversarial_risk()])

    h, start = 1e-4, at(0.0)
    slopes = 2 * (at(h) - start) / h - (at(2 * h) - start) / (2 * h)
    want = [expansion.standard_slope, expansion.gradient_slope, expansion.adversarial_slope]
    np.testing.assert_allclose(slopes, want, rtol=2e-4, atol=2e-5)


def test_expansions_of_a_wide_huber_loss_are_those_of_the_square_loss():
    square, huber = (rfrobust.theory.small_eps_expansion(1, 2, 0.5, loss=loss) for loss in ("square", "huber:1e6"))
    assert huber.standard_slope == pytest.approx(square.standard_slope, rel=1e-7)
    assert huber.adversarial_slope == pytest.approx(square.adversarial_slope, rel=1e-7)
    with pytest.raises(ValueError, match="psi1 must be < psi2"):
        rfrobust.theory.small_eps_expansion(3, 2, 0.5, loss="absolute")
    with pytest.raises(rfrobust.SolverError, match="take ridge > 0"):
        rfrobust.theory.small_eps_expansion(20, 2, 0.3, loss="logistic")


@pytest.mark.parametrize(
    "kind",
    [
        {"loss": "huber:0.5"},
        {"loss": "logistic"},
        {"norm": INF},
        {"norm": 3.0, "loss": "absolute"},
        {"norm": INF, "signal": rfrobust.Rademacher()},
        {"norm": INF, "signal": rfrobust.BernoulliGauss(0.1)},
    ],
)
def test_populations_are_limits(kind):
    model, large = (rfrobust.solve(2, psi2, 0.2, 0.5, ridge=0.01, **kind) for psi2 in (INF, 1e7))
    assert model.V == 0.0
    for name in ("standard_risk", "gradient_norm", "overlap", "training_loss"):
        assert getattr(large, name) == pytest.approx(getattr(model, name), rel=1e-6), name


def test_risks_of_every_training_norm_under_every_test_norm():
    setting = {"psi1": [1.0, 2.0], "psi2": 2.0, "eps": 0.2, "tau": 0.5}
    matrix = rfrobust.sweep(**setting, norm=[2.0, INF, 3.0], norm_test=[2.0, INF], eps_test=[0.1, 0.3])
    assert matrix.adversarial_risk.dims == ("norm", "psi1", "eps_test", "norm_test")
    for norm in (2.0, INF, 3.0):
        model = rfrobust.solve(2, 2, 0.2, 0.5, norm=norm)
        there = matrix.sel(norm=norm, psi1=2.0)
        for test in (2.0, INF):
            assert float(there.test_gradient_norm.sel(norm_test=test)) == pytest.approx(model.dual_norm(test), rel=1e-9)
            risk = model.adversarial_risk(0.3, norm=test)
            assert float(there.adversarial_risk.sel(norm_test=test, eps_test=0.3)) == pytest.approx(risk, rel=1e-9)
    # the l_inf ball lies in the Euclidean one of the same radius
    assert bool((matrix.test_gradient_norm.sel(norm_test=INF) < matrix.test_gradient_norm.sel(norm_test=2.0)).all())


def test_gradients_of_euclidean_training_are_gaussian():
    """Then the dual norms are moments of a normal variable, as the general kernel finds by itself."""
    setting = {"psi1": 1.5, "psi2": 2.0, "eps": 0.2, "tau": 0.5}
    plain = rfrobust.solve(**setting)
    general = rfrobust.solve(**setting, noise=rfrobust.GaussianMixture((1.0, 1.0), (0.5, 0.5)))
    for norm, moment in ((INF, math.sqrt(2 / math.pi)), (4 / 3, 3**0.25)):
        assert plain.dual_norm(norm) == pytest.approx(moment * plain.gradient_norm, rel=1e-12)
        assert general.dual_norm(norm) == pytest.approx(plain.dual_norm(norm), rel=1e-10)
    sparse = rfrobust.solve(**setting, signal=rfrobust.BernoulliGauss(0.1))
    assert sparse.dual_norm(INF) < plain.dual_norm(INF)
    swept = rfrobust.sweep(**setting, signal=rfrobust.BernoulliGauss(0.1), norm_test=INF)
    assert float(swept.test_gradient_norm) == pytest.approx(sparse.dual_norm(INF), rel=1e-12)


def test_training_sets_of_labels():
    model = rfrobust.solve(1, 2, 0.3, 0.3, ridge=0.01, loss="logistic")
    assert 0 < model.training_error < model.standard_risk
    assert model.training_error < model.attacked_training_error < model.adversarial_risk()
    assert math.isnan(model.mean_abs_residual)
    wide = rfrobust.solve(1, 2, 0.3, 0.3, ridge=0.01, loss="huber:100")
    square = rfrobust.solve(1, 2, 0.3, 0.3, ridge=0.01)
    assert wide.mean_abs_residual == pytest.approx(square.mean_abs_residual, rel=1e-10)


class Kinked(rfrobust.ResidualLoss):
    """z^2/2 + max(z - 1/2, 0): a quadratic between its kinks, or any function between them."""

    name = "kinked"
    kinks = (0.5,)

    def __init__(self, quadratic):
        self.quadratic = quadratic

    def jet(self):
        return lambda z: (0.5 * z * z + max(z - 0.5, 0.0), z + (1.0 if z >= 0.5 else 0.0), 1.0)


class KinkedMargin(rfrobust.MarginLoss):
    """max(1 - z, 0)^2/2 + max(-z, 0)."""

    name = "kinked-margin"
    kinks = (0.0, 1.0)

    def __init__(self, quadratic):
        self.quadratic = quadratic

    def jet(self):
        def jet(z):
            rest = max(1.0 - z, 0.0)
            steep = 1.0 if z < 0.0 else 0.0
            return 0.5 * rest * rest - steep * z, -rest - steep, 1.0 if z < 1.0 else 0.0

        return jet


@pytest.mark.parametrize(("kind", "norm"), [(Kinked, 2.0), (Kinked, INF), (KinkedMargin, 2.0)])
def test_smooth_losses_may_have_kinks(kind, norm):
    """The same loss by closed forms and by quadrature between its kinks."""
    closed, smooth = (
        rfrobust.solve(1.2, 2, 0.2, 0.4, ridge=0.05, norm=norm, loss=kind(flag)) for flag in (True, False)
    )
    for name in ("standard_risk", "gradient_norm", "training_loss", "overlap", "V"):
        assert getattr(smooth, name) == pytest.approx(getattr(closed, name), rel=1e-10), name
    if kind is KinkedMargin:
        assert smooth.training_error == pytest.approx(closed.training_error, rel=1e-10)
