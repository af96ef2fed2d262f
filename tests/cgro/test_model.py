"""The patch data, the network's gradient, the attacks and the two training kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfrobust.cgro import (
    GramDescent,
    PatchAttack,
    PatchProblem,
    attacked,
    descend,
    draw,
    loss,
    margin_bounds,
    margins,
    sample_patches,
)
from rfrobust.support.balls import NORMS, Ball
from rfrobust.support.errors import DivergenceError
from rfrobust.support.pgd import ascend, even_steps
from tests.refusals import refusals

SMALL = PatchProblem(dim=9, samples=4, patches=3, filters=3, alpha=1.3, sigma=0.4, init_sd=0.4, ratio=0.7)


def test_data_follow_the_model():
    problem = PatchProblem(dim=30, patches=3, sigma=0.3, alpha=2.0)
    direction = np.eye(30)[4]
    data = sample_patches(problem, 4000, np.random.default_rng(0), direction)
    own = data.x[np.arange(4000), data.signal]
    np.testing.assert_array_equal(own, 2.0 * data.y[:, None] * direction)
    noise = data.noise()
    assert noise.shape == (4000, 2, 30)
    assert np.abs(noise @ direction).max() == 0.0
    # 4000 * 2 * 29 squares: relative standard error sqrt(2/232000) = .003
    assert np.mean(noise**2) * 30 / 29 == pytest.approx(0.09, rel=0.012)
    assert abs(data.y.mean()) < 4 / np.sqrt(4000)
    counts = np.bincount(data.signal, minlength=3) / 4000
    np.testing.assert_allclose(counts, 1 / 3, atol=4 * np.sqrt(2 / 9 / 4000))


def test_draw_is_reproducible_and_training_data_ignore_the_test_size():
    one, two = draw(SMALL, 7, 10), draw(SMALL, 7, 500)
    np.testing.assert_array_equal(one.train.x, two.train.x)
    np.testing.assert_array_equal(one.weights, two.weights)
    assert not np.array_equal(one.train.x, draw(SMALL, 8, 10).train.x)


@pytest.mark.parametrize("q", [2, 3, 4])
def test_margins_are_the_two_relu_formula(q):
    drawn = draw(SMALL.with_(q=q), 1)
    z = drawn.train.x @ drawn.weights.T
    plain = (np.maximum(z, 0) ** q - np.maximum(-z, 0) ** q).sum(axis=(1, 2))
    np.testing.assert_allclose(margins(drawn.weights, drawn.train, q), drawn.train.y * plain, rtol=1e-12)


@pytest.mark.parametrize(
    ("kind", "q"), [("structured", 2), ("structured", 3), ("structured", 5), ("l2", 3), ("linf", 3)]
)
def test_a_step_is_minus_the_gradient_of_the_loss_at_the_attacked_points(kind, q):
    """Danskin: the perturbation is held fixed while the loss is differentiated."""
    problem = SMALL.with_(q=q, lam=0.7, step=0.3)
    attack = PatchAttack(kind, target="all").once()
    drawn = draw(problem, 3)
    moved = (drawn.weights - descend(drawn.weights, drawn.train, problem, 1, attack)) / problem.step
    robust = attacked(drawn.weights, drawn.train, problem, attack)

    def value(weights):
        parts = [np.logaddexp(0, -margins(weights, data, q)).mean() for data in (drawn.train, robust)]
        return parts[0] + problem.lam * parts[1]

    assert value(drawn.weights) == pytest.approx(loss(drawn.weights, drawn.train, problem, attack), rel=1e-14)
    numeric = np.zeros_like(drawn.weights)
    for index in np.ndindex(*numeric.shape):
        bump = np.zeros_like(numeric)
        bump[index] = 1e-5
        numeric[index] = (value(drawn.weights + bump) - value(drawn.weights - bump)) / 2e-5
    np.testing.assert_allclose(moved, numeric, atol=2e-9)


@pytest.mark.parametrize("changes", [{}, {"q": 2}, {"patches": 4, "samples": 7}, {"ratio": 1.2}, {"lam": 0.0}])
def test_the_two_training_kernels_agree(changes):
    problem = PatchProblem(dim=40, samples=9, **{k: v for k, v in changes.items() if k != "samples"})
    drawn = draw(problem, 2)
    gram = GramDescent(problem, drawn.train, drawn.weights)
    assert gram.run(700) == 700
    direct = descend(drawn.weights, drawn.train, problem, 700)
    np.testing.assert_allclose(gram.weights, direct, atol=1e-10)
    np.testing.assert_allclose(gram.u, direct @ drawn.train.direction, atol=1e-10)


def test_early_stopping_stops_at_the_first_step_past_the_margin():
    drawn = draw(PatchProblem(), 0)
    gram = GramDescent(PatchProblem(), drawn.train, drawn.weights)
    done = gram.run(20_000, stop_margin=0.5)
    robust = attacked(gram.weights, drawn.train, PatchProblem(), PatchAttack())
    assert margins(gram.weights, robust, 3).min() >= 0.5
    before = GramDescent(PatchProblem(), drawn.train, drawn.weights)
    before.run(done - 1)
    robust = attacked(before.weights, drawn.train, PatchProblem(), PatchAttack())
    assert margins(before.weights, robust, 3).min() < 0.5


def test_structured_attack_moves_the_signal_patch_only():
    drawn = draw(SMALL, 0)
    data = attacked(drawn.weights, drawn.train, SMALL, PatchAttack())
    shift = data.x - drawn.train.x
    rows = np.arange(SMALL.samples)
    np.testing.assert_allclose(shift[rows, data.signal], -SMALL.delta * data.y[:, None] * data.direction, atol=1e-12)
    shift[rows, data.signal] = 0
    assert not shift.any()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["l2", "linf"]),
    target=st.sampled_from(["signal", "all"]),
    radius=st.floats(0.0, 2.0),
    q=st.integers(2, 4),
)
def test_gradient_attacks_stay_in_their_ball_and_never_help(seed, kind, target, radius, q):
    problem = SMALL.with_(q=q)
    drawn = draw(problem, seed)
    found = attacked(drawn.weights, drawn.train, problem, PatchAttack(kind, radius, 7, target))
    shift = (found.x - drawn.train.x).reshape(problem.samples, -1)
    size = np.linalg.norm(shift, axis=1) if kind == "l2" else np.abs(shift).max(axis=1)
    assert (size <= radius * (1 + 1e-9) + 1e-12).all()
    if target == "signal":
        np.testing.assert_array_equal(found.noise(), drawn.train.noise())
    assert (margins(drawn.weights, found, q) <= margins(drawn.weights, drawn.train, q) + 1e-12).all()


@pytest.mark.parametrize("target", ["signal", "all"])
@pytest.mark.parametrize("kind", ["l2", "linf"])
def test_a_gradient_attack_ascends_from_the_clean_examples(kind, target):
    drawn, attack = draw(SMALL, 4), PatchAttack(kind, 0.9, 7, target, restarts=0)
    x, y = drawn.train.x, drawn.train.y
    movable = (np.arange(3) == drawn.train.signal[:, None]) | (target == "all")

    def evaluate(flat, _):
        z = flat.reshape(x.shape) @ drawn.weights.T
        slope = (3 * z**2) @ drawn.weights * (-y[:, None] * movable)[..., None]
        return -y * (np.sign(z) * np.abs(z) ** 3).sum(axis=(1, 2)), slope.reshape(flat.shape)

    start = x.reshape(len(x), -1)
    found = ascend(evaluate, start, even_steps(0.9, 7), Ball(start, 0.9, NORMS[kind])).points
    np.testing.assert_allclose(
        attacked(drawn.weights, drawn.train, SMALL, attack).x, found.reshape(x.shape), atol=1e-12
    )


@pytest.mark.parametrize("kind", ["l2", "linf"])
def test_gradient_attack_reaches_the_best_point_of_one_filter(kind):
    """With one filter the margin falls in <w, x[signal]> alone, whose worst value is known."""
    problem = SMALL.with_(filters=1, patches=2)
    drawn = draw(problem, 1)
    radius = 0.8
    found = attacked(drawn.weights, drawn.train, problem, PatchAttack(kind, radius, 40))
    w = drawn.weights[0]
    dual = np.linalg.norm(w) if kind == "l2" else np.abs(w).sum()
    rows = np.arange(problem.samples)
    clean = drawn.train.y * (drawn.train.x[rows, drawn.train.signal] @ w)
    reached = drawn.train.y * (found.x[rows, found.signal] @ w)
    np.testing.assert_allclose(reached, clean - radius * dual, atol=1e-9)


TINY = PatchProblem(dim=2, samples=4, patches=2, alpha=1.3, sigma=0.4, init_sd=1.0, ratio=0.9)


def power(z, q):
    return np.sign(z) * np.abs(z) ** q


def falls(weights, x, y, q, radius, kind):
    """The largest falls of the margin as one patch x moves by up to radius sin(t), t up to pi/2, by a grid."""
    length = radius * np.sin(np.linspace(0.0, np.pi / 2, 25))[:, None]
    around = np.linspace(0.0, 2 * np.pi, 600)
    circle = np.stack([np.cos(around), np.sin(around)], axis=-1)
    if kind == "linf":
        circle /= np.abs(circle).max(axis=1, keepdims=True)
    points = x + length[..., None] * circle
    values = y * (power(x @ weights.T, q).sum() - power(points @ weights.T, q).sum(axis=-1))
    return np.maximum.accumulate(values.max(axis=1))


@pytest.mark.parametrize("target", ["signal", "all"])
@pytest.mark.parametrize("kind", ["l2", "linf"])
def test_the_default_attack_finds_the_true_minimum_of_tiny_networks(kind, target):
    """One ascent misses parts of the fall; the default nothing of it, and the lower bound is one."""
    missed, once = [], []
    for filters, q, seed in np.ndindex(3, 2, 4):
        problem = TINY.with_(filters=filters + 1, q=q + 2)
        drawn, radius = draw(problem, seed), TINY.delta
        weights, data = drawn.weights, drawn.train
        clean = margins(weights, data, problem.q)
        lower, upper = margin_bounds(weights, data, problem, PatchAttack(kind, radius, target=target))
        short = attacked(weights, data, problem, PatchAttack(kind, radius, target=target).once())
        for i, y in enumerate(data.y):
            movable = [data.signal[i]] if target == "signal" else [0, 1]
            each = [falls(weights, data.x[i, j], y, problem.q, radius, kind) for j in movable]
            # l2: what one patch leaves of the ball, radius cos(t), is the other's, so that the grids run oppositely
            most = (each[0] + each[1][::-1]).max() if target == "all" and kind == "l2" else sum(f[-1] for f in each)
            assert clean[i] - lower[i] >= most * (1 - 1e-9)
            missed.append(1 - (clean[i] - upper[i]) / most)
            once.append(1 - (clean - margins(weights, short, problem.q))[i] / most)
    assert max(missed) < 1e-3
    assert max(once) > 0.05


@pytest.mark.parametrize("target", ["signal", "all"])
@pytest.mark.parametrize("kind", ["l2", "linf"])
def test_the_default_attack_is_as_strong_as_a_long_search_in_high_dimension(kind, target):
    """Of a trained network one ascent of 10 steps misses up to 77 percent of the fall found."""
    problem = PatchProblem()
    drawn = draw(problem, 0, 40)
    gram = GramDescent(problem, drawn.train, drawn.weights)
    gram.run(3000)
    clean = margins(gram.weights, drawn.test, 3)
    fall, once, long = (
        clean - margins(gram.weights, attacked(gram.weights, drawn.test, problem, attack), 3)
        for attack in (
            PatchAttack(kind, target=target),
            PatchAttack(kind, steps=10, target=target, restarts=0),
            PatchAttack(kind, steps=100, target=target, restarts=10),
        )
    )
    assert (fall > long * 0.985).all()
    assert fall.mean() > 0.998 * long.mean()
    assert (once < 0.8 * fall).any()


@pytest.mark.parametrize("q", [2, 3, 5])
@pytest.mark.parametrize("kind", ["l2", "linf"])
def test_bounds_of_the_margin_meet_for_one_filter_and_without_a_ball(kind, q):
    problem = SMALL.with_(filters=1, q=q)
    drawn = draw(problem, 2)
    for radius in (0.0, 0.8):
        lower, upper = margin_bounds(drawn.weights, drawn.train, problem, PatchAttack(kind, radius))
        np.testing.assert_allclose(lower, upper, rtol=1e-12)
    lower, upper = margin_bounds(drawn.weights, drawn.train, problem, PatchAttack())
    np.testing.assert_array_equal(lower, upper)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["l2", "linf"]),
    target=st.sampled_from(["signal", "all"]),
    radius=st.floats(0.0, 2.0),
    q=st.integers(2, 5),
)
def test_no_attack_falls_below_the_lower_bound_and_intervals_are_never_tighter(seed, kind, target, radius, q):
    problem = SMALL.with_(q=q)
    drawn = draw(problem, seed)
    lower, _ = margin_bounds(drawn.weights, drawn.train, problem, PatchAttack(kind, radius, target=target, restarts=1))
    norms = np.linalg.norm(drawn.weights, 2 if kind == "l2" else 1, axis=1)
    moved = (np.arange(3) == drawn.train.signal[:, None]) | (target == "all")
    z = drawn.train.y[:, None, None] * (drawn.train.x @ drawn.weights.T) - radius * norms * moved[..., None]
    assert (lower >= power(z, q).sum(axis=(1, 2)) - 1e-9 * (1 + np.abs(lower))).all()
    centre = drawn.train.x.reshape(4, -1) if target == "all" else drawn.train.x[range(4), drawn.train.signal]
    ball = Ball(centre, radius, NORMS[kind])
    rng = np.random.default_rng(seed)
    for _ in range(20):
        x = drawn.train.x.copy()
        if target == "all":
            x = ball.random_edge(rng, (4, 27)).reshape(x.shape)
        else:
            x[range(4), drawn.train.signal] = ball.random_edge(rng, (4, 9))
        there = drawn.train.y * power(x @ drawn.weights.T, q).sum(axis=(1, 2))
        assert (there >= lower - 1e-9 * (1 + np.abs(lower))).all()


DRAWN = draw(SMALL, 0)
test_bad_arguments_are_refused = refusals(
    (lambda: PatchProblem(dim=1), "dim must be an integer >= 2"),
    (lambda: PatchProblem(q=1), "q must be an integer >= 2 and <= 8"),
    (lambda: PatchProblem(q=2.5), "q must be an integer", TypeError),
    (lambda: PatchProblem(alpha=0.0), "alpha must be finite and > 0"),
    (lambda: PatchProblem(sigma=float("nan")), "sigma must be"),
    (lambda: PatchProblem(ratio=2.5), r"ratio must be in \[0, 2\]"),
    (lambda: PatchProblem(lam=-1.0), "lam must be finite and >= 0"),
    (lambda: PatchProblem(step=True), "step must be a real number", TypeError),
    (lambda: PatchProblem(patches=1), "patches must be an integer >= 2"),
    (lambda: PatchAttack("fgsm"), "kind must be one of"),
    (lambda: PatchAttack("structured", 1.0), "radius must be None for the structured attack"),
    (lambda: PatchAttack("l2", -1.0), "radius must be finite and >= 0"),
    (lambda: margins(np.ones((3, 5)), DRAWN.train, 3), r"weights must have shape \(any, 9\)"),
    (lambda: descend(DRAWN.weights, DRAWN.train, SMALL, -1), "count must be an integer >= 0"),
    (lambda: sample_patches(SMALL, 3, np.random.default_rng(0), np.ones(9)), "direction must be a unit vector"),
)


def test_overflow_is_an_error_not_a_number():
    wild = SMALL.with_(step=1e6, init_sd=2.0, q=8)
    drawn = draw(wild, 0)
    with pytest.raises(DivergenceError, match="shorten the step"):
        descend(drawn.weights, drawn.train, wild, 50)
