"""The two records of every attempt: one before it is sent, one when it has ended."""

from __future__ import annotations

from typing import Literal

import msgspec

from .usage import Usage

Outcome = Literal["ok", "failed", "cut", "client_gone", "drained", "lost"]
"""``failed``: before the answer began. ``cut``: after it began. ``drained``: the service was stopped and waited no
longer. ``lost``: this process died before the end.
"""


class AttemptStart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Times are Unix times in microseconds. ``number`` counts a request's attempts from 1."""

    attempt_id: str
    request_id: str
    number: int
    started: int
    dialect: str
    key_id: str
    user: str
    model: str
    deployment: str
    provider: str
    upstream_model: str
    stream: bool


class AttemptEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Durations are microseconds since the attempt's start; ``queue`` is what the request waited before it.

    ``cost`` is in picodollars, None when the price isn't known. ``usage`` is None when nothing is known of it.
    ``changes`` says what was done to the request's media to fit the deployment.
    ``first_token`` is None when no token came. ``status`` is the provider's HTTP status, 0 when there was none.
    """

    attempt_id: str
    outcome: Outcome
    status: int
    queue: int
    first_token: int | None
    total: int
    usage: Usage | None = None
    cost: int | None = None
    price_version: str | None = None
    operation: str = "chat"
    changes: tuple[str, ...] = ()
    finish: str | None = None
    error_code: str | None = None
    error: str | None = None
