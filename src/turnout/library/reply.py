"""The ``Reply`` that a program gets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from turnout import engine
from turnout.core import ChatRequest, Choice, FinishReason, StreamEvent, Text, ToolCall, Usage, ended, fold, usd
from turnout.dialects import ReplyContext, endpoint_at

from .request import CHAT


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, with its usage, cost and attempts.

    - ``text``: the text of the answer; empty when the model only called tools.
    - ``tool_calls``: each with ``id``, ``name`` and ``arguments``, which is the JSON text that the model wrote.
    - ``finish``: ``"stop"``, ``"length"``, ``"tool_calls"``, ``"content_filter"``, ``"refusal"`` or ``"other"``; None
      when the answer has no end: the program stopped reading it, or it broke off.
    - ``usage``: tokens: ``input`` (with ``cached_input`` and ``cache_write``), ``output`` (with ``reasoning``),
      ``total``, and ``source``: ``"reported"`` by the provider or ``"estimated"``. In a stream: those so far.
    - ``cost_usd``: exact US dollars; None when the deployment's price isn't known.
    - ``model``: the name of the model, with an alias resolved. ``deployment`` is the one that answered, ``provider`` is
      its provider. They are another model's when a fallback answered.
    - ``attempts``: the number of attempts, including the last one.
    - ``request_id``: the id of its record in the ledger.
    - ``raw``: the same as OpenAI's ``chat.completion``, with all choices, refusals and reasoning.
      ``raw["choices"][0]["message"]`` can be added to ``messages`` for the next request.

    With ``n`` > 1, ``text``, ``tool_calls`` and ``finish`` are the first choice's.
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish: FinishReason | None
    usage: Usage
    cost_usd: Decimal | None
    model: str
    deployment: str
    provider: str
    attempts: int
    request_id: str
    raw: dict[str, Any]


def reply_of(request: ChatRequest, request_id: str, reply: engine.Reply, events: Iterable[StreamEvent]) -> Reply:
    """The reply with ``events``, which may be only the first part of it."""
    answer = fold(events) if request.stream else ended(fold(events))
    first = answer.choices[0] if answer.choices else Choice(0, (), None)
    context = ReplyContext(request_id=request_id, model=request.model, created=int(time.time()))
    return Reply(
        text="".join(part.text for part in first.parts if isinstance(part, Text)),
        tool_calls=tuple(part for part in first.parts if isinstance(part, ToolCall)),
        finish=first.finish.reason if first.finish else None,
        usage=reply.usage or Usage(source="estimated"),
        cost_usd=None if reply.cost is None else Decimal(usd(reply.cost)),
        model=reply.plan.model,
        deployment=reply.deployment.id,
        provider=reply.deployment.provider,
        attempts=reply.attempts,
        request_id=request_id,
        raw=msgspec.json.decode(endpoint_at(CHAT).body(request, answer, context)),
    )
