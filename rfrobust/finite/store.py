"""A file of finished replicates: SQLite in WAL mode, one row a replicate, committed as soon as it is computed."""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from ..support import validation
from ..support.errors import Error
from ..support.sources import source_digest

#: Marks the file as ours ("rfrb") and fixes the layout of its tables.
APPLICATION_ID = 0x72667262
LAYOUT = 2
#: Seconds to wait for other processes that write to the same file.
PATIENCE = 30.0

#: What SQLite raises; its message about a damaged file may itself be damaged text.
_FAILURES = (sqlite3.Error, UnicodeDecodeError)

#: What a row holds beside its checksum, all of it text.
_COLUMNS = ("key", "problem", "result", "code", "finished")


class StoreError(Error, OSError):
    """The file is not a store of this package, or is damaged."""


@lru_cache
def code_version() -> str:
    """Return a digest of the sources and libraries that decide the numbers; a change in any of them starts new rows."""
    parts = [source_digest("rfrobust.finite.replicate"), *(version(library) for library in ("numpy", "scipy"))]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def key_of(problem: dict[str, Any]) -> str:
    """Return the key of a replicate: the digest of its full problem, seed and code version."""
    text = json.dumps({**problem, "code": code_version()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(row: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(row).encode()).hexdigest()[:16]


class Store:
    """Finished replicates in one SQLite file; safe to kill at any moment and to read while it is written.

    Parameters
    ----------
    path : path-like
        The file; created if missing.
    read_only : bool, default False
        Open an existing file, which may be one that cannot be written, to look into it.

    Raises
    ------
    TypeError, ValueError
        If ``path`` is not the path of a file.
    StoreError
        If the file is no SQLite database, belongs to something else, is damaged, or cannot be opened.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False):
        self.path = validation.path("store", path)
        if str(self.path) == ":memory:" or str(self.path).startswith("file:"):
            raise ValueError(f"store must be the path of a file, which SQLite's names in memory are not, got {path!r}")
        if self.path.is_dir():
            raise StoreError(f"store must be a file, got the folder {self.path}")
        if read_only and not self.path.exists():
            raise StoreError(f"there is no store at {self.path}")
        if not self.path.parent.is_dir():
            raise StoreError(f"store: the folder {self.path.parent} does not exist")
        self._file = self.path.resolve()
        try:
            self._connection = self._open_to_read() if read_only else self._open_to_write()
        except _FAILURES as error:
            raise StoreError(f"{self.path} cannot be opened as a rfrobust store: {error}") from error
        self._identity = self._file.stat()

    def _open_to_write(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=PATIENCE)
        try:
            with connection:  # one transaction: other processes wait for it, and a kill leaves nothing of it
                connection.execute("BEGIN IMMEDIATE")
                if _is_empty(connection):
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {LAYOUT}")
                    columns = ", ".join(f"{name} TEXT NOT NULL" for name in (*_COLUMNS, "checksum"))
                    connection.execute(f"CREATE TABLE replicates ({columns}, PRIMARY KEY (key))")
            self._check(connection)
            _write_ahead(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_read(self) -> sqlite3.Connection:
        log = self._file.with_name(f"{self._file.name}-wal")
        unfolded = log.exists() and log.stat().st_size > 0
        # In WAL mode SQLite puts files beside the store even to read it, unless it is told that nobody writes.
        writable = os.access(self._file, os.W_OK) and os.access(self._file.parent, os.W_OK)
        mode = "mode=rw" if writable or unfolded else "immutable=1"
        connection = sqlite3.connect(f"{self._file.as_uri()}?{mode}", uri=True, timeout=PATIENCE)
        try:
            connection.execute("PRAGMA query_only = 1")
            self._check(connection)
        except BaseException as error:
            connection.close()
            if unfolded and not writable and isinstance(error, sqlite3.OperationalError):
                raise StoreError(f"{self.path} has rows in {log.name}: copy both to a writable folder") from error
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Raise if this is not a sound store of ours."""
        if _pragma(connection, "application_id") != APPLICATION_ID:
            what = "is empty" if _is_empty(connection) else "is a database of another program"
            raise StoreError(f"{self.path} {what}, not a rfrobust store")
        layout = _pragma(connection, "user_version")
        if layout != LAYOUT:
            raise StoreError(f"{self.path} has store layout {layout}; this version of rfrobust reads {LAYOUT}")
        verdict = _pragma(connection, "integrity_check(1)")
        if verdict != "ok":
            raise StoreError(f"{self.path} is damaged: {verdict}")
        connection.execute(f"SELECT {', '.join(_COLUMNS)}, checksum FROM replicates LIMIT 0")

    def add(self, rows: Iterable[tuple[dict[str, Any], dict[str, float]]]) -> None:
        """Commit finished replicates in one transaction; a replicate that is already there stays as it is."""
        finished = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        records = [
            (key_of(problem), json.dumps(problem, sort_keys=True), json.dumps(result), code_version(), finished)
            for problem, result in rows
        ]
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO replicates VALUES (?, ?, ?, ?, ?, ?)",
                    [(*record, _checksum(record)) for record in records],
                )
        except _FAILURES as error:
            raise StoreError(f"could not write to {self.path}: {error}") from error
        if not (self._file.exists() and os.path.samestat(self._file.stat(), self._identity)):
            raise StoreError(f"{self.path} was deleted or replaced while it was in use: what was saved in it is lost")

    def _query(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except _FAILURES as error:
            raise StoreError(f"{self.path} is damaged: {error}") from error

    def _rows(self, condition: str, *values: str) -> Iterator[dict[str, str]]:
        """Yield rows whose checksums are right, or raise."""
        query = f"SELECT {', '.join(_COLUMNS)}, checksum, rowid FROM replicates {condition}"
        for *row, checksum, place in self._query(query, *values):
            if not all(isinstance(text, str) for text in row) or _checksum(row) != checksum:
                raise StoreError(f"{self.path} is damaged: row {place} does not have its checksum")
            yield dict(zip(_COLUMNS, row, strict=True))

    def get(self, keys: Iterable[str]) -> dict[str, dict[str, float]]:
        """Return the results of those keys that are there."""
        return {row["key"]: json.loads(row["result"]) for key in keys for row in self._rows("WHERE key = ?", key)}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each replicate as one flat record: its problem, its result, the code version and the time."""
        for row in self._rows("ORDER BY rowid"):
            problem, result = json.loads(row["problem"]), json.loads(row["result"])
            yield {**problem, **result, "code": row["code"], "finished": row["finished"]}

    def __len__(self) -> int:
        return next(int(count) for (count,) in self._query("SELECT count(*) FROM replicates"))

    def __str__(self) -> str:
        return str(self.path)

    def table(self) -> pd.DataFrame:
        """All replicates as a flat table."""
        return pd.DataFrame(list(self))

    def close(self) -> None:
        """Close the file; the WAL is folded in."""
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _is_empty(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return tables == 0 and _pragma(connection, "application_id") == 0


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn WAL mode on, for which SQLite does not wait while other connections read."""
    end = time.monotonic() + PATIENCE
    while _pragma(connection, "journal_mode") != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return  # a file system without shared memory stays as it is
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
