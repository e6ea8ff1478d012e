"""The four modes that the gates sort a sample into (paper, section on gates), and one for samples that no gate decides on."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    CORRECT = "CORRECT"
    SYNTAX = "SYNTAX"
    CONSTRAINT = "CONSTRAINT"
    LOGIC = "LOGIC"
    UNGATED = "UNGATED"  # somebody else's reward, and no verdict that could back a blame: uniform, as under GRPO
