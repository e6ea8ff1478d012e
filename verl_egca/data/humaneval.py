"""HumanEval's rows, and HumanEvalFix's: a prompt of code, its continuation, and a ``check`` function.

``openai/openai_humaneval``: ``task_id, prompt, canonical_solution, test, entry_point``. ``bigcode/humanevalpack`` (Python)
has the same keys and more; its ``test`` ends with a call of ``check``, which is left out here: the runner makes it.
"""

from __future__ import annotations

import ast

from verl_egca.data.entry import Entry
from verl_egca.data.python_tests import defined, loaded, parse
from verl_egca.data.rows import Row
from verl_egca.problem import AssertionTests, Problem


def read_humaneval(row: Row) -> Entry:
    """Raises BadRow."""
    prompt, entry_point = row.text("prompt"), row.text("entry_point")
    if not entry_point.isidentifier():
        row.bad("entry_point", f"must be the name of a function, not {entry_point!r}")
    problem = Problem(
        task_id=row.text("task_id"),
        prompt=prompt,
        code_prefix=prompt,
        entry_point=entry_point,
        reference=prompt + row.text("canonical_solution"),
        tests=AssertionTests(setup=_setup(row, prompt, entry_point), assertions=(f"check({entry_point})",)),
    )
    return Entry(problem, "humaneval", split="test")


def _setup(row: Row, prompt: str, entry_point: str) -> str:
    """The definition of ``check``, after those of the prompt's helper functions that the test calls.

    A test must not take its helpers from the program under test (HumanEval/32, 38 and 50 call some of the prompt's).
    """
    test = parse(row, "test", row.text("test"))
    if "check" not in defined(test):
        row.bad("test", "must define the function check(candidate)")
    wanted = loaded(test) - defined(test).keys() - {entry_point}
    helpers = _definitions(parse(row, "prompt", prompt), wanted, entry_point)
    body = [node for node in test.body if not _calls_check(node)]
    return "\n\n".join(ast.unparse(node) for node in [*helpers, *body]) + "\n"


def _definitions(prompt: ast.Module, wanted: set[str], entry_point: str) -> list[ast.stmt]:
    """The prompt's statements that define the wanted names, and what those need in turn, in the prompt's order."""
    offered = {name: statement for name, statement in defined(prompt).items() if name != entry_point}
    found: set[str] = set()
    todo = wanted & offered.keys()
    while todo:
        found |= todo
        todo = {name for one in todo for name in loaded(offered[one]) & offered.keys()} - found
    kept = [offered[name] for name in found]
    return [statement for statement in prompt.body if statement in kept]


def _calls_check(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="check"))):
            return True
    return False
