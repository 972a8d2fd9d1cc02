"""Estimates the tokens of a long text from a sample of it, so that a conversation far from a limit isn't counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Raw

from .encodings import encoded_length
from .families import Family
from .weights import TOKEN, weigh

_SLICES: Final = 64
_ROUGH_SLICE: Final = 64  # bytes
_CLOSE_SLICE: Final = 128
_ROUGH_ERROR: Final = 1.6
_CLOSE_ERROR: Final = 1.1
"""How many times more tokens there may be than were estimated: by weights, and by the encoding."""

_GROWTH: Final = 1.25  # from then on, the new turns may differ too much from the old ones
_MOST: Final = 4096
_FIRST_MARK: Final = 4096  # bytes; then at twice, four times, … as many
_MARK: Final = 64  # bytes


class _Share(NamedTuple):
    """Tokens of each byte of a conversation that had ``size`` bytes. There may be ``error`` times more."""

    tokens: float
    error: float
    size: int


_SHARES: Final[dict[tuple[Family, int], _Share]] = {}


def stays_below(texts: Sequence[bytes | Raw], limit: float, family: Family) -> bool:
    """Whether ``texts`` (UTF-8) have fewer tokens than ``limit``, by an estimate that is far enough from it.

    Takes 50 µs, or 250 where the weights of the bytes don't decide; 5 for the next turns of a conversation.
    """
    size = sum(map(len, texts))
    conversation = (family, hash(b"".join(_marks(texts))))
    share = _SHARES.get(conversation)
    if share is None or not share.size <= size <= share.size * _GROWTH:
        share = _share(texts, size, limit, family)
        if len(_SHARES) >= _MOST:
            _SHARES.clear()
        _SHARES[conversation] = share
    return share.tokens * size * share.error <= limit


def _share(texts: Sequence[bytes | Raw], size: int, limit: float, family: Family) -> _Share:
    """A close share where a rough one doesn't decide. The weights of bytes are those of one encoding."""
    rough = _Share(_estimate(texts, size, _ROUGH_SLICE, family, encoded=False), _ROUGH_ERROR, size)
    is_far = not limit / _ROUGH_ERROR < rough.tokens * size <= limit * _ROUGH_ERROR
    if is_far and family.encoding == "o200k_base":
        return rough
    return _Share(_estimate(texts, size, _CLOSE_SLICE, family, encoded=True), _CLOSE_ERROR, size)


def _estimate(texts: Sequence[bytes | Raw], size: int, length: int, family: Family, *, encoded: bool) -> float:
    """Tokens of each byte, from slices of ``length`` bytes that are equally far from each other."""
    sample = b"".join(_slices(texts, max(length, size // _SLICES), length))
    text = sample.decode(errors="ignore")
    tokens = encoded_length(text, family.encoding) if encoded else weigh(sample) / TOKEN
    return family.weigh_text(text, tokens) / max(1, len(sample))


def _slices(texts: Sequence[bytes | Raw], step: int, length: int) -> Iterator[bytes]:
    at = 0
    for text in texts:
        view = memoryview(text)
        while at < len(view):
            yield bytes(view[at : at + length])
            at += step
        at -= len(view)


def _marks(texts: Sequence[bytes | Raw]) -> Iterator[bytes]:
    """Pieces that stay the same while a conversation grows: its beginning, and others each twice as far from it."""
    view = memoryview(max(texts, key=len, default=b""))
    yield bytes(view[:_FIRST_MARK])
    at = _FIRST_MARK
    while at < len(view):
        yield bytes(view[at : at + _MARK])
        at *= 2
