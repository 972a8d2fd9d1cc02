"""Rows of the tables, as plain values. ``attempt_rows.py`` has those of the attempts."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from turnout.core.integers import Integer


class ModelRow(msgspec.Struct, frozen=True, gc=False):
    """A model that was made through the API. ``definition`` is JSON, the times are Unix times in seconds."""

    id: str
    definition: str
    created: int
    updated: int


AccessKind = Literal["keys", "users", "teams"]
"""The tables of what was made through the API to say who may ask."""


class RecordRow(msgspec.Struct, frozen=True, gc=False):
    """A user or a team that was made through the API. ``definition`` is JSON; empty: it was deleted.

    Times are Unix times in seconds. ``revision`` is the number of the last change.
    """

    id: str
    definition: str
    created: int
    updated: int
    revision: int


class KeyRow(RecordRow, frozen=True, gc=False):
    """A key that was made through the API. ``digest`` is the SHA-256 of its secret in hex. A name is given once."""

    name: str | None
    digest: str
    prefix: str
    last_four: str


BY_ITSELF: Final = "turnout"
"""Who made a change that nobody asked for."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change: who made it, what was done, to what. ``before`` and ``after`` are JSON without secrets.

    ``who`` is the id of a key, or says which of Turnout's own doors it came through.
    """

    who: str
    action: str
    kind: str
    subject: str
    before: str | None = None
    after: str | None = None


class AuditRow(AuditEntry, frozen=True, kw_only=True):
    """The ``number``-th change, at a Unix time in seconds."""

    number: int
    time: int


class TurnRow(msgspec.Struct, frozen=True):
    """One request and its answer, of a conversation that may be continued. Times are Unix times in seconds."""

    id: str
    key_id: str
    previous: str | None
    deployment: str
    items: str
    output: str
    answer: str
    created: Integer
    expires: Integer


class TakenVersion(msgspec.Struct, frozen=True):
    """A price book that was taken: the ``number``-th one, from ``source``, at a Unix time in seconds."""

    number: Integer
    version: str
    source: str
    taken: Integer


class BookRow(TakenVersion, frozen=True):
    """``content`` is the book as JSON."""

    content: str


class UseRow(msgspec.Struct, frozen=True):
    """What was used of an upstream model through a deployment: tokens, and what they cost in picodollars."""

    upstream_model: str
    deployment: str
    input: int
    output: int
    cost: int
