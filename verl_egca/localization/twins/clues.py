"""Clues to likelier edits before any trial: kinds of observed values, and the loose ends of a program.

Loose ends are names that are assigned and never used, used and never assigned, or initialised and never updated,
uncalled functions, and blocks without effect. Right programs have few of them.
"""

from __future__ import annotations

import ast
import builtins
import functools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from verl_egca.localization.twins.program import Program
from verl_egca.localization.twins.trees import DEFINITIONS, Function, own_nodes
from verl_egca.tracing.trace import Trace

_BUILTINS = frozenset(dir(builtins))
_VALUES = frozenset({"argument", "let", "item", "mutated"})
_CHANGING = frozenset(
    {"append", "extend", "insert", "add", "update", "setdefault", "pop", "remove", "discard", "push", "appendleft"}
)


@dataclass(frozen=True, slots=True)
class Clues:
    """``kinds``: for each name the kinds of its values (number, text, list, tuple, set, dict, truth, none, other).

    ``expected`` is the expected value of the failing case, as text; ``called`` are functions and methods that the
    reference calls; ``given`` are names that programs can use without a definition.
    """

    kinds: dict[str, frozenset[str]] = field(default_factory=dict)
    expected: str | None = None
    entry_point: str | None = None
    called: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

    def is_entry_point(self, function: str) -> bool:
        """Whether the tests call a function or method of this name."""
        return self.entry_point is not None and self.entry_point.rpartition(".")[2] == function

    def may_be(self, name: str, *kinds: str) -> bool:
        """Whether a name has held a value of one of the kinds; True if no value was observed."""
        seen = self.kinds.get(name)
        return seen is None or not seen.isdisjoint(kinds)


def kinds_of(traces: Iterable[Trace]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for trace in traces:
        for event in trace.events:
            if event.kind in _VALUES:
                found.setdefault(event.name, set()).add(_kind(event.text))
    return {name: frozenset(kinds) for name, kinds in found.items()}


def _kind(shown: str) -> str:
    first = shown[:1]
    if shown in ("True", "False"):
        return "truth"
    if first.isdigit() or first == "-" or shown in ("inf", "nan"):
        return "number"
    if shown == "None":
        return "none"
    if shown.startswith("{"):
        return "dict" if ":" in shown or shown == "{}" else "set"
    return {"'": "text", '"': "text", "[": "list", "(": "tuple"}.get(first, "other")


class LooseEnds:
    """The loose names and functions of a program. ``given`` are names that it need not define."""

    def __init__(self, program: Program, given: frozenset[str] = frozenset()) -> None:
        self._program, self._given = program, given
        self._loads, self._stores = (
            defaultdict[Function | None, list[str]](list),
            defaultdict[Function | None, list[str]](list),
        )
        self._changed = defaultdict[Function | None, set[str]](set)
        for statement in program.statements():
            function = program.function_of[statement]
            for node in own_nodes(statement):
                match node:
                    case ast.Name(id=name, ctx=ast.Load()):
                        self._loads[function].append(name)
                    case ast.Name(id=name):
                        self._stores[function].append(name)
                    case ast.Attribute(value=ast.Name(id=name), attr=method) if method in _CHANGING:
                        self._changed[function].add(name)
                    case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                        self._changed[function].add(_root(node))
        self._read = {name for names in self._loads.values() for name in names}

    def unused(self, function: Function | None) -> list[str]:
        """Names that the function binds, and that no code reads."""
        return [name for name in self._program.visible(function) if name not in self._read]

    def never_updated(self, function: Function | None) -> list[str]:
        """Names that are set once and never change."""
        stores, changed = self._stores[function], self._changed[function]
        return [name for name in stores if stores.count(name) == 1 and name not in changed]

    def undefined(self, function: Function | None) -> list[str]:
        """Names that the function reads, and that are neither bound in the program nor given."""
        return [name for name in dict.fromkeys(self._loads[function]) if name not in self._known]

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        """Names that any function may read."""
        nodes = list(ast.walk(self._program.tree))
        imported = [one for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for one in node.names]
        return frozenset().union(
            *map(self._program.visible, {None, *self._program.function_of.values()}),
            (node.name for node in nodes if isinstance(node, DEFINITIONS)),
            ((one.asname or one.name).partition(".")[0] for one in imported),
            *(_BUILTINS, self._given, ("self", "cls")),
        )

    def uncalled(self, entry_point: str | None) -> list[str]:
        """Functions that neither the program mentions nor a test calls; without methods, whose callers are unknown."""
        nodes = list(ast.walk(self._program.tree))
        methods = {inner for node in nodes if isinstance(node, ast.ClassDef) for inner in node.body}
        functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef) and node not in methods]
        return [name for name in functions if name not in self._read and name != entry_point]


def _root(target: ast.AST) -> str:
    """The name of the variable that a target writes into; "" without a name."""
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
