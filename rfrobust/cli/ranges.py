"""Ranges on the command line: ``0.1:20:200`` (start:stop:count), ``0.1,0.3,1`` (a list) or one number."""

import math
from typing import Any

import click
import numpy as np

#: Longest range; a longer one would not fit into memory with its results.
MOST_VALUES = 1_000_000


class RangeType(click.ParamType):
    """A number, a list or a range; the result is ``("range", start, stop, count)`` or an array."""

    name = "RANGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text; a malformed one is a usage error that shows the three forms."""
        try:
            if ":" in value:
                start, stop, count = value.split(":")
                return float(start), float(stop), int(count)
            return np.array([float(part) for part in value.split(",")])
        except ValueError:
            self.fail(f"{value!r} is not a number, a list A,B,C or a range START:STOP:COUNT", param, ctx)


RANGE = RangeType()


def expand(name: str, value: Any, log: bool) -> np.ndarray:
    """Return the values of a parsed range, evenly spaced on a linear or a logarithmic scale."""
    if isinstance(value, np.ndarray):
        return value
    start, stop, count = value
    if not 2 <= count <= MOST_VALUES or not -math.inf < start < stop < math.inf:
        raise ValueError(
            f"--{name} START:STOP:COUNT needs finite START < STOP and COUNT from 2 to {MOST_VALUES:,}, "
            f"got {start}:{stop}:{count}"
        )
    if log:
        if start <= 0.0:
            raise ValueError(f"--{name} needs START > 0 on a logarithmic scale, got {start}")
        return np.geomspace(start, stop, count)
    return np.linspace(start, stop, count)
