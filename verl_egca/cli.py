"""The command ``egca``. Heavy imports stay inside the commands, so that ``egca --help`` is quick."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from verl_egca.debugger.cli import app as debugger
from verl_egca.evaluation.cli import evaluate
from verl_egca.evaluation.constraints_cli import app as constraints
from verl_egca.evaluation.limit_options import DEFAULTS, GivenLimits, limits_of, takes_limits
from verl_egca.exit_status import bad_input_is_status_2
from verl_egca.gates.comparability import SHARE, Comparability
from verl_egca.localization.options import (
    BUDGET_MS,
    FailingCase,
    Granularity,
    Options,
    RuntimeErrors,
    Several,
    Unconfirmed,
)
from verl_egca.report.cli import report

if TYPE_CHECKING:
    from verl_egca.debugger.settings import DebuggerSettings

app = typer.Typer(
    help="Execution-grounded credit assignment: prepare problems, localize and evaluate programs, inspect runs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(debugger, name="debugger")
app.add_typer(constraints, name="constraints")
app.command()(evaluate)
app.command()(report)
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)

Problems = Annotated[
    Path, typer.Option(help="problems: HumanEval, MBPP, prime_code, the project's own; .jsonl, .gz, .parquet")
]
Samples = Annotated[Path, typer.Option(help="rows with task_id and one of completion, solution, response")]
Workers = Annotated[int, typer.Option(help="number of programs that run at once", min=1)]


def _known(localizer: str) -> str:
    from verl_egca.localization.registry import localizer_class

    try:
        localizer_class(localizer)
    except ValueError as error:
        raise typer.BadParameter(f"{error} (got {localizer!r})") from None
    return localizer


Localizer = Annotated[
    str, typer.Option(help="method that finds the blamed places; an unknown name lists all", callback=_known)
]
BudgetMs = Annotated[float, typer.Option(help="CPU time of one search for a proof, counted as one trial per ms", min=1)]
HowMuch = Annotated[Granularity, typer.Option(help="how much of the proof's edits is blamed")]
WhichCase = Annotated[FailingCase, typer.Option(help="the failing test to explain, chosen by its trace")]
DebuggerUrl = Annotated[
    list[str] | None,
    typer.Option(
        help="an OpenAI-compatible server, asked where a search proves nothing; may be repeated",
        envvar="EGCA_DEBUGGER_URL",
    ),
]
WhichPlaces = Annotated[
    Several, typer.Option(help="blamed edits of a proof with several: two, the first to run, or all")
]
WhereErrors = Annotated[
    RuntimeErrors, typer.Option(help="blamed place of an exception: its cause, or the line that raised it")
]
Unproven = Annotated[Unconfirmed, typer.Option(help="without a proof: blame the best guess, or no place")]
WhenUnlike = Annotated[
    Comparability,
    typer.Option(help="when a failing program unlike the reference is CONSTRAINT; training uses: unproven"),
]
PromptStyle = Literal["chat", "completion"]
RowSplit = Literal["train", "validation", "test"]
MostRewritten = Annotated[
    float, typer.Option(help="share rewritten by a repair, past which a program is unlike", min=0, max=1)
]


@app.command()
@takes_limits
def localize(
    problems: Problems,
    samples: Samples,
    out: Annotated[Path, typer.Option(help="file to write: a row a sample")],
    localizer: Localizer = "egca",
    budget_ms: BudgetMs = BUDGET_MS,
    granularity: HowMuch = "expression",
    several: WhichPlaces = "likeliest",
    failing_case: WhichCase = "shortest",
    runtime_errors: WhereErrors = "cause",
    unconfirmed: Unproven = "span",
    comparability: WhenUnlike = "off",
    share: MostRewritten = SHARE,
    debugger_url: DebuggerUrl = None,
    workers: Workers = 2,
    seed: Annotated[int, typer.Option(help="of every random choice")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="continue an interrupted run of the same command")] = False,
    limits: GivenLimits = DEFAULTS,
) -> None:
    """Run samples, decide their modes, and find the blamed places of each that fails."""
    from verl_egca.evaluation.localize import localize_file
    from verl_egca.gates.settings import GateSettings

    options = Options(budget_ms, granularity, several, failing_case, unconfirmed, runtime_errors)
    with bad_input_is_status_2(_err):
        counted = localize_file(
            *(problems, samples, out),
            localizer=localizer,
            workers=workers,
            seed=seed,
            resume=resume,
            console=_err,
            options=options,
            gates=GateSettings(comparability=comparability, share=share),
            limits=limits_of(limits),
            debugger=_debugger(debugger_url, localizer),
        )
    _out.print(f"{counted.pop('rows')} rows: {out}")
    if debugger_url:
        told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counted.items())) or "asked nothing"
        _out.print(f"debugger: {told}")
        if lost := counted["failed"] + counted["timeout"] + counted["skipped"]:
            _err.print(f"{lost} samples got no answer of the debugger; the reason is in their rows", style="yellow")


def _debugger(urls: list[str] | None, localizer: str) -> DebuggerSettings | None:
    from pydantic import ValidationError

    from verl_egca.debugger.settings import DebuggerSettings
    from verl_egca.localization.registry import localizer_class

    if not urls:
        if localizer_class(localizer).needs_debugger:
            raise typer.BadParameter(
                f"localizer {localizer} asks a served LLM; give its address", param_hint="--debugger-url"
            )
        return None
    try:
        return DebuggerSettings(urls=tuple(urls))
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="--debugger-url") from None


@app.command()
def inspect(
    run_dir: Annotated[Path, typer.Argument(help="a run's directory, runs/<name>")],
    step: Annotated[int | None, typer.Option(help="a step; default: the last")] = None,
    task: Annotated[str | None, typer.Option(help="part of the task's name")] = None,
    mode: Annotated[str | None, typer.Option(help="LOGIC, SYNTAX, CONSTRAINT or UNGATED")] = None,
    limit: Annotated[int, typer.Option(help="most programs to show", min=1)] = 5,
) -> None:
    """Show failing programs of a run: blamed places, test, edits of the proof, advantage."""
    from verl_egca.report.inspect import show

    with bad_input_is_status_2(_err):
        show(run_dir, _out, step=step, task=task, mode=mode, limit=limit)


@app.command()
@takes_limits
def explain(
    program: Annotated[Path | None, typer.Argument(help="a program that fails, a file of Python")] = None,
    tests: Annotated[
        Path | None, typer.Option(help="a file of tests: pytest's, unittest's, or lines such as `assert f(1) == 2`")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="a program that passes the tests")] = None,
    example: Annotated[bool, typer.Option("--example", help="explain a program that comes with egca")] = False,
    localizer: Localizer = "egca",
    budget_ms: BudgetMs = BUDGET_MS,
    granularity: HowMuch = "expression",
    several: WhichPlaces = "likeliest",
    failing_case: WhichCase = "shortest",
    runtime_errors: WhereErrors = "cause",
    unconfirmed: Unproven = "span",
    debugger_url: DebuggerUrl = None,
    drawn: Annotated[Path | None, typer.Option("--picture", help="also draw the explanation, as an SVG file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
    limits: GivenLimits = DEFAULTS,
) -> None:
    """Show one failing program's blamed places, their certainty, and the tokens that would get its advantage."""
    from verl_egca.data.python_files import problem_of, read_python
    from verl_egca.data.rows import BadInput
    from verl_egca.evaluation import example as shipped
    from verl_egca.evaluation.explain import ReferenceFails, TestsCannotDecide
    from verl_egca.evaluation.explain import explain as find
    from verl_egca.report.explanation import explanation

    if example != (program is None) or (tests is None) != example:
        _err.print("explain: a PROGRAM and its --tests are wanted, or --example", markup=False, soft_wrap=True)
        raise typer.Exit(2)
    options = Options(budget_ms, granularity, several, failing_case, unconfirmed, runtime_errors)
    with bad_input_is_status_2(_err):
        if program is None or tests is None:
            text = shipped.PROGRAM
            problem = problem_of("example", text, shipped.TESTS, Path(shipped.__file__), shipped.REFERENCE)
        else:
            text = read_python(program)
            right = read_python(reference) if reference is not None else None
            names = {program.stem, *([reference.stem] if reference is not None else [])}
            problem = problem_of(program.name, text, read_python(tests), tests, right, names)
        asked = _debugger(debugger_url, localizer)
        try:
            finding = find(
                problem, text, localizer=localizer, options=options, limits=limits_of(limits), debugger=asked
            )
        except ReferenceFails as error:
            raise BadInput(reference or Path("the reference"), None, None, str(error)) from None
        except TestsCannotDecide as error:
            raise BadInput(tests or Path("the tests"), None, None, str(error)) from None
    if drawn is not None:
        from verl_egca.report.picture import picture

        try:
            drawn.write_text(picture(finding), encoding="utf-8")
        except (ValueError, OSError) as error:
            _err.print(f"{drawn}: {error}", markup=False, soft_wrap=True)
            raise typer.Exit(2) from None
    if as_json:
        sys.stdout.write(finding.model_dump_json() + "\n")
        return
    _out.print(explanation(finding), soft_wrap=True, end="")


@app.command()
def doctor(
    debugger_url: Annotated[
        str | None, typer.Option(help="server of the debugger's model; default: EGCA_DEBUGGER_URL")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
    withhold: Annotated[
        list[str] | None,
        typer.Option(hidden=True, help="a layer of confinement to leave out; may be repeated"),
    ] = None,
) -> None:
    """Check this machine: its versions and services, and the sandbox's limits on it.

    Exit status: 0 if every limit holds, 1 if only the essential ones do, 2 if programs can't be run.
    """
    from verl_egca.doctor.examination import examine
    from verl_egca.doctor.show import show
    from verl_egca.execution.confinement.layers import Layer

    unknown = set(withhold or ()) - set(Layer)
    if unknown:
        _err.print(f"--withhold {min(unknown)}: choose one of {', '.join(Layer)}", markup=False, soft_wrap=True)
        raise typer.Exit(2)
    found = examine(debugger_url, [Layer(name) for name in withhold or ()])
    if as_json:
        sys.stdout.write(json.dumps(found.as_data()) + "\n")
    else:
        show(found, _out)
    raise typer.Exit(found.exit_code)


@app.command()
def prepare(
    source: Annotated[Path, typer.Option(help="file of rows: .parquet, JSON lines or a JSON list, plain or .gz")],
    out: Annotated[Path | None, typer.Option(help="folder for the parquet files, one a split")] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="write nothing; summarize the rows and run their references: status 1 if a row is bad, 2 if all are",
        ),
    ] = False,
    format_name: Annotated[
        str, typer.Option("--format", help="shape of the rows; auto: by their keys; an unknown name lists all")
    ] = "auto",
    constraints: Annotated[
        Path | None, typer.Option(help="YAML of `egca constraints extract`, added to problems and prompts")
    ] = None,
    style: Annotated[
        PromptStyle, typer.Option(help="style of prompts with constraints: a chat's, or code to continue")
    ] = "chat",
    config: Annotated[
        Path | None,
        typer.Option(help="YAML with egca.gates, which words the constraints; default: the shipped file"),
    ] = None,
    split: Annotated[
        RowSplit | None,
        typer.Option(help="split of rows that name none; default: MBPP's own, the one in the file's name, or test"),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="leave out rows that can't be read or judged, and count them by reason")
    ] = False,
    reference_seconds: Annotated[
        float,
        typer.Option(
            help="time limit for running references: of rows with several, or with --check of all rows",
            min=0,
        ),
    ] = 600,
) -> None:
    """Convert rows of a known format to the parquet files that verl trains on."""
    from verl_egca.config.file import gate_settings_of
    from verl_egca.data.formats import FORMATS
    from verl_egca.data.prepare import prepare as prepare_file
    from verl_egca.data.reference_choice import ReferenceChoice
    from verl_egca.execution.limits import Limits
    from verl_egca.execution.sandbox import Sandbox

    if format_name not in ("auto", *FORMATS):
        _err.print(
            f"--format {format_name}: choose one of {', '.join(['auto', *FORMATS])}", markup=False, soft_wrap=True
        )
        raise typer.Exit(2)
    if check == (out is not None):
        _err.print("prepare: a folder to write to, --out, or --check is wanted", markup=False, soft_wrap=True)
        raise typer.Exit(2)
    if out is None:
        _check_rows(source, reference_seconds)
        return
    with bad_input_is_status_2(_err), Sandbox(Limits(), workers=1) as sandbox:
        template, references = getattr(gate_settings_of(config), style), ReferenceChoice(sandbox, reference_seconds)
        prepared = prepare_file(
            *(source, out, format_name, constraints, template),
            split=split,
            skip_bad=skip_bad,
            choose=references.choose,
        )
    for name, rows in prepared.written.items():
        _out.print(f"{rows} rows: {out / f'{name}.parquet'}", markup=False, soft_wrap=True)
    for line in (*prepared.remarks(), *references.remarks()):
        _out.print(line, markup=False, soft_wrap=True)


def _check_rows(source: Path, reference_seconds: float) -> None:
    from verl_egca.data.survey import Budget, survey
    from verl_egca.data.survey_table import survey_text
    from verl_egca.execution.sandbox import Sandbox

    workers = max(1, min(8, os.cpu_count() or 1))
    with bad_input_is_status_2(_err), Sandbox(workers=workers) as sandbox:
        found = survey(source, sandbox, workers, Budget(reference_seconds))
    sys.stdout.write(survey_text([found], reference_seconds))
    if not found.problems:
        _err.print(f"{source}: no row holds program tests that can be read", markup=False, soft_wrap=True)
        raise typer.Exit(2)
    raise typer.Exit(1 if found.counts else 0)
