"""Every loss and norm against tables of another code, quadrature at 30 digits, and each other."""

import math

import mpmath
import numpy as np
import pytest
from scipy.special import ndtr

import rfrobust
from rfrobust.engine import family
from rfrobust.engine.channels import label_channel, label_statistics, residual_channel, share_below
from rfrobust.engine.coordinates import GAUSSIAN, coordinate, dual_norm
from rfrobust.engine.equations import parameters
from rfrobust.engine.records import Law
from rfrobust.problem.activation import RELU
from tests.family_problems import (
    ABSOLUTE,
    HINGE,
    KINDS,
    LOG_COSH,
    LOGISTIC,
    NORMS,
    RADEMACHER,
    SQUARE,
    huber,
    log_cosh,
    logistic,
    mixture,
    random_problem,
    setting_of,
    sparse,
)

MIXTURE = ((0.3, 3.0), (0.8, 0.2))
PLAIN = ((0.5,), (1.0,))
#: Shares, deviations and centres of the signal's coordinates.
SIGNALS = {
    "gaussian": GAUSSIAN,
    "sparse": sparse(0.1),
    "rademacher": RADEMACHER,
    "mixture": ((0.5, 0.3, 0.2), (0.2, 0.0, 1.0), (0.0, 1.0, math.sqrt(2.4))),
}


def solved(eps, psi1, psi2, tau=0.0, ridge=0.0, *, noise=None, loss=SQUARE, jet=None, margin=False, norm=None):
    """Return the unknowns of a problem, residuals if there is a noise, labels without."""
    setting = setting_of(loss, noise=noise, norm=norm)
    if noise is not None:
        tau = math.sqrt(setting.noise.weights @ setting.noise.deviations**2)
    p = parameters(psi1, psi2, eps, tau, ridge, RELU.constants, 1.0, 0.0, 0.0)
    threshold, size = setting.threshold(p)
    assert size < 1e-10
    status, size, _, x = setting.solve(p, eps / threshold)
    assert (status, size < 1e-10) == (family.SOLVED, True)
    return p, x


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            {"eps": 0.3, "psi1": 1.0, "psi2": 2.0, "noise": PLAIN, "loss": huber(0.3)},
            (0.749453459899, 0.799963968138, 0.226642191639, 0.174621378698),
        ),
        (
            {"eps": 0.2, "psi1": 3.0, "psi2": 2.0, "noise": MIXTURE, "ridge": 0.05, "loss": huber(0.5)},
            (0.616426177198, 1.04868071356, 0.336789239352, 0.215291523492),
        ),
        (
            {"eps": 0.1, "psi1": 0.5, "psi2": 2.0, "noise": PLAIN, "loss": ABSOLUTE},
            (0.951846897477, 0.857546605916, 0.198547507716, 0.712296535802),
        ),
        (
            {"eps": 0.2, "psi1": 1.0, "psi2": 3.0, "noise": MIXTURE, "ridge": 0.01},
            (0.898048538212, 1.06211307275, 0.0373724206302, 1.04874628799),
        ),
    ],
)
def test_residuals_against_another_code(problem, expected):
    _, (log_s, log_r, log_V) = solved(**problem)
    s, r, V = math.exp(log_s), math.exp(log_r), math.exp(log_V)
    at = residual_channel(s, V, problem["eps"] * r, mixture(*problem["noise"]), problem.get("loss", SQUARE), None)
    assert (s * s, r, at.zeros, at.loss) == pytest.approx(expected, rel=5e-12)  # as many digits as are printed


def labels_of(p, x, loss, jet, margin, eps):
    kappa, Q, r, V = (math.exp(value) for value in x[:4])
    total = p.signal + p.noise
    cosine = kappa * math.sqrt(total / (1.0 + kappa * kappa))
    at = label_channel(kappa, Q, V, eps * r, margin, loss, jet)
    return cosine, Q, r, at.loss, math.acos(cosine / math.sqrt(total)) / math.pi


@pytest.mark.parametrize(
    ("loss", "jet", "expected"),
    [
        (LOGISTIC, logistic, (0.507774900258, 1.89298535685, 1.69292019886, 0.517521453175, 0.338324311153)),
        (HINGE, None, (0.487006780163, 2.44261234399, 1.94238888386, 0.540011625301, 0.345526315919)),
    ],
)
def test_labels_against_another_code(loss, jet, expected):
    p, x = solved(0.3, 1.0, 2.0, tau=0.3, ridge=0.01, loss=loss, jet=jet, margin=True)
    assert labels_of(p, x, loss, jet, True, 0.3) == pytest.approx(expected, rel=2e-11)


@pytest.mark.parametrize(
    ("ridge", "expected"),
    [(0.0, (1.20333964055, 1.17512752948, 2.40712816824)), (0.1, (0.713666144494, 0.727395943804, 1.19071231421))],
)
def test_maximum_norm_against_another_code(ridge, expected):
    _, x = solved(0.3, 3.0, 2.0, ridge=ridge, noise=PLAIN, norm=dual_norm(1.0))
    assert (math.exp(2 * x[0]) + 0.25, math.exp(x[1]), math.exp(x[3])) == pytest.approx(expected, rel=2e-11)


def test_labels_under_the_maximum_norm_against_another_code():
    p, x = solved(0.3, 1.0, 2.0, tau=0.3, ridge=0.01, loss=LOGISTIC, jet=logistic, margin=True, norm=dual_norm(1.0))
    expected = (0.506089126905, 2.51276860399, 1.55295758434)
    assert labels_of(p, x, LOGISTIC, logistic, True, 0.3)[:3] == pytest.approx(expected, rel=2e-11)


@pytest.mark.parametrize(("psi1", "expected"), [(3.0, 1.84052110458), (1.0, 1.23281064112)])
def test_null_threshold_of_the_maximum_norm(psi1, expected):
    p = parameters(psi1, 2.0, 0.1, 0.5, 0.0, RELU.constants, 1.0, 0.0, 0.0)
    found, _ = family.threshold(p, None, dual_norm(1.0), mixture(*PLAIN), False, SQUARE, None)
    assert found == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("signal", SIGNALS)
def test_both_geometries_agree_for_the_euclidean_norm(seed, labels, signal):
    """The second comparison gives the Marchenko-Pastur averages without random matrix theory, whatever the signal."""
    rng = np.random.default_rng(seed)
    psi1, psi2, ridge = np.exp(rng.uniform(np.log(0.2), np.log(5.0), 3)) * (1.0, 1.0, 0.1)
    eps, tau = rng.uniform(0.05, 0.4, 2)
    kind = (
        {"loss": LOGISTIC, "jet": logistic, "margin": True}
        if labels
        else {"noise": ((tau,), (1.0,)), "loss": huber(0.5)}
    )
    _, spectral = solved(eps, psi1, psi2, tau, ridge, **kind)
    _, coordinates = solved(eps, psi1, psi2, tau, ridge, norm=dual_norm(2.0, SIGNALS[signal]), **kind)
    np.testing.assert_allclose(coordinates[:-2], spectral, atol=1e-11)


def score_of(kind, x, V, p):
    """Return u, du/dx and rho' at p by proximal maps in multiple precision, another route than the channel's."""
    if kind == "log-cosh":
        if x <= V * mpmath.tanh(p):
            return x / V, 1 / V, mpmath.tanh(p)
        z = mpmath.findroot(lambda z: z - p + V * mpmath.tanh(z) - x, x / (1 + V) + p)
        u = mpmath.tanh(z)
        bend = 1 - u * u
        return u, bend / (1 + V * bend), u
    delta = mpmath.mpf("0.5")
    low = min(p, delta)
    if x <= V * low:
        return x / V, 1 / V, low
    if p < delta and (x - V * p) / (1 + V) + p < delta:
        t = (x - V * p) / (1 + V)
        return t + p, 1 / (1 + V), t + p
    return delta, mpmath.mpf(0), delta


@pytest.mark.parametrize("kind", ["huber", "log-cosh"])
@pytest.mark.parametrize(("s", "V", "p"), [(0.8, 1.2, 0.2), (0.3, 0.01, 0.05), (3.0, 20.0, 0.6)])
def test_residual_channel_at_thirty_digits(kind, s, V, p):
    deviations, weights = np.array([0.4, 2.0]), np.array([0.7, 0.3])
    loss, jet = (huber(0.5), None) if kind == "huber" else (LOG_COSH, log_cosh)
    at = residual_channel(s, V, p, mixture(deviations, weights), loss, jet)
    with mpmath.workdps(30):
        V_, p_ = mpmath.mpf(V), mpmath.mpf(p)
        ends = [V_ * min(p_, mpmath.mpf("0.5")), mpmath.mpf("0.5") - p_ + V_ / 2]
        kinks = sorted(end for end in ends if end > 0) if kind == "huber" else [V_ * mpmath.tanh(p_)]
        totals = [mpmath.mpf(0)] * 3
        for deviation, weight in zip(deviations, weights, strict=True):
            w = mpmath.sqrt(mpmath.mpf(s) ** 2 + mpmath.mpf(float(deviation)) ** 2)
            borders = [mpmath.mpf(0), *(kink for kink in kinks if kink < 14 * w)]
            borders += [w * i for i in (1, 2, 4, 7, 14) if w * i > borders[-1]]
            for i, power in enumerate(("u2", "c", "D")):

                def integrand(x, power=power, w=w):
                    u, c, D = score_of(kind, x, V_, p_)
                    value = {"u2": u * u, "c": c, "D": D}[power]
                    return value * 2 * mpmath.npdf(x, 0, w)

                totals[i] += float(weight) * mpmath.quad(integrand, borders)
    assert (at.b2, at.a, at.g) == pytest.approx([float(total) for total in totals], rel=1e-13)


@pytest.mark.parametrize(
    ("kappa", "Q", "V", "p"),
    [(0.6, 1.9, 1.7, 0.5), (0.3, 90.0, 160.0, 2.0), (10.0, 0.003, 30.0, 0.3), (2.0, 30.0, 1e-9, 0.1)],
)
def test_logistic_channel_at_thirty_digits(kappa, Q, V, p):
    at = label_channel(kappa, Q, V, p, True, LOGISTIC, logistic)
    with mpmath.workdps(30):
        kappa, Q, V, p = map(mpmath.mpf, (kappa, Q, V, p))
        width = mpmath.sqrt(Q)

        def parts(z):
            g = 1 / (1 + mpmath.exp(z))
            bend = g / (1 + mpmath.exp(-z))
            x = z + p - V * g
            weight = 2 * (1 + V * bend) * mpmath.npdf(x, 0, width)
            share = weight * mpmath.ncdf(kappa * x / width)
            h = weight * mpmath.npdf(kappa * x / width) * g
            return share * g * g, h, share * bend / (1 + V * bend), share * g, share * mpmath.log1p(mpmath.exp(-z))

        def z_of(x):
            return mpmath.findroot(lambda z: z + p - V / (1 + mpmath.exp(z)) - x, (x - p, x - p + V), solver="anderson")

        fine = width / mpmath.sqrt(1 + kappa**2)
        ends = [z_of(step * (fine if step < 0 else width)) for step in (-10, -7, -5, -3, -2, -1, 0)]
        ends += [z_of(step * fine) for step in (1, 2, 3, 5) if step * fine < width]
        ends += [z_of(step * width) for step in (1, 2, 3, 5, 7, 10)]
        expected = [mpmath.quad(lambda z, i=i: parts(z)[i], ends) for i in range(5)]
    assert (at.b2, at.h, at.a, at.g, at.loss) == pytest.approx([float(value) for value in expected], rel=2e-12)


@pytest.mark.parametrize("kind", ["huber", "absolute", "log-cosh"])
@pytest.mark.parametrize(("s", "V", "p"), [(0.8, 1.2, 0.2), (0.3, 0.01, 0.05), (3.0, 20.0, 0.6)])
def test_mean_size_of_training_residuals(kind, s, V, p):
    deviations, weights = np.array([0.4, 2.0]), np.array([0.7, 0.3])
    loss, jet = {"huber": (huber(0.5), None), "absolute": (ABSOLUTE, None), "log-cosh": (LOG_COSH, log_cosh)}[kind]
    at = residual_channel(s, V, p, mixture(deviations, weights), loss, jet)
    rng = np.random.default_rng(0)
    xi = rng.choice(deviations, 10**6, p=weights) * rng.standard_normal(10**6)
    omega = np.abs(xi + s * rng.standard_normal(10**6))
    low, high = np.zeros_like(omega), omega.copy()
    for _ in range(60):  # bisection of t + V rho'(t + p) = |omega|
        t = 0.5 * (low + high)
        slope = {"huber": np.minimum(t + p, 0.5), "absolute": np.ones_like(t), "log-cosh": np.tanh(t + p)}[kind]
        above = t + V * slope > omega
        low, high = np.where(above, low, t), np.where(above, t, high)
    assert at.size == pytest.approx(high.mean(), abs=5 * high.std() / 1000 + 1e-8)


@pytest.mark.parametrize("kappa", [1e-3, 0.4, 1.0, 3.0, 1e3])
@pytest.mark.parametrize("h", [-6.0, -1.2, 0.0, 0.3, 2.5, 8.0])
def test_distribution_of_margins(h, kappa):
    with mpmath.workdps(30):
        ends = sorted({-20.0, -8.0, -3.0, -1.0, *(i / kappa for i in range(-10, 11)), 0.0, 1.0, 3.0, h})
        ends = [end for end in ends if -20.0 <= end <= h]
        expected = mpmath.quad(lambda y: 2 * mpmath.ncdf(kappa * y) * mpmath.npdf(y), ends)
    assert share_below(h, kappa) == pytest.approx(float(expected), abs=2e-15)


@pytest.mark.parametrize("x", [(0.6, 1.9, 1.1, 0.5), (2.0, 30.0, 8.0, 0.1), (0.3, 0.7, 0.5, 1.4)])
@pytest.mark.parametrize("kind", ["logistic", "hinge", "square"])
def test_statistics_of_training_margins(kind, x):
    kappa, Q, V, p = x
    setting = setting_of(kind)
    at = label_statistics(*x, setting.margin, setting.loss, setting.jet)
    rng = np.random.default_rng(1)
    field = math.sqrt(Q) * rng.standard_normal(10**6)
    field *= np.where(rng.random(10**6) < ndtr(kappa * field / math.sqrt(Q)), 1.0, -1.0)
    low, high = field - 2.0 * V * (np.abs(field) + p + 2.0), field + 2.0 * V * (np.abs(field) + p + 2.0)
    for _ in range(80):  # bisection of y f + V dloss/d(y f) = field
        f = 0.5 * (low + high)
        slope = {
            "logistic": lambda f: -1.0 / (1.0 + np.exp(f - p)),
            "hinge": lambda f: -1.0 * (f - p < 1.0),
            "square": lambda f: np.sign(f - 1.0) * (np.abs(f - 1.0) + p),
        }[kind](f)
        above = f + V * slope > field
        low, high = np.where(above, low, f), np.where(above, f, high)
    assert at.mean_margin == pytest.approx(high.mean(), abs=5e-3 * high.std())
    assert at.error == pytest.approx((high < 0.0).mean(), abs=2.5e-3)
    assert at.robust_error == pytest.approx((high < p - 1e-9).mean(), abs=2.5e-3)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("labels", [False, True])
def test_gradients_in_other_norms(signal, labels):
    """Of l2 training by either geometry, of l_p training by the equation of its own norm and by sampling alpha."""
    kind = {"loss": HINGE, "margin": True, "tau": 0.3} if labels else {"noise": MIXTURE, "loss": huber(0.5)}
    setting = setting_of(kind["loss"], noise=kind.get("noise"))
    norms = {q: dual_norm(q, SIGNALS[signal]) for q in (1.0, 1.5, 2.0, 3.0)}

    def norm_of(p, x, norm, q):
        rest = (setting.noise, setting.margin, setting.loss, None)
        return family.other_norm(x, p, None, norm, *rest, norms[q])

    found = {}
    for trained in (None, norms[2.0]):
        p, x = solved(0.2, 1.5, 2.0, ridge=0.05, norm=trained, **kind)
        found[trained is None] = [norm_of(p, x, trained, q) for q in norms]
        assert found[trained is None][2] == pytest.approx(math.exp(x[2 if labels else 1]), rel=1e-9)
    assert found[True] == pytest.approx(found[False], rel=1e-9)
    for q in (1.0, 1.5, 3.0):
        p, x = solved(0.2, 1.5, 2.0, ridge=0.05, norm=norms[q], **kind)
        values = [norm_of(p, x, norms[q], other) for other in norms]
        assert norm_of(p, x, norms[q], q) == pytest.approx(math.exp(x[2 if labels else 1]), rel=1e-9)
        assert values == sorted(values)  # norms of an average grow with their exponent


def differences(function, x, steps=1e-5):
    """Return the derivatives of a function of several numbers in their logarithms, by central differences."""
    columns = []
    for i in range(len(x)):
        up, down = list(x), list(x)
        up[i] *= 1 + steps
        down[i] *= 1 - steps
        columns.append((np.array(function(*up)) - np.array(function(*down))) / (2 * steps))
    return np.array(columns).T


@pytest.mark.parametrize(
    ("margin", "loss", "jet"), [(True, HINGE, None), (False, SQUARE, None), (True, LOGISTIC, logistic)]
)
@pytest.mark.parametrize("x", [(0.6, 1.9, 1.1, 0.5), (2.0, 30.0, 8.0, 0.1), (5.0, 0.7, 1.5, 0.4)])
def test_derivatives_of_labels(margin, loss, jet, x):
    at = label_channel(*x, margin, loss, jet)
    names = ("b2", "h", "a", "g")
    given = [[getattr(at, f"{name}_{end}") for end in "cQVp"] for name in names]
    scaled = np.array(given) * (1.0, 1.0, x[2], x[3])
    found = differences(lambda *y: [getattr(label_channel(*y, margin, loss, jet), name) for name in names], x)
    sizes = np.array([[getattr(at, name)] for name in names])
    np.testing.assert_allclose(found / sizes, scaled / sizes, atol=3e-9)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 3.0])
@pytest.mark.parametrize(("g", "h", "o"), [(0.5, 0.8, 1e-300), (3.0, 0.01, 1.0), (0.01, 3.0, 12.0), (3.0, 0.3, 2.5)])
def test_coordinates_by_quadrature_and_their_derivatives(exponent, g, h, o):
    norm = dual_norm(exponent)
    at = coordinate(g, h, o, norm)
    slopes = differences(lambda *x: coordinate(*x, norm)[:5], (g, h, o))
    given = np.array([at[5:10], at[10:15], at[15:]]).T * (g, h, o)
    sizes = np.array((at.chi, math.sqrt(at.A2), at.A2, at.e, at.es))[:, None]
    np.testing.assert_allclose(slopes / sizes, given / sizes, atol=1e-7)
    with mpmath.workdps(20):
        top = mpmath.mpf(2) ** (mpmath.mpf(exponent) / 2) * mpmath.gamma((1 + mpmath.mpf(exponent)) / 2)
        top /= mpmath.sqrt(mpmath.pi)

        def force(x):
            u = x / h
            slope = top * exponent * u * mpmath.hyp1f1(1 - mpmath.mpf(exponent) / 2, 1.5, -u * u / 2)
            return h ** (mpmath.mpf(exponent) - 1) * slope

        def x_of(y):
            return mpmath.findroot(lambda x: x + g * force(x) - y, (0, y), solver="anderson", tol=1e-18)

        ends = sorted({max(0, y) for y in (0, g / 2, g, g + 4 * h + 1, o - 9, o - 3, o, o + 3, o + 9)})
        ends = [end for end in ends if end >= o - 9]

        def average(weight):
            def value(y):
                above, below = mpmath.npdf(y, o), mpmath.npdf(y, -o)
                return weight(x_of(y), y, above, below)

            return float(mpmath.quad(value, ends))

        chi = average(lambda x, y, above, below: x * ((y - o) * above + (y + o) * below))
        mean = average(lambda x, y, above, below: x * (above - below))
        square = average(lambda x, y, above, below: x * x * (above + below))
    assert (at.chi, at.mean, at.A2) == pytest.approx((chi, mean, square), rel=1e-11)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_problems_without_attack(kind):
    """Interpolation (N >= n without penalty) is refused before the engine; separable labels have a name."""
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(60):
        p, _, setting = random_problem(kind, rng)
        if not setting.margin and p.ridge + p.penalty == 0.0 and p.R >= 1.0:
            continue
        status, _, _, x = setting.solve(p._replace(eps=0.0), 0.0)
        free = setting.margin and p.ridge + p.penalty == 0.0
        assert status in ((family.SOLVED, family.SEPARABLE) if free else (family.SOLVED,))
        if kind == ("square", "gaussian", "l2") and p.penalty == 0.0:
            tau, ridge = setting.noise.deviations[0], p.ridge
            model = rfrobust.solve(p.psi1, p.psi1 / p.R, 0.0, tau, ridge=ridge)
            expected = (model.standard_risk - tau**2, model.gradient_norm)
            assert (math.exp(2.0 * x[0]), math.exp(x[1])) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("delta", "penalty", "threshold", "excess"),
    [
        (0.95454846, 0.21966547, 0.25513416, 0.578463832),
        (2.53536449, 0.13875727, 0.21243187, 0.209228678),
        (6.73415066, 0.11319164, 0.23234077, 0.049487213),
    ],
)
def test_huber_regression_on_linear_features_against_another_code(delta, penalty, threshold, excess):
    """Sum of Huber losses + penalty/2 |theta|^2 over n = delta d samples."""
    noise = (np.sqrt([0.1, 5.0]), (0.7, 0.3))
    one = np.ones(1)
    setting = setting_of(huber(threshold), noise=noise)._replace(law=Law(one, one, one, one, 0.0, 0.0, 0.0))
    p = parameters(1.0, delta, 0.0, 1.0, penalty / delta, RELU.constants, 1.0, 0.0, 0.0)
    status, _, _, x = setting.solve(p, 0.0)
    assert status == family.SOLVED
    assert math.exp(2.0 * x[0]) == pytest.approx(excess, rel=2e-8)  # as many digits as the inputs have


@pytest.mark.parametrize("norm", NORMS)
def test_separable_labels_have_a_name(norm):
    """Whether a network separates the labels is the same for every loss, and is seen as the ridge shrinks."""
    rng = np.random.default_rng(7)
    found = set()
    for i in range(40):
        p, ratio, logistic_ = random_problem(("logistic", "labels", norm), rng)
        p, ratio = p._replace(ridge=0.0), ratio * (i % 3 > 0)
        p = p._replace(eps=p.eps * (i % 3 > 0))
        logistic_, hinge = (setting_of(loss, norm=NORMS[norm]) for loss in ("logistic", "hinge"))
        status = logistic_.solve(p, ratio)[0]
        assert status in (family.SOLVED, family.SEPARABLE)
        assert hinge.solve(p, ratio)[0] == status
        small = [hinge.solve(p._replace(ridge=ridge), ratio) for ridge in (1e-5, 1e-6)]
        assert [near[0] for near in small] == [family.SOLVED, family.SOLVED]
        growth = (small[0][3][3] - small[1][3][3]) / math.log(10.0)
        assert growth == pytest.approx(-1.0 if status == family.SEPARABLE else 0.0, abs=0.02)
        found.add(status)
    assert len(found) == 2


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_the_population(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(10):
        p, ratio, setting = random_problem(kind, rng)
        solutions = []
        for R in (0.0, p.psi1 / 1e8):
            sampled = p._replace(R=R)
            eps_c, _ = setting.threshold(sampled)
            status, _, _, x = setting.solve(sampled._replace(eps=ratio * eps_c), ratio)
            assert status == family.SOLVED
            solutions.append(np.delete(x, setting.unknowns - (1 if setting.norm is None else 3)))  # V = 0
        np.testing.assert_allclose(*solutions, rtol=0.0, atol=3e-5 / (1.0 - ratio))
        if kind == ("square", "gaussian", "l2") and p.penalty == 0.0:
            tau, eps = setting.noise.deviations[0], ratio * setting.threshold(p._replace(R=0.0))[0]
            model = rfrobust.solve(p.psi1, math.inf, eps, tau, ridge=p.ridge)
            expected = (model.standard_risk - tau**2, model.gradient_norm)
            assert np.exp(solutions[0] * (2.0, 1.0)) == pytest.approx(expected, rel=1e-11)


def test_a_sparse_signal_without_zeros_is_gaussian():
    for labels in (False, True):
        kind = {"loss": HINGE, "margin": True, "tau": 0.3} if labels else {"noise": PLAIN}
        laws = (GAUSSIAN, sparse(1.0), ((0.3, 0.7), (1.0, 1.0), (0.0, 0.0)))
        first, *others = (solved(0.2, 1.5, 2.0, ridge=0.05, norm=dual_norm(1.0, law), **kind)[1] for law in laws)
        for other in others:
            np.testing.assert_allclose(other, first, rtol=0.0, atol=1e-12)
