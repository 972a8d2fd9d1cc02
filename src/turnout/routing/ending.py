"""How an attempt ended, as far as routing learns from it."""

from __future__ import annotations

from typing import Literal

import msgspec

from turnout.core import Outcome, Usage
from turnout.core.quota import Quota
from turnout.errors import (
    AnswersDiffer,
    KeptConnectionLost,
    ReplyTooLarge,
    TurnoutError,
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)

Fault = Literal[
    "silent",  # a deadline has passed, before the answer or in it
    "unreachable",  # no connection
    "broken",  # the reply broke off, or can't be read
    "failing",  # the provider reported an error of its own, such as a 5xx
    "throttled",  # too many requests, or overloaded
    "locked",  # the key, its account or the upstream model isn't there
    "request",  # the request is at fault: too long, wrong, against the provider's policy, or for too long an answer
]
"""What an attempt failed of."""

_LOCKED = frozenset({"authentication", "quota", "model_not_found"})
_OF_THE_REQUEST = frozenset({"context", "content_filter"})
_OF_A_BUSY_PROVIDER = frozenset({408, 425})


class Ending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``ticket`` is what the board gave the attempt at its beginning. ``fault`` is None for an attempt that answered,
    and for one that nobody waits for any longer.

    Times are seconds. ``first_token`` is None for an answer that isn't streamed, and where no token came.
    ``confidence`` is from 0 to 1, None where it wasn't measured. ``retry_after`` is what the provider asked to wait.
    """

    outcome: Outcome
    total: float
    fault: Fault | None = None
    status: int = 0
    retry_after: float | None = None
    first_token: float | None = None
    usage: Usage | None = None
    confidence: float | None = None
    quota: Quota | None = None
    ticket: int = 0


def fault_of(error: TurnoutError | None) -> Fault | None:
    """The kind of a failure. None for no error, and for one that says nothing about a deployment."""
    match error:
        case UpstreamTimeout(blames=blames):
            return "silent" if blames else None
        case KeptConnectionLost():
            return None
        case UpstreamUnreachable():
            return "unreachable"
        case ReplyTooLarge() | AnswersDiffer():
            return "request"
        case UpstreamBroken():
            return "broken"
        case UpstreamRefused():
            return _fault_of_refusal(error)
        case UpstreamError():
            return "failing"
    return None


def _fault_of_refusal(error: UpstreamRefused) -> Fault:
    """A 404 or 403 of which the words say no more may be about a file or a text in the request."""
    if error.kind in _LOCKED:
        return "locked"
    if error.kind in _OF_THE_REQUEST:
        return "request"
    if error.kind or error.status == 429:
        return "throttled"
    if error.status >= 500 or error.status in _OF_A_BUSY_PROVIDER:
        return "failing"
    return "locked" if error.status in (401, 402) else "request"
