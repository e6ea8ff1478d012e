"""Lists of cases, each with an input and an output: DeepCoder, rLLM, LiveCodeBench, PrimeIntellect, open-r1.

A case is of standard input (``testtype: stdin``, ``type: stdin_stdout``) or a call (``functional``, ``function_call``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from verl_egca.data.json_text import read_json
from verl_egca.data.plain_values import says_nothing, shown
from verl_egca.data.rows import Row
from verl_egca.data.shapes.case_values import call_tests, check_numbers, stdio_tests
from verl_egca.data.shapes.entry_points import NAMES, entry_point, said_entry_point
from verl_egca.data.shapes.kinds_of_tests import are_calls, said_kind
from verl_egca.data.shapes.packed import NotPacked, unpacked
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Judging, Shape
from verl_egca.data.shapes.starter_code import asks_for_definitions, only_function, starter_code
from verl_egca.data.shapes.unread_keys import refuse_unread

_OUTPUTS = ("output", "expected_output", "expected")


class CaseList(Shape):
    """``tests`` as a list or its JSON text (DeepCoder-Preview); ``ground_truth`` (rLLM)."""

    name = "deepcoder"
    holds: ClassVar[tuple[str, ...]] = ("tests", "ground_truth", "test_cases", "unit_tests")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return any(key in tests and _is_list_of_cases(tests[key]) for key in self.holds)

    def judging(self, read: ReadRow) -> Judging:
        key = next(key for key in self.holds if key in read.tests and _is_list_of_cases(read.tests[key]))
        return judging_of_cases(read, read.list(key), key)


class LiveCodeBench(Shape):
    """Public tests, then private ones: JSON text, or that text packed (`packed`)."""

    name = "livecodebench"
    holds = ("public_test_cases", "private_test_cases")
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return any(key in tests for key in self.holds)

    def judging(self, read: ReadRow) -> Judging:
        cases = [*self._cases(read, "public_test_cases"), *self._cases(read, "private_test_cases")]
        return judging_of_cases(read, cases, "private_test_cases")

    def _cases(self, read: ReadRow, key: str) -> list[Any]:
        value = read.tests.get(key)
        if says_nothing(value):
            return []
        if isinstance(value, str) and value.lstrip()[:1] not in ("[", "{", '"'):
            try:
                value = read_json(unpacked(value.strip()))
            except NotPacked as error:
                raise read.bad(key, f"is neither JSON nor packed: it {error}") from None
            except ValueError as error:
                raise read.bad(key, f"holds text that is not JSON ({error})") from None
            if not isinstance(value, list):
                raise read.bad(key, f"holds {type(value).__name__}; a list of cases is wanted")
            return value
        return read.list(key)


class VerificationInfo(Shape):
    """PrimeIntellect's verifiable coding problems, and open-r1's copy of them."""

    name = "verifiable-coding-problems"
    holds = ("verification_info",)
    reads = frozenset(NAMES)

    def recognises(self, tests: Row) -> bool:
        return "verification_info" in tests

    def judging(self, read: ReadRow) -> Judging:
        info = read.value("verification_info")
        if not isinstance(info, dict) or "test_cases" not in info:
            raise read.bad("verification_info", "holds no test_cases; an object with a list of them is wanted")
        within = read.within("verification_info", info)
        refuse_unread(CaseList(), within)
        return judging_of_cases(within, within.list("test_cases"), "test_cases")


class OfficialTests(Shape):
    """open-r1's codeforces. Keys for a checker or files refuse the problems that need them."""

    name = "open-r1 codeforces"
    holds = ("official_tests",)
    reads = frozenset()

    def recognises(self, tests: Row) -> bool:
        return "official_tests" in tests

    def judging(self, read: ReadRow) -> Judging:
        return judging_of_cases(read, read.list("official_tests"), "official_tests")


def judging_of_cases(read: ReadRow, cases: Sequence[Any], key: str) -> Judging:
    """Raises BadInput."""
    inputs, outputs, types, names = [], [], set(), {}
    for case in cases:
        if not isinstance(case, dict) or "input" not in case:
            raise read.bad(key, f"holds {shown(case)}; cases with input and output are wanted")
        output = next((name for name in _OUTPUTS if name in case), None)
        if output is None:
            raise read.bad(key, f"holds a case without output: {shown(case)}; cases with input and output are wanted")
        inputs.append(case["input"])
        outputs.append(case[output])
        types.add(_type_of(read, case, key))
        for name in _names_of(case):
            names[entry_point(read, _place(read, key), name)] = True
    keys = (f"{key}.input", f"{key}.output")
    check_numbers(read, inputs, outputs, keys)
    said = said_entry_point(read)
    if said is not None:
        names[said] = True
    if len(names) > 1:
        raise read.bad(key, f"calls {' and '.join(names)}; one entry point is wanted")
    if len(types) > 1:
        raise read.bad(key, "mixes cases of standard input with calls, or with cases of no kind; one kind is wanted")
    calls = types.pop()
    return _judging(read, said_kind(read) if calls is None else calls, next(iter(names), None), inputs, outputs, keys)


def _judging(
    read: ReadRow, calls: bool | None, name: str | None, inputs: list[Any], outputs: list[Any], keys: tuple[str, str]
) -> Judging:
    starter = starter_code(read)
    if calls is None:
        if name is None and asks_for_definitions(starter):
            raise read.bad(
                keys[0],
                "says neither testtype nor a function's name, and starter_code begins a definition; add fn_name",
            )
        calls = name is not None
    if not calls:
        if name is not None:
            raise read.bad(keys[0], f"is of standard input, and {name!r} is named to be called; one of them is wanted")
        return Judging(stdio_tests(read, inputs, outputs, keys))
    name = name or only_function(starter)
    if name is None:
        raise read.bad("metadata.func_name", "is missing, and starter_code does not define one function; add the name")
    return Judging(call_tests(read, inputs, outputs, keys), name)


def _type_of(read: ReadRow, case: Row, key: str) -> bool | None:
    """Whether a case is a call; None if it has no type."""
    for name in ("testtype", "type"):
        value = case.get(name)
        if says_nothing(value):
            continue
        calls = are_calls(value)
        if calls is None:
            raise read.bad(f"{key}.{name}", f"is {shown(value, 60)}; stdin or functional is wanted")
        if value == "function_call" and isinstance(case["input"], str) and _is_list_in_a_line(case["input"]):
            raise read.bad(
                f"{key}.input",
                f"holds {case['input'][:80]!r} as text: it may be one argument or all of them; a list is wanted",
            )
        return calls
    return None


def _names_of(case: Row) -> list[Any]:
    metadata = case.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = read_json(metadata)
        except ValueError:
            metadata = None
    mappings = (case, metadata) if isinstance(metadata, dict) else (case,)
    return [m[name] for m in mappings for name in ("fn_name", "func_name") if not says_nothing(m.get(name))]


def _is_list_of_cases(value: Any) -> bool:
    if isinstance(value, str):  # broken JSON: other JSON text was read already
        return value.lstrip().startswith("[") and '"input"' in value
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "input" in value[0]


def _is_list_in_a_line(text: str) -> bool:
    return "\n" not in text.strip() and text.strip().startswith("[")


def _place(read: ReadRow, key: str) -> str:
    return f"{read.key}.{key}" if read.key else key
