"""OpenAI's byte-pair encodings, from ``rs_bpe``: the tables are in the package, so that nothing is downloaded.

A table is made when it is first asked for: 65 MB and 50 ms for ``o200k_base``, 30 MB and 16 ms for ``cl100k_base``.
After that, a count takes 30 ms for 1M characters. No other thread runs meanwhile, so long texts are counted in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal, Protocol, cast

Encoding = Literal["o200k_base", "cl100k_base"]


_PIECE = 32 * 1024  # characters, which take 1 ms
_LOOK_BACK = 1024


class Table(Protocol):
    def count(self, text: str) -> int: ...


@cache
def table(encoding: Encoding) -> Table:
    from rs_bpe import openai  # here, as few processes ever count

    return cast(Table, openai.o200k_base() if encoding == "o200k_base" else openai.cl100k_base())


def encoded(text: str, encoding: Encoding) -> int:
    """How many tokens. Words that stand for control tokens (``<|endoftext|>``) count as the text that they are."""
    if len(text) > _PIECE:
        return sum(encoded(piece, encoding) for piece in pieces(text))
    try:
        return table(encoding).count(text)
    except UnicodeEncodeError:  # half a surrogate pair: no JSON has one, but a Python program's text may
        return table(encoding).count(text.encode(errors="replace").decode())


def pieces(text: str) -> Iterator[str]:
    """``text`` in pieces that have as many tokens together, but for one or two at a cut that isn't between words."""
    at = 0
    while at < len(text):
        end = at + _PIECE
        if end < len(text):
            end = _between_words(text, end)
        yield text[at:end]
        at = end


def _between_words(text: str, near: int) -> int:
    """The last place before ``near`` where a space follows a letter and leads to another: a token ends there."""
    at = near
    while (at := text.rfind(" ", near - _LOOK_BACK, at)) > 0:
        if text[at - 1].isalpha() and text[at + 1].isalpha():
            return at
    return near
