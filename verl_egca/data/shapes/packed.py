"""LiveCodeBench's private tests: base64 of zlib of a pickle of JSON text. The text is read without unpickling."""

from __future__ import annotations

import base64
import binascii
import pickletools
import zlib

MOST_BYTES = 1 << 29  # its largest rows unpack to some hundred MB
_TEXT = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_AROUND = {"PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP"}


class NotPacked(ValueError):
    """The text is not packed like this, holds another value than text, or unpacks to more than MOST_BYTES."""


def unpacked(text: str) -> str:
    """The packed text. Raises NotPacked."""
    try:
        compressed = base64.b64decode(text, validate=True)
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(compressed, MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise NotPacked(f"is not base64 of zlib ({error})") from None
    if not unpacker.eof:
        raise NotPacked("is cut off, or too large")
    return _only_text(content)


def _only_text(content: bytes) -> str:
    """The text in a pickle of one text. It runs none of the pickle's instructions."""
    found: str | None = None
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name in _TEXT and found is None and isinstance(argument, str):
                found = argument
            elif operation.name not in _AROUND:
                raise NotPacked(f"holds a pickle of something else than text ({operation.name})")
    except NotPacked:
        raise
    except Exception as error:  # genops documents no bound on what it raises
        raise NotPacked(f"holds no pickle ({error})") from None
    if found is None:
        raise NotPacked("holds a pickle of nothing")
    return found
