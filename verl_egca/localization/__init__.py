"""Where a failing program went wrong: localizers under one interface, one file each, chosen by name."""

from __future__ import annotations

from verl_egca.debugger.client import Debugger
from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, Options
from verl_egca.localization.counterfactual import CounterfactualLocalizer
from verl_egca.localization.debugger import DebuggerLocalizer, NoDebugger
from verl_egca.localization.egca import EgcaLocalizer
from verl_egca.localization.executed import ExecutedLocalizer
from verl_egca.localization.late import LateLocalizer
from verl_egca.localization.random_statement import RandomLocalizer
from verl_egca.localization.suspicious import SuspiciousLocalizer
from verl_egca.localization.trace import TraceLocalizer
from verl_egca.localization.uniform import UniformLocalizer

__all__ = [
    "ASKS",
    "LOCALIZERS",
    "FailingSample",
    "Localization",
    "Localizer",
    "NoDebugger",
    "NotLocalized",
    "Options",
    "make_localizer",
]

_FIND_CAUSES = (EgcaLocalizer, CounterfactualLocalizer)
_ASK = (EgcaLocalizer, DebuggerLocalizer)
_PLAIN = (TraceLocalizer, SuspiciousLocalizer, ExecutedLocalizer, RandomLocalizer, LateLocalizer, UniformLocalizer)
FINDS_CAUSES = frozenset(kind.name for kind in _FIND_CAUSES)  # of run-time errors, too
LOCALIZERS: tuple[str, ...] = tuple(kind.name for kind in (*_FIND_CAUSES, DebuggerLocalizer, *_PLAIN))
ASKS = frozenset(kind.name for kind in _ASK)  # a debugger, if there is one
SEEDLESS = frozenset(LOCALIZERS) - {RandomLocalizer.name}  # whose answer is the same whatever the sample's seed


def make_localizer(name: str, options: Options | None = None, debugger: Debugger | None = None) -> Localizer:
    """The localizer of that name; ``debugger`` is who is asked, if it asks anyone.

    Raises:
        ValueError: an unknown name, with the choices.
        NoDebugger: it needs one.
    """
    for asking in _ASK:
        if asking.name == name:
            return asking(options, debugger)
    if name == CounterfactualLocalizer.name:
        return CounterfactualLocalizer(options)
    for plain in _PLAIN:
        if plain.name == name:
            return plain()
    raise ValueError(f"unknown localizer {name!r}; choose one of {', '.join(sorted(LOCALIZERS))}")
