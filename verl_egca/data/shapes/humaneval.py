"""HumanEval, HumanEvalFix and EvalPlus's HumanEval+: a prompt that a completion continues, and ``check(candidate)``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from verl_egca.data.rows import Row
from verl_egca.data.shapes.check_function import defines_check, judging_of_check, source_of
from verl_egca.data.shapes.entry_points import entry_point
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.statements import parse


class HumanEval(Shape):
    """Programs and tests get the prompt's other definitions, too (HumanEval/32, 38, 50)."""

    name = "humaneval"
    holds = ("test", "entry_point", "prompt", "canonical_solution")
    reads = frozenset({"entry_point"})

    def recognises(self, tests: Row) -> bool:
        if not {"prompt", "test", "entry_point"} <= tests.keys() or not isinstance(tests["prompt"], str):
            return False
        return "canonical_solution" in tests or f"def {tests['entry_point']}(" in tests["prompt"]

    def judging(self, read: ReadRow) -> Judging:
        prompt = read.text("prompt")
        entry = entry_point(read, "entry_point", read.text("entry_point"))
        _, tree = source_of(read, "test")
        if not defines_check(tree):
            raise read.bad("test", "defines no function 'check'")
        found = judging_of_check(read, "test", tree, entry, helpers_of(prompt, entry))
        return Judging(found.tests, entry, found.preamble, code_prefix=prompt)

    def statement(self, read: ReadRow) -> str:
        return read.text("prompt")

    def references(self, read: ReadRow) -> Iterator[str]:
        if body := read.text("canonical_solution", required=False):
            yield read.text("prompt") + body


def helpers_of(prompt: str, entry: str) -> str:
    """Imports, functions and classes that a prompt defines before the entry point."""
    tree = parse(prompt + "    pass\n") or parse(prompt)
    if tree is None:
        return ""
    name = entry.partition("(")[0]
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    kept = [node for node in tree.body if not (isinstance(node, definitions) and node.name == name)]
    return "".join(ast.unparse(node) + "\n" for node in kept)
