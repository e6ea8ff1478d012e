"""Installed versions against supported ranges, from this package's metadata and the table `ELSEWHERE`."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

OWN_NAME = "verl-egca"
SHOWN = (
    *("verl", "torch", "transformers", "ray", "TransferQueue", "tensordict"),
    *("megatron-core", "megatron-bridge", "mbridge", "sglang", "vllm"),
)


class State(StrEnum):
    FITS = "fits"
    WRONG = "wrong version"
    ABSENT = "not installed"


@dataclass(frozen=True, slots=True)
class Range:
    """``needed_by`` names the extra or part that requires it; ``gpu``: applies with GPUs, without, or both (None)."""

    package: str
    specifier: str
    needed_by: str
    gpu: bool | None


@dataclass(frozen=True, slots=True)
class Version:
    package: str
    installed: str | None
    supported: str
    needed_by: str
    state: State


# Ranges that the metadata can't express: Megatron's packages have requirements that need a GPU, so no extra names them
# (scripts/requirements-cpu.txt pins them); with a GPU the ranges are those of verl 0.9.1's extras.
ELSEWHERE = (
    Range("megatron-core", ">=0.16.1,<0.17", "Megatron's engine, scripts/setup_cpu.sh", gpu=False),
    Range("megatron-bridge", ">=0.3.1,<0.4", "Megatron's engine, scripts/setup_cpu.sh", gpu=False),
    Range("mbridge", ">=0.15.1,<0.16", "Megatron's engine, scripts/setup_cpu.sh", gpu=False),
    Range("megatron-core", ">=0.16", "Megatron's engine, verl[megatron]", gpu=True),
    Range("megatron-bridge", "==0.5.2", "Megatron's engine, verl[megatron]", gpu=True),
    Range("mbridge", ">=0.15.1", "Megatron's engine, verl[megatron]", gpu=True),
    Range("torch", "==2.11.*", "verl[fsdp], verl[megatron], verl[sglang], verl[vllm]", gpu=True),
    Range("transformers", ">=5.5.3,!=5.6.0,<5.11", "verl", gpu=True),
    Range("ray", ">=2.41", "verl", gpu=True),
    Range("TransferQueue", ">=0.1.10", "verl", gpu=True),
    Range("tensordict", ">=0.8,!=0.9.0,<=0.10", "verl", gpu=True),
    Range("sglang", "==0.5.12", "rollout on GPUs, verl[sglang]", gpu=True),
    Range("vllm", "==0.24.0", "rollout on GPUs, verl[vllm]", gpu=True),
)


def examine_versions(gpu: bool, installed: Callable[[str], str | None] | None = None) -> list[Version]:
    """Python first, then `SHOWN`. ``installed`` returns a package's version, or None."""
    installed = installed or _installed
    ranges = [*declared(), *ELSEWHERE]
    return [_python(), *(_judged(name, ranges, gpu, installed(name)) for name in SHOWN)]


def declared() -> list[Range]:
    """The ranges of this package's metadata, one per extra; empty if the package is not installed."""
    try:
        lines = requires(OWN_NAME) or []
    except PackageNotFoundError:
        return []
    found = []
    for requirement in map(Requirement, lines):
        marker = str(requirement.marker or "")
        extra = marker.partition("extra ==")[2].strip(" \"'")
        needed_by = f"{OWN_NAME}[{extra}]" if extra else OWN_NAME
        found.append(
            Range(requirement.name, str(requirement.specifier), needed_by, gpu=False if extra == "cpu" else None)
        )
    return found


def _judged(name: str, ranges: Iterable[Range], gpu: bool, installed: str | None) -> Version:
    known = [one for one in ranges if one.package.lower() == name.lower()]
    known = [
        one for one in known if one.gpu in (gpu, None)
    ] or known  # without a GPU, show the range of GPU-only packages too
    fits = any(SpecifierSet(one.specifier).contains(installed, prereleases=True) for one in known if installed)
    state = State.ABSENT if installed is None else State.FITS if fits or not known else State.WRONG
    supported = " or ".join(dict.fromkeys(one.specifier for one in known)) or "unknown"
    return Version(name, installed, supported, "; ".join(dict.fromkeys(one.needed_by for one in known)), state)


def _python() -> Version:
    try:
        supported = metadata(OWN_NAME)["Requires-Python"] or ""
    except PackageNotFoundError:
        supported = ""
    own = platform.python_version()
    state = State.FITS if SpecifierSet(supported).contains(own, prereleases=True) else State.WRONG
    return Version("Python", own, supported or "unknown", f"{OWN_NAME} (scripts/setup_cpu.sh: 3.11)", state)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
