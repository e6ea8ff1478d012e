"""Rows of a file: JSON lines or one JSON list, plain or ``.gz``, or parquet; errors name the file, the row and the key."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class BadInput(ValueError):
    """Something in an input file is wrong: which file, which row (from 1), which key, and what to do."""

    def __init__(self, path: Path | str, row: int | None, key: str | None, problem: str) -> None:
        self.path, self.row, self.key, self.problem = path, row, key, problem
        where = f"{path}" + (f", row {row}" if row is not None else "") + (f", key {key!r}" if key else "")
        super().__init__(f"{where}: {problem}")


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """(number from 1, row) of each row that is not blank. Raises BadInput."""
    try:
        if path.suffix == ".parquet":
            yield from _parquet_rows(path)
            return
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as file:
            if path.name.removesuffix(".gz").endswith(".json"):
                yield from _list_rows(path, file.read())
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, json_row(path, number, line)
    except FileNotFoundError:
        raise BadInput(path, None, None, "there is no such file") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadInput(
            path, None, None, f"can't be read ({error}); JSON lines or a .json list in UTF-8, .gz or .parquet is wanted"
        ) from None


def text_of(path: Path, number: int, row: Row, key: str, *, required: bool = True) -> str:
    """The row's string under ``key``. Raises BadInput; absent or null is "" if it is not required."""
    value = row.get(key)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        found = "is missing" if key not in row else f"is {type(value).__name__}"
        raise BadInput(path, number, key, f"{found}; a string is wanted")
    return value


def list_of(path: Path, number: int, row: Row, key: str) -> list[Any]:
    """The row's list under ``key``. Raises BadInput."""
    value = row.get(key)
    if not isinstance(value, list):
        found = "is missing" if key not in row else f"is {type(value).__name__}"
        raise BadInput(path, number, key, f"{found}; a list is wanted")
    return value


def _list_rows(path: Path, text: str) -> Iterator[tuple[int, Row]]:
    """MBPP's sanitized-mbpp.json is one list."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            path, None, None, f"is not JSON ({error}); a list of objects is wanted, or lines in .jsonl"
        ) from None
    if not isinstance(rows, list):
        raise BadInput(path, None, None, f"is a JSON {type(rows).__name__}; a list of objects is wanted")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadInput(path, number, None, f"is a JSON {type(row).__name__}; an object is wanted")
        yield number, row


def json_row(path: Path, number: int, line: str) -> Row:
    """One line of a file of JSON lines. Raises BadInput."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(path, number, None, f"is not JSON ({error}); one JSON object a line is wanted") from None
    if not isinstance(row, dict):
        raise BadInput(path, number, None, f"is a JSON {type(row).__name__}; an object is wanted")
    return row


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise BadInput(path, None, None, f"is not parquet ({error})") from None
    yield from enumerate(table.to_pylist(), 1)
