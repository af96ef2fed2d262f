"""Numba compilation with an on-disk cache that works from any install and is never stale."""

import atexit
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import numba
from numba.extending import overload

_PACKAGE = Path(__file__).parents[1]
_config: Any = numba.config


def _writable(folder: Path) -> bool:
    """Try, as Numba does, whether files can be made in a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _private(folder: Path) -> bool:
    """Make a folder, or say whether it is our own and nobody else can write to it: Numba unpickles code from it."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()  # not what a link points to
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _secure_cache() -> bool:
    """Give Numba a writable cache folder when none of its own choices is one; say whether there is any.

    Numba caches in NUMBA_CACHE_DIR, beside the source, else in the user's cache folder, and refuses to compile cached
    functions where it can write to none (a read-only install run by a user without a home).

    Raises
    ------
    ValueError
        If NUMBA_CACHE_DIR is given and cannot be written to.
    """
    if _config.CACHE_DIR:
        if not _writable(Path(_config.CACHE_DIR)):
            raise ValueError(f"NUMBA_CACHE_DIR must be a folder that can be written to, got {_config.CACHE_DIR!r}")
        return True
    home = os.path.expanduser("~")  # "~" itself for a user without home and without entry in the list of users
    user_cache = os.environ.get("XDG_CACHE_HOME") or (None if home == "~" else f"{home}/.cache")
    if _writable(_PACKAGE / "__pycache__") or (user_cache is not None and _writable(Path(user_cache) / "numba")):
        return True
    try:
        folder = Path(tempfile.gettempdir()) / f"rfrobust-numba-{os.getuid() if hasattr(os, 'getuid') else 0}"
        if not (hasattr(os, "getuid") and _private(folder) and _writable(folder)):
            folder = Path(tempfile.mkdtemp(prefix="rfrobust-numba-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
    except OSError:  # nothing can be written anywhere: every process compiles for itself
        return False
    _config.CACHE_DIR = str(folder)
    return True


_CACHE = _secure_cache()


def _kernel_digest() -> str:
    """Hash every source of the package that defines kernels."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if b"jit import" in source:
            digest.update(source)
    return digest.hexdigest()


_DIGEST = _kernel_digest()
_NONE = numba.types.NoneType
_TRIPLE = numba.types.UniTuple(numba.float64, 3)(numba.float64)


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    if _config.DISABLE_JIT:
        return function
    dispatcher: Any = numba.njit(cache=_CACHE, nogil=True, error_model="numpy", **options)(function)
    # Numba drops a cached kernel when its own file changes, but not when a kernel that it calls and inlines does;
    # stamping every cache entry with the digest of all kernel sources closes that hole.
    if _CACHE:
        dispatcher._cache._cache_file._source_stamp = _DIGEST
    return dispatcher


def function_pointer(function: Callable[[float], tuple[float, float, float]]) -> Any:
    """Compile a function of one number that returns three, to be passed to kernels, which are the same for all of them.

    Raises
    ------
    TypeError
        If Numba cannot compile it.
    """
    if _config.DISABLE_JIT:
        return function
    own = _CACHE and function.__module__.startswith(f"{_PACKAGE.name}.")  # elsewhere there may be no file
    try:
        pointer: Any = numba.cfunc(_TRIPLE, cache=own)(function)
    except numba.errors.NumbaError as error:
        raise TypeError(f"{function.__qualname__} must be a function that Numba compiles: {error}") from error
    return pointer


def njit(function: Callable[..., Any]) -> Any:
    """Compile a pure kernel: IEEE division, no GIL, cached on disk."""
    return _compiled(function)


def inner(function: Callable[..., Any]) -> Any:
    """Compile a kernel that only kernels call: without entry from Python it compiles in half the time."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def either(name: str, if_none: Any, otherwise: Any) -> Any:
    """Return a kernel that is ``if_none`` where the argument ``name`` is None, else ``otherwise``; both take the same.

    Numba drops a branch for values that are not None only after it was compiled.
    """
    if _config.DISABLE_JIT:
        place = list(signature(if_none).parameters).index(name)
        return lambda *arguments: (if_none if arguments[place] is None else otherwise)(*arguments)
    names = list(signature(if_none.py_func).parameters)
    place = names.index(name)

    def kernel(*arguments: Any) -> Any:
        raise NotImplementedError  # a name for Numba, which compiles one of the two

    def of_types(chosen: Any) -> Any:
        return lambda *types: chosen(*types)

    # Numba wants both signatures alike, to the names and the annotations
    overload(kernel)(lambda *types: of_types(if_none if isinstance(types[place], _NONE) else otherwise))
    return kernel
