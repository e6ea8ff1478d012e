"""Where a failing program went wrong: localizers under one interface, one file each, chosen by name."""

from __future__ import annotations

from verl_egca.localization.base import FailingSample, Localization, Localizer, NotLocalized
from verl_egca.localization.counterfactual import CounterfactualLocalizer
from verl_egca.localization.executed import ExecutedLocalizer
from verl_egca.localization.late import LateLocalizer
from verl_egca.localization.random_statement import RandomLocalizer
from verl_egca.localization.trace import TraceLocalizer
from verl_egca.localization.uniform import UniformLocalizer

__all__ = ["LOCALIZERS", "FailingSample", "Localization", "Localizer", "NotLocalized", "make_localizer"]

LOCALIZERS: dict[str, type[Localizer]] = {
    kind.name: kind
    for kind in (
        CounterfactualLocalizer,
        TraceLocalizer,
        ExecutedLocalizer,
        RandomLocalizer,
        LateLocalizer,
        UniformLocalizer,
    )
}


def make_localizer(name: str) -> Localizer:
    """The localizer of that name. Raises ValueError that names the choices."""
    if name not in LOCALIZERS:
        raise ValueError(f"unknown localizer {name!r}; choose one of {', '.join(sorted(LOCALIZERS))}")
    return LOCALIZERS[name]()
