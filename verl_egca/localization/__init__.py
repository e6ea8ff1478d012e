"""Where a failing program went wrong: localizers under one interface, one file each, chosen by name."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized, Options
from verl_egca.localization.counterfactual import CounterfactualLocalizer
from verl_egca.localization.egca import EgcaLocalizer
from verl_egca.localization.executed import ExecutedLocalizer
from verl_egca.localization.late import LateLocalizer
from verl_egca.localization.random_statement import RandomLocalizer
from verl_egca.localization.suspicious import SuspiciousLocalizer
from verl_egca.localization.trace import TraceLocalizer
from verl_egca.localization.uniform import UniformLocalizer

__all__ = ["LOCALIZERS", "FailingSample", "Localization", "Localizer", "NotLocalized", "Options", "make_localizer"]

_WITH_OPTIONS = (EgcaLocalizer, CounterfactualLocalizer)
_PLAIN = (TraceLocalizer, SuspiciousLocalizer, ExecutedLocalizer, RandomLocalizer, LateLocalizer, UniformLocalizer)
FINDS_CAUSES = frozenset(kind.name for kind in _WITH_OPTIONS)  # of run-time errors, too
LOCALIZERS: tuple[str, ...] = tuple(kind.name for kind in (*_WITH_OPTIONS, *_PLAIN))
SEEDLESS = frozenset(LOCALIZERS) - {RandomLocalizer.name}  # whose answer is the same whatever the sample's seed


def make_localizer(name: str, options: Options | None = None) -> Localizer:
    """The localizer of that name. Raises ValueError that names the choices."""
    for searching in _WITH_OPTIONS:
        if searching.name == name:
            return searching(options)
    for plain in _PLAIN:
        if plain.name == name:
            return plain()
    raise ValueError(f"unknown localizer {name!r}; choose one of {', '.join(sorted(LOCALIZERS))}")
