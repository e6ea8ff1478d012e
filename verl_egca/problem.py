"""A programming problem: what the policy is asked, what decides whether it is solved, and the reference program.

`Problem` is what travels: it is read from a benchmark's rows (`verl_egca.data.formats`), stored as JSON in verl's parquet
(`reward_model.ground_truth`), and rebuilt in the reward workers. It is plain data; nothing here runs anything.
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

    Values are plain data: what JSON has, and what `values.codec` has beside it. Written to JSON and read again they are
    the same (see `values.exact_json`). Lists stand for linked lists and trees where the entry point's annotations say ``ListNode``
    or ``TreeNode``. A first argument that is a dict with digits as keys, which JSON can only have as text, is tried with
    integers first.
    """

    kind: Literal["calls"] = "calls"
    arguments: Annotated[
        tuple[tuple[Any, ...], ...],
        _READ,
        PlainSerializer(lambda rows: to_exact_json(tuple(map(list, rows))), when_used="json"),
    ]
    expected: Annotated[tuple[Any, ...], _READ, PlainSerializer(to_exact_json, when_used="json")]


class StdioTests(_Frozen):
    """Pairs of standard input and the standard output that is expected for it."""

    kind: Literal["stdio"] = "stdio"
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


Tests = Annotated[AssertionTests | CallTests | StdioTests, Field(discriminator="kind")]


class Problem(_Frozen):
    """One problem.

    ``prompt`` is what the policy reads. ``code_prefix`` is the code that a bare completion continues (HumanEval's
    prompt), empty where programs are written whole. ``preamble`` is code of the data set that runs before a program, in its
    namespace: imports and helpers that the program may use, and may define anew. ``reference`` is a whole program, or None
    where the data set has none.

    ``entry_point`` is what the tests call, or None for standard-input programs: the name of a function, a class or
    anything else callable, or ``Class().method``, a method of an object that is made anew for each case. Assertions may
    call it ``candidate``. ``constraints`` are what a program must keep beside passing its tests (see `constraints`).
    """

    task_id: str
    prompt: str
    tests: Tests
    entry_point: str | None = None
    reference: str | None = None
    code_prefix: str = ""
    preamble: str = ""
    constraints: tuple[Constraint, ...] = ()
