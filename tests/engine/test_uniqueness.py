"""docs/theory, "Exactly one solution", in numbers: the convex problem has the solution that ``solve`` returns, and the
equations have no other root.

Laws are atoms here, and averages over Z sums over nodes: nothing is shared with the engine.
"""

from typing import NamedTuple

import cvxpy as cp
import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar, root
from scipy.special import erf, erfc

import rfrobust
from rfrobust.problem.catalogue import built_in
from rfrobust.theory import QuadraticModel

#: psi1, psi2, eps, tau, ridge, activation, signal norm, radial power; with the atoms the second is in the null phase.
PROBLEMS = [
    (3.0, 2.0, 0.3, 0.5, 0.0, "relu", 1.0, 0.0),
    (3.0, 2.0, 1.2, 0.5, 0.0, "relu", 1.0, 0.0),
    (3.0, 2.0, 0.15, 0.5, 0.0, "tanh", 2.0, 0.0),
    (0.8, 2.0, 0.3, 0.5, 0.0, "relu", 1.0, 0.0),
    (0.4, 3.0, 0.6, 0.2, 0.3, "softplus", 1.0, 0.0),
    (2.0, 2.0, 0.3, 0.0, 0.1, "erf", 1.0, 0.0),
    (5.0, 1.0, 0.2, 1.0, 0.02, "gelu", 0.5, 0.0),
    (3.0, 2.0, 0.3, 0.3, 0.1, "relu", 1.0, 0.8),
    (1.5, 2.0, 0.2, 0.3, 0.0, "relu", 0.5, 2.0),
]
names = [f"{p[5]}-{p[0]:g}-{p[1]:g}-{p[2]:g}" + (f"-radial{p[7]:g}" if p[7] else "") for p in PROBLEMS]
ATOMS = (np.array([0.1, 0.7, 2.3]), np.array([0.3, 0.4, 0.3]))


class Case(NamedTuple):
    """A problem as the page writes it; ``w``, ``sigma``, ``metric`` and ``signal`` hold one entry an atom x."""

    R: float
    eps: float
    tau: float
    ridge: float
    norm: float  # of beta
    w: np.ndarray
    sigma: np.ndarray
    metric: np.ndarray  # J^2
    signal: np.ndarray  # mu1 sqrt(psi1 x)
    radial: float = 0.0  # F_o^2
    load: float = 0.0  # a2 F_o sqrt(psi1)
    spike: float = 0.0  # a2^2 Gamma


def case_of(problem, atoms=None) -> Case:
    psi1, psi2, eps, tau, ridge, name, norm, radial = problem
    x, w = marchenko_pastur(psi1) if atoms is None else atoms
    a = built_in(name)
    sigma, metric = a.mu1**2 * x + a.mu2**2, a.mu1**2 * x + a.rho**2
    source = radial, a.a2 * np.sqrt(radial * psi1), a.a2**2 * (w @ x**2 - 1)
    return Case(psi1 / psi2, eps, tau, ridge, norm, w, sigma, metric, a.mu1 * np.sqrt(psi1 * x), *source)


def marchenko_pastur(psi1: float, nodes: int = 200):
    """Return atoms and weights of W W': Gauss quadrature of the density, and the mass at 0."""
    angle = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    x = 1 + psi1 + 2 * np.sqrt(psi1) * np.cos(angle)
    w = np.sin(angle) ** 2 / x
    w *= min(1.0, 1 / psi1) / w.sum()
    return (x, w) if psi1 <= 1 else (np.append(x, 0.0), np.append(w, 1 - 1 / psi1))


def solved(problem, atoms=None):
    psi1, psi2, eps, tau, ridge, name, norm, radial = problem
    law = "marchenko-pastur" if atoms is None else rfrobust.DiscreteSpectrum(*atoms)
    target = {"signal_norm": norm, "radial_power": radial}
    return rfrobust.solve(psi1, psi2, eps, tau, ridge=ridge, activation=name, spectrum=law, **target)


def commuting(seed):
    """Return features of one's own, Sigma and J^2 in no relation to each other, as a case and solved."""
    rng = np.random.default_rng(seed)
    size, ridge = 7, 0.05 * (seed % 2)
    sigma, metric = rng.uniform(0.1, 2, size), 10 ** rng.uniform(-1, 1, size)
    cross = sigma * rng.dirichlet(np.ones(size)) * rng.uniform(0.3, 0.9)
    model = QuadraticModel(sigma, metric, cross, 1.3, n=rng.uniform(3, 15))
    weights = np.full(size, 1 / size)
    eps = rng.uniform(0.1, 0.8) * rfrobust.null_threshold(model.problem(0.1))
    case = Case(size / model.n, eps, np.sqrt(0.3), ridge, 1.0, weights, sigma, metric, np.sqrt(size * cross))
    return case, rfrobust.solve(model.problem(eps, ridge=ridge))


def null_threshold(problem):
    psi1, psi2, _, tau, _, name, norm, radial = problem
    return rfrobust.null_threshold(psi1, psi2, tau, activation=name, signal_norm=norm, radial_power=radial)


def half_line(kink: float, end: float = 9.0):
    """Return nodes and weights for E f(|Z|), f smooth on both sides of a kink."""
    edges = np.unique(np.concatenate([np.linspace(0.0, end, 19), [min(kink, end)]]))
    points, weights = np.polynomial.legendre.leggauss(10)
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half + half * points).ravel()
    return z, (half * weights).ravel() * np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2)


def standard_risk(case: Case, p, s, c):
    """Return v of theta = p beta_x + s eta + c e_x."""
    linear = case.norm**2 * (case.w @ (case.sigma * p * p - 2 * case.signal * p)) + case.w @ (case.sigma * s * s)
    spike = case.w @ (case.sigma * c * c) + case.spike * (case.w @ c) ** 2 - 2 * case.load * (case.w @ c)
    return case.tau**2 + case.norm**2 + case.radial + linear + spike


def squared_gradient(case: Case, p, s, c):
    """Return r^2 of theta = p beta_x + s eta + c e_x."""
    return case.w @ (case.metric * (case.norm**2 * p**2 + s**2 + c**2)) + 2 * case.spike * (case.w @ c) ** 2


# --- the convex problem


@pytest.mark.parametrize("atoms", [None, ATOMS], ids=["marchenko-pastur", "atoms"])
@pytest.mark.parametrize("problem", PROBLEMS, ids=names)
def test_the_convex_problem_has_the_solution_of_the_equations(problem, atoms):
    if atoms is not None:
        problem = (0.9, *problem[1:])
    check_convex_problem(case_of(problem, atoms), solved(problem, atoms))


@pytest.mark.parametrize("seed", range(4))
def test_the_convex_problem_of_commuting_matrices_has_the_solution_of_the_equations(seed):
    check_convex_problem(*commuting(seed))


def check_convex_problem(case, model):
    """A general solver on eq-convex; a minimiser is linear in beta_x, eta and e_x and odd in Z, as the problem is."""
    z, weights = half_line(model.q * model.V, 5.5)
    measure, inverse = np.sqrt(weights), np.sqrt(case.w / case.sigma)
    best, along = case.signal / case.sigma, case.load / (1 + case.spike * (inverse @ inverse)) / case.sigma
    unexplained = standard_risk(case, best, 0 * best, along)  # v of the best theta
    # unknowns on the scale of the norms: Sigma^1/2 of theta's distance to the best, and of its noise; t; |t| + eps r
    learned, noise, radial, t, loss = (cp.Variable(n) for n in (*[case.w.size] * 3, z.size, z.size))
    w, r = cp.Variable(), cp.Variable()
    share = np.sqrt(case.w * case.sigma)
    blocks = [case.norm * share * best + learned, noise, share * along + radial][: 3 if case.load else 2]
    theta = cp.hstack(blocks)  # Sigma^1/2 theta
    distances, spike = [np.sqrt(max(unexplained, 0.0)), learned, noise], []
    if case.load:
        distances += [radial, np.sqrt(case.spike) * (inverse @ radial)]
        spike = [np.sqrt(2 * case.spike) * (inverse @ blocks[2])]
    root = np.sqrt(np.tile(case.metric / case.sigma, len(blocks)))
    penalty = cp.multiply(np.tile(case.sigma, len(blocks)) ** -0.5, theta)
    cp.Problem(
        cp.Minimize(0.5 * cp.sum_squares(loss) + 0.5 * case.ridge * cp.sum_squares(penalty)),
        [
            cp.norm(cp.hstack(distances)) <= w,
            cp.norm(cp.hstack([cp.multiply(root, theta), *spike])) <= r,
            cp.abs(t) + case.eps * measure * r <= loss,
            cp.norm(w * (measure * z) - t) <= np.sqrt(case.R) * (np.sqrt(case.w) @ noise),
        ],
    ).solve(solver="CLARABEL", tol_gap_abs=3e-8, tol_gap_rel=3e-8, tol_feas=3e-8)
    p, s, *rest = theta.value.reshape(len(blocks), -1) / share
    p, c = p / case.norm, rest[0] if rest else 0 * p
    v, r2 = standard_risk(case, p, s, c), squared_gradient(case, p, s, c)
    # the objective to the solver's gap, the point to its square root
    assert 0.5 * loss.value @ loss.value == pytest.approx(model.training_loss, rel=1e-5)
    assert (v, np.sqrt(r2)) == pytest.approx((model.standard_risk, model.gradient_norm), rel=1e-4, abs=1e-6)
    zero = np.abs(t.value) < 1e-4 * measure
    assert weights[zero].sum() == pytest.approx(model.zero_residual_fraction, abs=0.01)


@pytest.mark.parametrize("problem", PROBLEMS, ids=names)
def test_a_solution_satisfies_the_conditions(problem):
    check_conditions(case_of(problem), solved(problem))


@pytest.mark.parametrize("seed", range(4))
def test_a_solution_with_commuting_matrices_satisfies_the_conditions(seed):
    check_conditions(*commuting(seed))


def check_conditions(case, model):
    """eq-minimiser, eq-kkt and their forms with a spike, and that the distance is differentiable there."""
    q, V, k, v, r = model.q, model.V, model.k, model.standard_risk, model.gradient_norm
    z, weights = half_line(q * V)
    omega = np.sqrt(v) * z
    t = np.maximum(omega - V * case.eps * r, 0.0) / (1 + V)
    distance = np.sqrt(weights @ (omega - t) ** 2)
    b, a = distance / V, weights @ (z * (omega - t)) / (np.sqrt(v) * V)
    H = case.sigma + k * case.metric + case.ridge / a
    p, s = case.signal / H, b * np.sqrt(case.R * case.sigma) / (a * H)
    c = case.load / (1 + case.spike * (1 + 2 * k) * (case.w @ (1 / H))) / H
    assert a > 0
    assert standard_risk(case, p, s, c) == pytest.approx(v, rel=1e-9)
    assert squared_gradient(case, p, s, c) == pytest.approx(r * r, rel=1e-9)
    assert distance == pytest.approx(np.sqrt(case.R) * (case.w @ (np.sqrt(case.sigma) * s)), rel=1e-9)
    u = (omega - t) / V
    np.testing.assert_allclose(u[t > 0], (t + case.eps * r)[t > 0], rtol=1e-9)
    assert (u[t == 0] <= case.eps * r * (1 + 1e-12)).all()
    kappa = case.eps * (weights @ (t + case.eps * r)) / r
    gradient = kappa * case.metric + case.ridge
    slope = b * (weights @ (z * (omega - t))) / distance / np.sqrt(v)
    mean = case.w @ c
    for residual in (
        gradient * p + slope * (case.sigma * p - case.signal),
        gradient * s + slope * case.sigma * s - b * np.sqrt(case.R * case.sigma),
        gradient * c + 2 * kappa * case.spike * mean + slope * (case.sigma * c + case.spike * mean - case.load),
    ):
        np.testing.assert_allclose(residual, 0.0, atol=1e-9)


def test_the_distance_is_convex_and_as_stated():
    rng = np.random.default_rng(3)
    z, weights = half_line(1.0)

    def mean(f):
        return weights @ f

    def distance(w, t):
        along = mean(z * t)
        return np.sqrt(mean((t - z * along) ** 2) + max(w - along, 0.0) ** 2)

    def plain(w, t):
        return np.sqrt(mean((w * z - t) ** 2))

    for _ in range(300):
        (w1, w2), t1 = rng.uniform(0, 3, 2), rng.uniform(0, 3) * z + rng.standard_normal(z.size)
        t2 = rng.uniform(0, 3) * np.maximum(z - rng.uniform(0, 2), 0.0)
        assert distance((w1 + w2) / 2, (t1 + t2) / 2) <= (distance(w1, t1) + distance(w2, t2)) / 2 + 1e-12
        assert distance(min(w1, w2), t2) <= distance(max(w1, w2), t2) + 1e-12
        inner = minimize_scalar(lambda w: plain(w, t1), bounds=(w1, w1 + 20), method="bounded", options={"xatol": 1e-9})  # noqa: B023
        assert distance(w1, t1) == pytest.approx(min(inner.fun, plain(w1, t1)), abs=1e-8)


@pytest.mark.parametrize("problem", PROBLEMS, ids=names)
def test_no_point_is_better_than_the_null_point_beyond_the_threshold(problem):
    """eq-null-optimal at random feasible points, and that its bound is reached to first order."""
    case, rng = case_of(problem), np.random.default_rng(5)
    v0 = case.tau**2 + case.norm**2 + case.radial
    mean = case.w @ (1 / case.metric)
    radial = case.load / (1 + 2 * case.spike * mean) / case.metric  # J_s^-2 of the source along e
    reach2 = case.norm**2 * (case.w @ (case.signal**2 / case.metric)) + case.load * (case.w @ radial)
    reach2 += v0 * case.R * (case.w @ (case.sigma / case.metric))
    threshold = np.sqrt(np.pi / 2 * reach2 / v0)
    assert threshold == pytest.approx(null_threshold(problem), rel=1e-10)
    z, weights = half_line(1.0)
    for _ in range(200):
        size = 10 ** rng.uniform(-4, 0.5)
        mix = rng.uniform(0, 1)
        p = size * (case.signal / case.metric * mix + (1 - mix) * rng.standard_normal(case.w.size))
        s = size * (np.sqrt(v0 * case.R * case.sigma) / case.metric * mix + (1 - mix) * rng.random(case.w.size))
        c = size * (radial * mix + (1 - mix) * rng.standard_normal(case.w.size))
        room = np.sqrt(case.R) * (case.w @ (np.sqrt(case.sigma) * s))
        along = max(np.sqrt(standard_risk(case, p, s, c)) - room, 0.0)  # the constraint holds with t = along Z
        r = np.sqrt(squared_gradient(case, p, s, c))
        loss = 0.5 * weights @ (along * z + threshold * r) ** 2
        assert loss >= 0.5 * v0 * (1 - 1e-12)


# --- the equations


def residuals(log_q, log_V, case: Case):
    """Return log of eq-II and of eq-k with k from eq-I, vectorized over q and V; averages are sums over atoms."""
    q, V = np.exp(np.atleast_1d(log_q)), np.exp(np.atleast_1d(log_V))
    s = q * V
    phi = np.exp(-(s**2) / 2) / np.sqrt(2 * np.pi)
    p0, p1 = erf(s / np.sqrt(2)), erfc(s / np.sqrt(2))
    m = 2 * phi - s * p1
    A = p0 - 2 * s * phi
    D = p0 + p1 * V / (1 + V)
    B = p1 + 2 * s * phi + 4 * q * phi + q * q * p1
    g = (A + B * (V / (1 + V)) ** 2) / D**2
    k, l = case.eps**2 / q * (m / (1 + V) + q) * V / D, case.ridge * V / D
    H = case.sigma + k[:, None] * case.metric + l[:, None]
    equation_k = D / (case.R * ((case.sigma / H) @ case.w))
    j = (1 / H) @ case.w
    c = case.load / (1 + case.spike * (1 + 2 * k) * j)  # times 1/H: theta along e
    radial = case.radial - 2 * case.load * c * j + c**2 * ((case.sigma / H**2) @ case.w + case.spike * j**2)
    bias = case.tau**2 + radial + case.norm**2 * (1 + (case.signal**2 * (case.sigma / H**2 - 2 / H)) @ case.w)
    v = bias / (1 - g * case.R * ((case.sigma**2 / H**2) @ case.w))
    r2 = case.norm**2 * (case.signal**2 * case.metric / H**2) @ case.w
    r2 = r2 + c**2 * ((case.metric / H**2) @ case.w + 2 * case.spike * j**2)
    r2 = r2 + g * v * case.R * ((case.sigma * case.metric / H**2) @ case.w)
    with np.errstate(invalid="ignore"):  # away from the root of eq-k, v may be negative
        return np.log(q**2 * v / (case.eps**2 * r2)), np.log(equation_k)


@pytest.mark.parametrize("problem", PROBLEMS, ids=names)
def test_roots_from_many_starts_are_one(problem):
    case, model = case_of(problem), solved(problem)
    rng, found = np.random.default_rng(11), []
    for start in rng.uniform((-6, -6), (5, 5), (60, 2)) + np.log([model.q, model.V]):
        with np.errstate(all="ignore"):
            end = root(lambda x: np.nan_to_num(np.ravel(residuals(*x, case)), nan=1e3), start, tol=1e-13)
            size = np.max(np.abs(residuals(*end.x, case)))
        if size < 1e-9:
            found.append(end.x)
    assert len(found) >= 10
    np.testing.assert_allclose(found, np.tile(np.log([model.q, model.V]), (len(found), 1)), atol=1e-6)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999, 1.001, 1.5])
@pytest.mark.parametrize("problem", PROBLEMS, ids=names)
def test_one_change_of_sign_below_the_threshold_and_none_beyond(problem, share):
    """Along V(q), by bisection of eq-k."""
    case = case_of(problem)._replace(eps=share * null_threshold(problem))
    log_q = np.linspace(np.log(1e-8), np.log(1e3), 300)
    low, high = np.full(log_q.size, -40.0), np.full(log_q.size, 60.0)
    for _ in range(60):
        middle = (low + high) / 2
        above = residuals(log_q, middle, case)[1] > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    along = residuals(log_q, (low + high) / 2, case)[0]
    assert along[0] == pytest.approx(2 * np.log(share), abs=2e-3)
    assert along[-1] > 0
    assert np.count_nonzero(np.diff(np.sign(along))) == (share < 1)


def test_the_multiplier_grows_with_the_step():
    """eq-monotone against derivatives in 30 digits."""
    rng = np.random.default_rng(2)
    with mp.workdps(30):
        for log_q, log_V in rng.uniform(-7, 5, (60, 2)):
            q, V = mp.exp(log_q), mp.exp(log_V)

            def parts(V, q=q):
                s = q * V
                phi, p0, p1 = mp.npdf(s), mp.erf(s / mp.sqrt(2)), mp.erfc(s / mp.sqrt(2))
                return s, phi, p0, p1, 2 * phi - s * p1, p0 / V + p1 / (1 + V)

            def growing(V, q=q, parts=parts):
                *_, m, a = parts(V)
                return (m / (1 + V) + q) / a

            s, phi, p0, p1, m, a = parts(V)
            A = p0 - 2 * s * phi
            stated = q * (p0 * (1 - p1 * V / (1 + V) ** 2) - 2 * s * phi / (1 + V)) + m * A / (1 + V) ** 2
            assert abs(mp.diff(growing, V, h=V * mp.mpf(10) ** -10) * (V * a) ** 2 / stated - 1) < 1e-6
            assert stated >= q * A / (1 + V) > 0
