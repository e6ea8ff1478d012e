"""``python scripts/plan``. Exit status 0: the run fits; 1: it does not; 2: bad input."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Literal

import typer
from rich.console import Console

DEBUGGERS = {"7b": "qwen2.5-coder-7b", "1.5b": "qwen2.5-coder-1.5b"}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def plan(
    model: Annotated[
        str, typer.Option(help="a known model's name, or a model's folder or config.json")
    ] = "deepseek-6.7b",
    gpus: Annotated[int, typer.Option(help="GPUs per node")] = 8,
    gpu: Annotated[str, typer.Option(help="a100-80gb, a100-40gb, h100-80gb, l40s, rtx4090")] = "a100-80gb",
    nodes: Annotated[int, typer.Option(help="nodes")] = 1,
    prompts: Annotated[int, typer.Option(help="prompts per step: data.train_batch_size")] = 34,
    group: Annotated[int, typer.Option(help="responses per prompt, G: rollout.n")] = 16,
    mini_batch: Annotated[int, typer.Option(help="prompts per update: actor.ppo_mini_batch_size")] = 17,
    prompt_tokens: Annotated[int, typer.Option(help="longest prompt: data.max_prompt_length")] = 1024,
    response_tokens: Annotated[int, typer.Option(help="longest response: data.max_response_length")] = 1024,
    engine: Annotated[Literal["megatron", "fsdp2"], typer.Option(help="the training engine")] = "megatron",
    tp: Annotated[int | None, typer.Option(help="tensor parallelism; 2, or 1 on one GPU and with FSDP2")] = None,
    pp: Annotated[int, typer.Option(help="pipeline parallelism")] = 1,
    cp: Annotated[int, typer.Option(help="context parallelism; with FSDP2 Ulysses'")] = 1,
    recompute: Annotated[
        Literal["none", "full"] | None,
        typer.Option(help="recomputed activations; default: none, or full with FSDP2 (gradient checkpointing)"),
    ] = None,
    offload: Annotated[
        bool, typer.Option(help="move idle parts to the host: param_offload, optimizer_offload, the reference's")
    ] = True,
    host_optimizer: Annotated[
        bool,
        typer.Option(
            "--host-optimizer", help="Adam on the host: Megatron's optimizer_cpu_offload, FSDP2's offload_policy"
        ),
    ] = False,
    max_tokens_per_gpu: Annotated[
        int, typer.Option(help="most tokens of a micro-batch: ppo_max_token_len_per_gpu")
    ] = 8192,
    rollout: Annotated[Literal["sglang", "vllm"], typer.Option(help="the rollout's server")] = "sglang",
    rollout_tp: Annotated[int | None, typer.Option(help="GPUs of a rollout server; 2, or 1 on one GPU")] = None,
    rollout_memory: Annotated[float, typer.Option(help="rollout.gpu_memory_utilization")] = 0.6,
    rollout_sequences: Annotated[int, typer.Option(help="sequences at once on a server: rollout.max_num_seqs")] = 256,
    debugger: Annotated[str, typer.Option(help="7b, 1.5b (Qwen2.5-Coder), none, or as --model")] = "7b",
    debugger_gpus: Annotated[int, typer.Option(help="replicas of the debugger, one per GPU")] = 1,
    debugger_memory: Annotated[float | None, typer.Option(help="share of a GPU; 0.25, or 0.1 for the 1.5b")] = None,
    debugger_placement: Annotated[
        Literal["shared", "own"], typer.Option(help="on GPUs that also train, or on GPUs besides")
    ] = "shared",
    problems: Annotated[int, typer.Option(help="problems of an epoch; 374 is MBPP's train split")] = 374,
    epochs: Annotated[int, typer.Option(help="epochs of the run")] = 3,
    mfu: Annotated[float | None, typer.Option(help="short for --assume mfu=...")] = None,
    bandwidth_efficiency: Annotated[
        float | None, typer.Option(help="short for --assume bandwidth_efficiency=...")
    ] = None,
    assume: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of an assumption; may be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
    recipe_comment: Annotated[
        bool, typer.Option("--recipe-comment", help="print the plan as a comment for a shell script")
    ] = False,
) -> None:
    """Work out whether a run fits on its GPUs, and estimate how long a step takes.

    The defaults are those of recipes/run_egca_deepseek6.7b.sh. Nothing is loaded or started. Exit status: 0 if the run
    fits, 1 if it does not (with changes that would make it fit), 2 for bad input.
    """
    from plan.assumptions import assume as assumptions_of
    from plan.bad_plan import BadPlan
    from plan.comment import comment
    from plan.gpus import gpu_of
    from plan.job import Debugger, Engine, Job, Placement, Recompute, Server
    from plan.planned import plan as make
    from plan.shapes import shape_of
    from plan.show import show

    settings = list(assume or ())
    settings += [] if mfu is None else [f"mfu={mfu}"]
    settings += [] if bandwidth_efficiency is None else [f"bandwidth_efficiency={bandwidth_efficiency}"]
    two = 1 if gpus == 1 else 2
    try:
        asked = None
        if debugger != "none":
            share = debugger_memory if debugger_memory is not None else 0.1 if debugger == "1.5b" else 0.25
            shape = shape_of(DEBUGGERS.get(debugger, debugger), "--debugger")
            asked = Debugger(shape, debugger_gpus, share, Placement(debugger_placement))
        made = make(
            Job(
                model=shape_of(model),
                gpu=gpu_of(gpu),
                gpus=gpus,
                nodes=nodes,
                prompts=prompts,
                group=group,
                mini_batch=mini_batch,
                prompt_tokens=prompt_tokens,
                response_tokens=response_tokens,
                engine=Engine(engine),
                tp=tp if tp is not None else 1 if engine == "fsdp2" else two,
                pp=pp,
                cp=cp,
                recompute=Recompute(recompute or ("full" if engine == "fsdp2" else "none")),
                offload=offload,
                host_optimizer=host_optimizer,
                max_tokens=max_tokens_per_gpu,
                server=Server(rollout),
                rollout_tp=rollout_tp if rollout_tp is not None else two,
                rollout_memory=rollout_memory,
                rollout_sequences=rollout_sequences,
                debugger=asked,
                problems=problems,
                epochs=epochs,
                assumptions=assumptions_of(settings),
            )
        )
    except BadPlan as error:
        Console(stderr=True, highlight=False).print(f"bad input: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if as_json:
        sys.stdout.write(json.dumps(made.as_data()) + "\n")
    elif recipe_comment:
        sys.stdout.write(comment(made, sys.argv[1:]))
    else:
        show(made, Console(highlight=False))
    raise typer.Exit(0 if made.fits else 1)
