"""Constraints of many problems as YAML that people review: each has its words as a comment.

    made: {by: static, problems: HumanEval.jsonl.gz}
    constraints:
      HumanEval/0:
      - {kind: recursion, rule: forbidden}  # Do not use recursion.

``made`` and the comments are for the reader; only ``constraints`` counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from verl_egca.constraints import KINDS, AnyConstraint, Constraint
from verl_egca.data.rows import BadInput
from verl_egca.problem import Problem

Constraints = Mapping[str, tuple[AnyConstraint, ...]]
_LIST = TypeAdapter(tuple[Constraint, ...])
_PLAIN = re.compile(r"[A-Za-z][\w./-]{0,200}", re.ASCII)
_HEADER = """\
# Constraints for `egca prepare --constraints`. Change, add and delete as you like;
# `egca constraints check` says which of them a reference or a sample breaks.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One problem's constraints; ``note`` and ``dropped`` (constraints that its reference breaks) are comments."""

    task_id: str
    constraints: tuple[AnyConstraint, ...]
    dropped: tuple[AnyConstraint, ...] = ()
    note: str | None = None


def write_constraints(path: Path, entries: Iterable[Entry], made: Mapping[str, Any]) -> None:
    """The file appears whole or not at all."""
    lines = [_HEADER + yaml.safe_dump({"made": dict(made)}, sort_keys=False, allow_unicode=True, width=120).rstrip()]
    lines.append("constraints:")
    for entry in entries:
        lines.append(f"  {_key(entry.task_id)}:{'' if entry.constraints else ' []'}")
        if entry.note:
            lines.append(f"  # {_one_line(entry.note)}")
        lines += [f"  - {_data(one)}  # {_one_line(one.words)}" for one in entry.constraints]
        lines += [f"  # dropped, as the reference breaks it: {_data(one)}" for one in entry.dropped]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(path)


def read_constraints(path: Path) -> Constraints:
    """By task id. Raises BadInput that names file, task, key and the wanted value."""
    document = _document(path)
    if not isinstance(document, dict) or "constraints" not in document:
        raise BadInput(
            path, None, "constraints", "is missing; a mapping from task ids to lists of constraints is wanted"
        )
    listed = document["constraints"] if document["constraints"] is not None else {}
    if not isinstance(listed, dict):
        raise BadInput(path, None, "constraints", f"is {type(listed).__name__}; a mapping from task ids is wanted")
    found: dict[str, tuple[AnyConstraint, ...]] = {}
    for task, given in listed.items():
        try:
            found[str(task)] = _LIST.validate_python(given if given is not None else [])
        except ValidationError as error:
            raise _bad_constraint(path, str(task), error.errors()[0]) from None
    return found


def constrained(problems: Sequence[Problem], constraints: Constraints, path: Path, source: Path) -> list[Problem]:
    """The problems with these constraints instead of their own. Raises BadInput for a task without a problem."""
    check_tasks({problem.task_id for problem in problems}, constraints, path, source)
    return [with_constraints(problem, constraints) for problem in problems]


def with_constraints(problem: Problem, constraints: Constraints) -> Problem:
    return problem.model_copy(update={"constraints": constraints.get(problem.task_id, ())})


def check_tasks(tasks: Set[str], constraints: Constraints, path: Path, source: Path) -> None:
    """Raises BadInput for constraints of a task that ``source`` lacks."""
    if unknown := sorted(set(constraints) - tasks):
        raise BadInput(
            path,
            None,
            f"constraints.{unknown[0]}",
            f"is not among the {len(tasks)} problems of {source} ({len(unknown)} such tasks); remove it, or name the "
            "problems that the file was made for",
        )


# ---------------------------------------------------------------- reading


class _UniqueKeyLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a duplicate key: YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def _document(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)
    except FileNotFoundError:
        raise BadInput(path, None, None, "there is no such file; `egca constraints extract` makes one") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(path, line, None, f"is not YAML ({error.problem})") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadInput(path, None, None, f"can't be read ({error}); YAML in UTF-8 is wanted") from None


def _bad_constraint(path: Path, task: str, error: Any) -> BadInput:
    place = [str(part) for part in error["loc"]]
    key = ".".join(["constraints", task, *place])
    given = f"(got {error['input']!r:.80})"
    if error["type"] == "union_tag_invalid":
        named = error["ctx"]["tag"]
        return BadInput(path, None, f"{key}.kind", f"unknown kind {named!r:.80}; known ones are {', '.join(KINDS)}")
    if error["type"] == "union_tag_not_found":
        return BadInput(path, None, f"{key}.kind", f"is missing; one of {', '.join(KINDS)} is wanted {given}")
    if error["type"] == "tuple_type":
        return BadInput(path, None, key, f"a list of constraints is wanted {given}")
    if error["type"] == "extra_forbidden":
        return BadInput(path, None, key, f"the kind {place[1]} has no such key; remove it {given}")
    return BadInput(path, None, key, f"{error['msg']} {given}")


# ---------------------------------------------------------------- writing


def _data(constraint: AnyConstraint) -> str:
    return _flow(constraint.model_dump(mode="json", exclude_none=True))


def _key(task: str) -> str:
    plain = _PLAIN.fullmatch(task) is not None
    text: str = yaml.safe_dump(task, default_style=None if plain else '"', width=10_000)
    return text.removesuffix("...\n").strip()


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _one_line(text: str) -> str:
    """The text without line breaks, which would end a comment."""
    return "".join(character if character.isprintable() else " " for character in text)
