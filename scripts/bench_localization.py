#!/usr/bin/env python
r"""A table of the localizers' accuracy, proofs and cost.

    .venv/bin/python scripts/bench_localization.py --problems HumanEval.jsonl.gz --mbpp mbpp.jsonl --fix
    humanevalfix.jsonl \
        --samples humaneval_codellama.jsonl --mbpp-samples mbpp_codellama.jsonl --debugbench debugbench_leetcode

The sets of failing programs are in `truth.sets`, the rule for a hit in `truth.score`, the baselines in
`truth.baselines`. All shares are of all samples of a set: a sample without a localization is a miss. ``blamed`` counts
characters of the policy's own text. CPU time is the localization's in all processes, without the verdict. Localizers
keep their caches between the samples of a set, as in training. ``egca+ideal`` asks a debugger that knows the mistake,
``+nonsense`` one that knows nothing, ``+served`` the one at --debugger-url; the debuggers' own time is not counted.
Localizers are called directly, also for run-time errors, without regard to the trainer's settings.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from truth import answering, sets
from truth.baselines import BASELINES
from truth.measure import Bench, Row
from truth.sets import Case, Planted
from verl_egca.data.formats import load_problems
from verl_egca.evaluation.samples import load_samples
from verl_egca.localization.confirmed import Confirmed
from verl_egca.localization.options import BUDGET_MS, Options
from verl_egca.localization.registry import localizers as registered
from verl_egca.problem import Problem

SETS = (
    *("model", "labelled", "debugbench"),
    *("fix-even", "fix-rewritten", "fix-disguised", "second", "second-two", "runtime", "starter"),
)
FIRST = ("egca", "counterfactual", "trace", "late", "random")  # of the registered ones
STARTER_PROBLEMS, STARTER_GROUP = 60, 8
SEED = 1

console = Console(highlight=False, width=160)
progress = Console(stderr=True)


def main(
    problems: Annotated[Path | None, typer.Option(help="HumanEval's problems; for second, second-two, runtime")] = None,
    mbpp: Annotated[Path | None, typer.Option(help="MBPP's problems; for the same sets")] = None,
    fix: Annotated[Path | None, typer.Option(help="HumanEvalFix's rows; for fix-even and the like")] = None,
    samples: Annotated[
        Path | None, typer.Option(help="a model's samples of --problems; for model and labelled")
    ] = None,
    mbpp_samples: Annotated[
        Path | None, typer.Option(help="the same model's samples of --mbpp; for the same sets")
    ] = None,
    debugbench: Annotated[Path | None, typer.Option(help="path of its files without .samples.jsonl")] = None,
    set_names: Annotated[str, typer.Option("--sets", help="separated by commas")] = ",".join(SETS),
    localizers: Annotated[
        str | None, typer.Option(help="separated by commas; the first one's misses are shown")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="samples of each set, drawn at random", min=1)] = None,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    budget: Annotated[float, typer.Option(help="egca.budget_ms, in trials", min=1)] = BUDGET_MS,
    seed: Annotated[int, typer.Option(help="seed of the sets and the samples")] = SEED,
    out: Annotated[Path | None, typer.Option(help="JSON lines: a row per sample and localizer")] = None,
    misses: Annotated[int, typer.Option(help="most misses of the first localizer to show per set")] = 0,
    write_sets: Annotated[Path | None, typer.Option(help="a folder for the sets, in egca localize's format")] = None,
    debugger_url: Annotated[
        str | None, typer.Option(help="a served debugger, for egca+served and debugger+served")
    ] = None,
) -> None:
    wanted = _chosen("--sets", set_names.split(","), SETS)
    known = [
        *(name for name, kind in registered().items() if not kind.needs_debugger),
        *answering.names(debugger_url),
        *BASELINES,
    ]
    default = [*FIRST, *BASELINES]
    names = _chosen("--localizers", localizers.split(",") if localizers else default, known)
    rows: list[Row] = []
    with (
        answering.Answering(names, debugger_url, seed) as asked,
        Bench(workers, seed, progress, asked.settings, Options(budget_ms=budget)) as bench,
    ):
        makers = Sets(bench, seed, limit, problems, mbpp, fix, samples, mbpp_samples, debugbench)
        for name in wanted:
            started = time.perf_counter()
            cases = makers.make(name)
            made = time.perf_counter() - started
            if not cases:
                continue
            asked.know(cases)
            if write_sets:
                sets.write(cases, write_sets)
            rows += bench.measure(cases, names, name)
            if out:
                out.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))
            took = time.perf_counter() - started - made
            progress.print(f"{name}: {len(cases)} samples, made in {made:.0f} s, measured in {took:.0f} s")
    console.print(table(rows))
    for line in proofs(rows):
        console.print(line)
    if misses:
        for name in wanted:
            show_misses([row for row in rows if (row.set, row.localizer) == (name, names[0])], misses)


def _chosen(option: str, names: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(dict.fromkeys(known))}", param_hint=option)
    return list(dict.fromkeys(names))


# ---------------------------------------------------------------- the sets


class Sets:
    """Makes the sets, and their common parts once."""

    def __init__(
        self,
        bench: Bench,
        seed: int,
        limit: int | None,
        humaneval: Path | None,
        mbpp: Path | None,
        fix: Path | None,
        samples: Path | None,
        mbpp_samples: Path | None,
        debugbench: Path | None,
    ) -> None:
        self._bench, self._seed, self._limit = bench, seed, limit
        self._humaneval, self._mbpp, self._fix = humaneval, mbpp, fix
        self._samples, self._debugbench_prefix = (samples, mbpp_samples), debugbench
        self._failing: list[Case] | None = None
        self._singles: list[Planted] | None = None

    def make(self, name: str) -> list[Case]:
        """The set; if an input is missing, prints which and returns an empty one."""
        makers: dict[str, Callable[[], list[Case] | str]] = {
            "model": self._model,
            "labelled": self._labelled,
            "debugbench": self._debugbench,
            "fix-even": self._fix_even,
            "fix-rewritten": self._fix_rewritten,
            "fix-disguised": self._fix_disguised,
            "second": self._second,
            "second-two": self._second_two,
            "runtime": self._runtime,
            "starter": self._starter,
        }
        made = makers[name]()
        if isinstance(made, str):
            progress.print(f"[yellow]{name} is left out: {escape(made)}[/]")
            return []
        return made

    def _model(self) -> list[Case] | str:
        given = self._written()
        return given if isinstance(given, str) else sets.some(given, self._limit, self._seed)

    def _labelled(self) -> list[Case] | str:
        given = self._written()
        return given if isinstance(given, str) else sets.some(sets.labelled(given), self._limit, self._seed)

    def _debugbench(self) -> list[Case] | str:
        if self._debugbench_prefix is None:
            return "it needs --debugbench"
        return sets.some(sets.debugbench(self._debugbench_prefix), self._limit, self._seed)

    def _written(self) -> list[Case] | str:
        """All of the model's failures."""
        given = list(zip((self._humaneval, self._mbpp), self._samples, strict=True))
        if any(problems is None or samples is None for problems, samples in given):
            return "it needs --problems, --mbpp, --samples and --mbpp-samples"
        if self._failing is None:
            written = [
                (one.problem, one.program.source)
                for problems, samples in given
                if problems is not None and samples is not None
                for one in load_samples(samples, {problem.task_id: problem for problem in load_problems(problems)})
            ]
            self._failing = sets.failing("model", written, self._bench.check)
        return self._failing

    def _fix_even(self) -> list[Case] | str:
        if self._fix is None:
            return "it needs --fix"
        return sets.some(sets.fix_even(self._fix), self._limit, self._seed)

    def _fix_rewritten(self) -> list[Case] | str:
        given = self._fix_even()
        return given if isinstance(given, str) else sets.fix_rewritten(given, self._seed, self._bench.check)

    def _fix_disguised(self) -> list[Case] | str:
        given = self._fix_even()
        return given if isinstance(given, str) else sets.fix_disguised(given, self._seed, self._bench.check)

    def _second(self) -> list[Case] | str:
        planted = self._planted()
        return planted if isinstance(planted, str) else sets.second(planted, self._limit or sets.SECOND)

    def _runtime(self) -> list[Case] | str:
        planted = self._planted()
        return planted if isinstance(planted, str) else sets.runtime(planted, self._limit or sets.RUNTIME)

    def _second_two(self) -> list[Case] | str:
        solutions = self._solutions()
        if isinstance(solutions, str):
            return solutions
        planted = sets.pairs(solutions, self._seed, self._bench.check)
        return sets.second_two(planted, self._limit or sets.SECOND_TWO)

    def _planted(self) -> list[Planted] | str:
        solutions = self._solutions()
        if isinstance(solutions, str):
            return solutions
        if self._singles is None:
            self._singles = sets.singles(solutions, self._seed, self._bench.check)
        return self._singles

    def _solutions(self) -> list[sets.Solution] | str:
        if self._humaneval is None or self._mbpp is None:
            return "it needs --problems and --mbpp"
        problems = [*load_problems(self._humaneval), *load_problems(self._mbpp)]
        return sets.some(sets.second_solutions(problems), self._limit, self._seed)

    def _starter(self) -> list[Case] | str:
        missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
        if missing:
            return f"it needs {' and '.join(missing)}, not installed here"
        return sets.some(sets.failing("starter", list(sampled(self._seed)), self._bench.check), self._limit, self._seed)


def sampled(seed: int) -> Iterator[tuple[Problem, str]]:
    """Programs that the starter policy writes for problems of both splits."""
    import random

    from starter import evaluation, policy, policy_path
    from starter.problems import starter_problems
    from verl_egca.response import program_from_completion

    model, tokenizer = policy.load(policy_path.WEIGHTS)
    model.eval()
    every = [*starter_problems("train"), *starter_problems("test")]
    chosen = random.Random(seed).sample(every, STARTER_PROBLEMS)
    responses = evaluation.generate(model, tokenizer, chosen, STARTER_GROUP, 1.0, seed)
    for place, response in enumerate(responses):
        problem = chosen[place // STARTER_GROUP]
        yield (
            problem,
            program_from_completion(tokenizer.decode(response.tokens, skip_special_tokens=True), problem).source,
        )


# ---------------------------------------------------------------- the table


COLUMNS = ("samples", "none", "top-1", "of full", "of partial", "of guesses", "full", "edits", "partial", "blamed")
COSTS = ("CPU ms", "p95", "trials")


def table(rows: Sequence[Row]) -> Table:
    made = Table(title="medians are over the samples that are localized; edits: the mean of a full proof; CPU over all")
    for column in ("set", "localizer"):
        made.add_column(column)
    for column in (*COLUMNS, *COSTS):
        made.add_column(column, justify="right")
    for set_name in dict.fromkeys(row.set for row in rows):
        for name in dict.fromkeys(row.localizer for row in rows):
            made.add_row(set_name, name, *figures([r for r in rows if (r.set, r.localizer) == (set_name, name)]))
        made.add_section()
    return made


def figures(rows: Sequence[Row]) -> list[str]:
    """The cells of one set and localizer, starting with the number of samples."""
    shares = [row.blamed_share for row in rows if row.blamed_share is not None]
    trials = [row.trials for row in rows if row.trials is not None]
    cpu = sorted(row.cpu_ms for row in rows)
    known = [row for row in rows if row.hit1 is not None]
    by_proof = [[row for row in known if row.confirmed is one] for one in Confirmed]
    edits = [len(row.evidence.get("edits", ())) for row in rows if row.confirmed is Confirmed.FULL]
    return [
        str(len(rows)),
        share(sum(row.not_localized is not None for row in rows), len(rows)),
        *(share(sum(bool(row.hit1) for row in some), len(some)) for some in (known, *by_proof)),
        share(sum(row.confirmed is Confirmed.FULL for row in rows), len(rows)),
        f"{statistics.mean(edits):.1f}" if edits else "-",
        share(sum(row.confirmed is Confirmed.PARTIAL for row in rows), len(rows)),
        f"{statistics.median(shares):.1%}" if shares else "-",
        f"{statistics.median(cpu):.0f}",
        f"{cpu[int(0.95 * (len(cpu) - 1) + 0.5)]:.0f}",
        f"{statistics.median(trials):g}" if trials else "-",
    ]


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def proofs(rows: Sequence[Row]) -> Iterator[str]:
    """The results of running every twin again, and the localizers' errors."""
    for confirmed in (Confirmed.FULL, Confirmed.PARTIAL):
        twins = [row for row in rows if row.confirmed is confirmed]
        broken = [row for row in twins if not row.twin_holds]
        yield f"twins reported as {confirmed}: {len(twins)}; not so when run again from their text: {len(broken)}"
        for row in broken[:10]:
            yield f"  {row.set} {row.localizer} {row.task} {row.index}"
    failed = [row for row in rows if (row.not_localized or "").startswith("localizer_error")]
    if failed:
        yield f"[red]localizers that failed: {len(failed)}[/]; the first: {escape(failed[0].not_localized or '')}"


# ---------------------------------------------------------------- misses


def show_misses(rows: Sequence[Row], most: int) -> None:
    missed = [row for row in rows if row.hit1 is False]
    if not missed:
        return
    console.rule(f"{rows[0].set}, {rows[0].localizer}: {len(missed)} of {len(rows)} missed")
    console.print(miss_classes(rows, missed))
    reasons = Counter((row.not_localized or "wrong place").split("\n")[0] for row in missed)
    console.print(", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))
    for row in missed[:most]:
        console.print(readable(row), markup=False, soft_wrap=True)


def miss_classes(rows: Sequence[Row], missed: Sequence[Row]) -> Table:
    """Misses by kind of mistake. A sample with two kinds counts under both."""
    made = Table()
    for column in ("operator", "samples", "missed", "of this kind", "of all misses"):
        made.add_column(column, justify="left" if column == "operator" else "right")
    all_of = Counter(name for row in rows for name in set(row.operators))
    missed_of = Counter(name for row in missed for name in set(row.operators))
    for name, count in missed_of.most_common():
        made.add_row(name, str(all_of[name]), str(count), share(count, all_of[name]), share(count, len(missed)))
    return made


def readable(row: Row) -> str:
    """The program with wrong (!) and blamed (>) lines marked at the left."""
    truth = {line for place in row.truth or () for line in place}
    blamed = {line for first, last in row.blamed for line in range(first, last + 1)}
    lines = [f"\n── {row.task} {row.index}: {', '.join(row.operators)}", f"   {row.failing}"]
    for number, text in enumerate(row.program.rstrip("\n").split("\n"), 1):
        marks = f"{'!' if number in truth else ' '}{'>' if number in blamed else ' '}"
        lines.append(f"{marks} {number:3} {text}")
    lines.append(f"   blamed: {row.not_localized or repr(row.blamed_text)}; ranked {list(row.ranked)}; {row.confirmed}")
    lines += [f"   {key}: {str(value)[:400]}" for key, value in row.evidence.items()]
    lines += ["   reference:", *(f"     | {text}" for text in (row.reference or "").strip("\n").split("\n"))]
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
