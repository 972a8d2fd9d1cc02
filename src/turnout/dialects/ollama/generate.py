"""``POST /api/generate`` (https://docs.ollama.com/api/generate): an answer to one prompt."""

from __future__ import annotations

import msgspec
from msgspec import Raw, structs

from turnout.core import Answer, ChatRequest, Message, Text
from turnout.core.prompts import messages_of
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.lazy import Fields, Form, parse_lazily
from turnout.dialects.parsing import check_encoding, decode

from . import ollama_bodies as wire
from .chat_request import chat_request
from .lines import LineRenderer
from .messages import images
from .reply import GENERATE, answer_body

WIRE = "ollama-generate"
_BODY = msgspec.json.Decoder(wire.Generate)
_FORM = Form(
    conversation=frozenset({"prompt", "system", "images", "context"}),
    stand_in={"prompt": Raw(b'"x"')},
    image_marks=(b'"images"',),
)
_ONLY_HERE = frozenset({"suffix", "template", "context", "raw"})
"""Fields that no chat wire has: text to be filled in before a suffix, and ways around the model's own template."""


class Generate:
    wire = WIRE
    operation = ChatRequest.operation
    paths = ("/api/generate",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        check_encoding(body)
        return parse_lazily(body, _FORM, _read)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return LineRenderer(GENERATE, context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return answer_body(GENERATE, answer, context)


def _read(body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field."""
    typed = decode(_BODY, body)
    return chat_request(typed, fields, WIRE, _messages(typed), untranslatable=_ONLY_HERE)


def _messages(typed: wire.Generate) -> tuple[Message, ...]:
    """Puts the images into the last user message. Without a prompt there are no messages: Ollama loads the model."""
    image_parts = tuple(images(typed.images or (), "images"))
    messages = list(messages_of(typed.prompt)) if typed.prompt else []
    if image_parts:
        turn = max((n for n, message in enumerate(messages) if message.role == "user"), default=None)
        if turn is None:
            messages.append(Message("user", image_parts))
        else:
            messages[turn] = structs.replace(messages[turn], parts=(*image_parts, *messages[turn].parts))
    if typed.system and messages:
        messages.insert(0, Message("system", (Text(typed.system),)))
    return tuple(messages)
