"""OpenAI's byte-pair encodings, from ``rs_bpe``: the tables are in the package, so that nothing is downloaded.

A table is made when it is first asked for: 65 MB and 50 ms for ``o200k_base``, 30 MB and 16 ms for ``cl100k_base``.
After that, a count takes 30 ms for 1M characters, and lets other threads run.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, Protocol, cast

Encoding = Literal["o200k_base", "cl100k_base"]


class Table(Protocol):
    def count(self, text: str) -> int: ...


@cache
def table(encoding: Encoding) -> Table:
    from rs_bpe import openai  # here, as few processes ever count

    return cast(Table, openai.o200k_base() if encoding == "o200k_base" else openai.cl100k_base())


def encoded(text: str, encoding: Encoding) -> int:
    """How many tokens. Words that stand for control tokens (``<|endoftext|>``) count as the text that they are."""
    try:
        return table(encoding).count(text)
    except UnicodeEncodeError:  # half a surrogate pair: no JSON has one, but a Python program's text may
        return table(encoding).count(text.encode(errors="replace").decode())
