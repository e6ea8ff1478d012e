"""The problem of one row. The row's keys show its shape: a class in `verl_egca.data.shapes`, listed in SHAPES."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from verl_egca.data.json_text import unwrapped
from verl_egca.data.messages import messages_of, user_text
from verl_egca.data.plain_values import name_of, plain, says_nothing, shown
from verl_egca.data.row_place import RowPlace
from verl_egca.data.rows import Row
from verl_egca.data.shapes.assertions import (
    AssertionList,
    BigCodeBench,
    CheckOfMethod,
    Functional,
    ModuleOfTests,
    PytestOfCodeR1,
    PythonText,
    SandboxAssertions,
)
from verl_egca.data.shapes.cases import CaseList, LiveCodeBench, OfficialTests, VerificationInfo
from verl_egca.data.shapes.code_contests import CodeContests
from verl_egca.data.shapes.humaneval import HumanEval
from verl_egca.data.shapes.leetcode import LeetCodeDataset
from verl_egca.data.shapes.mbpp import Mbpp, MbppPlus
from verl_egca.data.shapes.own import is_own, own_problem
from verl_egca.data.shapes.pairs import PackedPairs, Pairs
from verl_egca.data.shapes.read_row import TRUTH, ReadRow, present, read_row
from verl_egca.data.shapes.shape import Shape
from verl_egca.data.shapes.unread_keys import refuse_unread
from verl_egca.data.well_formed import check_well_formed
from verl_egca.problem import Problem
from verl_egca.statements import parse

__all__ = [
    "NO_TESTS",
    "OWN",
    "SHAPES",
    "RowPlace",
    "RowReading",
    "problem_of_row",
    "reading_of_row",
    "task_id_of_row",
]

OWN = "egca"
NO_TESTS = "no program tests"

# the first that recognises a row reads it
SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        BigCodeBench(),
        LeetCodeDataset(),
        HumanEval(),
        MbppPlus(),
        Mbpp(),
        SandboxAssertions(),
        Functional(),
        PytestOfCodeR1(),
        CheckOfMethod(),
        LiveCodeBench(),
        VerificationInfo(),
        OfficialTests(),
        CodeContests(),
        CaseList(),
        AssertionList(),
        PackedPairs(),
        Pairs(),
        ModuleOfTests(),
        PythonText(),
    )
}


@dataclass(frozen=True, slots=True)
class RowReading:
    """One row, read. ``shape`` is one of SHAPES, OWN, or NO_TESTS, where ``problem`` is None.

    ``references`` are all programs that the row gives as a solution, the likeliest first, unchecked. The problem has
    the first that is Python.
    """

    shape: str
    problem: Problem | None
    references: tuple[str, ...]


def reading_of_row(row: Mapping[str, Any], place: RowPlace, shape_name: str | None = None) -> RowReading:
    """Read a row. Some hold no program tests, such as the mathematics in Eurus-2-RL-Data.

    Args:
        row: of a file, or of verl's batch: ``reward_model`` and ``extra_info`` may be objects or JSON text, lists may be
            numpy's.
        shape_name: the shape to read, of SHAPES or OWN, instead of the shape that the keys show.

    Raises:
        BadInput: the tests can't be read or judged; names file, row, key and remedy.
    """
    try:
        found = _found(row, place, shape_name)
        if found is None:
            return RowReading(NO_TESTS, None, ())
        if isinstance(found, Problem):
            check_well_formed(found, lambda why: place.bad("tests", why))
            return RowReading(OWN, found, (found.reference,) if found.reference else ())
        shape, read = found
        references = tuple(dict.fromkeys(shape.references(read)))
        return RowReading(shape.name, _problem(shape, read, references), references)
    except RecursionError:
        raise place.bad(None, "is nested too deeply to be read; leave the row out") from None


def problem_of_row(row: Mapping[str, Any], place: RowPlace, shape_name: str | None = None) -> Problem | None:
    """The row's problem; None without program tests. Raises BadInput as `reading_of_row`."""
    return reading_of_row(row, place, shape_name).problem


def task_id_of_row(row: Mapping[str, Any]) -> str:
    """A name for a row of a batch: ``extra_info.task_id``, else data source, index and a digest of the ground truth.

    The digest keeps two rows of one name apart.
    """
    read = plain(row)
    extra, model = read.get("extra_info"), read.get("reward_model")
    extra = extra if isinstance(extra, dict) else {}
    if name := name_of(extra.get("task_id")):
        return name
    truth = model.get("ground_truth") if isinstance(model, dict) else model
    content = truth.encode(errors="replace") if isinstance(truth, str) else pickle.dumps(truth)
    parts = (name_of(read.get("data_source")) or "row", name_of(extra.get("index")))
    return "/".join(filter(None, parts)) + "-" + hashlib.blake2b(content, digest_size=4).hexdigest()


# ---------------------------------------------------------------- from row to problem


def _problem(shape: Shape, read: ReadRow, references: Iterable[str]) -> Problem:
    refuse_unread(shape, read)
    judging = shape.judging(read)
    problem = Problem(
        task_id=_task_id(shape, read),
        prompt=_prompt(shape, read, judging.entry_point),
        tests=judging.tests,
        entry_point=judging.entry_point,
        reference=next((text for text in references if parse(text, limit=None) is not None), None),
        code_prefix=judging.code_prefix,
        preamble=judging.preamble,
    )
    key = next((key for key in shape.holds if key in read.tests), None)
    check_well_formed(problem, lambda why: read.bad(key, why))
    return problem


def _task_id(shape: Shape, read: ReadRow) -> str:
    extra = read.row.get("extra_info") or {}
    for mapping in (extra, read.row):
        if (given := mapping.get("task_id")) is not None and name_of(given) is None:
            raise read.place.bad("task_id", f"is {shown(given, 60)}; a string or a whole number is wanted")
    if name := name_of(extra.get("task_id")) or shape.task_id(read):
        return name
    if read.place.path is not None:
        return f"{read.place.path.name}/{read.place.number}"
    return read.place.task or task_id_of_row(read.row)


def _prompt(shape: Shape, read: ReadRow, entry_point: str | None) -> str:
    """The text of the user's messages; without a chat, the statement, and the entry point if the statement lacks it."""
    for key in ("prompt", "raw_prompt"):
        if (messages := messages_of(read.row.get(key))) is not None:
            return user_text(messages)
    if "reward_model" in read.row and read.key != "extra_info":
        return prompt if isinstance(prompt := read.row.get("prompt"), str) else ""
    statement = shape.statement(read)
    name = (entry_point or "").rpartition(".")[2]
    if name in statement or not statement.strip():
        return statement
    return f"{statement.rstrip()}\n\nThe tests call `{name}`.\n"


# ---------------------------------------------------------------- finding a row's tests


def _found(row: Mapping[str, Any], place: RowPlace, shape_name: str | None) -> Problem | tuple[Shape, ReadRow] | None:
    """A `Problem` given as JSON; else the shape, and the row with its tests; None without tests. Raises BadInput."""
    truth = _truth(row)
    if isinstance(truth, str) and truth.lstrip().startswith('{"task_id"') and shape_name in (None, OWN):
        return own_problem(truth, lambda key, why: place.bad(f"{TRUTH}.{key}" if key else TRUTH, why))
    read = read_row(row, place)
    if {"base_input", "plus_input"} <= read.keys():
        # EvalPlus computes the expected values when it runs, and JSON has lost tuples and sets of the inputs
        raise place.bad(
            "plus_input",
            "is of EvalPlus's inner format, which holds no expected values; its files with tests are wanted: "
            "evalplus/humanevalplus or evalplus/mbppplus on the hub, or a release's *-OriginFmt.jsonl.gz",
        )
    for candidate in _candidates(read, place):
        if shape_name in (None, OWN) and is_own(candidate.tests):
            return own_problem(candidate.tests, candidate.bad)
        for shape in SHAPES.values() if shape_name in (None, OWN) else (SHAPES[shape_name],):
            if shape.recognises(candidate.tests):
                return shape, candidate
    if "reward_model" not in read:
        raise _unknown(read, place)
    if _is_code(read):
        raise place.bad(TRUTH, "holds no tests that can be read, though the row is one of code; README has the shapes")
    return None


def _truth(row: Mapping[str, Any]) -> Any:
    model = row.get("reward_model")
    return model.get("ground_truth") if isinstance(model, Mapping) else None


def _candidates(row: Row, place: RowPlace) -> Iterator[ReadRow]:
    """The mappings that may hold the tests: the ground truth, or where it is empty, the row and its extra_info."""
    model = row.get("reward_model")
    if model:
        truth = model.get("ground_truth")
        try:
            value = unwrapped(truth)
        except ValueError as error:
            if _is_code(row) or _quotes_tests(truth):
                raise place.bad(TRUTH, f"is not JSON ({error})") from None
            value = truth
        if isinstance(value, dict):
            yield ReadRow(row, _read_texts(value), TRUTH, place)
            return
        if not says_nothing(value):
            yield ReadRow(row, {"ground_truth": value}, "reward_model", place)
            if not _is_code(row):
                return  # a ground truth for a scorer
    yield ReadRow(row, _read_texts(row), "", place)
    if isinstance(extra := row.get("extra_info"), dict):
        yield ReadRow(row, _read_texts(extra), "extra_info", place)


_MAY_BE_TEXT = ("tests", "test_cases", "unit_tests", "ground_truth", "input_output", "inputs", "outputs", "test_list")


def _read_texts(mapping: Row) -> Row:
    """The keys that are present; JSON text is read under keys where it is usual, other text is left to the shape."""
    found = present(mapping)
    for key in _MAY_BE_TEXT:
        try:
            if key in found:
                found[key] = unwrapped(found[key])
        except ValueError:
            pass
    return found


_CODE_SOURCES = ("codecontests", "apps", "codeforces", "taco")  # verl's scorer takes these for programs
_TEST_WORDS = ('"inputs"', '"input"', '"functional"', '"pytest"', '"test_code"', '"fn_name"', '"tests"', "assert ")


def _is_code(row: Row) -> bool:
    return row.get("data_source") in _CODE_SOURCES or row.get("ability") in ("code", "coding")


def _quotes_tests(truth: Any) -> bool:
    return isinstance(truth, str) and any(word in truth for word in _TEST_WORDS)


def _unknown(row: Row, place: RowPlace) -> Exception:
    known = ", ".join(SHAPES)
    return place.bad(None, f"is of no known shape (its keys: {', '.join(sorted(row))[:300]}). Known are {known}, {OWN}")
