"""What is asked of the list of requests, and a page of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from turnout.core import EndedAttempt

FILTERS: Final = (
    "user",
    "key_id",
    "team",
    "model",
    "provider",
    "deployment",
    "session",
    "agent",
    "end_user",
    "tag",
    "operation",
    "dialect",
    "outcome",
    "at_fault",
)


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A request's place in the list: when its first attempt began (Unix microseconds), and its id."""

    started: int
    request_id: str


class RequestFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that began from ``begin`` to before ``end`` (Unix microseconds), with an attempt that has the values of
    ``only``, named as in ``FILTERS``.
    """

    begin: int | None = None
    end: int | None = None
    only: Mapping[str, str] = {}


class RequestPage(msgspec.Struct, frozen=True):
    """The settled attempts of each request, newest request first. ``following`` is where the next page begins; None at
    the end.
    """

    attempts: dict[str, list[EndedAttempt]]
    following: Place | None


class Repeated(msgspec.Struct, frozen=True):
    """``count`` requests that cost ``cost`` picodollars together: of one key, for one model, with exactly as many
    tokens of input.
    """

    key_id: str
    model: str
    operation: str
    input: int
    count: int
    cost: int
