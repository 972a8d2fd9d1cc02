"""How many messages, parts, tools, inputs and stop sequences a request may have (``limits`` in the configuration)."""

from __future__ import annotations

from collections.abc import Awaitable

from turnout.catalog import Catalog
from turnout.config import LimitSettings
from turnout.core import ChatRequest, CountRequest, EmbeddingRequest, Message, Request, ToolResult, WireBody, readable
from turnout.engine import Call
from turnout.errors import InvalidRequest, UnknownModel
from turnout.worker_threads import WorkerThreads

_CHATS = (ChatRequest, CountRequest)
_LONGEST_NAME = 256  # characters of a model's name, as in the configuration
_SHORTEST_PART = 2  # bytes
_LISTS = ("messages", "contents", "input", "prompt")


class WithinLimits:
    """Refuses a request that has more of a kind than the configuration's limits allow."""

    def __init__(self, catalog: Catalog, worker_threads: WorkerThreads) -> None:
        self._catalog = catalog
        self._worker_threads = worker_threads

    def __call__(self, call: Call) -> Call | Awaitable[Call]:
        if call.large and not _is_surely_within(call.request, self._catalog.settings.limits):
            return self._worker_threads.run(self._checked, call)
        return self._checked(call)

    def _checked(self, call: Call) -> Call:
        check_counts(call.request, call.size, self._catalog.settings.limits)
        return call


def check_counts(request: Request, size: int, limits: LimitSettings) -> None:
    """Raises ``InvalidRequest`` for more of a kind than ``limits`` say. ``size`` is that of the body, in bytes."""
    if len(request.model) > _LONGEST_NAME:
        raise UnknownModel(request.model[:_LONGEST_NAME])
    if isinstance(request, _CHATS):
        chat = request.chat if isinstance(request, CountRequest) else request
        if len(chat.stop) > limits.stop:
            raise _too_many("stop", len(chat.stop), "stop", limits.stop)
        if chat.unread is None:
            _check_chat(chat, size, limits)
        elif not _is_surely_within(request, limits):
            _check_chat(readable(chat), size, limits)
    elif isinstance(request, EmbeddingRequest) and (request.number or 0) > limits.inputs:
        raise _too_many("input", len(request.inputs), "inputs", limits.inputs)


def _is_surely_within(request: Request, limits: LimitSettings) -> bool:
    """Whether an unread chat is too small for more than the limits. A prompt may have turns, which are no objects."""
    unread = request.chat.unread if isinstance(request, CountRequest) else getattr(request, "unread", None)
    if unread is None:
        return False
    fewest = min(limits.messages, limits.parts, limits.tools)
    if unread.size <= _SHORTEST_PART * fewest:
        return True
    raw = request.raw
    return isinstance(raw, WireBody) and "prompt" not in raw.fields and unread.objects <= fewest


def _check_chat(chat: ChatRequest, size: int, limits: LimitSettings) -> None:
    if len(chat.messages) > limits.messages:
        raise _too_many(_field_of(chat), len(chat.messages), "messages", limits.messages)
    if len(chat.tools) > limits.tools:
        raise _too_many("tools", len(chat.tools), "tools", limits.tools)
    if size > _SHORTEST_PART * limits.parts:
        parts = sum(map(_parts_of, chat.messages))
        if parts > limits.parts:
            raise _too_many(_field_of(chat), parts, "parts", limits.parts)


def _parts_of(message: Message) -> int:
    return sum([1 + len(part.parts) if isinstance(part, ToolResult) else 1 for part in message.parts])


def _field_of(chat: ChatRequest) -> str:
    """The field that holds the messages in the client's own wire."""
    fields = chat.raw.fields if chat.raw is not None else {}
    return next((name for name in _LISTS if name in fields), "messages")


def _too_many(field: str, number: int, kind: str, most: int) -> InvalidRequest:
    what = "stop sequences" if kind == "stop" else kind
    return InvalidRequest(
        f"Invalid '{field}': it holds {number} {what}, and {most} are the limit here. Send fewer, or raise"
        f" limits.{kind}.",
        param=field,
    )
