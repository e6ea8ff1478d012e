"""Facts of a program's text that constraints are about."""

from __future__ import annotations

import ast
import builtins
import functools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import ModuleType

from verl_egca.execution.given import given_names
from verl_egca.gates.code import COMPREHENSIONS, LOOPS, Code, FunctionNode, children, code_of, parameters, walk

_BUILTINS = frozenset(dir(builtins))
_HARMLESS = frozenset({"typing", "typing_extensions", "__future__"})
_LITERALS: dict[type[ast.AST], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.JoinedStr: "string",
}
_MAKERS = {
    "list": "list",
    "sorted": "list",
    "tuple": "tuple",
    "dict": "dict",
    "set": "set",
    "frozenset": "set",
    "collections.deque": "deque",
    "collections.Counter": "dict",
    "collections.defaultdict": "dict",
    "collections.OrderedDict": "dict",
    "collections.namedtuple": "tuple",
    "queue.Queue": "deque",
    "queue.PriorityQueue": "heap",
}
_MUTATORS = frozenset(
    "append appendleft extend extendleft insert remove pop popleft popitem clear sort reverse rotate add discard update "
    "setdefault intersection_update difference_update symmetric_difference_update".split()
)
_MUTATING = frozenset({"heapq.heappush", "heapq.heappop", "heapq.heapify", "heapq.heapreplace", "random.shuffle"})


@dataclass(frozen=True, slots=True)
class Facts:
    """``signatures``: the least and the greatest number of positional arguments of each function; None: no limit."""

    structures: frozenset[str]
    recursive: bool
    iterates: bool
    comprehends: bool
    loop_nesting: int
    modules: frozenset[str]
    builtins: frozenset[str]
    mutated: frozenset[str]
    signatures: dict[str, tuple[int, int | None]]


def facts_of(program: str, entry_point: str | None) -> Facts | None:
    """None if the program does not parse, or is too large. Never raises."""
    code = code_of(program, entry_point)
    if code is None:
        return None
    try:
        return _facts(code, _given() if entry_point is not None else {})
    except RecursionError:  # a long chain of functions that call each other
        return None


def _facts(code: Code, given: dict[str, str]) -> Facts:
    """``given``: names that the program may use without importing them, and their full names."""
    nodes = list(code.walk())
    own = {name for node in nodes for name in _assigned(node)} | set(code.functions)
    own |= {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    used = {node.id for node in nodes if isinstance(node, ast.Name)} - own
    found = {name: given[name] for name in used & given.keys()}
    names = found | _imported_names(nodes)
    unimported = {found[name].partition(".")[0] for name in found if names[name] == found[name]}
    return Facts(
        structures=frozenset(_structures(nodes, names)),
        recursive=_is_recursive(code),
        iterates=any(isinstance(node, (*LOOPS, *COMPREHENSIONS)) for node in nodes),
        comprehends=any(isinstance(node, COMPREHENSIONS) for node in nodes),
        loop_nesting=_Nesting(code).of_program(),
        modules=frozenset([*_modules(nodes), *unimported]) - _HARMLESS,
        builtins=frozenset(_builtins(code, nodes)),
        mutated=frozenset(_mutated(code.entry, names)),
        signatures=dict(_signatures(code)),
    )


# ---------------------------------------------------------------- names


@functools.cache
def _given() -> dict[str, str]:
    """The full dotted names of `execution.given`'s modules, functions and classes."""
    found: dict[str, str] = {}
    for name, value in given_names().items():
        module = getattr(value, "__module__", None)
        if isinstance(value, ModuleType):
            found[name] = name
        elif isinstance(module, str) and module.lstrip("_") in sys.stdlib_module_names:
            found[name] = f"{module.lstrip('_')}.{name}"
    return found


def _imported_names(nodes: list[ast.AST]) -> dict[str, str]:
    """The full dotted name of each imported name."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    """The full name that an expression has; empty if it is not a plain name."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in names:
            return f"{names[name]}.{attribute}"
    return ""


def _modules(nodes: list[ast.AST]) -> Iterator[str]:
    """The imported modules. Imports at the module's level are in ``nodes`` only if they are used."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or ".").split(".")[0]


def _builtins(code: Code, nodes: list[ast.AST]) -> Iterator[str]:
    own = {name for node in nodes for name in _assigned(node)} | set(code.functions)
    for node in nodes:
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and node.id in _BUILTINS
            and node.id not in own
        ):
            yield node.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sort":
            yield "sorted"


def _assigned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg


def _signatures(code: Code) -> Iterator[tuple[str, tuple[int, int | None]]]:
    for statement in code.statements:
        named: list[tuple[str, FunctionNode, int]] = []
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [(statement.name, statement, 0)]
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            named = [(target.id, statement.value, 0) for target in statement.targets if isinstance(target, ast.Name)]
        elif isinstance(statement, ast.ClassDef) and statement.name == "Solution":  # stands for its methods
            methods = [one for one in statement.body if isinstance(one, ast.FunctionDef)]
            named = [(one.name, one, 1) for one in methods if parameters(one)[:1] == ["self"]]
        for name, function, bound in named:
            given = function.args
            positional = len(given.posonlyargs) + len(given.args) - bound
            yield name, (positional - len(given.defaults), None if given.vararg else positional)


# ---------------------------------------------------------------- structures


def _structures(nodes: list[ast.AST], names: dict[str, str]) -> Iterator[str]:
    unpacked: set[int] = set()  # the tuples of a, b = b, a and of an index don't count
    texts: set[str] = set()
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(target, ast.Tuple | ast.List) for target in targets):
                    unpacked.add(id(value))
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    texts.update(target.id for target in targets if isinstance(target, ast.Name))
            case ast.Subscript(slice=ast.Tuple() as index):
                unpacked.add(id(index))
    for node in nodes:
        kind = type(node)
        match node:
            case ast.Tuple(ctx=ast.Load()):
                if id(node) not in unpacked:
                    yield "tuple"
            case ast.List() if not isinstance(node.ctx, ast.Load):
                pass
            case ast.Call(func=func):
                name = _dotted(func, names)
                if name in _MAKERS:
                    yield _MAKERS[name]
                elif name.startswith("heapq."):
                    yield "heap"
                elif (
                    isinstance(func, ast.Attribute) and func.attr in ("join", "format") and _is_text(func.value, texts)
                ):
                    yield "string"
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                if _is_text(left, texts) or _is_text(right, texts):
                    yield "string"
            case ast.BinOp(left=left, op=ast.Mod()):
                if _is_text(left, set()):
                    yield "string"
            case ast.AugAssign(target=target, op=ast.Add(), value=value):
                if _is_text(target, texts) or _is_text(value, texts):
                    yield "string"
            case _ if kind in _LITERALS:
                yield _LITERALS[kind]


def _is_text(node: ast.expr, texts: set[str]) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Name(id=name):
            return name in texts
    return False


# ---------------------------------------------------------------- recursion and nesting


def _is_recursive(code: Code) -> bool:
    functions = (function for named in code.functions.values() for function in named)
    try:
        TopologicalSorter({id(one): map(id, _calls(code, one)) for one in functions}).prepare()
    except CycleError:
        return True
    return False


def _calls(code: Code, function: FunctionNode) -> Iterator[FunctionNode]:
    """The program's functions that a function's text names, without its nested functions, but with its lambdas."""
    left: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else list(function.body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield from _named_functions(code, node, function)
        left.extend(children(node))


def _named_functions(code: Code, node: ast.AST, within: FunctionNode | None) -> tuple[FunctionNode, ...]:
    """The program's functions that a node names, by a loaded name or a method's."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            return code.called(name, within)
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=name)):
            return tuple(one for one in code.functions.get(name, ()) if parameters(one)[:1] in (["self"], ["cls"]))
    return ()


class _Nesting:
    """The depth of nested loops; a function's depth counts where it is named."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._known: dict[int, int] = {}

    def of_program(self) -> int:
        if self._code.entry is not None:
            return self._of_function(self._code.entry)
        loose = max((self._of(one, None) for one in self._code.statements), default=0)
        functions = [one for some in self._code.functions.values() for one in some]
        return max([loose, *map(self._of_function, functions)])

    def _of_function(self, function: FunctionNode) -> int:
        key = id(function)
        if key not in self._known:
            self._known[key] = 0  # meanwhile: recursion is no nesting
            body = [function.body] if isinstance(function, ast.Lambda) else function.body
            self._known[key] = max((self._of(one, function) for one in body), default=0)
        return self._known[key]

    def _of(self, node: ast.AST, within: FunctionNode | None) -> int:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return 0
            case ast.For(iter=over, body=body, orelse=rest) | ast.AsyncFor(iter=over, body=body, orelse=rest):
                return max(self._all([over, *rest], within), 1 + self._all(body, within))
            case ast.While(test=test, body=body, orelse=rest):
                return max(self._all(rest, within), 1 + self._all([test, *body], within))
            case (
                ast.ListComp(generators=parts)
                | ast.SetComp(generators=parts)
                | ast.GeneratorExp(generators=parts)
                | ast.DictComp(generators=parts)
            ):
                made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                depth = len(parts) + self._all(made, within)
                for outer, part in enumerate(parts):
                    depth = max(depth, outer + self._of(part.iter, within), outer + 1 + self._all(part.ifs, within))
                return depth
            case ast.Call(func=ast.Name(id="map" | "filter"), args=[function, *rest]):
                return max(1 + self._of(function, within), self._all(rest, within))
        named = _named_functions(self._code, node, within)
        return max(self._all(children(node), within), *map(self._of_function, named), 0)

    def _all(self, nodes: Iterable[ast.AST], within: FunctionNode | None) -> int:
        return max((self._of(one, within) for one in nodes), default=0)


# ---------------------------------------------------------------- arguments


def _mutated(entry: FunctionNode | None, names: dict[str, str]) -> Iterator[str]:
    """Parameters of the entry point that are changed in place before they are bound again."""
    if entry is None or isinstance(entry, ast.Lambda):
        return
    given = set(parameters(entry)) - {"self", "cls"}
    for node in walk(entry.body):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                changed: str | None = name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _MUTATORS:
                changed = name
            case ast.Call(func=func, args=[ast.Name(id=name), *_]) if _dotted(func, names) in _MUTATING:
                changed = name
            case ast.AugAssign(target=ast.Name(id=name), value=ast.List() | ast.ListComp()):
                changed = name
            case ast.Assign(targets=targets):
                given.difference_update(target.id for target in targets if isinstance(target, ast.Name))
                continue
            case _:
                continue
        if changed in given:
            yield changed
