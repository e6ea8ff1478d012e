"""A plan as a recipe's comment: its command, then its figures. A test compares it with the recipe."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence

from plan.gpus import GIB
from plan.memory import GpuMemory, Phase
from plan.planned import Plan
from plan.show import caches, debugger_words, host_words, layout, run_words, token_words, verdict

COMMAND = "python scripts/plan"
PROMPT = "# $ "
WIDTH = 118


def comment(plan: Plan, arguments: Sequence[str]) -> str:
    """Lines that start with ``#``. ``arguments``: the command line after the folder."""
    job = plan.job
    command = textwrap.wrap(
        f"{COMMAND} {shlex.join(arguments)}", WIDTH - 8, break_long_words=False, break_on_hyphens=False
    )
    lines = [PROMPT + " \\\n#     ".join(command)]
    body = [f"{job.model.name}, {job.model.parameters:,} parameters", layout(job)]
    if job.debugger is not None:
        body.append(f"debugger {job.debugger.shape.name}: {debugger_words(job.debugger)}")
    kind = plan.kinds[0]
    body += ["", *_table(kind)]
    for one in plan.kinds:
        body += [*verdict(one), *caches(one, job)]
    if not plan.fits:
        body += [f"it fits with {options}" for options in plan.remedies]
    body += [host_words(plan), *plan.notes]
    body += ["", *(f"{row.name} {max(row.sizes.values()) / GIB:.2f}: {row.how}" for row in kind.rows)]
    body += ["", *token_words(plan)]
    body.append("seconds: " + "; ".join(f"{share.name} {share.seconds:.1f}" for share in plan.throughput.shares))
    body += run_words(plan)
    for line in body:
        lines += [f"# {part}".rstrip() for part in _wrapped(line)]
    return "\n".join(lines) + "\n"


def _wrapped(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    return textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def _table(kind: GpuMemory) -> list[str]:
    rows = [("GiB on a GPU", *(phase.value for phase in Phase))]
    for row in kind.rows:
        sizes = (row.sizes.get(phase, 0.0) for phase in Phase)
        rows.append((row.name, *(f"{size / GIB:.2f}" if size else "-" for size in sizes)))
    rows.append((f"sum, {kind.name}", *(f"{kind.total(phase) / GIB:.2f}" for phase in Phase)))
    rows.append((f"of {kind.limit / GIB:.2f} left", *(f"{kind.spare(phase) / GIB:.2f}" for phase in Phase)))
    first = max(len(row[0]) for row in rows)
    return [f"{row[0]:<{first}}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
