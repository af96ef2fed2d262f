"""Laws of W W': consistency with the closed form, orthogonal rows and one drawn network against simulation."""

import math

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust.finite.erm import ConcentratedERM
from rfrobust.finite.features import FeatureMap
from rfrobust.finite.risks import gradient_norm, standard_risk


def train(network, n, eps, tau, sets, seed, beta=None):
    """Standard risk and squared gradient norm of networks trained on fresh data, shape (sets, 2)."""
    d = network.W.shape[1]
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(sets):
        b = beta
        if b is None:
            b = rng.standard_normal(d)
            b /= np.linalg.norm(b)
        X = rng.standard_normal((n, d))
        y = X @ b + tau * rng.standard_normal(n)
        theta = ConcentratedERM(network.features(X, rng), y, network.metric).solve(eps).theta
        out.append((standard_risk(network, theta, b, tau), gradient_norm(network, theta) ** 2))
    return np.array(out)


@pytest.mark.parametrize(("psi1", "psi2"), [(0.5, 2), (1, 2), (3, 2)])
def test_a_large_drawn_layer_approaches_the_closed_form(psi1, psi2):
    d = 600
    W = FeatureMap.draw(round(psi1 * d), d, np.random.default_rng(0)).W
    for eps in (0.0, 0.1, 0.5):
        drawn = rfrobust.solve(psi1, psi2, eps, 0.5, spectrum=rfrobust.EmpiricalSpectrum(W))
        limit = rfrobust.solve(psi1, psi2, eps, 0.5)
        assert drawn.standard_risk == pytest.approx(limit.standard_risk, rel=4e-3)
        assert drawn.gradient_norm == pytest.approx(limit.gradient_norm, rel=4e-3)


@pytest.mark.parametrize("psi1", [0.5, 1.0, 2.5])
def test_orthogonal_rows_are_a_discrete_law(psi1):
    atoms, weights = ([1.0], [1.0]) if psi1 <= 1 else ([0.0, psi1], [1 - 1 / psi1, 1 / psi1])
    law = rfrobust.DiscreteSpectrum(atoms, weights)
    for eps in (0.0, 0.2, 0.6):
        first = rfrobust.solve(psi1, 2, eps, 0.5, spectrum="orthogonal")
        assert first.standard_risk == rfrobust.solve(psi1, 2, eps, 0.5, spectrum=law).standard_risk
    s1, s2 = rfrobust.OrthogonalRows().resolvents(0.7, psi1)
    mean = np.average(1 / (np.array(atoms) + 0.7), weights=weights)
    assert s1 == pytest.approx(mean)
    assert s2 == pytest.approx(np.average(1 / (np.array(atoms) + 0.7) ** 2, weights=weights))


@pytest.mark.parametrize(("psi1", "psi2", "eps"), [(0.8, 2.0, 0.3), (2.0, 1.5, 0.3)])
def test_orthogonal_rows_against_simulation(psi1, psi2, eps):
    rows, d = [], [60, 120]
    for size in d:
        N = round(psi1 * size)
        q, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((max(N, size), max(N, size))))
        W = q[:N, :size]
        W = W / np.linalg.norm(W, axis=1, keepdims=True)  # N > d: close to a tight frame, made unit-norm
        network = FeatureMap(W, rfrobust.problem.resolve_activation("erf"), "gaussian")
        rows.append(train(network, round(psi2 * size), eps, 0.5, 80, [2, size]))
    limit = rfrobust.extrapolate(xr.Dataset({"value": (("d", "replicate", "kind"), rows)}, coords={"d": d}))
    model = rfrobust.solve(psi1, psi2, eps, 0.5, activation="erf", spectrum="orthogonal")
    assert np.all(np.abs(limit.value - [model.standard_risk, model.gradient_norm**2]) < 3.5 * limit.value_se)


def test_semi_empirical_theory_beats_the_limit_at_d_200():
    d, case = 200, {"activation": "erf"}
    network = FeatureMap.draw(d, d, np.random.default_rng(0), "erf")
    rng = np.random.default_rng(5)
    beta = rng.standard_normal(d)
    beta /= np.linalg.norm(beta)
    sample = train(network, 10 * d, 0.3, 0.0, 4, 6, beta)[:, 0]
    error = sample.std(ddof=1) / np.sqrt(len(sample)) / sample.mean()
    limit = rfrobust.solve(1, 10, 0.3, **case).standard_risk
    drawn = rfrobust.theory.drawn_network(network.W, 10 * d, beta=beta, **case).solve(0.3).standard_risk
    assert abs(sample.mean() / drawn - 1) < 4 * error
    assert abs(sample.mean() / limit - 1) > 8 * abs(sample.mean() / drawn - 1)


def test_correlated_rows_need_their_own_spectrum():
    # rows concentrated on a few directions: nothing like Marchenko-Pastur
    d, N, n = 150, 150, 300
    rng = np.random.default_rng(3)
    W = rng.standard_normal((N, d)) * np.where(np.arange(d) < d // 2, 3.0, 0.3)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    network = FeatureMap(W, rfrobust.problem.resolve_activation("relu"), "gaussian")
    sample = train(network, n, 0.3, 0.5, 60, 4)
    error = sample.std(axis=0, ddof=1) / np.sqrt(len(sample))
    gap = {}
    for name, spectrum in (("limit", "marchenko-pastur"), ("drawn", rfrobust.EmpiricalSpectrum(W))):
        model = rfrobust.solve(1, 2, 0.3, 0.5, spectrum=spectrum)
        gap[name] = np.abs(sample.mean(axis=0) - [model.standard_risk, model.gradient_norm**2])
    assert np.all(gap["drawn"] < 3.5 * error + 1.0 / d)
    assert gap["limit"][0] > 10 * error[0]


def unit_rows(W):
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def test_coherent_rows_are_refused_and_left_to_the_drawn_network():
    # repeated orthonormal rows: Sigma and J^2 are no functions of W W', of which the law {0, 2} knows too much gradient
    d = 60
    frame, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((d, d)))
    W = np.repeat(frame[: d // 2], 2, axis=0)
    with pytest.raises(ValueError, match=r"spectrum must be that of incoherent rows.*larger by 0\.\d+.*drawn_network"):
        rfrobust.solve(1, 2, 0.3, 0.5, spectrum=rfrobust.EmpiricalSpectrum(W))
    model = rfrobust.theory.drawn_network(W, 2 * d, 0.5).solve(0.3)
    network = FeatureMap(W, rfrobust.problem.resolve_activation("relu"))
    sample = train(network, 2 * d, 0.3, 0.5, 40, 1)
    mean, error = sample.mean(axis=0), sample.std(axis=0, ddof=1) / np.sqrt(len(sample))
    assert np.all(np.abs(mean - [model.standard_risk, model.gradient_norm**2]) < 3.5 * error)
    law = rfrobust.solve(1, 2, 0.3, 0.5, spectrum=rfrobust.DiscreteSpectrum([0.0, 2.0]))
    assert law.gradient_norm**2 == pytest.approx(0.627, abs=1e-3)
    assert law.gradient_norm**2 > mean[1] + 8 * error[1]
    # linear features see W W' alone
    linear = {"activation": "identity", "tau": 0.5}
    got = rfrobust.solve(1, 2, 0.3, spectrum=rfrobust.EmpiricalSpectrum(W), **linear)
    expected = rfrobust.solve(1, 2, 0.3, spectrum=rfrobust.DiscreteSpectrum([0.0, 2.0]), **linear)
    assert got.standard_risk == pytest.approx(expected.standard_risk, rel=1e-10)


def test_coherence_tells_correlated_rows_from_independent_ones():
    rng = np.random.default_rng(0)
    gaussian = rng.standard_normal((300, 200))
    assert rfrobust.EmpiricalSpectrum(unit_rows(gaussian * np.arange(1, 201) ** -0.75)).coherence > 1.0
    assert rfrobust.EmpiricalSpectrum(unit_rows(gaussian)).coherence == 0.0
    for N, d in ((3, 30), (30, 3), (5, 100), (400, 20), (100, 100)):
        drawn = [rfrobust.EmpiricalSpectrum(unit_rows(rng.standard_normal((N, d)))).coherence for _ in range(20)]
        assert max(drawn) < 0.1
    with pytest.raises(ValueError, match="drawn_network"):
        rfrobust.sweep(
            psi1=1.5, psi2=2, eps=[0.1, 0.3], spectrum=rfrobust.EmpiricalSpectrum(unit_rows(gaussian**3 + 2))
        )


def test_drawn_network_with_the_matrices_of_the_limit_is_the_empirical_spectrum():
    # QuadraticModel and the engine: the same law of eigenvalues by two implementations
    rng = np.random.default_rng(0)
    for N, d, n in ((60, 40, 90), (40, 60, 30), (50, 50, 200)):
        W = FeatureMap.draw(N, d, rng).W
        x = np.maximum(np.linalg.eigvalsh(W @ W.T), 0.0)
        a = rfrobust.problem.resolve_activation("gelu")
        c, mu, rho2 = a.constants
        spectrum = rfrobust.EmpiricalSpectrum(W)
        model = rfrobust.theory.QuadraticModel(c * x + mu, c * x + rho2, c * x / d, 1.25, n)
        for eps, ridge in ((0.05, 0.0), (0.3, 0.0), (0.3, 0.1), (0.7, 0.0), (3.0, 0.2)):
            first = model.solve(eps, ridge=ridge)
            second = rfrobust.solve(N / d, n / d, eps, 0.5, ridge=ridge, activation=a, spectrum=spectrum)
            for field in ("standard_risk", "gradient_norm", "training_loss", "zero_residual_fraction", "k", "phase"):
                assert getattr(first, field) == pytest.approx(getattr(second, field), rel=1e-8), field
            assert first.adversarial_risk() == pytest.approx(second.adversarial_risk(), rel=1e-8)
            assert first.adversarial_risk(0.0) == first.standard_risk
        assert model.null_threshold == pytest.approx(
            rfrobust.null_threshold(N / d, n / d, 0.5, activation=a, spectrum=spectrum), rel=1e-12
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 1.0],), "atoms must have mean 1"),
        (([-1.0, 3.0],), "atoms must be"),
        (([1.0], [0.9]), "weights must have sum 1"),
        (([0.5, 1.5], [1.0]), "weights must have shape"),
        (([],), "atoms must not be empty"),
    ],
)
def test_bad_laws(arguments, message):
    with pytest.raises(ValueError, match=message):
        rfrobust.DiscreteSpectrum(*arguments)


@pytest.mark.parametrize(
    ("law", "error", "message"),
    [
        (([2.0], [3.0]), ValueError, "weights must have sum 1"),
        (([2.0], [1.0]), ValueError, "atoms must have mean 1"),
        (([0.5, 1.5], [1.5, -0.5]), ValueError, "weights must be"),
        (([], []), ValueError, "atoms must not be empty"),
        ((np.empty(0), np.empty(0)), ValueError, "atoms must not be empty"),
        (([math.nan], [1.0]), ValueError, "atoms must be"),
        (None, TypeError, r"law of spectrum 'mine' must return \(atoms, weights\), got None"),
        (([0.0, 2.0], [0.5, 0.5]), ValueError, "psi1 must be <= 1/0.5"),
    ],
)
def test_the_law_of_a_subclass_is_checked(law, error, message):
    class Mine(rfrobust.Spectrum):
        name = "mine"

        def law(self, psi1):
            return law

    with pytest.raises(error, match=message):
        rfrobust.solve(3, 2, 0.3, 0.5, spectrum=Mine())
    with pytest.raises(error, match=message):
        rfrobust.sweep(psi1=[3.0, 4.0], psi2=2, eps=0.3, tau=0.5, spectrum=Mine())


def test_a_subclass_of_the_closed_law_is_not_the_closed_law():
    class Mine(rfrobust.MarchenkoPastur):
        def law(self, psi1):
            return [1.0], [1.0]

    mine = rfrobust.solve(0.5, 2, 0.3, 0.5, spectrum=Mine())
    assert mine.standard_risk == rfrobust.solve(0.5, 2, 0.3, 0.5, spectrum="orthogonal").standard_risk


@pytest.mark.parametrize("psi1", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_quadratic_models_have_limits_sweeps_gradients_and_certificates(psi1, ridge):
    """The law of orthogonal rows, once as a spectrum and once as arrays."""
    N, d = round(100 * psi1), 100
    x = np.concatenate([np.full(min(N, d), max(1.0, psi1)), np.zeros(max(N - d, 0))])
    c, mu, rho2 = rfrobust.problem.built_in("tanh").constants
    arrays = rfrobust.theory.QuadraticModel(c * x + mu, c * x + rho2, c * x / d, 1.25, 200, tau=0.5, d=d)
    for eps in (0.0, 0.01, 0.3, 5.0):
        rows = rfrobust.solve(psi1, 2, eps, 0.5, ridge=ridge, activation="tanh", spectrum="orthogonal")
        model = arrays.solve(eps, ridge=ridge)
        assert type(model) is type(rows)
        assert model.phase == rows.phase
        for name in ("standard_risk", "gradient_norm", "training_loss", "zero_residual_fraction", "q", "V", "k"):
            assert getattr(model, name) == pytest.approx(getattr(rows, name), rel=1e-10), name
        ours, theirs = rfrobust.gradient(model), rfrobust.gradient(rows)
        for name in ("psi2", "eps", "tau", "signal_norm"):
            np.testing.assert_allclose(
                ours.adversarial_risk.sel(parameter=name),
                theirs.adversarial_risk.sel(parameter=name),
                rtol=1e-8,
                atol=1e-10,
            )
        assert np.isnan(ours.standard_risk.sel(parameter=["mu1", "mu2", "rho"])).all() or eps == 5.0
        certificate = rfrobust.certify(model)
        assert certificate.proved, certificate.reason
    swept = arrays.sweep(psi2=[1.6, 2.0], eps=[0.0, 0.3], ridge=ridge)
    assert float(swept.standard_risk.sel(psi2=2.0, eps=0.3)) == arrays.solve(0.3, ridge=ridge).standard_risk


def test_impossible_ratios_and_layers():
    with pytest.raises(ValueError, match="psi1 must be <= 1/1"):
        rfrobust.solve(2, 2, 0.3, spectrum=rfrobust.DiscreteSpectrum([1.0]))
    W = FeatureMap.draw(20, 10, np.random.default_rng(0)).W
    with pytest.raises(ValueError, match=r"psi1 must be N/d = 2\.0"):
        rfrobust.solve(3, 2, 0.3, spectrum=rfrobust.EmpiricalSpectrum(W))
    with pytest.raises(ValueError, match="rows of unit length"):
        rfrobust.EmpiricalSpectrum(2 * W)
    with pytest.raises(ValueError, match="rows of unit length"):
        rfrobust.theory.drawn_network(2 * W, 10)
    with pytest.raises(ValueError, match="n must be"):
        rfrobust.theory.drawn_network(W, 0)
    with pytest.raises(ValueError, match="response_power must be >="):
        rfrobust.theory.QuadraticModel([1.0], [1.0], [2.0], 1.0, 5)
    with pytest.raises(ValueError, match="cross must be 0 where covariance is 0"):
        rfrobust.theory.QuadraticModel([0.0], [1.0], [0.1], 1.0, 5)
    with pytest.raises(ValueError, match="eps must be"):
        rfrobust.theory.QuadraticModel([1.0], [1.0], [0.1], 1.0, 5).solve(-0.1)
