"""unittest's plain assertions as ``assert`` statements, whose values a verdict can show.

``assertEqual`` only decides ``first == second``; the others here are as simple. unittest itself runs the rest
(``assertAlmostEqual``, ``assertRaises``, ``assertCountEqual``, …).
"""

from __future__ import annotations

import ast

_COMPARED: dict[str, type[ast.cmpop]] = {
    "assertEqual": ast.Eq,
    "assertEquals": ast.Eq,
    "assertNotEqual": ast.NotEq,
    "assertIs": ast.Is,
    "assertIsNot": ast.IsNot,
    "assertIn": ast.In,
    "assertNotIn": ast.NotIn,
    "assertGreater": ast.Gt,
    "assertGreaterEqual": ast.GtE,
    "assertLess": ast.Lt,
    "assertLessEqual": ast.LtE,
}
_KEYWORDS = ("first", "second", "expr", "expr1", "expr2", "member", "container", "a", "b", "obj", "cls", "msg")


class PlainAssertions(ast.NodeTransformer):
    """For a method whose first argument is ``self_name``; ``own`` are assertions that the tests' classes redefine."""

    def __init__(self, self_name: str, own: set[str]) -> None:
        self._self, self._own = self_name, own

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) as call if name == self._self:
                if method not in self._own and (plain := _plain(method, call)) is not None:
                    return ast.fix_missing_locations(ast.copy_location(plain, node))
        return node

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.stmt]:
        """Drop ``with self.subTest(…)``, which only labels a failure."""
        self.generic_visit(node)
        if all(self._is_sub_test(item.context_expr) and item.optional_vars is None for item in node.items):
            return node.body
        return node

    def _is_sub_test(self, context: ast.expr) -> bool:
        match context:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="subTest")):
                return name == self._self
        return False


def _plain(method: str, call: ast.Call) -> ast.Assert | None:
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    if any(keyword.arg not in _KEYWORDS for keyword in call.keywords):
        return None
    message = next((keyword.value for keyword in call.keywords if keyword.arg == "msg"), None)
    parts = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg != "msg")]
    is_pair = method in _COMPARED or method in ("assertIsInstance", "assertNotIsInstance")
    wanted = 2 if is_pair else 1
    if len(parts) == wanted + 1 and message is None:
        message = parts.pop()
    if len(parts) != wanted:
        return None
    test = _test(method, parts)
    return ast.Assert(test, message) if test is not None else None


def _test(method: str, parts: list[ast.expr]) -> ast.expr | None:
    if method in _COMPARED:
        return ast.Compare(parts[0], [_COMPARED[method]()], [parts[1]])
    match method:
        case "assertIsInstance":
            return _is_instance(parts)
        case "assertNotIsInstance":
            return ast.UnaryOp(ast.Not(), _is_instance(parts))
        case "assertTrue" | "assert_":
            return parts[0]
        case "assertFalse":
            return ast.UnaryOp(ast.Not(), parts[0])
        case "assertIsNone":
            return ast.Compare(parts[0], [ast.Is()], [ast.Constant(None)])
        case "assertIsNotNone":
            return ast.Compare(parts[0], [ast.IsNot()], [ast.Constant(None)])
    return None


def _is_instance(parts: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name("isinstance", ast.Load()), parts, [])
