import pytest
from click.testing import CliRunner

from rfrobust.cli import cli
from rfrobust.memorize import SeparationError
from rfrobust.memorize.digits import digits_comparison


def test_digits_become_a_robustly_overfitted_classifier():
    data = digits_comparison(hidden=32)
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


def test_command_refuses_a_bad_radius():
    result = CliRunner().invoke(cli, ["memorize", "digits", "--hidden", "0"])
    assert "hidden must be an integer >= 1" in str(result.exception)
