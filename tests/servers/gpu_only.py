"""Lets a server's code be imported where its GPU packages are not: compiled ones answer with empty names.

Only packages that hold kernels, or read images and sound, are stood in for. All that the servers' argument parsers and
verl's code around them use is the real thing, in the pinned releases.
"""

import sys
import types
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

PACKAGES = ("triton", "torchvision", "soundfile", "IPython")


def stand_in(packages=PACKAGES):
    """Imports of ``packages`` give modules that have any attribute."""
    # torch chooses at import whether there is a Triton; here there is none
    import torch._inductor.runtime.triton_compat
    import torch._inductor.select_algorithm  # noqa: F401

    sys.meta_path.insert(0, _Finder(packages))


class _Finder(MetaPathFinder, Loader):
    def __init__(self, packages):
        self.packages = packages

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in self.packages else None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        pass


class _Class(type):
    """Stands for any class, its nested names and what is made of it."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, key):
        return cls

    def __or__(cls, other):
        return cls

    __ror__ = __or__


def _nothing(self, *args, **kwargs):
    return None


class _Module(types.ModuleType):
    __path__ = ()
    __version__ = "0.0.0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "active":  # as Triton itself says without a GPU; SGLang asks to find that out (fla/utils.py)
            raise RuntimeError("0 active drivers ([]). There should only be one.")
        if name[:1].isupper():
            value = _Class(name, (), {"__module__": self.__name__, "__init__": _nothing, "__call__": _decorate})
        else:
            value = _Module(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value

    def __call__(self, *args, **kwargs):
        return _decorate(self, *args, **kwargs)

    def __getitem__(self, key):
        return self

    def __iter__(self):
        return iter(())

    def __or__(self, other):
        return self

    __ror__ = __or__


def _decorate(self, *args, **kwargs):
    """A decorator gives back what it decorates; with arguments of its own it is one."""
    return args[0] if len(args) == 1 and callable(args[0]) and not kwargs else self
