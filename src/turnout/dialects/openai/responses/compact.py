"""Makes a long conversation short (https://developers.openai.com/api/docs/guides/compaction).

OpenAI gives back the user's messages, and one item that stands for all the rest, which only OpenAI can read. For any
other provider the model itself writes a summary, and Turnout seals it into such an item (``items.py`` opens it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, structs

from turnout.core import Answer, ChatRequest, Continuation, Text, Usage, WireBody
from turnout.dialects import HERE, ReplyContext, Target, Turn
from turnout.dialects.openai.paths import paths_of, with_model
from turnout.dialects.parsing import check_encoding, decode_fields
from turnout.dialects.sealed import seal
from turnout.dialects.socket_conversation import SocketConversation
from turnout.errors import InvalidRequest, UpstreamBroken

from . import parse, references
from .endpoint import Responses
from .items import raw_items
from .reply import number_of, usage_fields
from .responses_bodies import ItemHead

WIRE: Final = "openai-compact"
_NOT_FOR_A_SUMMARY: Final = frozenset({"parallel_tool_calls", "stream", "text", "tool_choice", "tools"})
"""Codex sends the fields of its next request along."""

_TASK: Final = (
    "Summarize this conversation, so that you can go on with it from your summary alone: all earlier answers, tool "
    "calls and results will be gone, and only the user's own messages stay beside it. Keep the goal, what was decided "
    "and why, what was done and what it showed, names, paths, numbers and quotes that matter, open problems, and the "
    "next steps. Write nothing but the summary."
)
_HEADING: Final = "This is a summary of the conversation so far:\n\n"
_HEAD: Final = msgspec.json.Decoder(ItemHead)


class Compact(Responses):
    """The answer is never streamed, and Turnout doesn't keep it: the client has all of it."""

    wire = WIRE
    paths = paths_of("responses/compact")

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        """Raises ``InvalidRequest`` for a body without a model."""
        check_encoding(body)
        return _asking_for_a_summary(decode_fields(with_model(body, target)), None)

    def continued(self, request: ChatRequest, earlier: Continuation | None, referenced: Sequence[Raw]) -> ChatRequest:
        whole = references.continued(request, earlier, referenced)
        return _asking_for_a_summary(whole.raw.fields if whole.raw else {}, earlier)

    def socket_conversation(self) -> SocketConversation | None:
        return None

    def turn(self, request: ChatRequest, answer: bytes) -> Turn | None:
        return None

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        """Raises ``UpstreamBroken`` for half a summary: the rest of the conversation would be lost."""
        number = number_of(context)
        item = {
            "id": f"cmp_{number}_0",
            "type": "compaction",
            "encrypted_content": seal(Text(_HEADING + _summary(answer))),
        }
        fields: dict[str, Any] = {
            "id": f"resp_{number}",
            "object": "response.compaction",
            "created_at": answer.created or context.created,
            "output": [*references.listed_items(f"resp_{number}", list(_users_messages(request))), item],
            "usage": usage_fields(answer.usage or Usage()),
        }
        return msgspec.json.encode(fields)


def _asking_for_a_summary(fields: Mapping[str, Raw], earlier: Continuation | None) -> ChatRequest:
    """What a model of another provider is asked. OpenAI gets the client's own ``fields``."""
    asked = {name: value for name, value in fields.items() if name not in _NOT_FOR_A_SUMMARY}
    try:
        task = Raw(msgspec.json.encode({"role": "user", "content": _TASK}))
        asked["input"] = Raw(msgspec.json.encode([*raw_items(fields.get("input", Raw())), task]))
    except InvalidRequest:
        pass  # it is raised again when the request is translated
    chat = parse.continued(asked, earlier)
    form = chat.raw.form if chat.raw else None
    return structs.replace(chat, raw=WireBody(WIRE, dict(fields), form=form, continues=earlier))


def _summary(answer: Answer) -> str:
    choice = answer.choices[0] if answer.choices else None
    text = "".join([part.text for part in choice.parts if isinstance(part, Text)]) if choice else ""
    if choice is None or not text.strip() or choice.finish is None or choice.finish.reason != "stop":
        raise UpstreamBroken("The model didn't write the whole summary.")
    return text


def _users_messages(request: ChatRequest) -> Iterator[Raw]:
    raw = request.raw
    if raw is None:
        return
    earlier = raw.continues.items if raw.continues else ()
    for item in [*earlier, *raw_items(raw.fields.get("input", Raw()))]:
        head = _HEAD.decode(item)
        if head.role == "user" and head.type in (None, "message"):
            yield item
