"""Exit statuses of commands that fail: 2 for bad input, 3 for a sandbox that does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console


@contextmanager
def bad_input_is_status_2(console: Console) -> Iterator[None]:
    """Prints the error to ``console`` without wrapping it."""
    from verl_egca.data.rows import BadInput
    from verl_egca.execution.limits import ConfinementError
    from verl_egca.execution.sandbox import SandboxError

    try:
        yield
    except BadInput as error:
        console.print(f"bad input: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except (SandboxError, ConfinementError) as error:
        console.print(f"the sandbox failed: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(3) from None
