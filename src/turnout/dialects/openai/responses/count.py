"""Counts the tokens of an input (https://platform.openai.com/docs/api-reference/responses/input-tokens)."""

from __future__ import annotations

import msgspec
from msgspec import structs

from turnout.core import CountRequest, TokenCount, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.openai.paths import HEADERS, paths_of, with_model
from turnout.dialects.parsing import decode_fields
from turnout.dialects.whole_reply import WholeReply

from . import parse


class InputTokens(WholeReply):
    """Takes the fields of a request for an answer, without those that only the answer needs."""

    wire = "openai-count"
    operation = CountRequest.operation
    paths = paths_of("responses/input_tokens")
    relayed_headers = HEADERS

    def parse(self, body: bytes, target: Target = HERE) -> CountRequest:
        body = with_model(body, target)
        chat = structs.replace(parse.parse(body), max_output=None, stream=False, raw=None)
        return CountRequest(model=chat.model, chat=chat, raw=WireBody(self.wire, decode_fields(body)))

    def body(self, request: CountRequest, count: TokenCount, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": count.tokens})
