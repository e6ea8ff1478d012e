"""Which files a program may see: the interpreter, its standard library, numpy, and the packages that the settings name.

Other installed packages stay closed: some carry tests and answers.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
STANDARD = ("/dev/stdin", "/dev/stdout")  # files of the sandbox's own, where it has a root of its own
WHERE_INSTALLED = ("numpy",)  # programs may import it, as they do elsewhere; who names it pays the import once for all
_ALL_READ = 0o005
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Readable:
    """``folders`` and ``files`` are open with all that is below them, except what is below ``hidden``."""

    folders: tuple[str, ...]
    files: tuple[str, ...]
    hidden: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return (*self.folders, *self.files, *self.packages)


def readable(packages: Iterable[str] = ()) -> Readable:
    """What this interpreter needs to go on running programs. Imports ``packages``.

    Raises:
        ImportError: a package can't be imported; says which and why.
    """
    stdlib = {sysconfig.get_path("stdlib"), os.path.dirname(os.__file__)}
    stdlib.add(sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix}))
    multiarch = sysconfig.get_config_var("MULTIARCH") or "lib"
    system = [
        f"/lib/{multiarch}",
        f"/usr/lib/{multiarch}",
        "/lib64",
        "/usr/lib64",
        "/usr/share/zoneinfo",
        "/usr/lib/locale",
    ]
    folders = [path for path in [*sorted(stdlib), *system] if os.path.isdir(path)]
    hidden = [
        f"{folder}/{name}" for folder in folders for name in _PACKAGE_FOLDERS if os.path.isdir(f"{folder}/{name}")
    ]
    files = [path for path in ("/etc/localtime", "/etc/ld.so.cache") if os.path.exists(path)]
    own_libraries = sysconfig.get_config_var("LIBDIR") or ""
    if os.path.isdir(own_libraries) and own_libraries not in ("/usr/lib", "/lib"):
        files += [str(path) for path in Path(own_libraries).glob("lib*.so*")]
    chosen = [path for name in packages for path in _imported_from(name)]
    chosen += [path for name in WHERE_INSTALLED for path in _folders_of(name) if path not in chosen]
    return Readable(tuple(folders), tuple(files), tuple(hidden), tuple(chosen))


def _folders_of(package: str) -> list[str]:
    """Its folder, and the one beside it for its libraries, if all may read them. Nothing is imported."""
    spec = importlib.util.find_spec(package)
    found = list((spec.submodule_search_locations if spec is not None else None) or ())
    found += [f"{folder}.libs" for folder in found if os.path.isdir(f"{folder}.libs")]
    return [folder for folder in found if os.stat(folder).st_mode & _ALL_READ == _ALL_READ]


def _imported_from(package: str) -> list[str]:
    """Its folders, or the file of one that is a file. Packages run code of their own when imported: any error may come."""
    try:
        module = importlib.import_module(package)
    except Exception as error:
        raise ImportError(
            f"egca.sandbox.packages names {package!r}, which can't be imported by {sys.executable}: "
            f"{type(error).__name__}: {error}"
        ) from error
    file = getattr(module, "__file__", None)
    return [*getattr(module, "__path__", [file] if file else [])]
