"""The one way of this package to write a file: it appears whole or not at all; and seals that tell a damaged one."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: What follows the content of a sealed file, before its SHA-256.
_SEAL = b"rfrobust sha256:"


def sealed(content: bytes) -> bytes:
    """Return content with its digest after it, which readers of NetCDF do not look at."""
    return content + _SEAL + hashlib.sha256(content).digest()


def is_damaged(content: bytes) -> bool:
    """Return whether content has a seal that does not fit; a file without seal may be another program's."""
    start = content.rfind(_SEAL, max(len(content) - 64, 0))
    return start >= 0 and hashlib.sha256(content[:start]).digest() != content[start + len(_SEAL) :]


def check_target(path: Path) -> None:
    """Raise a ``ValueError`` if a file could not be written there; commands ask before any work starts."""
    if path.is_dir():
        raise ValueError(f"the file must not be a folder, got {path}")
    if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
        raise ValueError(f"the file must be a plain file that may be written, got {path}")
    folder = next(parent for parent in path.resolve().parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise ValueError(f"the file must be in a writable folder, got {path}")


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a binary file that takes the place of ``path`` when the ``with`` block ends without an error.

    It is written beside ``path``, synced to the disk and renamed, so that an error, a full disk, an interrupt or a kill
    leaves what was there before. Missing folders are made, a link keeps pointing to its file.

    Raises
    ------
    ValueError
        If ``path`` is not the place of a file that may be written.
    OSError
        If writing fails; the error names ``path``.
    """
    check_target(path)
    target = path.resolve()
    beside = target.with_name(f".{target.stem[:40]}.{secrets.token_hex(4)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        os.replace(beside, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        beside.unlink(missing_ok=True)  # still there after any failure
    if os.name == "posix":  # the rename, too, has to reach the disk
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_text(text: str, path: Path) -> None:
    """Write a text in UTF-8."""
    with replacing(path) as file:
        file.write(text.encode())
