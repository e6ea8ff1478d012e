"""Localizers by name: this package's own, and others by an entry point or a dotted path.

A module of this package registers its localizer itself. Another package names its class under the entry points
``verl_egca.localizers``, or is named in ``egca.localizer`` as ``package.module.Class``.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TypeVar

from verl_egca import localization
from verl_egca.debugger.client import Debugger
from verl_egca.localization.base import Localizer
from verl_egca.localization.options import Options

ENTRY_POINTS = "verl_egca.localizers"
Kind = TypeVar("Kind", bound=type[Localizer])

_registered: dict[str, type[Localizer]] = {}


def register(kind: Kind) -> Kind:
    """Makes a localizer of this package known by its name."""
    if _registered.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"two localizers are called {kind.name!r}")
    return kind


@cache
def localizers() -> dict[str, type[Localizer]]:
    """This package's localizers by name."""
    for module in pkgutil.iter_modules(localization.__path__, f"{localization.__name__}."):
        import_module(module.name)
    return dict(sorted(_registered.items()))


def localizer_class(name: str) -> type[Localizer]:
    """Raises ValueError if the name is unknown (the message lists the choices), or if it names no localizer."""
    if name in localizers():
        return localizers()[name]
    others = entry_points(group=ENTRY_POINTS)
    if name not in others.names and "." not in name:
        known = ", ".join(map(repr, [*localizers(), *sorted(others.names)]))
        raise ValueError(f"unknown localizer; choose one of {known}, or the dotted path of a class")
    try:
        kind = others[name].load() if name in others.names else pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"no localizer can be imported from there: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Localizer)):
        raise ValueError(f"a subclass of {Localizer.__module__}.Localizer is wanted")
    return kind


def make_localizer(name: str, options: Options | None = None, debugger: Debugger | None = None) -> Localizer:
    """The localizer of that name; ``debugger`` is the one that it asks, if it asks a debugger.

    Raises:
        ValueError: as in `localizer_class`.
        NoDebugger: the localizer needs a debugger and gets none.
    """
    return localizer_class(name)(options, debugger)
