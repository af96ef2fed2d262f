import re

import numpy as np
import pytest
from click.testing import CliRunner

from rfrobust.cli import cli
from rfrobust.memorize import SeparationError, digits
from rfrobust.memorize.digits import digits_comparison

pytestmark = pytest.mark.slow  # the comparison is computed once and shared


@pytest.fixture(scope="module")
def data():
    return digits_comparison(hidden=32)


def test_digits_become_a_robustly_overfitted_classifier(data):
    mlp, memorizer = data.sel(network="MLP"), data.sel(network="memorizer")
    assert memorizer.train_robust_error == 0
    assert mlp.train_robust_error > 0.3
    assert memorizer.test_clean_error == mlp.test_clean_error
    assert mlp.test_clean_error < 0.05
    assert memorizer.test_robust_error >= mlp.test_robust_error
    # 1,347 hinge blocks of 6 D + 2, and a gate that does not grow with them.
    assert 0 < memorizer.parameters - mlp.parameters - 1347 * (6 * 64 + 2) < 1000


def test_digits_too_close_for_the_radius():
    with pytest.raises(SeparationError, match="largest admissible delta"):
        digits_comparison(delta=0.3, hidden=2)


def test_printed_table(data, monkeypatch):
    asked = []
    monkeypatch.setattr(digits, "digits_comparison", lambda *settings: asked.append(settings) or data)
    result = CliRunner().invoke(cli, ["memorize", "digits", "--hidden", "32"], catch_exceptions=False)
    assert asked == [(0.1, 0.1, 32, 0)]
    head, *rows, last = result.output.splitlines()
    assert head.split() == ["MLP", "memorizer"]
    table = {name.strip(): values for name, *values in (re.split(r"\s{2,}", row) for row in rows)}
    for name in ("train clean error", "train robust error", "test clean error", "test robust error", "parameters"):
        np.testing.assert_allclose([float(v) for v in table[name]], data[name.replace(" ", "_")], rtol=1e-5)
    assert last == f"test balls that meet a block: {float(data.test_reached):.4f}"


def test_command_refuses_a_network_without_hidden_units():
    result = CliRunner().invoke(cli, ["memorize", "digits", "--hidden", "0"])
    assert "hidden must be an integer >= 1" in str(result.exception)
