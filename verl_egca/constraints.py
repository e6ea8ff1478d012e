"""Constraints on a program's algorithm: a small vocabulary that can be checked mechanically.

A constraint is plain data. ``words`` phrases it, for the prompt and for the record of a sample that breaks it;
`check.broken_constraint` checks it, only in the code that the entry point reaches.
"""

from __future__ import annotations

import builtins
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Rule = Literal["required", "forbidden"]
StructureName = Literal["list", "tuple", "dict", "set", "deque", "heap", "string"]
Complexity = Literal["constant", "logarithmic", "linear", "linearithmic", "quadratic", "cubic", "exponential"]
COMPLEXITIES: tuple[Complexity, ...] = get_args(Complexity)  # from the least to the greatest

_STRUCTURES: dict[str, str] = {
    "list": "lists",
    "tuple": "tuples",
    "dict": "dictionaries",
    "set": "sets",
    "deque": "a deque",
    "heap": "a heap",
    "string": "strings put together from parts",
}


def _identifier(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise PydanticCustomError("name", "a name of Python is wanted, such as solve")
    return name


def _builtin(name: str) -> str:
    if not hasattr(builtins, name):
        raise PydanticCustomError("builtin", "the name of one of Python's builtins is wanted, such as sorted")
    return name


Name = Annotated[str, AfterValidator(_identifier)]
BuiltinName = Annotated[str, AfterValidator(_builtin)]


def _kind_is_required(schema: dict[str, Any]) -> None:
    """In a schema for structured output: without its kind a constraint is ambiguous."""
    schema["required"] = ["kind", *(name for name in schema.get("required", []) if name != "kind")]


class _Constraint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_kind_is_required)


class Structure(_Constraint):
    """Required or forbidden data structures. ``string`` is text that the program builds from parts."""

    kind: Literal["structure"] = "structure"
    rule: Rule
    names: tuple[StructureName, ...] = Field(min_length=1)

    @property
    def words(self) -> str:
        return _use(self.rule, *(_STRUCTURES[name] for name in self.names))


class Recursion(_Constraint):
    """A function that calls itself, directly or through others."""

    kind: Literal["recursion"] = "recursion"
    rule: Rule

    @property
    def words(self) -> str:
        return _use(self.rule, "recursion")


class Iteration(_Constraint):
    """A loop or a comprehension."""

    kind: Literal["iteration"] = "iteration"
    rule: Rule

    @property
    def words(self) -> str:
        return _use(self.rule, "iteration (a loop or a comprehension)")


class Comprehension(_Constraint):
    """A comprehension or a generator expression."""

    kind: Literal["comprehension"] = "comprehension"
    rule: Rule

    @property
    def words(self) -> str:
        return _use(self.rule, "a comprehension or generator expression")


class LoopNesting(_Constraint):
    """Nesting depth of loops and comprehensions, also through the program's own functions but not the library's."""

    kind: Literal["loop_nesting"] = "loop_nesting"
    at_most: int = Field(ge=0, le=10)

    @property
    def words(self) -> str:
        if self.at_most == 0:
            return "Do not loop."
        return "Do not nest loops." if self.at_most == 1 else f"Nest loops at most {self.at_most} deep."


class Imports(_Constraint):
    """Modules that are imported and used, by the first part of their names. ``typing`` is always allowed."""

    kind: Literal["imports"] = "imports"
    rule: Literal["only", "required", "forbidden"]
    modules: tuple[Name, ...]

    @property
    def words(self) -> str:
        if not self.modules:
            return "Import nothing." if self.rule == "only" else "Import what you like."
        named = ", ".join(self.modules)
        return {"only": f"Import nothing but {named}.", "required": f"Use {named}."}.get(
            self.rule, f"Do not import {named}."
        )


class Builtin(_Constraint):
    """Required or forbidden builtins of Python; ``sorted`` includes ``list.sort``."""

    kind: Literal["builtin"] = "builtin"
    rule: Rule
    names: tuple[BuiltinName, ...] = Field(min_length=1)

    @property
    def words(self) -> str:
        return _use(self.rule, *("sorted() or list.sort()" if one == "sorted" else f"{one}()" for one in self.names))


class Mutation(_Constraint):
    """Whether the entry point changes its arguments, judged by the text: changes through another name are not seen."""

    kind: Literal["mutation"] = "mutation"
    rule: Rule

    @property
    def words(self) -> str:
        return (
            "Do not change the arguments."
            if self.rule == "forbidden"
            else "Change the argument itself rather than a copy."
        )


class Signature(_Constraint):
    """A function's name and its number of positional arguments."""

    kind: Literal["signature"] = "signature"
    function: Name
    parameters: int | None = Field(None, ge=0, le=50)

    @property
    def words(self) -> str:
        if self.parameters is None:
            return f"Define a function {self.function}."
        noun = "parameter" if self.parameters == 1 else "parameters"
        return f"Define a function {self.function} with {self.parameters or 'no'} {noun}."


class TimeComplexity(_Constraint):
    """How the steps of a run grow with its input, measured on growing inputs if the tests allow it."""

    kind: Literal["complexity"] = "complexity"
    at_most: Complexity

    @property
    def words(self) -> str:
        return f"Take {self.at_most} time in the size of the input{'' if self.at_most == 'constant' else ', or less'}."


AnyConstraint = (
    Structure
    | Recursion
    | Iteration
    | Comprehension
    | LoopNesting
    | Imports
    | Builtin
    | Mutation
    | Signature
    | TimeComplexity
)
Constraint = Annotated[AnyConstraint, Field(discriminator="kind")]
KINDS: tuple[str, ...] = tuple(str(one.model_fields["kind"].default) for one in get_args(AnyConstraint))


def _use(rule: Rule, *what: str) -> str:
    *first, last = what
    named = f"{', '.join(first)} {'and' if rule == 'required' else 'or'} {last}" if first else last
    return f"Use {named}." if rule == "required" else f"Do not use {named}."
