"""Where a body of the tests' statements can be cut, so that its pieces, one after the other, mean what the whole does.

A cut comes after a statement that decides something, and only where no value that may have changed is used on its other
side: an object that the program made, or a list that it was given. So each call of the program is made once, in its
place, whatever the program remembers. Statements that compute the same at any time (``big = 10 ** 6``) are copied into
each piece that uses their values.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from verl_egca.execution.deciding import Deciding
from verl_egca.execution.warm import WARM

# What gives the same at any time, whatever it is called with, and changes no argument.
_PURE_BUILTINS = frozenset(
    "abs all any bin bool bytes chr complex dict divmod enumerate filter float format frozenset hash hex int isinstance "
    "len list map max min oct ord pow print range repr reversed round set slice sorted str sum tuple type zip".split()
)
_PURE_MODULES = frozenset(
    "array cmath collections copy datetime decimal enum fractions functools itertools json math numpy operator pytest re "
    "statistics string types typing".split()
)
_GIVES_NUMBERS_OR_TEXT = frozenset(
    "abs bin bool chr float format hash hex int isinstance len oct ord repr round str".split()
)
_COPYING = frozenset("dict list set sorted tuple".split())


@dataclass(frozen=True, slots=True)
class Segment:
    """``own`` are the statements of this piece; ``body`` is what to run: what they need of the pieces before, and they."""

    own: list[ast.stmt]
    body: list[ast.stmt]


def segments(
    body: list[ast.stmt], deciding: Deciding, surroundings: TestDefinitions, given: dict[str, ast.expr]
) -> list[Segment]:
    """The pieces of ``body``, in order. ``surroundings`` are what the tests define outside of it, ``given`` what its
    parameters are called with. Statements after the last that decides are a piece if they call something: it must not raise.
    """
    body = [statement for statement in body if not _is_inert(statement)]
    flow = _Flow(body, surroundings, given, deciding)
    found: list[Segment] = []
    start = 0
    for place, statement in enumerate(body, 1):
        if deciding.decides(statement) and flow.may_cut(place):
            found.append(flow.segment(start, place))
            start = place
    if any(_calls(statement) and not flow.is_pure(place) for place, statement in enumerate(body[start:], start)):
        found.append(flow.segment(start, len(body)))
    return found


def _is_inert(statement: ast.stmt) -> bool:
    """``assert True`` tests nothing."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Assert(test=ast.Constant(value=value)):
            return bool(value)
    return False


def _calls(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(statement))


@dataclass(slots=True)
class _Effects:
    """What running a statement does to names: ``touched`` may be changed in place; ``pure`` if it can be run at any time."""

    stored: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    pure: bool = True


class _Flow:
    """What the statements of a body do to its names, in order."""

    def __init__(
        self, body: list[ast.stmt], surroundings: TestDefinitions, given: dict[str, ast.expr], deciding: Deciding
    ) -> None:
        self._body = body
        self._known = _Known(body, surroundings, given)
        self._effects = [self._known.effects(statement) for statement in body]
        local = set(given).union(*(effects.stored for effects in self._effects))
        fixed = self._fixed_names(local, given)
        self._live = _live_at(body, self._known)
        self._may_cut = [True]
        objects = _SameObjects()
        for place, (statement, effects) in enumerate(zip(body, self._effects, strict=True), 1):
            loads_changed = any(map(objects.is_changed, effects.loaded & local))
            effects.pure = effects.pure and not loads_changed and not deciding.decides(statement)
            involved = [
                name for name in (effects.stored | effects.touched | effects.loaded) & local if name not in fixed
            ]
            if effects.stored | effects.touched:
                objects.link(involved)
            if not effects.pure:
                objects.change(effects.stored | ((effects.touched & local) - fixed))
            self._may_cut.append(not any(map(objects.is_changed, self._live[place] & local)))

    def is_pure(self, place: int) -> bool:
        return self._effects[place].pure

    def may_cut(self, place: int) -> bool:
        return self._may_cut[place]

    def segment(self, start: int, end: int) -> Segment:
        own = self._body[start:end]
        if not any(effects.pure and effects.stored for effects in self._effects[:start]):
            return Segment(own, own)
        needed = set(_live_at(own, self._known)[0])
        copied: list[ast.stmt] = []
        for statement, effects in zip(reversed(self._body[:start]), reversed(self._effects[:start]), strict=True):
            if effects.pure and (effects.stored | effects.touched) & needed:
                copied.append(statement)
                needed |= effects.loaded
        return Segment(own, [*reversed(copied), *own])

    def _fixed_names(self, local: set[str], given: dict[str, ast.expr]) -> set[str]:
        """Local names whose values can't be changed: numbers, text, functions."""
        values: dict[str, list[ast.expr | None]] = {name: [] for name in local}
        for statement, effects in zip(self._body, self._effects, strict=True):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name].append(value)
                case ast.Import() | ast.ImportFrom() | ast.FunctionDef():
                    pass
                case _:
                    for name in effects.stored:
                        values[name].append(None)
        for name, argument in given.items():
            if not isinstance(argument, ast.Name):  # else it is the program's, or there for all cases
                values[name].append(argument)
        fixed: set[str] = set(local)
        while True:
            left = {n for n in fixed if all(value is not None and _is_fixed(value, fixed) for value in values[n])}
            if left == fixed:
                return fixed
            fixed = left


class _SameObjects:
    """Names that may be, or hold, the same objects, and which of those may have changed."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._changed: set[str] = set()

    def link(self, names: list[str]) -> None:
        for name in names[1:]:
            one, other = self._of(names[0]), self._of(name)
            if one != other:
                self._parent[other] = one
                if other in self._changed:
                    self._changed.add(one)

    def change(self, names: set[str]) -> None:
        self._changed |= set(map(self._of, names))

    def is_changed(self, name: str) -> bool:
        return self._of(name) in self._changed

    def _of(self, name: str) -> str:
        while (parent := self._parent.get(name, name)) != name:
            name = parent
        return name


def _is_fixed(value: ast.expr, fixed: set[str]) -> bool:
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.Lambda() | ast.Compare():
            return True
        case ast.Name(id=name):
            return name in fixed
        case ast.Tuple(elts=parts):
            return all(_is_fixed(part, fixed) for part in parts)
        case ast.UnaryOp(operand=operand):
            return isinstance(value.op, ast.Not) or _is_fixed(operand, fixed)
        case ast.BinOp(left=left, right=right):
            return _is_fixed(left, fixed) and _is_fixed(right, fixed)
        case ast.Call(func=ast.Name(id=name)):
            return name in _GIVES_NUMBERS_OR_TEXT
    return False


class TestDefinitions:
    """What the tests define around a body: functions, classes, imports, variables."""

    def __init__(self, defined: Iterable[ast.stmt], around: TestDefinitions | None = None) -> None:
        """``around`` is what is defined around these."""
        defined = list(defined)
        helpers: dict[str, ast.FunctionDef | ast.ClassDef] = {
            n.name: n for n in defined if isinstance(n, ast.FunctionDef | ast.ClassDef)
        }
        methods = {n.name for helper in helpers.values() for n in ast.walk(helper) if isinstance(n, ast.FunctionDef)}
        self.helpers: dict[str, ast.FunctionDef | ast.ClassDef] = {
            **(around.helpers if around is not None else {}),
            **helpers,
        }
        self.methods: set[str] = {*methods, *(around.methods if around is not None else ())} - self.helpers.keys()
        self.modules: dict[str, str] = dict(around.modules) if around is not None else {name: name for name in WARM}
        self.names: set[str] = {*helpers, *(around.names if around is not None else ())}
        _note_names(defined, self.modules, self.names)
        self._harmless: dict[str, bool] = {}

    def is_program_s(self, name: str) -> bool:
        return not (name in self.names or name in self.modules or hasattr(builtins, name))

    def is_harmless(self, name: str) -> bool:
        """Whether calling this function or class of the tests runs nothing of the program's, and keeps nothing."""
        if name not in self._harmless:
            self._harmless[name] = True  # where they call one another
            self._harmless[name] = self._runs_no_program(self.helpers[name])
        return self._harmless[name]

    def _runs_no_program(self, helper: ast.FunctionDef | ast.ClassDef) -> bool:
        parts: list[ast.AST] = [helper]
        if isinstance(helper, ast.ClassDef):
            parts = [n for n in helper.body if isinstance(n, ast.FunctionDef) and n.name in _CONSTRUCTING]
            parts += [self.helpers[b.id] for b in helper.bases if isinstance(b, ast.Name) and b.id in self.helpers]
        nodes = [node for part in parts for node in ast.walk(part)]
        if any(isinstance(node, ast.Global | ast.Nonlocal | ast.Yield | ast.Await) for node in nodes):
            return False
        own = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
        for node in nodes:
            match node:
                case ast.Name(id=used, ctx=ast.Load()) if used not in own:
                    if self.is_program_s(used) or (used in self.helpers and not self.is_harmless(used)):
                        return False
                    if used in self.modules and self.modules[used].partition(".")[0] not in _PURE_MODULES:
                        return False
        return True


_BINDS_NOTHING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assert, ast.Expr, ast.Return)


def _note_names(statements: Iterable[ast.stmt], modules: dict[str, str], names: set[str]) -> None:
    """Add what the statements bind, and what of that are modules or come from one."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        if isinstance(statement, _BINDS_NOTHING):
            continue
        for node in ast.walk(statement):
            match node:
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    source = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                    for alias in aliases:
                        bound = (alias.asname or alias.name).partition(".")[0]
                        modules[bound] = f"{source}.{alias.name}".lstrip(".")
                        names.add(bound)
                case ast.Name(id=name, ctx=ast.Store()):
                    names.add(name)


class _Known:
    """What the names in a body are: the tests' own, modules, local functions; any other is the program's."""

    def __init__(self, body: list[ast.stmt], surroundings: TestDefinitions, given: dict[str, ast.expr]) -> None:
        self._around = surroundings
        self._helpers, self._methods = surroundings.helpers, surroundings.methods
        self._modules, self._tests = dict(surroundings.modules), set(surroundings.names)
        _note_names(body, self._modules, self._tests)
        self._program_given = {name for name, value in given.items() if isinstance(value, ast.Name)}
        self._tests |= given.keys() - self._program_given
        self._tests -= self._program_given
        self._flat = {
            statement.targets[0].id
            for statement in body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and isinstance(statement.value, ast.List | ast.Tuple | ast.Set)
            and all(_is_fixed(part, set()) for part in statement.value.elts)
        }
        self._read_before: dict[int, _Effects] = {}
        self._of_body = set(map(id, body))
        self._local_functions: dict[str, _Effects] = {}
        for statement in body:
            if isinstance(statement, ast.FunctionDef):
                self._tests.add(statement.name)
        for _ in range(2):  # they may call one another
            for statement in body:
                if isinstance(statement, ast.FunctionDef):
                    self._local_functions[statement.name] = self._inside(statement)

    def effects(self, statement: ast.stmt) -> _Effects:
        """Kept for the statements of the body."""
        found = self._read_before.get(id(statement))
        if found is None:
            found = self._effects(statement)
            if id(statement) in self._of_body:
                self._read_before[id(statement)] = found
        return found

    def _effects(self, statement: ast.stmt) -> _Effects:
        if isinstance(statement, ast.FunctionDef):
            inside = self._inside(statement)
            return _Effects({statement.name}, inside.loaded, set(), not statement.decorator_list)
        found = _Effects()
        self._read(statement, found, frozenset())
        return found

    def is_program_s(self, name: str) -> bool:
        return not (name in self._tests or name in self._modules or hasattr(builtins, name))

    def _inside(self, function: ast.FunctionDef | ast.Lambda) -> _Effects:
        found = _Effects()
        for part in function.body if isinstance(function, ast.FunctionDef) else [function.body]:
            self._read(part, found, frozenset())
        own = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)} | found.stored
        for default in [*function.args.defaults, *filter(None, function.args.kw_defaults)]:
            self._read(default, found, frozenset())
        return _Effects(set(), found.loaded - own, found.touched - own, found.pure)

    def _read(self, node: ast.AST, to: _Effects, hidden: frozenset[str]) -> None:
        """Collect the effects of ``node``; ``hidden`` are the names of comprehensions around it."""
        match node:
            case ast.Name(id=name, ctx=context):
                if name in hidden:
                    return
                if isinstance(context, ast.Load):
                    to.loaded.add(name)
                    if name in self._local_functions:
                        inner = self._local_functions[name]
                        to.loaded |= inner.loaded
                        to.touched |= inner.touched
                        to.pure = to.pure and inner.pure
                    to.pure = to.pure and not self.is_program_s(name)
                else:
                    to.stored.add(name)
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
                for child in ast.iter_child_nodes(node):
                    self._read(child, to, hidden | bound)
                return
            case ast.comprehension(iter=over, ifs=ifs):
                for child in (over, *ifs):
                    self._read(child, to, hidden)
                return
            case ast.FunctionDef() | ast.Lambda():
                inner = self._inside(node)
                to.loaded |= inner.loaded - hidden
                to.touched |= inner.touched - hidden
                if isinstance(node, ast.FunctionDef):
                    to.stored.add(node.name)
                else:
                    to.pure = to.pure and inner.pure
                return
            case ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                to.stored.add(name)
                to.pure = False
                to.loaded |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                return
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                to.stored |= {(alias.asname or alias.name).partition(".")[0] for alias in names}
                return
            case ast.ExceptHandler(name=str(name)):
                to.stored.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                to.stored.add(name)
            case ast.AugAssign(target=target):
                to.touched |= _root(target) - hidden
                to.loaded |= _root(target) - hidden
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                to.touched |= _root(node) - hidden
            case ast.Await() | ast.Yield() | ast.YieldFrom():
                to.pure = False
            case ast.Call():
                self._read_call(node, to, hidden)
        for child in ast.iter_child_nodes(node):
            self._read(child, to, hidden)

    def _read_call(self, call: ast.Call, to: _Effects, hidden: frozenset[str]) -> None:
        changes = False
        match call.func:
            case ast.Name(id=name):
                if name in self._local_functions:
                    changes = True
                elif name in self._helpers:
                    changes = True
                    to.pure = to.pure and self._around.is_harmless(name)
                elif not (name in _PURE_BUILTINS and name not in self._tests) and self._module_of(call.func) is None:
                    changes, to.pure = True, False
            case ast.Attribute(attr=attribute) as method:
                module = self._module_of(method)
                if module is not None:
                    changes = module.partition(".")[0] in ("heapq", "bisect", "random")
                elif attribute in self._methods or _root(method) & self._modules.keys():
                    changes, to.pure = True, False
                    to.touched |= _root(method) - hidden
                elif not attribute.startswith(("assert", "fail")):
                    to.touched |= _root(method) - hidden
                    changes = True
            case _:
                changes, to.pure = True, False
        if changes:
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                to.touched |= self._handed_over(argument) - hidden

    def _handed_over(self, argument: ast.expr) -> set[str]:
        """Names whose objects a function gets with an argument, and may change."""
        match argument:
            case ast.Call(func=ast.Attribute(attr="deepcopy") | ast.Name(id="deepcopy")) | ast.Constant():
                return set()
            case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=copied)]) if name in _COPYING:
                return set() if copied in self._flat else {copied}
            case ast.Call(func=ast.Name(id=name)) if name in _GIVES_NUMBERS_OR_TEXT:
                return set()
            case ast.Call(func=ast.Attribute(value=ast.Name(id=copied), attr="copy"), args=[]):
                return set() if copied in self._flat else {copied}
            case ast.Subscript(value=ast.Name(id=copied), slice=ast.Slice()):
                return set() if copied in self._flat else {copied}
            case ast.Name(id=name):
                return {name}
        return set().union(*(self._handed_over(c) for c in ast.iter_child_nodes(argument) if isinstance(c, ast.expr)))

    def _module_of(self, function: ast.expr) -> str | None:
        """The module of a function that gives the same at any time; None if it is of no such module."""
        path: list[str] = []
        while isinstance(function, ast.Attribute):
            path.insert(0, function.attr)
            function = function.value
        if not isinstance(function, ast.Name) or function.id not in self._modules:
            return None
        whole = ".".join([self._modules[function.id], *path])
        top = whole.partition(".")[0]
        if "random" in whole.split("."):
            return None
        return whole if top in _PURE_MODULES or top in ("heapq", "bisect") else None


_CONSTRUCTING = ("__init__", "__new__", "__post_init__")


def _root(node: ast.expr) -> set[str]:
    """The name that an attribute, item or method is of."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _live_at(statements: list[ast.stmt], known: _Known) -> list[set[str]]:
    """For each place between the statements, the names whose values from before it those after it may use."""
    live: list[set[str]] = [set()]
    for statement in reversed(statements):
        live.append(_live_before(statement, live[-1], known))
    return live[::-1]


def _live_before(statement: ast.stmt, live: set[str], known: _Known) -> set[str]:
    def through(body: list[ast.stmt], after: set[str]) -> set[str]:
        for inner in reversed(body):
            after = _live_before(inner, after, known)
        return after

    def loaded(*parts: ast.expr) -> set[str]:
        return set().union(*(known.effects(ast.Expr(part)).loaded for part in parts))

    match statement:
        case ast.For(target=target, iter=over, body=body, orelse=orelse):
            return loaded(over) | (through(body, set()) - _names(target)) | through(orelse, live) | live
        case ast.While(test=test, body=body, orelse=orelse):
            return loaded(test) | through(body, set()) | through(orelse, live) | live
        case ast.If(test=test, body=body, orelse=orelse):
            return loaded(test) | through(body, live) | through(orelse, live)
        case ast.With(items=items, body=body):
            bound = set().union(*(_names(item.optional_vars) for item in items if item.optional_vars))
            return loaded(*(item.context_expr for item in items)) | (through(body, live) - bound)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            caught = set().union(*(through(handler.body, set()) - {handler.name or ""} for handler in handlers))
            return live | through([*body, *orelse, *finalbody], set()) | caught
    effects = known.effects(statement)
    is_plain = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | ast.FunctionDef)
    return (live - effects.stored if is_plain else live) | effects.loaded


def _names(target: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
