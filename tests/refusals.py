"""Tables of what is refused: a call, words of its error, and the error if it is no ValueError."""

from functools import partial

import pytest


def refusals(*cases):
    """Return a test that every call raises its error."""

    @pytest.mark.parametrize("case", cases, ids=[words for _, words, *_ in cases])
    def test(case):
        call, words, *error = case
        with pytest.raises(*error or [ValueError], match=words):
            call()

    return test


def changed(function, arguments, *cases):
    """Return the calls of a function whose arguments are good but for the changes that each case starts with."""
    return [(partial(function, **{**arguments, **change}), *rest) for change, *rest in cases]
