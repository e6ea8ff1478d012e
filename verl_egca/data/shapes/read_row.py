"""A row with what it says read, and the mapping in it that holds its tests."""

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
    """``tests`` is the mapping that holds the tests, ``key`` where it stands in ``row``; "" is the row itself.

    Both hold plain values (`plain`), and the tests no key whose value says nothing.
    """

    row: Row
    tests: Row
    key: str
    place: RowPlace

    def bad(self, key: str | None, problem: str) -> BadInput:
        """An error of a key beside the tests."""
        return self.place.bad(".".join(part for part in (self.key, key) if part) or None, problem)

    def text(self, key: str, *, required: bool = True) -> str:
        """The tests' string under ``key``; "" if it says nothing and isn't required. Raises BadInput."""
        value = self.tests.get(key)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise self.bad(key, f"{self._found(key)}; a string is wanted")
        return value

    def list(self, key: str) -> list[Any]:
        """The tests' list under ``key``, or the list that the text there holds. Raises BadInput."""
        value = self.value(key)
        if not isinstance(value, list):
            raise self.bad(key, f"{self._found(key)}; a list is wanted")
        return value

    def value(self, key: str) -> Any:
        """What stands under ``key``, read if it is JSON text. Raises BadInput."""
        value = self.tests.get(key)
        try:
            return unwrapped(value)
        except ValueError as error:
            raise self.bad(key, f"is not JSON ({error})") from None

    def within(self, key: str, tests: Mapping[str, Any]) -> ReadRow:
        """The same row, with a mapping that it holds under ``key`` as what holds the tests."""
        below = ".".join(part for part in (self.key, key) if part)
        return ReadRow(self.row, present(tests), below, self.place)

    def said(self, *keys: str) -> Iterator[tuple[str, Any]]:
        """Each value that is under one of the keys, with its place: beside the tests, in the row, its metadata or extra_info."""
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
    """The row as plain values; ``reward_model`` and ``extra_info`` as objects, though they be JSON text.

    Raises:
        BadInput: one of the two is something else.
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
    """Without the keys that a table has for other rows only."""
    return {key: value for key, value in mapping.items() if not _is_null(value)}


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _object(text: str) -> Row | None:
    try:
        found = read_json(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
