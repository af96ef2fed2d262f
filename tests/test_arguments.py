"""Every argument of every public callable: a wrong kind of value is refused by an error that names an argument."""

import re

import numpy as np
import pytest

from tests.arguments import OTHERS, calls, public

NAMES = sorted(calls())
#: An object, ragged and complex numbers, dates, an integer that is no float.
WRONG = (object(), [[1.0], [1.0, 2.0]], 1j, np.array(["2020-01-01"] * 6, dtype="datetime64[D]"), 10**400)
SAYS = re.compile(r"[\w'.\[\] ]+ (must|needs) ")


def test_every_public_callable_is_tested():
    assert {name for name in public() if name not in calls()} == OTHERS


@pytest.mark.parametrize("name", NAMES)
def test_wrong_kinds_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, good = calls()[name]
    for argument in good:
        for value in WRONG:
            with pytest.raises((TypeError, ValueError), match=SAYS):
                function(**good | {argument: value})
    assert not list(tmp_path.iterdir())
