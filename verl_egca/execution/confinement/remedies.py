"""Why this machine may refuse a layer, and what its administrator can do: read from the kernel's own files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from verl_egca.execution.confinement.layers import Layer

WITHHELD, REFUSED = "withheld", "the kernel refuses it"  # how reasons begin
_NAMESPACES = {layer for layer in Layer if layer.endswith("-namespace")}
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io")

Read = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Hint:
    """Something about the machine that stands in a layer's way: what it is, and what to do."""

    finding: str
    remedy: str


def remedies_for(reasons: Mapping[str, str]) -> list[str]:
    """What would put the layers in force that are not, by layer and reason; empty if nothing is known to help."""
    return [hint.remedy for hint in hints({Layer(name): reason for name, reason in reasons.items()})]


def hints(reasons: Mapping[Layer, str], read: Read | None = None, container: bool | None = None) -> list[Hint]:
    """``reasons`` says for each layer that is not in force why; a layer that was withheld on purpose wants no remedy."""
    read = read or _content
    lost = {layer for layer, reason in reasons.items() if reason != WITHHELD}
    found = []
    if any(reasons[layer].startswith(REFUSED) for layer in lost & _NAMESPACES):
        found += _of_namespaces(read, in_container() if container is None else container)
    if "readable for all" in reasons.get(Layer.USER_NAMESPACE, ""):
        found.append(
            Hint(reasons[Layer.USER_NAMESPACE], "chmod -R o+rX the folders of the interpreter and the packages")
        )
    if Layer.LANDLOCK in lost and Layer.NO_NEW_PRIVS not in reasons:
        at_boot = "boot with landlock among the kernel's lsm="
        newer = "a kernel from Linux 5.13 on with CONFIG_SECURITY_LANDLOCK"
        found.append(Hint(reasons[Layer.LANDLOCK], at_boot if "boot" in reasons[Layer.LANDLOCK] else newer))
    if Layer.SECCOMP in lost and Layer.NO_NEW_PRIVS not in reasons:
        library = any(name in reasons[Layer.SECCOMP] for name in ("libseccomp", "pyseccomp"))
        install = "install libseccomp (apt-get install libseccomp2, dnf install libseccomp) and pip install pyseccomp"
        kernel = "a kernel with CONFIG_SECCOMP_FILTER"
        found.append(Hint(reasons[Layer.SECCOMP], install if library else kernel))
    return found


def in_container() -> bool:
    return any(os.path.exists(path) for path in _CONTAINER_MARKS) or bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _of_namespaces(read: Read, container: bool) -> list[Hint]:
    found = []
    for name, refusing, wanted in (
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("user.max_user_namespaces", "0", "15000"),
    ):
        if read("/proc/sys/" + name.replace(".", "/")) == refusing:
            found.append(Hint(f"{name} is {refusing}", f"sysctl -w {name}={wanted}"))
    if not os.path.exists("/proc/self/ns/user"):
        found.append(Hint("this kernel has no user namespaces", "a kernel with CONFIG_USER_NS"))
    filtered = "Seccomp:\t2" in (read("/proc/self/status") or "")
    if filtered or container:
        what = "a seccomp profile is in force around this process" if filtered else "this is a container"
        found.append(
            Hint(
                f"{what}, as Docker's default one that refuses namespaces",
                "start the container with a profile that allows unshare, mount and pivot_root "
                "(docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
                "--security-opt systempaths=unconfined; Kubernetes: seccompProfile Unconfined)",
            )
        )
    return found


def _content(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
