"""Requests that continue an earlier answer by its id: the earlier turns are put before their own messages."""

from __future__ import annotations

from collections.abc import Awaitable

from msgspec import structs

from turnout.catalog import Catalog
from turnout.conversations import Conversations
from turnout.core import ChatRequest
from turnout.engine import Call

from .within_limits import check_counts


class Continued:
    """Raises ``InvalidRequest`` when the earlier answer isn't there, or the conversation is longer than the limits."""

    def __init__(self, conversations: Conversations, catalog: Catalog) -> None:
        self._conversations = conversations
        self._catalog = catalog

    def __call__(self, call: Call) -> Call | Awaitable[Call]:
        if call.conversing is None or not isinstance(call.request, ChatRequest):
            return call
        begun = self._conversations.begin(call.conversing, call.request, call.key.id, large=call.large)
        return self._after_earlier_turns(call, call.request, begun)

    async def _after_earlier_turns(self, call: Call, alone: ChatRequest, begun: Awaitable[ChatRequest]) -> Call:
        request = await begun
        if request is alone:
            return call
        size = call.size + _size(request) - _size(alone)
        check_counts(request, size, self._catalog.settings.limits)
        return structs.replace(call, request=request, size=size)


def _size(request: ChatRequest) -> int:
    """Bytes of the fields, in which references may have become whole items, and of the earlier turns."""
    if request.raw is None:
        return 0
    earlier = request.raw.continues.items if request.raw.continues is not None else ()
    return sum(map(len, request.raw.fields.values())) + sum(map(len, earlier))
