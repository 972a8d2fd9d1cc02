"""What a client sends back of an answer, in each dialect that can carry a provider's signatures.

The vendors' own SDKs put the streams together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

from tests.support.contract import CHATS, chat_request
from tests.support.whole_requests import read_whole
from turnout.core import Answer, Part, Reasoning, StreamEvent
from turnout.dialects import HERE, ReplyContext, Target

CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def sent_back(wire: str, decoded: Sequence[StreamEvent], answer: Answer) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """The parts of the assistant's turn in the next request, after a stream and after a whole reply."""
    endpoint, (accumulate, next_body, target) = CHATS[wire], CARRYING[wire]
    request = chat_request(stream=True, reasoning=Reasoning())
    renderer = endpoint.renderer(request, CONTEXT)
    stream = b"".join([renderer.feed([event]) for event in decoded]) + renderer.close()
    whole = endpoint.body(chat_request(reasoning=Reasoning()), answer, CONTEXT)
    for kind, reply in (("stream", accumulate(events_of(stream))), ("body", json.loads(whole))):
        read = read_whole(endpoint, json.dumps(next_body(reply)).encode(), target)
        yield kind, tuple(part for message in read.messages if message.role == "assistant" for part in message.parts)


def signatures(parts: Sequence[Part]) -> list[str]:
    """Gemini's, in their order."""
    fields = [(part.extensions or {}).get("gemini") or {} for part in parts]
    return [bytes(each["thoughtSignature"]).decode() for each in fields if "thoughtSignature" in each]


def events_of(stream: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in stream.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def _message(events: list[dict[str, Any]]) -> dict[str, Any]:
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event in events:
        parsed = _EVENT.validate_python(event)
        snapshot = accumulate_event(event=parsed, current_snapshot=snapshot, json_bufs=buffers)
    message: dict[str, Any] = snapshot.to_dict()
    return message


def _completion(events: list[dict[str, Any]]) -> dict[str, Any]:
    state = ChatCompletionStreamState()
    for event in events:
        state.handle_chunk(ChatCompletionChunk.model_validate(event))
    return state.current_completion_snapshot.to_dict()


def _response(events: list[dict[str, Any]]) -> dict[str, Any]:
    response: dict[str, Any] = events[-1]["response"]
    return response


def _contents(events: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
    return {"candidates": [{"content": {"role": "model", "parts": parts}}]}


_ASKED = {"role": "user", "content": "hi"}

CARRYING: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], Callable[[Any], dict[str, Any]], Target]] = {
    "anthropic-messages": (
        _message,
        lambda reply: {
            "model": "fast",
            "max_tokens": 5,
            "messages": [_ASKED, {"role": "assistant", "content": reply["content"]}, _ASKED],
        },
        HERE,
    ),
    "openai-chat": (
        _completion,
        lambda reply: {"model": "fast", "messages": [_ASKED, reply["choices"][0]["message"], _ASKED]},
        HERE,
    ),
    "openai-responses": (
        _response,
        lambda reply: {"model": "fast", "input": [_ASKED, *reply["output"], _ASKED]},
        HERE,
    ),
    "gemini": (
        _contents,
        lambda reply: {"contents": [{"parts": [{"text": "hi"}]}, reply["candidates"][0]["content"]]},
        Target("models/fast", "alt=sse"),
    ),
}
"""By wire: how a stream becomes a reply, and the next request with it."""
