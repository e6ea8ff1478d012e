"""The programs that a row gives as solutions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from verl_egca.data.json_text import unwrapped
from verl_egca.statements import parse

_PYTHON_3 = 3  # of CodeContests' languages; 1 is Python 2, of which much runs
_PYTHON_2 = 1
_PROGRAM = ("solution", "code", "program", "content")


def programs_in(value: Any) -> Iterator[str]:
    """The programs of a value: text, a list of texts or of objects with a language and a solution, or these as JSON
    text.

    Other languages are left out; Python 3 comes before Python 2. Code in fences is taken out of them.
    """
    try:
        value = unwrapped(value)
    except ValueError:
        pass  # text that begins with a bracket and is a program
    if isinstance(value, str):
        if program := _program(value):
            yield program
    elif isinstance(value, list):
        for item in _python_first(value):
            if isinstance(item, str):
                yield from filter(None, [_program(item)])
            elif isinstance(item, dict):
                yield from _of_object(item)
    elif isinstance(value, dict):
        yield from _of_object(value)


def is_python(language: Any) -> bool:
    """Whether a data set's name or number of a language means Python."""
    if isinstance(language, str):
        return (
            language.strip().lower().replace(" ", "").startswith(("python", "py3", "py2", "pypy")) or language == "py"
        )
    return language in (_PYTHON_3, _PYTHON_2)


def _of_object(item: dict[str, Any]) -> Iterator[str]:
    languages, solutions = item.get("language"), item.get("solution")
    if isinstance(languages, list) and isinstance(solutions, list):  # CodeContests' two columns
        pairs = [{"language": one, "solution": text} for one, text in zip(languages, solutions, strict=False)]
        yield from programs_in(pairs)
        return
    if languages is not None and not is_python(languages):
        return
    for key in _PROGRAM:
        if isinstance(text := item.get(key), str):
            yield from filter(None, [_program(text)])
            return
    for key, text in item.items():  # {"python": "...", "cpp": "..."}
        if is_python(key) and isinstance(text, str):
            yield from filter(None, [_program(text)])


def _python_first(items: list[Any]) -> list[Any]:
    def order(item: Any) -> bool:
        return isinstance(item, dict) and (
            item.get("language") == _PYTHON_2
            or str(item.get("language")).lower().replace(" ", "") in ("python2", "py2")
        )

    return sorted(items, key=order)


_FENCED = re.compile(r"^[ \t]*```[ \t]*([\w+.-]*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)


def _program(text: str) -> str:
    """The text, or the code in its last Python fence, else in its last fence."""
    text = text.replace("\r\n", "\n")
    if "```" not in text or parse(text, limit=None) is not None:
        return text if text.strip() else ""
    blocks = _FENCED.findall(text)
    python = [code for tag, code in blocks if is_python(tag)] or [code for _, code in blocks]
    return python[-1] if python else text
