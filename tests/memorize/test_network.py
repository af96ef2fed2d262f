import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor

from rfrobust.memorize import ReLUNetwork, compose, minimum, parallel_sum, stack
from tests.refusals import refusals


def plain(network, x):
    """Dense evaluation, point by point."""
    out = []
    for point in x:
        h = point
        for k, (w, b) in enumerate(network.layers):
            h = w.toarray() @ (np.maximum(h, 0) if k else h) + b
        out.append(h)
    return np.array(out)


def test_forward_is_the_formula(make_network):
    net = make_network(3, 7, 5, 2)
    x = np.random.default_rng(1).normal(size=(50, 3))
    np.testing.assert_allclose(net(x), plain(net, x), rtol=1e-13, atol=1e-14)


def test_chunked_evaluation_is_the_same(make_network, monkeypatch):
    net = make_network(3, 7, 2)
    rng = np.random.default_rng(1)
    x, c = rng.normal(size=(23, 3)), rng.normal(size=(23, 2))
    whole = net(x), net.gradient(x, c), net.bounds(x - 0.1, x + 0.1)
    monkeypatch.setattr("rfrobust.memorize.network._WORKSPACE", 30)
    np.testing.assert_array_equal(net(x), whole[0])
    np.testing.assert_array_equal(net.gradient(x, c), whole[1])
    np.testing.assert_array_equal(net.bounds(x - 0.1, x + 0.1), whole[2])


def test_counts_are_exact():
    net = ReLUNetwork([[[1, 0], [0, -3], [2, 2]], sparse.csr_array([[0.5, 0, 0]])], [[0, 0, -7.5], [0]])
    # weights 1, -3, 2, 2, 0.5 and one bias
    assert net.parameters == 6
    assert (net.width, net.depth, net.neurons, net.inputs, net.outputs) == (3, 2, 3, 2, 1)
    assert net.largest_weight == 7.5
    assert ReLUNetwork.affine([[2.0]], [0]).width == 0


def test_stored_zeros_are_not_parameters_and_the_input_is_not_touched():
    given_matrix = sparse.csr_array((np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    assert ReLUNetwork.affine(given_matrix, [0]).parameters == 1
    assert given_matrix.nnz == 2


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    inner=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    outer=st.lists(st.integers(1, 5), min_size=1, max_size=3),
)
def test_composition(make_network, seed, inner, outer):
    f = make_network(*inner, seed=seed)
    g = make_network(inner[-1], *outer, seed=seed + 1)
    x = np.random.default_rng(seed).normal(size=(9, inner[0]))
    both = compose(g, f)
    np.testing.assert_allclose(both(x), g(f(x)), atol=1e-12)
    assert both.depth == f.depth + g.depth - 1


def test_stack_and_parallel_sum_of_unequal_depths(make_network):
    nets = [make_network(3, 4, 2, seed=1), make_network(3, 5, 6, 3, 2, seed=2), make_network(3, 2, seed=3)]
    x = np.random.default_rng(1).normal(size=(40, 3))
    np.testing.assert_allclose(stack(nets)(x), np.hstack([net(x) for net in nets]), atol=1e-13)
    total = parallel_sum(nets, [1, -2, 0.5])
    np.testing.assert_allclose(total(x), nets[0](x) - 2 * nets[1](x) + 0.5 * nets[2](x), atol=1e-13)


@pytest.mark.parametrize("extra", [0, 1, 2, 5])
def test_deepen_keeps_the_function_and_counts(make_network, extra):
    net = make_network(3, 4, 2)
    x = np.random.default_rng(1).normal(size=(40, 3))
    deep = net.deepen(2 + extra)
    np.testing.assert_allclose(deep(x), net(x), atol=1e-14)
    assert deep.depth == 2 + extra
    # The last layer twice (8 weights, 2 biases), then s(t), s(-t) carried (4 weights a layer).
    assert deep.parameters - net.parameters == (10 + 4 * extra if extra else 0)
    positive = net.activate()
    np.testing.assert_allclose(positive.deepen(3 + extra, nonnegative=True)(x), np.maximum(net(x), 0))
    assert positive.deepen(3 + extra, nonnegative=True).parameters == net.parameters + 2 + 2 * extra


def test_gradient_against_finite_differences(make_network):
    net = make_network(3, 8, 8, 2)
    rng = np.random.default_rng(1)
    x, c = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    step = 1e-6
    numeric = np.stack(
        [((net(x + step * e) - net(x - step * e)) * c).sum(axis=1) / (2 * step) for e in np.eye(3)], axis=1
    )
    np.testing.assert_allclose(net.gradient(x, c), numeric, atol=1e-7)


def test_bounds_hold_and_are_exact_for_affine(make_network):
    net = make_network(3, 8, 8, 2)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 3))
    low, high = net.bounds(x - 0.2, x + 0.2)
    for _ in range(500):
        out = net(x + rng.uniform(-0.2, 0.2, x.shape))
        assert (low <= out).all()
        assert (out <= high).all()
    affine = ReLUNetwork.affine([[1, -2]], [3])
    low, high = affine.bounds([[0, 0]], [[1, 1]])
    assert (low.item(), high.item()) == (1, 4)


def test_exact_minimum_against_a_global_search(make_network):
    net = make_network(2, 10, 10, 2)
    objective = np.array([1.0, -0.5])
    value, point = minimum(net, [-1, -1], [1, 1], objective)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 401)] * 2), axis=-1).reshape(-1, 2)
    values = net(grid) @ objective
    polished = optimize.minimize(
        lambda p: net(p[None])[0] @ objective,
        grid[values.argmin()],
        method="Nelder-Mead",
        bounds=[(-1, 1)] * 2,
        options={"xatol": 1e-10, "fatol": 1e-12},
    ).fun
    assert value == pytest.approx(polished, abs=1e-6)
    assert net(point[None])[0] @ objective == pytest.approx(value, abs=1e-12)
    assert (np.abs(point) <= 1).all()


def test_exact_minimum_of_an_affine_map():
    value, point = minimum(ReLUNetwork.affine([[1, -2]], [3]), [0, 0], [1, 1], [1])
    assert value == pytest.approx(1)
    np.testing.assert_allclose(point, [0, 1])


@pytest.mark.parametrize("classes", [2, 3])
def test_from_sklearn_classifier(classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = rng.integers(0, classes, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier(hidden_layer_sizes=(6, 5), max_iter=20, random_state=0).fit(X, y)
    out = ReLUNetwork.from_sklearn(model)(X)
    expected = model.predict_proba(X)
    if classes == 2:
        np.testing.assert_allclose(1 / (1 + np.exp(-out[:, 0])), expected[:, 1], atol=1e-12)
    else:
        e = np.exp(out)
        np.testing.assert_allclose(e / e.sum(axis=1, keepdims=True), expected, atol=1e-12)


def test_from_sklearn_regressor_and_refusals():
    X = np.random.default_rng(0).normal(size=(60, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPRegressor(hidden_layer_sizes=(6,), max_iter=20, random_state=0).fit(X, X[:, 0])
        smooth = MLPRegressor(hidden_layer_sizes=(6,), activation="tanh", max_iter=5).fit(X, X[:, 0])
    np.testing.assert_allclose(ReLUNetwork.from_sklearn(model)(X)[:, 0], model.predict(X), atol=1e-13)
    with pytest.raises(ValueError, match="activation 'relu', got activation='tanh'"):
        ReLUNetwork.from_sklearn(smooth)
    with pytest.raises(ValueError, match="must be fitted"):
        ReLUNetwork.from_sklearn(MLPRegressor())
    with pytest.raises(TypeError, match="got str"):
        ReLUNetwork.from_sklearn("mlp")


test_bad_weights = refusals(
    (lambda: ReLUNetwork([], []), "same length"),
    (lambda: ReLUNetwork([[[1.0]]], []), "same length"),
    (lambda: ReLUNetwork([[[1.0]]], [[1, 2]]), r"biases\[0\] must have 1 entries, got 2"),
    (lambda: ReLUNetwork([[[1.0], [1.0]], [[1.0]]], [[0, 0], [0]]), r"weights\[1\] must have 2 columns"),
    (lambda: ReLUNetwork([[[np.nan]]], [[0]]), r"weights\[0\] must be finite"),
    (lambda: ReLUNetwork([sparse.csr_array([[np.inf]])], [[0]]), r"weights\[0\] must be finite"),
    (lambda: ReLUNetwork([[1.0]], [[0]]), r"weights\[0\] must have 2 dimension"),
)

NET = ReLUNetwork([np.ones((4, 3)), np.ones((2, 4))], [np.zeros(4), np.zeros(2)])
test_bad_arguments = refusals(
    (lambda: NET([[0, 0]]), r"x must have shape \(any, 3\), got \(1, 2\)"),
    (lambda: compose(ReLUNetwork.affine([[1.0] * 3], [0]), NET), "outer must take the 2 output"),
    (lambda: stack([NET, ReLUNetwork.affine([[1.0] * 2], [0])]), "same inputs"),
    (lambda: parallel_sum([NET, ReLUNetwork.affine([[1.0] * 3], [0])]), "same outputs"),
    (lambda: stack([]), "not be empty"),
    (lambda: NET.deepen(1), "depth must be an integer >= 2"),
    (lambda: NET.bounds([[0, 0, 0]], [[1, -1, 1]]), "upper must be >= lower"),
    (lambda: minimum(NET, [0, 0, 0], [1, -1, 1], [1, 0]), "upper must be >= lower"),
)
