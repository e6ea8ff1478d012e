"""``egca evaluate``: judge samples of a file or a model; pass@k with intervals."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from verl_egca.config.choices import GenerationEngine, PromptFormat, Split
from verl_egca.evaluation.limit_options import DEFAULTS, GivenLimits, limits_of, takes_limits
from verl_egca.exit_status import bad_input_is_status_2

if TYPE_CHECKING:
    from verl_egca.evaluation.generate import Generation
    from verl_egca.execution.limits import Limits

_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)


@takes_limits
def evaluate(
    problems: Annotated[
        list[Path],
        typer.Option(
            help="HumanEval, MBPP (full, sanitized), HumanEval+, MBPP+, prime_code, the project's own; .jsonl, .json, .gz, "
            ".parquet; may be repeated with --model"
        ),
    ],
    samples: Annotated[
        Path | None,
        typer.Option(
            help="rows with task_id and one of completion, solution, response; or EvalPlus's, lm_eval's, LiveCodeBench's, "
            "bigcode's, verl's validation_data_dir"
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="the model that generates samples: a folder or a hub's name")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for samples, settings and results; an interrupted run resumes there")
    ] = None,
    k: Annotated[str, typer.Option(help="each k of pass@k, separated by commas")] = "1",
    engine: Annotated[GenerationEngine, typer.Option(help="the generating engine")] = "hf",
    n: Annotated[int, typer.Option("--n", help="samples for each problem", min=1)] = 1,
    temperature: Annotated[float, typer.Option(help="0 is greedy", min=0)] = 0.0,
    top_p: Annotated[float, typer.Option(help="share of the probability to sample from", min=0.01, max=1)] = 1.0,
    max_tokens: Annotated[int, typer.Option(help="of a response", min=1)] = 512,
    seed: Annotated[int, typer.Option(help="of every sample")] = 0,
    prompt: Annotated[
        PromptFormat,
        typer.Option(help="auto: a row's own chat, else deepseek-coder for HumanEval and MBPP; own: as in training"),
    ] = "auto",
    split: Annotated[
        Split, typer.Option(help="split of MBPP's tasks; test: 11 to 510. Other files are all test")
    ] = "test",
    examples: Annotated[
        Path | None,
        typer.Option(help="file with MBPP's tasks 2, 3, 4, shown in prompts, if --problems lacks them"),
    ] = None,
    dtype: Annotated[str, typer.Option(help="of the model; auto: its own, with hf on a CPU float32")] = "auto",
    tensor_parallel: Annotated[int, typer.Option(help="GPUs of vllm or sglang", min=1)] = 1,
    batch: Annotated[
        int | None, typer.Option(help="prompts given to the engine at once; hf 32, vllm and sglang 1024", min=1)
    ] = None,
    engine_argument: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for the engine's class; may be repeated")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON lines instead of a table")] = False,
    workers: Annotated[int, typer.Option(help="programs that run at once", min=1)] = 2,
    limits: GivenLimits = DEFAULTS,
) -> None:
    """Judge samples, or generate and judge a model's, and print the unbiased estimate of pass@k."""
    ks = whole_numbers(k)
    if (samples is None) == (model is None):
        _refuse("evaluate: one of --samples, to judge a file, and --model, to generate, is wanted")
    if model is None:
        if len(problems) > 1:
            _refuse("--samples: are judged against one file of --problems; give one")
        generation = None
    else:
        if out is None:
            _refuse("--model: has no folder for its samples; give --out")
        if n > 1 and temperature == 0:
            _refuse(f"--n {n}: greedy samples of a problem are all the same; give a --temperature, or --n 1")
        if engine == "hf" and tensor_parallel > 1:
            _refuse("--tensor-parallel: engine hf runs on one device; choose --engine vllm or sglang")
        from verl_egca.evaluation.generate import Generation

        generation = Generation(
            *(model, engine, n, temperature, top_p, max_tokens, seed, prompt, split, examples),
            *(dtype, tensor_parallel, batch, _arguments(engine_argument)),
        )
    with bad_input_is_status_2(_err):
        _run(problems, samples, generation, out, ks, limits_of(limits), workers, as_json)


def whole_numbers(text: str) -> list[int]:
    numbers = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) > 0 for part in numbers):
        _refuse(f"--k {text}: whole numbers from 1, separated by commas, are wanted")
    return [int(part) for part in numbers]


def _run(
    problems: list[Path],
    samples: Path | None,
    generation: Generation | None,
    out: Path | None,
    ks: list[int],
    limits: Limits,
    workers: int,
    as_json: bool,
) -> None:
    from verl_egca.evaluation.evaluate import Evaluation, evaluate_file
    from verl_egca.evaluation.results import results_table, write_results

    folders = _folders(problems, out)
    made = _generated(problems, folders, generation) if generation is not None else {problems[0]: samples}
    found: dict[str, Evaluation] = {}
    for path, file in made.items():
        assert file is not None
        found[path.name] = evaluate_file(path, file, ks, workers, _err, limits)
        if folders:
            write_results(folders[path], path, file, found[path.name], limits)
        if as_json:
            sys.stdout.write(json.dumps({"file": path.name, **asdict(found[path.name])}) + "\n")
    if as_json:
        return
    _out.print(results_table(found))
    for name, evaluation in found.items():
        if evaluation.no_verdict:
            _out.print(
                f"{name}: {evaluation.no_verdict} samples have tests that could not be judged; they count as not passed"
            )
    if out is not None:
        _out.print(f"samples, settings, results: {', '.join(map(str, folders.values()))}", soft_wrap=True)


def _folders(problems: list[Path], out: Path | None) -> dict[Path, Path]:
    if out is None:
        return {}
    folders = {path: out / path.name.partition(".")[0] for path in problems}
    if len(set(folders.values())) < len(problems):
        _refuse("--problems: two files share a name; evaluate them into different --out")
    return folders


def _generated(problems: list[Path], folders: dict[Path, Path], generation: Generation) -> dict[Path, Path | None]:
    from verl_egca.evaluation.engines import check_installed
    from verl_egca.evaluation.engines.base import EngineMissing
    from verl_egca.evaluation.generate import Generator

    try:
        check_installed(generation.engine)
    except EngineMissing as error:
        _refuse(str(error))
    generator = Generator(generation, _err)
    try:
        return {path: generator.generate(path, folders[path]) for path in problems}
    finally:
        generator.close()


def _arguments(given: list[str] | None) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            _refuse(f"--engine-argument {text}: NAME=VALUE is wanted, such as max_model_len=4096")
        found[name] = yaml.safe_load(value)
    return found


def _refuse(words: str) -> NoReturn:
    _err.print(words, markup=False, soft_wrap=True)
    raise typer.Exit(2)
