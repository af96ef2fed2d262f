"""One validator for every public argument: the message names the argument, its value and what is allowed.

A wrong kind of value (a string, a complex number, a boolean, a date) is a ``TypeError``; a value out of range, of
the wrong shape or not a number is a ``ValueError``.
"""

import inspect
import math
import numbers
import os
import types
from collections.abc import Callable, Iterable
from functools import cache, wraps
from pathlib import Path
from types import NoneType
from typing import Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

#: What has integers inside and is none.
_DATES = np.datetime64 | np.timedelta64
#: Largest integer that arrays, files and databases hold.
LARGEST_INTEGER = 2**63 - 1
#: Independent draws of one call: all of them are listed before the first is made.
MOST_REPLICATES = 1_000_000


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
    allow_zero: bool = False,
) -> float:
    """Return ``value`` as a float inside the interval, or raise.

    ``allow_inf`` admits ``+inf`` (``psi2 = inf``) and ``allow_zero`` 0 outside the interval.
    """
    if type(value) is not float:
        if getattr(value, "ndim", None) == 0 and not isinstance(value, np.ma.MaskedArray | _DATES):
            value = value.item()  # NumPy scalars, 0-d arrays of any library
        if isinstance(value, bool | np.bool_ | _DATES) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} must be a real number, got {_show(value)}")
        try:
            value = float(value)
        except OverflowError:  # an integer that is neither in the interval nor infinite
            allow_inf, value = False, math.inf if value > 0 else -math.inf
    excepted = (allow_inf and value == math.inf) or (allow_zero and value == 0.0)
    if not excepted and not (math.isfinite(value) and _inside(value, lower, upper, open_lower, open_upper)):
        allowed = describe_range(lower, upper, open_lower=open_lower, open_upper=open_upper)
        raise ValueError(f"{name} must be {allowed}{_exceptions(allow_inf, allow_zero)}, got {name}={value!r}")
    return value


def _exceptions(allow_inf: bool, allow_zero: bool) -> str:
    return f"{' (or inf)' if allow_inf else ''}{' (or 0)' if allow_zero else ''}"


def as_array(name: str, value: Any) -> np.ndarray:
    """Return ``value`` as an array of whatever kind, or raise if it is ragged or masked."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array without mask, got a masked array; fill or drop masked values")
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise TypeError(f"{name} must be an array of real numbers, got {_show(value)}") from error


def real_array(
    name: str,
    value: Any,
    lower: float = -math.inf,
    upper: float = math.inf,
    *,
    open_lower: bool = False,
    open_upper: bool = False,
    allow_inf: bool = False,
    allow_zero: bool = False,
    ndim: int | tuple[int, ...] | None = None,
    shape: tuple[int | None, ...] | None = None,
    finite: bool = True,
) -> np.ndarray:
    """Return ``value`` as a non-empty float array inside the interval, or raise.

    ``ndim`` is the number (or the allowed numbers) of dimensions; ``shape`` fixes lengths, ``None`` being free. Without
    ``finite`` only kind and shape are checked: what a diverging run computes is for the run to report.
    """
    raw = as_array(name, value)
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
    if not finite:
        return array
    ok = np.isfinite(array) & _inside(array, lower, upper, open_lower, open_upper)
    if allow_inf:
        ok |= array == np.inf
    if allow_zero:
        ok |= array == 0.0
    if not ok.all():
        bad = float(array[~ok].flat[0])
        allowed = describe_range(lower, upper, open_lower=open_lower, open_upper=open_upper)
        raise ValueError(f"{name} must be {allowed}{_exceptions(allow_inf, allow_zero)}, got {bad!r} in {name}")
    return array


def per_sample(name: str, value: Any, n: int) -> np.ndarray:
    """Return one nonnegative number, or one for each of n samples, as an array of shape (n,), or raise."""
    array = real_array(name, value, 0, ndim=(0, 1))
    return real_array(name, np.full(n, array) if array.ndim == 0 else array, 0, shape=(n,))


def integer(name: str, value: Any, lower: int | None = None, upper: int | None = None) -> int:
    """Return ``value`` as an int inside the closed interval, or raise."""
    if isinstance(value, bool | np.bool_ | np.timedelta64) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {_show(value)}")
    value = int(value)
    if abs(value) > LARGEST_INTEGER:
        raise ValueError(f"{name} must be an integer of at most 63 bits, got one of {value.bit_length()} bits")
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


def instance(name: str, value: Any, kind: Any) -> Any:
    """Return ``value`` if it is of this type, or of one of these, or raise."""
    # a class's own instances are recognised without the slow check of abstract classes
    if kind not in type(value).__mro__ and not isinstance(value, kind):
        kinds = [one for one in (kind if isinstance(kind, tuple) else (kind,)) if one is not NoneType]
        allowed = " or ".join("callable" if one is Callable else f"of type {one.__name__}" for one in kinds)
        raise TypeError(f"{name} must be {allowed}, got {_show(value)}")
    return value


def listed(name: str, value: Any, *, empty: bool = True) -> list[Any]:
    """Return the entries of a sequence that is no text, or raise; ``empty`` says whether it may be."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        raise TypeError(f"{name} must be a sequence, got {_show(value)}")
    entries = list(value)
    if not (entries or empty):
        raise ValueError(f"{name} must not be empty, got {_show(value)}")
    return entries


def typed(function: Callable[P, T]) -> Callable[P, T]:
    """Check those arguments of a function that it annotates with classes of objects, ``Callable`` or ``bool``.

    Numbers, texts, paths and arrays have checks of their own, which know what is allowed.
    """
    names = list(inspect.signature(function).parameters)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        kinds = _kinds(function)
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in kinds:
                instance(name, value, kinds[name])
        return function(*args, **kwargs)

    return checked


@cache
def _kinds(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the classes of the arguments that :func:`typed` checks."""
    found = {}
    for name, hint in get_type_hints(function).items():
        options = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kinds = tuple(get_origin(option) or option for option in options)
        kinds += (np.bool_,) if bool in kinds else ()
        if all(kind is NoneType or _is_object(kind) for kind in kinds):
            found[name] = kinds if len(kinds) > 1 else kinds[0]
    return found


def _is_object(kind: Any) -> bool:
    ours = getattr(kind, "__module__", "").partition(".")[0] in (__name__.partition(".")[0], "xarray")
    return kind in (bool, np.bool_, Callable, np.random.Generator) or (ours and isinstance(kind, type))


def path(name: str, value: Any) -> Path:
    """Return ``value`` as a path, or raise."""
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise TypeError(f"{name} must be a path, got {_show(value)}")
    if "\0" in str(value):
        raise ValueError(f"{name} must be a path, which no null character is part of, got {_show(value)}")
    return Path(value)


def store(frozen: Any, **values: Any) -> None:
    """Set fields of a frozen dataclass, from its ``__post_init__``, to what the checks returned."""
    for name, value in values.items():
        object.__setattr__(frozen, name, value)


def _show(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an integer of thousands of digits, for one, has no text
        text = "a value"
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
