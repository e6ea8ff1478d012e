"""Writing a parquet file row by row, in little memory, with columns added as rows bring new keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from verl_egca.data.row_place import RowPlace
from verl_egca.data.rows import Row

_ROWS, _CHARACTERS = 1024, 1 << 23  # at most, in a row group
_DEPTH = 30  # of nested values in a column


class ParquetFile:
    """The file appears whole, at `close`, or not at all.

    Missing keys, also within objects, become null, as do empty objects, which parquet lacks. A new part begins where a
    row brings a new key; `close` joins the parts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._schema = self._written = pa.schema([])
        self._waiting: list[Row] = []
        self._characters = 0
        self.rows = 0

    def add(self, row: Row, place: RowPlace) -> None:
        """Raises BadInput: a value's type differs from that of earlier rows, or parquet has no such type."""
        row = {key: _writable(value, place, key) for key, value in row.items()}
        self._schema = _grown(self._schema, row, place)
        self._waiting.append(row)
        self._characters += len(repr(row))
        self.rows += 1
        if len(self._waiting) >= _ROWS or self._characters >= _CHARACTERS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._end_part()
        if len(self._parts) > 1:
            parts, whole = list(self._parts), self._path.with_suffix(".partial")
            self._parts.append(whole)
            with pq.ParquetWriter(whole, self._schema) as writer:
                for rows in _row_groups(parts):
                    writer.write_table(_table(rows, self._schema))
            for part in parts:
                part.unlink()
            self._parts = [whole]
        self._parts.pop().replace(self._path)

    def discard(self) -> None:
        """Remove the written parts."""
        self._end_part()
        for part in self._parts:
            part.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._writer is None or self._schema != self._written:
            self._end_part()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(f".{len(self._parts)}.partial")
            self._parts.append(part)
            self._writer, self._written = pq.ParquetWriter(part, self._schema), self._schema
        self._writer.write_table(_table(self._waiting, self._schema))
        self._waiting, self._characters = [], 0

    def _end_part(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _grown(schema: pa.Schema, row: Row, place: RowPlace) -> pa.Schema:
    """The schema with the row's new columns. Raises BadInput."""
    fields = {field.name: field for field in schema}
    for key, value in row.items():
        try:
            kind = pa.array([value]).type
            if (known := fields.get(key)) is not None and known.type != kind:
                new = pa.schema([pa.field(key, kind)])
                kind = pa.unify_schemas([pa.schema([known]), new], promote_options="permissive").field(0).type
                pa.array([value], kind)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
            why = f"can't be written as parquet beside the rows before it ({error}); give it their type"
            raise place.bad(key, why) from None
        fields[key] = pa.field(key, kind)
    return pa.schema(fields.values())


def _table(rows: Iterable[Row], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema)


def _row_groups(parts: Iterable[Path]) -> Iterator[list[dict[str, Any]]]:
    for part in parts:
        with pq.ParquetFile(part) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number).to_pylist()


def _writable(value: Any, place: RowPlace, key: str, depth: int = 0) -> Any:
    """The value with null for empty objects. Raises BadInput."""
    if depth > _DEPTH:
        raise place.bad(key, f"is nested more than {_DEPTH} deep, which parquet's readers refuse; leave the row out")
    if isinstance(value, dict):
        return {name: _writable(item, place, key, depth + 1) for name, item in value.items()} or None
    if isinstance(value, list):
        return [_writable(item, place, key, depth + 1) for item in value]
    return value
