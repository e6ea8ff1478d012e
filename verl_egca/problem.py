"""A programming problem: its prompt, tests, constraints and reference program.

A `Problem` is read from a benchmark's rows (`verl_egca.data.formats`), stored as JSON in verl's parquet
(`reward_model.ground_truth`), and rebuilt in the reward workers. It is plain data.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from verl_egca.constraints import Constraint
from verl_egca.values.exact_json import from_exact_json, to_exact_json

_READ = BeforeValidator(from_exact_json)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AssertionTests(_Frozen):
    """Python source that asserts: MBPP's list of assertions, or HumanEval's ``check`` function.

    ``setup`` runs first; every item of ``assertions`` is one case. A ``check(candidate)`` function is ``setup`` (its
    definition) with the single assertion ``check(<entry point>)``; the runner splits its body into cases.
    """

    kind: Literal["assertions"] = "assertions"
    setup: str = ""
    assertions: tuple[str, ...]


class CallTests(_Frozen):
    """Input/output pairs of a function: ``entry_point(*arguments) == expected``, by the rules of `execution.compare`.

    Values are plain data: JSON's types and those that `values.codec` adds; JSON preserves them exactly (see
    `values.exact_json`). Lists stand for linked lists and trees where the entry point is annotated with ``ListNode`` or
    ``TreeNode``. If the first argument is a dict whose keys are digits, integer keys are tried first: JSON has only
    text.
    """

    kind: Literal["calls"] = "calls"
    arguments: Annotated[
        tuple[tuple[Any, ...], ...],
        _READ,
        PlainSerializer(lambda rows: to_exact_json(tuple(map(list, rows))), when_used="json"),
    ]
    expected: Annotated[tuple[Any, ...], _READ, PlainSerializer(to_exact_json, when_used="json")]


class StdioTests(_Frozen):
    """Pairs of standard input and expected standard output."""

    kind: Literal["stdio"] = "stdio"
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


Tests = Annotated[AssertionTests | CallTests | StdioTests, Field(discriminator="kind")]


class Problem(_Frozen):
    """One problem.

    ``prompt`` is the policy's input. ``code_prefix`` is the code that a bare completion continues (HumanEval's prompt);
    empty where programs are written whole. ``preamble`` is the data set's code that runs before a program in its
    namespace: imports and helpers that the program may use or redefine. ``reference`` is a whole program, or None.

    ``entry_point`` is the name of the callable that the tests call, or ``Class().method`` on a new object for each
    case; None for standard-input programs. Assertions may call it ``candidate``. ``constraints``: see `constraints`.
    """

    task_id: str
    prompt: str
    tests: Tests
    entry_point: str | None = None
    reference: str | None = None
    code_prefix: str = ""
    preamble: str = ""
    constraints: tuple[Constraint, ...] = ()
