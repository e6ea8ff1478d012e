"""Classes of tests, pytest's and unittest's: each test method becomes a function that makes a new object."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from verl_egca.data.pytest_modules.fixtures import Fixture, fixture_decorator, fixtures_of
from verl_egca.data.pytest_modules.functions import Functions
from verl_egca.data.pytest_modules.reading import FunctionNode, Reading
from verl_egca.data.pytest_modules.unittest_assertions import PlainAssertions

_TEST_CASES = ("unittest.TestCase", "unittest.case.TestCase")
_PLAIN_BASES = ("object", "abc.ABC", "typing.Generic")


@dataclass(frozen=True, slots=True)
class TestClass:
    """``methods`` are those of the class and its bases in the module, by name; ``node`` keeps the rest."""

    __test__ = False

    node: ast.ClassDef
    methods: dict[str, FunctionNode]
    is_unittest: bool

    @property
    def tests(self) -> list[FunctionNode]:
        found = [method for name, method in self.methods.items() if name.startswith("test")]
        return sorted(found, key=lambda method: method.name) if self.is_unittest else found


def test_classes_of(reading: Reading) -> Iterator[TestClass]:
    """Raises the module's BadInput at a class of tests that can't be judged."""
    defined = {node.name: node for node in reading.tree.body if isinstance(node, ast.ClassDef)}
    for node in defined.values():
        found = _test_class(reading, node, defined)
        if found is not None and found.tests:
            yield found


test_classes_of.__test__ = False  # type: ignore[attr-defined]


def _test_class(reading: Reading, node: ast.ClassDef, defined: dict[str, ast.ClassDef]) -> TestClass | None:
    lineage, other = _lineage(reading, node, defined)
    is_unittest = any(base in _TEST_CASES for base in other)
    if "unittest.IsolatedAsyncioTestCase" in other:
        raise reading.refusal(node, "has asynchronous tests, which can't be judged")
    if not is_unittest and not node.name.startswith("Test"):
        return None
    methods: dict[str, FunctionNode] = {}
    for one in reversed(lineage):
        methods |= {inner.name: inner for inner in one.body if isinstance(inner, FunctionNode)}
    found = TestClass(node, methods, is_unittest)
    if not found.tests:
        return found
    unknown = [base for base in other if base not in (*_TEST_CASES, *_PLAIN_BASES)]
    if unknown:
        raise reading.refusal(node, f"derives from {unknown[0]}, which the file does not define")
    if not is_unittest and "__init__" in methods:
        raise reading.refusal(node, "has an __init__, so that pytest runs none of its tests; use setup_method")
    if any(isinstance(inner, ast.ClassDef) and inner.name.startswith("Test") for inner in node.body):
        raise reading.refusal(node, "holds classes of tests; write them at the left edge")
    return found


def _lineage(
    reading: Reading, node: ast.ClassDef, defined: dict[str, ast.ClassDef]
) -> tuple[list[ast.ClassDef], list[str]]:
    """The class and its bases in the module, in this order, and the names of other bases."""
    lineage, other, todo = [node], [], [*node.bases]
    while todo:
        base = todo.pop(0)
        name = reading.dotted(base.value if isinstance(base, ast.Subscript) else base)
        if name in defined and defined[name] not in lineage:
            lineage.append(defined[name])
            todo += defined[name].bases
        elif name not in defined:
            other.append(name or ast.unparse(base))
    return lineage, other


class Methods:
    """Adds the tests of one class to the module's."""

    def __init__(self, reading: Reading, functions: Functions, module_fixtures: dict[str, Fixture]) -> None:
        self._reading, self._functions, self._module_fixtures = reading, functions, module_fixtures

    def add(self, found: TestClass, marked: list[ast.expr]) -> None:
        """Raises the module's BadInput."""
        name = found.node.name
        own = {fixture.name: fixture for fixture in fixtures_of(self._reading, found.methods.values(), name)}
        fixtures = self._module_fixtures | own
        for fixture in own.values():
            if fixture.is_shared:
                raise self._reading.refusal(
                    fixture.function, "is shared between tests; write the fixture outside of the class"
                )
            self._functions.made.append(fixture.function)
        marked = [*marked, *found.node.decorator_list]
        self._keep_helpers(found)
        before = self._set_up_once(found)
        for method in found.tests:
            self._add_method(found, method, marked, fixtures, before)

    def _add_method(
        self,
        found: TestClass,
        method: FunctionNode,
        marked: list[ast.expr],
        fixtures: dict[str, Fixture],
        before: list[ast.stmt],
    ) -> None:
        if isinstance(method, ast.AsyncFunctionDef):
            raise self._reading.refusal(method, "is asynchronous, and can't be judged")
        method = copy.deepcopy(method)
        decorators = [d for d in method.decorator_list if self._reading.dotted(d) != "staticmethod"]
        arguments = [*method.args.args]
        self_name = "self"
        if len(decorators) == len(method.decorator_list):
            if not arguments:
                raise self._reading.refusal(method, "takes no `self`")
            self_name = arguments.pop(0).arg
        if found.is_unittest:
            plain = PlainAssertions(self_name, set(found.methods))
            body = [plain.visit(statement) for statement in method.body]
            method.body = [s for part in body for s in (part if isinstance(part, list) else [part])]
        set_up, take_down = self._hooks(found, self_name)
        uses_fixtures = any(f.is_method for f in fixtures.values())
        needs_self = bool(set_up or take_down or uses_fixtures) or _names(method.body, self_name)
        start = ast.parse(f"{self_name} = {found.node.name}()").body if needs_self else []
        self._functions.add(
            method,
            f"{found.node.name}_{method.name}",
            arguments,
            [*marked, *decorators],
            fixtures,
            before=[*copy.deepcopy(before), *start, *set_up],
            after=take_down,
            self_name=self_name,
        )

    def _hooks(self, found: TestClass, self_name: str) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """The calls before and after each test."""
        before, after = ("setUp", "tearDown") if found.is_unittest else ("setup_method", "teardown_method")
        calls: list[list[ast.stmt]] = []
        for hook in (before, after):
            method = found.methods.get(hook)
            if method is None or _only_forgets(method):
                calls.append([])
            else:
                given = "None" if len(method.args.args) > 1 else ""
                calls.append(ast.parse(f"{self_name}.{hook}({given})").body)
        if found.is_unittest and any(_calls(method, "addCleanup") for method in found.methods.values()):
            calls[1] += ast.parse(f"{self_name}.doCleanups()").body
        return calls[0], calls[1]

    def _set_up_once(self, found: TestClass) -> list[ast.stmt]:
        hook = "setUpClass" if found.is_unittest else "setup_class"
        if hook not in found.methods:
            return []
        name = f"{found.node.name}_{hook}"
        self._functions.made += ast.parse(f"@functools.cache\ndef {name}():\n    {found.node.name}.{hook}()\n").body
        return ast.parse(f"{name}()").body

    def _keep_helpers(self, found: TestClass) -> None:
        """Keep the class without its tests, which become functions."""
        for method in found.methods.values():
            own_class = [n for n in ast.walk(method) if isinstance(n, ast.Name) and n.id in ("super", "__class__")]
            mangled = [n for n in ast.walk(method) if isinstance(n, ast.Attribute) and _is_mangled(n.attr)]
            if method.name.startswith("test") and (own_class or mangled):
                raise self._reading.refusal(
                    method, "uses super() or a private name (`self.__x`), which only its class can"
                )
            if method.name.startswith("test") and any(_calls(m, method.name) for m in found.methods.values()):
                raise self._reading.refusal(
                    method, "is called by another method; give what they share a name of its own"
                )
        kept = [s for s in found.node.body if not self._is_of_tests(s)]
        found.node.body = kept or [ast.Pass()]
        found.node.decorator_list = []

    def _is_of_tests(self, statement: ast.stmt) -> bool:
        if not isinstance(statement, FunctionNode):
            return False
        return statement.name.startswith("test") or fixture_decorator(self._reading, statement) is not None


def _only_forgets(method: FunctionNode) -> bool:
    """Whether a hook only deletes names or sets constants, which no other test can notice."""
    return all(
        isinstance(s, ast.Pass | ast.Delete)
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        or (isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant))
        for s in method.body
    ) and method.name in ("tearDown", "teardown_method")


def _names(body: list[ast.stmt], name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for s in body for n in ast.walk(s))


def _calls(method: FunctionNode, name: str) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == name for n in ast.walk(method))


def _is_mangled(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")
