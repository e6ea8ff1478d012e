"""What makes some edits likelier before any is tried: kinds of values that were seen, and what a program leaves loose.

Loose ends are names that are assigned and never used, used and never assigned, or set up and never updated, functions
that nobody calls, and blocks that do nothing. Programs that are right have few of them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
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

    ``expected`` is what the failing case wants, as text; ``called`` are functions and methods that the reference calls;
    ``given`` are names that programs find without defining them.
    """

    kinds: dict[str, frozenset[str]] = field(default_factory=dict)
    expected: str | None = None
    entry_point: str | None = None
    called: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

    def is_entry_point(self, function: str) -> bool:
        """Whether the tests call a function, or method, of this name."""
        return self.entry_point is not None and self.entry_point.rpartition(".")[2] == function

    def may_be(self, name: str, *kinds: str) -> bool:
        """Whether a name has held a value of one of the kinds; any may be where none was seen."""
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
    """What a program begins and does not go on with, by function. ``given`` are names that it need not define."""

    def __init__(self, program: Program, given: frozenset[str] = frozenset()) -> None:
        self._program, self._given = program, given
        self._loads: dict[Function | None, list[str]] = {}
        self._stores: dict[Function | None, list[str]] = {}
        self._changed: dict[Function | None, set[str]] = {}
        everywhere: set[str] = set()
        for statement in program.statements():
            function = program.function_of[statement]
            for node in own_nodes(statement):
                if isinstance(node, ast.Name):
                    table = self._loads if isinstance(node.ctx, ast.Load) else self._stores
                    table.setdefault(function, []).append(node.id)
                    if isinstance(node.ctx, ast.Load):
                        everywhere.add(node.id)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in _CHANGING:
                    self._changed.setdefault(function, set()).add(node.value.id)
                if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
                    self._changed.setdefault(function, set()).update(_root(node))
        self._everywhere = everywhere

    def unused(self, function: Function | None) -> list[str]:
        """Names that the function binds, and that nothing reads."""
        return [name for name in self._program.visible(function) if name not in self._everywhere]

    def never_updated(self, function: Function | None) -> list[str]:
        """Names that are set once and change nowhere."""
        once = [name for name in self._stores.get(function, []) if self._stores[function].count(name) == 1]
        return [name for name in once if name not in self._changed.get(function, set())]

    def undefined(self, function: Function | None) -> list[str]:
        """Names that the function reads, and that nothing around it binds."""
        known = (
            set(self._program.visible(function))
            | set(self._program.visible(None))
            | _BUILTINS
            | self._given
            | {"self", "cls"}
        )
        for outer in self._loads:
            known |= set(self._program.visible(outer))
        known |= {node.name for node in ast.walk(self._program.tree) if isinstance(node, DEFINITIONS)}
        known |= {
            (alias.asname or alias.name).split(".")[0]
            for node in ast.walk(self._program.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        return [name for name in dict.fromkeys(self._loads.get(function, [])) if name not in known]

    def uncalled(self, entry_point: str | None) -> list[str]:
        """Functions that nothing in the program mentions, and that no test calls; methods are called by who knows whom."""
        nodes = list(ast.walk(self._program.tree))
        methods = {inner for node in nodes if isinstance(node, ast.ClassDef) for inner in node.body}
        functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef) and node not in methods]
        return [name for name in functions if name not in self._everywhere and name != entry_point]


def _root(target: ast.expr) -> Iterator[str]:
    """The name of what a target writes into."""
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    if isinstance(target, ast.Name):
        yield target.id
