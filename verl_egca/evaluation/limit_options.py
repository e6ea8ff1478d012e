"""The limits of a program, as options of all commands that run programs.

    @command()
    @takes_limits
    def localize(problems: Path, limits: GivenLimits = DEFAULTS) -> None:
        ... limits_of(limits)

gives ``localize`` an option for each limit (see `execution.limit_names`) instead of ``limits``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verl_egca.execution.limit_names import OPTIONS

if TYPE_CHECKING:
    from verl_egca.execution.limits import Limits

GivenLimits = Mapping[str, Any]  # by name of the setting, in its unit; others have their defaults
DEFAULTS: GivenLimits = {}

_PANEL = "Limits of one case of a program"
_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class _Option:
    kind: type
    least: float
    unit: int
    help: str


_SHAPES = {
    "cpu_seconds": _Option(float, 0.01, 1, "CPU time (default: 6)"),
    "wall_seconds": _Option(float, 0.01, 1, "wall time, also asleep (default: 12)"),
    "memory_bytes": _Option(int, 64, _MB, "address space beside the interpreter's, in MiB (default: 1024)"),
    "output_bytes": _Option(int, 0, _MB, "output beyond twice the expected, in MiB (default: 1)"),
    "file_bytes": _Option(int, 1, _MB, "all files that it writes, in MiB (default: 16)"),
    "open_files": _Option(int, 32, 1, "open files (default: 64)"),
    "processes": _Option(int, 0, 1, "threads (default: 64)"),
}


def takes_limits(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each limit instead of its parameter ``limits``."""
    signature = inspect.signature(command, eval_str=True)
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                shape.kind | None,
                typer.Option(OPTIONS[name], min=shape.least, help=shape.help, rich_help_panel=_PANEL),
            ],
        )
        for name, shape in _SHAPES.items()
    ]
    package = typer.Option(
        OPTIONS["packages"], help="a package that it may import beside numpy; may be repeated", rich_help_panel=_PANEL
    )
    options.append(
        inspect.Parameter(
            "packages", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[list[str] | None, package]
        )
    )
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "limits"]

    @functools.wraps(command)
    def taking(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in _SHAPES}
        limits: dict[str, Any] = {"packages": given.pop("packages") or ()}
        limits |= {name: value * _SHAPES[name].unit for name, value in chosen.items() if value is not None}
        command(**given, limits=limits)

    vars(taking)["__signature__"] = signature.replace(
        parameters=[parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + options
    )
    taking.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *options)}
    return taking


def limits_of(given: GivenLimits) -> Limits:
    """Raises typer.BadParameter."""
    from pydantic import ValidationError

    from verl_egca.execution.limits import Limits

    try:
        return Limits.model_validate(given)
    except ValidationError as error:
        (first, *_) = error.errors()
        name = str(first["loc"][0])
        said = "the name of a package is wanted, as import has it" if name == "packages" else first["msg"]
        raise typer.BadParameter(f"{said} (got {first['input']!r})", param_hint=OPTIONS[name]) from None
