import itertools
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from rfrobust.memorize import (
    ReLUNetwork,
    SeparationError,
    compose,
    largest_delta,
    minimum,
    pgd,
    robust_error,
    robust_error_bounds,
    robust_memorizer,
    stack,
    student,
    verify,
)
from tests.attacks import missed
from tests.refusals import changed, refusals

DELTA, THETA = 0.05, 0.05


def around(X, radius, count, seed=0):
    """``count`` random points of the l_inf ball of each sample, its faces included."""
    rng = np.random.default_rng(seed)
    steps = np.clip(rng.uniform(-1.5, 1.5, (count, *X.shape)), -1, 1)
    return (X + radius * steps).reshape(-1, X.shape[1])


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5), (6, 5, 4), (6, 5, 4, 3)])
@pytest.mark.parametrize("gate", ["exact", "clip"])
@pytest.mark.parametrize("form", ["trapezoid", "hinge"])
def test_values_on_and_off_the_blocks(make_network, two_classes, hidden, gate, form):
    X, y = two_classes()
    clean = make_network(2, *hidden, 1)
    f = robust_memorizer(clean, X, y, DELTA, THETA, gate=gate, form=form)
    inside = around(X, DELTA, 20)
    labels = np.tile(2.0 * y - 1, 20)
    for function, tolerance in ((f, 1e-14), (f.network, 1e-14 if form == "hinge" else 1e-12)):
        np.testing.assert_allclose(function(inside)[:, 0], labels, rtol=0, atol=tolerance)
    x = np.random.default_rng(1).uniform(-0.5, 1.5, (500, 2))
    off = np.abs(x[:, None] - X).max(axis=2).min(axis=1) >= DELTA + THETA
    kept = clean(x[off]) if gate == "exact" else np.clip(clean(x[off]), -1, 1)
    np.testing.assert_allclose(f(x[off]), kept, atol=1e-13)
    np.testing.assert_allclose(f.network(x), f(x), atol=1e-11)
    shell = around(X, DELTA + THETA, 20, seed=2)
    np.testing.assert_allclose(f.network(shell), f(shell), atol=1e-11)
    assert np.abs(f(shell)).max() <= max(f.bound, 1)


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize(("form", "per_block"), [("trapezoid", 12), ("hinge", 6)])
def test_extra_parameters(make_network, two_classes, dimension, form, per_block):
    X, y = two_classes(dimension)
    blocks = len(X) * (per_block * dimension + 2)
    clean = make_network(dimension, 6, 5, 1)
    f = robust_memorizer(clean, X, y, DELTA, THETA, gate="clip", form=form)
    assert f.extra_parameters == blocks + 4
    deeper = make_network(dimension, 6, 5, 4, 3, 1)
    # Two sums of blocks, carried through each hidden layer after the second.
    f = robust_memorizer(deeper, X, y, DELTA, THETA, gate="clip", form=form)
    assert f.extra_parameters == blocks + 4 + 2 * 2
    # Exact gate next to three hidden layers: the last layer of clean once more (4 + 1), 2 biases of the class sums,
    # 2 (2 weights + 1 bias) - the biases of clean are already there -, 2 carried sums, 2 + 2 output weights.
    f = robust_memorizer(make_network(dimension, 6, 5, 4, 1), X, y, DELTA, THETA, form=form)
    assert f.extra_parameters == blocks + 5 + 2 + 4 + 2 + 4


def test_verification_is_a_proof_and_agrees_with_other_routes(make_network, two_classes):
    X, y = two_classes()
    clean = make_network(2, 6, 1)
    f = robust_memorizer(clean, X, y, DELTA, THETA, form="hinge")
    proof = verify(f, X, DELTA)
    assert proof.robust_error(y) == 0
    assert proof.largest_deviation(f.values) == 0
    np.testing.assert_array_equal(proof.lower, proof.upper)
    # The clean network is wrong on many cubes, so there was something to memorize.
    assert robust_error(clean, X, y, DELTA) > 0.2
    # PGD, all vertices, and the exact optimum of the explicit network (restricted to the blocks in reach).
    assert robust_error(f.network, X, y, DELTA) == 0
    corners = np.array(list(itertools.product([-DELTA, DELTA], repeat=2)))
    values = f.network((X[:, None] + corners).reshape(-1, 2)).reshape(len(X), -1)
    np.testing.assert_allclose(values, np.repeat(2.0 * y[:, None] - 1, 4, axis=1), atol=1e-12)
    for i in range(5):
        sign = 2 * y[i] - 1
        part = f.restrict(X[i : i + 1], DELTA).network
        assert minimum(part, X[i] - DELTA, X[i] + DELTA, [sign])[0] == pytest.approx(1, abs=1e-6)


def test_verification_of_a_larger_cube_contains_the_exact_range(make_network, two_classes):
    X, y = two_classes()
    f = robust_memorizer(make_network(2, 4, 1), X, y, DELTA, THETA, form="hinge")
    radius = 0.08
    proof = verify(f, X[:4], radius)
    sampled = f(around(X[:4], radius, 3000)).reshape(-1, 4)
    for i in range(4):
        part = f.restrict(X[i : i + 1], radius).network
        low = minimum(part, X[i] - radius, X[i] + radius, [1])[0]
        assert proof.lower[i, 0] - 1e-6 <= low <= sampled[:, i].min() + 1e-6
    # A cube larger than the blocks must not be claimed robust where a point of it is misclassified.
    assert proof.robust_error(y[:4]) >= np.mean(((sampled > 0) != y[:4]).any(axis=0))


def test_full_interval_propagation_on_a_tiny_network(make_network):
    X = np.array([[0.2, 0.2], [0.8, 0.7]])
    f = robust_memorizer(make_network(2, 3, 1), X, [0, 1], 0.1, 0.1, form="hinge")
    low, high = f.network.bounds(X - 0.1, X + 0.1)
    np.testing.assert_allclose(low[:, 0], [-1, 1], atol=1e-12)
    np.testing.assert_allclose(high[:, 0], [-1, 1], atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(3, 5), gap=st.floats(0.0, 0.2))
def test_many_classes_and_overlapping_cubes_of_one_label(seed, classes, gap):
    rng = np.random.default_rng(seed)
    dimension = 3
    clean = ReLUNetwork(
        [rng.normal(size=(6, dimension)), rng.normal(size=(classes, 6))], [rng.normal(size=6), np.zeros(classes)]
    )
    y = rng.integers(0, classes, 30)
    X = rng.uniform(0, 0.3, (30, dimension))
    X[:, 0] += y * (0.5 + gap)
    f = robust_memorizer(clean, X, y, 0.06, 0.08)
    inside = around(X, 0.06, 10)
    np.testing.assert_allclose(f(inside), np.eye(classes)[np.tile(y, 10)], atol=1e-13)
    np.testing.assert_allclose(f.network(inside), f(inside), atol=1e-10)
    proof = verify(f, X, 0.06)
    assert proof.robust_error(y) == 0
    assert proof.largest_deviation(np.eye(classes)[y]) == 0
    shell = around(X, 0.14, 10)
    assert (f.predict(inside) == np.tile(y, 10)).all()
    np.testing.assert_allclose(f.network(shell), f(shell), atol=1e-10)


def test_opposite_labels_closer_than_the_transition_would_flip_a_sign():
    # Three cubes; the two opposite blocks are 3/4 each on a face of the first: their sum outvotes it. This is why
    # 2 delta + theta, not 2 delta, is asked of opposite labels.
    delta, theta = 0.1, 0.2
    x = 2 * delta + theta / 4
    X = np.array([[0.0, 0.0], [x, 0.0], [x, 0.05]])
    from rfrobust.memorize import blocks

    gamma = blocks(X, delta, theta, form="hinge")([[delta, 0.0]])[0]
    np.testing.assert_allclose(gamma, [1, 0.75, 0.75])
    assert gamma[0] - gamma[1] - gamma[2] < 0
    with pytest.raises(SeparationError):
        robust_memorizer(ReLUNetwork.affine([[0, 0]], [0]), X, [1, 0, 0], delta, theta)


def test_separation_error_names_pair_and_largest_delta(make_network):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(200, 3))
    y = rng.integers(0, 2, 200)
    distance = np.abs(X[:, None] - X).max(axis=2)
    distance[y[:, None] == y] = np.inf
    i, j = np.unravel_index(distance.argmin(), distance.shape)
    clean = make_network(3, 4, 1)
    theta = distance.min() / 2
    with pytest.raises(SeparationError) as caught:
        robust_memorizer(clean, X, y, 0.3, theta)
    error = caught.value
    assert error.pair == (min(i, j), max(i, j))
    assert error.distance == pytest.approx(distance.min())
    assert error.largest_delta == pytest.approx((distance.min() - theta) / 2)
    assert f"samples {min(i, j)} and {max(i, j)}" in str(error)
    printed = float(str(error).rsplit(" ", 1)[1])
    assert printed == error.largest_delta
    robust_memorizer(clean, X, y, printed, theta)
    assert largest_delta(X, y, theta) == pytest.approx(error.largest_delta)
    robust_memorizer(clean, X, y, error.largest_delta * (1 - 1e-12), theta)
    with pytest.raises(SeparationError, match="no delta is admissible"):
        robust_memorizer(clean, X, y, 0.3, 2 * distance.min())


def test_largest_delta_of_sorted_out_labels():
    # Each sample has many neighbours of its own label before the first other one.
    X = np.concatenate([np.linspace(0, 0.1, 40), np.linspace(1, 1.1, 40)])[:, None]
    assert largest_delta(X, np.repeat(["a", "b"], 40), 0.1) == pytest.approx(0.4)
    assert largest_delta(X, np.zeros(80), 0.1) == np.inf
    with pytest.raises(ValueError, match="y must have shape"):
        largest_delta(X, [1, 2], 0.1)


def test_margin_memorizes_only_what_is_not_certified(make_network, two_classes):
    X, _ = two_classes(3)
    clean = ReLUNetwork([[[1, 0, 0], [-1, 0, 0]], [[1.0, -1]]], [[-0.5, 0.5], [0]])
    y = (clean(X)[:, 0] > 0).astype(int)
    y[::9] = 1 - y[::9]
    f = robust_memorizer(clean, X, y, DELTA, THETA, margin=0.05)
    # x_0 - 1/2 has on the cube exactly the margin of its worst corner.
    exact = (2 * y - 1) * (X[:, 0] - 0.5) - DELTA
    np.testing.assert_array_equal(f.memorized, np.flatnonzero(exact < 0.05))
    assert 0 < len(f.memorized) < len(X)
    assert verify(f, X, DELTA).robust_error(y) == 0
    assert f.extra_parameters < robust_memorizer(clean, X, y, DELTA, THETA).extra_parameters
    assert robust_error(f.network, X, y, DELTA) == 0
    sure = exact > 0.01
    with pytest.raises(ValueError, match="leaves no sample to memorize"):
        robust_memorizer(clean, X[sure], y[sure], DELTA, THETA, margin=0.01)


def test_skipped_sample_of_another_label_must_be_clear_of_the_blocks():
    clean = ReLUNetwork.affine([[1.0]], [-0.5])
    # The first sample is certified at margin .05, the second is not and its block would enter the first's cube.
    with pytest.raises(SeparationError):
        robust_memorizer(clean, [[0.7], [0.85]], [1, 0], 0.05, 0.1, margin=0.05)


def test_student_is_exact_on_cubes_and_the_teacher_elsewhere(make_network):
    rng = np.random.default_rng(0)
    X = (np.arange(30)[:, None] + rng.uniform(0.3, 0.7, (30, 1))) / 30
    y = rng.normal(size=30)
    teacher = make_network(1, 6, 6, 1)
    x = np.linspace(-0.2, 1.2, 5001)[:, None]
    for theta in (0.002, 0.004):
        f = student(teacher, X, y, 0.003, theta, form="hinge")
        inside = around(X, 0.003, 9)
        np.testing.assert_array_equal(f(inside)[:, 0], np.tile(y, 9))
        np.testing.assert_array_equal(f.network(inside)[:, 0], np.tile(y, 9))
        off = np.abs(x - X[:, 0]).min(axis=1) >= 0.003 + theta
        np.testing.assert_allclose(f(x[off]), teacher(x[off]), atol=1e-14)
        assert verify(f, X, 0.003).largest_deviation(y[:, None]) == 0
        assert np.abs(f(x)).max() <= max(f.bound, np.abs(y).max())


def test_infinitely_many_students(make_network):
    X, y = np.array([[0.2], [0.5], [0.8]]), np.array([1.0, -2.0, 3.0])
    teacher = make_network(1, 6, 1)
    students = [student(teacher, X, y, 0.02, theta) for theta in np.linspace(0.01, 0.09, 9)]
    for f in students:
        np.testing.assert_allclose(f(X)[:, 0], y, atol=1e-13)
    outside = np.array([[0.2 + 0.02 + 0.005]])
    values = [f(outside).item() for f in students]
    assert len({round(v, 9) for v in values}) == len(students)
    assert len({f.extra_parameters for f in students}) == 1


@pytest.mark.parametrize("levels", [3, 8])
def test_product_gate(make_network, levels):
    X = np.array([[0.2, 0.3], [0.7, 0.6]])
    y = np.array([1.5, -2.0])
    teacher = make_network(2, 6, 1)
    f = student(teacher, X, y, 0.05, 0.05, gate="product", levels=levels, form="hinge")
    inside = around(X, 0.05, 30)
    # The two squares cancel up to the rounding of one sum.
    np.testing.assert_allclose(f.network(inside)[:, 0], np.tile(y, 30), rtol=1e-15, atol=0)
    # |f| <= B is only guaranteed, and needed, on the box around the enlarged cubes.
    x = np.random.default_rng(0).uniform([0.1, 0.2], [0.8, 0.7], (2000, 2))
    off = np.abs(x[:, None] - X).max(axis=2).min(axis=1) >= 0.1
    error = np.abs(f(x[off]) - teacher(x[off]))
    assert 0 < error.max() <= f.bound * 2.0 ** (-2 * levels - 2)
    np.testing.assert_allclose(f.network(x), f(x), atol=1e-12)


def test_reach_and_restriction(make_network, two_classes):
    X, y = two_classes()
    f = robust_memorizer(make_network(2, 6, 1), X, y, DELTA, THETA)
    x = np.random.default_rng(0).uniform(-0.5, 1.5, (300, 2))
    distance = np.abs(x[:, None] - X).max(axis=2).min(axis=1)
    np.testing.assert_array_equal(f.reaches(x, 0.07), distance < 0.07 + DELTA + THETA)
    part = f.restrict(x[:3], 0.07)
    assert len(part.centers) < len(X)
    ball = around(x[:3], 0.07, 100)
    np.testing.assert_allclose(part.network(ball), f(ball), atol=1e-12)
    # Where no block is in reach, a ball is as robust as it was for the clean network.
    far = x[~f.reaches(x, 0.07)]
    np.testing.assert_allclose(f(around(far, 0.07, 20)), f.clean(around(far, 0.07, 20)), atol=1e-14)


def test_pgd_finds_the_optimum_of_a_linear_classifier():
    rng = np.random.default_rng(0)
    w = rng.normal(size=5)
    clean = ReLUNetwork.affine(w[None], [0.1])
    X = rng.normal(size=(200, 5))
    y = (clean(X)[:, 0] > 0).astype(int)
    worst = clean(pgd(clean, X, y, 0.1))[:, 0]
    np.testing.assert_allclose(worst, clean(X)[:, 0] - (2 * y - 1) * 0.1 * np.abs(w).sum(), atol=1e-12)
    exact = np.mean(np.abs(clean(X)[:, 0]) <= 0.1 * np.abs(w).sum())
    assert robust_error(clean, X, y, 0.1) == exact
    U = rng.uniform(size=(200, 5))
    attacked = pgd(clean, U, np.ones(200), 0.3, box=(0.0, 1.0))
    np.testing.assert_allclose(attacked, np.clip(U - 0.3 * np.sign(w), 0, 1), atol=1e-12)


def test_default_attack_reaches_the_exact_minimum_of_tiny_trained_networks():
    """What is missed of the fall of the margin, against a mixed-integer program."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((40, 2))
        y = (np.sin(2 * X[:, 0]) + X[:, 1] ** 2 > 0.8).astype(int)
        model = MLPClassifier((6,), max_iter=400, random_state=seed, learning_rate_init=0.02)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            net = ReLUNetwork.from_sklearn(model.fit(X, y))
        signs, radius = 2 * y[:6] - 1, rng.uniform(0.2, 1.0)
        true = [minimum(net, x - radius, x + radius, [float(s)])[0] for x, s in zip(X[:6], signs, strict=True)]
        found = signs * net(pgd(net, X[:6], y[:6], radius))[:, 0]
        fall = signs * net(X[:6])[:, 0] - true
        assert (found - true <= 0.01 * fall + 1e-5).all()
        lower, upper = robust_error_bounds(net, X[:6], y[:6], radius)
        assert lower == np.mean(np.array(true) <= 0) <= upper


def test_default_attack_is_as_strong_as_a_long_one_on_digits():
    """In 64 dimensions and with ten classes, where ascents of the margin alone end at one rival."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(11).permutation(len(X))
    X, y = X[order] / 16, y[order]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net = ReLUNetwork.from_sklearn(MLPClassifier((32,), max_iter=40, random_state=11).fit(X[:600], y[:600]))
    X, y = X[-60:], y[-60:]

    def falls(points):
        out = net(points)
        true = out[np.arange(60), y].copy()
        out[np.arange(60), y] = -np.inf
        return out.max(axis=1) - true

    for radius in (0.05, 0.2):
        moved = X, pgd(net, X, y, radius, box=(0, 1)), pgd(net, X, y, radius, box=(0, 1), steps=60, restarts=40, seed=1)
        misses = missed(*map(falls, moved))
        assert misses.mean() < 0.01
        assert misses.max() < 0.05


NET, TWO = ReLUNetwork.affine([[1.0, 0.5]], [0.0]), [[0.1, 0.1], [0.9, 0.9]]
PAIR = ReLUNetwork.affine(np.eye(2), [0.0, 0.0])
MEMORIZER = robust_memorizer(NET, TWO, [0, 1], 0.1, 0.1)
test_bad_arguments = refusals(
    *changed(
        robust_memorizer,
        {"clean": NET, "X": TWO, "y": [0, 1], "delta": 0.1, "theta": 0.1},
        ({"y": [0, 2]}, r"y must be in \[0, 1\]"),
        ({"y": [0, 0.5]}, "class indices"),
        ({"y": [0]}, r"y must have shape \(2,\), got \(1,\)"),
        ({"X": [[0.1], [0.9]]}, r"X must have shape \(any, 2\)"),
        ({"delta": -1}, "delta must be finite and >= 0"),
        ({"theta": 0}, "theta must be finite and > 0"),
        ({"delta": "small"}, "delta must be a real number", TypeError),
        ({"gate": "product"}, "gate must be one of 'exact', 'clip'"),
        ({"form": "x"}, "form must be one of"),
        ({"margin": 0}, "margin must be finite and > 0"),
        ({"clean": "net"}, "must be a ReLUNetwork", TypeError),
        ({"clean": MEMORIZER}, "must be a ReLUNetwork", TypeError),
        ({"clean": PAIR, "gate": "clip"}, "gate='clip' needs a clean network with one output, got 2"),
    ),
    (lambda: student(PAIR, TWO, [0, 1], 0.1, 0.1), "teacher must have one output, got 2"),
    (lambda: student(NET, 2 * TWO[:1], [1, 1], 0.1, 0.1), r"^samples 0 and 1 are 0\.0 apart", SeparationError),
    (lambda: pgd(MEMORIZER, TWO, [0, 1], 0.1), "must be a ReLUNetwork", TypeError),
    (lambda: robust_error(MEMORIZER, TWO, [0, 1], 0.1), "must be a ReLUNetwork", TypeError),
    (lambda: minimum(MEMORIZER, [0, 0], [1, 1], [1]), "must be a ReLUNetwork", TypeError),
    (lambda: compose(NET, "a"), "must be a ReLUNetwork", TypeError),
    (lambda: stack([NET, "a"]), "must be a ReLUNetwork", TypeError),
    (lambda: verify(NET, TWO, 0.1), "memorizer must be a Memorizer, got ReLUNetwork", TypeError),
    (lambda: verify(MEMORIZER, TWO, 0.1).robust_error([0.9, 1]), r"class indices \(integers\), got .*0\.9"),
    *changed(
        pgd,
        {"network": NET, "X": TWO, "y": [0, 1], "radius": 0.1},
        ({"box": (5.0, 6.0)}, "box must be increasing and hold all samples"),
        ({"box": (1.0, 0.0)}, "box must be increasing and hold all samples"),
        ({"box": (0.5, 1.0)}, "box must be increasing and hold all samples"),
    ),
)


@pytest.mark.parametrize(
    ("clean", "X", "y", "delta", "theta", "margin"),
    [
        (ReLUNetwork.affine([[1.0], [0.0]], [10, 10]), [[0.2], [0.3]], [0, 0], 0.02, 0.2, 0.25),
        (
            ReLUNetwork([[[1, 0], [0, 1]], [[1.0, 50.0]]], [[10, -0.12], [-10.5]]),
            [[0.54, 0], [0.61, -0.16]], [1, 1], 0.05, 0.1, 0.05,
        ),
    ],
)  # fmt: skip
def test_margin_memorizes_samples_that_a_block_reaches(clean, X, y, delta, theta, margin):
    """Their cubes meet a neighbour's block, where the clean network's margin is no proof."""
    memorizer = robust_memorizer(clean, X, y, delta, theta, margin=margin)
    assert verify(memorizer, X, delta).robust_error(y) == 0


def test_samples_that_touch_up_to_rounding_are_accepted():
    count = 0
    for a in range(1, 30):
        for b in range(1, 30):
            X = [[0.0], [(2 * a + b) / 100]]
            memorizer = robust_memorizer(ReLUNetwork.affine([[1.0]], [0]), X, [0, 1], a / 100, b / 100)
            assert verify(memorizer, X, a / 100).robust_error([0, 1]) == 0
            count += X[1][0] < 2 * (a / 100) + b / 100
    assert count > 50  # so many are too close by rounding only


def test_largest_delta_of_any_two_samples():
    X = [[0.1], [0.2], [0.9]]
    assert largest_delta(X, [1.0, 1.0, 2.0], 0.01) == pytest.approx(0.345)
    assert largest_delta(X, None, 0.01) == pytest.approx(0.045)
    teacher = ReLUNetwork.affine([[1.0]], [0])
    student(teacher, X, [1.0, 1.0, 2.0], largest_delta(X, None, 0.01), 0.01)
    with pytest.raises(TypeError, match="y must hold numbers or strings"):
        largest_delta(X, [None, 1, 2], 0.01)


@pytest.mark.slow
def test_too_many_neighbours_do_not_take_memory():
    """Every sample neighbours every other one: the pairs are looked at one sample at a time."""
    X = np.random.default_rng(0).uniform(size=(3000, 5))
    tracemalloc.start()
    robust_memorizer(ReLUNetwork.affine(np.ones((1, 5)), [0]), X, np.ones(3000), 1.0, 0.1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000**2  # bytes; a list of all pairs takes 8 and more each


def test_theta_below_the_resolution_of_floats():
    clean = ReLUNetwork.affine([[1.0, 1.0]], [0])
    with pytest.raises(ValueError, match="take form='hinge' or a larger theta"):
        _ = robust_memorizer(clean, [[0.1, 0.2]], [1], 0.1, 1e-12).network
    hinge = robust_memorizer(clean, [[0.1, 0.2]], [1], 0.1, 1e-12, form="hinge").network
    np.testing.assert_array_equal(hinge(around(np.array([[0.1, 0.2]]), 0.099, 50)), 1.0)
    with pytest.raises(ValueError, match="1/theta"):
        robust_memorizer(clean, [[0.1, 0.2]], [1], 0.1, 1e-310)
