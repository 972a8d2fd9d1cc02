"""``countTokens`` (https://ai.google.dev/api/tokens)."""

from __future__ import annotations

import msgspec

from turnout.core import CountRequest, TokenCount, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.lazy import parse_lazily
from turnout.dialects.parsing import check_encoding, decode_fields
from turnout.dialects.whole_reply import WholeReply

from .fields import camel, object_of
from .parse import FORM, chat_of, model_of
from .paths import paths_of

_WIRE = "gemini-count"
_WHOLE = "generateContentRequest"


class CountTokens(WholeReply):
    """Counts the tokens of some contents, or of a whole request with its instruction and tools."""

    wire = _WIRE
    operation = CountRequest.operation
    paths = paths_of("countTokens")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> CountRequest:
        check_encoding(body)
        body_fields = decode_fields(body)
        fields = camel(body_fields)
        request_fields = object_of(fields[_WHOLE], _WHOLE) if _WHOLE in fields else fields
        model = model_of(target)
        chat = parse_lazily(msgspec.json.encode(request_fields), FORM, lambda _, read: chat_of(read, model))
        return CountRequest(model=model, chat=chat, raw=WireBody(_WIRE, body_fields))

    def body(self, request: CountRequest, count: TokenCount, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"totalTokens": count.tokens})
