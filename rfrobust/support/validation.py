"""One validator for every public argument: the message names the argument, its value and what is allowed.

A wrong kind of value (a string, a complex number, a boolean) is a ``TypeError``; a value out of range, of
the wrong shape or not a number is a ``ValueError``.
"""

import math
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


def describe_range(
    lower: float = -math.inf, upper: float = math.inf, *, open_lower: bool = False, open_upper: bool = False
) -> str:
    """Write an interval the way an error message needs it."""
    if (lower, upper) == (-math.inf, math.inf):
        return "finite"
    if upper == math.inf:
        return f"finite and {'>' if open_lower else '>='} {lower:g}"
    if lower == -math.inf:
        return f"finite and {'<' if open_upper else '<='} {upper:g}"
    return f"in {'(' if open_lower else '['}{lower:g}, {upper:g}{')' if open_upper else ']'}"


def _inside(values: Any, lower: float, upper: float, open_lower: bool, open_upper: bool) -> Any:
    above = values > lower if open_lower else values >= lower
    below = values < upper if open_upper else values <= upper
    return above & below


def real_scalar(
    name: str,
    value: Any,
    lower: float = -math.inf,
    upper: float = math.inf,
    *,
    open_lower: bool = False,
    open_upper: bool = False,
    allow_inf: bool = False,
) -> float:
    """Return ``value`` as a float inside the interval, or raise.

    ``allow_inf`` admits ``+inf`` where the interval is unbounded above (``psi2 = inf``).
    """
    if type(value) is not float:
        if np.ndim(value) == 0 and hasattr(value, "item") and not isinstance(value, np.ma.MaskedArray):
            value = value.item()  # NumPy scalars, 0-d arrays of any library
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} must be a real number, got {_show(value)}")
        try:
            value = float(value)
        except OverflowError:
            value = math.inf if value > 0 else -math.inf
    infinite_ok = allow_inf and value == math.inf
    if not infinite_ok and not (math.isfinite(value) and _inside(value, lower, upper, open_lower, open_upper)):
        allowed = describe_range(lower, upper, open_lower=open_lower, open_upper=open_upper)
        raise ValueError(f"{name} must be {allowed}{' (or inf)' if allow_inf else ''}, got {name}={value!r}")
    return value


def real_array(
    name: str,
    value: Any,
    lower: float = -math.inf,
    upper: float = math.inf,
    *,
    open_lower: bool = False,
    open_upper: bool = False,
    allow_inf: bool = False,
    ndim: int | tuple[int, ...] | None = None,
    shape: tuple[int | None, ...] | None = None,
) -> np.ndarray:
    """Return ``value`` as a non-empty float array inside the interval, or raise.

    ``ndim`` is the number (or the allowed numbers) of dimensions; ``shape`` fixes lengths, ``None`` being free.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array without mask, got a masked array; fill or drop masked values")
    try:
        raw = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise TypeError(f"{name} must be an array of real numbers, got {_show(value)}") from error
    if raw.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, got {_show(value)} of dtype {raw.dtype}")
    allowed_ndim = (ndim,) if isinstance(ndim, int) else ndim
    if allowed_ndim is not None and raw.ndim not in allowed_ndim:
        dims = " or ".join(str(n) for n in allowed_ndim)
        raise ValueError(f"{name} must have {dims} dimension(s), got shape {raw.shape}")
    if shape is not None and (
        raw.ndim != len(shape)
        or any(want is not None and want != got for want, got in zip(shape, raw.shape, strict=True))
    ):
        want = "(" + ", ".join("any" if n is None else str(n) for n in shape) + (",)" if len(shape) == 1 else ")")
        raise ValueError(f"{name} must have shape {want}, got {raw.shape}")
    if raw.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {raw.shape}")
    array = raw.astype(float)
    ok = np.isfinite(array) & _inside(array, lower, upper, open_lower, open_upper)
    if allow_inf:
        ok |= array == np.inf
    if not ok.all():
        bad = float(array[~ok].flat[0])
        allowed = describe_range(lower, upper, open_lower=open_lower, open_upper=open_upper)
        raise ValueError(f"{name} must be {allowed}{' (or inf)' if allow_inf else ''}, got {bad!r} in {name}")
    return array


def integer(name: str, value: Any, lower: int | None = None, upper: int | None = None) -> int:
    """Return ``value`` as an int inside the closed interval, or raise."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {_show(value)}")
    value = int(value)
    if (lower is not None and value < lower) or (upper is not None and value > upper):
        bounds = [f">= {lower}"] if lower is not None else []
        bounds += [f"<= {upper}"] if upper is not None else []
        raise ValueError(f"{name} must be an integer {' and '.join(bounds)}, got {name}={value}")
    return value


def choice(name: str, value: Any, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of the allowed names, or raise."""
    names = list(allowed)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(map(repr, names))}, got {_show(value)}")
    if value not in names:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, names))}, got {name}={value!r}")
    return value


def path(name: str, value: Any) -> Path:
    """Return ``value`` as a path, or raise."""
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise TypeError(f"{name} must be a path, got {_show(value)}")
    return Path(value)


def store(frozen: Any, **values: Any) -> None:
    """Set fields of a frozen dataclass, from its ``__post_init__``, to what the checks returned."""
    for name, value in values.items():
        object.__setattr__(frozen, name, value)


def _show(value: Any) -> str:
    text = " ".join(repr(value).split())
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
