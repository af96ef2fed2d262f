"""Noise of located Gaussians: the channel at 30 digits, limits, solutions, networks, and the law of a sample."""

import math

import numpy as np
import pytest
from flint import arb, ctx
from scipy import stats

import rfrobust
from rfrobust.engine.channels import blurred, mean_abs, residual_channel
from rfrobust.problem import GaussianMixture, resolve_noise
from rfrobust.problem.datasets import describe, described
from rfrobust.tuning.boundaries import add_margins
from tests import family_problems, family_reference
from tests.family_problems import LOG_COSH, LOSSES, huber, log_cosh, setting_of
from tests.family_reference import integral, normal

ATOMS = GaussianMixture((0.0, 0.2, 0.5, 1.0), (0.4, 0.3, 0.2, 0.1), (0.3, 1.0, 2.0, 5.0))
#: Deviations, weights and centres, and (s, V, p).
LAWS = {
    "mixed": (ATOMS, (0.8, 1.2, 0.2)),
    "points": (GaussianMixture((0.0, 0.0, 0.0), (0.5, 0.3, 0.2), (0.0, 0.7, 3.0)), (0.3, 0.4, 0.3)),
    "wide step": (ATOMS, (0.5, 20.0, 0.35)),
    "small step": (ATOMS, (0.5, 1e-3, 0.02)),
    "narrow": (GaussianMixture((0.0, 0.0, 0.0), (0.3, 0.3, 0.4), (0.1, 0.4, 2.0)), (1e-8, 0.7, 0.3)),
    "kink in an atom": (GaussianMixture((0.0, 0.01), (0.6, 0.4), (0.353, 0.9)), (0.02, 0.78, 0.45)),
    "far": (GaussianMixture((0.0, 1.0), (0.6, 0.4), (1e6, 2.0)), (0.01, 0.7, 0.3)),
}


def smooth_channel(s, V, p, noise):
    """Return b^2, a, E rho' of log cosh by rigorous integrals over the proximal point."""
    sums, kink = [arb(0)] * 3, V * p.tanh()
    u = lambda z: z.tanh()  # noqa: E731
    x = lambda z: z - p + V * u(z)  # noqa: E731
    for deviation, weight, centre in zip(*(map(float, column) for column in noise), strict=True):
        w2 = s * s + arb(deviation) ** 2
        low, high = (centre + sign * 13 * w2.sqrt() for sign in (-1, 1))
        if low < kink:
            ends = [
                max(low, arb(0)),
                *(end for end in (arb(centre),) if max(low, arb(0)) < end < kink),
                min(high, kink),
            ]
            if ends[0] < ends[-1]:
                inside = (lambda e: (e / V) ** 2, lambda e, c=centre, w2=w2: e / V * (e - c) / w2, lambda e: p.tanh())
                for i, value in enumerate(inside):
                    density = lambda e, value=value, c=centre, w2=w2: value(e) * normal(e - c, w2)  # noqa: E731
                    sums[i] += 2 * weight * integral(density, ends)
        if high > kink:
            marks = [max(low, kink) + (high - max(low, kink)) * i / 12 for i in range(13)]
            ends = [inverse_of(float(mark), float(V), float(p)) for mark in marks]
            ends[0] = ends[0] if low > kink else p
            outside = (lambda z: u(z) ** 2, lambda z, c=centre, w2=w2: u(z) * (x(z) - c) / w2, u)
            for i, value in enumerate(outside):

                def density(z, value=value, c=centre, w2=w2):
                    return value(z) * normal(x(z) - c, w2) * (1 + V * (1 - u(z) ** 2))

                sums[i] += 2 * weight * integral(density, ends)
    return sums


def inverse_of(x, V, p):
    return family_reference.inverse(lambda z: z - p + V * math.tanh(z), x)


@pytest.fixture
def digits():
    before, ctx.dps = ctx.dps, 50  # 30 are left of differences
    yield
    ctx.dps = before


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("loss", ["square", "huber", "absolute", "log-cosh"])
def test_channel_and_derivatives_at_thirty_digits(loss, law, digits):
    law, x = LAWS[law]
    if loss == "log-cosh":
        setting = setting_of(LOG_COSH, noise=law.atoms())
        reference = lambda *y: smooth_channel(*y, law.atoms())  # noqa: E731
    else:
        setting = setting_of(huber(0.5) if loss == "huber" else loss, noise=law.atoms())
        reference = lambda *y: family_reference.residual_channel(*y, setting)  # noqa: E731
    at = residual_channel(*x, setting.noise, setting.loss, setting.jet)
    expected = np.array([float(value) for value in reference(*map(arb, x))])
    np.testing.assert_allclose((at.b2, at.a, at.g), expected, rtol=1e-12, atol=1e-300)
    for i, end in enumerate("sVp"):
        up, down = list(map(arb, x)), list(map(arb, x))
        step = up[i] * arb(10) ** -9
        up[i], down[i] = up[i] + step, down[i] - step
        slopes = [float((a - b) / (2 * arb(10) ** -9)) for a, b in zip(reference(*up), reference(*down), strict=True)]
        found = np.array([getattr(at, f"{name}_{end}") for name in ("b2", "a", "g")]) * x[i]
        np.testing.assert_allclose(found / expected, slopes / expected, atol=2e-12)


@pytest.mark.parametrize("loss", ["square", "huber", "absolute", "log-cosh"])
def test_centres_at_zero_leave_the_centred_mixture(loss):
    table, jet = {"huber": (huber(0.5), None), "log-cosh": (LOG_COSH, log_cosh)}.get(loss, (LOSSES.get(loss), None))
    centred = family_problems.mixture((0.3, 0.3, 3.0), (0.4, 0.4, 0.2))
    near = GaussianMixture((0.3, 3.0), (0.8, 0.2), (1e-9, 1e-9)).atoms()
    found = [residual_channel(0.8, 1.2, 0.2, law, table, jet) for law in (centred, near)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-13, atol=1e-15)
    assert GaussianMixture((0.3, 3.0), (0.8, 0.2), (0.0, -0.0)) == GaussianMixture((0.3, 3.0), (0.8, 0.2))
    assert rfrobust.Problem.of(1, 2, 0.3, noise=GaussianMixture((1.0,), (1.0,), (0.0,))).plain


@pytest.mark.parametrize(("psi1", "psi2"), [(0.7, 2.0), (3.0, 2.0)])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_without_attack_the_square_loss_sees_the_power_of_the_noise_alone(psi1, psi2, ridge):
    """Docs/theory, "Standard training": closed forms for N(0, tau^2), of which only tau^2 is left."""
    known = rfrobust.solve(psi1, psi2, 0.0, math.sqrt(1.7), ridge=ridge)
    for law in (
        GaussianMixture((0.0,), (1.0,), (1.0,)),
        GaussianMixture((0.0, 0.5), (0.75, 0.25), (0.5, math.sqrt(3.0))),
    ):
        model = rfrobust.solve(psi1, psi2, 0.0, math.sqrt(1.7 / law.variance), noise=law, ridge=ridge)
        for name in ("standard_risk", "gradient_norm", "overlap", "output_power"):
            assert getattr(model, name) == pytest.approx(getattr(known, name), rel=1e-10)


def test_mean_sizes():
    field = blurred(ATOMS.atoms(), 0.7, 0.3)
    deviations, weights, centres = (np.array(column) for column in (ATOMS.deviations, ATOMS.weights, ATOMS.centres))
    sizes = np.sqrt(0.3 + 0.49 * deviations**2)
    exact = stats.foldnorm(0.7 * centres / sizes, scale=sizes)
    assert mean_abs(field) == pytest.approx(weights @ exact.mean(), rel=1e-14)
    assert mean_abs(blurred(GaussianMixture((0.0,), (1.0,), (2.0,)).atoms(), 0.5, 0.0)) == 1.0
    model = rfrobust.solve(1.5, 2.0, 0.2, 0.7, noise=ATOMS, loss="huber:0.5", ridge=0.05)
    sizes = np.sqrt(model.excess_risk + 0.49 * deviations**2)
    exact = stats.foldnorm(0.7 * centres / sizes, scale=sizes)
    assert model.mean_abs_error == pytest.approx(weights @ exact.mean(), rel=1e-13)
    assert model.standard_risk == pytest.approx(model.excess_risk + 0.49 * ATOMS.variance, rel=1e-13)
    null = rfrobust.solve(model.problem.vary(eps=9.0))
    assert null.gradient_norm == 0.0
    error = ATOMS.draw(10**6, np.random.default_rng(0)) * 0.7 + np.random.default_rng(1).standard_normal(10**6)
    losses = np.where(np.abs(error) < 0.5, 0.5 * error**2, 0.5 * np.abs(error) - 0.125)
    assert null.training_loss == pytest.approx(losses.mean(), abs=4e-3 * losses.std())


@pytest.mark.parametrize("norm", ["l2", "l_inf", "l_1.5"])
@pytest.mark.parametrize("loss", ["square", "huber", "absolute"])
def test_random_problems(loss, norm):
    _, _, failed, largest = family_problems.solve_random((loss, "located", norm), 100, 7, 0 if norm == "l_1.5" else 1)
    assert not failed
    assert largest < 1e-10


def test_thresholds():
    """The null threshold is where the solution vanishes; no n-th residual of an interpolator exceeds its quantile."""
    problem = rfrobust.Problem.of(3.0, 2.0, 0.1, noise=ATOMS, loss="huber:0.5")
    eps_c = rfrobust.null_threshold(problem)
    near = [rfrobust.solve(problem.vary(eps=eps_c * (1 - gap))).gradient_norm for gap in (1e-4, 1e-6)]
    assert near[0] / near[1] == pytest.approx(100.0, rel=0.05)
    interpolator = rfrobust.solve(problem.vary(eps=0.0))
    x_n = interpolator.k * interpolator.gradient_norm / rfrobust.interpolation_threshold(problem, n=1000)
    sizes = np.sqrt(interpolator.excess_risk + np.square(ATOMS.deviations))
    tail = stats.foldnorm(np.array(ATOMS.centres) / sizes, scale=sizes).sf(x_n)
    assert ATOMS.weights @ tail == pytest.approx(1e-3, rel=1e-10)


def test_law_of_a_sample():
    rng = np.random.default_rng(3)
    sample = np.concatenate([rng.standard_t(3, 4000), rng.exponential(size=3000) + 1.0])
    law = GaussianMixture.of(sample)
    assert len(law.weights) == 40
    assert law.variance == pytest.approx(np.mean(sample**2), rel=1e-13)
    drawn = law.draw(20_000, rng)
    assert abs(drawn.mean()) < 4 * drawn.std() / math.sqrt(drawn.size)
    assert stats.ks_2samp(np.abs(drawn), np.abs(sample)).statistic < 0.025
    many = GaussianMixture.of(sample, atoms=2000)  # the empirical law itself, almost
    for loss in ("square", "absolute"):
        values = [rfrobust.solve(2.0, 3.0, 0.2, noise=noise, loss=loss, ridge=0.05) for noise in (law, many)]
        for name in ("excess_risk", "gradient_norm", "mean_abs_error"):
            assert getattr(values[0], name) == pytest.approx(getattr(values[1], name), rel=2e-3)
    points = GaussianMixture.of([0.1, 0.1, 0.1, -0.7, 0.7, 0.7], atoms=2)
    assert (points.deviations, points.centres) == ((0.0, 0.0), pytest.approx((0.1, 0.7), rel=1e-15))
    assert len(GaussianMixture.of([1.0, 2.0]).weights) == 2
    with pytest.raises(ValueError, match="sample must have a value above"):
        GaussianMixture.of(np.zeros(5))


def test_problems_keep_the_law():
    law = resolve_noise("mixture:0.3@0.8,2:0.1@0.2")
    assert law == GaussianMixture((0.3, 0.1), (0.8, 0.2), (0.0, -2.0))
    assert law.variance == pytest.approx(0.8 * 0.09 + 0.2 * 4.01, rel=1e-15)
    problem = rfrobust.Problem.of(2.0, 1.5, 0.2, noise=law, loss="absolute")
    assert problem.key != problem.vary(noise=GaussianMixture((0.3, 0.1), (0.8, 0.2))).key
    assert problem.vary(eps=0.3).vary(eps=0.2) == problem
    again = described(describe(problem), psi1=2.0, psi2=1.5, eps=0.2, tau=1.0)
    assert again.data == problem.data
    margins = add_margins(rfrobust.sweep(psi1=2.0, psi2=1.5, eps=0.2, noise=law, loss="absolute"))
    risk = rfrobust.solve(problem).adversarial_risk(0.2)
    assert float(margins.margin_zero) == pytest.approx(risk - problem.data.null_risk, rel=1e-9)
    with pytest.raises(ValueError, match="noise must be Gaussian for labels"):
        rfrobust.Problem.of(2.0, 1.5, 0.2, 0.5, noise=law, labels="sign")
    for text in ("mixture:1:@1", "mixture::1@1", "mixture:1:2:3@1"):
        with pytest.raises(ValueError, match="is no law"):
            resolve_noise(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"loss": "huber:0.5", "ridge": 0.05}, {"loss": "absolute"}, {"norm": np.inf, "ridge": 0.01}]
)
def test_networks_agree_with_theory(settings):
    """At d = infinity, by a line in 1/d, with seeds that nothing was chosen on."""
    law = GaussianMixture((0.1, 0.0), (0.7, 0.3), (0.5, 2.0))
    theory = rfrobust.solve(1.0, 2.0, 0.3, noise=law, **settings)
    limit = rfrobust.extrapolate(rfrobust.simulate(theory.problem, d=[50, 100], replicates=30, seed=20))
    names = ("standard_risk", "gradient_norm", "overlap", "output_power", "training_loss", "mean_abs_error")
    scores = [float((limit[name] - getattr(theory, name)) / limit[f"{name}_se"]) for name in names]
    assert np.abs(scores).max() < 4.0
