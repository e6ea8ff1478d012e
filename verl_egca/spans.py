"""The response tokens that cover a piece of text, found from the sampled ids and never by tokenizing again.

A policy may sample any ids: splits that the tokenizer would not choose, special tokens in the middle, parts of a
multi-byte character. So the bytes of the ids are joined and decoded. Byte-level BPE (GPT-2's table of printable bytes)
and SentencePiece with byte fallback are read directly and checked against the tokenizer's own decoding. If the two
differ, ids are decoded prefix by prefix: slower, but right for any tokenizer whose decoding only appends.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

logger = logging.getLogger(__name__)

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_WORD_START = "\u2581"  # SentencePiece's mark for a space


class Tokenizer(Protocol):
    """The methods of a Hugging Face tokenizer that EGCA uses."""

    all_special_ids: list[int]

    def __call__(self, text: Any, **kwargs: Any) -> Any: ...

    def decode(self, token_ids: Any, **kwargs: Any) -> Any: ...

    def convert_ids_to_tokens(self, ids: Any, **kwargs: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class TokenPieces:
    """The response's text without special tokens, and the half-open range of characters that each token touches.

    A token with part of a character's bytes touches that character; a special token's range is empty. Over the other
    tokens, ``starts`` and ``ends`` never decrease.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of tokens that touch a half-open, non-empty range of characters.

        Its first and last tokens each touch the range. Empty, (0, 0), if no token does.
        """
        touching = [
            token
            for token, (first, last) in enumerate(zip(self.starts, self.ends, strict=True))
            if first < last and first < end and start < last
        ]
        return (touching[0], touching[-1] + 1) if touching else (0, 0)


def token_pieces(tokenizer: Tokenizer, ids: Sequence[int]) -> TokenPieces:
    """The text of sampled ids and each id's place in it. Any ids are allowed, in any order."""
    ids = list(ids)
    expected = _decode(tokenizer, ids)
    special = set(tokenizer.all_special_ids)
    parts = [b"" if i in special else _bytes_of(piece) for i, piece in zip(ids, _pieces(tokenizer, ids), strict=True)]
    pieces = _from_bytes(parts)
    if pieces.text == expected:
        return pieces
    if pieces.text == " " + expected:  # SentencePiece drops the space before a text's first word
        return _without_first_character(pieces)
    logger.debug("the tokens' bytes are not what the tokenizer decodes; decoding prefix by prefix")
    return _from_prefixes(tokenizer, ids, special, expected)


def _decode(tokenizer: Tokenizer, ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _pieces(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    return [piece or "" for piece in tokenizer.convert_ids_to_tokens(ids)]


@lru_cache(1)
def _printable_bytes() -> dict[str, int]:
    """GPT-2's table: printable bytes map to themselves, the others to characters from 256 on."""
    printing = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    table = {chr(byte): byte for byte in printing}
    others = (byte for byte in range(256) if byte not in set(printing))
    table.update((chr(256 + n), byte) for n, byte in enumerate(others))
    return table


@lru_cache(65536)
def _bytes_of(piece: str) -> bytes:
    """A token's bytes; its spelling shows its tokenizer's family."""
    fallback = _BYTE_PIECE.fullmatch(piece)
    if fallback:
        return bytes([int(fallback[1], 16)])
    table = _printable_bytes()
    if _WORD_START not in piece and all(character in table for character in piece):
        return bytes(table[character] for character in piece)
    return piece.replace(_WORD_START, " ").encode("utf-8", "surrogatepass")


def _from_bytes(parts: Sequence[bytes]) -> TokenPieces:
    """Join the bytes and decode them; invalid UTF-8 becomes replacement characters."""
    data = b"".join(parts)
    text, char_of_byte = _decode_with_places(data)
    starts, ends, at = [], [], 0
    for part in parts:
        if part:
            starts.append(char_of_byte[at])
            ends.append(char_of_byte[at + len(part) - 1] + 1)
        else:
            here = char_of_byte[at - 1] + 1 if at else 0
            starts.append(here)
            ends.append(here)
        at += len(part)
    return TokenPieces(text, tuple(starts), tuple(ends))


def _decode_with_places(data: bytes) -> tuple[str, list[int]]:
    """The text, and each byte's character index."""
    text = data.decode("utf-8", "replace")
    places: list[int] = []
    position = 0
    for index, character in enumerate(text):
        size = len(character.encode("utf-8"))
        if character == "\ufffd" and data[position : position + 3] != b"\xef\xbf\xbd":
            size = _invalid_length(data, position)
        places.extend([index] * size)
        position += size
    return text, places


def _invalid_length(data: bytes, position: int) -> int:
    """The number of bytes behind one replacement character, from the decoder's report."""
    try:
        data[position : position + 4].decode("utf-8")
    except UnicodeDecodeError as error:
        return max(1, error.end - error.start)
    return 1


def _without_first_character(pieces: TokenPieces) -> TokenPieces:
    starts = tuple(max(0, start - 1) for start in pieces.starts)
    return TokenPieces(pieces.text[1:], starts, tuple(max(0, end - 1) for end in pieces.ends))


def _from_prefixes(tokenizer: Tokenizer, ids: list[int], special: set[int], text: str) -> TokenPieces:
    """Decode every prefix. Its part that begins the whole text is final; the rest is an unfinished character."""
    starts, ends, settled = [], [], 0
    for count, token in enumerate(ids, 1):
        before = settled
        if token not in special:
            prefix = _decode(tokenizer, ids[:count])
            while settled < len(prefix) and settled < len(text) and prefix[settled] == text[settled]:
                settled += 1
        unfinished = token not in special and settled == before and before < len(text)
        starts.append(before)
        ends.append(before + 1 if unfinished else settled)
    ends[-1:] = [len(text)] * bool(ids)
    starts = [min(start, end) for start, end in zip(starts, ends, strict=True)]
    return TokenPieces(text, tuple(starts), tuple(ends))
