"""The four modes that the gates sort a sample into (paper, section on gates; DESIGN vocabulary)."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    CORRECT = "CORRECT"
    SYNTAX = "SYNTAX"
    CONSTRAINT = "CONSTRAINT"
    LOGIC = "LOGIC"
