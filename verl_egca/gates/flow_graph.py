"""A program's control flow up to how it is written: its normalised control-flow graph.

Nodes are decisions and nothing else: where a loop turns, where a branch is taken, where a function calls itself, where
something is sorted. Straight-line code has no node, so temporaries, names and the order of assignments leave no trace.
These have one graph each:

- ``for``, ``while``, comprehensions, ``map`` and ``filter``; ``sum``, ``any``, ``all``, ``min`` and ``max`` over items;
- ``if``, conditional expressions, ``and``/``or`` (a branch an operand), ``a < b < c``, ``match``;
- a condition, and the branch that only says True or False by it;
- early returns and one at the end, guards with ``continue`` and nested conditions;
- a helper function and its body where it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

import networkx as nx

from verl_egca.gates.code import COMPREHENSIONS, Code, FunctionNode, children, code_of
from verl_egca.gates.facts import named_functions

MAX_NODES = 400
MAX_STEPS = 20_000  # syntax nodes looked at, helpers at each of their calls

Ends = list[int]  # nodes whose next node is not known yet


def flow_graph(program: str, entry_point: str | None) -> nx.DiGraph | None:
    """The graph; each node's ``label`` says what it is. None where the program can't be judged by its looks. Never raises."""
    code = code_of(program, entry_point)
    if code is None:
        return None
    try:
        return _Flow(code).graph()
    except (_TooLarge, RecursionError):
        return None


class _TooLarge(Exception):
    pass


class _Flow:
    """Builds the graph along the program's text. A method takes the ends that lead to a piece of code, and gives those
    that leave it."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._graph = nx.DiGraph()
        self._steps = 0
        self._inside: list[FunctionNode] = []  # functions whose bodies are being looked at, outermost first
        self._returns: list[Ends] = []
        self._breaks: list[Ends] = []
        self._continues: list[Ends] = []
        self._label = "branch"  # of the next decision

    def graph(self) -> nx.DiGraph:
        ends = [self._node("entry", [])]
        entry = self._code.entry
        ends = self._function(entry, ends) if entry is not None else self._module(ends)
        self._node("exit", ends)
        return self._graph

    def _module(self, ends: Ends) -> Ends:
        self._returns.append([])
        ends = self._block(self._code.statements, ends)
        return ends + self._returns.pop()

    def _node(self, label: str, ends: Ends) -> int:
        node = len(self._graph)
        if node >= MAX_NODES:
            raise _TooLarge
        self._graph.add_node(node, label=label)
        self._graph.add_edges_from((end, node) for end in ends)
        return node

    def _decision(self, ends: Ends) -> Ends:
        node = self._node(self._label, ends)
        self._label = "branch"
        return [node]

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _TooLarge

    # ------------------------------------------------------------ statements

    def _block(self, statements: Iterable[ast.stmt], ends: Ends) -> Ends:
        left = list(statements)[::-1]
        while left and ends:  # without ends nothing comes here
            statement = left.pop()
            if isinstance(statement, ast.If) and _only_says(statement, left[-1:]):
                ends = self._expression(statement.test, ends)
            else:
                ends = self._statement(statement, ends)
        return ends

    def _statement(self, node: ast.stmt, ends: Ends) -> Ends:
        self._step()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return ends
            case ast.If(test=test, body=body, orelse=rest):
                yes, no = self._test(test, ends)
                return _joined(self._block(body, yes), self._block(rest, no))
            case ast.While(test=test, body=body, orelse=rest):
                return self._while(test, body, rest, ends)
            case ast.For(iter=over, body=body, orelse=rest) | ast.AsyncFor(iter=over, body=body, orelse=rest):
                turn = self._node("loop", self._expression(over, ends))
                return self._turns(turn, body, [turn], [turn], rest)
            case ast.Return(value=value):
                self._returns[-1] += ends if value is None else self._expression(value, ends)
                return []
            case ast.Raise():
                self._returns[-1] += ends
                return []
            case ast.Break():
                if self._breaks:
                    self._breaks[-1] += ends
                return []
            case ast.Continue():
                if self._continues:
                    self._continues[-1] += ends
                return []
            case (
                ast.Try(body=body, handlers=handlers, orelse=rest, finalbody=last)
                | ast.TryStar(body=body, handlers=handlers, orelse=rest, finalbody=last)
            ):
                head = [self._node("try", ends)] if handlers else ends
                left = self._block([*body, *rest], head)
                for handler in handlers:
                    left = _joined(left, self._block(handler.body, head))
                return self._block(last, left)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                return self._block(body, self._all([item.context_expr for item in items], ends))
            case ast.Match(subject=subject, cases=cases):
                return self._match(self._expression(subject, ends), cases)
            case ast.Assert(test=test):
                return self._expression(test, ends)
        return self._all(children(node), ends)

    def _while(self, test: ast.expr, body: list[ast.stmt], rest: list[ast.stmt], ends: Ends) -> Ends:
        match test, body:
            case ast.Constant(value=value), [ast.If(test=stop, body=[ast.Break()], orelse=[]), *others] if value:
                test, body = ast.UnaryOp(ast.Not(), stop), others  # while True: if stop: break
        head = len(self._graph)
        self._label = "loop"
        yes, no = self._test(test, ends)
        if len(self._graph) == head:  # while True: nothing is decided
            yes = self._decision(yes or ends)
        self._label = "branch"
        return self._turns(head, body, yes, no, rest)

    def _turns(self, head: int, body: Sequence[ast.stmt], into: Ends, out: Ends, rest: Sequence[ast.stmt]) -> Ends:
        self._breaks.append([])
        self._continues.append([])
        back = self._block(body, into) + self._continues.pop()
        self._graph.add_edges_from((end, head) for end in back)
        breaks = self._breaks.pop()
        return _joined(self._block(rest, out), breaks)

    def _match(self, ends: Ends, cases: Sequence[ast.match_case]) -> Ends:
        left: Ends = []
        for case in cases:
            always = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            yes = ends if always else self._decision(ends)
            no = [] if always else yes
            if case.guard is not None:
                yes, otherwise = self._test(case.guard, yes)
                no = _joined(no, otherwise)
            left = _joined(left, self._block(case.body, yes))
            ends = no
        return _joined(left, ends)

    # ------------------------------------------------------------ conditions

    def _test(self, test: ast.expr, ends: Ends) -> tuple[Ends, Ends]:
        """The ends where it holds, and where it does not."""
        self._step()
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yes, no = self._test(operand, ends)
                return no, yes
            case ast.BoolOp(op=op, values=values):
                return self._parts(values, isinstance(op, ast.And), ends)
            case ast.Compare(left=left, ops=ops, comparators=rest) if len(ops) > 1:
                pairs = zip([left, *rest], ops, rest, strict=False)
                return self._parts([ast.Compare(a, [op], [b]) for a, op, b in pairs], True, ends)
            case ast.Constant(value=value):
                return (ends, []) if value else ([], ends)
            case ast.Call(func=ast.Name(id="any" | "all" as name), args=[_], keywords=[]) if self._is_builtin(name):
                taken, out = self._search(test.args[0], ends)
                return (taken, out) if name == "any" else (out, taken)
        decided = self._decision(self._expression(test, ends))
        return decided, decided

    def _parts(self, values: Sequence[ast.expr], conjunction: bool, ends: Ends) -> tuple[Ends, Ends]:
        go_on = ends
        leave: Ends = []
        for value in values:
            if not go_on:
                break
            yes, no = self._test(value, go_on)
            go_on, out = (yes, no) if conjunction else (no, yes)
            leave = _joined(leave, out)
        return (go_on, leave) if conjunction else (leave, go_on)

    # ------------------------------------------------------------ expressions

    def _all(self, nodes: Iterable[ast.AST], ends: Ends) -> Ends:
        for node in nodes:
            ends = self._expression(node, ends)
        return ends

    def _expression(self, node: ast.AST, ends: Ends) -> Ends:
        self._step()
        match node:
            case ast.IfExp(test=test, body=ast.Constant(value=bool()), orelse=ast.Constant(value=bool())):
                return self._expression(test, ends)
            case ast.IfExp(test=test, body=body, orelse=rest):
                yes, no = self._test(test, ends)
                return _joined(self._expression(body, yes) if yes else [], self._expression(rest, no) if no else [])
            case ast.BoolOp():
                return _joined(*self._test(node, ends))
            case ast.Compare(ops=ops) if len(ops) > 1:
                return _joined(*self._test(node, ends))
            case (
                ast.ListComp(generators=parts)
                | ast.SetComp(generators=parts)
                | ast.GeneratorExp(generators=parts)
                | ast.DictComp(generators=parts)
            ):
                made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                head, inner, taken = self._generators(parts, ends)
                self._graph.add_edges_from((end, inner) for end in self._all(made, taken))
                return head
            case ast.Lambda(body=body):
                return self._expression(body, ends)
            case ast.Call():
                return self._call(node, ends)
        for function in self._named(node):  # handed on, as a key or to map
            ends = self._function(function, ends)
        return self._all(children(node), ends)

    def _generators(self, parts: Sequence[ast.comprehension], ends: Ends) -> tuple[Ends, int, Ends]:
        """The end of the outermost loop, the innermost loop, and where it takes an item."""
        outermost: Ends = []
        inner, taken = -1, ends
        for part in parts:
            around = inner
            inner = self._node("loop", self._expression(part.iter, taken))
            if around >= 0:
                self._graph.add_edge(inner, around)
            else:
                outermost = [inner]
            taken = [inner]
            for test in part.ifs:
                taken, no = self._test(test, taken)
                self._graph.add_edges_from((end, inner) for end in no)
        return outermost, inner, taken

    def _search(self, items: ast.expr, ends: Ends) -> tuple[Ends, Ends]:
        """A loop that ends at the first item that is true (or false): where it is found, and where none is."""
        if isinstance(items, COMPREHENSIONS) and not isinstance(items, ast.DictComp):
            out, inner, taken = self._generators(items.generators, ends)
            yes, no = self._test(items.elt, taken)
            self._graph.add_edges_from((end, inner) for end in no)
            return yes, out
        head = self._node("loop", self._expression(items, ends))
        decided = self._node("branch", [head])
        self._graph.add_edge(decided, head)
        return [decided], [head]

    def _call(self, node: ast.Call, ends: Ends) -> Ends:
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        match node.func:
            case ast.Name(id="any" | "all" as name) if len(arguments) == 1 and self._is_builtin(name):
                return _joined(*self._search(arguments[0], ends))
            case ast.Name(id="sum" as name) if arguments and self._is_builtin(name):
                return self._over(arguments, ends, decides=False)
            case ast.Name(id="min" | "max" as name) if self._is_builtin(name):
                return self._extreme(node, arguments, ends)
            case ast.Name(id="map" | "filter" as name) if len(arguments) > 1 and self._is_builtin(name):
                head = self._node("loop", self._all(arguments[1:], ends))
                inside = self._expression(arguments[0], [head])
                inside = self._decision(inside) if name == "filter" else inside
                self._graph.add_edges_from((end, head) for end in inside)
                return [head]
            case ast.Name(id="sorted" as name) if self._is_builtin(name):
                return [self._node("sort", self._all(arguments, ends))]
            case ast.Attribute(value=value, attr="sort"):
                return [self._node("sort", self._all([value, *arguments], ends))]
        functions = self._named(node) or self._named(node.func)
        ends = self._all(arguments if functions else [node.func, *arguments], ends)
        for function in functions:
            ends = self._function(function, ends)
        return ends

    def _extreme(self, node: ast.Call, arguments: Sequence[ast.expr], ends: Ends) -> Ends:
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
            return self._over(arguments, ends, decides=True)
        ends = self._all(arguments, ends)
        for _ in node.args[1:]:
            ends = self._decision(ends)
        return ends

    def _over(self, arguments: Sequence[ast.expr], ends: Ends, *, decides: bool) -> Ends:
        """A loop of the library's over items, which a comprehension may make."""
        items = arguments[0]
        if isinstance(items, COMPREHENSIONS) and not isinstance(items, ast.DictComp):
            head, inner, taken = self._generators(items.generators, ends)
            taken = self._expression(items.elt, taken)
        else:
            inner = self._node("loop", self._expression(items, ends))
            head = taken = [inner]
        taken = self._all(arguments[1:], self._decision(taken) if decides else taken)
        self._graph.add_edges_from((end, inner) for end in taken)
        return head

    # ------------------------------------------------------------ functions

    def _function(self, function: FunctionNode, ends: Ends) -> Ends:
        """Its body in the place of a call; a call of a function that is being looked at is recursion."""
        if any(function is one for one in self._inside):
            return [self._node("recursion", ends)]
        self._inside.append(function)
        kept = self._breaks, self._continues
        self._breaks, self._continues = [], []
        self._returns.append([])
        if isinstance(function, ast.Lambda):
            ends = self._expression(function.body, ends)
        else:
            ends = self._block(function.body, ends)
        self._breaks, self._continues = kept
        self._inside.pop()
        return _joined(ends, self._returns.pop())

    def _named(self, node: ast.AST) -> tuple[FunctionNode, ...]:
        return named_functions(self._code, node, self._inside[-1] if self._inside else None)

    def _is_builtin(self, name: str) -> bool:
        within = self._inside[-1] if self._inside else None
        return name not in self._code.functions and not self._code.is_variable(name, within)


def _only_says(node: ast.If, after: list[ast.stmt]) -> bool:
    """Whether both ways only return, or only assign to one name, True or False: the condition itself would do."""
    match node.body, node.orelse or after:
        case [ast.Return(value=ast.Constant(value=bool()))], [ast.Return(value=ast.Constant(value=bool()))]:
            return True
        case (
            [ast.Assign(targets=[ast.Name(id=yes)], value=ast.Constant(value=bool()))],
            [ast.Assign(targets=[ast.Name(id=no)], value=ast.Constant(value=bool()))],
        ):
            return bool(node.orelse) and yes == no
    return False


def _joined(first: Ends, second: Ends) -> Ends:
    return list(dict.fromkeys([*first, *second]))
