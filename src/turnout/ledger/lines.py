"""The journal's lines: a mark, a JSON array, a line feed.

``+[…]`` an attempt began: the fields of ``StartedRow``. ``=[…]`` it ended: those of ``AttemptRow``.
A line that tells the end repeats the beginning, so it needs no other line to be understood. Fields at its end that have
their defaults are left out, as those of most chats are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from turnout.core import AttemptEnd, AttemptStart, Usage
from turnout.storage import LARGEST_INTEGER, AttemptRow, StartedRow

STARTED = b"+"
ENDED = b"="
LONGEST_ERROR = 2000  # characters; a provider may answer with a whole page

# attrgetter, because it is four times as quick as the same in Python. The order is that of ``AttemptRow``.
_end_fields: Callable[[AttemptEnd], tuple[Any, ...]] = attrgetter(
    "outcome",
    "status",
    "queue",
    "first_token",
    "total",
    "cost",
    "price_version",
    "finish",
    "error_code",
    "error",
)
_usage_fields: Callable[[Usage], tuple[Any, ...]] = attrgetter(
    "input",
    "output",
    "cached_input",
    "cache_write",
    "reasoning",
    "source",
)
_media_fields: Callable[[Usage], tuple[int, ...]] = attrgetter(
    "audio_input",
    "audio_output",
    "image_input",
    "image_output",
)
_NO_USAGE = (None,) * 6
_NO_MEDIA = (0,) * 4
_encode = msgspec.json.Encoder().encode
_decode_started = msgspec.json.Decoder(StartedRow).decode
_decode_array = msgspec.json.Decoder(list[Any]).decode
_decode_all_ended = msgspec.json.Decoder(list[AttemptRow]).decode


class Ended(NamedTuple):
    """Rows read, and how many lines could not be."""

    rows: list[AttemptRow]
    corrupt: int


def started_line(start: AttemptStart) -> bytes:
    return STARTED + _array(msgspec.structs.astuple(start)) + b"\n"


def ended_line(started: bytes, end: AttemptEnd) -> bytes:
    """``started`` is the attempt's own ``started_line``."""
    if end.error is not None and len(end.error) > LONGEST_ERROR:
        end = msgspec.structs.replace(end, error=end.error[:LONGEST_ERROR])
    fields = _end_fields(end)
    if end.usage is not None:
        fields += _usage_fields(end.usage)
    if tail := _tail(end):
        fields += tail if end.usage is not None else _NO_USAGE + tail
    return ENDED + started[1:-2] + b"," + _array(fields)[1:] + b"\n"


def _tail(end: AttemptEnd) -> tuple[Any, ...]:
    """The fields of ``AttemptRow`` after the usage; none when all have their defaults."""
    media = _NO_MEDIA if end.usage is None else _media_fields(end.usage)
    if end.operation == "chat" and not end.changes and not any(media):
        return ()
    counts = [count or None for count in media]
    return (end.operation, _array(end.changes).decode() if end.changes else None, *counts)


def _array(fields: tuple[Any, ...]) -> bytes:
    try:
        return _encode(fields)
    except UnicodeEncodeError:  # half a surrogate pair: no text, but a provider may send it
        return _encode([f.encode(errors="replace").decode() if isinstance(f, str) else f for f in fields])


def read_started(lines: Iterable[bytes]) -> Iterator[StartedRow | None]:
    """The attempts that begin in ``lines``; None for a line that can't be read. Other lines are passed over."""
    for line in lines:
        if line.startswith(STARTED):
            try:
                yield _decode_started(line[1:])
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield None


def read_ended(lines: Sequence[bytes]) -> Ended:
    """The attempts that end in ``lines``. A line of neither kind is corrupt."""
    ended = [line[1:] for line in lines if line.startswith(ENDED)]
    strange = len(lines) - len(ended) - sum(line.startswith(STARTED) for line in lines)
    try:
        rows = _decode_all_ended(b"[" + b",".join(ended) + b"]")
        if len(rows) == len(ended):
            return Ended(rows, strange)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # they are read one by one, to find out which
    readable = [row for line in ended if (row := _read_one(line)) is not None]
    return Ended(readable, strange + len(ended) - len(readable))


def _read_one(line: bytes) -> AttemptRow | None:
    try:
        return msgspec.convert([_bounded(field) for field in _decode_array(line)], AttemptRow)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _bounded(field: object) -> object:
    """A provider may report any number of tokens, but a column can't hold any number."""
    return max(-LARGEST_INTEGER, min(field, LARGEST_INTEGER)) if type(field) is int else field
