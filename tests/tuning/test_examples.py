"""The examples in the docstrings of tuning, boundaries and sensitivities print what they say."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["tuning", "boundaries", "sensitivity"])
def test_docstring_examples(name):
    result = doctest.testmod(import_module(f"rfrobust.{name}"))
    assert result.attempted >= 2
    assert result.failed == 0
