"""``POST /api/generate`` (https://docs.ollama.com/api/generate): an answer to a bare prompt."""

from __future__ import annotations

import msgspec
from msgspec import structs

from turnout.core import Answer, ChatRequest, Message, Text
from turnout.core.prompts import messages_of
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields

from . import ollama_bodies as wire
from .asked import asked
from .conversation import images
from .lines import LineRenderer
from .reply import GENERATE, answer_body

WIRE = "ollama-generate"
_BODY = msgspec.json.Decoder(wire.Generate)
_ONLY_HERE = frozenset({"suffix", "template", "context", "raw"})
"""Filling in between two texts, and what goes around the model's own template: no chat has a word for them."""


class Generate:
    wire = WIRE
    paths = ("/api/generate",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        check_encoding(body)
        said = decode(_BODY, body)
        return asked(said, decode_fields(body), WIRE, _messages(said), untranslatable=_ONLY_HERE)

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return LineRenderer(GENERATE, context)

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, given: Answer, context: ReplyContext) -> bytes:
        return answer_body(GENERATE, given, context)


def _messages(said: wire.Generate) -> tuple[Message, ...]:
    """The images belong to the last of the user's turns. No prompt at all asks Ollama to load the model."""
    pictures = tuple(images(said.images or (), "images"))
    messages = list(messages_of(said.prompt)) if said.prompt else []
    if pictures:
        turn = max((n for n, message in enumerate(messages) if message.role == "user"), default=None)
        if turn is None:
            messages.append(Message("user", pictures))
        else:
            messages[turn] = structs.replace(messages[turn], parts=(*pictures, *messages[turn].parts))
    if said.system and messages:
        messages.insert(0, Message("system", (Text(said.system),)))
    return tuple(messages)
