"""Linear regression, published minimax, notations, geometry of the attack."""

import json
import math

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust.checks.published_linear import objective_and_gradient
from rfrobust.finite.erm import ConcentratedERM
from rfrobust.finite.features import FeatureMap
from tests.command_line import run
from tests.reference import mei_montanari

TABLE = [
    (2, 0.5, 0.5, 0.4529764865411, 0.6251696122911, 0.3202049303867, 0.1880871473181),
    (0.7, 0.3, 0.5, 1.061676881341, 1.181983777797, 4.856612071538, 1.53731989489),
]


@pytest.mark.parametrize(("delta", "eps", "tau", "v", "r2", "V", "s"), TABLE)
def test_reference_table(delta, eps, tau, v, r2, V, s):
    model = rfrobust.theory.linear(delta, eps, tau)
    got = [model.standard_risk, model.gradient_norm**2, model.V, model.q * model.V]
    assert got == pytest.approx([v, r2, V, s], rel=2e-12)


@pytest.mark.parametrize(
    ("delta", "eps", "tau", "norm"), [(2, 0.5, 0.5, 1), (0.7, 0.3, 0.5, 1), (5, 0.2, 1.0, 2), (1, 0.4, 0.1, 0.5)]
)
def test_published_minimax(delta, eps, tau, norm):
    saddle = rfrobust.checks.linear_theorem(delta, eps, tau, signal_norm=norm)
    model = rfrobust.theory.linear(delta, eps, tau, signal_norm=norm)
    assert saddle.gradient < 1e-10
    assert saddle.value == pytest.approx(model.training_loss, rel=1e-10)
    assert saddle.standard_risk == pytest.approx(model.standard_risk, rel=1e-8)
    assert saddle.gradient_norm == pytest.approx(model.gradient_norm, rel=1e-8)


def test_partial_derivatives_of_the_minimax():
    rng = np.random.default_rng(0)
    problem = {"delta": 1.3, "eps": 0.4, "tau": 0.3, "signal_norm": 1.4}
    for _ in range(20):
        x = np.exp(rng.normal(0, 0.7, 5))
        _, gradient = objective_and_gradient(*x, **problem)
        for i in range(5):
            h = np.eye(5)[i] * 1e-6 * x[i]
            up, down = (objective_and_gradient(*(x + s * h), **problem)[0] for s in (1, -1))
            assert gradient[i] == pytest.approx((up - down) / (2e-6 * x[i]), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("delta", [0.5, 2.0, math.inf])
def test_null_threshold(delta):
    for tau, norm in ((0.5, 1.0), (2.0, 0.7)):
        edge = rfrobust.theory.linear_null_threshold(delta, tau, signal_norm=norm)
        assert edge**2 == pytest.approx(math.pi / 2 * (norm**2 / (norm**2 + tau**2) + 1 / delta), rel=1e-14)
        above = rfrobust.theory.linear(delta, edge * (1 + 1e-9), tau, signal_norm=norm)
        below = rfrobust.theory.linear(delta, edge * (1 - 1e-4), tau, signal_norm=norm)
        assert above.gradient_norm == 0.0
        assert 0.0 < below.gradient_norm < 0.01


@pytest.mark.parametrize(
    ("eps", "tau", "norm"), [(0.1, 0.5, 1), (0.5, 0.5, 1), (0.9, 0.5, 2), (0.3, 3, 1), (1.2, 1, 1)]
)
def test_population_optimum(eps, tau, norm):
    s = rfrobust.theory.linear_population(eps, tau, signal_norm=norm)
    model = rfrobust.theory.linear(math.inf, eps, tau, signal_norm=norm)
    assert model.standard_risk == pytest.approx(tau**2 + norm**2 * (1 - s) ** 2, rel=1e-12)
    assert model.gradient_norm == pytest.approx(norm * s, abs=1e-12)
    # the formula as printed, g = 1/s - 1
    if s > 0:
        g, c = 1 / s - 1, math.sqrt(2 / math.pi)
        A = math.sqrt((1 + g) ** 2 * tau**2 / norm**2 + g**2)
        assert g == pytest.approx((eps**2 + c * eps * A) / (1 + c * eps / A), rel=1e-9)
    # directly: the adversarial risk of theta = s theta0 is least there
    risk = [
        tau**2 + norm**2 * (1 - t) ** 2
        + 2 * math.sqrt(2 / math.pi) * eps * norm * t * math.sqrt(tau**2 + norm**2 * (1 - t) ** 2)
        + (eps * norm * t) ** 2
        for t in (s, s + 1e-3, max(s - 1e-3, 0.0))
    ]  # fmt: skip
    assert risk[0] == min(risk)


def test_ridgeless_linear_regression_and_wide_linear_features():
    # least squares: v = tau^2 delta/(delta-1); least-norm interpolation: (1-delta) + tau^2/(1-delta)
    assert rfrobust.theory.linear(3, 0, 0.5).standard_risk == pytest.approx(0.25 * 3 / 2, rel=1e-12)
    assert rfrobust.theory.linear(0.4, 0, 0.5).standard_risk == pytest.approx(0.6 + 0.25 / 0.6, rel=1e-12)
    for psi1 in (1.0, 4.0):  # W of full column rank: features <w_i, x> span the linear functions
        wide = rfrobust.solve(psi1, 2, 0.4, 0.5, activation="identity")
        assert wide.standard_risk == pytest.approx(rfrobust.theory.linear(2, 0.4, 0.5).standard_risk, rel=1e-10)


def assert_meets(limit, draw, d, replicates):
    """Compare draws of v and r^2 at dimensions ``d``, extrapolated to infinity, with a solution."""
    rows = [[draw(size, np.random.default_rng([size, seed])) for seed in range(replicates)] for size in d]
    data = xr.Dataset({"value": (("d", "replicate", "kind"), rows)}, coords={"d": list(d)})
    found = rfrobust.extrapolate(data)
    assert np.all(np.abs(found.value - [limit.standard_risk, limit.gradient_norm**2]) < 3.5 * found.value_se)


def test_linear_regression_by_simulation():
    delta, eps, tau = 1.5, 0.4, 0.5

    def draw(p, rng):
        theta0 = np.eye(p)[0]
        X = rng.standard_normal((round(delta * p), p))
        y = X @ theta0 + tau * rng.standard_normal(len(X))
        theta = ConcentratedERM(X, y, np.eye(p)).solve(eps).theta
        return tau**2 + np.sum((theta - theta0) ** 2), theta @ theta

    assert_meets(rfrobust.theory.linear(delta, eps, tau), draw, (60, 120), 60)


def test_degenerate_noiseless_recovery_is_refused_not_wrong():
    with pytest.raises(rfrobust.SolverError):
        rfrobust.theory.linear(2, 0.1, 0.0)


# notations


@pytest.mark.parametrize(
    ("activation", "psi1", "psi2", "lam", "tau", "risk"),
    [
        ("relu", 1, 2, 0.01, 0.5, 0.9647451713586),
        ("relu", 3, 2, 0.01, 0.5, 0.5790860405442),
        ("tanh", 1.5, 3, 0.02, 0.3, 0.2161883948091),
    ],
)
def test_published_ridge_values(activation, psi1, psi2, lam, tau, risk):
    model = rfrobust.theory.from_mei_montanari(psi1, psi2, lam, tau, activation=activation)
    assert model.standard_risk - tau**2 == pytest.approx(risk, rel=2e-12)


@pytest.mark.parametrize("activation", ["erf", "gelu", "softplus", "abs-linear", "hard-tanh", "sin"])
def test_published_ridge_formula_for_any_activation(activation):
    c, mu, _ = rfrobust.problem.resolve_activation(activation).constants
    for psi1, psi2, lam in ((1, 2, 0.01), (3, 2, 1e-6), (0.5, 4, 1.0)):
        got = rfrobust.theory.from_mei_montanari(psi1, psi2, lam, 0.5, activation=activation, F1=1.3, F_star=0.7)
        want = mei_montanari(psi1, psi2, lam, 0.5, c, mu, signal=1.69, nonlinear=0.49)[0]
        assert got.standard_risk - 0.25 == pytest.approx(float(want), rel=1e-9)


def test_ridge_scalings_by_their_objectives():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    d, N, n = 20, 30, 50
    Z, y, lam_mm = rng.standard_normal((n, N)), rng.standard_normal(n), 0.07
    lam = rfrobust.theory.convert_ridge(lam_mm, "mei-montanari", psi1=N / d)
    # stationarity of (1/n)|y - Z a|^2 + (N lambda/d)|a|^2
    a = np.linalg.solve(Z.T @ Z / n + N / d * lam_mm * np.eye(N), Z.T @ y / n)
    np.testing.assert_allclose(Z.T @ (y - Z @ a) / n, lam * a, atol=1e-12)
    alpha = rfrobust.theory.convert_ridge(lam, "rfrobust", "scikit-learn", n=n)
    np.testing.assert_allclose(Ridge(alpha=alpha, fit_intercept=False).fit(Z, y).coef_, a, atol=1e-10)
    back = rfrobust.theory.convert_ridge(alpha, "scikit-learn", "mei-montanari", n=n, psi1=N / d)
    assert back == pytest.approx(lam_mm, rel=1e-14)


def test_bad_notations():
    with pytest.raises(ValueError, match="psi1 must be given"):
        rfrobust.theory.convert_ridge(1.0, "mei-montanari")
    with pytest.raises(ValueError, match="n must be given"):
        rfrobust.theory.convert_ridge(1.0, "rfrobust", "scikit-learn")
    with pytest.raises(ValueError, match="source must be one of"):
        rfrobust.theory.convert_ridge(1.0, "ours")
    with pytest.raises(ValueError, match="lam must be > 0"):
        rfrobust.theory.from_mei_montanari(1, 2, 0.0)
    for name in ("F1", "F_star"):
        with pytest.raises(TypeError, match=f"{name} must be a real number"):
            rfrobust.theory.from_mei_montanari(1, 2, 0.1, **{name: "a"})
        with pytest.raises(ValueError, match=f"{name} must be in"):
            rfrobust.theory.from_mei_montanari(1, 2, 0.1, **{name: -1.0})
    with pytest.raises(ValueError, match="lam must be in"):
        rfrobust.theory.from_mei_montanari(1, 2, -1.0)
    with pytest.raises(ValueError, match="value must be in"):
        rfrobust.theory.convert_ridge(-1.0, "rfrobust")


def test_a_failure_speaks_of_delta():
    for arguments, status in (((1, 0.0, 0.5), "DIVERGENT"), ((2, 0.1, 0.0), "DEGENERATE")):
        with pytest.raises(rfrobust.SolverError, match=f"{status} at delta={arguments[0]}"):
            rfrobust.theory.linear(*arguments)


# geometry


def test_isotropic_attack_is_linear_regression():
    for scale in (1.0, 4.0):  # M = scale I is a radius times sqrt(scale)
        model = rfrobust.theory.mahalanobis_linear(2, np.full(5, scale), 0.5).solve(0.5 / math.sqrt(scale))
        plain = rfrobust.theory.linear(2, 0.5, 0.5)
        assert model.standard_risk == pytest.approx(plain.standard_risk, rel=1e-10)
        assert model.gradient_norm == pytest.approx(plain.gradient_norm * math.sqrt(scale), rel=1e-10)


def test_anisotropic_attack_and_data_by_simulation():
    delta, eps, tau = 1.5, 0.4, 0.3

    def geometry(p):
        half = np.arange(p) < p // 2
        return np.where(half, 4.0, 0.25), np.where(half, 1.5, 0.5) / p, np.linspace(0.5, 1.5, p)

    def draw(p, rng):
        m, power, c = geometry(p)
        theta0 = np.sqrt(power)
        X = rng.standard_normal((round(delta * p), p)) * np.sqrt(c)
        y = X @ theta0 + tau * rng.standard_normal(len(X))
        theta = ConcentratedERM(X, y, np.diag(m)).solve(eps).theta
        return tau**2 + np.sum(c * (theta - theta0) ** 2), theta @ (m * theta)

    m, power, c = geometry(2000)
    model = rfrobust.theory.mahalanobis_linear(delta, m, tau, signal=power, covariance=c)
    assert_meets(model.solve(eps), draw, (60, 120), 60)
    assert model.solve(1.001 * model.null_threshold).gradient_norm == 0.0
    assert 0 < model.solve(0.999 * model.null_threshold).gradient_norm < 0.1


def test_features_under_a_commuting_attack():
    d, N, n, eps, tau = 120, 180, 240, 0.3, 0.5
    rng = np.random.default_rng(1)
    network = FeatureMap.draw(N, d, rng)
    _, s, vt = np.linalg.svd(network.W)
    md = np.where(np.arange(d) < d // 2, 3.0, 0.2)
    M = (vt.T * md) @ vt
    x = np.concatenate([s**2, np.zeros(N - d)])
    limit = rfrobust.theory.mahalanobis_features(N / d, n / d, np.concatenate([md, np.ones(N - d)]), x, tau).solve(eps)
    drawn = rfrobust.theory.drawn_network(network.W, n, tau, attack=M).solve(eps)
    metric = (network.W @ M @ network.W.T) * network.activation.derivative_dual(network.gram)
    out = []
    for _ in range(40):
        b = rng.standard_normal(d)
        b /= np.linalg.norm(b)
        X = rng.standard_normal((n, d))
        y = X @ b + tau * rng.standard_normal(n)
        fit = ConcentratedERM(network.features(X), y, metric).solve(eps)
        theta = fit.theta
        v = tau**2 + 1 - 2 * theta @ network.target_moment(b) + theta @ network.second_moment @ theta
        out.append((v, fit.norm**2))
    out = np.array(out)
    error = out.std(axis=0, ddof=1) / np.sqrt(len(out))
    for model in (limit, drawn):
        assert np.all(np.abs(out.mean(axis=0) - [model.standard_risk, model.gradient_norm**2]) < 3.5 * error + 2 / d)
    plain = rfrobust.solve(N / d, n / d, eps, tau)
    assert abs(out[:, 0].mean() - plain.standard_risk) > 5 * error[0]


def test_features_under_the_plain_attack_are_the_engine():
    W = FeatureMap.draw(60, 40, np.random.default_rng(0)).W
    x = np.maximum(np.linalg.eigvalsh(W @ W.T), 0.0)
    x[:20] = 0.0
    x *= 60 / x.sum()
    first = rfrobust.theory.mahalanobis_features(1.5, 2, np.ones(60), x, 0.5).solve(0.3)
    second = rfrobust.solve(1.5, 2, 0.3, 0.5, spectrum=rfrobust.DiscreteSpectrum(x))
    assert first.standard_risk == pytest.approx(second.standard_risk, rel=1e-9)


def test_bad_geometries():
    with pytest.raises(ValueError, match="attack must be"):
        rfrobust.theory.mahalanobis_linear(2, [1.0, 0.0])
    with pytest.raises(ValueError, match="signal must have shape"):
        rfrobust.theory.mahalanobis_linear(2, [1.0, 2.0], signal=[1.0])
    with pytest.raises(ValueError, match="eigenvalues must have mean 1"):
        rfrobust.theory.mahalanobis_features(1, 2, [1.0, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at most N/psi1"):
        rfrobust.theory.mahalanobis_features(2, 2, [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="symmetric and positive definite"):
        rfrobust.theory.drawn_network(np.eye(2), 4, attack=[[1.0, 2.0], [2.0, 1.0]])


# command line


def test_linear_command(capsys):
    point = ("linear", "--delta", "2", "--eps", "0.5", "--tau", "0.5")
    code, out, _ = run(capsys, *point, "--verify", "--eps-test", "1")
    assert code == 0
    assert "null_threshold = 1.428997979" in out
    assert f"adversarial_risk(1) = {rfrobust.theory.linear(2, 0.5, 0.5).adversarial_risk(1.0):.10g}" in out
    record = json.loads(run(capsys, *point, "--verify", "--json")[1])
    assert record["standard_risk"] == rfrobust.theory.linear(2, 0.5, 0.5).standard_risk
    assert record["minimax_difference"] < 1e-10
    assert json.loads(run(capsys, "linear", "--delta", "inf", "--eps", "0", "--json")[1])["delta"] == "inf"
    code, _, err = run(capsys, *point, "--verify", "--ridge", "1")
    assert code == 2
    assert "ridge must be 0" in err


def test_activation_commands(capsys):
    code, out, _ = run(capsys, "activations")
    assert code == 0
    assert "softplus" in out
    moments = json.loads(run(capsys, "activations", "tanh", "leaky-relu:0.2", "--json")[1])
    assert moments["leaky-relu:0.2"]["mu1"] == 0.6
    assert set(moments) == {"tanh", "leaky-relu:0.2"}
    assert "rho^2 = 1/4" in run(capsys, "activations", "relu", "--exact")[1]
    assert json.loads(run(capsys, "activations", "tanh", "--exact", "--json")[1]) == {"tanh": None}
    assert run(capsys, "activations", "nope")[0] == 2
    code, out, _ = run(
        capsys, "solve", "--psi1", "3", "--psi2", "2", "--eps", "0.3", "--activation", "erf", "--spectrum", "orthogonal"
    )
    assert repr(rfrobust.solve(3, 2, 0.3, activation="erf", spectrum="orthogonal")) in out


def test_a_ridge_is_refused_where_the_basis_is_not_orthonormal():
    model = rfrobust.theory.QuadraticModel([1, 2], [1, 1], [0.1, 0.1], 1.0, 4, orthonormal=False)
    with pytest.raises(ValueError, match="ridge must be 0 for this model"):
        model.solve(0.1, ridge=0.1)
    assert rfrobust.theory.QuadraticModel([1.0], [1.0], [0.5], 1.0, 2.0).solve(0.1, ridge=0.1).standard_risk > 0
