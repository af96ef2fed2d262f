"""Numba compilation with an on-disk cache that works from any install and is never stale."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_PACKAGE = Path(__file__).parents[1]
_config: Any = numba.config


def _writable(folder: Path) -> bool:
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _secure_cache() -> None:
    """Give Numba a writable cache folder when neither of its own choices is one.

    Numba caches beside the source, else in the user's cache folder, and refuses to compile cached functions
    where it can write to neither (a read-only install run by a user without a home).
    """
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    if _config.CACHE_DIR or _writable(_PACKAGE / "__pycache__") or _writable(user_cache / "numba"):
        return
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"rfrobust-numba-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != owner or folder.stat().st_mode & 0o077:  # Numba unpickles code from there
        folder = Path(tempfile.mkdtemp(prefix="rfrobust-numba-"))
    _config.CACHE_DIR = str(folder)


_secure_cache()


def _kernel_digest() -> str:
    """Hash every source of the package that defines kernels."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if b"jit import" in source:
            digest.update(source)
    return digest.hexdigest()


_DIGEST = _kernel_digest()


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    if _config.DISABLE_JIT:
        return function
    dispatcher: Any = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    # Numba drops a cached kernel when its own file changes, but not when a kernel that it calls and inlines does;
    # stamping every cache entry with the digest of all kernel sources closes that hole.
    dispatcher._cache._cache_file._source_stamp = _DIGEST
    return dispatcher


def njit(function: Callable[..., Any]) -> Any:
    """Compile a pure kernel: IEEE division, no GIL, cached on disk."""
    return _compiled(function)


def inner(function: Callable[..., Any]) -> Any:
    """Compile a kernel that only kernels call: without entry from Python it compiles in half the time."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)
