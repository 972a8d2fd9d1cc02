"""``POST /api/chat`` (https://docs.ollama.com/api/chat)."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Answer, ChatRequest, Tool
from turnout.dialects import HERE, Renderer, ReplyContext, SendsCallsWhole, Target
from turnout.dialects.lazy import Fields, Form, parse_lazily
from turnout.dialects.parsing import check_encoding, decode, raw_or_none

from . import ollama_bodies as wire
from .chat_request import chat_request
from .lines import LineRenderer
from .messages import messages_of
from .reply import CHAT, answer_body

WIRE = "ollama"
_BODY = msgspec.json.Decoder(wire.Chat)
_FORM = Form(
    conversation=frozenset({"messages", "tools"}),
    stand_in={"messages": Raw(b'[{"role":"user","content":""}]')},
    image_marks=(b'"images"',),
)


class Chat(SendsCallsWhole):
    wire = WIRE
    operation = ChatRequest.operation
    paths = ("/api/chat",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        """A request without messages tells Ollama to load or unload the model."""
        check_encoding(body)
        return parse_lazily(body, _FORM, _read)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return LineRenderer(CHAT, context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return answer_body(CHAT, answer, context)


def _read(body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field."""
    typed = decode(_BODY, body)
    tools = tuple([_tool(tool) for tool in typed.tools or ()])
    return chat_request(typed, fields, WIRE, tuple(messages_of(typed.messages or [])), tools)


def _tool(tool: wire.Tool) -> Tool:
    spec = tool.function
    return Tool(spec.name, spec.description or None, raw_or_none(spec.parameters))
