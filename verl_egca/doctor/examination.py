"""All checks and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from verl_egca.doctor.confinement import SandboxState, examine_sandbox
from verl_egca.doctor.machine import Machine, examine_machine
from verl_egca.doctor.services import Gpus, Service, examine_debugger, examine_gpus, examine_ray
from verl_egca.doctor.versions import State, Version, examine_versions
from verl_egca.execution.confinement.layers import Coverage, Layer

FULL, REDUCED, CANT_RUN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Examination:
    machine: Machine
    sandbox: SandboxState
    versions: tuple[Version, ...]
    ray: Service
    gpus: Gpus
    debugger: Service

    @property
    def exit_code(self) -> int:
        """Depends on the sandbox alone."""
        if not self.sandbox.works or self.sandbox.coverage == Coverage.NONE:
            return CANT_RUN
        return FULL if self.sandbox.coverage == Coverage.FULL else REDUCED

    @property
    def to_fix(self) -> list[str]:
        """Descriptions of all faults but the sandbox's layers."""
        found = [
            f"{one.package} {one.installed} is installed; {one.supported} is supported ({one.needed_by})"
            for one in self.versions
            if one.state == State.WRONG
        ]
        if self.ray.reachable is False:
            found.append(f"Ray's cluster at {self.ray.address} {self.ray.words}")
        if self.debugger.reachable is False:
            found.append(f"the debugger at {self.debugger.address} {self.debugger.words}")
        return found

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "to_fix": self.to_fix, "exit_code": self.exit_code}


def examine(debugger_url: str | None = None, withhold: Sequence[Layer] = ()) -> Examination:
    gpus = examine_gpus()
    return Examination(
        machine=examine_machine(),
        sandbox=examine_sandbox(withhold),
        versions=tuple(examine_versions(bool(gpus.names))),
        ray=examine_ray(),
        gpus=gpus,
        debugger=examine_debugger(debugger_url),
    )
