"""Inputs and outputs of data sets as cases: values of calls, or texts of standard input and output."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from typing import Any

from verl_egca.data.json_text import read_json, read_json_values
from verl_egca.data.plain_values import shown
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.problem import CallTests, StdioTests

MOST_NESTED = 200


def call_tests(read: ReadRow, inputs: Sequence[Any], outputs: Sequence[Any], keys: tuple[str, str]) -> CallTests:
    """Arguments are a list, or text with a JSON value a line (APPS, LiveCodeBench), whose output is JSON text, too.

    ``keys`` are those of inputs and outputs, for errors.

    Raises:
        BadInput: arguments are neither, or a text is ambiguous.
    """
    arguments, expected = [], []
    for given, wanted in zip(inputs, outputs, strict=True):
        if isinstance(given, str):
            arguments.append(tuple(_arguments_of_text(read, given, keys[0])))
            expected.append(_output_of_text(read, wanted, keys[1]) if isinstance(wanted, str) else wanted)
        elif isinstance(given, list):
            arguments.append(tuple(given))
            expected.append(wanted)
        else:
            raise read.bad(
                keys[0], f"holds {shown(given)}; a list of arguments, or text with a JSON value a line, is wanted"
            )
        _check_plain(read, arguments[-1], keys[0], 0)
        _check_plain(read, expected[-1], keys[1], 0)
    return CallTests(arguments=tuple(arguments), expected=tuple(expected))


def stdio_tests(read: ReadRow, inputs: Sequence[Any], outputs: Sequence[Any], keys: tuple[str, str]) -> StdioTests:
    """A text may be given as a list of its lines; an output may have numbers, as Python prints them.

    Raises:
        BadInput: another value. A number as an input, for example, is rather a function's argument.
    """
    return StdioTests(
        inputs=tuple(_lines(read, value, keys[0]) for value in inputs),
        outputs=tuple(_lines(read, value, keys[1], numbers=True) for value in outputs),
    )


def check_numbers(read: ReadRow, inputs: Sequence[Any], outputs: Sequence[Any], keys: tuple[str, str]) -> None:
    """Raises BadInput for no cases, or unequal numbers of inputs and outputs."""
    if len(inputs) != len(outputs) or not inputs:
        raise read.bad(
            keys[1],
            f"holds {len(outputs)} for {len(inputs)} in {keys[0]}; as many, and one at least, are wanted",
        )


def _arguments_of_text(read: ReadRow, text: str, key: str) -> list[Any]:
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        return [read_json(line) for line in lines]
    except ValueError:
        pass
    try:
        return read_json_values(text)  # a value over several lines
    except ValueError:
        raise read.bad(
            key, f"holds {text[:80]!r}; JSON, a value a line, is wanted for a function's arguments"
        ) from None


def _output_of_text(read: ReadRow, text: str, key: str) -> Any:
    """The value of JSON text; other text is a string that the function must return."""
    try:
        return read_json(text)
    except ValueError:
        pass
    if _is_pythons_literal(text):
        raise read.bad(
            key,
            f"holds {text[:80]!r}, which is Python and not JSON: it may be a string or a value; JSON is wanted",
        )
    return text


def _is_pythons_literal(text: str) -> bool:
    """``True``, ``(1, 2)``, ``{'a': 1}``: text that is not JSON, and rarely a string."""
    if len(text) > 1 << 16 and text.lstrip()[:1] not in "([{'":
        return False
    try:
        ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _check_plain(read: ReadRow, value: Any, key: str, depth: int) -> None:
    if isinstance(value, list | tuple | dict):
        if depth > MOST_NESTED:
            raise read.bad(key, f"holds values nested more than {MOST_NESTED} deep; leave the row out")
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(read, item, key, depth + 1)
    elif value is not None and not isinstance(value, str | int | float):
        raise read.bad(key, f"holds {shown(value, 60)}, a {type(value).__name__}; values that JSON has are wanted")


def _lines(read: ReadRow, value: Any, key: str, *, numbers: bool = False) -> str:
    lines = value if isinstance(value, list) else [value]
    if all(isinstance(line, str) or (numbers and _is_number(line)) for line in lines):
        return "\n".join(map(str, lines))
    raise read.bad(
        key,
        f"holds {shown(value)}; text, or a list of lines, is wanted for standard input and output (a function's name, such "
        "as fn_name, is missing if these are a function's arguments)",
    )


def _is_number(value: Any) -> bool:
    return (type(value) is int and abs(value) < 10**4000) or (type(value) is float and math.isfinite(value))
