"""A file of finished replicates: SQLite in WAL mode, one row a replicate, committed as soon as it is computed."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from ..support.errors import Error
from ..support.sources import source_digest

#: Marks the file as ours ("rfrb") and fixes the layout of its tables.
APPLICATION_ID = 0x72667262
LAYOUT = 1


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


class Store:
    """Finished replicates in one SQLite file; safe to kill at any moment and to read while it is written.

    Parameters
    ----------
    path : path-like
        The file; created if missing.
    must_exist : bool, default False
        Refuse to create it.

    Raises
    ------
    StoreError
        If the file is no SQLite database, belongs to something else, or is damaged.
    """

    def __init__(self, path: str | Path, *, must_exist: bool = False):
        self.path = Path(path)
        if must_exist and not self.path.is_file():
            raise StoreError(f"there is no store at {self.path}")
        if not self.path.parent.is_dir():
            raise StoreError(f"store: the folder {self.path.parent} does not exist")
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path} is not a readable rfrobust store: {error}") from error

    def _open(self) -> None:
        self._connection = sqlite3.connect(self.path, timeout=30.0)
        cursor = self._connection
        identity = cursor.execute("PRAGMA application_id").fetchone()[0]
        tables = cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if identity == 0 and tables == 0:
            cursor.execute("PRAGMA journal_mode = WAL")
            with self._connection:
                cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                cursor.execute(f"PRAGMA user_version = {LAYOUT}")
                cursor.execute(
                    "CREATE TABLE IF NOT EXISTS replicates (key TEXT PRIMARY KEY, problem TEXT NOT NULL,"
                    " result TEXT NOT NULL, code TEXT NOT NULL, finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"
                )
            return
        if identity != APPLICATION_ID:
            raise StoreError(f"{self.path} is a database of another program, not a rfrobust store")
        layout = cursor.execute("PRAGMA user_version").fetchone()[0]
        if layout != LAYOUT:
            raise StoreError(f"{self.path} has store layout {layout}; this version of rfrobust reads {LAYOUT}")
        verdict = cursor.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreError(f"{self.path} is damaged: {verdict}")

    def add(self, rows: Iterable[tuple[dict[str, Any], dict[str, float]]]) -> None:
        """Commit finished replicates in one transaction; a replicate that is already there stays as it is."""
        records = [
            (key_of(problem), json.dumps(problem, sort_keys=True), json.dumps(result), code_version())
            for problem, result in rows
        ]
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO replicates (key, problem, result, code) VALUES (?, ?, ?, ?)", records
                )
        except sqlite3.DatabaseError as error:
            raise StoreError(f"could not write to {self.path}: {error}") from error

    def get(self, keys: Iterable[str]) -> dict[str, dict[str, float]]:
        """Return the results of those keys that are there."""
        found = {}
        try:
            for key in keys:
                row = self._connection.execute("SELECT result FROM replicates WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = json.loads(row[0])
        except (sqlite3.DatabaseError, ValueError) as error:
            raise StoreError(f"{self.path} is damaged: {error}") from error
        return found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each replicate as one flat record: its problem, its result, the code version and the time."""
        query = "SELECT problem, result, code, finished FROM replicates ORDER BY rowid"
        try:
            for problem, result, code, finished in self._connection.execute(query):
                yield {**json.loads(problem), **json.loads(result), "code": code, "finished": finished}
        except (sqlite3.DatabaseError, ValueError) as error:
            raise StoreError(f"{self.path} is damaged: {error}") from error

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM replicates").fetchone()[0])

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
