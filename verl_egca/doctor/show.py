"""Prints an examination."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from verl_egca.doctor.examination import CANT_RUN, FULL, Examination
from verl_egca.doctor.machine import Machine
from verl_egca.doctor.versions import State

NEVER_COVERED = "side channels (time, caches), holes in the kernel itself, and programs that know the answers by heart"


def show(found: Examination, console: Console) -> None:
    console.print(_table("This machine", [("", "right"), ("", "left")], _machine_rows(found.machine), header=False))
    _show_sandbox(found, console)
    rows: list[tuple[str, ...]] = [
        (one.package, one.installed or "-", one.supported, escape(one.needed_by), _colored(one.state))
        for one in found.versions
    ]
    columns = ("package", "installed", "supported", "needed by", "")
    console.print(_table("Versions", [(name, "left") for name in columns], rows))
    services: list[tuple[str, ...]] = [
        ("Ray", found.ray.address or "", found.ray.words),
        ("GPUs", "", "\n".join(found.gpus.names) or found.gpus.words),
        ("debugger", found.debugger.address or "", found.debugger.words),
    ]
    services = [tuple(map(escape, row)) for row in services]
    console.print(_table("Services", [("", "right"), ("", "left"), ("", "left")], services, header=False))
    _bullets("To fix:", found.to_fix, console)


def _show_sandbox(found: Examination, console: Console) -> None:
    state = found.sandbox
    if state.layers:
        rows: list[tuple[str, ...]] = [
            (one.layer, "[green]in force[/]", one.covers)
            if one.in_force
            else (one.layer, "[red]missing[/]", f"{escape(one.reason)}. It would cover: {one.covers}")
            for one in state.layers
        ]
        columns: list[tuple[str, JustifyMethod]] = [
            ("layer", "left"),
            ("", "left"),
            ("covers, or why it is missing", "left"),
        ]
        console.print(_table("The sandbox, in a worker just started", columns, rows))
    console.print(f"[bold]Sandbox: {_verdict(found)}[/]")
    if state.error and not state.gaps:  # the gaps include the error
        console.print(state.error, markup=False)
    if state.start_seconds is not None and state.verdict_seconds is not None:
        console.print(
            f"A worker started in {state.start_seconds * 1000:.0f} ms and judged two programs"
            f"{' rightly' if state.works else ''} in {state.verdict_seconds * 1000:.0f} ms."
        )
    _bullets("Not covered here; a program could:", state.gaps, console)
    _bullets("Causes and remedies:", [f"{one.finding}: {one.remedy}" for one in state.hints], console)
    console.print(f"Covered nowhere: {NEVER_COVERED}.\n", markup=False)


def _verdict(found: Examination) -> str:
    if found.exit_code == FULL:
        return "full. A program can waste its own budget and nothing else."
    if found.exit_code == CANT_RUN:
        return "can't run here. Training, evaluation and localization would refuse."
    return "reduced. Training runs with egca.sandbox.require=reduced, and refuses with full."


def _machine_rows(machine: Machine) -> list[tuple[str, ...]]:
    container = "yes" if machine.container else "none found"
    if machine.filtered:
        container += "; a seccomp profile is in force around this process"
    rows = [
        ("kernel", f"{machine.system} {machine.kernel}, {machine.architecture}, {machine.processors} processors"),
        ("Landlock", f"ABI {machine.landlock_abi}" if machine.landlock_abi else "none"),
        ("user", machine.user + (" (root)" if machine.is_root and machine.user != "root" else "")),
        ("container", container),
    ]
    return [(name, escape(value)) for name, value in [*rows, *machine.settings.items()]]


def _colored(state: State) -> str:
    color = {State.FITS: "green", State.WRONG: "red", State.ABSENT: "dim"}[state]
    return f"[{color}]{state}[/]"


def _bullets(title: str, lines: Sequence[str], console: Console) -> None:
    if lines:
        console.print(title)
    for line in lines:
        console.print(f"  - {line}", markup=False)


def _table(
    title: str, columns: list[tuple[str, JustifyMethod]], rows: list[tuple[str, ...]], header: bool = True
) -> Table:
    table = Table(title=title, title_justify="left", show_header=header)
    for name, justify in columns:
        narrow = name in ("needed by", "covers, or why it is missing", "") and justify == "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=not narrow)
    for row in rows:
        table.add_row(*row)
    return table
