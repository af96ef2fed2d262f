"""The concentrated solver: certificates, Clarabel, closed-form phases, degenerate data, bad input."""

import warnings
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize

import rfrobust
from rfrobust import Phase, robust_erm
from rfrobust.finite.bounds import Rounded, Sliced
from rfrobust.finite.erm import ConcentratedERM, ConvergenceError
from rfrobust.finite.features import FeatureMap
from tests.exact_erm import ExactERM, excess, ill_conditioned
from tests.refusals import changed, refusals


def draw(d, N, n, tau, seed, kind="true"):
    rng = np.random.default_rng(seed)
    network = FeatureMap.draw(N, d, rng, kind=kind)
    X, beta = rng.standard_normal((n, d)), rng.standard_normal(d)
    y = X @ beta / np.linalg.norm(beta) + tau * rng.standard_normal(n)
    return network.features(X, rng), y, network.metric


def sqrtm(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def loss(theta, F, y, J2, eps, ridge=0.0):
    """The training problem as written on paper."""
    size = np.abs(y - F @ theta) + eps * np.sqrt(theta @ J2 @ theta)
    return 0.5 * np.mean(size**2) + 0.5 * ridge * theta @ theta


def clarabel(F, y, J2, eps, ridge=0.0):
    n, N = F.shape
    root = sqrtm(J2)
    theta, size, norm = cp.Variable(N), cp.Variable(n), cp.Variable()
    objective = cp.sum_squares(size + eps * norm) / (2 * n) + 0.5 * ridge * cp.sum_squares(theta)
    problem = cp.Problem(cp.Minimize(objective), [cp.abs(y - F @ theta) <= size, cp.norm(root @ theta) <= norm])
    with warnings.catch_warnings():  # it warns when it stops just short of these tight tolerances
        warnings.simplefilter("ignore", UserWarning)
        problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-9, tol_gap_abs=1e-10, tol_feas=1e-9)
    return problem.value, theta.value


@pytest.mark.parametrize(("d", "N", "n"), [(30, 25, 50), (30, 60, 35), (30, 40, 40)])
@pytest.mark.parametrize("eps", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("ridge", [0.0, 0.02])
def test_agrees_with_clarabel(d, N, n, eps, ridge):
    F, y, J2 = draw(d, N, n, 0.5, 1)
    fit = robust_erm(F, y, J2, eps, ridge=ridge)
    value, theta = clarabel(F, y, J2, eps, ridge)
    assert fit.gap <= 1e-8
    assert fit.objective == pytest.approx(loss(fit.theta, F, y, J2, eps, ridge), rel=1e-10)
    assert fit.objective == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose(fit.theta, theta, atol=1e-3 * np.linalg.norm(theta))


def test_no_perturbation_improves_and_residual_count_is_right():
    F, y, J2 = draw(40, 90, 70, 0.4, 2)
    fit = robust_erm(F, y, J2, 0.4)
    assert fit.phase is Phase.REGULAR
    residual = np.abs(y - F @ fit.theta)
    assert fit.zero_residual_fraction == np.mean(residual < 1e-9 * np.abs(y).max())
    assert 0.05 < fit.zero_residual_fraction < 0.95
    rng = np.random.default_rng(0)
    for size in (1e-6, 1e-3, 1e-1):
        for _ in range(20):
            step = rng.standard_normal(90)
            assert loss(fit.theta + size * step, F, y, J2, 0.4) > fit.objective


def test_gap_bounds_the_distance_to_the_optimum_for_any_pair():
    """Weak duality: a poor primal point with a poor dual point still has gap >= its true excess."""
    F, y, J2 = draw(20, 15, 30, 0.5, 3)
    problem = ConcentratedERM(F, y, J2)
    best = problem.solve(0.3)
    scaled = problem._scaled(0.3)
    rng = np.random.default_rng(1)
    optimum = scaled.primal(best.theta @ np.linalg.cholesky(J2) * scaled.z_scale / problem._y_scale)
    for _ in range(50):
        w, alpha = rng.standard_normal(15), rng.standard_normal(30)
        value = scaled.primal(w)
        assert scaled.gap(w, alpha) >= (value - optimum) / value - 1e-12


@pytest.mark.parametrize("shape", [(30, 60), (60, 30)])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_null_threshold_of_the_data(shape, ridge):
    n, N = shape
    F, y, J2 = draw(30, N, n, 0.5, 4)
    problem = ConcentratedERM(F, y, J2, ridge=ridge)
    direct = np.sqrt(y @ F @ np.linalg.solve(J2, F.T @ y)) / np.abs(y).sum()
    assert problem.null_threshold == pytest.approx(direct, rel=1e-12)
    outside = problem.solve(direct * (1 + 1e-9))
    assert outside.phase is Phase.NULL
    assert not outside.theta.any()
    assert outside.gap <= 1e-8
    inside = problem.solve(direct * (1 - 1e-4))
    assert inside.phase is Phase.REGULAR
    assert inside.norm > 0
    assert inside.objective < outside.objective


def test_interpolation_threshold_of_the_data():
    F, y, J2 = draw(50, 120, 40, 0.3, 5)
    problem = ConcentratedERM(F, y, J2)
    a = np.linalg.solve(F @ np.linalg.solve(J2, F.T), y)
    theta = np.linalg.solve(J2, F.T @ a)
    norm = np.sqrt(theta @ J2 @ theta)
    threshold = norm / (40 * np.abs(a).max())
    assert problem.interpolation_threshold == pytest.approx(threshold, rel=1e-8)
    inside = problem.solve(threshold * (1 - 1e-6))
    assert inside.phase is Phase.INTERPOLATING
    assert inside.zero_residual_fraction == 1.0
    np.testing.assert_allclose(inside.theta, theta, atol=1e-8 * np.abs(theta).max())
    outside = problem.solve(threshold * 1.01)
    assert outside.phase is Phase.REGULAR
    assert outside.zero_residual_fraction == 39 / 40
    assert np.argmax(np.abs(y - F @ outside.theta)) == np.argmax(np.abs(a))


def test_interpolator_has_least_norm_among_interpolators():
    F, y, J2 = draw(20, 60, 25, 0.3, 6)
    fit = robust_erm(F, y, J2, 1e-3)
    null_space = np.linalg.svd(F)[2][25:]
    root = sqrtm(J2)
    other = np.linalg.lstsq(F, y, rcond=None)[0]
    shift = np.linalg.lstsq(root @ null_space.T, -root @ other, rcond=None)[0]
    np.testing.assert_allclose(fit.theta, other + null_space.T @ shift, atol=1e-9)


def test_zero_radius_is_ridge_regression_and_its_limit():
    F, y, J2 = draw(20, 15, 40, 0.5, 7)
    ridge = robust_erm(F, y, J2, 0.0, ridge=0.3)
    np.testing.assert_allclose(ridge.theta, np.linalg.solve(F.T @ F / 40 + 0.3 * np.eye(15), F.T @ y / 40), rtol=1e-9)
    limit = robust_erm(F, y, J2, 0.0)
    np.testing.assert_allclose(limit.theta, np.linalg.lstsq(F, y, rcond=None)[0], rtol=1e-9)
    F, y, J2 = draw(20, 60, 40, 0.5, 8)
    np.testing.assert_allclose(robust_erm(F, y, J2, 0.0).theta, robust_erm(F, y, J2, 1e-4).theta, atol=1e-9)


def test_warm_path_equals_cold_fits():
    F, y, J2 = draw(40, 70, 60, 0.5, 9)
    problem = ConcentratedERM(F, y, J2)
    radii = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8]
    path = problem.path(radii)
    cold = [problem.solve(eps) for eps in radii]
    for warm, single in zip(path, cold, strict=True):
        assert warm.gap <= 1e-8
        np.testing.assert_allclose(warm.theta, single.theta, atol=1e-7)
    assert np.all(np.diff([fit.objective for fit in path]) >= 0)


@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_theta_is_right_next_to_the_null_threshold(ridge):
    """The loss hardly depends on theta there; the optimality conditions at 60 digits do."""
    rng = np.random.default_rng(14)
    for _ in range(8):
        n, N = int(rng.integers(2, 30)), int(rng.integers(1, 20))
        F, y, root = rng.standard_normal((n, N)), rng.standard_normal(n), rng.standard_normal((N, 2 * N))
        problem = ConcentratedERM(F, y, root @ root.T / N, ridge=ridge)
        for share in (5e-4, 1e-4, 1e-5, 1e-6):
            eps = problem.null_threshold * (1 - share)
            fit = problem.solve(eps)
            exact = ExactERM(F, y, root @ root.T / N, eps, ridge)
            theta = np.array(exact.newton(fit.theta, fit.alpha, steps=3), dtype=float)
            np.testing.assert_allclose(fit.theta, theta, rtol=0, atol=2e-5 * np.linalg.norm(theta))
            assert fit.iterations < 12


def test_a_metric_of_many_scales_is_not_taken_as_singular():
    rng = np.random.default_rng(0)
    F = rng.standard_normal((6, 2))
    F[:, 1] *= 3e-8
    y = F @ [1, 1 / 3e-8] + 0.3 * rng.standard_normal(6)
    J2 = np.diag([1, 1e-13])
    fit = robust_erm(F, y, J2, 0.3)
    assert fit.objective == pytest.approx(0.448602832, rel=1e-8)
    assert fit.objective == pytest.approx(loss(fit.theta, F, y, J2, 0.3), rel=1e-12)
    assert excess(fit, F, y, J2, 0.3)[0] <= fit.gap < 1e-12


@pytest.mark.parametrize("products", [Rounded, Sliced])
def test_errors_of_products_are_bounded(products):
    rng = np.random.default_rng(17)
    A, b = rng.standard_normal((40, 60)), rng.standard_normal(60)
    A[:, 30:] = -A[:, :30] * (1 + 1e-9 * rng.standard_normal((40, 30)))
    b[30:] = b[:30]
    for matrix, vector, transposed in ((A, b, False), (A, A @ b, True)):
        high, low, error = products(matrix).times(vector, transposed=transposed)
        rows = (matrix.T if transposed else matrix).tolist()
        exact = [sum(Fraction(a) * Fraction(x) for a, x in zip(row, vector.tolist(), strict=True)) for row in rows]
        wrong = [abs(float(t - Fraction(h) - Fraction(e))) for t, h, e in zip(exact, high, low, strict=True)]
        assert np.all(wrong <= error)
        assert error.max() < (1e-11 if products is Rounded else 1e-19)


@pytest.mark.parametrize(
    ("n", "N", "ridge"), [(30, 5, 0.0), (30, 5, 0.1), (10, 25, 0.1), (12, 12, 1e-3), (10, 25, 0.0)]
)
@pytest.mark.parametrize("eps", [1e-300, 1e-160, 1e-20, 1e-15, 3e-14, 1e-12, 1e-10])
def test_radii_at_rounding_level_are_solved(n, N, ridge, eps):
    """Ridge regression, or the interpolator of least norm, is the minimiser; here up to the radius, relatively."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, N)), rng.standard_normal(n)
    fit = robust_erm(X, y, np.eye(N), eps, ridge=ridge)
    assert fit.gap <= 1e-8
    limit = robust_erm(X, y, np.eye(N), 0.0, ridge=ridge).theta
    np.testing.assert_allclose(fit.theta, limit, rtol=0, atol=(1e-12 + 1e3 * eps) * np.linalg.norm(limit))


def test_data_fitted_exactly_are_solved_at_every_radius():
    rng = np.random.default_rng(18)
    X, theta = rng.standard_normal((30, 5)), rng.standard_normal(5)
    for eps in (1e-300, 1e-30, 1e-15, 1e-12, 1e-8, 1e-4):
        np.testing.assert_allclose(robust_erm(X, X @ theta, np.eye(5), eps).theta, theta, atol=1e-10)


@pytest.mark.parametrize(("n", "N", "eps"), [(40, 50, 1e-8), (100, 300, 1e-7), (10, 25, 1e-8)])
def test_interpolators_at_small_radii_are_refined(n, N, eps):
    """The loss eps^2 |theta|^2/2 is hardly above the residuals that the rounding of theta leaves."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        fit = robust_erm(rng.standard_normal((n, N)), rng.standard_normal(n), np.eye(N), eps)
        assert fit.phase is Phase.INTERPOLATING
        assert fit.objective == pytest.approx(0.5 * (eps * fit.norm) ** 2, rel=1e-7)


def test_the_gap_of_ill_conditioned_problems_is_never_too_small():
    """The true excess at 60 digits, on the data as given; ``make stress`` does 1,000."""
    for seed in range(40):
        F, y, J2, ridge, share = ill_conditioned(seed)
        problem = ConcentratedERM(F, y, J2, ridge=ridge)
        eps = share * problem.null_threshold
        if eps > 0:
            try:
                fit = problem.solve(eps)
            except ConvergenceError:
                continue
            true, value = excess(fit, F, y, J2, eps, ridge)
            assert true <= fit.gap
            assert abs(float(value / fit.objective) - 1) <= max(fit.gap, 1e-13)


def units_of_many_scales(seed, kind):
    """Columns of features and metric in units from 1e-10 to 1e10, with one ridge for all."""
    rng = np.random.default_rng(seed)
    N = int(rng.integers(2, 5))
    units, root = 10.0 ** rng.uniform(-10, 10, N), rng.standard_normal((N, N + 2))
    if kind == "singular":
        root = root[:, : N - 1]
    elif kind == "zero row":
        root[0] = 0.0
    F, y = rng.standard_normal((7, N)) * units, rng.standard_normal(7)
    ridge = float(np.clip(np.median(units) ** 2 * 10.0 ** rng.uniform(-3, 3), 1e-20, 1e20))
    return F, y, np.outer(units, units) * (root @ root.T), ridge, float(10.0 ** rng.uniform(-3, 0))


@pytest.mark.parametrize("kind", ["definite", "singular", "zero row"])
def test_a_ridge_of_other_scales_than_the_metric_is_solved(kind):
    """A penalty of 1e20 in one coordinate does not hide those of the others, neither from Newton nor from the bound."""
    for seed in range(30):
        F, y, J2, ridge, eps = units_of_many_scales(seed, kind)
        for radius in (0.0, eps):
            fit = robust_erm(F, y, J2, radius, ridge=ridge)
            assert fit.gap <= 1e-8
            if radius > 0 and kind != "singular":
                assert excess(fit, F, y, J2, eps, ridge)[0] <= fit.gap


@pytest.mark.parametrize("seed", [139, 496, 521, 541, 647, 838, 864, 134, 201, 251, 393, 545, 561, 567, 725, 770, 804])
def test_ill_conditioned_problems_are_solved_and_proved(seed):
    """The first seven have a ridge of many scales; of the others too few digits were known to prove them."""
    F, y, J2, ridge, share = ill_conditioned(seed)
    problem = ConcentratedERM(F, y, J2, ridge=ridge)
    eps = share * problem.null_threshold
    fit = problem.solve(eps)
    assert excess(fit, F, y, J2, eps, ridge)[0] <= fit.gap <= 1e-8


def test_what_no_theta_in_double_precision_reaches_is_refused_with_its_gap():
    rng = np.random.default_rng(5)
    F, y = rng.standard_normal((12, 12)), rng.standard_normal(12)
    with pytest.raises(
        ConvergenceError, match=r"certified relative duality gap of [23]\.\d+e-07 .* \(interpolating\)"
    ) as caught:
        robust_erm(F, y, np.eye(12), 3e-10)
    fit = caught.value.fit
    assert excess(fit, F, y, np.eye(12), 3e-10)[0] == pytest.approx(fit.gap, rel=1e-6)


def test_unpenalised_intercept():
    """A constant feature that the metric does not see: the mean is fitted whatever the radius."""
    rng = np.random.default_rng(10)
    F = np.column_stack([rng.standard_normal((50, 8)), np.ones(50)])
    y = F[:, 0] + 5.0 + 0.3 * rng.standard_normal(50)
    J2 = np.diag([1.0] * 8 + [0.0])
    fit = robust_erm(F, y, J2, 0.2)
    value, theta = clarabel(F, y, J2, 0.2)
    assert fit.objective == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose(fit.theta, theta, atol=1e-4)
    null = robust_erm(F, y, J2, 100.0)
    assert null.phase is Phase.NULL
    np.testing.assert_allclose(null.theta, [0.0] * 8 + [y.mean()], atol=1e-10)


def difficult(kind, n, N, rng):
    F = rng.standard_normal((n, N))
    if kind == "heavy":
        F = rng.standard_t(1.5, (n, N))
    elif kind == "integers":
        F = rng.integers(-2, 3, (n, N)).astype(float)
    elif kind == "correlated":
        F = F * np.logspace(0, -4, N) + rng.standard_normal((n, 1))
    elif kind == "tiny":
        F = F * 1e-5
    elif kind == "sparse":
        F = F * (rng.random((n, N)) < 0.2)
    y = F @ rng.standard_normal(N) * rng.integers(2) + rng.standard_normal(n)
    if rng.random() < 0.3:
        y = np.sign(y)
    if kind == "repeated":
        half = n // 2
        F[:half], y[:half] = F[half : 2 * half], y[half : 2 * half]
    return F, y


@pytest.mark.parametrize("kind", ["heavy", "integers", "correlated", "tiny", "sparse", "repeated"])
def test_difficult_data_is_always_certified(kind):
    rng = np.random.default_rng(11)
    for _ in range(25):
        n, N = int(rng.integers(2, 50)), int(rng.integers(1, 50))
        F, y = difficult(kind, n, N, rng)
        root = rng.standard_normal((N, int(rng.integers(1, 2 * N + 1))))
        ridge = float(rng.choice([0.0, 1e-3 * np.mean(F**2)]))
        problem = ConcentratedERM(F, y, root @ root.T, ridge=ridge)
        for fraction in (1e-3, 0.1, 0.5, 0.95):
            if problem.null_threshold > 0:
                fit = problem.solve(fraction * problem.null_threshold)
                assert fit.gap <= 1e-8


def test_small_problem_against_a_derivative_free_search():
    rng = np.random.default_rng(12)
    F, y = rng.standard_normal((8, 2)), rng.standard_normal(8)
    fit = robust_erm(F, y, np.eye(2), 0.2, ridge=0.1)
    search = minimize(
        loss, fit.theta + 0.1, (F, y, np.eye(2), 0.2, 0.1), "Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}
    )
    np.testing.assert_allclose(fit.theta, search.x, atol=1e-6)


def test_budget_exhausted_raises_with_the_best_point():
    F, y, J2 = draw(30, 30, 60, 0.5, 13)
    with pytest.raises(ConvergenceError, match="gap") as caught:
        robust_erm(F, y, J2, 0.3, max_iter=1)
    assert caught.value.fit.gap > 1e-8
    assert np.isfinite(caught.value.fit.theta).all()


def test_zero_response_gives_zero():
    fit = robust_erm(np.eye(4), np.zeros(4), np.eye(4), 0.3)
    assert fit.objective == 0.0
    assert not fit.theta.any()


EYE = {"features": np.eye(4), "y": np.ones(4), "metric": np.eye(4), "eps": 0.1}
test_bad_input = refusals(
    *changed(
        rfrobust.robust_erm,
        {"features": np.ones((3, 2)), "y": [1.0, 2.0, 3.0], "metric": np.eye(2), "eps": 0.1},
        ({"features": np.ones(3)}, "features must have 2 dimension"),
        ({"y": [1.0, np.nan, 0.0]}, "y must be finite"),
        ({"y": [1.0, 2.0]}, "y must have shape"),
        ({"metric": np.eye(3)}, "metric must have shape"),
        ({"metric": [[1.0, 0.5], [0.0, 1.0]]}, "metric must be symmetric"),
        ({"metric": [[1.0, 0.0], [0.0, -1.0]]}, "metric must be positive semidefinite"),
        ({"eps": -0.1}, "eps must be finite and >= 0"),
        ({"ridge": np.inf}, r"ridge must be in \[1e-20, 1e\+20\]"),
        ({"tol": 0.0}, "tol must be in"),
        ({"max_iter": 0}, "max_iter must be an integer >= 1"),
    ),
    (lambda: robust_erm(**EYE, start=robust_erm(np.eye(3), np.ones(3), np.eye(3), 0.1)), "a fit of 4 samples"),
    (lambda: robust_erm(**EYE, start=3), "start must be a RobustFit, got int", TypeError),
)


@pytest.mark.parametrize("seed", range(10))
def test_directions_without_penalty_that_fit_the_data(seed):
    """Three samples, three free directions: the objective is 0, and every residual zero up to rounding."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((3, 5)), rng.standard_normal(3)
    fit = robust_erm(X, y, np.diag([0.0, 0, 0, 1, 1]), 0.1)
    assert fit.objective < 1e-25
    assert fit.norm < 1e-12
    assert fit.zero_residual_fraction == 1.0
    np.testing.assert_allclose(X @ fit.theta, y, atol=1e-11)
