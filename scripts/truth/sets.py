"""The sets of failing programs for measurements of localizers, with the wrong places of each program.

    model           a model's failing programs for the problems (`--samples`), with unknown mistakes
    labelled        100 of CodeLlama's failing programs, drawn by seed, whose wrong statements two readers named
    debugbench      a person's solution with one mistake by an LLM; the reference is another person's

Sets with planted mistakes:

    fix-even        HumanEvalFix: a bug planted by a person, the reference is the program without it
    fix-rewritten   the same programs; the reference is in other words
    fix-disguised   the same mistakes; the program is in other words (names, branches, loops), the reference unchanged
    second          one mistake, with a wrong value, planted in a second correct solution; the data set's reference
    second-two      two mistakes, each of which alone fails a test; either counts
    runtime         one mistake, by which the program raises or does not end
    starter         the starter policy's failing samples, with unknown mistakes

All draws depend on a seed. The sandbox decides whether and how programs fail; ``Checks`` runs it for many at once.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from truth.changed import changed_lines
from truth.mutate import Mutant, mutants
from truth.rewrite import rewrite
from verl_egca.data.formats import load_problems
from verl_egca.data.rows import read_rows
from verl_egca.evaluation.samples import load_samples
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox
from verl_egca.execution.verdict import Outcome, Verdict
from verl_egca.gates.gate import NoConstraints, gate
from verl_egca.gates.mode import Mode
from verl_egca.problem import AssertionTests, Problem

SECOND_SOLUTIONS = Path(__file__).with_name("second_solutions.jsonl")
LABELLED = Path(__file__).with_name("labelled.jsonl")
SECOND, SECOND_TWO, RUNTIME = 400, 200, 150  # target sizes of the sets
TRIED_SINGLES, TRIED_PAIRS = 14, 8  # tried mutants per solution
REWRITES = 10  # seeds tried for a reference before it is left out
CHECK_LIMITS = Limits(cpu_seconds=0.2)  # while sets are made: right programs take far less

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Case:
    """A failing program with the facts about it.

    ``truth`` are the wrong lines of each mistake; None if unknown. ``operators`` name the mistakes. ``written`` is the
    offset at which the prompt's text ends and the policy's begins. ``verdict`` is None if it depends on the limits.
    ``mended`` is the program without its mistakes, if known.
    """

    set_name: str
    problem: Problem
    index: int
    program: str
    operators: tuple[str, ...]
    truth: tuple[tuple[int, ...], ...] | None
    written: int = 0
    verdict: Verdict | None = None
    mended: str | None = None

    @property
    def lines(self) -> set[int]:
        return {line for place in self.truth or () for line in place}

    @property
    def seed(self) -> int:
        text = f"{self.set_name}|{self.problem.task_id}|{self.index}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class Checks(Protocol):
    """Applies a function of a sandbox and an item to many items, perhaps in parallel; results in the items' order."""

    def __call__(
        self, work: Callable[[Sandbox, Item], Result], items: Sequence[Item], what: str, /
    ) -> list[Result]: ...


# ---------------------------------------------------------------- HumanEvalFix


def fix_even(path: Path) -> list[Case]:
    problems = load_problems(path)
    cases: list[Case] = []
    for problem, (_, row) in zip(problems, read_rows(path), strict=True):
        program = problem.code_prefix + row["buggy_solution"]
        lines = tuple(sorted(changed_lines(program, problem.reference or "")))
        kind = (str(row.get("bug_type", "unknown")),)
        written, mended = len(problem.code_prefix), problem.reference
        cases.append(Case("fix-even", problem, 0, program, kind, (lines,), written, mended=mended))
    return cases


def fix_rewritten(given: Sequence[Case], seed: int, checks: Checks) -> list[Case]:
    """``given`` with each reference in other words, without references that no rewriting keeps right."""
    found = checks(_rewritten, [(case.problem, seed) for case in given], "rewriting")
    return [
        replace(case, set_name="fix-rewritten", problem=case.problem.model_copy(update={"reference": text}))
        for case, text in zip(given, found, strict=True)
        if text is not None
    ]


def fix_disguised(given: Sequence[Case], seed: int, checks: Checks) -> list[Case]:
    """``given`` with each program and its mended form in other words, without those whose mistake became larger."""
    found = checks(_disguised, [(case, seed) for case in given], "disguising")
    return [case for case in found if case is not None]


def _disguised(sandbox: Sandbox, item: tuple[Case, int]) -> Case | None:
    case, seed = item
    entry_point, keep = case.problem.entry_point or "", _names(case.problem)
    for attempt in range(seed, seed + REWRITES):
        program, mended = (rewrite(text, entry_point, attempt, keep=keep) for text in (case.program, case.mended or ""))
        lines = tuple(sorted(changed_lines(program, mended)))
        if ast.dump(ast.parse(program)) == ast.dump(ast.parse(case.program)) or len(lines) > max(2, len(case.lines)):
            continue
        if sandbox.run(case.problem, mended).passed and not sandbox.run(case.problem, program).passed:
            return replace(case, set_name="fix-disguised", program=program, truth=(lines,), mended=mended, written=0)
    return None


def _rewritten(sandbox: Sandbox, item: tuple[Problem, int]) -> str | None:
    problem, seed = item
    reference, entry_point = problem.reference or "", problem.entry_point or ""
    for attempt in range(seed, seed + REWRITES):
        text = rewrite(reference, entry_point, attempt, keep=_names(problem))
        if ast.dump(ast.parse(text)) != ast.dump(ast.parse(reference)) and sandbox.run(problem, text).passed:
            return text
    return None


# ---------------------------------------------------------------- mistakes in second solutions


@dataclass(frozen=True, slots=True)
class Solution:
    """A correct solution of a problem, unlike its reference. ``within`` is the only function to plant mistakes in."""

    problem: Problem
    text: str
    within: str | None = None


def second_solutions(problems: Iterable[Problem], path: Path = SECOND_SOLUTIONS) -> list[Solution]:
    """The solutions of the given problems. If tests call the program's helpers, only the entry point gets mistakes."""
    by_id = {problem.task_id: problem for problem in problems}
    found: list[Solution] = []
    for _, row in read_rows(path):
        problem = by_id.get(row["task_id"])
        if problem is not None:
            shared = (_names(problem) & _defined(row["solution"])) - {problem.entry_point}
            found.append(Solution(problem, row["solution"], problem.entry_point if shared else None))
    return found


@dataclass(frozen=True, slots=True)
class Planted:
    """A mutant of a solution with its verdict."""

    solution: Solution
    mutant: Mutant
    verdict: Verdict

    @property
    def gives_a_wrong_value(self) -> bool:
        failure = self.verdict.first_failure
        mode = gate(self.solution.problem, self.mutant.source, self.verdict, NoConstraints()).mode
        return mode is Mode.LOGIC and failure is not None and failure.outcome is Outcome.WRONG

    @property
    def raises_or_hangs(self) -> bool:
        failure = self.verdict.first_failure
        ends = (Outcome.EXCEPTION, Outcome.TIMEOUT, Outcome.MEMORY, Outcome.OUTPUT, Outcome.CRASHED)
        return failure is not None and failure.outcome in ends


def singles(solutions: Sequence[Solution], seed: int, checks: Checks) -> list[Planted]:
    """Failing mutants of one mistake, from at most TRIED_SINGLES per solution; for `second` and `runtime`."""
    found = checks(_singles, [(solution, seed) for solution in solutions], "one mistake")
    return [planted for some in found for planted in some]


def pairs(solutions: Sequence[Solution], seed: int, checks: Checks) -> list[Planted]:
    """Mutants of two mistakes that give a wrong value, and of which each mistake alone also fails a test."""
    found = checks(_pairs, [(solution, seed) for solution in solutions], "two mistakes")
    return [planted for some in found for planted in some]


def second(planted: Sequence[Planted], wanted: int = SECOND) -> list[Case]:
    return _cases("second", balanced([one for one in planted if one.gives_a_wrong_value], wanted))


def second_two(planted: Sequence[Planted], wanted: int = SECOND_TWO) -> list[Case]:
    return _cases("second-two", balanced(planted, wanted))


def runtime(planted: Sequence[Planted], wanted: int = RUNTIME) -> list[Case]:
    return _cases("runtime", balanced([one for one in planted if one.raises_or_hangs], wanted))


def balanced(planted: Sequence[Planted], wanted: int) -> list[Planted]:
    """At most ``wanted``: one of each problem first, then more, each time of the rarest operator so far."""
    operators: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    chosen: set[int] = set()

    def rarity(place: int) -> tuple[float, int, int]:
        named = planted[place].mutant.operators
        rare = sum(operators[name] for name in named) / len(named)
        return rare, problems[planted[place].solution.problem.task_id], place

    def take(places: Iterable[int]) -> None:
        best = min(places, key=rarity)
        chosen.add(best)
        operators.update(planted[best].mutant.operators)
        problems[planted[best].solution.problem.task_id] += 1

    of_problem: dict[str, list[int]] = {}
    for place, one in enumerate(planted):
        of_problem.setdefault(one.solution.problem.task_id, []).append(place)
    for places in sorted(of_problem.values(), key=len):  # problems with the smallest choice first
        if len(chosen) < wanted:
            take(places)
    rest = set(range(len(planted))) - chosen
    while rest and len(chosen) < wanted:
        take(rest)
        rest -= chosen
    return [planted[place] for place in sorted(chosen)]


def _cases(name: str, planted: Sequence[Planted]) -> list[Case]:
    counted: Counter[str] = Counter()
    cases: list[Case] = []
    for one in planted:
        problem, mutant = one.solution.problem, one.mutant
        truth = tuple(tuple(range(place.line, place.end_line + 1)) for place in mutant.places)
        index = counted[problem.task_id]
        counted[problem.task_id] += 1
        known = _lasting(one.verdict)
        mended = one.solution.text
        cases.append(Case(name, problem, index, mutant.source, mutant.operators, truth, verdict=known, mended=mended))
    return cases


def _singles(sandbox: Sandbox, item: tuple[Solution, int]) -> list[Planted]:
    return [one for one in _planted(sandbox, *item, edits=1, most=TRIED_SINGLES) if not one.verdict.passed]


def _pairs(sandbox: Sandbox, item: tuple[Solution, int]) -> list[Planted]:
    problem = item[0].problem
    return [
        one
        for one in _planted(sandbox, *item, edits=2, most=TRIED_PAIRS)
        if one.gives_a_wrong_value and not any(sandbox.run(problem, text).passed for text in one.mutant.alone)
    ]


def _planted(sandbox: Sandbox, solution: Solution, seed: int, edits: int, most: int) -> Iterator[Planted]:
    if not sandbox.run(solution.problem, solution.text).passed:
        return
    for mutant in itertools.islice(mutants(solution.text, seed, edits, solution.within), most):
        yield Planted(solution, mutant, sandbox.run(solution.problem, mutant.source))


def _names(problem: Problem) -> set[str]:
    """All names that a problem's tests mention."""
    if not isinstance(problem.tests, AssertionTests):
        return set()
    texts = (problem.tests.setup, *problem.tests.assertions)
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def _defined(program: str) -> set[str]:
    return {node.name for node in ast.parse(program).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


# ---------------------------------------------------------------- models' programs


def labelled(model: Iterable[Case], path: Path = LABELLED) -> list[Case]:
    """The labelled ones of a model's failing programs; other models' programs for the same tasks have no labels.

    A line is right if one of the two readers named it, or gave it as an equally good place for a change.
    """
    known = {(row["task_id"], row["sha256"]): row["readers"] for _, row in read_rows(path)}
    cases = [(case, known.get((case.problem.task_id, digest(case.program)))) for case in model]
    return [
        replace(
            case,
            set_name="labelled",
            truth=tuple(tuple(reader["lines"] + reader["also"]) for reader in readers),
        )
        for case, readers in cases
        if readers is not None
    ]


def digest(program: str) -> str:
    return hashlib.sha256(program.strip().encode()).hexdigest()


def debugbench(prefix: Path) -> list[Case]:
    """The cases of PREFIX.problems.jsonl, PREFIX.samples.jsonl and PREFIX.truth.jsonl."""
    problems, samples, truth = (
        prefix.with_name(f"{prefix.name}.{part}.jsonl") for part in ("problems", "samples", "truth")
    )
    known = {row["task_id"]: (tuple(row["lines"]), (row["kind"],)) for _, row in read_rows(truth)}
    cases = []
    for sample in load_samples(samples, {problem.task_id: problem for problem in load_problems(problems)}):
        lines, kind = known[sample.problem.task_id]
        cases.append(Case("debugbench", sample.problem, sample.sample_index, sample.program.source, kind, (lines,)))
    return cases


def failing(name: str, written: Iterable[tuple[Problem, str]], checks: Checks) -> list[Case]:
    """The programs of a policy that compile and fail, each text once."""
    once = list({(problem.task_id, program): (problem, program) for problem, program in written}.values())
    counted: Counter[str] = Counter()
    cases: list[Case] = []
    for (problem, program), verdict in zip(once, checks(_verdict, once, "sampled programs"), strict=True):
        failure = verdict.first_failure
        if failure is None or failure.outcome in (Outcome.SYNTAX, Outcome.UNSUPPORTED, Outcome.INFRASTRUCTURE):
            continue
        index, kind = counted[problem.task_id], (str(failure.outcome),)
        counted[problem.task_id] += 1
        cases.append(Case(name, problem, index, program, kind, None, len(problem.code_prefix), _lasting(verdict)))
    return cases


def _verdict(sandbox: Sandbox, item: tuple[Problem, str]) -> Verdict:
    return sandbox.run(*item)


def _lasting(verdict: Verdict) -> Verdict | None:
    """The verdict if it is independent of the limits; else None."""
    return None if any(case.outcome is Outcome.TIMEOUT for case in verdict.cases) else verdict


# ---------------------------------------------------------------- all sets


def some(cases: Sequence[Item], most: int | None, seed: int) -> list[Item]:
    """At most ``most`` cases, drawn at random, in their order."""
    if most is None or len(cases) <= most:
        return list(cases)
    places = sorted(random.Random(seed).sample(range(len(cases)), most))
    return [cases[place] for place in places]


def write(cases: Sequence[Case], folder: Path) -> None:
    """Writes ``SET.problems.jsonl`` and ``SET.samples.jsonl`` in the form of ``egca localize``, with the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, group in itertools.groupby(cases, key=lambda case: case.set_name):
        of_set = list(group)
        problems = {case.problem.task_id: case.problem.model_dump_json() for case in of_set}
        rows = [
            {
                "task_id": case.problem.task_id,
                "sample_index": case.index,
                "solution": case.program,
                "operators": case.operators,
                "truth": case.truth,
            }
            for case in of_set
        ]
        (folder / f"{name}.problems.jsonl").write_text("".join(f"{line}\n" for line in problems.values()))
        (folder / f"{name}.samples.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
