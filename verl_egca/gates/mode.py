"""The four modes of the gates (paper, section on gates), and one for samples that no gate decides."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    CORRECT = "CORRECT"
    SYNTAX = "SYNTAX"
    CONSTRAINT = "CONSTRAINT"
    LOGIC = "LOGIC"
    UNGATED = "UNGATED"  # another reward, without a verdict to blame by: uniform branch
