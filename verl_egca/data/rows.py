"""Rows of a file: JSON lines or one JSON list, plain or ``.gz``, or parquet; errors name the file, the row and the key.

The content decides between lines and a list: the hub has JSON lines in files named ``.json``.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import IO, Any

from verl_egca.data.json_text import read_first, read_json

_CHUNK = 1 << 20  # bytes or characters
_BATCH = 16  # rows of parquet: some data sets have rows of 100 MB
Row = dict[str, Any]


class BadInput(ValueError):
    """An input file is wrong: file, row (from 1), key, and what to do."""

    def __init__(self, path: Path | str, row: int | None, key: str | None, problem: str) -> None:
        self.path, self.row, self.key, self.problem = path, row, key, problem
        where = f"{path}" + (f", row {row}" if row is not None else "") + (f", key {key!r}" if key else "")
        super().__init__(f"{where}: {problem}")


def read_rows(path: Path, skipped: Callable[[BadInput], None] | None = None) -> Iterator[tuple[int, Row]]:
    """(number from 1, row) of each row that is not blank; holds little of the file at a time.

    Args:
        skipped: gets the error of each line or item that is not a JSON object, which else is raised.

    Raises:
        BadInput: the file can't be read, or a row of it.
    """

    def bad(error: BadInput) -> None:
        if skipped is None:
            raise error
        skipped(error)

    try:
        if path.suffix == ".parquet":
            yield from _parquet_rows(path)
            return
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig") as file:
            head = ""
            while not head.strip() and (chunk := file.read(_CHUNK)):
                head += chunk
            if head.lstrip()[:1] == "[" and not _is_json_line(head):
                yield from _list_rows(path, file, head, bad)
            else:
                yield from _line_rows(path, file, head, bad)
    except FileNotFoundError:
        raise BadInput(path, None, None, "there is no such file") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise BadInput(
            path, None, None, f"can't be read ({error}); JSON lines or a .json list in UTF-8, .gz or .parquet is wanted"
        ) from None


def _line_rows(path: Path, file: IO[str], head: str, bad: Callable[[BadInput], None]) -> Iterator[tuple[int, Row]]:
    """JSON lines; ``head`` is the part of the file that was read already."""
    head += file.readline()
    for number, line in enumerate(chain(StringIO(head), file), 1):
        if not line.strip():
            continue
        try:
            row = json_row(path, number, line)
        except BadInput as error:
            bad(error)
        else:
            yield number, row


def _list_rows(path: Path, file: IO[str], head: str, bad: Callable[[BadInput], None]) -> Iterator[tuple[int, Row]]:
    """One JSON list (MBPP's sanitized-mbpp.json), an object at a time."""
    text, number = head.lstrip()[1:].lstrip(), 0
    while True:
        if not text:
            text = file.read(_CHUNK).lstrip()
        if not text:
            raise BadInput(
                path, number or None, None, "is not JSON (the list does not end); a list of objects is wanted"
            )
        if text[0] == "]":
            return
        number += 1
        row, text = _first_of_list(path, number, text, file)
        if isinstance(row, dict):
            yield number, row
        else:
            bad(BadInput(path, number, None, f"is a JSON {type(row).__name__}; an object is wanted"))


def _first_of_list(path: Path, number: int, text: str, file: IO[str]) -> tuple[Any, str]:
    """The next value of a list, and the text after it and its comma."""
    while True:
        try:
            value, end = read_first(text)
            rest = text[end:].lstrip()
            if rest[:1] == ",":
                return value, rest[1:].lstrip()
            if rest[:1] == "]":
                return value, rest
            why, more = f"{rest[:20]!r} follows a value", "" if rest else file.read(_CHUNK)
        except ValueError as error:
            why, more = str(error), file.read(max(_CHUNK, len(text)))  # twice the text, for few tries
        if not more:
            raise BadInput(path, number, None, f"is not JSON ({why}); a list of objects is wanted, or lines in .jsonl")
        text += more


def _is_json_line(head: str) -> bool:
    """Whether the first line is a whole value, as in JSON lines, and not the beginning of a list over lines."""
    line, end, rest = head.lstrip().partition("\n")
    try:
        read_json(line)
    except ValueError:
        return False
    return bool(end and rest.strip())


def json_row(path: Path, number: int, line: str) -> Row:
    """One line of a file of JSON lines. Raises BadInput."""
    try:
        row = read_json(line)
    except ValueError as error:
        raise BadInput(path, number, None, f"is not JSON ({error}); one JSON object a line is wanted") from None
    if not isinstance(row, dict):
        raise BadInput(path, number, None, f"is a JSON {type(row).__name__}; an object is wanted")
    return row


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path, buffer_size=_CHUNK, pre_buffer=False) as file:
            for batch in file.iter_batches(_BATCH, use_threads=False):
                for at in range(batch.num_rows):  # not all of them as Python's objects at once
                    number += 1
                    yield number, batch.slice(at, 1).to_pylist()[0]
    except pa.ArrowException as error:
        why = "is not parquet" if number == 0 else "can't be read from here on"
        raise BadInput(path, number or None, None, f"{why} ({error})") from None
