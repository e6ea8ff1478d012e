"""What stands between operands, and text of edits: shared by the edits of expressions and of statements."""

from __future__ import annotations

import ast
import re

from verl_egca.localization.twins.sites import Program

OPERATORS = {
    "+": {"-": 1.5, "*": 2.5},
    "-": {"+": 1.5, "%": 3.5, "/": 4.0, "*": 4.0},
    "*": {"**": 2.0, "+": 2.5, "/": 3.0, "//": 3.0, "-": 4.0, "%": 4.5},
    "/": {"//": 1.0, "*": 2.0, "%": 3.0},
    "//": {"/": 1.0, "%": 1.5, "*": 2.5},
    "%": {"//": 1.0, "/": 2.5, "*": 3.5},
    "**": {"*": 1.0},
    "&": {"|": 1.0, "^": 2.0, "-": 3.0},
    "|": {"&": 1.0, "^": 2.0},
    "^": {"&": 1.5, "|": 1.5, "**": 2.0},
    "<<": {">>": 1.0},
    ">>": {"<<": 1.0},
}
OPERATOR_TEXT = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}


def between(program: Program, left: ast.expr, right: ast.expr, operator: str) -> tuple[int, int] | None:
    """Where an operator stands between its operands."""
    start, end = program.span(left)[1], program.span(right)[0]
    pattern = r"\s+".join(map(re.escape, operator.split()))
    found = re.search(pattern, program.source[start:end])
    return (start + found.start(), start + found.end()) if found else None


def grouped(text: str) -> str:
    """The text in parentheses, unless it is a name, a literal, or has its own."""
    return text if re.fullmatch(r"[\w.]+|\([^()]*\)|[\w.]+\([^()]*\)|[\w.]+\[[^\[\]]*\]", text) else f"({text})"
