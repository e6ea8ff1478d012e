"""LeetCode's linked lists and trees as the lists that data sets write for them, and back.

A tree is written level by level, None where a node is missing and nothing below it. What an argument is, the annotations of
the function say: ``Optional[ListNode]``, ``"TreeNode"``, ``List[ListNode | None]``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from verl_egca.execution.nodes import blank

_NAME = re.compile(r"\b(ListNode|TreeNode)\b")
_AROUND = re.compile(r"\b(?:[Ll]ist|[Tt]uple|Sequence|Iterable)\[")
_REFERENCES = {"ListNode": ("next",), "TreeNode": ("left", "right")}


@dataclass(frozen=True, slots=True)
class Nodes:
    """What a value is: an object of the class, or lists of them, ``depth`` deep."""

    kind: type
    depth: int

    def of(self, value: Any, depth: int | None = None) -> Any:
        depth = self.depth if depth is None else depth
        if not isinstance(value, list):
            return value
        if depth:
            return [self.of(item, depth - 1) for item in value]
        return (_linked if self.kind.__name__ == "ListNode" else _tree)(value, self.kind)


@dataclass(frozen=True, slots=True)
class Conversion:
    """Of a function's arguments, by place and by name. ``returns_node``: None as its result is an empty list."""

    parameters: tuple[str, ...]
    nodes: dict[str, Nodes]
    returns_node: bool

    def called(self, function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> Any:
        parameters = self.parameters[1:] if inspect.ismethod(function) else self.parameters
        placed = [self._of(name, value) for name, value in zip(parameters, arguments, strict=False)]
        named = {name: self._of(name, value) for name, value in keywords.items()}
        result = function(*placed, *arguments[len(placed) :], **named)
        return [] if result is None and self.returns_node else result

    def _of(self, name: str, value: Any) -> Any:
        return self.nodes[name].of(value) if name in self.nodes else value


def conversion_of(function: Any, class_named: Callable[[str], type]) -> Conversion | None:
    """None if the function's annotations name no node."""
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    found = {name: _text_of(annotation) for name, annotation in getattr(function, "__annotations__", {}).items()}
    if code is None or not any(map(_NAME.search, found.values())):
        return None
    nodes = {}
    for name, text in found.items():
        match = _NAME.search(text)
        if match is not None:
            nodes[name] = Nodes(class_named(match[1]), len(_AROUND.findall(text[: match.start()])))
    returns = nodes.pop("return", None)
    parameters = code.co_varnames[: code.co_argcount]
    return Conversion(parameters, nodes, returns is not None and returns.depth == 0)


def nodes_as_lists(value: Any) -> list[Any] | None:
    """The list that stands for a node and all that it leads to; None if that is no list or tree, or the value no node."""
    if type(value).__name__ not in _REFERENCES:
        return None
    try:
        return _list_of_linked(value) if type(value).__name__ == "ListNode" else _list_of_tree(value)
    except (AttributeError, ValueError):
        return None


def _text_of(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if type(annotation) is type else repr(annotation)


def _linked(values: Sequence[Any], kind: type) -> Any:
    head = None
    for value in reversed(values):
        node = _node(kind, value)
        node.next = head
        head = node
    return head


def _tree(values: Sequence[Any], kind: type) -> Any:
    if not values or values[0] is None:
        return None
    root = _node(kind, values[0])
    rest, level = iter(values[1:]), [root]
    while level:
        below = []
        for node in level:
            for side in ("left", "right"):
                value = next(rest, None)
                child = _node(kind, value) if value is not None else None
                setattr(node, side, child)
                if child is not None:
                    below.append(child)
        level = below
    return root


def _node(kind: type, value: Any) -> Any:
    """By the class's constructor, which a program may have written anew; where that wants more, without it."""
    try:
        node = kind(value)
    except TypeError:
        node = blank(kind)
    node.val = value
    for name in _REFERENCES[kind.__name__]:
        setattr(node, name, None)
    return node


def _list_of_linked(head: Any) -> list[Any]:
    """Raises ValueError if the list ends in a circle."""
    values, seen = [], set()
    while head is not None:
        if id(head) in seen:
            raise ValueError("a linked list that ends in a circle")
        seen.add(id(head))
        values.append(head.val)
        head = head.next
    return values


def _list_of_tree(root: Any) -> list[Any]:
    """Raises ValueError if a node is in two places."""
    values: list[Any] = []
    seen: set[int] = set()
    level = [root]
    while any(node is not None for node in level):
        below = []
        for node in level:
            values.append(node.val if node is not None else None)
            if node is not None:
                if id(node) in seen:
                    raise ValueError("a tree that holds a node twice")
                seen.add(id(node))
                below += [node.left, node.right]
        level = below
    while values and values[-1] is None:
        values.pop()
    return values
