"""The journal's lines: a mark, JSON, a line feed.

``+[…]`` an attempt began: the fields of ``AttemptStart``. ``-[[…],[…]]`` it ended: an ``EndedAttempt``, which is the
start and the end. An ended line repeats the start, so it can be read without any other line. Versions before wrote
ended lines with the mark ``=`` (``flat_lines.py``). ``~[…]`` is what an attempt under way has used so far: the
``AttemptEnd`` that it has if its process dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from turnout.core import AttemptEnd, AttemptStart, EndedAttempt
from turnout.core.integers import LARGEST_INTEGER

from .flat_lines import FLAT_ENDED, read_flat_line

STARTED = b"+"
ENDED = b"-"
METERED = b"~"
LONGEST_ERROR = 2000  # characters; a provider may answer with a whole page

_encode = msgspec.json.Encoder().encode
_decode_started = msgspec.json.Decoder(AttemptStart).decode
_decode_metered = msgspec.json.Decoder(AttemptEnd).decode
_decode_array = msgspec.json.Decoder(list[Any]).decode
_decode_all_ended = msgspec.json.Decoder(list[EndedAttempt]).decode


class Ended(NamedTuple):
    """The attempts that were read, and the number of lines that could not be read."""

    attempts: list[EndedAttempt]
    corrupt: int


def started_line(start: AttemptStart) -> bytes:
    return STARTED + _json(start) + b"\n"


def ended_line(started: bytes, end: AttemptEnd) -> bytes:
    """``started`` is the attempt's own ``started_line``: its JSON is used again, because encoding costs more."""
    if end.error is not None and len(end.error) > LONGEST_ERROR:
        end = msgspec.structs.replace(end, error=end.error[:LONGEST_ERROR])
    start = started.removeprefix(STARTED).removesuffix(b"\n")
    return b"".join((ENDED, b"[", start, b",", _json(end), b"]\n"))  # quicker than a format


def metered_line(so_far: AttemptEnd) -> bytes:
    return METERED + _json(so_far) + b"\n"


def _json(record: AttemptStart | AttemptEnd) -> bytes:
    try:
        return _encode(record)
    except UnicodeEncodeError:  # half a surrogate pair is no text, but a provider may send it
        return _encode(_encodable(msgspec.to_builtins(record)))


def _encodable(value: Any) -> Any:
    """``value`` with a question mark in the place of every half surrogate pair."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value


def read_started(lines: Iterable[bytes]) -> Iterator[AttemptStart | None]:
    """The attempts that begin in ``lines``; None for a line that can't be read. Other lines are passed over."""
    for line in lines:
        if line.startswith(STARTED):
            try:
                yield _decode_started(line[1:])
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield None


def read_metered(lines: Iterable[bytes]) -> Iterator[AttemptEnd | None]:
    """What attempts had used so far; None for a line that can't be read. Other lines are passed over."""
    for line in lines:
        if line.startswith(METERED):
            try:
                yield _decode_metered(line[1:])
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield None


def read_ended(lines: Sequence[bytes]) -> Ended:
    """The attempts that end in ``lines``. A line of no known kind is corrupt."""
    ended = [line for line in lines if line.startswith((ENDED, FLAT_ENDED))]
    unknown = len(lines) - len(ended) - sum(line.startswith((STARTED, METERED)) for line in lines)
    attempts = _read_together(ended)
    if attempts is None:
        attempts = [attempt for line in ended if (attempt := _read_one(line)) is not None]
    return Ended(attempts, unknown + len(ended) - len(attempts))


def _read_together(ended: list[bytes]) -> list[EndedAttempt] | None:
    """All of them with one call, which is quickest. None if any line is corrupt or flat."""
    try:
        attempts = _decode_all_ended(b"[%b]" % b",".join([line[1:] for line in ended]))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return attempts if len(attempts) == len(ended) else None


def _read_one(line: bytes) -> EndedAttempt | None:
    try:
        arrays = read_flat_line(line) if line.startswith(FLAT_ENDED) else _decode_array(line[1:])
        return msgspec.convert(_bounded(arrays), EndedAttempt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _bounded(value: Any) -> Any:
    """``value`` with the largest integer of a column in the place of every larger one, which a provider may report."""
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    if isinstance(value, dict):
        return {name: _bounded(item) for name, item in value.items()}
    return max(-LARGEST_INTEGER, min(value, LARGEST_INTEGER)) if type(value) is int else value
