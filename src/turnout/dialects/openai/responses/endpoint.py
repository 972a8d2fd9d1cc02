"""The Responses endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Raw

from turnout.core import Answer, ChatRequest, Continuation
from turnout.dialects import HERE, ConversationEndpoint, EarlierAnswers, Renderer, ReplyContext, Target, Turn
from turnout.dialects.openai.paths import HEADERS, paths_of, with_model
from turnout.dialects.socket_conversation import SocketConversation, SocketEndpoint

from . import parse, references
from .socket import ResponseConversation
from .stream import ResponseRenderer, response_body


class Responses(ConversationEndpoint, SocketEndpoint):
    wire = parse.WIRE
    operation = ChatRequest.operation
    paths = paths_of("responses")
    relayed_headers = HEADERS

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        return parse.parse(with_model(body, target))

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer:
        return ResponseRenderer(request, context, is_stored=references.is_stored(request))

    def media_type(self, request: ChatRequest) -> str:
        return "application/json"

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        return response_body(request, answer, context)

    def socket_conversation(self) -> SocketConversation | None:
        return ResponseConversation()

    def earlier_answers(self, request: ChatRequest) -> EarlierAnswers | None:
        return references.earlier_answers(request)

    def continued(self, request: ChatRequest, earlier: Continuation | None, referenced: Sequence[Raw]) -> ChatRequest:
        return references.continued(request, earlier, referenced)

    def turn(self, request: ChatRequest, answer: bytes) -> Turn | None:
        return references.turn_of(request, answer)

    def items(self, turn_id: str, items: Sequence[Raw]) -> Sequence[Mapping[str, object]]:
        return references.listed_items(turn_id, items)
