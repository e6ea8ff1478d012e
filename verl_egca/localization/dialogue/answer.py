"""The debugger's answer: JSON under this schema. No other form is read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """``statement`` is a number of the question's listing; ``correction`` the whole statement, or its block, rewritten."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: int = Field(ge=1, description="number of the statement that is wrong")
    correction: str | None = Field(max_length=2_000, description="that statement, corrected; null if you do not know")
    reason: str = Field(max_length=300, description="what is wrong with it, in one sentence")
