"""The kernel, the user and the container."""

from __future__ import annotations

import os
import platform
import pwd
from dataclasses import dataclass
from pathlib import Path

from verl_egca.execution.confinement.landlock import abi
from verl_egca.execution.confinement.remedies import in_container

# settings for user namespaces; each exists on some distributions only
SETTINGS = (
    "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns",
    "user.max_user_namespaces",
    "kernel.yama.ptrace_scope",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """``landlock_abi`` is 0 without Landlock; ``filtered``: this process already runs under a seccomp filter."""

    system: str
    kernel: str
    architecture: str
    landlock_abi: int
    user: str
    is_root: bool
    container: bool
    filtered: bool
    settings: dict[str, str]
    processors: int


def examine_machine() -> Machine:
    settings = {name: _read("/proc/sys/" + name.replace(".", "/")) for name in SETTINGS}
    return Machine(
        system=platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
        landlock_abi=abi(),
        user=_user_name(),
        is_root=os.geteuid() == 0,
        container=in_container(),
        filtered="Seccomp:\t2" in (_read("/proc/self/status") or ""),
        settings={name: value for name, value in settings.items() if value is not None},
        processors=len(os.sched_getaffinity(0)),
    )


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
