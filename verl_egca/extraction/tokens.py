"""Marks that models write as text around an answer: end-of-text tokens, instruction marks, tags, thinking."""

from __future__ import annotations

import re
from collections.abc import Sequence

from verl_egca.extraction.lines import Range

_NOT_QUOTED = r"(?<!['\"])(?<!(?<!`)`)(?:{})(?!['\"]|`(?!`))"
_END = re.compile(
    _NOT_QUOTED.format(
        r"</s>|<\|(?:im_end|endoftext|end_of_text|eot_id|eom_id|EOT|eos|end|end_of_solution|return|endofresponse)\|>"
        r"|<｜end▁of▁sentence｜>|<(?:end_of_turn|eos|EOS|EOT)>|^\[DONE\][ \t]*\r?$"
    ),
    re.MULTILINE,
)
_THOUGHT = re.compile(
    _NOT_QUOTED.format(
        r"</(?:think|thinking|thought|reasoning|scratchpad|seed:think)>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>"
        r"|<\|channel\|>final<\|message\|>"
    )
)
_THINKING = re.compile(
    _NOT_QUOTED.format(
        r"<(?:think|thinking|thought|reasoning|scratchpad|seed:think)>|\[THINK\]|◁think▷|<\|begin_of_thought\|>"
    )
)
_TAG = r"(?:s|bos|eos|pad|unk|EOS|EOT|(?:end|start)_of_turn|code|pre|answer|solution|python|output|response|final)"
# none of these can be code: those that could (a list, a comparison) count only at the edge of a line
_MARK = re.compile(
    _NOT_QUOTED.format(
        r"<\|[^|\r\n<>]{1,40}\|>|<｜[^｜\r\n<>]{1,40}｜>|</[A-Za-z][\w:-]{0,20}>|\[/[A-Z_]{2,20}\]|<</?SYS>>|`{3,}[^`\r\n]{0,40}$"
        rf"|(?:^[ \t]*<{_TAG}(?:[ \t][^<>\r\n]{{0,80}})?>)+|<{_TAG}>(?=[ \t]*$)"
        r"|^[ \t]*\[(?:INST|PYTHON|BEGIN|DONE|ANSWER|SOL|SOLUTION|CODE|END|EOS|EOT)\]"
    ),
    re.MULTILINE,
)


def after_thinking(text: str, stretches: Sequence[Range]) -> tuple[Range, ...]:
    """Each stretch without its thinking; an unfinished thought is left out to the end."""
    kept = []
    for start, end in stretches:
        for thought in _THOUGHT.finditer(text, start, end):
            start = thought.end()
        unfinished = _THINKING.search(text, start, end)
        kept.append((start, unfinished.start() if unfinished else end))
    return tuple(kept)


def before_end_of_text(text: str, stretches: Sequence[Range]) -> tuple[Range, ...]:
    """Each stretch up to its first end-of-text token."""
    found = ((start, end, _END.search(text, start, end)) for start, end in stretches)
    return tuple((start, token.start() if token else end) for start, end, token in found)


def first_mark(text: str) -> Range | None:
    """The first mark in a few lines that do not parse: a token, a tag or a fence."""
    found = _MARK.search(text)
    return found.span() if found else None
