"""Mutations of what comes over a wire: of its bytes, of its lines, and of the JSON in a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**64),
    1e308,
    0.1,
    "",
    "x",
    "\x00",
    "\ud800",
    "🚂",
    "{}",
    "[1,",
    "data:",
    "stop",
    "tool_calls",
    "message_start",
    "response.completed",
    "STOP",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": ""},
    {"type": "text"},
    {"type": "nobody-knows"},
    {"text": None},
    {"error": {"message": "x"}},
    {"error": "x"},
)
ODD_BYTES = (b"\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b'"', b"}", b"{", b"[", b",", b"data:")


def mutated(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """``data`` with a few mutations; ``others`` are what pieces are taken from."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        data = random.choice(MUTATIONS)(data, others, random)
    return data


def json_mutated(data: bytes, random: Random) -> bytes:
    """``data`` with a few values of its JSON changed: every line that was JSON still is."""
    for _ in range(random.choice((1, 1, 2, 3))):
        data = _change_json(data, (), random)
    return data


def split(data: bytes, random: Random) -> list[bytes]:
    """``data`` in pieces of random sizes, some of them empty."""
    ends = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((1, 2, 5, 20))))
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def _delete(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _range(data, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    start, end = _range(data, random)
    return data[:end] + data[start:]


def _insert(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(ODD_BYTES) + data[at:]


def _flip(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _splice(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """The beginning of one and the end of another."""
    other = random.choice(others) if others else data
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _change_lines(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Drops, repeats or swaps blocks of lines, as events are."""
    blocks = data.split(b"\n\n") if b"\n\n" in data else data.split(b"\n")
    joint = b"\n\n" if b"\n\n" in data else b"\n"
    one, two = random.randrange(len(blocks)), random.randrange(len(blocks))
    match random.randrange(3):
        case 0:
            del blocks[one]
        case 1:
            blocks.insert(one, blocks[two])
        case _:
            blocks[one], blocks[two] = blocks[two], blocks[one]
    return joint.join(blocks)


def _change_json(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    lines = data.split(b"\n")
    candidates = [at for at, line in enumerate(lines) if b"{" in line]
    if not candidates:
        return data
    at = random.choice(candidates)
    head, brace, body = lines[at].partition(b"{")
    end = b"\r" if body.endswith(b"\r") else b""
    try:
        document = json.loads(brace + body)
    except ValueError:  # mutated before
        return data
    _change(document, random)
    lines[at] = head + json.dumps(document, ensure_ascii=random.random() < 0.9).encode("utf-8", "replace") + end
    return b"\n".join(lines)


def _change(document: Any, random: Random) -> None:
    """Changes one place in it."""
    places = list(_places(document))
    if not places:
        return
    container, key = random.choice(places)
    match random.randrange(6):
        case 0:
            del container[key]
        case 1:
            other, other_key = random.choice(places)
            container[key] = json.loads(json.dumps(other[other_key]))
        case 2 if isinstance(container, list):
            container.insert(key, json.loads(json.dumps(container[key])))
        case 3 if isinstance(container, dict):
            container[f"{key}_"] = container.pop(key)
        case 4 if isinstance(container[key], str | int) and not isinstance(container[key], bool):
            container[key] = container[key] * random.choice((0, 2, -1, 50))
        case _:
            container[key] = random.choice(ODD)


def _places(value: Any) -> Any:
    """Every (container, key) in a document."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _range(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 2, 8, 64, 512)))


MUTATIONS: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    _delete,
    _repeat,
    _insert,
    _flip,
    _cut,
    _splice,
    _change_lines,
    _change_lines,
    *(_change_json,) * 6,
)
