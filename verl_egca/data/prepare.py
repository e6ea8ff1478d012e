"""A file of rows, in any shape, as the parquet that verl's data loader reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verl_egca.data.constrained_prompt import CHAT, constrained_prompt
from verl_egca.data.constraint_file import check_tasks, read_constraints, with_constraints
from verl_egca.data.formats import TaskIds
from verl_egca.data.messages import Message, messages_of, with_last_user_text
from verl_egca.data.parquet_file import ParquetFile
from verl_egca.data.row_problem import RowPlace, reading_of_row
from verl_egca.data.rows import BadInput, Row, read_rows
from verl_egca.data.shapes.read_row import TRUTH, read_row
from verl_egca.data.splits import Split, is_few_shot_prompt, split_of_row
from verl_egca.data.time_limits import time_limit_of_row
from verl_egca.execution.limits import Limits
from verl_egca.problem import Problem

Chooser = Callable[[Problem, Sequence[str]], Problem]


@dataclass(slots=True)
class Prepared:
    """Counts of rows. ``written``: by split; of these, ``problems`` hold program tests, ``without_tests`` do not, and
    ``unsplit`` go to test as nothing names their split. ``skipped``: bad rows by reason; ``first_skipped`` has the
    first of each. ``time_limit``: the longest that a row gives a case, in seconds.
    """

    written: dict[str, int] = field(default_factory=dict)
    problems: int = 0
    without_tests: int = 0
    unsplit: int = 0
    time_limit: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    first_skipped: dict[str, BadInput] = field(default_factory=dict)

    def skip(self, error: BadInput) -> None:
        """Count a bad row by its reason, without the row's values in it."""
        reason = re.sub(r"""'[^']*'|"[^"]*"|\d+""", "…", f"{error.key or 'the row'}: {error.problem}")[:160]
        self.skipped[reason] += 1
        self.first_skipped.setdefault(reason, error)

    def remarks(self) -> Iterator[str]:
        """Remarks for the user, a line each."""
        if self.without_tests:
            yield f"{self.without_tests} of them hold no program tests, and are unchanged"
        if self.unsplit:
            yield f"{self.unsplit} of them name no split, nor does the file: they are in test; --split sets another"
        if self.time_limit > (ours := Limits().cpu_seconds):
            yield f"rows give a case up to {self.time_limit:g} s, the sandbox {ours:g} s; cpu_seconds sets more"
        for reason, rows in self.skipped.most_common():
            yield f"{rows} rows left out: {reason} (the first: {self.first_skipped[reason]})"


def prepare(
    source: Path,
    out: Path,
    format_name: str = "auto",
    constraints: Path | None = None,
    template: str = CHAT,
    *,
    split: Split | None = None,
    skip_bad: bool = False,
    choose: Chooser = lambda problem, references: problem,
) -> Prepared:
    """Write a file's rows to ``out/<split>.parquet``, with few of them in memory.

    ``reward_model.ground_truth`` then holds the problem as JSON. Rows in verl's columns keep their messages,
    ``data_source`` and other columns; ``extra_info`` gets ``task_id``, ``index`` and ``split`` where it lacks them.
    Rows without program tests stay unchanged. Other rows get a chat of one message, the problem's prompt.

    Args:
        format_name: the shape of all rows, or "auto".
        constraints: a file of constraints for the problems; ``template`` puts them into the prompts.
        split: for rows that name none; without it, that of `split_of_row`, else test.
        skip_bad: leave bad rows out and count them, instead of raising at the first.
        choose: gives a row's problem its reference.

    Raises:
        BadInput: a row can't be read or judged; two rows have one ``task_id``; a task of the constraints isn't in the
            file; the file holds no problem. No new file is left then.
    """
    limits = read_constraints(constraints) if constraints is not None else {}
    prepared, names, tasks = Prepared(), TaskIds(source), set[str]()
    files: dict[str, ParquetFile] = {}

    def take(number: int, row: Row) -> None:
        place = RowPlace(source, number)
        reading = reading_of_row(row, place, None if format_name == "auto" else format_name)
        problem, read = reading.problem, read_row(row, place)
        name = split_of_row(read, problem, source, split)
        if problem is not None:
            problem = names.unique(problem, number, row)
            tasks.add(problem.task_id)
            if name is None and is_few_shot_prompt(problem):
                return
            problem = choose(problem if constraints is None else with_constraints(problem, limits), reading.references)
        file = files.setdefault(name or "test", ParquetFile(out / f"{name or 'test'}.parquet"))
        file.add(_prepared_row(read, problem, place, name or "test", file.rows, template), place)
        prepared.problems += problem is not None
        prepared.without_tests += problem is None
        prepared.unsplit += name is None
        prepared.time_limit = max(prepared.time_limit, time_limit_of_row(read) or 0.0)

    try:
        for number, row in read_rows(source, prepared.skip if skip_bad else None):
            try:
                take(number, row)
            except BadInput as error:
                if not skip_bad:
                    raise
                prepared.skip(error)
        if constraints is not None:
            check_tasks(tasks, limits, constraints, source)
        if not prepared.problems:
            left_out = sum(prepared.skipped.values())
            raise BadInput(
                source, None, None, "holds no problems" + (f"; {left_out} bad rows are left out" if left_out else "")
            )
        written = {name: file for name, file in files.items() if file.rows}
        for file in written.values():
            file.close()
    except BaseException:
        for file in files.values():
            file.discard()
        raise
    prepared.written = {name: file.rows for name, file in written.items()}
    return prepared


def write_parquet(problems: Iterable[Problem], path: Path, *, source: str, split: str, template: str = CHAT) -> int:
    """Write problems as a split, and return their number. The file appears whole or not at all."""
    file = ParquetFile(path)
    for index, problem in enumerate(problems):
        content = [{"role": "user", "content": constrained_prompt(problem, template)}]
        extra = {"index": index, "task_id": problem.task_id, "split": split}
        file.add(_row(source, content, problem, extra), RowPlace(task=problem.task_id))
    file.close()
    return file.rows


def _prepared_row(read: Row, problem: Problem | None, place: RowPlace, split: str, index: int, template: str) -> Row:
    """Raises BadInput."""
    if problem is None:
        truth = read["reward_model"].get("ground_truth")
        if not isinstance(truth, str):
            raise place.bad(
                TRUTH,
                f"is {type(truth).__name__} in a row without program tests, and can't share a column with the problems' "
                "text; train on the file unchanged, without `egca prepare`",
            )
        return read
    extra = dict(read.get("extra_info") or {})
    for key, value in {"index": index, "task_id": problem.task_id, "split": split}.items():
        if extra.get(key) is None:
            extra[key] = value
    chat = _chat(read, problem, place, template)
    if "reward_model" not in read:
        return _row(_data_source(read, problem, place), chat, problem, extra, read.get("ability"))
    model = {"style": "rule", **read["reward_model"], "ground_truth": problem.model_dump_json()}
    source, ability = _data_source(read, problem, place), read.get("ability") or "code"
    return {
        **read,
        "data_source": source,
        "prompt": chat,
        "ability": ability,
        "reward_model": model,
        "extra_info": extra,
    }


def _row(source: str, chat: list[Message], problem: Problem, extra: Row, ability: object = None) -> Row:
    """A row in the columns of verl's data loader."""
    return {
        "data_source": source,
        "prompt": chat,
        "ability": ability if isinstance(ability, str) else "code",
        "reward_model": {"style": "rule", "ground_truth": problem.model_dump_json()},
        "extra_info": extra,
    }


def _chat(read: Row, problem: Problem, place: RowPlace, template: str) -> list[Message]:
    """The row's own chat, with the constraints in its last user message. Raises BadInput."""
    messages = messages_of(read.get("prompt"))
    if messages is None:
        if not problem.prompt.strip():
            raise place.bad(
                "prompt", "is missing or empty; a list of chat messages, or the text of the problem, is wanted"
            )
        return [{"role": "user", "content": constrained_prompt(problem, template)}]
    if not problem.constraints:
        return messages
    changed = with_last_user_text(
        messages, lambda text: constrained_prompt(problem.model_copy(update={"prompt": text}), template)
    )
    if changed is None:
        raise place.bad("prompt", "has no text of the user for the problem's constraints to follow; add a user message")
    return changed


def _data_source(read: Row, problem: Problem, place: RowPlace) -> str:
    """The row's ``data_source``; else the family of its task id, else the file's name."""
    assert place.path is not None
    if isinstance(source := read.get("data_source"), str) and source:
        return source
    family, slash, _ = problem.task_id.partition("/")
    return family.lower() if slash and family != place.path.name else place.path.name.partition(".")[0].lower()
