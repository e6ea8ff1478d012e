"""``egca constraints``: extract constraints from references, and check them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from verl_egca.exit_status import bad_input_is_status_2

app = typer.Typer(help="Constraints on a problem's algorithm: extract them, check them.", no_args_is_help=True)
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)

_SHOWN = 20
Problems = Annotated[Path, typer.Option(help="problems with references, in any of egca's formats")]
Workers = Annotated[int, typer.Option(help="runs, or questions, at once", min=1)]


@app.command()
def extract(
    problems: Problems,
    out: Annotated[Path, typer.Option(help="YAML to write, for review")],
    url: Annotated[
        str | None,
        typer.Option(
            envvar="EGCA_DEBUGGER_URL", help="OpenAI-compatible server of the model that reads the references"
        ),
    ] = None,
    static: Annotated[bool, typer.Option("--static", help="ask no model, also with EGCA_DEBUGGER_URL")] = False,
    model: Annotated[str | None, typer.Option(help="its name (default: the first that the server lists)")] = None,
    complexity: Annotated[
        bool,
        typer.Option("--complexity", help="measure references: a constraint on growth, checked by runs of each sample"),
    ] = False,
    workers: Workers = 2,
) -> None:
    """Extract constraints from references: by a model, or from their text alone (the default).

    Constraints that the reference breaks are dropped; a task without an answer gets static ones, and the file says so.
    """
    from verl_egca.evaluation.extract_constraints import extract_file

    with bad_input_is_status_2(_err):
        summary = extract_file(
            problems, out, None if static else url, model=model, complexity=complexity, workers=workers, console=_err
        )
    _out.print(
        f"{summary.constraints} constraints of {summary.problems} problems, made by {summary.made_by}, "
        f"{summary.dropped} dropped that a reference breaks: {out}",
        markup=False,
    )
    for note, tasks in summary.notes.items():
        _out.print(f"{len(tasks)} {note}: {_some(tasks)}", markup=False)


@app.command()
def check(
    constraints: Annotated[Path, typer.Option(help="YAML of `egca constraints extract`")],
    problems: Problems,
    samples: Annotated[
        Path | None, typer.Option(help="rows with task_id and one of completion, solution, response")
    ] = None,
    workers: Workers = 2,
) -> None:
    """Print the constraints that references and samples break. Status 1 if a reference breaks one."""
    from verl_egca.evaluation.check_constraints import check_file

    with bad_input_is_status_2(_err):
        found = check_file(constraints, problems, samples, workers, _err)
    _show("references", found.references, found.problems)
    if samples is not None:
        _show("samples", found.samples, found.sample_count)
    raise typer.Exit(1 if found.references else 0)


def _show(what: str, broken: list[tuple[str, str, str]], count: int) -> None:
    """``broken``: (name of the program, kind, sentence)."""
    who = {name for name, _, _ in broken}
    _out.print(f"{len(who)} of {count} {what} break a constraint")
    if not broken:
        return
    table = Table("kind", "broken by")
    for kind, number in Counter(kind for kind, _ in {(kind, name) for name, kind, _ in broken}).most_common():
        table.add_row(kind, str(number))
    _out.print(table)
    for name, _, sentence in broken[:_SHOWN]:
        _out.print(f"  {name}: {sentence}", markup=False)
    if len(broken) > _SHOWN:
        _out.print(f"  and {len(broken) - _SHOWN} more")


def _some(tasks: list[str]) -> str:
    return ", ".join(tasks[:5]) + (", ..." if len(tasks) > 5 else "")
