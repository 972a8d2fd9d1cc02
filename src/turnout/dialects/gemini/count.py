"""``countTokens`` (https://ai.google.dev/api/tokens)."""

from __future__ import annotations

import msgspec

from turnout.core import CountRequest, TokenCount, WireBody
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode_fields
from turnout.dialects.whole_reply import WholeReply

from .parse import chat_of, model_of
from .paths import paths_of
from .reading import camel, object_of

_WIRE = "gemini-count"
_WHOLE = "generateContentRequest"


class CountTokens(WholeReply):
    """Of some contents, or of a whole request with its instruction and tools."""

    wire = _WIRE
    paths = paths_of("countTokens")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> CountRequest:
        check_encoding(body)
        fields = decode_fields(body)
        named = camel(fields)
        asked = object_of(named[_WHOLE], _WHOLE) if _WHOLE in named else named
        model = model_of(target)
        return CountRequest(model=model, chat=chat_of(asked, model), raw=WireBody(_WIRE, fields))

    def body(self, request: CountRequest, given: TokenCount, context: ReplyContext) -> bytes:
        return msgspec.json.encode({"totalTokens": given.tokens})
