"""LiveCodeBench's private tests: base64 of zlib of a pickle of JSON text. Nothing is unpickled: the text is read out of it."""

from __future__ import annotations

import base64
import binascii
import pickletools
import zlib

MOST_BYTES = 1 << 29  # its largest rows unpack to some hundred MB
_TEXT = {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_AROUND = {"PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP"}


class NotPacked(ValueError):
    """The text is not packed in this way, holds something else than text, or unpacks to more than MOST_BYTES."""


def unpacked(text: str) -> str:
    """The text that is packed. Raises NotPacked."""
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
    """The one text that a pickle makes; no other instruction of a pickle is known here, so that none can be carried out."""
    found: str | None = None
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name in _TEXT and found is None and isinstance(argument, str):
                found = argument
            elif operation.name not in _AROUND:
                raise NotPacked(f"holds a pickle of something else than text ({operation.name})")
    except NotPacked:
        raise
    except Exception as error:  # whatever a broken pickle raises: genops documents no bound on that
        raise NotPacked(f"holds no pickle ({error})") from None
    if found is None:
        raise NotPacked("holds a pickle of nothing")
    return found
