"""The journal's lines: a mark, a JSON array, a line feed.

``+[…]`` an attempt began: the fields of ``StartedRow``. ``=[…]`` it ended: those of ``AttemptRow``.
A line that tells the end repeats the beginning, so it needs no other line to be understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from turnout.core import AttemptEnd, AttemptStart, Usage
from turnout.storage import LARGEST_INTEGER, AttemptRow, StartedRow

STARTED = b"+"
ENDED = b"="
LONGEST_ERROR = 2000  # characters; a provider may answer with a whole page

_encode = msgspec.json.Encoder().encode
_decode_started = msgspec.json.Decoder(StartedRow).decode
_decode_ended = msgspec.json.Decoder(AttemptRow).decode
_decode_all_ended = msgspec.json.Decoder(list[AttemptRow]).decode


class Ended(NamedTuple):
    """Rows read, and how many lines could not be."""

    rows: list[AttemptRow]
    corrupt: int


def started_line(start: AttemptStart) -> bytes:
    return STARTED + _array(msgspec.structs.astuple(start)) + b"\n"


def ended_line(started: bytes, end: AttemptEnd) -> bytes:
    """``started`` is the attempt's own ``started_line``."""
    usage = end.usage
    counts = (None, None, None, None, None, None) if usage is None else _counts(usage)
    fields = (
        end.outcome,
        end.status,
        end.queue,
        end.first_token,
        end.total,
        *counts,
        end.cost if end.cost is None else _bounded(end.cost),
        end.price_version,
        end.finish,
        end.error_code,
        end.error and end.error[:LONGEST_ERROR],
    )
    return ENDED + started[1:-2] + b"," + _array(fields)[1:] + b"\n"


def _counts(usage: Usage) -> tuple[int | str, ...]:
    return (
        _bounded(usage.input),
        _bounded(usage.output),
        _bounded(usage.cached_input),
        _bounded(usage.cache_write),
        _bounded(usage.reasoning),
        usage.source,
    )


def _bounded(number: int) -> int:
    """A provider may report any number, a column can't hold any."""
    return max(-LARGEST_INTEGER, min(number, LARGEST_INTEGER))


def _array(fields: tuple[Any, ...]) -> bytes:
    try:
        return _encode(fields)
    except UnicodeEncodeError:  # half a surrogate pair: no text, but a provider may send it
        return _encode(tuple(_readable(field) for field in fields))


def _readable(field: object) -> object:
    return field.encode(errors="replace").decode() if isinstance(field, str) else field


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
        return _decode_ended(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
