"""Points: an id, a vector and a payload; and the questions for them.

Vectors are the bytes of 32-bit floats in this machine's order: they never leave it in this form.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec

from turnout.errors import BodyTooLarge, InvalidRequest

from .collections import Collection

ORIGINAL_ID: Final = "_turnout_id"
"""The field of the payload in Qdrant that keeps the id as the client wrote it."""

LONGEST_ID: Final = 512
LONGEST_PAYLOAD: Final = 64 * 1024
"""Bytes of JSON. Qdrant is no place for documents: a search reads the payload of each hit."""

_DEEPEST_PAYLOAD: Final = 32
"""Qdrant's client copies payloads with a function that calls itself."""

_FLOAT: Final = 4


class Point(msgspec.Struct, frozen=True, array_like=True):
    """``payload`` is a JSON object."""

    id: str
    vector: bytes
    payload: bytes = b"{}"

    @property
    def length(self) -> int:
        return len(self.vector) + len(self.payload) + len(self.id)


class Hit(msgspec.Struct, frozen=True, array_like=True):
    id: str
    score: float
    payload: bytes


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """``score_threshold``: None takes every score. ``filter`` is Qdrant's, as JSON."""

    vector: bytes
    limit: int
    score_threshold: float | None = None
    filter: bytes | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The points with these ids, or those that the filter (Qdrant's, as JSON) lets through."""

    ids: tuple[str, ...] = ()
    filter: bytes | None = None


def id_in_qdrant(id_: str) -> str:
    """The UUIDv5 of the text in the namespace of OIDs: Qdrant takes only UUIDs and numbers as ids."""
    return str(uuid5(NAMESPACE_OID, id_))


def new_point(id_: str, vector: bytes, payload: dict[str, Any], where: str) -> Point:
    """Raises ``InvalidRequest`` and ``BodyTooLarge``; ``where`` is the path of the point in the request."""
    check_id(id_, f"{where}.id")
    if ORIGINAL_ID in payload:
        raise InvalidRequest(
            f"Invalid '{where}.payload': the field '{ORIGINAL_ID}' is Turnout's.", param=f"{where}.payload"
        )
    encoded = msgspec.json.encode(payload)
    if len(encoded) > LONGEST_PAYLOAD:
        raise BodyTooLarge(
            f"Invalid '{where}.payload': it has {len(encoded)} bytes, and {LONGEST_PAYLOAD} are the limit.",
            param=f"{where}.payload",
        )
    if encoded.count(b"{") + encoded.count(b"[") > _DEEPEST_PAYLOAD and _depth(payload) > _DEEPEST_PAYLOAD:
        raise InvalidRequest(
            f"Invalid '{where}.payload': it is nested more than {_DEEPEST_PAYLOAD} deep.", param=f"{where}.payload"
        )
    return Point(id_, vector, encoded)


def check_id(id_: str, param: str) -> None:
    """Raises ``InvalidRequest``."""
    if not 0 < len(id_) <= LONGEST_ID:
        raise InvalidRequest(f"Invalid '{param}': expected a text of 1 to {LONGEST_ID} characters.", param=param)


def packed_vector(numbers: Sequence[float], param: str) -> bytes:
    """Raises ``InvalidRequest`` for a number that is none, or that 32 bits can't hold."""
    floats = array("f", numbers)
    if not math.isfinite(sum(floats)):
        place = next(index for index, number in enumerate(floats) if not math.isfinite(number))
        raise InvalidRequest(
            f"Invalid '{param}[{place}]': {numbers[place]} is no number that fits 32 bits.", param=f"{param}[{place}]"
        )
    return floats.tobytes()


def numbers_in(vector: bytes) -> list[float]:
    floats = array("f")
    floats.frombytes(vector)
    return floats.tolist()


def check_vector(vector: bytes, collection: Collection, param: str) -> None:
    """Raises ``InvalidRequest`` for a vector that the collection can't take."""
    size = len(vector) // _FLOAT
    if size != collection.size:
        raise InvalidRequest(
            f"Invalid '{param}': the vector has {size} numbers, and those of '{collection.place.name}' have "
            f"{collection.size}.",
            param=param,
        )
    if collection.distance == "Cosine" and not any(vector):
        raise InvalidRequest(f"Invalid '{param}': the vector is zero, so it has no direction to compare.", param=param)


def pieces_of(points: Sequence[Point], most: int) -> Iterator[Sequence[Point]]:
    """The points in pieces of ``most`` bytes, or of one point."""
    first, size = 0, 0
    for index, point in enumerate(points):
        if size and size + point.length > most:
            yield points[first:index]
            first, size = index, 0
        size += point.length
    if first < len(points):
        yield points[first:]


def first_that_fit(hits: Sequence[Hit], most: int) -> Sequence[Hit]:
    """As many as have ``most`` bytes, at least one."""
    size = 0
    for index, hit in enumerate(hits):
        size += len(hit.payload) + len(hit.id)
        if index and size > most:
            return hits[:index]
    return hits


def _depth(value: Any) -> int:
    """How deep the JSON is nested, counted as far as it is too deep."""
    depth, level = 0, [value]
    while level and depth <= _DEEPEST_PAYLOAD:
        inner = [each for each in level if isinstance(each, dict | list)]
        if not inner:
            break
        depth += 1
        level = [part for each in inner for part in (each.values() if isinstance(each, dict) else each)]
    return depth
