"""Linked objects that cross between the judge and a program's process by their fields: nodes of lists, trees and graphs.

An object of a class that both sides have by one name is a row of a table: its class's name and its fields, in which other
such objects stand as numbers of rows. So shared and cyclic structures keep their shape, and none is too long. The table of a
call goes on in its answer: an object that was sent and comes back is the same object to the test.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MemberDescriptorType
from typing import Any

Row = list[Any]  # a class's name, and the fields by name as `values.codec.encode` has them
_METHODS = frozenset(
    "__init__ __post_init__ __repr__ __str__ __eq__ __ne__ __hash__".split()
)  # of what is data all the same
_OF_LEETCODE = {"ListNode": ("val", "next"), "TreeNode": ("val", "left", "right")}


class NodeTable:
    """Objects by number. ``objects`` are those that it begins with."""

    __slots__ = ("_numbers", "objects")

    def __init__(self, objects: Sequence[Any] = ()) -> None:
        self.objects = list(objects)
        self._numbers = {id(each): number for number, each in enumerate(objects)}

    def reference(self, value: Any) -> dict[str, int]:
        """What stands for an object in a field or an answer."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self.objects)
            self.objects.append(value)  # kept, so that its id stays its own
        return {"n": number}

    def rows(self, encode: Callable[[Any], Any]) -> Iterator[Row]:
        """Of all objects, and of those that their fields lead to: encoding a field may add to the table."""
        for value in self.objects:  # it grows meanwhile
            yield [type(value).__name__, {name: encode(field) for name, field in fields_of(value).items()}]


def fields_of(value: Any) -> dict[str, Any]:
    """An object's own attributes, and those of LeetCode's nodes that only their class may have."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__[:-1]:
        for name, member in vars(kind).items():
            if type(member) is MemberDescriptorType and hasattr(value, name):
                found[name] = getattr(value, name)
    for name in _OF_LEETCODE.get(type(value).__name__, ()):
        if name not in found and hasattr(value, name):
            found[name] = getattr(value, name)
    return found


def blank(kind: type) -> Any:
    """An object of the class, without its constructor. Raises TypeError."""
    return object.__new__(kind)


def is_data_class(kind: type) -> bool:
    """Whether its objects are no more than their fields, so that those can stand for them."""
    return all(
        name in _METHODS or not isinstance(member, FunctionType | property | classmethod | staticmethod)
        for base in kind.__mro__[:-1]
        for name, member in vars(base).items()
    )


def is_data_definition(node: ast.ClassDef) -> bool:
    """As `is_data_class`, by the text."""
    return all(
        statement.name in _METHODS
        for statement in node.body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    )
