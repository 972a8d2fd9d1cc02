"""``count_tokens`` (https://platform.claude.com/docs/en/api/messages-count-tokens)."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from turnout.core import CountRequest, TokenCount, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.whole_reply import WholeReply

from . import parse
from .fields import FIELDS, read

_WIRE = "anthropic-count"


class CountTokens(WholeReply):
    """Takes the fields of a message request, without those that only the answer needs."""

    wire = _WIRE
    operation = CountRequest.operation
    paths = ("/v1/messages/count_tokens",)
    relayed_headers = frozenset({b"anthropic-beta", b"anthropic-version"})

    def parse(self, body: bytes, target: Target = HERE) -> CountRequest:
        fields = read(FIELDS, body)
        message_request = parse.parse(msgspec.json.encode({"max_tokens": 1, **fields}))
        chat = replace(message_request, max_output=None, stream=False, raw=None)
        return CountRequest(model=chat.model, chat=chat, raw=WireBody(_WIRE, fields))

    def body(self, request: CountRequest, count: TokenCount, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"input_tokens": count.tokens})
