"""A plan in tables, for a terminal of 80 columns or more."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plan.gpus import GIB
from plan.job import Debugger, Job
from plan.memory import GpuMemory, Phase
from plan.planned import Plan


def show(plan: Plan, console: Console) -> None:
    job = plan.job
    console.print(f"[bold]{escape(job.model.name)}[/], {job.model.parameters:,} parameters; {escape(layout(job))}")
    if job.debugger is not None:
        console.print(f"debugger {escape(job.debugger.shape.name)}: {debugger_words(job.debugger)}")
    console.print()
    console.print(_memory_table(plan.kinds[0], plan))
    for kind in plan.kinds:
        for line in verdict(kind):
            color = "green" if kind.fits else "red"
            console.print(f"[{color}]{escape(line)}[/]")
        for line in caches(kind, job):
            console.print(line, markup=False)
    for line in (host_words(plan), *plan.notes):
        console.print(line, markup=False)
    if not plan.fits:
        _show_remedies(plan, console)
    console.print()
    _show_arithmetic(plan.kinds[0], console)
    _show_tokens(plan, console)
    console.print(_time_table(plan))
    for line in run_words(plan):
        console.print(line, markup=False)
    console.print()
    table = Table(title="Assumed; --assume NAME=VALUE changes it", title_justify="left", show_header=False, box=None)
    for name, value, unit, why in job.assumptions.described():
        table.add_row(name, f"{value:g}", f"{unit}: {why}")
    console.print(table)


def layout(job: Job) -> str:
    """One line: GPUs, engine, parallelism, batch."""
    engine = "Megatron" if job.engine == "megatron" else "FSDP2"
    return (
        f"{job.world} x {job.gpu.name}, {engine} TP={job.tp} PP={job.pp} CP={job.cp} DP={job.dp}, "
        f"rollout {job.replicas} x TP={job.rollout_tp}; "
        f"{job.prompts} x {job.group} sequences of {job.prompt_tokens} + {job.response_tokens} tokens"
    )


def debugger_words(debugger: Debugger) -> str:
    where = "of their own" if debugger.placement == "own" else "that also train"
    return f"{debugger.gpus} on GPUs {where}, {debugger.memory:g} of the memory each"


def verdict(kind: GpuMemory) -> list[str]:
    """Whether it fits, with the phase that is the tightest, or all that do not."""
    gpus = f"{kind.name} ({kind.count} GPU{'s' if kind.count > 1 else ''})"
    tightest = min(Phase, key=kind.spare)
    if kind.fits:
        spare = kind.spare(tightest) / GIB
        return [f"{gpus}: fits; {spare:.2f} GiB of {kind.limit / GIB:.2f} to spare in the fullest phase, {tightest}"]
    lines = [
        f"{gpus}: does not fit in {phase}: {kind.total(phase) / GIB:.2f} of {kind.limit / GIB:.2f} GiB, "
        f"{-kind.spare(phase) / GIB:.2f} too many"
        for phase in Phase
        if kind.spare(phase) < 0
    ]
    return lines + [f"{gpus}: does not fit: {problem}" for problem in kind.problems]


def caches(kind: GpuMemory, job: Job) -> list[str]:
    """What the KV caches hold."""
    lines = []
    if kind.rollout is not None:
        held = kind.rollout
        mean = job.mean_prompt + job.mean_response
        lines.append(
            f"  rollout's KV cache: {held.tokens:,} tokens of {held.token_bytes / 1024:g} KiB, "
            f"{held.sequences(job.longest)} of the longest or {held.sequences(mean)} mean sequences at once"
        )
    if kind.debugger is not None:
        held = kind.debugger
        lines.append(f"  debugger's KV cache: {held.tokens:,} tokens of {held.token_bytes / 1024:g} KiB")
    return lines


def host_words(plan: Plan) -> str:
    """What the nodes' own memory holds; the guard is the one of `egca.guard`, a copy of the model in float32."""
    guard = 4 * plan.job.model.parameters / GIB
    return f"host memory: {plan.host / GIB:,.0f} GiB a node offloaded, and {guard:,.0f} GiB on one for the guard at start-up"


def run_words(plan: Plan) -> list[str]:
    """Of a step and of the run."""
    job, found, budget = plan.job, plan.throughput, plan.throughput.budget
    share = f"{found.egca:.1f} s ({found.egca / found.step:.1%})"
    epoch = f"{budget.steps_an_epoch} steps an epoch ({budget.left_out} are left out)"
    run = f"{job.epochs} epochs {budget.steps} steps of {budget.updates} updates"
    return [
        f"a step takes about {found.step:.0f} s, {found.tokens_a_second:,.0f} tokens a second; EGCA's part is {share}",
        f"{job.problems} problems are {epoch}, {run}: {found.hours:.1f} hours, evaluation and checkpoints not counted",
    ]


def token_words(plan: Plan) -> list[str]:
    """How a step's tokens are cut up."""
    job, budget = plan.job, plan.throughput.budget
    step = f"{budget.sequences:,} sequences, {budget.mean_tokens:,.0f} tokens at mean length"
    most = (
        f"each of up to {job.max_tokens * job.cp:,} tokens; in {budget.most_micro_batches} of "
        f"{budget.longest_in_micro_batch} if all are the longest"
    )
    return [
        f"a step: {step}, at most {budget.most_tokens:,}",
        f"an update: {budget.rank_sequences} sequences a rank in {budget.mean_micro_batches} micro-batches, {most}",
    ]


def _memory_table(kind: GpuMemory, plan: Plan) -> Table:
    table = Table(title=f"GiB on a GPU {kind.name.removeprefix('every GPU').strip()}".rstrip(), title_justify="left")
    table.add_column("")
    for phase in Phase:
        table.add_column(phase.value, justify="right")
    for row in kind.rows:
        table.add_row(row.name, *(_gib(row.sizes.get(phase, 0.0)) for phase in Phase))
    table.add_section()
    table.add_row("sum", *(_gib(kind.total(phase)) for phase in Phase))
    table.add_row(
        f"of {kind.limit / GIB:.2f} left",
        *(f"[{'green' if kind.spare(phase) >= 0 else 'red'}]{kind.spare(phase) / GIB:.2f}[/]" for phase in Phase),
    )
    return table


def _gib(size: float) -> str:
    return f"{size / GIB:.2f}" if size else "-"


def _show_remedies(plan: Plan, console: Console) -> None:
    if plan.remedies:
        console.print("It fits with one of these:", markup=False)
        for options in plan.remedies:
            console.print(f"  {options}", markup=False)
    else:
        console.print("None of the changes that were tried makes it fit: a smaller model or more GPUs are needed")


def _show_arithmetic(kind: GpuMemory, console: Console) -> None:
    table = Table(title="How that is reckoned (where it is largest)", title_justify="left", show_header=False, box=None)
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("", overflow="fold")
    for row in kind.rows:
        table.add_row(row.name, f"{max(row.sizes.values()) / GIB:.2f}", escape(row.how))
    console.print(table)
    console.print()


def _show_tokens(plan: Plan, console: Console) -> None:
    for line in token_words(plan):
        console.print(line, markup=False)
    console.print()


def _time_table(plan: Plan) -> Table:
    table = Table(title="Seconds of a step", title_justify="left", show_header=False, box=None)
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("", overflow="fold")
    for share in plan.throughput.shares:
        table.add_row(share.name, f"{share.seconds:.1f}", escape(share.how))
    return table
