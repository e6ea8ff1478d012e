"""What a program that tests call finds, though it imports nothing.

The names are given where the field's harnesses give them: to input and output pairs of calls, and to methods of LeetCode's
``Solution``. HumanEval's, MBPP's and pytest's give none: there a program finds what its problem's preamble imports.

They are those that these harnesses import: verl's ``prime_code``'s and LiveCodeBench's, module by module in their
order, then the modules themselves, which win (``datetime`` is the module). Only typing's come first, not last: ``Counter`` is
the class, and not its alias. LeetCode's ``ListNode`` and ``TreeNode`` come beside them. Built-in names stay what they are
(``pow`` is not that of ``math``). Tests find the same names, with the judge's own objects behind them.
"""

from __future__ import annotations

import builtins
import functools
import importlib
from dataclasses import dataclass
from typing import Any

_STARRED = (
    "typing string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json"
).split()


@dataclass(frozen=True, slots=True)
class Given:
    """Beside the names: ``preamble`` is code that runs before the program, in its namespace. Objects of ``classes``, which the
    tests have by these names, cross by their fields. ``lists``: lists stand for linked lists and trees. ``names`` says
    whether the names are given. ``keeps``: objects of the program's classes stay there though they are plain data, too, since
    the tests are of a class.
    """

    preamble: str = ""
    classes: tuple[str, ...] = ()
    lists: bool = False
    names: bool = False
    keeps: bool = False


class ListNode:
    """LeetCode's singly linked list."""

    def __init__(self, val: Any = 0, next: Any = None) -> None:
        self.val = val
        self.next = next


class TreeNode:
    """LeetCode's binary tree."""

    def __init__(self, val: Any = 0, left: Any = None, right: Any = None) -> None:
        self.val = val
        self.left = left
        self.right = right


@functools.cache
def given_names() -> dict[str, Any]:
    """All of them. Made once in a process, and not to be changed."""
    found: dict[str, Any] = {}
    for name in _STARRED:
        module = importlib.import_module(name)
        public = getattr(module, "__all__", None) or [one for one in vars(module) if not one.startswith("_")]
        found |= {one: getattr(module, one) for one in public}
    found |= {name: importlib.import_module(name) for name in _STARRED}
    found |= {"ListNode": ListNode, "TreeNode": TreeNode}
    return {name: value for name, value in found.items() if not hasattr(builtins, name)}
