"""``generateContent`` and ``streamGenerateContent`` (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

from msgspec import Raw

from turnout.core import Answer, ChatRequest
from turnout.dialects import HERE, Renderer, ReplyContext, SendsCallsWhole, Target

from . import parse
from .paths import paths_of
from .reply import reply_body
from .stream import ArrayRenderer, ChunkRenderer


class GenerateContent(SendsCallsWhole):
    """The path says whether the answer is streamed; the body does not."""

    wire = parse.WIRE
    operation = ChatRequest.operation
    relayed_headers: frozenset[bytes] = frozenset()

    def __init__(self, method: str, *, stream: bool) -> None:
        self.paths = paths_of(method)
        self._stream = stream

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        return parse.parse(body, target, stream=self._stream)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        raw = request.raw
        kind = ArrayRenderer if isinstance(raw, parse.Body) and raw.as_array else ChunkRenderer
        return kind(context, searches=_may_search(request))

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return reply_body(answer, context)


def _may_search(request: ChatRequest) -> bool:
    """The tools of a long request are unread. Google reads both ``googleSearch`` and ``google_search``."""
    tools = request.raw.fields.get("tools", Raw()) if request.raw else Raw()
    return b"oogle" in bytes(tools)
