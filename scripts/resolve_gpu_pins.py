#!/usr/bin/env python3
"""Check or rewrite scripts/requirements-gpu.txt by metadata, without installing packages or downloading wheels.

    python scripts/resolve_gpu_pins.py            check
    python scripts/resolve_gpu_pins.py --write    resolve scripts/gpu_pins.toml again, keeping the versions that still
    fit

The check, for each rollout engine: (1) all packages but Megatron-Bridge agree without exceptions; (2) without the
`unmet` requirements of gpu_pins.toml, every requirement of every package is met, and no pin is superfluous; (3) each of
the `unmet` ones is needed. On a failure it prints the faults and exits with status 1. It needs uv (pip install uv) with
its own settings of the package index.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent
ENGINES = ("sglang", "vllm")
HEADER = """\
# Exact pins of the GPU environment: Python {python}, {platform}. Made by scripts/resolve_gpu_pins.py --write from
# scripts/gpu_pins.toml, which says why; installed by scripts/setup_gpu.sh without dependency resolution.
# A line that ends in "# sglang" or "# vllm" is for that rollout engine alone.
"""


@dataclass(frozen=True)
class Wanted:
    """scripts/gpu_pins.toml: direct requirements, and those set aside."""

    python: str
    platform: str
    requires: Mapping[str, tuple[str, ...]]
    unmet: tuple[Mapping[str, str], ...]

    @classmethod
    def read(cls) -> Wanted:
        table = tomllib.loads((SCRIPTS / "gpu_pins.toml").read_text())
        project = tomllib.loads((SCRIPTS.parent / "pyproject.toml").read_text())["project"]
        common = [*table["requires"]["common"], *project["dependencies"]]
        requires = {engine: (*common, *table["requires"][engine]) for engine in ENGINES}
        return cls(table["python"], table["platform"], requires, tuple(table["unmet"]))

    def overrides(self, *, without: Mapping[str, str] | None = None) -> list[str]:
        """uv's overrides: a replacement for each requirement on a package, or a marker that is never true."""
        kept = [unmet for unmet in self.unmet if unmet is not without]
        return [unmet.get("instead") or f"{name_of(unmet['requirement'])}; python_version < '3'" for unmet in kept]

    def exempt(self) -> set[str]:
        """The packages whose requirements are set aside."""
        return {unmet["of"] for unmet in self.unmet}


def read_pins(engine: str, path: Path = SCRIPTS / "requirements-gpu.txt") -> dict[str, str]:
    """Normalised name to version, of the lines for ``engine``."""
    pins = {}
    for line in path.read_text().splitlines():
        requirement, _, tag = (part.strip() for part in line.partition("#"))
        if requirement and tag in ("", engine):
            name, _, version = requirement.partition("==")
            pins[name_of(name)] = version
    return pins


def name_of(requirement: str) -> str:
    """``Foo_Bar[x]>=1`` is ``foo-bar``."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


class Unresolvable(Exception):
    """uv's explanation."""


def resolve(
    wanted: Wanted,
    requirements: Iterable[str],
    *,
    overrides: Iterable[str] = (),
    pins: Mapping[str, str] | None = None,
    prefer: str = "",
) -> dict[str, str]:
    """Name to version of all resolved packages. ``pins`` bind; ``prefer`` is a pin file's text, to prefer.

    Raises:
        Unresolvable: no set of releases meets them.
    """  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "requirements.in": "\n".join(requirements),
            "overrides.txt": "\n".join(overrides),
            "constraints.txt": "\n".join(f"{name}=={version}" for name, version in (pins or {}).items()),
            "out.txt": prefer,
        }
        for name, text in files.items():
            Path(folder, name).write_text(text + "\n")
        command = [*_uv(), "pip", "compile", "requirements.in", "--override", "overrides.txt", "-c", "constraints.txt"]
        command += ["--python-version", wanted.python, "--python-platform", wanted.platform, "-o", "out.txt"]
        command += ["--no-header", "--no-annotate", "--quiet"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if run.returncode:
            raise Unresolvable(run.stderr.strip())
        lines = Path(folder, "out.txt").read_text().splitlines()
    pinned = (line.split("#")[0].split(";")[0].strip().partition("==") for line in lines if "==" in line)
    return {name_of(name): version for name, _, version in pinned}


def check(wanted: Wanted, engine: str, pins: Mapping[str, str]) -> list[str]:
    """Descriptions of all faults."""
    exempt = wanted.exempt()
    strict = [requirement for requirement in wanted.requires[engine] if name_of(requirement) not in exempt]
    wrong = []
    try:
        for name in sorted(missing := resolve(wanted, strict, pins=pins).keys() - pins.keys()):
            wrong.append(f"{engine}: {name} is required, but has no pin")
        full = resolve(wanted, wanted.requires[engine], overrides=wanted.overrides(), pins=pins)
        wrong += [
            f"{engine}: {name} is required, but has no pin" for name in sorted(full.keys() - pins.keys() - missing)
        ]
        wrong += [f"{engine}: nothing requires {name}, which is pinned" for name in sorted(pins.keys() - full.keys())]
    except Unresolvable as error:
        return [f"{engine}: the pins contradict each other:\n{error}"]
    return wrong


def needless(wanted: Wanted, pins: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The `unmet` requirements that can be met with every engine."""
    met = []
    for unmet in wanted.unmet:
        for engine in ENGINES:
            try:
                found = resolve(
                    wanted, wanted.requires[engine], overrides=wanted.overrides(without=unmet), pins=pins[engine]
                )
            except Unresolvable:
                break
            if found != pins[engine]:
                break
        else:
            met.append(f"{unmet['of']}'s {unmet['requirement']} is met: take it off gpu_pins.toml's unmet")
    return met


def write(wanted: Wanted, path: Path = SCRIPTS / "requirements-gpu.txt") -> None:
    """Resolve again, preferring the last pins, then the CPU environment's versions."""
    cpu = (SCRIPTS / "requirements-cpu.txt").read_text()
    resolved: dict[str, dict[str, str]] = {}
    for engine in ENGINES:
        last = (
            "\n".join(f"{name}=={version}" for name, version in read_pins(engine, path).items())
            if path.exists()
            else cpu
        )
        resolved[engine] = resolve(wanted, wanted.requires[engine], overrides=wanted.overrides(), prefer=last)
    lines = []
    for name in sorted(set().union(*resolved.values())):
        versions = {engine: pins[name] for engine, pins in resolved.items() if name in pins}
        if len(versions) == len(ENGINES) and len(set(versions.values())) == 1:
            lines.append(f"{name}=={versions[ENGINES[0]]}")
        else:
            lines += [f"{name}=={version}  # {engine}" for engine, version in versions.items()]
    path.write_text(HEADER.format(python=wanted.python, platform=wanted.platform) + "\n".join(lines) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="resolve gpu_pins.toml again")
    parser.add_argument(
        "--engine", choices=ENGINES, help="check only this engine, and not whether each exception is needed"
    )
    options = parser.parse_args()
    wanted = Wanted.read()
    try:
        if options.write:
            write(wanted)
        engines = [options.engine] if options.engine else ENGINES
        pins = {engine: read_pins(engine) for engine in engines}
        wrong = [line for engine in engines for line in check(wanted, engine, pins[engine])]
        if not options.engine and not wrong:
            wrong += needless(wanted, pins)
    except (OSError, Unresolvable) as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    for engine in () if wrong else engines:
        print(f"{engine}: {len(pins[engine])} pins; all requirements are met but {len(wanted.unmet)} named ones")
    return bool(wrong)


def _uv() -> list[str]:
    beside = Path(sysconfig.get_path("scripts"), "uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise OSError(f"uv is needed, and neither beside {sys.executable} nor on PATH: pip install uv")
    return [found]


if __name__ == "__main__":
    sys.exit(main())
