"""The command ``egca``. Heavy imports stay inside the commands, so that ``egca --help`` is quick."""

from __future__ import annotations

import typer

from verl_egca.starter.cli import app as starter

app = typer.Typer(
    help="Execution-grounded credit assignment: prepare problems, localize and evaluate programs, inspect runs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(starter, name="starter")
