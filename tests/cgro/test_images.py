"""Image networks: exact gradients, attacks inside their box, robust overfitting with width, the command."""

import numpy as np
import pytest
from click.testing import CliRunner

from rfrobust.cgro import (
    ARCHITECTURES,
    SETTINGS,
    AdversarialTraining,
    ImageData,
    accuracy,
    digits,
    linf_attack,
    robust_accuracy,
    train_network,
    width_sweep,
)
from rfrobust.cgro.images import cross_entropy, wide_resnet
from rfrobust.cgro.layers import BatchNorm, Chain, Convolution, MaxPool, ReLU
from rfrobust.cli import main
from rfrobust.cli.cgro import command
from rfrobust.support.errors import DivergenceError
from tests.refusals import refusals


def made_up(shape, count=6, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 1, (count, *shape)).astype(np.float32)
    labels = np.arange(count) % 3
    return ImageData(images, labels, images, labels)


def double(network):
    for leaf in network.leaves():
        leaf.parameters = [p.astype(float) for p in leaf.parameters]
    return network


#: Small, so that few ReLUs change side within a difference; rounding is then of size 1e-8.
STEP = 1e-8

CASES = {"two-layer": (8, 8, 1), "convolutional": (7, 8, 2), "lenet": (16, 18, 1), "wrn10": (8, 8, 3)}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_gradients_in_images_and_weights_against_finite_differences(name, training):
    data = made_up(CASES[name])
    rng = np.random.default_rng(1)
    build = ARCHITECTURES.get(name, lambda d, w, r: wide_resnet(d, w, r, blocks=1))
    network = double(build(data, 2, rng))
    for leaf in network.leaves():
        if leaf.parameters and not isinstance(leaf, BatchNorm):
            leaf.parameters[1] += 0.1 * rng.standard_normal(leaf.parameters[1].shape)
    x, y = data.x_train.astype(float), data.y_train

    def value(images):
        return cross_entropy(network.forward(images, training), y)[0]

    slope = cross_entropy(network.forward(x, training), y)[1]
    in_images = network.backward(slope, True)
    direction = rng.standard_normal(x.shape)
    numeric = (value(x + STEP * direction) - value(x - STEP * direction)) / (2 * STEP)
    assert np.sum(in_images * direction) == pytest.approx(numeric, rel=1e-4, abs=1e-6)
    for leaf in network.leaves():
        for k, gradient in enumerate(leaf.gradients if leaf.parameters else []):
            move = rng.standard_normal(gradient.shape)
            start = leaf.parameters[k]
            ends = []
            for sign in (1, -1):
                leaf.parameters[k] = start + sign * STEP * move
                ends.append(value(x))
            leaf.parameters[k] = start
            assert np.sum(gradient * move) == pytest.approx((ends[0] - ends[1]) / (2 * STEP), rel=1e-4, abs=1e-6)


def test_a_convolution_is_the_sum_over_its_window():
    rng = np.random.default_rng(0)
    layer = double(Chain([Convolution(2, 3, 3, rng, stride=2, padding=1)])).layers[0]
    x = rng.standard_normal((1, 5, 6, 2))
    out = layer.forward(x, False)
    assert out.shape == (1, 3, 3, 3)
    kernel = layer.parameters[0].reshape(3, 3, 2, 3)
    window = x[0, 1:4, 3:6]
    np.testing.assert_allclose(out[0, 1, 2], np.einsum("abc,abco->o", window, kernel), rtol=1e-12)


def test_max_pooling_of_an_odd_image():
    x = np.arange(25.0).reshape(1, 5, 5, 1)
    np.testing.assert_array_equal(MaxPool().forward(x, False)[0, :, :, 0], [[6, 8], [16, 18]])


def test_batch_normalization_uses_the_batch_in_training_and_its_average_later():
    x = np.random.default_rng(0).normal(3.0, 2.0, (50, 4, 4, 2))
    layer = BatchNorm(2)
    out = layer.forward(x, True)
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1, rtol=1e-4)
    for _ in range(200):
        layer.forward(x, True)
    np.testing.assert_allclose(layer.forward(x, False), out, atol=1e-4)


def test_depth_and_widths_of_the_wide_residual_network():
    network = wide_resnet(made_up((8, 8, 3)), 2, np.random.default_rng(0))
    sizes = [leaf.parameters[0].shape for leaf in network.leaves() if isinstance(leaf, Convolution)]
    three = [shape for shape in sizes if shape[0] % 9 == 0 and shape[0] > 16]
    # 34 weight layers: 33 convolutions of size 3 (the first reads 27 inputs) and the dense one
    assert len(three) == 1 + 30
    assert three[-1] == (9 * 128, 128)


def test_attacks_stay_in_the_box_and_hurt_more_than_noise():
    data = digits(400, 300)
    settings = AdversarialTraining(radius=0.1)
    network = train_network(data, "two-layer", 64, AdversarialTraining(radius=0.0, epochs=60))
    rng = np.random.default_rng(0)
    found = linf_attack(network, data.x_test, data.y_test, 0.1, 10, rng)
    assert np.abs(found - data.x_test).max() <= 0.1 + 1e-6
    assert found.min() >= 0
    assert found.max() <= 1
    clean = accuracy(network, data.x_test, data.y_test)
    noisy = np.clip(data.x_test + rng.choice([-0.1, 0.1], data.x_test.shape).astype(np.float32), 0, 1)
    attacked = robust_accuracy(network, data.x_test, data.y_test, settings, 0)
    assert attacked < accuracy(network, noisy, data.y_test) - 0.2
    assert clean > 0.85
    none = AdversarialTraining(radius=0.0)
    assert robust_accuracy(network, data.x_test, data.y_test, none, 0) == clean


@pytest.mark.parametrize(
    ("architecture", "width", "radius"),
    [("two-layer", 64, 0.1), pytest.param("convolutional", 12, 0.15, marks=pytest.mark.slow)],
)
def test_robust_accuracy_is_no_higher_than_under_a_long_attack(architecture, width, radius):
    """Thirty ascents of 100 steps of the loss from random starts, on seeds on which nothing was chosen."""
    data = digits(400, 300, seed=11)
    settings = AdversarialTraining(radius=radius, epochs=60)
    network = train_network(data, architecture, width, settings, seed=11)
    rng, x, y = np.random.default_rng(0), data.x_test, data.y_test
    for _ in range(30):
        kept = network.forward(linf_attack(network, x, y, radius, 100, rng), False).argmax(axis=1) == y
        x, y = x[kept], y[kept]
    assert robust_accuracy(network, data.x_test, data.y_test, settings, 0) <= len(y) / 300


def test_a_linear_model_is_attacked_exactly():
    """Two classes, one dense layer: the worst image in the box is known in closed form."""
    rng = np.random.default_rng(3)
    weight = rng.standard_normal((16, 2)).astype(np.float32)
    from rfrobust.cgro.layers import Dense

    layer = Dense(16, 2, rng)
    layer.parameters[0] = weight
    x = rng.uniform(0.2, 0.8, (5, 4, 4, 1)).astype(np.float32)
    y = np.array([0, 1, 0, 1, 1])
    found = linf_attack(layer, x, y, 0.1, 10, rng)
    margin = weight[:, 1] - weight[:, 0]
    worst = x.reshape(5, 16) + 0.1 * np.sign(np.where(y[:, None] == 0, margin, -margin))
    np.testing.assert_allclose(found.reshape(5, 16), worst, atol=1e-6)


def test_robust_overfitting_grows_with_width():
    sweep = width_sweep(
        "two-layer",
        [8, 32, 256],
        settings=AdversarialTraining(radius=0.1, epochs=300),
        data=digits(200, 500),
        replicates=2,
    )
    mean = sweep.accuracy.mean("replicate")
    robust = mean.sel(measure="robust_train").values
    assert (np.diff(robust) > 0.05).all()
    assert robust[-1] > 0.95
    assert mean.sel(measure="clean_test", width=256) > 0.9
    gap = mean.sel(measure="robust_train") - mean.sel(measure="robust_test")
    assert gap.sel(width=256) > 0.15
    assert gap.sel(width=256) > gap.sel(width=32) > gap.sel(width=8)


def test_training_is_reproducible():
    data = digits(60, 60)
    settings = AdversarialTraining(epochs=3)
    one, two = (train_network(data, "convolutional", 2, settings, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.forward(data.x_test, False), two.forward(data.x_test, False))


def test_the_command_prints_its_numbers_beside_the_published_ones(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 30)
    np.savez(tmp_path / "m.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    arguments = [str(tmp_path / "m.npz"), "--setting", "mnist", "--width", "1", "--width", "2"]
    result = CliRunner().invoke(command, [*arguments, "--epochs", "1", "--attack-steps", "1", "--limit", "12"])
    assert result.exit_code == 0, result.output
    assert "not comparable" in result.output
    rows = [line.split() for line in result.output.splitlines() if "_t" in line]
    assert [row[0] for row in rows] == ["1"] * 3 + ["2"] * 3
    assert [row[3] for row in rows] == ["11.35", "11.35", "-", "-", "-", "-"]
    assert all(0 <= float(row[2]) <= 100 for row in rows)


def test_published_rows_show_the_ordering():
    for setting in SETTINGS.values():
        for row in setting.rows[-1:]:
            assert row.robust_train > row.clean_test > row.robust_test
    assert SETTINGS["mnist"].row(8).clean_test == 11.35
    assert SETTINGS["cifar10"].row(3) is None


WHITE = np.zeros((2, 4, 4, 1))
test_bad_arguments_are_refused = refusals(
    (lambda: train_network(digits(20, 20), "transformer", 2), "architecture must be one of"),
    (lambda: train_network(digits(20, 20), "two-layer", 0), "width must be an integer >= 1"),
    (lambda: AdversarialTraining(radius=2.0), r"radius must be in \[0, 1\]"),
    (lambda: ImageData(WHITE + 3.0, [0, 1], WHITE, [0, 1]), "x_train must be in"),
    (lambda: ImageData(WHITE, [0, 1], WHITE, [0, 0.5]), "y_test must be integers"),
    (lambda: linf_attack(ReLU(), WHITE, [0, 1], -0.1, 3, np.random.default_rng(0)), "radius must be in"),
    (lambda: digits(5), "train must be an integer"),
    (lambda: train_network(digits(20, 20), "lenet", 1), "at least 14 x 14"),
)


def test_the_command_names_missing_arrays(tmp_path, capsys):
    np.savez(tmp_path / "bad.npz", x_train=np.zeros((3, 28, 28)))
    with pytest.raises(SystemExit):
        main(["cgro", str(tmp_path / "bad.npz"), "--setting", "mnist"])
    assert "it lacks y_train, x_test, y_test" in capsys.readouterr().err


def test_divergence_is_an_error():
    wild = AdversarialTraining(rate=1e20, epochs=30)
    with pytest.warns(RuntimeWarning), pytest.raises(DivergenceError, match="lower rate"):
        train_network(digits(100, 20), "two-layer", 32, wild)
