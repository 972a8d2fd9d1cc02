"""The request and the reply of every system under test."""

from __future__ import annotations

import json

from turnout.core import ChatRequest, Delta, Finish, PartEnd, PartStart, Start, StreamEvent, Text, Usage, UsageSoFar
from turnout.dialects import ReplyContext, endpoint_at

MODEL = "gpt-4o-mini"
STREAM_CHUNKS = 100
STREAM_EVENTS = STREAM_CHUNKS + 4  # the role, the finish, the usage, [DONE]
ANSWER = "A reverse proxy takes requests for others and hands them on, so that clients know one address only."
LAST_WORD = f" w{STREAM_CHUNKS - 1}"
USAGE = {"prompt_tokens": 31, "completion_tokens": STREAM_CHUNKS, "total_tokens": 31 + STREAM_CHUNKS}

SERVER_FACTS = json.dumps(
    {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "bench"}], "version": "0.20.0"}
)
"""The answer to a gateway that asks which server its upstream is (smg asks for models, version and health)."""


def request_body(model: str, *, stream: bool) -> str:
    """A chat request of an ordinary size, about 400 bytes."""
    body = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You are a patient teacher who answers in one sentence."},
            {
                "role": "user",
                "content": "What is a reverse proxy, and what is it good for in front of language models?",
            },
        ],
        "temperature": 0.7,
        "max_tokens": 128,
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body)


def whole_reply() -> str:
    message = {"role": "assistant", "content": ANSWER, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return json.dumps(_envelope("chat.completion") | {"choices": [choice], "usage": USAGE})


def stream_frames() -> list[bytes]:
    """The events of a streamed reply, as server-sent events."""
    deltas = [{"role": "assistant", "content": ""}, *({"content": f" w{i}"} for i in range(STREAM_CHUNKS)), {}]
    chunks = [_envelope("chat.completion.chunk") | {"choices": [_choice(delta)]} for delta in deltas]
    chunks.append(_envelope("chat.completion.chunk") | {"choices": [], "usage": USAGE})
    return [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks] + [b"data: [DONE]\n\n"]


def frames_at(path: str) -> list[bytes]:
    """The same answer on the wire of another endpoint, as Turnout's own dialect writes it."""
    endpoint = endpoint_at(path)
    request = ChatRequest(model=MODEL, messages=(), stream=True, stream_usage=True)
    renderer = endpoint.renderer(request, ReplyContext(request_id="1", model=MODEL, created=1780000000))
    words = [Delta(0, f" w{i}") for i in range(STREAM_CHUNKS)]
    usage = Usage(input=USAGE["prompt_tokens"], output=USAGE["completion_tokens"])
    end: list[StreamEvent] = [PartEnd(0), Finish("stop", "stop"), UsageSoFar(usage)]
    events: list[StreamEvent] = [Start("1", MODEL, 1780000000), PartStart(0, Text("")), *words, *end]
    frames = [renderer.feed([event]) for event in events] + [renderer.close()]
    return [frame for frame in frames if frame]


def _choice(delta: dict[str, str]) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None if delta else "stop"}


def _envelope(kind: str) -> dict[str, object]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1780000000, "model": MODEL, "system_fingerprint": "fp_1"}
