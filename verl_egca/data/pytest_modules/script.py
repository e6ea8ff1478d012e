"""The statements outside of a module's test functions: its set-up, and its assertions at the left edge."""

from __future__ import annotations

import ast

from verl_egca.data.pytest_modules.entry_points import defined_in
from verl_egca.data.pytest_modules.reading import FunctionNode, Reading, bound_by, loaded_in
from verl_egca.execution.deciding import Deciding

_RUNNERS = ("pytest.main", "unittest.main", "unittest.TextTestRunner", "sys.exit", "exit", "quit", "doctest.testmod")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CATCHING = ("", "Exception", "BaseException", "AssertionError")


class Script:
    """``setup`` runs first, ``items`` assert; ``marks`` are those of all tests (``pytestmark``)."""

    def __init__(self, reading: Reading, reference: str | None, entry_point: str | None) -> None:
        """Raises the module's BadInput."""
        self._reading, self._reference = reading, reference
        self.entry_point = entry_point
        self.marks: list[ast.expr] = []
        body = [node for node in reading.tree.body if not _is_docstring(node)]
        main = [statement for node in body if _is_main(node) for statement in node.body]  # type: ignore[attr-defined]
        body = [node for node in body if not _is_main(node)]
        self._deciding = Deciding(body)
        self._called_with_arguments = {
            node.value.func.id
            for node in (*body, *main)
            if isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and (node.value.args or node.value.keywords)
        }
        self.setup: list[ast.stmt] = []
        needed_by_functions = loaded_in(node for node in body if isinstance(node, _DEFINITIONS))
        running: list[ast.stmt] = []
        for node in body:
            if isinstance(node, (*_DEFINITIONS, ast.Import, ast.ImportFrom)):
                self._refuse_hooks(node)
                self.setup.append(node)
            elif self._is_noise(node):
                continue
            elif self._only_prepares(node, running) and (
                not isinstance(node, ast.Assign | ast.AnnAssign) or {*bound_by(node)} & needed_by_functions
            ):
                self.setup.append(node)
            else:
                running.append(node)
        has_tests = any(self._holds_tests(node) for node in self.setup)
        if not has_tests and not any(map(self._deciding.decides, running)):
            running += [node for node in main if not self._is_noise(node)]
        self.items = self._items(running, has_tests)
        for node in (*self.setup, *running):
            self._refuse_swallowed(node)

    def is_test(self, node: FunctionNode) -> bool:
        """Whether pytest would run this function; false if the module calls it with arguments."""
        return node.name.startswith("test") and node.name not in self._called_with_arguments

    def _holds_tests(self, node: ast.stmt) -> bool:
        if isinstance(node, FunctionNode):
            return self.is_test(node)
        return isinstance(node, ast.ClassDef) and any(
            isinstance(inner, FunctionNode) and inner.name.startswith("test") for inner in node.body
        )

    def _items(self, running: list[ast.stmt], has_tests: bool) -> list[ast.Module]:
        checks = [node for node in running if _calls(node, "check")]
        has_check = any(isinstance(n, ast.FunctionDef) and n.name == "check" and n.args.args for n in self.setup)
        if has_check and len(checks) == 1:
            others = [node for node in running if node is not checks[0]]
            return [*self._assertions(others), ast.Module([self._check(checks[0])], [])]
        if has_check and not has_tests and not any(map(self._deciding.decides, running)):
            return [*self._assertions(running), ast.Module([self._check(None)], [])]
        return self._assertions(running)

    def _check(self, statement: ast.stmt | None) -> ast.stmt:
        """``check(f)``; ``check(candidate)`` for a method."""
        argument = None
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            if len(call.args) != 1 or call.keywords:
                return statement
            argument = call.args[0]
        match argument:
            case ast.Name(id=name):
                self.entry_point = self.entry_point or (None if name == "candidate" else name)
            case ast.Attribute(value=ast.Call(func=ast.Name(id=name), args=[]), attr=method):
                self.entry_point = self.entry_point or f"{name}().{method}"
            case None:
                self.entry_point = self.entry_point or _last_function(self._reference)
            case _:
                assert statement is not None
                return statement
        if self.entry_point is None:
            raise self._reading.whole(
                "defines check(candidate), but not what it checks; end it with `check(f)`, or give a reference"
            )
        is_name = self.entry_point.isidentifier()
        return ast.parse(f"check({self.entry_point if is_name else 'candidate'})").body[0]

    def _assertions(self, running: list[ast.stmt]) -> list[ast.Module]:
        """Each asserting statement as an item; all statements as one, which the judge cuts, where others may matter."""
        if not any(map(self._deciding.decides, running)):
            self.setup += running  # test functions may use it
            return []
        stored = {name for node in running for name in bound_by(node)}
        if all(map(self._deciding.decides, running)) and not stored & loaded_in(running):
            return [ast.Module([statement], []) for statement in running]
        return [ast.Module(running, [])]

    def _only_prepares(self, node: ast.stmt, running: list[ast.stmt]) -> bool:
        """Whether it runs no code of the program, and needs no name of ``running``."""
        if loaded_in([node]) & {name for other in running for name in bound_by(other)}:
            return False
        if self._deciding.decides(node) or not isinstance(
            node, ast.Assign | ast.AnnAssign | ast.Expr | ast.Try | ast.If
        ):
            return False
        functions = {n.name: loaded_in([n]) for n in self.setup if isinstance(n, FunctionNode | ast.ClassDef)}
        seen, todo = set[str](), [*loaded_in([node])]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += functions.get(name, ())
        return not any(map(self._reading.is_program_s, seen))

    def _is_noise(self, node: ast.stmt) -> bool:
        """Whether a statement only prints, starts a test runner, or calls a test function, which is a test already."""
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                self.marks += value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
                return True
            case ast.Pass() | ast.Global():
                return True
            case ast.Expr(value=ast.Call(func=function) as call):
                name = self._reading.dotted(function)
                if any(self._reading.dotted(n) in _RUNNERS for n in ast.walk(call)):
                    return True
                if name == "print":
                    return not any(isinstance(n, ast.Call) for a in call.args for n in ast.walk(a))
                return any(
                    isinstance(n, FunctionNode) and n.name == name and self.is_test(n) for n in self._reading.tree.body
                )
        return False

    def _refuse_hooks(self, node: ast.stmt) -> None:
        name = getattr(node, "name", "")
        if isinstance(node, FunctionNode) and (name.startswith("pytest_") or name == "load_tests"):
            raise self._reading.refusal(node, "is a hook of pytest's or unittest's, which does not run here")

    def _refuse_swallowed(self, statement: ast.stmt) -> None:
        """Refuse a test that catches its assertion's failure."""
        for node in ast.walk(statement):
            if not isinstance(node, ast.Try):
                continue
            asserts = any(
                isinstance(n, ast.Assert) and not isinstance(n.test, ast.Constant)
                for s in node.body
                for n in ast.walk(s)
            )
            for handler in node.handlers if asserts else []:
                caught = {ast.unparse(handler.type)} if handler.type else {""}
                if caught & set(_CATCHING) and not any(map(self._deciding.decides, handler.body)):
                    raise self._reading.refusal(handler, "catches the failure of an assertion; let it fail")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and {"__name__", "'__main__'"} <= {
        ast.unparse(n) for n in ast.walk(node.test) if isinstance(n, ast.Name | ast.Constant)
    }


def _calls(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=called))):
            return called == name
    return False


def _last_function(program: str | None) -> str | None:
    """A program's last function, or the last method of its last class (``Solution().f``)."""
    found = [
        (name, node) for name, node in defined_in(program).items() if isinstance(node, FunctionNode | ast.ClassDef)
    ]
    if not found:
        return None
    name, node = found[-1]
    if isinstance(node, ast.ClassDef):
        methods = [n.name for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
        return f"{name}().{methods[-1]}" if methods else name
    return name
