"""What stands in the judge for a value of the program that is too large to cross.

It differs from whatever is far smaller. More can't be said of it, so that no right program is called wrong.
"""

from __future__ import annotations

from typing import Any, NoReturn

from verl_egca.execution.remote import Unsupported
from verl_egca.values.codec import MAX_FRAME, NotPlain, dumps, encode

_FAR = 8  # times: the same value can be written at different lengths


class Large:
    def __init__(self, what: str) -> None:
        self._what = what

    def __eq__(self, other: object) -> bool:
        if self is other or not _is_far_smaller(other):
            self._refuse()
        return False

    def __repr__(self) -> str:
        return f"<{self._what}>"

    def _refuse(self, *_: Any) -> NoReturn:
        raise Unsupported(f"the program returned {self._what}")

    __hash__ = None  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __getitem__ = __setitem__ = __iter__ = __len__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __mod__ = __rmod__ = __neg__ = _refuse
    __abs__ = __round__ = __int__ = __float__ = __str__ = __index__ = __bool__ = __call__ = __enter__ = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()


def _is_far_smaller(value: object) -> bool:
    try:
        return len(dumps(encode(value, _not_plain))) < MAX_FRAME // _FAR
    except (NotPlain, RecursionError):
        return False


def _not_plain(value: Any) -> NoReturn:
    raise NotPlain
