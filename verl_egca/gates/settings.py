"""The gates' settings (``egca.gates`` in YAML)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from verl_egca.data.constrained_prompt import CHAT, COMPLETION, Template
from verl_egca.gates.comparability import COMPARABILITY, SHARE, Comparability


class GateSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    constraints: bool = Field(True, description="a program that breaks one of its problem's goes to CONSTRAINT")
    comparability: Comparability = Field(
        COMPARABILITY, description="when a failing program unlike the reference goes there too"
    )
    share: float = Field(SHARE, ge=0.0, le=1.0, description="of a program that a repair may rewrite: past it, unlike")
    chat: Template = Field(CHAT, description="a chat prompt with its constraints, for `egca prepare`")
    completion: Template = Field(COMPLETION, description="the code to continue with its constraints")

    @property
    def checks(self) -> dict[str, Any]:
        """The arguments of `ProgramGate`."""
        return self.model_dump(include={"constraints", "comparability", "share"})
