"""Code-RL rows: tests as ``inputs``/``outputs``, with ``fn_name`` for calls and without for standard input.

This is what verl scores with ``prime_code`` (``verl/utils/reward_score/prime_code``), and what APPS, TACO and the
LiveCodeBench conversions hold. A row is verl's (``reward_model.ground_truth`` is the tests as JSON; ``prompt`` is a chat),
or raw: the tests under ``inputs``/``outputs`` or under ``input_output`` as JSON, the task under ``question`` or ``prompt``.

For calls, an input is a string with an argument's JSON on each line, or the list of arguments itself (APPS); an output
is JSON or the value itself. For standard input, a list stands for its lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from verl_egca.data.entry import Entry, Message
from verl_egca.data.own import own_problem
from verl_egca.data.rows import Row
from verl_egca.problem import CallTests, Problem, StdioTests

_TASK_KEYS = ("prompt", "question", "problem", "description")
_ID_KEYS = ("task_id", "problem_id", "question_id", "id")
_REFERENCE_KEYS = ("reference", "solution", "solutions")
TRUTH = "reward_model.ground_truth"


def read_verl(row: Row) -> Entry:
    """A row of verl's data: this project's own, or tests for ``prime_code``. Raises BadRow."""
    messages = _messages(row)
    source = row.text("data_source", "code")
    about = row.values.get("extra_info")
    about = about if isinstance(about, Mapping) else {}
    split = about["split"] if isinstance(about.get("split"), str) else None
    truth = _ground_truth(row)
    if "tests" in truth:
        return Entry(own_problem(row, truth, TRUTH), source, split, messages)
    index = about.get("index")
    problem = Problem(
        task_id=f"{source}/{row.number - 1 if index is None else index}",
        prompt="\n\n".join(message.content for message in messages),
        entry_point=_entry_point(row, truth, TRUTH),
        reference=_reference(row, about),
        tests=_tests(row, truth, TRUTH),
    )
    return Entry(problem, source, split, messages)


def read_raw(row: Row) -> Entry:
    """A row with the tests in it. Raises BadRow."""
    where = "input_output" if row.values.get("input_output") is not None else ""
    truth = _object(row, where, row.values[where]) if where else row.values
    task = next((key for key in _TASK_KEYS if row.values.get(key) is not None), "prompt")
    given_id = next((row.values[key] for key in _ID_KEYS if row.values.get(key) is not None), None)
    problem = Problem(
        task_id=f"code/{row.number - 1}" if given_id is None else str(given_id),
        prompt="\n\n".join(part for part in (row.text(task), row.text("starter_code", "")) if part.strip()),
        entry_point=_entry_point(row, truth, where),
        reference=_reference(row, row.values),
        tests=_tests(row, truth, where),
    )
    split = row.values.get("split")
    return Entry(problem, "code", split if isinstance(split, str) else None)


def _messages(row: Row) -> tuple[Message, ...]:
    prompt = row.values.get("prompt")
    if isinstance(prompt, str):
        return (Message("user", prompt),)
    if not isinstance(prompt, list) or not prompt:
        row.bad("prompt", "must be a list of chat messages, each with role and content")
    messages = []
    for index, message in enumerate(prompt):
        match message:
            case {"role": str(role), "content": str(content)}:
                messages.append(Message(role, content))
            case _:
                row.bad(f"prompt[{index}]", "must be a chat message with role and content, both strings")
    return tuple(messages)


def _ground_truth(row: Row) -> Mapping[str, Any]:
    model = row.values.get("reward_model")
    if not isinstance(model, Mapping) or "ground_truth" not in model:
        row.bad("reward_model", "must be an object with ground_truth")
    return _object(row, TRUTH, model["ground_truth"])


def _object(row: Row, key: str, value: Any) -> Mapping[str, Any]:
    """A JSON object, given as one or as its text."""
    if isinstance(value, str):
        value = _loads(row, key, value)
    if not isinstance(value, Mapping):
        row.bad(key, "must be a JSON object with inputs and outputs (and fn_name, for calls)")
    return value


def _loads(row: Row, key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        row.bad(key, f"is not JSON: {error}")


def _entry_point(row: Row, truth: Mapping[str, Any], where: str) -> str | None:
    name = truth.get("fn_name")
    if name is None or name == "":
        return None
    if not isinstance(name, str) or not name.isidentifier():
        row.bad(_path(where, "fn_name"), f"must be the name of a function, not {name!r}")
    return name


def _tests(row: Row, truth: Mapping[str, Any], where: str) -> CallTests | StdioTests:
    inputs, outputs = (_list(row, truth, where, key) for key in ("inputs", "outputs"))
    if len(inputs) != len(outputs):
        row.bad(_path(where, "outputs"), f"has {len(outputs)} items for {len(inputs)} inputs; each input needs one")
    if not inputs:
        row.bad(_path(where, "inputs"), "is empty; a problem without tests can't be judged")
    keys = [_path(where, f"inputs[{index}]") for index in range(len(inputs))]
    wanted = [_path(where, f"outputs[{index}]") for index in range(len(outputs))]
    if _entry_point(row, truth, where) is None:
        return StdioTests(
            inputs=tuple(_lines(row, key, value) for key, value in zip(keys, inputs, strict=True)),
            outputs=tuple(_lines(row, key, value) for key, value in zip(wanted, outputs, strict=True)),
        )
    return CallTests(
        arguments=tuple(_arguments(row, key, value) for key, value in zip(keys, inputs, strict=True)),
        expected=tuple(
            _loads(row, key, value) if isinstance(value, str) and not _is_raw(inputs) else value
            for key, value in zip(wanted, outputs, strict=True)
        ),
    )


def _list(row: Row, truth: Mapping[str, Any], where: str, key: str) -> list[Any]:
    value = truth.get(key)
    if not isinstance(value, list):
        row.bad(_path(where, key), "must be a list, one item a test")
    return value


def _lines(row: Row, key: str, value: Any) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if not isinstance(value, str):
        row.bad(key, "must be text, or a list of its lines, as there is no fn_name")
    return value


def _is_raw(inputs: list[Any]) -> bool:
    """APPS's own rows hold arguments and values themselves: a string among them is a value, not JSON."""
    return not all(isinstance(value, str) for value in inputs)


def _arguments(row: Row, key: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [_loads(row, key, line) for line in value.split("\n")]
    if not isinstance(value, list):
        row.bad(key, "must be the list of arguments, or a string with an argument's JSON on each line")
    match value:
        case [dict(only)] if only and all(_reads_as_int(name) for name in only):
            # JSON made strings of a dictionary's numbers; prime_code undoes it for a single argument, and so do we
            return ({int(name): item for name, item in only.items()},)
    return tuple(value)


def _reads_as_int(name: Any) -> bool:
    return isinstance(name, str) and name.removeprefix("-").isdecimal()


def _reference(row: Row, about: Mapping[str, Any]) -> str | None:
    """The first solution that the row offers, if any; APPS and TACO write the list of them as JSON."""
    for key in _REFERENCE_KEYS:
        value = about.get(key)
        if isinstance(value, str) and key == "solutions":
            value = _loads(row, key, value) if value.strip() else None
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, str) and value.strip():
            return value
    return None


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
