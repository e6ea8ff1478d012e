"""``python scripts/starter``: make, measure and prepare the starter problems and their policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    help="The starter problems and their policy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_console = Console(highlight=False)


@app.command()
def generate(
    out: Annotated[Path | None, typer.Option(help="file to write; default: the shipped one")] = None,
) -> None:
    """Make the problems and their tests anew."""
    from starter.problems import SHIPPED, generate

    target = out or SHIPPED
    typer.echo(f"{generate(target)} problems: {target}")


@app.command()
def prepare(
    out: Annotated[Path, typer.Option(help="folder for train.parquet and test.parquet")],
    quiet: Annotated[bool, typer.Option(help="print nothing")] = False,
) -> None:
    """Write the problems as verl's parquet."""
    from starter.problems import starter_problems
    from verl_egca.data.prepare import write_parquet

    for split in ("train", "test"):
        written = write_parquet(starter_problems(split), out / f"{split}.parquet", source="egca_starter", split=split)
        if not quiet:
            typer.echo(f"{written} problems: {out / f'{split}.parquet'}")


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="folder for model and tokenizer")],
    seed: int = 0,
    steps: int = 1500,
    noise: Annotated[float | None, typer.Option(help="probability of a wrong decision in the training data")] = None,
) -> None:
    """Pretrain the policy from nothing on correct and realistically wrong solutions."""
    from rich.progress import Progress

    from starter.policy import NOISE, train

    with Progress(console=_console) as progress:
        bar = progress.add_task("pretraining", total=steps)
        train(
            out,
            seed=seed,
            steps=steps,
            noise=NOISE if noise is None else noise,
            on_step=lambda step, loss: progress.update(bar, advance=1, description=f"loss {loss:.3f}"),
        )
    typer.echo(out)


@app.command()
def evaluate(
    model: Annotated[Path | None, typer.Option(help="folder of a policy; default: the shipped one")] = None,
    problems: Annotated[int, typer.Option(help="problems drawn from each split")] = 100,
    samples: Annotated[int, typer.Option(help="samples per problem")] = 8,
    temperature: float = 1.0,
    seed: int = 0,
) -> None:
    """Sample the policy and print what its samples are like."""
    from starter.evaluation import measure
    from starter.policy import load
    from starter.policy_path import WEIGHTS
    from starter.problems import starter_problems

    policy, tokenizer = load(model or WEIGHTS)
    table = Table(title=f"{samples} samples a problem at temperature {temperature:g}, seed {seed}")
    for column in ("split", "samples", "pass", "LOGIC", "SYNTAX", "groups with both", "tokens"):
        table.add_column(column, justify="left" if column == "split" else "right")
    for split in ("train", "test"):
        mix = measure(
            policy,
            tokenizer,
            starter_problems(split),
            count=problems,
            group=samples,
            temperature=temperature,
            seed=seed,
        )
        shares = (f"{share:.1%}" for share in (mix.passed, mix.logic, mix.syntax, mix.mixed_groups))
        table.add_row(split, str(mix.samples), *shares, f"{mix.tokens:.0f}")
    _console.print(table)
