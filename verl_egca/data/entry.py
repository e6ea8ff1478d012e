"""A problem as a data set offers it: with its split, its data set's name and, where it has some, its chat messages."""

from __future__ import annotations

from dataclasses import dataclass

from verl_egca.problem import Problem


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat prompt."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Entry:
    """``split`` is None where the data set does not say. ``messages``: what the policy reads, if more than the prompt."""

    problem: Problem
    source: str
    split: str | None = None
    messages: tuple[Message, ...] = ()
