"""Problems from rows of the field's data sets; a format is recognised by its keys.

humaneval       task_id, prompt, canonical_solution, test, entry_point      (and HumanEvalFix, HumanEval+)
mbpp            text, code, test_list, test_setup_code
mbpp-sanitized  prompt, code, test_list, test_imports
mbpp-plus       the same and test, a program that decides: EvalPlus's MBPP+ on the hub, or its OriginFmt file
prime_code      verl's code-RL rows: reward_model.ground_truth or the row itself holds JSON with inputs, outputs and
                optionally fn_name (APPS, TACO, LiveCodeBench): calls with fn_name, standard input without
egca            the project's own: `Problem` as JSON, bare or in verl's parquet as `prepare` writes it
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

from pydantic import ValidationError

from verl_egca.data.rows import BadInput, Row, list_of, read_rows, text_of
from verl_egca.problem import AssertionTests, CallTests, Problem, StdioTests
from verl_egca.source import SourceText
from verl_egca.statements import parse

Reader = Callable[[Path, int, Row], Problem]


def load_problems(path: Path, format_name: str = "auto") -> list[Problem]:
    """The file's problems in its order.

    Raises:
        BadInput: names file, row and key; also for two problems of one name, and for a file without any.
    """
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, row in read_rows(path):
        name = recognise(path, number, row) if format_name == "auto" else format_name
        problem = FORMATS[name](path, number, row)
        _check_tests(path, number, _TESTS_KEY.get(name, "tests"), problem)
        if problem.task_id in seen:
            raise BadInput(path, number, "task_id", f"{problem.task_id!r} is row {seen[problem.task_id]}'s already")
        seen[problem.task_id] = number
        problems.append(problem)
    if not problems:
        raise BadInput(path, None, None, "holds no problems")
    return problems


def _check_tests(path: Path, number: int, key: str, problem: Problem) -> None:
    """Tests are trusted, so of any size, but they must be Python."""
    if isinstance(problem.tests, AssertionTests):
        for text in (problem.tests.setup, *problem.tests.assertions):
            if parse(text, limit=None) is None:
                raise BadInput(path, number, key, f"holds what is not Python: {text[:80]!r}")


def recognise(path: Path, number: int, row: Row) -> str:
    """The format that a row's keys show. Raises BadInput that lists what each format needs."""
    if {"base_input", "plus_input"} <= row.keys():
        # their expected values are what EvalPlus computes when it runs, and JSON has lost tuples and sets of the inputs
        raise BadInput(
            path,
            number,
            "plus_input",
            "is of EvalPlus's inner format, which holds no expected values; its files with tests are wanted: "
            "evalplus/humanevalplus or evalplus/mbppplus on the hub, or a release's *-OriginFmt.jsonl.gz",
        )
    for name, keys in _KEYS.items():
        if any(keys_of_one <= row.keys() for keys_of_one in keys):
            return name
    wanted = "; ".join(f"{name}: {' or '.join(', '.join(sorted(k)) for k in keys)}" for name, keys in _KEYS.items())
    raise BadInput(
        path, number, None, f"is of no known format (its keys: {', '.join(sorted(row))}). Known are {wanted}"
    )


def _humaneval(path: Path, number: int, row: Row) -> Problem:
    """``check`` is called with the entry point; what the prompt defines besides it is there for the tests, too."""
    prompt, entry = text_of(path, number, row, "prompt"), text_of(path, number, row, "entry_point")
    test = text_of(path, number, row, "test")
    tree = parse(test, limit=None)
    if tree is None or not any(isinstance(n, ast.FunctionDef) and n.name == "check" for n in tree.body):
        raise BadInput(path, number, "test", "defines no function 'check', or is not Python")
    tree.body = [n for n in tree.body if not _is_call_of(n, "check")]  # HumanEvalFix ends with the call
    return Problem(
        task_id=text_of(path, number, row, "task_id"),
        prompt=prompt,
        code_prefix=prompt,
        entry_point=entry,
        reference=prompt + text_of(path, number, row, "canonical_solution"),
        tests=AssertionTests(setup=_helpers(prompt, entry) + ast.unparse(tree), assertions=(f"check({entry})",)),
    )


def _is_call_of(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.Expr(ast.Call(func=ast.Name(id=called))):
            return called == name
    return False


def _helpers(prompt: str, entry: str) -> str:
    """Imports and functions that a prompt defines before the entry point: tests call them (HumanEval/32, 38, 50)."""
    tree = parse(prompt + "    pass\n") or parse(prompt)
    if tree is None:
        return ""
    kept = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == entry)]
    return "".join(ast.unparse(node) + "\n" for node in kept)


MBPP_SHOWS = "\nYour code should pass these tests:\n\n"  # between what is asked and the assertions


def _mbpp(path: Path, number: int, row: Row) -> Problem:
    """The prompt shows the assertions, as the data set's paper does: nothing else names the function."""
    text = text_of(path, number, row, "text" if "text" in row else "prompt")
    code = text_of(path, number, row, "code").replace("\r\n", "\n")
    assertions = [str(item) for item in list_of(path, number, row, "test_list")]
    if not assertions:
        raise BadInput(path, number, "test_list", "holds no assertions")
    imports = list_of(path, number, row, "test_imports") if "test_imports" in row else []
    setup = "\n".join([*map(str, imports), text_of(path, number, row, "test_setup_code", required=False)]).strip()
    shown = "\n".join(assertions)
    return Problem(
        task_id=f"MBPP/{row.get('task_id')}",
        prompt=f"{text.strip()}{MBPP_SHOWS}{shown}\n",
        entry_point=called_function(code, assertions),
        reference=code,
        tests=AssertionTests(setup=setup, assertions=tuple(assertions)),
    )


def _mbpp_plus(path: Path, number: int, row: Row) -> Problem:
    """Shown are MBPP's own assertions; what decides is the loop that ``test`` ends with, in which they are covered."""
    shown, test = _mbpp(path, number, row), text_of(path, number, row, "test")
    tree = parse(test, limit=None)
    if tree is None or not tree.body or not isinstance(tree.body[-1], ast.For):
        raise BadInput(path, number, "test", "does not end with a loop over inputs, or is not Python")
    assert isinstance(shown.tests, AssertionTests)
    start = SourceText(test).offset(tree.body[-1].lineno, 0)
    setup, loop = f"{shown.tests.setup}\n{test[:start]}".strip(), test[start:].strip()
    if any(isinstance(node, ast.Name) and node.id == "candidate" for node in ast.walk(tree.body[-1])):
        setup += f"\ndef check(candidate):\n{indent(loop, '    ')}\n"  # early releases call the function so
        loop = f"check({shown.entry_point})"
    return shown.model_copy(update={"tests": AssertionTests(setup=setup, assertions=(loop,))})


def called_function(code: str, assertions: list[str]) -> str | None:
    """The function of the reference that the assertions call first."""
    tree = parse(code)
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)} if tree else set()
    for assertion in assertions:
        asserted = parse(assertion)
        for node in ast.walk(asserted) if asserted else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in defined:
                return node.func.id
    return None


def _prime_code(path: Path, number: int, row: Row) -> Problem:
    truth: Any = row
    if "reward_model" in row:
        truth = (row["reward_model"] or {}).get("ground_truth")
        if isinstance(truth, str):
            try:
                truth = json.loads(truth)
            except ValueError as error:
                raise BadInput(path, number, "reward_model.ground_truth", f"is not JSON ({error})") from None
    if not isinstance(truth, dict):
        raise BadInput(path, number, "reward_model.ground_truth", "is no object with inputs and outputs")
    inputs, outputs = list_of(path, number, truth, "inputs"), list_of(path, number, truth, "outputs")
    if len(inputs) != len(outputs) or not inputs:
        raise BadInput(
            path,
            number,
            "outputs",
            f"holds {len(outputs)} for {len(inputs)} inputs; as many, and one at least, are wanted",
        )
    name = truth.get("fn_name")
    solution = row.get("solution") or (row.get("extra_info") or {}).get("solution")
    return Problem(
        task_id=str(row.get("task_id") or (row.get("extra_info") or {}).get("task_id") or f"{path.name}/{number}"),
        prompt=_prompt_of(path, number, row),
        entry_point=name,
        reference=solution if isinstance(solution, str) else None,
        tests=_call_tests(path, number, inputs, outputs) if name else _stdio_tests(inputs, outputs),
    )


def _prompt_of(path: Path, number: int, row: Row) -> str:
    prompt = row.get("prompt", row.get("question"))
    if isinstance(prompt, list):
        return "\n".join(str(message.get("content", "")) for message in prompt if message.get("role") == "user")
    if isinstance(prompt, str):
        return prompt
    raise BadInput(path, number, "prompt", "is missing; a string or a list of chat messages is wanted")


def _call_tests(path: Path, number: int, inputs: list[Any], outputs: list[Any]) -> CallTests:
    """Arguments are a list, or text with a JSON value a line (APPS, LiveCodeBench)."""
    arguments, expected = [], []
    for given, wanted in zip(inputs, outputs, strict=True):
        if isinstance(given, str):
            try:
                given = [json.loads(line) for line in given.split("\n") if line.strip()]
            except ValueError:
                raise BadInput(
                    path, number, "inputs", f"holds {given[:80]!r}; JSON, a value a line, is wanted"
                ) from None
        if not isinstance(given, list):
            raise BadInput(path, number, "inputs", f"holds {given!r:.80}; a list of arguments is wanted")
        arguments.append(tuple(given))
        expected.append(_json_value(wanted) if isinstance(wanted, str) and isinstance(inputs[0], str) else wanted)
    return CallTests(arguments=tuple(arguments), expected=tuple(expected))


def _json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _stdio_tests(inputs: list[Any], outputs: list[Any]) -> StdioTests:
    return StdioTests(inputs=tuple(map(_lines, inputs)), outputs=tuple(map(_lines, outputs)))


def _lines(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _egca(path: Path, number: int, row: Row) -> Problem:
    try:
        if "reward_model" in row:
            return Problem.model_validate_json(str(row["reward_model"]["ground_truth"]))
        return Problem.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "reward_model.ground_truth"
        raise BadInput(path, number, key, f"{first['msg']} (got {first['input']!r:.80})") from None


def _is_own_parquet(row: Row) -> bool:
    truth = (row.get("reward_model") or {}).get("ground_truth")
    return isinstance(truth, str) and '"tests"' in truth


def _verl_row(path: Path, number: int, row: Row) -> Problem:
    return _egca(path, number, row) if _is_own_parquet(row) else _prime_code(path, number, row)


FORMATS: dict[str, Reader] = {
    "humaneval": _humaneval,
    "mbpp": _mbpp,
    "mbpp-sanitized": _mbpp,
    "mbpp-plus": _mbpp_plus,
    "egca": _egca,
    "prime_code": _verl_row,
}
_TESTS_KEY = {"humaneval": "test", "mbpp": "test_list", "mbpp-sanitized": "test_list", "mbpp-plus": "test"}
_KEYS: dict[str, tuple[set[str], ...]] = {
    "egca": ({"task_id", "prompt", "tests"},),
    "humaneval": ({"prompt", "canonical_solution", "test", "entry_point"},),
    "mbpp": ({"text", "code", "test_list"},),
    "mbpp-plus": ({"prompt", "code", "test_list", "test"},),
    "mbpp-sanitized": ({"prompt", "code", "test_list"},),
    "prime_code": ({"reward_model", "prompt"}, {"inputs", "outputs"}),
}
