"""``egca debugger``: start a server for the debugger's model, and check one."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from verl_egca.debugger.launch import main as launch

app = typer.Typer(help="The served LLM that is asked for a program's mistake.", no_args_is_help=True)
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)


class _Verbatim(TyperCommand):
    """Passes all its arguments on, ``--`` and ``--help`` too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.args = list(args)
        return []


@app.command(cls=_Verbatim)
def serve(context: typer.Context) -> None:
    """Start the debugger's server with SGLang or vLLM, or --print its command; --help lists the flags."""
    raise typer.Exit(launch(context.args, program="egca debugger serve"))


@app.command()
def check(
    url: Annotated[str | None, typer.Option(help="the server (default: EGCA_DEBUGGER_URL)")] = None,
    model: Annotated[
        str | None, typer.Option(help="the model's name (default: the first that the server lists)")
    ] = None,
    timeout: Annotated[float, typer.Option(help="seconds for one answer", min=1)] = 60.0,
) -> None:
    """Ask a server two tiny questions under a schema, and print whether it keeps to it, latencies, and cached tokens.

    Status 0: it can be the debugger; 1: it can't; 2: wrong arguments. The server's key is EGCA_DEBUGGER_API_KEY.
    """
    from pydantic import ValidationError

    from verl_egca.debugger.check import check as ask
    from verl_egca.doctor.services import DEBUGGER_VARIABLE

    url = (url or os.environ.get(DEBUGGER_VARIABLE, "")).strip()
    if not url:
        _err.print(
            f"check: no server is given; a --url is wanted, or {DEBUGGER_VARIABLE}", markup=False, soft_wrap=True
        )
        raise typer.Exit(2)
    try:
        found = ask(url, model, timeout)
    except ValidationError as error:
        _err.print(
            f"--url: {error.errors(include_url=False, include_input=False)[0]['msg']}", markup=False, soft_wrap=True
        )
        raise typer.Exit(2) from None
    except ValueError as error:
        _err.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if found.schema is None:
        _err.print(f"{url} does not answer ({found.problem})", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    if not found.schema:
        _err.print(
            f"{url} answers, but does not keep to a schema ({found.problem}); model {found.model}",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(1)
    first, second = found.latency_s
    _out.print(
        f"{url}: model {found.model}, keeps to a schema; {first:.2f} s, then {second:.2f} s",
        markup=False,
        soft_wrap=True,
    )
    if found.tokens_cached is None:
        _out.print("prefix caching: not reported (SGLang: --enable-cache-report, vLLM: --enable-prompt-tokens-details)")
    else:
        _out.print(f"prefix caching: {found.tokens_cached} of {found.tokens_in} tokens, where the prompts began alike")
