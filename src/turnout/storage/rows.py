"""Rows of the tables, as plain values. ``attempt_rows.py`` has those of the attempts."""

from __future__ import annotations

import msgspec

from turnout.core.integers import Integer


class ModelRow(msgspec.Struct, frozen=True, gc=False):
    """A model that was made through the API. ``definition`` is JSON, the times are Unix times in seconds."""

    id: str
    definition: str
    created: int
    updated: int


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
