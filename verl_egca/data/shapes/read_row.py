"""A row as plain values, and the mapping in it that holds its tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from verl_egca.data.json_text import read_json, unwrapped
from verl_egca.data.plain_values import plain, says_nothing
from verl_egca.data.row_place import RowPlace
from verl_egca.data.rows import BadInput, Row

TRUTH = "reward_model.ground_truth"


@dataclass(frozen=True, slots=True)
class ReadRow:
    """``tests`` is the mapping that holds the tests, ``key`` its key in ``row``; "" is the row itself.

    Both hold plain values (`plain`); ``tests`` has no null values.
    """

    row: Row
    tests: Row
    key: str
    place: RowPlace

    def bad(self, key: str | None, problem: str) -> BadInput:
        """An error at a key of the tests."""
        return self.place.bad(".".join(part for part in (self.key, key) if part) or None, problem)

    def text(self, key: str, *, required: bool = True) -> str:
        """The tests' string under ``key``; "" if it is missing and not required. Raises BadInput."""
        value = self.tests.get(key)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise self.bad(key, f"{self._found(key)}; a string is wanted")
        return value

    def list(self, key: str) -> list[Any]:
        """The tests' list under ``key``, also from JSON text. Raises BadInput."""
        value = self.value(key)
        if not isinstance(value, list):
            raise self.bad(key, f"{self._found(key)}; a list is wanted")
        return value

    def value(self, key: str) -> Any:
        """The value under ``key``, also from JSON text. Raises BadInput."""
        value = self.tests.get(key)
        try:
            return unwrapped(value)
        except ValueError as error:
            raise self.bad(key, f"is not JSON ({error})") from None

    def within(self, key: str, tests: Mapping[str, Any]) -> ReadRow:
        """The same row, with the mapping under ``key`` as its tests."""
        below = ".".join(part for part in (self.key, key) if part)
        return ReadRow(self.row, present(tests), below, self.place)

    def said(self, *keys: str) -> Iterator[tuple[str, Any]]:
        """Values under the keys, with their places: beside the tests, in the row, its metadata or extra_info."""
        for prefix, mapping in self._mappings():
            for key in keys:
                if not says_nothing(value := mapping.get(key)):
                    yield (f"{prefix}.{key}" if prefix else key), value

    def _mappings(self) -> Iterator[tuple[str, Row]]:
        yield self.key, self.tests
        if self.key:
            yield "", self.row
        for name in ("metadata", "meta", "extra_info"):
            for prefix, mapping in ((self.key, self.tests), ("", self.row)):
                inner = mapping.get(name)
                if isinstance(inner, str):
                    inner = _object(inner)
                if isinstance(inner, dict) and not (name == "extra_info" and self.key == "extra_info"):
                    yield (f"{prefix}.{name}" if prefix else name), inner
                if not self.key:
                    break

    def _found(self, key: str) -> str:
        return "is missing" if key not in self.tests else f"is {type(self.tests[key]).__name__}"


def read_row(row: Mapping[str, Any], place: RowPlace) -> Row:
    """The row as plain values; ``reward_model`` and ``extra_info`` are objects, also from JSON text.

    Raises:
        BadInput: one of these two is another value.
    """
    read: Row = plain(row)
    for key in ("reward_model", "extra_info"):
        value = read.get(key)
        if isinstance(value, str) and value.strip():
            try:
                value = unwrapped(value)
            except ValueError as error:
                raise place.bad(key, f"is not JSON ({error}); an object is wanted") from None
        if says_nothing(value):
            value = {}
        if not isinstance(value, dict):
            raise place.bad(key, f"is {type(value).__name__}; an object is wanted")
        if key in read:
            read[key] = value
    return read


def present(mapping: Mapping[str, Any]) -> Row:
    """The mapping without null values, which tables have for the columns of other rows."""
    return {key: value for key, value in mapping.items() if not _is_null(value)}


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _object(text: str) -> Row | None:
    try:
        found = read_json(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
