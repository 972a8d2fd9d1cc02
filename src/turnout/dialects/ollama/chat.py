"""``POST /api/chat`` (https://docs.ollama.com/api/chat)."""

from __future__ import annotations

import msgspec

from turnout.core import Answer, ChatRequest, Tool
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields, raw_or_none

from . import ollama_bodies as wire
from .asked import asked
from .conversation import conversation
from .lines import LineRenderer
from .reply import CHAT, answer_body

WIRE = "ollama"
_BODY = msgspec.json.Decoder(wire.Chat)


class Chat:
    wire = WIRE
    paths = ("/api/chat",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        """No messages at all ask Ollama to load the model, or to unload it."""
        check_encoding(body)
        said = decode(_BODY, body)
        fields = decode_fields(body)
        tools = tuple([_tool(tool) for tool in said.tools or ()])
        return asked(said, fields, WIRE, tuple(conversation(said.messages)), tools)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return LineRenderer(CHAT, context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, given: Answer, context: ReplyContext) -> bytes:
        return answer_body(CHAT, given, context)


def _tool(tool: wire.Tool) -> Tool:
    spec = tool.function
    return Tool(spec.name, spec.description or None, raw_or_none(spec.parameters))
