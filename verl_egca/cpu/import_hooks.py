"""Import hooks that wrapt lacks: after each module below a prefix, and around one import.

They import nothing themselves, which would cost each of verl's processes seconds.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

Hook = Callable[[ModuleType], object]

_around: dict[str, Callable[[], AbstractContextManager[object]]] = {}
_prefix_hooks: list[tuple[str, Hook]] = []


def when_any_imported(prefix: str, hook: Hook) -> None:
    """Call ``hook(module)`` after the import of every module below ``prefix``, including past imports."""
    for name, module in list(sys.modules.items()):
        if name.startswith(prefix) and module is not None:
            hook(module)
    _prefix_hooks.append((prefix, hook))
    _install()


def around_import(name: str, context: Callable[[], AbstractContextManager[object]]) -> None:
    """Run a later import of ``name`` inside ``context()``."""
    _around[name] = context
    _install()


class _Loader(importlib.abc.Loader):
    """Runs another loader, then the hooks. Delegates other attributes (get_source, get_data) to that loader."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._inner.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        with _around.get(module.__name__, nullcontext)():
            self._inner.exec_module(module)
        for prefix, hook in _prefix_hooks:
            if module.__name__.startswith(prefix):
                hook(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _around and not any(fullname.startswith(prefix) for prefix, _ in _prefix_hooks):
            return None
        for finder in sys.meta_path:
            if isinstance(finder, _Finder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                # wrapt's finder may have called this one; its proxies have the class of the wrapped loader
                if hasattr(spec.loader, "exec_module") and not isinstance(spec.loader, _Loader):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


def _install() -> None:
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
