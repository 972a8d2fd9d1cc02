"""The tables' rows, as plain values. Their fields are the table's columns, in the same order."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from turnout.core import Outcome

LARGEST_INTEGER = 2**63 - 1
"""What a BIGINT column holds."""

Integer = Annotated[int, msgspec.Meta(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]


class StartedRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An attempt that has begun: the fields of ``core.AttemptStart``.

    As JSON it is an array, so the order is a format that outlives a version. A new field goes to the end of
    ``AttemptRow``, with a default: then what an older version left behind can still be read.
    """

    attempt_id: str
    request_id: str
    number: Integer
    started: Integer
    dialect: str
    key_id: str
    user: str
    model: str
    deployment: str
    provider: str
    upstream_model: str
    stream: bool


class AttemptRow(StartedRow, frozen=True, array_like=True, gc=False):
    """An attempt that has ended: the fields of ``core.AttemptEnd`` too, with its usage laid out flat.

    Token counts and ``usage_source`` are None when nothing is known of them.
    A lost attempt has no ``queue``, ``total`` and ``operation``: nobody was there to tell them. ``changes`` is a JSON
    array of texts. The counts of audio's and images' tokens are None when there were none.
    Older versions, whose lines have no ``operation``, knew chats alone.
    """

    outcome: Outcome
    status: Integer
    queue: Integer | None = None
    first_token: Integer | None = None
    total: Integer | None = None
    cost: Integer | None = None
    price_version: str | None = None
    finish: str | None = None
    error_code: str | None = None
    error: str | None = None
    input: Integer | None = None
    output: Integer | None = None
    cached_input: Integer | None = None
    cache_write: Integer | None = None
    reasoning: Integer | None = None
    usage_source: Literal["reported", "estimated"] | None = None
    operation: str | None = "chat"
    changes: str | None = None
    audio_input: Integer | None = None
    audio_output: Integer | None = None
    image_input: Integer | None = None
    image_output: Integer | None = None


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
