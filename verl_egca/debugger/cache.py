"""Answers on disk, by a hash of the question: one SQLite file, which processes may share.

It holds no questions, only the texts of answers, which its readers validate like a server's. It uses no write-ahead
log, which network file systems lack, and does not wait for the disk: a crash of the machine only costs answers. Not
diskcache: it unpickles values, JSONDisk too, and others may write to the cache.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

FILE = "answers-1.sqlite"
_WAIT_S = 0.5  # for another process's write


class AnswerCache:
    """For all threads of a process. Raises no errors: an unusable file causes a warning, and holds no answers.

    Past ``most_bytes`` it drops the oldest answers: those to programs that the policy no longer writes.
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
        """Bytes of the file in use; SQLite reuses deleted pages before the file grows."""
        pages, free, size = (
            self._open().execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _excuse(self, error: Exception) -> None:
        """Warn, and stop using the file. The caller holds the lock."""
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return  # a later call may succeed
        self._usable = False
        logger.warning(
            "egca: %s can't be used, and keeps no answers: %s. Remove the file to repair it", self._file, error
        )
