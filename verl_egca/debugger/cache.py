"""Answers on disk, by a hash of what was asked: one SQLite file, which processes may share.

It holds no questions, only answers' texts, which whoever reads them validates as if a server had just sent them. Without
write-ahead log, which no network file system has, and without waiting for the disk: what a crash of the machine costs
are answers that can be asked for again. (diskcache would be the library for this; it unpickles what a row tells it to,
its JSONDisk too, and a cache that others can write to is not to be trusted that far.)
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

FILE = "answers-1.sqlite"
_WAIT_S = 0.5  # for another process that writes


class AnswerCache:
    """For all threads of a process. Never an error: a file that can't be used is a cache without answers, and a warning.

    Past ``most_bytes`` the oldest answers go: those to programs that the policy no longer writes.
    """

    def __init__(self, folder: str, most_bytes: int) -> None:
        self._file = Path(folder).expanduser() / FILE
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._usable = True

    def get(self, key: str) -> str | None:
        found = None
        with self._lock:
            try:
                if self._usable:
                    found = self._open().execute("SELECT text FROM answers WHERE key = ?", [key]).fetchone()
            except (sqlite3.Error, OSError) as error:
                self._excuse(error)
        return found[0] if found is not None and isinstance(found[0], str) else None

    def put(self, key: str, text: str) -> None:
        if 10 * len(text) > self._most_bytes:
            return
        with self._lock:
            try:
                if self._usable:
                    self._open().execute("INSERT OR REPLACE INTO answers (key, text) VALUES (?, ?)", [key, text])
                    self._shrink()
            except (sqlite3.Error, OSError) as error:
                self._excuse(error)

    def close(self) -> None:
        with self._lock:
            self._usable = False
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            one = sqlite3.connect(self._file, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
            try:
                one.execute("PRAGMA synchronous = OFF")
                one.execute(
                    "CREATE TABLE IF NOT EXISTS answers (number INTEGER PRIMARY KEY, key TEXT UNIQUE, text TEXT)"
                )
            except sqlite3.Error:
                one.close()
                raise
            self._connection = one
        return self._connection

    def _shrink(self) -> None:
        while self._used() > self._most_bytes:
            gone = self._open().execute(
                "DELETE FROM answers WHERE number IN (SELECT number FROM answers ORDER BY number"
                " LIMIT (SELECT COUNT(*) / 10 + 1 FROM answers))"
            )
            if not gone.rowcount:
                return

    def _used(self) -> int:
        """Bytes of the file that hold something; what was deleted is used again before the file grows."""
        pages, free, size = (
            self._open().execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _excuse(self, error: Exception) -> None:
        """For whoever holds the lock."""
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return  # the next one will find it free
        self._usable = False
        logger.warning(
            "egca: %s can't be used, so that no answers are kept: %s. Remove it to begin anew", self._file, error
        )
